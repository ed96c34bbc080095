//! Reports as CSV for spreadsheets: UTF-8, comma, CRLF, quotes where needed.
//!
//! A spreadsheet runs a cell that begins like a formula, so such cells get a leading apostrophe ([`guard`]).

use super::ReportError;
use super::data::Basis;
use super::matrix::MatrixReport;
use super::readiness::ReadinessReport;
use crate::model::cell::guard;
use crate::model::id::ControlId;
use crate::model::time::Timestamp;

const MATRIX_COLUMNS: [&str; 25] = [
    "framework",
    "version",
    "state",
    "control",
    "objective",
    "title",
    "family",
    "kind",
    "accountable",
    "provider_tasks",
    "internal_tasks",
    "vendor_tasks",
    "provider_person",
    "internal_person",
    "document",
    "clause",
    "digest",
    "proposed_by",
    "accepted_by",
    "effective_from",
    "effective_until",
    "pending",
    "as_of",
    "catalog",
    "checkpoint",
];

/// The responsibility matrix, one line a row. A control nobody owns has an empty `kind`. Without such lines it can be
/// edited and imported again.
///
/// # Errors
/// Only when memory runs out.
pub fn matrix(report: &MatrixReport) -> Result<Vec<u8>, ReportError> {
    let version = report.matrix.version.to_string();
    let basis = BasisCells::of(&report.basis);
    let digest = report.matrix_digest.map(|digest| digest.to_string()).unwrap_or_default();
    let signed = |words: &str| {
        let found = report.signatures.iter().find(|signature| signature.words == words);
        found.map(|signature| format!("{}, {}, {}", signature.name, signature.party, signature.at)).unwrap_or_default()
    };
    let (proposed, accepted) = (signed("proposed"), signed("accepted"));
    let time = |time: Option<Timestamp>| time.map(|time| time.to_string()).unwrap_or_default();
    let retroactive = if report.retroactive { " (retroactive)" } else { "" };
    let (from, until) = (time(report.effective_from) + retroactive, time(report.effective_until));
    let pending = report.pending.as_ref().map(|one| format!("version {}, {}", one.version, one.words));
    let pending = pending.unwrap_or_default();
    write(
        &MATRIX_COLUMNS,
        report.lines().map(|(family, line)| {
            let owner = line.owner.as_ref();
            [
                report.framework.id.as_str(),
                &version,
                report.matrix.words,
                line.control.as_str(),
                line.objective.as_ref().map_or("", |id| id.as_str()),
                &line.title,
                &family.name,
                owner.map_or("", |owner| owner.kind.as_str()),
                owner.map_or("", |owner| owner.accountable.as_str()),
                owner.map_or("", |owner| &owner.provider_tasks),
                owner.map_or("", |owner| &owner.internal_tasks),
                owner.and_then(|owner| owner.vendor_tasks.as_deref()).unwrap_or(""),
                owner.and_then(|owner| owner.provider_person.as_deref()).unwrap_or(""),
                owner.and_then(|owner| owner.internal_person.as_deref()).unwrap_or(""),
                owner.and_then(|owner| owner.document.as_deref()).unwrap_or(""),
                owner.and_then(|owner| owner.clause.as_deref()).unwrap_or(""),
                &digest,
                &proposed,
                &accepted,
                &from,
                &until,
                &pending,
                &basis.as_of,
                &basis.catalog,
                &basis.checkpoint,
            ]
            .map(str::to_owned)
        }),
    )
}

const REGISTER_COLUMNS: [&str; 15] = [
    "leaf",
    "record_hash",
    "run",
    "dataset",
    "title",
    "target",
    "source",
    "collected_at",
    "outcome",
    "reason",
    "artifacts",
    "controls",
    "as_of",
    "catalog",
    "checkpoint",
];

