//! Reads `collectors/<source>/<dataset>/collector.yaml` and checks each definition by itself.
//!
//! What may be fetched is decided here: a path of the right service only, reads only, within limits. Start with [`load`].

use std::collections::{BTreeMap, BTreeSet};

use countersign_seal::digest::Digest;

use super::yaml::{self, Reading};
use crate::catalog::collector::{CollectorDefinition, HostCommand, PARSERS};
use crate::catalog::cron_expression::CronExpression;
use crate::catalog::fault::Faults;
use crate::catalog::files::{CatalogFile, FileSet};
use crate::model::evidence::{CollectionOutcome, Source};
use crate::model::id::DatasetId;

const MAX_TIMEOUT_SECONDS: u64 = 3_600;
/// Imported exports and images are large; they are sealed from disk, never held in memory.
const MAX_BYTES: u64 = 4 * 1024 * 1024 * 1024;
const MAX_TIME_TO_LIVE_HOURS: u32 = 400 * 24;
const MAX_COMMAND_BYTES: usize = 16 * 1024;
/// A pattern that compiles to more is refused: it would cost more memory than the answer it guards.
const MAX_PATTERN_BYTES: usize = 1024 * 1024;

/// Readable definitions, and the ids of those that are there but could not be read.
pub(super) struct LoadedCollectors {
    pub collectors: BTreeMap<DatasetId, CollectorDefinition>,
    pub unreadable: BTreeSet<String>,
}

impl LoadedCollectors {
    /// False only if there is no such collector, not even an unreadable one.
    pub fn may_know(&self, dataset: &DatasetId) -> bool {
        self.collectors.contains_key(dataset) || self.unreadable.contains(dataset.as_str())
    }
}

pub(super) fn load(files: &FileSet, faults: &mut Faults) -> LoadedCollectors {
    let mut loaded = LoadedCollectors { collectors: BTreeMap::new(), unreadable: BTreeSet::new() };
    for file in files.below("collectors/") {
        let parts: Vec<&str> = file.path.split('/').collect();
        match parts.as_slice() {
            ["collectors", .., "README.md"] | ["collectors", _, _, "sample", ..] => {}
            ["collectors", source, name, "collector.yaml"] => {
                let folder = format!("{source}/{name}");
                match load_one(&folder, file, faults) {
                    Some(definition) => {
                        loaded.collectors.insert(definition.id.clone(), definition);
                    }
                    None => {
                        loaded.unreadable.insert(folder);
                    }
                }
            }
            _ => {
                let message = "no file is expected here; a collector is collectors/<source>/<dataset>/collector.yaml, with its samples in sample/";
                faults.add(&file.shown, None, message);
            }
        }
    }
    loaded
}

fn load_one(folder: &str, file: &CatalogFile, faults: &mut Faults) -> Option<CollectorDefinition> {
    let reading: Reading<CollectorDefinition> = yaml::read(file, faults);
    let mut definition = reading.value.as_ref()?.clone();
    definition.digest = Digest::of(&file.bytes);
    let mut lint = Lint { file: &file.shown, reading: &reading, faults };
    lint.collector(folder, &definition);
    (definition.id.as_str() == folder).then_some(definition)
}

pub(super) struct Lint<'a> {
    file: &'a str,
    reading: &'a Reading<CollectorDefinition>,
    faults: &'a mut Faults,
}

