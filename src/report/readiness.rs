//! Where a framework stands for one organization: every control with owner, proof, evidence and what is missing.
//!
//! Nothing is decided here; statuses come from the roll-up. Start with [`readiness`]; [`lines`] is what it is made of.

mod lines;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde::Serialize;

pub use self::lines::{BearingLine, ControlLine, EvidenceRef, FamilyLine, ObjectiveLine};
use super::coverage::Coverage;
use super::data::{
    Basis, EvidenceLine, FrameworkHeading, LedgerHead, MatrixHeading, OrganizationHeading, dataset_title,
};
use super::facts::only_for;
use super::sight::{self, NotSeenLine};
use super::stated::{self, InsteadLine, StatedLine};
use super::tally::{self, Counting, Countings, Totals};
use super::verdict::{self, Laws, VerdictSection};
use super::work::{self, GapLine, PartyWork};
use crate::assess::verdict::{Verdict, word};
use crate::catalog::Catalog;
use crate::catalog::check::CheckDefinition;
use crate::catalog::form::sealed::ReadBack;
use crate::catalog::framework::{Control, Framework};
use crate::model::attestation::Attestation;
use crate::model::control::{Bearing, ControlState, ControlStatus, ObjectiveStatus};
use crate::model::decision::Decisions;
use crate::model::evidence::SealedEvidence;
use crate::model::gap::{EvidenceRequest, Gap};
use crate::model::id::{ControlId, DatasetId, ObjectiveId};
use crate::model::organization::Organization;
use crate::model::responsibility::{MatrixState, Responsibility, ResponsibilityMatrix};
use crate::model::time::Timestamp;

/// Everything a readiness report is made of, as known at `as_of`.
#[derive(Debug, Clone)]
pub struct ReadinessInput<'a> {
    pub organization: &'a Organization,
    pub framework: &'a Framework,
    pub catalog: &'a Catalog,
    /// Statuses of other frameworks are left out.
    pub statuses: &'a [ControlStatus],
    pub matrix: &'a ResponsibilityMatrix,
    pub matrix_state: MatrixState,
    /// Gaps of all frameworks; closed ones and those that hold back nothing here are left out.
    pub gaps: &'a [Gap],
    pub requests: &'a [EvidenceRequest],
    pub decisions: &'a Decisions,
    /// What the vault keeps beside the records of statements, by leaf.
    pub read_back: &'a BTreeMap<u64, ReadBack>,
    /// What the statuses rest on; of several records of one dataset and target the newest counts.
    pub evidence: &'a [SealedEvidence],
    pub checkpoint: Option<LedgerHead>,
    pub as_of: Timestamp,
    pub generated_at: Timestamp,
}

/// Where a framework stands.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ReadinessReport {
    pub organization: OrganizationHeading,
    pub framework: FrameworkHeading,
    pub basis: Basis,
    pub matrix: MatrixHeading,
    pub totals: Totals,
    /// What the framework's own law makes of it; none where it has none beside its statuses.
    pub verdict: Option<VerdictSection>,
    pub coverage: Coverage,
    /// What is met because something else stands in for it, in the framework's order.
    pub instead: Vec<InsteadLine>,
    /// Grouped as the framework groups them, in its order. The figures of all families sum to `totals`.
    pub families: Vec<FamilyLine>,
    /// What is open, per party; the vendor only where it owes something.
    pub parties: Vec<PartyWork>,
    pub open_gaps: usize,
    pub open_requests: usize,
    pub not_seen: Vec<NotSeenLine>,
    pub evidence: Vec<EvidenceLine>,
}

impl ReadinessReport {
    /// All controls in the framework's order within their families.
    pub fn controls(&self) -> impl Iterator<Item = &ControlLine> {
        self.families.iter().flat_map(|family| &family.controls)
    }
}

