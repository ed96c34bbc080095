//! The overview as the store knows it: one question, answered afresh each time.

use std::cmp::Reverse;

use countersign_seal::note::origin;

use super::runs::dataset_lines;
use super::{StorePages, matrix_heading, reasons};
use crate::catalog::Catalog;
use crate::catalog::framework::Framework;
use crate::model::control::ControlStatus;
use crate::model::evidence::CollectionOutcome;
use crate::model::gap::{Gap, GapState};
use crate::model::id::{FrameworkId, OrgSlug};
use crate::model::organization::Organization;
use crate::model::responsibility::Party;
use crate::model::time::Timestamp;
use crate::pipeline::DatasetLine;
use crate::pipeline::standing::Standing;
use crate::pipeline::targets::consent_links;
use crate::report::data::{LedgerHead, dataset_title};
use crate::report::sight::is_stale;
use crate::report::tally;
use crate::report::unseen::{self, Known, Missed};
use crate::report::verdict::summary;
use crate::report::work::severity_rank;
use crate::schedule::{self, Planned};
use crate::store::{EvidenceRow, OrgScope, Run};
use crate::web::SourceError;
use crate::web::overview::{
    FrameworkOverview, Freshness, GapOverview, NotCollected, OrganizationOverview, Overview, PartyOverview, RunOverview,
};

/// Runs shown of an organization.
const RUNS_SHOWN: usize = 5;

/// Runs looked through for them; imports, which collect nothing, lie in between.
const RUNS_READ: u64 = 25;

impl StorePages {
    /// Where things stand now: all organizations, or only the one named. An unknown name gives an overview without
    /// organizations.
    ///
    /// # Errors
    /// When the store cannot answer.
    pub async fn overview(&self, only: Option<&OrgSlug>) -> Result<Overview, SourceError> {
        let now = self.app.clock.now();
        let mut organizations = Vec::new();
        for organization in self.app.store.organizations(self.installation).await? {
            if only.is_none_or(|slug| *slug == organization.slug) {
                organizations.push(self.organization_overview(&organization, now).await?);
            }
        }
        Ok(Overview { as_of: now, catalog_digest: self.app.catalog.digest, organizations })
    }

    async fn organization_overview(
        &self,
        organization: &Organization,
        now: Timestamp,
    ) -> Result<OrganizationOverview, SourceError> {
        let (store, catalog) = (&self.app.store, self.app.catalog.as_ref());
        let scope = OrgScope::of(organization);
        let standing = Standing::known(&self.app, organization, now).await?;
        let statuses = standing.statuses_now(now);
        let planned = schedule::next_times(&self.app, organization, now).await?;
        let mut alarms = schedule::alarming(organization, &planned, now);
        alarms.extend(schedule::credential_alarms(&self.app, organization, now).await?);
        alarms.extend(schedule::spool_alarms(&self.app, now));
        alarms.extend(unknown_frameworks(organization, catalog));
        let frameworks = organization.frameworks.iter().filter_map(|id| catalog.frameworks.get(id));
        let frameworks = frameworks
            .map(|framework| self.framework_overview(framework, organization, &standing, &statuses, now))
            .collect();
        let head = store.head(&scope).await?;
        let ledger = match head {
            Some(head) => {
                let origin = origin(&organization.id.to_string().parse()?);
                Some(LedgerHead { origin, size: head.size, root: head.root })
            }
            None => None,
        };
        let runs = store.latest_runs(&scope, now, RUNS_READ).await?;
        let consent_links = consent_links(&self.app, &scope).await?;
        let known = Known {
            catalog,
            frameworks: &organization.frameworks,
            organization: organization.slug.as_str(),
            consent_links: &consent_links,
        };
        Ok(OrganizationOverview {
            slug: organization.slug.clone(),
            name: organization.name.clone(),
            model: organization.model,
            frameworks,
            parties: parties(organization, &standing),
            freshness: freshness(&store.latest_evidence(&scope, now).await?, catalog, now),
            alarms,
            runs: runs
                .iter()
                .filter(|run| run.cause != "import")
                .take(RUNS_SHOWN)
                .map(|run| run_overview(run, known))
                .collect(),
            ledger,
            next_run: if self.is_scheduled { next_run(&planned, now) } else { None },
        })
    }

