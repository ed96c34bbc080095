//! Where an organization stands as of a moment: what was known then, put together from the store.

mod faults;
mod past;

pub use self::faults::faults;

use std::collections::{BTreeMap, BTreeSet};

use super::decisions::read_back::Patience;
use super::{RunFault, decisions, targets};
use crate::app::App;
use crate::assess::rollup::{framework_statuses, outside};
use crate::assess::scope::Scope;
use crate::assess::verdict::{self, Answered, Verdict};
use crate::assess::{Judged, Matrices, Results, Situation, Targets, sources_of};
use crate::catalog::Catalog;
use crate::catalog::framework::Framework;
use crate::model::change::Disconnection;
use crate::model::control::ControlStatus;
use crate::model::decision::Decisions;
use crate::model::finding::CheckResult;
use crate::model::gap::{ControlRef, EvidenceRequest, Gap, Happening};
use crate::model::id::{CheckId, ControlId, FrameworkId, GapId};
use crate::model::matrix::MatrixHistory;
use crate::model::organization::Organization;
use crate::model::responsibility::MatrixState;
use crate::model::time::Timestamp;
use crate::store::{JudgedResult, OrgScope, StoreFault};
use crate::track::gaps::{GapRules, TrackedGap, out_of_sight};
use crate::track::owner::Owners;
use crate::track::{assignment, history, requests};

/// Everything known about an organization at a moment.
pub struct Standing {
    catalog: std::sync::Arc<Catalog>,
    /// As it was then: what it was called, where its days began, and what it was judged by.
    pub organization: Organization,
    pub targets: Targets,
    pub results: Vec<Judged>,
    /// The splits that applied.
    pub matrices: Matrices,
    /// All versions of the splits with what had happened to each, by number.
    pub versions: BTreeMap<FrameworkId, Vec<MatrixHistory>>,
    /// Those that hold back a control of a framework in use, each with the party whose turn it is.
    pub gaps: Vec<Gap>,
    /// Faults that no framework in use asks about. They are followed up all the same: a framework that is added, or comes
    /// back, finds them with their history.
    beside: Vec<Gap>,
    pub requests: Vec<EvidenceRequest>,
    /// What people decided.
    pub decisions: Decisions,
}

impl Standing {
    /// What was known at `as_of`.
    pub async fn known(app: &App, organization: &Organization, as_of: Timestamp) -> Result<Self, RunFault> {
        Self::known_at(app, organization, as_of, as_of).await
    }

