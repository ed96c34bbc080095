//! `countersign import lines`: the first door to the spool. Each line of standard input is one item.
//!
//! A thread reads, because standard input cannot be waited for otherwise; what was read and not yet taken is bounded.

use std::collections::BTreeSet;
use std::io::{self, BufRead};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use bytes::Bytes;
use clap::Args;
use futures_util::future::join_all;
use serde_json::{Map, Value, json};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};

use super::{Common, Ending, output, session};
use crate::app::App;
use crate::catalog::collector::CollectorDefinition;
use crate::model::evidence::Source;
use crate::model::id::{DatasetId, OrgSlug, RunId};
use crate::model::organization::Organization;
use crate::pipeline::sealer::{SealFault, run_of, seal_spool};
use crate::spool::frame::MAX_BODY;
use crate::spool::{Header, Item, Receipt, SpoolFault};
use crate::store::OrgScope;

/// KiB of lines that are read and not yet taken.
const READ_AHEAD: usize = 32 * 1024;
/// How often is looked whether another process has sealed meanwhile.
const LOOK: Duration = Duration::from_millis(200);

#[derive(Debug, Args)]
pub(super) struct LinesArguments {
    /// Short name of the organization
    #[arg(long)]
    org: OrgSlug,
    /// What the lines are about, such as a host
    #[arg(long, value_name = "NAME")]
    target: String,
    /// Collector of kind import that the lines belong to
    #[arg(long, value_name = "ID", default_value = "import/lines")]
    dataset: DatasetId,
    /// How many lines are acknowledged together at most
    #[arg(long, value_name = "N", default_value_t = 1000, value_parser = clap::value_parser!(u16).range(1..))]
    group: u16,
    /// Leave sealing to `serve`
    #[arg(long)]
    no_seal: bool,
}

/// A line as it was read.
struct Line {
    /// From 1.
    number: u64,
    /// None when it is longer than allowed.
    bytes: Option<Bytes>,
    /// False for a last line without LF.
    is_ended: bool,
    /// Its place among what is read ahead.
    #[expect(dead_code, reason = "held until the line is taken")]
    room: OwnedSemaphorePermit,
}

/// What became of the lines so far.
#[derive(Default)]
struct Tally {
    durable: u64,
    refused: Vec<u64>,
    segments: BTreeSet<RunId>,
}

pub(super) async fn run(common: &Common, arguments: LinesArguments) -> anyhow::Result<Ending> {
    let app = session::app(common).await?;
    let organization = session::organization(&app, &arguments.org).await?;
    let definition = definition(&app, &arguments.dataset)?;
    if arguments.target.is_empty() || arguments.target.len() > 253 || arguments.target.chars().any(char::is_control) {
        bail!("--target must be a name of 1 to 253 bytes without control characters");
    }
    let limit = usize::try_from(definition.max_bytes).unwrap_or(MAX_BODY).min(MAX_BODY);
    let group = usize::from(arguments.group);
    let mut lines = read(limit);
    let mut tally = Tally::default();
    output::note(format_args!(
        "Taking lines for {} from standard input; a line has at most {limit} bytes.",
        organization.slug
    ));
    let mut waiting = Vec::new();
    while lines.recv_many(&mut waiting, group).await > 0 {
        let (taken, broken): (Vec<_>, Vec<_>) = waiting.drain(..).partition(Result::is_ok);
        let taken = taken.into_iter().flatten().collect();
        let refused = tally.refused.len();
        take(&app, &organization, definition, &arguments.target, taken, &mut tally).await?;
        acknowledge(common, tally.durable, tally.refused.get(refused..).unwrap_or_default())?;
        if let Some(Err(fault)) = broken.into_iter().next() {
            return Err(fault).context("standard input cannot be read; what was acknowledged waits in the spool");
        }
    }
    if !arguments.no_seal {
        seal(common, &app, &organization, &tally).await?;
    }
    if !tally.refused.is_empty() {
        let numbers: Vec<String> = tally.refused.iter().take(20).map(u64::to_string).collect();
        let more = if tally.refused.len() > numbers.len() { " and others" } else { "" };
        bail!(
            "{} longer than {limit} bytes and not taken: {}{more}; all others were",
            output::count_of(tally.refused.len() as u64, "line was", "lines were"),
            numbers.join(", ")
        );
    }
    Ok(Ending::Fine)
}

