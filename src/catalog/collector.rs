//! Collector definitions: `collectors/<source>/<dataset>/collector.yaml`, one dataset each.

use std::collections::BTreeMap;

use countersign_seal::digest::Digest;
use serde::{Deserialize, Serialize};

use crate::model::evidence::{CollectionOutcome, Source};
use crate::model::id::DatasetId;

/// Every parser there is, by the name and version that collectors give.
pub const PARSERS: &[&str] = &[
    "apt-updates/1",
    "audit-rule-files/1",
    "audit-rules/1",
    "authorized-keys/1",
    "automatic-updates/1",
    "block-devices/1",
    "file-integrity/1",
    "file-permissions/1",
    "file/1",
    "findmnt/1",
    "graph-batch/1",
    "graph-collection/1",
    "graph-singleton/1",
    "groups/1",
    "host-identity/1",
    "iptables-save/1",
    "journal-settings/1",
    "listening-ports/1",
    "log-forwarding/1",
    "login-banners/1",
    "login-defs/1",
    "logins/1",
    "mandatory-access/1",
    "nft-ruleset/1",
    "packages/1",
    "pam-stacks/1",
    "passwd/1",
    "reboot-required/1",
    "rpm-updates/1",
    "security-conf/1",
    "shadow-ages/1",
    "shell-timeouts/1",
    "sshd-config/1",
    "sshd-match/1",
    "sudoers/1",
    "sysctl/1",
    "time-sync/1",
    "ufw-status/1",
    "unit-files/1",
];

/// A Microsoft cloud. Tokens and hosts never cross from one to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Cloud {
    Global,
    GccHigh,
    Dod,
    China,
    /// Hosts named by the user; for private gateways and tests.
    Custom,
}

/// A read of one Microsoft Graph path. Only GET exists; there is no field for a method.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GraphRequest {
    /// `v1.0` or `beta`.
    pub version: String,
    /// Begins with `/`; holds no host, no query. With `each` it names the id's place: `/groups/{id}/members`.
    pub path: String,
    /// `$select` fields; empty means all.
    #[serde(default)]
    pub select: Vec<String>,
    /// Further query parameters, such as `$top`.
    #[serde(default)]
    pub query: BTreeMap<String, String>,
    /// True when the answer is `{"value": [...]}` and may be paged; false for one object.
    pub paged: bool,
    /// Asks `path` about many objects, several in one batch.
    #[serde(default)]
    pub each: Option<GraphEach>,
}

/// The list that says which objects are asked about; it is read first, page by page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GraphEach {
    /// As in [`GraphRequest`].
    pub path: String,
    #[serde(default)]
    pub select: Vec<String>,
    #[serde(default)]
    pub query: BTreeMap<String, String>,
    /// Where ids are in a row of the list: property names joined by dots, to a text or a list of texts.
    pub ids: Vec<String>,
}

/// A read-only command on a host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HostCommand {
    /// Run with `/bin/sh -c`, `LC_ALL=C`, a PATH that includes the sbin folders, and no standard input.
    pub shell: String,
    /// True when an ordinary user gets no or less data.
    #[serde(default)]
    pub needs_root: bool,
    /// What particular endings of the command mean; the first that matches counts. Without a match exit code 0 is
    /// `complete` and every other is `failed`.
    #[serde(default)]
    pub endings: Vec<CommandEnding>,
}

/// How one ending of a command is to be read. All given conditions must hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CommandEnding {
    #[serde(default)]
    pub exit_code: Option<i64>,
    #[serde(default)]
    pub stdout_is_empty: Option<bool>,
    /// Plain text (no pattern) that standard error must contain.
    #[serde(default)]
    pub stderr_contains: Option<String>,
    pub outcome: CollectionOutcome,
    /// One sentence for people.
    pub reason: String,
}

/// Bytes that must never be kept: every match of `pattern` (a regular expression over bytes) is replaced by a mark.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RedactRule {
    pub id: String,
    pub pattern: String,
}

/// What to fetch and how: one dataset. The digest is over the file's exact bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CollectorDefinition {
    pub id: DatasetId,
    pub title: String,
    pub source: Source,
    #[serde(default)]
    pub request: Option<GraphRequest>,
    #[serde(default)]
    pub command: Option<HostCommand>,
    /// The least permission that is enough.
    #[serde(default)]
    pub permission: Option<String>,
    /// The licence without which the source refuses; none means every edition answers.
    #[serde(default)]
    pub licence: Option<String>,
    /// Clouds that offer it; for Graph only.
    #[serde(default)]
    pub clouds: Vec<Cloud>,
    /// Five-field cron expression in the organization's time zone.
    pub schedule: String,
    pub timeout_seconds: u64,
    pub max_bytes: u64,
    /// Older data is not judged.
    pub time_to_live_hours: u32,
    #[serde(default)]
    pub redact: Vec<RedactRule>,
    /// Named and versioned: `graph-collection/1`, `sshd-config/1`.
    pub parser: String,
    /// One sentence: what this dataset can show.
    pub proves: String,
    #[serde(skip, default = "Digest::empty")]
    pub digest: Digest,
}

impl CollectorDefinition {
    /// The permissions it needs, all of them: `permission` may name several.
    pub fn permissions(&self) -> impl Iterator<Item = &str> {
        let text = self.permission.as_deref().unwrap_or_default();
        let words = text.split(|letter: char| letter.is_whitespace() || letter == ',');
        words.filter(|word| word.contains('.') && !word.ends_with('.'))
    }

    /// How a command's ending is to be read: the outcome and, unless complete, the reason.
    #[must_use]
    pub fn command_outcome(&self, exit_code: i64, stdout: &[u8], stderr: &[u8]) -> (CollectionOutcome, String) {
        let stdout_is_empty = stdout.iter().all(u8::is_ascii_whitespace);
        let stderr = String::from_utf8_lossy(stderr);
        let endings = self.command.as_ref().map(|command| command.endings.as_slice()).unwrap_or_default();
        let matching = endings.iter().find(|ending| {
            ending.exit_code.is_none_or(|code| code == exit_code)
                && ending.stdout_is_empty.is_none_or(|empty| empty == stdout_is_empty)
                && ending.stderr_contains.as_deref().is_none_or(|text| stderr.contains(text))
        });
        match matching {
            Some(ending) => (ending.outcome, ending.reason.clone()),
            None if exit_code == 0 => (CollectionOutcome::Complete, String::new()),
            None => {
                let first = stderr.lines().find(|line| !line.trim().is_empty()).unwrap_or("no message");
                let first: String = first.chars().take(200).collect();
                (CollectionOutcome::Failed, format!("the command ended with exit code {exit_code}: {first}"))
            }
        }
    }
}