    fn framework_overview(
        &self,
        framework: &Framework,
        organization: &Organization,
        standing: &Standing,
        statuses: &[ControlStatus],
        now: Timestamp,
    ) -> FrameworkOverview {
        let verdict = standing.verdict(framework, statuses, now);
        let matrix = matrix_heading(organization, standing, &framework.id);
        FrameworkOverview {
            heading: framework.into(),
            totals: tally::totals(framework, statuses),
            matrix,
            verdict: summary(framework, statuses, &verdict),
            why_undetermined: reasons::why_undetermined(&self.app.catalog, framework, statuses, &|check| {
                standing.is_connected(check)
            }),
        }
    }
}

/// What is overdue runs next, which is now.
fn next_run(planned: &[Planned], now: Timestamp) -> Option<Timestamp> {
    planned.iter().filter_map(|one| one.next).min().map(|next| next.max(now))
}

/// What an organization has chosen and this catalog no longer holds.
fn unknown_frameworks(organization: &Organization, catalog: &Catalog) -> Vec<String> {
    let unknown = organization.frameworks.iter().filter(|id| !catalog.frameworks.contains_key(id));
    unknown
        .map(|id| {
            format!("The framework {id} is chosen, but the catalog in use does not hold it, so it is not judged.")
        })
        .collect()
}

/// Open work of the frameworks in use, party by party.
fn parties(organization: &Organization, standing: &Standing) -> Vec<PartyOverview> {
    let in_use = |framework: &FrameworkId| organization.frameworks.contains(framework);
    let work = [Party::Provider, Party::Internal, Party::Vendor].map(|party| {
        let open = standing.gaps.iter().filter(|gap| gap.party == party && gap.state != GapState::Closed);
        let mut gaps: Vec<&Gap> = open.collect();
        gaps.sort_by_key(|gap| (Reverse(severity_rank(&gap.severity)), gap.opened_at, gap.id));
        let gaps = gaps.into_iter().map(gap_overview).collect();
        let requests = standing
            .requests
            .iter()
            .filter(|request| request.party == party && request.closed_at.is_none() && in_use(&request.framework));
        PartyOverview::new(party, gaps, requests.count())
    });
    let is_shown = |work: &PartyOverview| work.party != Party::Vendor || work.open_gaps > 0 || work.open_requests > 0;
    work.into_iter().filter(is_shown).collect()
}

fn gap_overview(gap: &Gap) -> GapOverview {
    GapOverview {
        id: gap.id,
        title: gap.title.clone(),
        severity: gap.severity.clone(),
        state: gap.state,
        target: gap.target.clone(),
        opened_at: gap.opened_at,
        controls: gap.controls.len(),
    }
}

/// Counts datasets of targets whose newest record shows something; a refusal is not evidence of anything.
fn freshness(latest: &[EvidenceRow], catalog: &Catalog, now: Timestamp) -> Freshness {
    let shows = |outcome: CollectionOutcome| outcome.is_seen_whole() || outcome == CollectionOutcome::Partial;
    let seen: Vec<_> = latest.iter().map(|row| &row.sealed).filter(|record| shows(record.outcome)).collect();
    Freshness {
        newest: seen.iter().map(|record| record.collected_at).max(),
        datasets: seen.len(),
        stale: seen.iter().filter(|record| is_stale(record, catalog, now)).count(),
    }
}

pub(super) fn run_overview(run: &Run, known: Known<'_>) -> RunOverview {
    let (seen, missed): (Vec<DatasetLine>, Vec<_>) =
        dataset_lines(run).into_iter().partition(|line| line.outcome.is_seen_whole());
    let all: Vec<Missed<'_>> = missed
        .iter()
        .map(|line| Missed {
            dataset: &line.dataset,
            target: &line.target,
            outcome: line.outcome,
            reason: &line.reason,
        })
        .collect();
    let advice = unseen::advice(known, &all);
    let missed = missed.into_iter().map(|line| NotCollected {
        title: dataset_title(known.catalog, &line.dataset),
        dataset: line.dataset,
        target: line.target,
        outcome: line.outcome,
        reason: line.reason,
    });
    RunOverview::new(run.id, run.started_at, run.ended_at, seen.len(), missed.collect()).with_advice(advice)
}
