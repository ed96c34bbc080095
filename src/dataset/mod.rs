//! Artifacts -> dataset rows: pure parsers, each named and versioned.
//!
//! A parser never guesses: what it cannot read makes the dataset `failed` with a reason, never empty. Start with
//! [`derive()`] for evidence that was collected and [`from_raw_file`] for a file that somebody has.

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::catalog::collector::CollectorDefinition;
use crate::model::evidence::{CollectionOutcome, Source};
use crate::model::id::DatasetId;
use crate::model::time::Timestamp;

pub mod graph;
pub mod graph_batch;
pub mod host;
mod raw_file;

pub use raw_file::from_raw_file;

/// What a check sees of one dataset of one target.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Dataset {
    pub id: DatasetId,
    pub outcome: CollectionOutcome,
    /// Why it is not complete; empty when it is.
    #[serde(default)]
    pub reason: String,
    pub collected_at: Timestamp,
    pub rows: Vec<Value>,
    pub meta: Map<String, Value>,
}

/// Derives the rows of a dataset from what was collected. Only `complete` and `partial` evidence is parsed.
///
/// The outcome can change in two ways: to `failed` when the artifacts cannot be read, and from `complete` to `empty`
/// when they hold no rows.
#[must_use]
pub fn derive(
    definition: &CollectorDefinition,
    artifacts: &[(String, Bytes)],
    outcome: CollectionOutcome,
    reason: &str,
    collected_at: Timestamp,
) -> Dataset {
    let mut dataset = Dataset {
        id: definition.id.clone(),
        outcome,
        reason: reason.to_owned(),
        collected_at,
        rows: Vec::new(),
        meta: Map::new(),
    };
    if !matches!(outcome, CollectionOutcome::Complete | CollectionOutcome::Partial) {
        return dataset;
    }
    match parse(definition, artifacts, outcome) {
        Ok(parsed) => take(&mut dataset, parsed),
        Err(DeriveError::Graph(graph::ParseError::Refused { outcome, reason })) => {
            dataset.outcome = outcome;
            dataset.reason = reason;
        }
        Err(fault) => {
            dataset.outcome = CollectionOutcome::Failed;
            dataset.reason = reason_of(&fault, reason);
        }
    }
    dataset
}

/// Puts what a parser read into the dataset; says so when something is missing or there is nothing.
fn take(dataset: &mut Dataset, read: Read) {
    dataset.meta = read.parsed.meta;
    dataset.rows = read.parsed.rows;
    if dataset.outcome != CollectionOutcome::Complete {
        return;
    }
    if read.unread {
        dataset.outcome = CollectionOutcome::Partial;
        "The last page names further data that was not read.".clone_into(&mut dataset.reason);
    } else if dataset.rows.is_empty() {
        dataset.outcome = CollectionOutcome::Empty;
        "The source answered in full and has nothing of this kind.".clone_into(&mut dataset.reason);
    }
}

/// The fault with its causes, after what was known before.
fn reason_of(fault: &DeriveError, known: &str) -> String {
    let mut text = format!("What the source gave cannot be read: {fault}");
    let mut cause = std::error::Error::source(fault);
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    if known.is_empty() { text } else { format!("{known} {text}") }
}