/// Builds the report; `verdict` is the one on the same statuses. Takes time linear in what is handed in.
#[must_use]
pub fn readiness(input: ReadinessInput<'_>, verdict: &Verdict) -> ReadinessReport {
    let sources = Sources::of(&input);
    let mut laws = Laws::of(input.framework, verdict);
    let mut coverage = Coverage::default();
    let mut waiting: HashMap<&DatasetId, Vec<ControlId>> = HashMap::new();
    let mut readers: HashMap<u64, usize> = HashMap::new();
    let mut families: Vec<(String, Vec<ControlLine>)> = Vec::new();
    let mut places: HashMap<&str, usize> = HashMap::new();

    for control in &input.framework.controls {
        let line = ControlLine { law: laws.take(&control.id), ..sources.control(control, &mut coverage) };
        Sources::note_readers(&line, &mut readers);
        sources.note_waiting(&line, &mut waiting);
        let place = *places.entry(&control.family).or_insert_with(|| {
            families.push((control.family.clone(), Vec::new()));
            families.len() - 1
        });
        if let Some((_, lines)) = families.get_mut(place) {
            lines.push(line);
        }
    }

    let tally =
        |lines: &[ControlLine]| Totals::add_up(input.framework, lines.iter().map(|line| (line.counting, line.state)));
    let families: Vec<_> =
        families.into_iter().map(|(name, controls)| FamilyLine { name, totals: tally(&controls), controls }).collect();
    let all = families.iter().flat_map(|family| &family.controls);
    let totals = Totals::add_up(input.framework, all.map(|line| (line.counting, line.state)));
    let parties = work::by_party(input.framework, input.catalog, input.gaps, input.requests);
    let mut evidence: Vec<_> = input
        .evidence
        .iter()
        .map(|record| {
            let controls = readers.get(&record.leaf).copied().unwrap_or(0);
            EvidenceLine::new(record, input.catalog, controls, input.as_of)
        })
        .collect();
    evidence.sort_by_key(|line| line.leaf);

    ReadinessReport {
        organization: input.organization.into(),
        framework: input.framework.into(),
        basis: Basis {
            as_of: input.as_of,
            generated_at: input.generated_at,
            catalog_digest: input.catalog.digest,
            checkpoint: input.checkpoint,
        },
        matrix: MatrixHeading::new(input.matrix.version, input.matrix.model, input.matrix_state),
        totals,
        verdict: verdict::section(input.framework, input.statuses, verdict, input.organization.day_of(input.as_of)),
        coverage,
        instead: families.iter().flat_map(|family| &family.controls).flat_map(ControlLine::instead).collect(),
        families,
        open_gaps: parties.iter().map(|party| party.gaps.len()).sum(),
        open_requests: parties.iter().map(|party| party.requests.len()).sum(),
        parties,
        not_seen: sight::not_seen(input.evidence, input.catalog, &input.framework.id, &waiting, input.as_of),
        evidence,
    }
}

/// One control as the report says it, with everything that bears on it; none when the framework has no such control.
/// For a parent, which follows from its parts, it names what also bears on the parent itself.
#[must_use]
pub fn control_line(input: &ReadinessInput<'_>, id: &ControlId) -> Option<ControlLine> {
    let control = input.framework.controls.iter().find(|control| control.id == *id)?;
    let sources = Sources::of(input);
    let mut unread = Coverage::default();
    let mut line = sources.control(control, &mut unread);
    let status = sources.statuses.get(id).copied();
    if line.counting == Counting::Derived && status.is_some() {
        line.objectives = sources.objectives(control, status, &mut unread);
        // What only stands for the parent, and nothing bears on, is not in its status either.
        let is_judged =
            |id: &ObjectiveId| status.is_some_and(|status| status.objectives.iter().any(|one| one.objective == *id));
        line.objectives.retain(|objective| !objective.whole || is_judged(&objective.id));
    }
    Some(line)
}

