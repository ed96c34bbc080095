//! The machine Countersign runs on, and others over ssh.
//!
//! Start with [`HostTarget`]. Commands come from collector definitions and run in [`command`], which knows time, size
//! and process groups; [`facts`] says which machine it was and who looked. Nothing here understands what a command
//! printed: exact bytes go out as artifacts `stdout`, `stderr` and `exit_code`.

mod command;
mod facts;

use std::time::Duration;

use async_trait::async_trait;
use serde_json::{Map, Value};

use crate::catalog::collector::{CollectorDefinition, HostCommand};
use crate::collect::redact::Redactor;
use crate::collect::{Target, Workplace};
use crate::model::evidence::{Body, CollectionOutcome, RawArtifact, RawEvidence, Redaction, Source};
use crate::model::time::Timestamp;

use command::{CommandError, Ended, Limits, Output};
use facts::HostFacts;

pub use facts::local_host_name;

/// Error text beyond this is cut; it is for people.
const MAX_STDERR_BYTES: u64 = 256 * 1024;

/// A Linux host that collectors run on.
#[derive(Debug, Clone)]
pub struct HostTarget {
    name: String,
    facts: HostFacts,
}

impl HostTarget {
    /// The machine this program runs on, under the name given; see [`local_host_name`] for its own.
    #[must_use]
    pub fn local(name: String) -> Self {
        Self { name, facts: HostFacts::read() }
    }

    async fn attempt(&self, definition: &CollectorDefinition) -> Attempt {
        let Some(command) = &definition.command else {
            return Attempt::without_output(
                "The collector's definition holds no command for a host; correct the file.",
            );
        };
        let limits = Limits {
            time: Duration::from_secs(definition.timeout_seconds),
            stdout_bytes: definition.max_bytes,
            stderr_bytes: MAX_STDERR_BYTES.min(definition.max_bytes),
        };
        match command::run(&command.shell, limits).await {
            Ok(output) => {
                let (outcome, reason) = self.reading(definition, command, &output);
                Attempt { output: Some(output), outcome, reason }
            }
            Err(fault) => Attempt::without_output(&not_run(&fault)),
        }
    }

    /// What the end of the command means, in words.
    fn reading(
        &self,
        definition: &CollectorDefinition,
        command: &HostCommand,
        output: &Output,
    ) -> (CollectionOutcome, String) {
        let seconds = definition.timeout_seconds;
        match output.ended {
            Ended::TimedOut if output.stdout.is_empty() => (
                CollectionOutcome::Unreachable,
                format!(
                    "The host gave no answer within {seconds} seconds and the command was stopped; a directory or disk it waits for may not respond."
                ),
            ),
            Ended::TimedOut => (
                CollectionOutcome::Failed,
                format!(
                    "The command had not finished after {seconds} seconds and was stopped; what it had printed is kept but not used."
                ),
            ),
            Ended::TooMuch => (
                CollectionOutcome::Partial,
                format!(
                    "The host's answer was larger than the {} bytes allowed and was cut there; what comes after is not known.",
                    definition.max_bytes
                ),
            ),
            Ended::Exited { code, .. } => {
                let (outcome, reason) = definition.command_outcome(code, &output.stdout, &output.stderr);
                if outcome.is_seen_whole() && command.needs_root && self.facts.uid != Some(0) {
                    let reason = "Collected without administrator (root) rights, so the host may have left things out; run the collection as root to see all of it.";
                    return (CollectionOutcome::Partial, reason.to_owned());
                }
                (outcome, reason)
            }
        }
    }