fn definition<'a>(app: &'a App, dataset: &DatasetId) -> anyhow::Result<&'a CollectorDefinition> {
    let known = app.catalog.collectors.get(dataset);
    let definition = known.with_context(|| format!("the catalog has no collector `{dataset}`"))?;
    if definition.source != Source::Import {
        bail!("`{dataset}` is collected from {}, not handed in", definition.source.as_str());
    }
    Ok(definition)
}

/// Makes a group of lines durable; lines that are too long are noted.
async fn take(
    app: &App,
    organization: &Organization,
    definition: &CollectorDefinition,
    target: &str,
    lines: Vec<Line>,
    tally: &mut Tally,
) -> anyhow::Result<()> {
    let received_at = app.clock.now();
    let mut appended = Vec::with_capacity(lines.len());
    for Line { number, bytes, is_ended, .. } in &lines {
        let Some(body) = bytes.clone() else {
            output::note(format_args!("Line {number} is too long and was not taken."));
            tally.refused.push(*number);
            continue;
        };
        let header = Header {
            organization: organization.id,
            source: Source::Import,
            dataset: definition.id.clone(),
            collector: definition.digest,
            target: target.to_owned(),
            received_at,
            source_clock: None,
            provenance: provenance(*number, *is_ended),
            artifact: "line".to_owned(),
            media_type: media_type(&body).to_owned(),
        };
        appended.push(async move { (*number, app.spool.append(Item { header, body }).await) });
    }
    let mut failed: Option<(u64, SpoolFault)> = None;
    for (number, result) in join_all(appended).await {
        match result {
            Ok(Receipt { segment, .. }) => {
                tally.segments.insert(segment);
                tally.durable += u64::from(failed.is_none());
            }
            Err(fault) => failed = failed.or(Some((number, fault))),
        }
    }
    match failed {
        None => Ok(()),
        Some((number, fault)) => Err(fault).with_context(|| {
            format!("line {number} could not be taken: send it and all after it again. What is before it is durable")
        }),
    }
}

fn provenance(number: u64, is_ended: bool) -> Map<String, Value> {
    let ending = if is_ended { "LF, not part of the artifact" } else { "none" };
    Map::from_iter([
        ("command".to_owned(), Value::from("countersign import lines")),
        ("line".to_owned(), Value::from(number)),
        ("line_end".to_owned(), Value::from(ending)),
    ])
}

fn media_type(line: &[u8]) -> &'static str {
    if std::str::from_utf8(line).is_ok() { "text/plain" } else { "application/octet-stream" }
}

/// Says how many lines are durable so far, and which of the last group were refused.
fn acknowledge(common: &Common, durable: u64, refused: &[u64]) -> anyhow::Result<()> {
    if common.json {
        output::line(&json!({ "durable": durable, "refused": refused }).to_string())
    } else {
        output::line(&format!("{} durable", output::count_of(durable, "line is", "lines are")))
    }
}

/// Seals the spool and tells which records the lines became, whoever sealed them.
async fn seal(common: &Common, app: &App, organization: &Organization, tally: &Tally) -> anyhow::Result<()> {
    let mut has_waited = false;
    loop {
        match seal_spool(app).await {
            Ok(report) => {
                for trouble in report.troubles {
                    output::note(format_args!("{}", super::describe(&trouble.into(), Some(app.data.path()))));
                }
                break;
            }
            Err(SealFault::Busy) => {
                if !std::mem::replace(&mut has_waited, true) {
                    output::note(format_args!("Another process is sealing the spool; waiting for it."));
                }
                tokio::time::sleep(LOOK).await;
            }
            Err(fault) => return Err(fault).context("the lines are durable and wait in the spool"),
        }
    }
    let mut leaves = BTreeSet::new();
    for segment in &tally.segments {
        let rows = app.store.evidence_of_run(&OrgScope::of(organization), run_of(*segment, organization.id)).await?;
        leaves.extend(rows.into_iter().map(|row| row.sealed.leaf));
    }
    let ranges = ranges(&leaves);
    if common.json {
        output::line(&json!({ "sealed": leaves.len(), "leaves": ranges }).to_string())?;
    } else if leaves.is_empty() {
        output::line("Nothing was sealed")?;
    } else {
        let each: Vec<String> = ranges.iter().map(|[first, last]| format!("{first} to {last}")).collect();
        let count = output::count_of(leaves.len() as u64, "line", "lines");
        output::line(&format!("Sealed {count} as records {}", each.join(", ")))?;
    }
    if (leaves.len() as u64) < tally.durable {
        bail!("not all lines are sealed: what is durable and not sealed waits in the spool");
    }
    Ok(())
}