/// What is handed in, indexed once so that every control is found in constant time.
struct Sources<'a> {
    framework: &'a Framework,
    catalog: &'a Catalog,
    countings: Countings<'a>,
    statuses: HashMap<&'a ControlId, &'a ControlStatus>,
    owners: HashMap<(&'a str, Option<&'a str>), &'a Responsibility>,
    evidence: HashMap<u64, &'a SealedEvidence>,
    gaps: HashMap<&'a ControlId, Vec<&'a Gap>>,
    requests: HashMap<&'a ControlId, Vec<&'a EvidenceRequest>>,
    attestations: HashMap<u64, &'a Attestation>,
    decisions: &'a Decisions,
    read_back: &'a BTreeMap<u64, ReadBack>,
}

impl<'a> Sources<'a> {
    fn of(input: &ReadinessInput<'a>) -> Self {
        let owners = input.matrix.rows.iter();
        let owners = owners.map(|row| ((row.control.as_str(), row.objective.as_ref().map(ObjectiveId::as_str)), row));
        Self {
            framework: input.framework,
            catalog: input.catalog,
            countings: Countings::among(input.framework, input.statuses),
            statuses: tally::by_control(input.framework, input.statuses),
            owners: owners.collect(),
            evidence: input.evidence.iter().map(|record| (record.leaf, record)).collect(),
            gaps: work::gaps_by_control(input.framework, input.gaps),
            requests: work::requests_by_control(input.framework, input.requests),
            attestations: input.decisions.attestations.iter().map(|one| (one.leaf, one)).collect(),
            decisions: input.decisions,
            read_back: input.read_back,
        }
    }

    fn control(&self, control: &Control, coverage: &mut Coverage) -> ControlLine {
        let counting = self.countings.control(control);
        let status = self.statuses.get(&control.id).copied();
        let (state, state_word, because) = match (counting, status) {
            (Counting::NotAssessable, _) => {
                (None, "no status".to_owned(), "States scope or definitions, so it is never judged.".to_owned())
            }
            (Counting::NotInQuestionnaire, _) => {
                let whom = only_for(control).map(|whom| format!(" It is only for {whom}.")).unwrap_or_default();
                let because = format!("The chosen questionnaire does not ask it, so it is not judged.{whom}");
                (None, "not in this questionnaire".to_owned(), because)
            }
            (_, Some(status)) => {
                let word = word(self.framework, status, self.decisions, &self.catalog.forms);
                (Some(status.state), word, status.because.clone())
            }
            (_, None) => {
                let state = ControlState::Undetermined;
                (Some(state), self.framework.word(state), "It has not been judged yet.".to_owned())
            }
        };
        let objectives = match counting {
            Counting::Counted => self.objectives(control, status, coverage),
            Counting::Derived | Counting::NotAssessable | Counting::NotInQuestionnaire => Vec::new(),
        };
        let gaps = self.gaps.get(&control.id).into_iter().flatten();
        let requests = self.requests.get(&control.id).into_iter().flatten();
        ControlLine {
            id: control.id.clone(),
            title: control.title.clone(),
            parent: control.parent.clone(),
            counting,
            state,
            state_word,
            because,
            evidence_from: status.and_then(|status| status.as_of),
            owner: self.owners.get(&(control.id.as_str(), None)).map(|row| (*row).into()),
            law: None,
            objectives,
            stated: self.stated(status),
            gaps: gaps.map(|gap| GapLine::new(gap, self.framework, self.catalog)).collect(),
            requests: requests.map(|request| (*request).into()).collect(),
        }
    }

    fn stated(&self, status: Option<&ControlStatus>) -> Vec<StatedLine> {
        let line = |(leaf, counts): (u64, bool)| {
            let one = self.attestations.get(&leaf)?;
            Some(StatedLine::new(one, self.catalog, self.read_back.get(&leaf), counts))
        };
        status.into_iter().flat_map(stated::leaves).filter_map(line).collect()
    }