    /// How things stood at `as_of`, by what is known at `known_at`, which is not before it: evidence that came in late
    /// and old evidence that was judged again count, newer evidence does not.
    pub async fn known_at(
        app: &App,
        organization: &Organization,
        as_of: Timestamp,
        known_at: Timestamp,
    ) -> Result<Self, RunFault> {
        let scope = OrgScope::of(organization);
        let known_then = app.store.latest_results(&scope, as_of).await?;
        let late = if known_at > as_of { app.store.late_results(&scope, as_of, known_at).await? } else { Vec::new() };
        let read = known_then.iter().chain(&late).flat_map(|judged| judged.result.evidence.iter().copied());
        let leaves: Vec<u64> = read.collect::<BTreeSet<_>>().into_iter().collect();
        let seen = app.store.evidence_at(&scope, &leaves).await?;
        let seen: BTreeMap<u64, Timestamp> =
            seen.into_iter().map(|row| (row.sealed.leaf, row.sealed.collected_at)).collect();
        let judged = |one: JudgedResult| judged_with(one.result, one.judged_at, &seen);
        let (decisions, changes) = decisions::known_with_changes(app, &scope, known_at).await?;
        let organization = changes.organization_at(organization, as_of);
        let mut results: Vec<Judged> = known_then.into_iter().map(judged).collect();
        results.retain(|judged| targets::counts(&app.catalog, &changes, judged, as_of));
        let late: Vec<Judged> = late.into_iter().map(judged).collect();

        let mut matrices = Matrices::new();
        let mut versions = BTreeMap::new();
        for framework in &organization.frameworks {
            let all = app.store.matrix_versions(&scope, framework).await?;
            let known: Vec<MatrixHistory> = all.iter().filter_map(|one| one.as_of(as_of)).collect();
            let applies = app.store.matrix_among(&scope, &known, as_of).await?;
            versions.insert(framework.clone(), known);
            if let Some((version, state)) = applies {
                matrices.insert(framework.clone(), (version.matrix, state));
            } else if let Some(matrix) = app.catalog.matrix(framework, organization.model) {
                matrices.insert(framework.clone(), (matrix, MatrixState::ProposedByTemplate));
            }
        }
        let is_past = changes.any_after(as_of) || app.store.is_judged_after(&scope, as_of).await?;
        let (gaps, requests) = if is_past {
            let gaps = past::gaps(app, &scope, &results, as_of).await?;
            (gaps, past::requests(app, &scope, &organization.frameworks, as_of).await?)
        } else {
            (app.store.gaps(&scope).await?, app.store.evidence_requests(&scope).await?)
        };
        let mut standing = Self {
            catalog: app.catalog.clone(),
            organization,
            targets: targets::in_scope(app, &scope, as_of, &results, &changes).await?,
            results,
            matrices,
            versions,
            gaps,
            beside: Vec::new(),
            requests,
            decisions,
        };
        let moved = changes.last_moved(as_of).filter(|_| is_past);
        if let Some(at) = moved.filter(|at| !standing.results.iter().any(|judged| judged.judged_at > *at)) {
            standing.ask_as_of(at);
        }
        let has_narrowed = !standing.decisions.scope.is_empty() || !standing.decisions.questionnaires.is_empty();
        if has_narrowed || changes.organization.iter().any(|change| change.frameworks.is_some()) {
            standing.hold_back_controls_in_use();
        }
        if known_at > as_of {
            standing.take_late(late, &app.store.gaps(&scope).await?, as_of);
        }
        if has_narrowed {
            standing.hold_back_what_counts(as_of);
        }
        standing.ask_the_right_party(as_of);
        (standing.gaps, standing.beside) =
            std::mem::take(&mut standing.gaps).into_iter().partition(|gap| !gap.controls.is_empty());
        Ok(standing)
    }

    /// Whether something that a check could read is connected.
    #[must_use]
    pub fn is_connected(&self, check: &CheckId) -> bool {
        let sources = self.catalog.checks.get(check).map(|check| sources_of(&self.catalog, check)).unwrap_or_default();
        sources.iter().any(|source| self.targets.get(source).is_some_and(|targets| !targets.is_empty()))
    }

    /// Every gap that is followed up, also those that no framework in use asks about.
    pub fn all_gaps(&self) -> impl Iterator<Item = &Gap> + Clone {
        self.gaps.iter().chain(&self.beside)
    }

    /// The history of every gap that is known, oldest first.
    pub async fn stories(
        &self,
        app: &App,
        scope: &OrgScope,
        until: Timestamp,
    ) -> Result<BTreeMap<GapId, Vec<Happening>>, StoreFault> {
        let events = past::events(app, scope, until).await?;
        let story = |gap: &Gap| {
            let events = events.get(&gap.id).map(Vec::as_slice).unwrap_or_default();
            (gap.id, history::story(gap.id, events, &self.decisions, until))
        };
        Ok(self.all_gaps().map(story).collect())
    }

    /// A gap is kept with the controls it held back when it was last judged. Where frameworks came or went, those that were
    /// in use are named.
    fn hold_back_controls_in_use(&mut self) {
        for gap in &mut self.gaps {
            let all = self.catalog.controls_of_check(&gap.check);
            let in_use = all.iter().filter(|held| self.organization.frameworks.contains(&held.framework));
            gap.controls = in_use.cloned().collect();
        }
    }

