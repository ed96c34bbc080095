//! Files that never were evidence: raw answers as a source gives them, for `check run --dataset NAME=FILE`.

use bytes::Bytes;
use serde::Deserialize;

use super::graph::{ParseError, Shape};
use super::{Dataset, derive, graph_parsed, take};
use crate::catalog::collector::CollectorDefinition;
use crate::model::evidence::{CollectionOutcome, Source};
use crate::model::time::Timestamp;

/// A command's result as a file: `{"stdout": "...", "stderr": "...", "exit_code": 0}`.
#[derive(Deserialize)]
struct HostResult {
    stdout: String,
    #[serde(default)]
    stderr: String,
    exit_code: i64,
}

/// What a raw file says about a dataset. A file that cannot be read, or holds an error, is a dataset that was not
/// collected: its outcome says so and it has no rows.
///
/// Graph: the JSON body, or a JSON array of page bodies. Host: standard output, standard error and exit code.
#[must_use]
pub fn from_raw_file(definition: &CollectorDefinition, bytes: &[u8], collected_at: Timestamp) -> Dataset {
    let unread = |outcome, reason: &str| derive(definition, &[], outcome, reason, collected_at);
    match definition.source {
        Source::Host => match serde_json::from_slice::<HostResult>(bytes) {
            Ok(result) => {
                let (outcome, reason) =
                    definition.command_outcome(result.exit_code, result.stdout.as_bytes(), result.stderr.as_bytes());
                let artifacts = [("stdout".to_owned(), Bytes::from(result.stdout))];
                derive(definition, &artifacts, outcome, &reason, collected_at)
            }
            Err(fault) => unread(
                CollectionOutcome::Failed,
                &format!("The file is not a JSON object with stdout, stderr and exit_code: {fault}"),
            ),
        },
        Source::Graph => {
            let Some(shape) = Shape::of_parser(&definition.parser) else {
                return unread(CollectionOutcome::Failed, "This version has no parser for the dataset.");
            };
            match shape.parse_file(bytes) {
                Ok(rows) => {
                    let mut dataset = unread(CollectionOutcome::Empty, "");
                    dataset.outcome = CollectionOutcome::Complete;
                    take(&mut dataset, graph_parsed(rows));
                    dataset
                }
                Err(ParseError::Refused { outcome, reason }) => unread(outcome, &reason),
                Err(fault) => unread(CollectionOutcome::Failed, &format!("The file cannot be read: {fault}.")),
            }
        }
        Source::Import => {
            let artifacts = [("file".to_owned(), Bytes::copy_from_slice(bytes))];
            derive(definition, &artifacts, CollectionOutcome::Complete, "", collected_at)
        }
        Source::Osquery | Source::Dns => {
            unread(CollectionOutcome::Failed, "Raw files of this source cannot be read by this version.")
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Dataset, from_raw_file};
    use crate::catalog::collector::CollectorDefinition;
    use crate::model::evidence::CollectionOutcome;
    use crate::model::time::Timestamp;

    const SHADOW: &str = include_str!("../../collectors/linux/shadow_ages/collector.yaml");
    const USERS: &str = "{id: m365/users, title: Users, source: graph, request: {version: v1.0, path: /users, \
        paged: true}, schedule: '0 5 * * *', timeout_seconds: 60, max_bytes: 1000, time_to_live_hours: 48, \
        parser: graph-collection/1, proves: Accounts.}";

    fn read(yaml: &str, body: &str) -> Dataset {
        let definition: CollectorDefinition = serde_saphyr::from_str(yaml).unwrap();
        let collected_at: Timestamp = "2026-11-23T09:00:00Z".parse().unwrap();
        from_raw_file(&definition, body.as_bytes(), collected_at)
    }

    #[test]
    fn a_command_result_is_judged_by_the_collectors_endings_and_parsed() {
        let seen = read(SHADOW, &json!({"stdout": "root:set:6:1:0:9:7::\n", "stderr": "", "exit_code": 0}).to_string());
        assert_eq!((seen.outcome, seen.rows.len()), (CollectionOutcome::Complete, 1));
        let silent = read(SHADOW, &json!({"stdout": "", "stderr": "", "exit_code": 0}).to_string());
        assert_eq!((silent.outcome, silent.rows.len()), (CollectionOutcome::Denied, 0));
    }

    #[test]
    fn a_malformed_file_was_not_collected() {
        for body in ["", "<html>", "{}", "[]", r#"{"stdout": 1, "stderr": "", "exit_code": 0}"#, r#"{"stdout": ""}"#] {
            let dataset = read(SHADOW, body);
            assert_eq!(dataset.outcome, CollectionOutcome::Failed, "{body}");
            assert!(dataset.reason.contains("exit_code"), "{}", dataset.reason);
        }
        assert_eq!(read(USERS, "<html>").outcome, CollectionOutcome::Failed);
        assert_eq!(read(USERS, r#"{"users": []}"#).outcome, CollectionOutcome::Failed);
    }

    #[test]
    fn one_body_and_a_list_of_pages_are_both_read() {
        assert_eq!(read(USERS, r#"{"value": [{"id": "1"}]}"#).rows, [json!({"id": "1"})]);
        let pages = r#"[{"value": [{"id": "1"}], "@odata.nextLink": "x"}, {"value": [{"id": "2"}]}]"#;
        let dataset = read(USERS, pages);
        assert_eq!((dataset.outcome, dataset.rows.len()), (CollectionOutcome::Complete, 2));
        assert_eq!(read(USERS, r#"{"value": []}"#).outcome, CollectionOutcome::Empty);
    }

    #[test]
    fn a_file_that_stops_before_the_last_page_is_partial() {
        let dataset = read(USERS, r#"{"value": [{"id": "1"}], "@odata.nextLink": "https://graph.example/2"}"#);
        assert_eq!((dataset.outcome, dataset.rows.len()), (CollectionOutcome::Partial, 1));
    }

    #[test]
    fn an_error_body_was_not_collected() {
        let dataset = read(USERS, r#"{"error": {"code": "Authorization_RequestDenied", "message": "no"}}"#);
        assert_eq!((dataset.outcome, dataset.rows.len()), (CollectionOutcome::Denied, 0));
        assert_eq!(read(USERS, r#"{"error": {"code": "Other"}}"#).outcome, CollectionOutcome::Failed);
    }
}