    fn objectives(
        &self,
        control: &Control,
        status: Option<&ControlStatus>,
        coverage: &mut Coverage,
    ) -> Vec<ObjectiveLine> {
        let judged: HashMap<&str, &ObjectiveStatus> = status
            .map(|status| status.objectives.iter().map(|objective| (objective.objective.as_str(), objective)).collect())
            .unwrap_or_default();
        let whole = control.id.as_str().parse().map(|id| (id, control.title.clone(), true));
        let parts: Vec<(ObjectiveId, String, bool)> = if control.objectives.is_empty() {
            whole.into_iter().collect()
        } else {
            control.objectives.iter().map(|part| (part.id.clone(), part.title.clone(), false)).collect()
        };
        let mut lines = Vec::with_capacity(parts.len());
        for (id, title, whole) in parts {
            let known = judged.get(id.as_str());
            // A control judged as one without a listed objective stands as the control stands.
            let state = match known {
                Some(known) => known.state,
                None if whole => status.map_or(ControlState::Undetermined, |status| status.state),
                None => ControlState::Undetermined,
            };
            let proofs = self.catalog.checks_for_objective(&self.framework.id, id.as_str());
            let reach = proofs.iter().map(|(_, proof)| *proof).max();
            let bearings = known.map(|known| known.bearings.as_slice()).unwrap_or_default();
            coverage.add(state, known.copied(), reach);
            lines.push(ObjectiveLine {
                title,
                whole,
                state,
                state_word: match status {
                    Some(status) if whole && status.state == state => {
                        word(self.framework, status, self.decisions, &self.catalog.forms)
                    }
                    _ => self.framework.word(state),
                },
                because: known.map_or_else(|| "It has not been judged yet.".to_owned(), |known| known.because.clone()),
                owner: self.owners.get(&(control.id.as_str(), Some(id.as_str()))).map(|row| (*row).into()),
                reach,
                bearings: bearings.iter().map(|bearing| self.bearing(bearing)).collect(),
                id,
            });
        }
        lines
    }

    fn bearing(&self, bearing: &Bearing) -> BearingLine {
        let check = self.catalog.checks.get(&bearing.check);
        BearingLine {
            check: bearing.check.clone(),
            title: check.map_or_else(|| bearing.check.to_string(), |check| check.title.clone()),
            target: bearing.target.clone(),
            proof: bearing.proof,
            outcome: bearing.outcome,
            because: bearing.because.clone(),
            evidence: bearing.evidence.iter().map(|leaf| self.reference(*leaf)).collect(),
        }
    }

    fn reference(&self, leaf: u64) -> EvidenceRef {
        let record = self.evidence.get(&leaf).copied();
        EvidenceRef {
            leaf,
            record_hash: record.map(|record| record.record_hash),
            dataset: record.map(|record| record.dataset.clone()),
            dataset_title: record.map(|record| dataset_title(self.catalog, &record.dataset)),
            collected_at: record.map(|record| record.collected_at),
        }
    }

    /// Counts, per record, the controls that rest on it.
    fn note_readers(line: &ControlLine, readers: &mut HashMap<u64, usize>) {
        let bearings = line.objectives.iter().flat_map(|objective| &objective.bearings);
        let leaves: BTreeSet<u64> =
            bearings.flat_map(|bearing| &bearing.evidence).map(|evidence| evidence.leaf).collect();
        for leaf in leaves {
            *readers.entry(leaf).or_default() += 1;
        }
    }

    /// Notes, per dataset, an undetermined control that a check over it bears on.
    fn note_waiting(&self, line: &ControlLine, waiting: &mut HashMap<&'a DatasetId, Vec<ControlId>>) {
        if line.counting != Counting::Counted || line.state != Some(ControlState::Undetermined) {
            return;
        }
        let objectives = line.objectives.iter();
        let proofs = objectives
            .flat_map(|objective| self.catalog.checks_for_objective(&self.framework.id, objective.id.as_str()));
        let checks = proofs.filter_map(|(check, _)| self.catalog.checks.get(check));
        let datasets: BTreeSet<&DatasetId> = checks.flat_map(CheckDefinition::datasets).collect();
        for dataset in datasets {
            waiting.entry(dataset).or_default().push(line.id.clone());
        }
    }
}
