//! Parsers of command output: one file a parser, each named and versioned, all pure.
//!
//! Start with [`parse`], which picks the parser a collector names. A parser reads what the command printed and nothing
//! else; whether the command succeeded was decided before. A line it cannot read is an error that names the line, never
//! a row less. Bytes that are not UTF-8 are shown with replacement characters; the artifact keeps the exact bytes.

mod apt_updates;
mod audit_rule;
mod audit_rule_files;
mod audit_rules;
mod authorized_keys;
mod automatic_updates;
mod block_devices;
mod file_integrity;
mod file_permissions;
mod filter_chains;
mod findmnt;
mod groups;
mod host_identity;
mod iptables_save;
mod journal_settings;
mod listening_ports;
mod log_forwarding;
mod login_banners;
mod login_defs;
mod logins;
mod mandatory_access;
mod nft_ruleset;
mod packages;
mod pam_stacks;
mod passwd;
mod reboot_required;
mod rpm_updates;
mod security_conf;
mod shadow_ages;
mod shell_timeouts;
mod sshd_config;
mod sshd_match;
mod sudoers;
mod sysctl;
mod text;
mod time_sync;
mod ufw_status;
mod unit_files;

use serde_json::{Map, Value};

/// What a parser made of a command's output.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Parsed {
    pub rows: Vec<Value>,
    /// Facts about the dataset as a whole, such as the age of the package lists.
    pub meta: Map<String, Value>,
}

impl From<Vec<Value>> for Parsed {
    fn from(rows: Vec<Value>) -> Self {
        Self { rows, meta: Map::new() }
    }
}

/// Why an output could not be read. The messages are shown to people as the reason of a failed dataset.
#[derive(Debug, thiserror::Error)]
pub enum ParseError {
    #[error("this version has no parser named `{0}`; use the version that made the evidence, or a newer one")]
    UnknownParser(String),
    #[error("line {line} of the output cannot be read, {expected} was expected: `{text}`")]
    Line { line: usize, expected: &'static str, text: String },
    #[error("the output is not the JSON that the tool documents; the tool may be too old")]
    Json(#[source] serde_json::Error),
    #[error("in the output, {name}: {wrong}")]
    Item { name: String, wrong: &'static str },
    #[error("the command ended well but printed no {0}, which a working host always has")]
    Nothing(&'static str),
}

type Parser = fn(&[u8]) -> Result<Parsed, ParseError>;

/// Every parser of command output, by the name collectors use.
const PARSERS: &[(&str, Parser)] = &[
    ("apt-updates/1", apt_updates::parse),
    ("audit-rule-files/1", audit_rule_files::parse),
    ("audit-rules/1", audit_rules::parse),
    ("authorized-keys/1", authorized_keys::parse),
    ("automatic-updates/1", automatic_updates::parse),
    ("block-devices/1", block_devices::parse),
    ("file-integrity/1", file_integrity::parse),
    ("file-permissions/1", file_permissions::parse),
    ("findmnt/1", findmnt::parse),
    ("groups/1", groups::parse),
    ("host-identity/1", host_identity::parse),
    ("iptables-save/1", iptables_save::parse),
    ("journal-settings/1", journal_settings::parse),
    ("listening-ports/1", listening_ports::parse),
    ("log-forwarding/1", log_forwarding::parse),
    ("login-banners/1", login_banners::parse),
    ("login-defs/1", login_defs::parse),
    ("logins/1", logins::parse),
    ("mandatory-access/1", mandatory_access::parse),
    ("nft-ruleset/1", nft_ruleset::parse),
    ("packages/1", packages::parse),
    ("pam-stacks/1", pam_stacks::parse),
    ("passwd/1", passwd::parse),
    ("reboot-required/1", reboot_required::parse),
    ("rpm-updates/1", rpm_updates::parse),
    ("security-conf/1", security_conf::parse),
    ("shadow-ages/1", shadow_ages::parse),
    ("shell-timeouts/1", shell_timeouts::parse),
    ("sshd-config/1", sshd_config::parse),
    ("sshd-match/1", sshd_match::parse),
    ("sudoers/1", sudoers::parse),
    ("sysctl/1", sysctl::parse),
    ("time-sync/1", time_sync::parse),
    ("ufw-status/1", ufw_status::parse),
    ("unit-files/1", unit_files::parse),
];

/// Turns the output of a command that ended well into rows.
///
/// # Errors
/// [`ParseError`] when the parser is not known or any part of the output cannot be read.
pub fn parse(parser: &str, stdout: &[u8]) -> Result<Parsed, ParseError> {
    let (_, parse) =
        PARSERS.iter().find(|(name, _)| *name == parser).ok_or_else(|| ParseError::UnknownParser(parser.to_owned()))?;
    parse(stdout)
}

/// True when a parser of this name exists.
#[must_use]
pub fn is_known(parser: &str) -> bool {
    PARSERS.iter().any(|(name, _)| *name == parser)
}

#[cfg(test)]
mod access_tests;
#[cfg(test)]
mod system_tests;
#[cfg(test)]
mod tests;