/// The evidence register, one line a record; `artifacts` holds `name sha256` pairs, one a line.
///
/// # Errors
/// Only when memory runs out.
pub fn evidence_register(report: &ReadinessReport) -> Result<Vec<u8>, ReportError> {
    let basis = BasisCells::of(&report.basis);
    write(
        &REGISTER_COLUMNS,
        report.evidence.iter().map(|line| {
            let artifacts: Vec<_> =
                line.artifacts.iter().map(|artifact| format!("{} {}", artifact.name, artifact.sha256)).collect();
            [
                line.leaf.to_string(),
                line.record_hash.to_string(),
                line.run.to_string(),
                line.dataset.to_string(),
                line.dataset_title.clone(),
                line.target.clone(),
                line.source.as_str().to_owned(),
                line.collected_at.to_string(),
                line.outcome.as_str().to_owned(),
                line.reason.clone(),
                artifacts.join("\n"),
                line.controls.to_string(),
                basis.as_of.clone(),
                basis.catalog.clone(),
                basis.checkpoint.clone(),
            ]
        }),
    )
}

const GAP_COLUMNS: [&str; 19] = [
    "gap",
    "party",
    "severity",
    "state",
    "title",
    "check",
    "target",
    "because",
    "remediation",
    "resources",
    "controls",
    "controls_elsewhere",
    "opened_at",
    "last_seen_at",
    "reopened",
    "evidence",
    "as_of",
    "catalog",
    "checkpoint",
];

/// The open gaps of all parties, one line a gap.
///
/// # Errors
/// Only when memory runs out.
pub fn gaps(report: &ReadinessReport) -> Result<Vec<u8>, ReportError> {
    let basis = BasisCells::of(&report.basis);
    let gaps = report.parties.iter().flat_map(|party| &party.gaps);
    write(
        &GAP_COLUMNS,
        gaps.map(|gap| {
            let mut resources = gap.resources.join("\n");
            if gap.more_resources > 0 {
                resources += "\nand ";
                resources += &gap.more_resources.to_string();
                resources += " more";
            }
            [
                gap.id.to_string(),
                gap.party.as_str().to_owned(),
                gap.severity.clone(),
                gap.state.as_str().to_owned(),
                gap.title.clone(),
                gap.check.to_string(),
                gap.target.clone(),
                gap.because.clone(),
                gap.remediation.clone(),
                resources,
                gap.controls.iter().map(ControlId::as_str).collect::<Vec<_>>().join(" "),
                gap.controls_elsewhere.to_string(),
                gap.opened_at.to_string(),
                gap.last_seen_at.to_string(),
                gap.reopened.to_string(),
                gap.evidence.iter().map(u64::to_string).collect::<Vec<_>>().join(" "),
                basis.as_of.clone(),
                basis.catalog.clone(),
                basis.checkpoint.clone(),
            ]
        }),
    )
}

/// What every line says about the report it comes from, so that a line copied elsewhere still says it.
pub(super) struct BasisCells {
    pub(super) as_of: String,
    pub(super) catalog: String,
    pub(super) checkpoint: String,
}

impl BasisCells {
    pub(super) fn of(basis: &Basis) -> Self {
        let checkpoint = basis.checkpoint.as_ref();
        Self {
            as_of: basis.as_of.to_string(),
            catalog: basis.catalog_digest.to_string(),
            checkpoint: checkpoint.map_or_else(String::new, |head| format!("{} {}", head.size, head.root)),
        }
    }
}

pub(super) fn write<const N: usize>(
    columns: &[&str; N],
    lines: impl Iterator<Item = [String; N]>,
) -> Result<Vec<u8>, ReportError> {
    let fault = |fault: ::csv::Error| ReportError::Csv(Box::new(fault));
    let mut writer = ::csv::WriterBuilder::new().terminator(::csv::Terminator::CRLF).from_writer(Vec::new());
    writer.write_record(columns).map_err(fault)?;
    for line in lines {
        writer.write_record(line.iter().map(|cell| guard(cell).into_owned())).map_err(fault)?;
    }
    writer.into_inner().map_err(|fault| ReportError::Csv(Box::new(fault.into_error())))
}