/// Numbers as ranges, both ends included.
fn ranges(numbers: &BTreeSet<u64>) -> Vec<[u64; 2]> {
    let mut ranges: Vec<[u64; 2]> = Vec::new();
    for number in numbers {
        match ranges.last_mut() {
            Some([_, last]) if *last + 1 == *number => *last = *number,
            _ => ranges.push([*number; 2]),
        }
    }
    ranges
}

/// Lines of standard input as they come; ends at its end or after a fault.
fn read(limit: usize) -> mpsc::UnboundedReceiver<io::Result<Line>> {
    let (lines, heard) = mpsc::unbounded_channel();
    let room = Arc::new(Semaphore::new(READ_AHEAD));
    let here = tokio::runtime::Handle::current();
    std::thread::spawn(move || {
        let mut input = io::BufReader::with_capacity(1 << 16, io::stdin());
        for number in 1.. {
            match next_line(&mut input, limit) {
                Ok(None) => break,
                Ok(Some((bytes, is_ended))) => {
                    let size = bytes.as_ref().map_or(1, |bytes| u32::try_from(bytes.len() / 1024).unwrap_or(1) + 1);
                    let Ok(room) = here.block_on(Arc::clone(&room).acquire_many_owned(size)) else { break };
                    let line = Line { number, bytes: bytes.map(Bytes::from), is_ended, room };
                    if lines.send(Ok(line)).is_err() {
                        break;
                    }
                }
                Err(fault) => {
                    lines.send(Err(fault)).ok();
                    break;
                }
            }
        }
    });
    heard
}

/// A line without its LF, and whether it had one; no bytes when there are more than `limit`, however many follow.
fn next_line(input: &mut impl BufRead, limit: usize) -> io::Result<Option<(Option<Vec<u8>>, bool)>> {
    let mut line = Some(Vec::new());
    let mut is_begun = false;
    loop {
        let some = match input.fill_buf() {
            Ok(some) => some,
            Err(fault) if fault.kind() == io::ErrorKind::Interrupted => continue,
            Err(fault) => return Err(fault),
        };
        if some.is_empty() {
            return Ok(is_begun.then_some((line, false)));
        }
        is_begun = true;
        let end = some.iter().position(|byte| *byte == b'\n');
        let part = some.get(..end.unwrap_or(some.len())).unwrap_or_default();
        line = line.filter(|line| line.len() + part.len() <= limit);
        if let Some(line) = &mut line {
            line.extend_from_slice(part);
        }
        let used = part.len() + usize::from(end.is_some());
        input.consume(used);
        if end.is_some() {
            return Ok(Some((line, true)));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::io::BufReader;

    use super::{next_line, ranges};

    #[test]
    fn a_line_that_is_too_long_is_passed_over_and_nothing_after_it_is_lost() {
        let text = b"one\r\n\nfar too long for this\nfour5\nlast";
        let mut input = BufReader::with_capacity(3, text.as_slice());
        let mut next = || next_line(&mut input, 5).unwrap();
        let line = |text: &str| Some((Some(text.as_bytes().to_vec()), true));

        assert_eq!(next(), line("one\r"), "only the LF is no part of a line");
        assert_eq!(next(), line(""));
        assert_eq!(next(), Some((None, true)));
        assert_eq!(next(), line("four5"));
        assert_eq!(next(), Some((Some(b"last".to_vec()), false)));
        assert_eq!(next(), None);
    }

    #[test]
    fn record_numbers_are_told_as_ranges() {
        assert_eq!(ranges(&BTreeSet::from([7, 3, 4, 5, 9, 10])), [[3, 5], [7, 7], [9, 10]]);
    }
}