    /// A fault holds back a control only where its target, and something that is wrong on it, counts for the framework, and
    /// where the chosen questionnaire asks the control: as statuses do.
    fn hold_back_what_counts(&mut self, at: Timestamp) {
        let results: BTreeMap<(&CheckId, &str), &CheckResult> =
            self.results.iter().map(|one| ((&one.result.check, one.result.target.as_str()), &one.result)).collect();
        let nothing = Results::default();
        let situation = self.situation(&nothing, at);
        let in_use = self.organization.frameworks.iter().filter_map(|id| self.catalog.frameworks.get(id));
        let rules: BTreeMap<&FrameworkId, (Scope<'_>, BTreeSet<&ControlId>)> = in_use
            .map(|framework| {
                let outside = outside(&situation, framework).into_iter().map(|control| &control.id);
                (&framework.id, (Scope::of(&self.decisions, &framework.id, at), outside.collect()))
            })
            .collect();
        let counting = |gap: &Gap| {
            let result = results.get(&(&gap.check, gap.target.as_str())).copied();
            let holds = |held: &&ControlRef| {
                rules.get(&held.framework).is_none_or(|(scope, outside)| {
                    !outside.contains(&held.control)
                        && scope.holds_fault(self.catalog.checks.get(&gap.check), &gap.target, result)
                })
            };
            gap.controls.iter().filter(holds).cloned().collect::<Vec<_>>()
        };
        let counting: Vec<Vec<ControlRef>> = self.gaps.iter().map(counting).collect();
        for (gap, controls) in self.gaps.iter_mut().zip(counting) {
            gap.controls = controls;
        }
    }

    /// Past requests ask for what the last judgement found open. Where something was changed since, they ask for what was
    /// open then.
    fn ask_as_of(&mut self, moment: Timestamp) {
        let statuses = self.statuses_now(moment);
        let told = statuses.iter().map(|one| (&one.framework, &one.control, one.state, one.because.as_str()));
        let asked = history::asked_for(told);
        for request in self.requests.iter_mut().filter(|one| one.closed_at.is_none()) {
            if let Some(because) = asked.get(&(&request.framework, &request.control)) {
                (*because).clone_into(&mut request.asks_for);
            }
        }
    }

    /// Takes a target out, as it is disconnected. Returns its open gaps, which wait from now on.
    pub(super) fn disconnect(&mut self, gone: Disconnection) -> Vec<TrackedGap> {
        let (source, moment) = (gone.source, gone.at);
        if let Some(targets) = self.targets.get_mut(&source) {
            targets.remove(&gone.target);
        }
        let is_read = |check: &CheckId| {
            let check = self.catalog.checks.get(check);
            check.is_none_or(|check| sources_of(&self.catalog, check).contains(&source))
        };
        let waiting = out_of_sight(self.all_gaps(), |gap| gap.target == gone.target && is_read(&gap.check));
        self.decisions.changes.disconnections.push(gone);
        let changes = &self.decisions.changes;
        self.results.retain(|judged| targets::counts(&self.catalog, changes, judged, moment));
        waiting
    }

    /// Requests that open and close by where everything stands now; none before anything was judged.
    pub(super) fn requests_followed(&self, now: Timestamp) -> Vec<EvidenceRequest> {
        if self.results.is_empty() && self.requests.is_empty() {
            return Vec::new();
        }
        let owners = Owners::new(self.matrices.values().map(|(matrix, _)| matrix));
        requests::follow_up(&owners, &self.requests, &self.statuses_now(now), now)
    }

    /// Gaps go to whom they were handed, else to whom the responsibilities in force name, as requests do; also those that no
    /// run has looked at since.
    fn ask_the_right_party(&mut self, at: Timestamp) {
        let owners = Owners::new(self.matrices.values().map(|(matrix, _)| matrix));
        let gaps = std::mem::take(&mut self.gaps).into_iter();
        let gaps = gaps.map(|gap| {
            let gap = history::with_party(gap, &self.catalog, &owners);
            assignment::handed_over(gap, &self.catalog, &self.decisions, at)
        });
        let gaps = gaps.collect();
        let requests = std::mem::take(&mut self.requests).into_iter();
        let requests = requests.map(|request| history::request_with_party(request, &owners)).collect();
        (self.gaps, self.requests) = (gaps, requests);
    }

    /// Takes in results that became known later, and what people stated meanwhile; `kept` are all gaps as they are kept today.
    fn take_late(&mut self, late: Vec<Judged>, kept: &[Gap], as_of: Timestamp) {
        let mut results = Results::new(std::mem::take(&mut self.results));
        let told: Vec<CheckResult> = late.iter().map(|judged| judged.result.clone()).collect();
        for judged in late {
            results.add(judged);
        }
        self.results = results.iter().cloned().collect();
        let statuses = self.statuses(&results, as_of);
        let owners = Owners::new(self.matrices.values().map(|(matrix, _)| matrix));
        let rules =
            GapRules { catalog: &self.catalog, frameworks: &self.organization.frameworks, owners: &owners, now: as_of };
        let gaps = history::with_late_results(&rules, std::mem::take(&mut self.gaps), &told, kept);
        let changed = requests::follow_up(&owners, &self.requests, &statuses, as_of);
        let mut requests: BTreeMap<_, _> =
            std::mem::take(&mut self.requests).into_iter().map(|request| (request.id, request)).collect();
        requests.extend(changed.into_iter().map(|request| (request.id, request)));
        (self.gaps, self.requests) = (gaps, requests.into_values().collect());
    }

    /// The status of every control of every framework in use.
    #[must_use]
    pub fn statuses(&self, results: &Results, now: Timestamp) -> Vec<ControlStatus> {
        let situation = self.situation(results, now);
        self.organization
            .frameworks
            .iter()
            .filter_map(|id| self.catalog.frameworks.get(id))
            .flat_map(|framework| framework_statuses(&situation, framework))
            .collect()
    }

    fn situation<'a>(&'a self, results: &'a Results, now: Timestamp) -> Situation<'a> {
        Situation {
            catalog: &self.catalog,
            targets: &self.targets,
            results,
            decisions: &self.decisions,
            matrices: &self.matrices,
            now,
        }
    }

    /// The statuses with what was known.
    #[must_use]
    pub fn statuses_now(&self, now: Timestamp) -> Vec<ControlStatus> {
        self.statuses(&Results::new(self.results.iter().cloned()), now)
    }

    /// Where the organization stands by the law of one framework, by its statuses at a moment. Nothing is read from the vault:
    /// analyses of PCI DSS are dated by their statements, so that it serves where no day of them is said.
    #[must_use]
    pub fn verdict(&self, framework: &Framework, statuses: &[ControlStatus], at: Timestamp) -> Verdict {
        self.verdict_if(framework, statuses, at, &[], &BTreeMap::new())
    }

    /// The same with what statements answered, which lies in the vault.
    ///
    /// # Errors
    /// When the vault cannot be read.
    pub async fn whole_verdict(
        &self,
        app: &App,
        scope: &OrgScope,
        (framework, statuses): (&Framework, &[ControlStatus]),
        at: Timestamp,
    ) -> Result<Verdict, RunFault> {
        // Only PCI DSS knows such analyses.
        let answers = if framework.id.is_pci_dss() {
            decisions::read_back::risk_answers(app, scope, &self.decisions, Patience::Long).await?
        } else {
            BTreeMap::new()
        };
        Ok(self.verdict_if(framework, statuses, at, &[], &answers))
    }

    /// The same with a score as if some requirements of CMMC were met as well.
    #[must_use]
    pub fn verdict_if(
        &self,
        framework: &Framework,
        statuses: &[ControlStatus],
        at: Timestamp,
        also_met: &[ControlId],
        answers: &BTreeMap<u64, Answered>,
    ) -> Verdict {
        let owners = Owners::new(self.matrices.get(&framework.id).map(|(matrix, _)| matrix));
        let acting = |control: &ControlId| owners.acting(&framework.id, control);
        let (decisions, forms, days) = (&self.decisions, &self.catalog.forms, self.organization.days());
        Verdict::of(verdict::Known {
            framework,
            statuses,
            decisions,
            acting: &acting,
            also_met,
            forms,
            answers,
            at,
            days,
        })
    }
}

/// An organization as it was at a moment: what it was called, where its days began, and what it was judged by.
///
/// # Errors
/// When the database cannot be asked.
pub async fn organization_at(app: &App, today: &Organization, moment: Timestamp) -> Result<Organization, RunFault> {
    Ok(decisions::changes(app, &OrgScope::of(today)).await?.organization_at(today, moment))
}

/// A result with the moment the oldest data behind it was collected; one that read nothing is as old as its judgement.
#[must_use]
pub(super) fn judged_with(result: CheckResult, judged_at: Timestamp, seen: &BTreeMap<u64, Timestamp>) -> Judged {
    let seen_at = result.evidence.iter().filter_map(|leaf| seen.get(leaf)).min().copied().unwrap_or(judged_at);
    Judged { result, judged_at, seen_at }
}
