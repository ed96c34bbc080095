//! A judgement read back: findings, statuses, gaps with their events, requests.
//!
//! Judgements of versions that sealed findings only give findings only; the next judgement tells the rest.

use std::collections::BTreeMap;

use countersign_seal::digest::Digest;
use countersign_seal::record::{Change, Judgement, Record};
use serde::de::DeserializeOwned;

use super::reading::Reader;
use super::{Replayed, read_time};
use crate::model::finding::CheckResult;
use crate::model::time::Timestamp;
use crate::pipeline::audit::FINDINGS;
use crate::pipeline::fault::CommitFault;
use crate::pipeline::outcome_lines::{GAPS, GapLine, REQUESTS, STATUSES, StatusLine, event_body, read as read_lines};
use crate::store::{GapEvent, GapWrite, JudgedResult, Run, RunState, UNKNOWN_CAUSE};

/// Adds what a judgement says to what was found. `changes` are the change records of the same commit.
pub(super) async fn read(
    reader: &Reader<'_>,
    leaf: u64,
    record: &Record,
    judged: &Judgement,
    changes: &[(u64, &Change)],
    found: &mut Replayed,
) -> Result<(), CommitFault> {
    let run = super::evidence::run_id(judged.run.as_str())?;
    let at = read_time(&judged.at)?;
    let named = reader.artifacts(record).await?;
    let named: BTreeMap<&str, Digest> =
        named.iter().map(|artifact| (artifact.name.as_str(), artifact.sha256)).collect();
    let results: Vec<CheckResult> = lines(reader, &named, FINDINGS).await?;
    found.rows.results.extend(results.into_iter().map(|result| JudgedResult {
        run,
        judged_at: at,
        recorded_leaf: leaf,
        result,
    }));
    let statuses: Vec<StatusLine> = lines(reader, &named, STATUSES).await?;
    found.rows.statuses.extend(statuses.into_iter().map(|line| line.change(run, at)));
    followed(reader, leaf, &named, changes, at, found).await?;
    // A run that is known from its evidence only ended when it had judged.
    found.runs.push(Run {
        id: run,
        cause: UNKNOWN_CAUSE.to_owned(),
        state: RunState::Ended.as_str().to_owned(),
        started_at: at,
        ended_at: Some(at),
        summary: serde_json::json!([]),
    });
    Ok(())
}

/// Gaps and requests that a record of this commit tells of. `changes` are the change records of the commit.
pub(super) async fn followed(
    reader: &Reader<'_>,
    leaf: u64,
    named: &BTreeMap<&str, Digest>,
    changes: &[(u64, &Change)],
    at: Timestamp,
    found: &mut Replayed,
) -> Result<(), CommitFault> {
    let gaps: Vec<GapLine> = lines(reader, named, GAPS).await?;
    for line in gaps {
        let id = line.gap.id;
        let event = match line.event {
            Some(kind) => {
                let subject = id.to_string();
                let of_gap = |change: &Change| change.subject.kind == "gap" && change.subject.id == subject;
                let change = changes.iter().find(|(_, change)| of_gap(change)).map(|(leaf, _)| *leaf);
                let lost = || CommitFault::Unreadable(format!("what happened to gap {id} in record {leaf}"));
                let body = event_body(&line.gap);
                Some(GapEvent { gap: id, kind, body, at, leaf: change.ok_or_else(lost)? })
            }
            None => None,
        };
        found.rows.gaps.push(GapWrite { gap: line.gap, event });
    }
    found.rows.requests.extend(lines(reader, named, REQUESTS).await?);
    Ok(())
}

async fn lines<T: DeserializeOwned>(
    reader: &Reader<'_>,
    named: &BTreeMap<&str, Digest>,
    name: &str,
) -> Result<Vec<T>, CommitFault> {
    match named.get(name) {
        Some(digest) => read_lines(name, &reader.object(*digest).await?),
        None => Ok(Vec::new()),
    }
}