impl Lint<'_> {
    pub(super) fn fault(&mut self, needle: &str, message: impl Into<String>) {
        let line = self.reading.line_of(1, needle);
        self.faults.add(self.file, Some(line), message);
    }

    fn collector(&mut self, folder: &str, definition: &CollectorDefinition) {
        if definition.id.as_str() != folder {
            let message = format!("the id `{}` is not its folder, `{folder}`; make them equal", definition.id);
            self.fault("id:", message);
        }
        for (key, text) in [("title", &definition.title), ("proves", &definition.proves)] {
            if text.trim().is_empty() {
                self.fault(&format!("{key}:"), format!("`{key}` is empty; write one sentence"));
            }
        }
        match (definition.source, &definition.request, &definition.command) {
            (Source::Graph, Some(request), None) => self.request(request, &definition.parser),
            (Source::Host, None, Some(command)) => self.command(command),
            // Imported files arrive by themselves.
            (Source::Import, None, None) => {}
            (Source::Import, _, _) => {
                self.fault("source:", "a collector of source `import` has neither a `request` nor a `command`");
            }
            (Source::Graph, _, _) => {
                self.fault("source:", "a collector of source `graph` has a `request` and no `command`");
            }
            (Source::Host, _, _) => {
                self.fault("source:", "a collector of source `host` has a `command` and no `request`");
            }
            (other, _, _) => {
                let message = format!(
                    "the source `{}` is not read by collector files; use graph, host or import",
                    other.as_str()
                );
                self.fault("source:", message);
            }
        }
        if definition.source == Source::Graph {
            if definition.clouds.is_empty() {
                self.fault(
                    "source:",
                    "`clouds` names no cloud that offers this; list them, such as [global, gcc-high]",
                );
            }
            if definition.permission.as_deref().is_none_or(|text| text.trim().is_empty()) {
                self.fault("source:", "`permission` is missing: name the least permission that is enough");
            }
        } else if !definition.clouds.is_empty() {
            self.fault("clouds:", "`clouds` is for the source `graph` only");
        }
        if let Err(error) = definition.schedule.parse::<CronExpression>() {
            self.fault("schedule:", format!("the schedule {error}"));
        }
        self.within("timeout_seconds", definition.timeout_seconds, MAX_TIMEOUT_SECONDS);
        self.within("max_bytes", definition.max_bytes, MAX_BYTES);
        self.within("time_to_live_hours", definition.time_to_live_hours.into(), MAX_TIME_TO_LIVE_HOURS.into());
        if !PARSERS.contains(&definition.parser.as_str()) {
            let message = format!("no parser is called `{}`; known are {}", definition.parser, PARSERS.join(", "));
            self.fault("parser:", message);
        }
        self.redaction(definition);
    }

    fn within(&mut self, key: &str, value: u64, limit: u64) {
        if value == 0 || value > limit {
            self.fault(&format!("{key}:"), format!("`{key}` is {value}; it must be from 1 to {limit}"));
        }
    }

    fn command(&mut self, command: &HostCommand) {
        if command.shell.trim().is_empty() {
            self.fault("shell:", "the command is empty");
        } else if command.shell.len() > MAX_COMMAND_BYTES || command.shell.contains('\0') {
            self.fault("shell:", format!("the command is longer than {MAX_COMMAND_BYTES} bytes or holds a zero byte"));
        }
        for ending in &command.endings {
            let conditions =
                ending.exit_code.is_some() || ending.stdout_is_empty.is_some() || ending.stderr_contains.is_some();
            if !conditions {
                self.fault("endings:", "an ending has no condition and would match always; add exit_code, stdout_is_empty or stderr_contains");
            }
            if ending.stderr_contains.as_deref() == Some("") {
                self.fault("stderr_contains:", "`stderr_contains` is empty and would match always");
            }
            if ending.outcome != CollectionOutcome::Complete && ending.reason.trim().is_empty() {
                self.fault("endings:", format!("an ending that means `{}` needs a reason", ending.outcome.as_str()));
            }
        }
    }

    fn redaction(&mut self, definition: &CollectorDefinition) {
        let mut seen = BTreeSet::new();
        for rule in &definition.redact {
            if rule.id.trim().is_empty() || !seen.insert(rule.id.as_str()) {
                self.fault(&format!("id: {}", rule.id), format!("the redaction `{}` has no id of its own", rule.id));
            }
            match regex::bytes::RegexBuilder::new(&rule.pattern).size_limit(MAX_PATTERN_BYTES).build() {
                Ok(pattern) if pattern.is_match(b"") => {
                    let message =
                        format!("the pattern of the redaction `{}` matches nothing at all, and so everywhere", rule.id);
                    self.fault("pattern:", message);
                }
                Ok(_) => {}
                Err(error) => {
                    let reason = error.to_string();
                    let reason = reason.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned();
                    self.fault(
                        "pattern:",
                        format!("the pattern of the redaction `{}` is not a regular expression: {reason}", rule.id),
                    );
                }
            }
        }
    }
}