    fn provenance(&self, definition: &CollectorDefinition, output: Option<&Output>) -> Map<String, Value> {
        let mut provenance = self.facts.provenance();
        if let Some(command) = &definition.command {
            provenance.insert("command".to_owned(), Value::from(command.shell.clone()));
        }
        if let Some(output) = output {
            let milliseconds = u64::try_from(output.duration.as_millis()).unwrap_or(u64::MAX);
            provenance.insert("duration_ms".to_owned(), Value::from(milliseconds));
            let mut say = |name: &str, value: Value| drop(provenance.insert(name.to_owned(), value));
            match output.ended {
                Ended::Exited { code, signal } => {
                    say("exit_code", Value::from(code));
                    if let Some(signal) = signal {
                        say("signal", Value::from(signal));
                    }
                }
                Ended::TimedOut => say("stopped_by", Value::from("time limit")),
                Ended::TooMuch => say("stopped_by", Value::from("size limit")),
            }
            if output.stderr_was_cut {
                say("stderr", Value::from("cut at the size limit"));
            }
        }
        provenance
    }
}

#[async_trait]
impl Target for HostTarget {
    fn name(&self) -> &str {
        &self.name
    }

    fn source(&self) -> Source {
        Source::Host
    }

    async fn collect(&self, definition: &CollectorDefinition, place: Workplace<'_>) -> RawEvidence {
        let clock = place.clock;
        let started = clock.now();
        let attempt = self.attempt(definition).await;
        let provenance = self.provenance(definition, attempt.output.as_ref());
        self.finish(definition, attempt, provenance, (started, clock.now()))
    }
}

impl HostTarget {
    fn finish(
        &self,
        definition: &CollectorDefinition,
        attempt: Attempt,
        provenance: Map<String, Value>,
        (started, finished): (Timestamp, Timestamp),
    ) -> RawEvidence {
        let (artifacts, redactions) = redacted(definition, attempt.output.map(artifacts).unwrap_or_default());
        RawEvidence {
            dataset: definition.id.clone(),
            collector_digest: definition.digest,
            target: self.name.clone(),
            source: Source::Host,
            started,
            finished,
            source_clock: None,
            outcome: attempt.outcome,
            reason: attempt.reason,
            provenance,
            redactions,
            artifacts,
        }
    }
}

/// Replaces what must never be kept. With a rule that cannot be used nothing is kept at all.
fn redacted(definition: &CollectorDefinition, artifacts: Vec<RawArtifact>) -> (Vec<RawArtifact>, Vec<Redaction>) {
    let Ok(redactor) = Redactor::new(&definition.redact) else { return (Vec::new(), Vec::new()) };
    let mut redactions = Vec::new();
    let artifacts = artifacts
        .into_iter()
        .map(|artifact| match artifact.body {
            Body::Memory(bytes) => {
                let (bytes, mut found) = redactor.apply(&artifact.name, bytes);
                redactions.append(&mut found);
                RawArtifact { body: Body::Memory(bytes), ..artifact }
            }
            Body::File(_) => artifact,
        })
        .collect();
    (artifacts, redactions)
}

/// What came of trying: the output if there was one, and how to read it.
struct Attempt {
    output: Option<Output>,
    outcome: CollectionOutcome,
    reason: String,
}

impl Attempt {
    fn without_output(reason: &str) -> Self {
        Self { output: None, outcome: CollectionOutcome::Failed, reason: reason.to_owned() }
    }
}

fn not_run(fault: &CommandError) -> String {
    let cause = std::error::Error::source(fault).map(|cause| format!(": {cause}")).unwrap_or_default();
    format!("The command could not be run on this host, {fault}{cause}.")
}

/// `stdout` and `stderr` as received; `exit_code` as a decimal number and a line feed, absent when the command was
/// stopped before it ended.
fn artifacts(output: Output) -> Vec<RawArtifact> {
    const TEXT: &str = "text/plain";
    let mut artifacts = vec![
        RawArtifact::in_memory("stdout", TEXT, output.stdout),
        RawArtifact::in_memory("stderr", TEXT, output.stderr),
    ];
    if let Ended::Exited { code, .. } = output.ended {
        artifacts.push(RawArtifact::in_memory("exit_code", TEXT, format!("{code}\n")));
    }
    artifacts
}

#[cfg(test)]
mod tests;
