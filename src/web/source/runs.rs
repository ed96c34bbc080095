//! Runs: what was asked for, what came of it, and in plain words why something was not collected.

use serde::{Deserialize, Serialize};

use super::links::link;
use super::overview::run_overview;
use super::{Place, StorePages};
use crate::model::evidence::CollectionOutcome;
use crate::model::id::{DatasetId, OrgSlug, RunId};
use crate::model::time::Timestamp;
use crate::pipeline::DatasetLine;
use crate::pipeline::targets::consent_links;
use crate::report::data::dataset_title;
use crate::report::unseen::Known;
use crate::store::{OrgScope, Run};
use crate::web::SourceError;
use crate::web::overview::RunOverview;

/// Runs on one page.
const PAGE: usize = 50;
/// Datasets named of one run.
const LINES_SHOWN: usize = 500;

/// What a reader chose to see.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct RunsQuery {
    /// Only runs that began before.
    pub before: Option<Timestamp>,
}

/// The list.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RunsPage {
    pub place: Place,
    /// Newest first.
    pub runs: Vec<RunRow>,
    /// Link to older runs, where there may be some.
    pub older: Option<String>,
}

/// One run in the list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RunRow {
    pub id: RunId,
    pub cause: String,
    pub state_words: &'static str,
    pub started_at: Timestamp,
    pub seconds: Option<u64>,
    pub seen: usize,
    pub missed: usize,
}

/// One run.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RunPage {
    pub place: Place,
    pub cause: String,
    pub state_words: &'static str,
    pub run: RunOverview,
    /// What was not seen whole first.
    pub lines: Vec<RunLine>,
    pub beyond: usize,
}

/// One dataset of one target in a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RunLine {
    pub dataset: DatasetId,
    pub title: String,
    pub target: String,
    pub outcome: CollectionOutcome,
    pub outcome_words: &'static str,
    pub reason: String,
    pub rows: u64,
    pub leaf: u64,
}

impl StorePages {
    /// The runs of an organization.
    ///
    /// # Errors
    /// When the store cannot answer.
    pub async fn runs(&self, slug: &OrgSlug, query: &RunsQuery) -> Result<Option<RunsPage>, SourceError> {
        let Some(organization) = self.organization(slug).await? else { return Ok(None) };
        let scope = OrgScope::of(&organization);
        let place = self.place(&organization, None);
        let until = query.before.map_or(place.as_of, |before| before.plus(-chrono::Duration::microseconds(1)));
        let mut runs = self.app.store.latest_runs(&scope, until, PAGE as u64 + 1).await?;
        let has_older = runs.len() > PAGE;
        runs.truncate(PAGE);
        let last = runs.last().map(|run| run.started_at.to_string()).filter(|_| has_older);
        let older = last.map(|last| link(&format!("/organizations/{slug}/runs"), &[("before", Some(last))]));
        Ok(Some(RunsPage { place, runs: runs.iter().map(row).collect(), older }))
    }

    /// One run of the organization.
    ///
    /// # Errors
    /// When the store cannot answer.
    pub async fn run(&self, slug: &OrgSlug, id: RunId) -> Result<Option<RunPage>, SourceError> {
        let Some(organization) = self.organization(slug).await? else { return Ok(None) };
        let scope = OrgScope::of(&organization);
        let Some(run) = self.app.store.one_run(&scope, id).await? else { return Ok(None) };
        let catalog = self.app.catalog.as_ref();
        let consent_links = consent_links(&self.app, &scope).await?;
        let known = Known {
            catalog,
            frameworks: &organization.frameworks,
            organization: organization.slug.as_str(),
            consent_links: &consent_links,
        };
        let mut lines = dataset_lines(&run);
        lines.sort_by_key(|line| line.outcome.is_seen_whole());
        let beyond = lines.len().saturating_sub(LINES_SHOWN);
        let line = |line: DatasetLine| RunLine {
            title: dataset_title(catalog, &line.dataset),
            dataset: line.dataset,
            target: line.target,
            outcome: line.outcome,
            outcome_words: line.outcome.words(),
            reason: line.reason,
            rows: line.rows,
            leaf: line.evidence,
        };
        Ok(Some(RunPage {
            place: self.place(&organization, None),
            cause: run.cause.clone(),
            state_words: state_words(&run.state),
            run: run_overview(&run, known),
            lines: lines.into_iter().take(LINES_SHOWN).map(line).collect(),
            beyond,
        }))
    }
}

fn row(run: &Run) -> RunRow {
    let lines = dataset_lines(run);
    let seen = lines.iter().filter(|line| line.outcome.is_seen_whole()).count();
    RunRow {
        id: run.id,
        cause: run.cause.clone(),
        state_words: state_words(&run.state),
        started_at: run.started_at,
        seconds: run.ended_at.map(|end| end.since(run.started_at).num_seconds().unsigned_abs()),
        seen,
        missed: lines.len() - seen,
    }
}

/// What a run came to, dataset by dataset. A line of another shape was written by another version and is passed over.
pub(super) fn dataset_lines(run: &Run) -> Vec<DatasetLine> {
    let lines = run.summary.as_array().map(Vec::as_slice).unwrap_or_default();
    lines.iter().filter_map(|line| DatasetLine::deserialize(line).ok()).collect()
}

fn state_words(state: &str) -> &'static str {
    match state {
        "running" => "not ended yet",
        "ended" => "ended",
        "ended_early" => "ended early; what was read is sealed",
        "interrupted" => "cut off before it ended",
        _ => "in a state this version does not know",
    }
}