#[derive(Debug, thiserror::Error)]
enum DeriveError {
    #[error("the evidence has no artifact named `{0}`")]
    Missing(&'static str),
    #[error(transparent)]
    Host(#[from] host::ParseError),
    #[error(transparent)]
    Graph(#[from] graph::ParseError),
    #[error("this version has no parser named `{0}`")]
    NoSuchParser(String),
    #[error("this version cannot derive rows from the source `{0}`; use a newer one")]
    NoParserForSource(&'static str),
}

fn parse(
    definition: &CollectorDefinition,
    artifacts: &[(String, Bytes)],
    outcome: CollectionOutcome,
) -> Result<Read, DeriveError> {
    match definition.source {
        Source::Host => {
            let stdout = artifacts
                .iter()
                .find(|(name, _)| name == "stdout")
                .map(|(_, bytes)| bytes.as_ref())
                .ok_or(DeriveError::Missing("stdout"))?;
            let stdout = if outcome == CollectionOutcome::Partial { whole_lines(stdout) } else { stdout };
            Ok(host::parse(&definition.parser, stdout)?.into())
        }
        Source::Graph => graph_rows(definition, artifacts),
        Source::Import => {
            let rows = artifacts.iter().map(|(name, bytes)| json!({"file": name, "size": bytes.len()}));
            Ok(host::Parsed::from(rows.collect::<Vec<_>>()).into())
        }
        Source::Osquery | Source::Dns => Err(DeriveError::NoParserForSource(definition.source.as_str())),
    }
}

/// A cut output up to its last line end: the line that was cut says nothing.
fn whole_lines(output: &[u8]) -> &[u8] {
    let end = output.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
    output.get(..end).unwrap_or_default()
}

/// The bodies of a Graph dataset: its pages; what the source refused with is no page.
fn graph_rows(definition: &CollectorDefinition, artifacts: &[(String, Bytes)]) -> Result<Read, DeriveError> {
    let shape = graph::Shape::of_parser(&definition.parser)
        .ok_or_else(|| DeriveError::NoSuchParser(definition.parser.clone()))?;
    let named = shape.artifacts();
    let mut pages: Vec<_> = artifacts.iter().filter(|(name, _)| name.starts_with(named)).collect();
    pages.sort();
    let pages: Vec<&[u8]> = pages.into_iter().map(|(_, bytes)| bytes.as_ref()).collect();
    Ok(graph_parsed(shape.parse(&pages)?))
}

/// Rows of Graph pages; whether one of them named data that was not read is kept.
fn graph_parsed(read: graph::Rows) -> Read {
    Read { parsed: host::Parsed::from(read.rows), unread: read.unread }
}

/// What a parser made of artifacts.
struct Read {
    parsed: host::Parsed,
    /// The source named further data that is not among the artifacts.
    unread: bool,
}

impl From<host::Parsed> for Read {
    fn from(parsed: host::Parsed) -> Self {
        Self { parsed, unread: false }
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use serde_json::json;

    use super::{Dataset, derive};
    use crate::catalog::collector::CollectorDefinition;
    use crate::model::evidence::CollectionOutcome;
    use crate::model::time::Timestamp;

    fn definition(yaml: &str) -> CollectorDefinition {
        serde_saphyr::from_str(yaml).unwrap()
    }

    fn derived(yaml: &str, stdout: &'static [u8], outcome: CollectionOutcome, reason: &str) -> Dataset {
        let artifacts = [("stdout".to_owned(), Bytes::from_static(stdout))];
        let collected_at: Timestamp = "2026-11-23T09:00:00Z".parse().unwrap();
        derive(&definition(yaml), &artifacts, outcome, reason, collected_at)
    }

    const PORTS: &str = include_str!("../../collectors/linux/listening_ports/collector.yaml");

    #[test]
    fn a_complete_answer_without_rows_is_empty() {
        let dataset = derived(PORTS, b"", CollectionOutcome::Complete, "");
        assert_eq!(dataset.outcome, CollectionOutcome::Empty);
        assert!(!dataset.reason.is_empty());
    }

    #[test]
    fn an_answer_that_cannot_be_read_is_failed_and_names_the_line() {
        let dataset = derived(PORTS, b"tcp LISTEN 0 1 1.2.3.4:5 *:*\noops\n", CollectionOutcome::Complete, "");
        assert_eq!(dataset.outcome, CollectionOutcome::Failed);
        assert!(dataset.reason.contains("line 2"), "{}", dataset.reason);
        assert!(dataset.rows.is_empty());
    }

    #[test]
    fn what_was_refused_yields_no_rows_whatever_was_printed() {
        let dataset = derived(PORTS, b"tcp LISTEN 0 1 1.2.3.4:5 *:*\n", CollectionOutcome::Denied, "No consent.");
        assert_eq!((dataset.outcome, dataset.rows.len()), (CollectionOutcome::Denied, 0));
        assert_eq!(dataset.reason, "No consent.");
    }

    #[test]
    fn the_line_at_which_a_partial_answer_was_cut_is_left_out() {
        let output = b"tcp LISTEN 0 1 1.2.3.4:5 *:*\ntcp LISTEN 0 1 1.2.3.4:44";
        let dataset = derived(PORTS, output, CollectionOutcome::Partial, "Cut.");
        assert_eq!((dataset.outcome, dataset.rows.len()), (CollectionOutcome::Partial, 1));
        assert_eq!(dataset.rows[0]["port"], json!(5));
    }

    #[test]
    fn the_cause_of_unreadable_json_is_in_the_reason() {
        let disks = include_str!("../../collectors/linux/block_devices/collector.yaml");
        let dataset = derived(disks, b"{\"blockdevices\": [", CollectionOutcome::Complete, "");
        assert!(dataset.reason.contains("EOF"), "{}", dataset.reason);
    }
}
