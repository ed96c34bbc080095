//! What was collected: the newest record of each dataset and target, or every record, page by page.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use countersign_seal::digest::Digest;

use super::links::{Choice, link};
use super::{Place, StorePages};
use crate::catalog::Catalog;
use crate::model::evidence::{CollectionOutcome, Source};
use crate::model::id::{DatasetId, OrgSlug};
use crate::model::time::Timestamp;
use crate::report::data::dataset_title;
use crate::report::facts::clip;
use crate::report::sight::is_stale;
use crate::store::{EvidenceFilter, EvidenceRow, OrgScope};
use crate::web::SourceError;

/// Records on one page of all records.
const PAGE: usize = 50;
/// Newest records shown at once.
const NEWEST_SHOWN: usize = 500;
/// Targets offered as a choice.
const TARGETS_SHOWN: usize = 20;
/// Characters of a reason; the record's own page has all of it.
const REASON_SHOWN: usize = 280;

const OUTCOMES: [CollectionOutcome; 9] = [
    CollectionOutcome::Complete,
    CollectionOutcome::Empty,
    CollectionOutcome::Partial,
    CollectionOutcome::Denied,
    CollectionOutcome::Unlicensed,
    CollectionOutcome::NotOffered,
    CollectionOutcome::Unreachable,
    CollectionOutcome::Throttled,
    CollectionOutcome::Failed,
];

/// What a reader chose to see.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct EvidenceQuery {
    pub dataset: Option<DatasetId>,
    pub target: Option<String>,
    pub outcome: Option<CollectionOutcome>,
    /// Every record instead of the newest ones.
    #[serde(default)]
    pub all: bool,
    /// In the list of every record: only older ones than this leaf.
    pub before: Option<u64>,
}

/// The page.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct EvidencePage {
    pub place: Place,
    /// Every record, or the newest of each dataset and target.
    pub all: bool,
    pub views: Vec<Choice>,
    /// Only those that some newest record has.
    pub by_outcome: Vec<Choice>,
    pub by_target: Vec<Choice>,
    pub more_targets: usize,
    /// The dataset that was chosen, by its title.
    pub dataset: Option<String>,
    pub without_dataset: String,
    pub rows: Vec<EvidenceRowLine>,
    /// Newest records beyond the end of the page.
    pub beyond: usize,
    /// Link to older records, where there may be some.
    pub older: Option<String>,
}

/// One record in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct EvidenceRowLine {
    pub leaf: u64,
    pub record_hash: Digest,
    pub dataset: DatasetId,
    pub dataset_title: String,
    pub target: String,
    pub source: Source,
    pub collected_at: Timestamp,
    pub outcome: CollectionOutcome,
    pub outcome_words: &'static str,
    pub reason: String,
    /// Rows that were read from it.
    pub row_count: u64,
    pub stale: bool,
    /// All records of the same dataset and target.
    pub same: String,
}

struct Choices {
    by_outcome: Vec<Choice>,
    by_target: Vec<Choice>,
    more_targets: usize,
}

impl EvidenceQuery {
    fn link(&self, place: &Place) -> String {
        link(
            &format!("/organizations/{}/evidence", place.organization.slug),
            &[
                ("all", self.all.then(|| "true".to_owned())),
                ("dataset", self.dataset.as_ref().map(ToString::to_string)),
                ("target", self.target.clone()),
                ("outcome", self.outcome.map(|outcome| outcome.as_str().to_owned())),
                ("before", self.before.map(|leaf| leaf.to_string())),
            ],
        )
    }

    fn wants(&self, row: &EvidenceRow) -> bool {
        let record = &row.sealed;
        self.dataset.as_ref().is_none_or(|dataset| record.dataset == *dataset)
            && self.target.as_ref().is_none_or(|target| record.target == *target)
            && self.outcome.is_none_or(|outcome| record.outcome == outcome)
    }
}

impl StorePages {
    /// The evidence of an organization.
    ///
    /// # Errors
    /// When the store cannot answer.
    pub async fn evidence(&self, slug: &OrgSlug, query: &EvidenceQuery) -> Result<Option<EvidencePage>, SourceError> {
        let Some(organization) = self.organization(slug).await? else { return Ok(None) };
        let scope = OrgScope::of(&organization);
        let place = self.place(&organization, None);
        let query = EvidenceQuery { before: query.before.filter(|_| query.all), ..query.clone() };
        let (rows, beyond, older, choices) = if query.all {
            let (rows, older) = self.one_page(&scope, &place, &query).await?;
            let connections = self.app.store.connections(&scope).await?;
            (rows, 0, older, choices(None, connections.into_iter().map(|one| one.target), &query, &place))
        } else {
            let mut newest = self.app.store.latest_evidence(&scope, place.as_of).await?;
            newest.sort_by_key(|row| std::cmp::Reverse(row.sealed.leaf));
            let targets = newest.iter().map(|row| row.sealed.target.clone());
            let choices = choices(Some(&newest), targets, &query, &place);
            newest.retain(|row| query.wants(row));
            let beyond = newest.len().saturating_sub(NEWEST_SHOWN);
            newest.truncate(NEWEST_SHOWN);
            (newest, beyond, None, choices)
        };
        let catalog = &self.app.catalog;
        let view = |all: bool, words: &str| Choice {
            words: words.to_owned(),
            href: EvidenceQuery { all, before: None, ..query.clone() }.link(&place),
            count: None,
            is_current: query.all == all,
        };
        Ok(Some(EvidencePage {
            all: query.all,
            views: vec![view(false, "Newest of each dataset"), view(true, "Every record")],
            by_outcome: choices.by_outcome,
            by_target: choices.by_target,
            more_targets: choices.more_targets,
            dataset: query.dataset.as_ref().map(|dataset| dataset_title(catalog, dataset)),
            without_dataset: EvidenceQuery { dataset: None, before: None, ..query.clone() }.link(&place),
            rows: rows.into_iter().map(|row| line(row, catalog, &place)).collect(),
            beyond,
            older,
            place,
        }))
    }

    /// One page of every record that fits, and the link to older ones.
    async fn one_page(
        &self,
        scope: &OrgScope,
        place: &Place,
        query: &EvidenceQuery,
    ) -> Result<(Vec<EvidenceRow>, Option<String>), SourceError> {
        let filter = EvidenceFilter {
            dataset: query.dataset.clone(),
            target: query.target.clone(),
            outcome: query.outcome,
            before: query.before,
        };
        let mut rows = self.app.store.evidence_newest_first(scope, &filter, PAGE as u64 + 1).await?;
        let has_older = rows.len() > PAGE;
        rows.truncate(PAGE);
        let last = rows.last().map(|row| row.sealed.leaf).filter(|_| has_older);
        let older = last.map(|last| EvidenceQuery { before: Some(last), ..query.clone() }.link(place));
        Ok((rows, older))
    }
}

/// What can be chosen, with how many of the newest records fit; where every record is listed nobody counts.
fn choices(
    newest: Option<&[EvidenceRow]>,
    targets: impl Iterator<Item = String>,
    query: &EvidenceQuery,
    place: &Place,
) -> Choices {
    let choice = |words: String, wanted: EvidenceQuery, is_current: bool| Choice {
        words,
        href: wanted.link(place),
        count: newest.map(|newest| newest.iter().filter(|row| wanted.wants(row)).count()),
        is_current,
    };
    let is_there = |outcome: &CollectionOutcome| {
        query.outcome == Some(*outcome)
            || newest.is_none_or(|newest| newest.iter().any(|row| row.sealed.outcome == *outcome))
    };
    let outcomes = std::iter::once(None).chain(OUTCOMES.into_iter().filter(is_there).map(Some));
    let by_outcome = outcomes.map(|outcome| {
        let words = outcome.map_or_else(|| "All".to_owned(), |outcome| outcome.as_str().replace('_', " "));
        choice(words, EvidenceQuery { outcome, before: None, ..query.clone() }, outcome == query.outcome)
    });
    let all: BTreeSet<String> = targets.chain(query.target.clone()).collect();
    let more_targets = all.len().saturating_sub(TARGETS_SHOWN);
    let named = std::iter::once(None).chain(all.into_iter().take(TARGETS_SHOWN).map(Some));
    let by_target = named.map(|target| {
        let words = target.as_ref().map_or_else(|| "All".to_owned(), |target| clip(target, 80));
        let is_current = target == query.target;
        choice(words, EvidenceQuery { target, before: None, ..query.clone() }, is_current)
    });
    Choices { by_outcome: by_outcome.collect(), by_target: by_target.collect(), more_targets }
}

fn line(row: EvidenceRow, catalog: &Catalog, place: &Place) -> EvidenceRowLine {
    let record = row.sealed;
    let same = EvidenceQuery {
        dataset: Some(record.dataset.clone()),
        target: Some(record.target.clone()),
        all: true,
        ..EvidenceQuery::default()
    };
    EvidenceRowLine {
        leaf: record.leaf,
        record_hash: record.record_hash,
        dataset_title: dataset_title(catalog, &record.dataset),
        stale: is_stale(&record, catalog, place.as_of),
        same: same.link(place),
        dataset: record.dataset,
        target: record.target,
        source: record.source,
        collected_at: record.collected_at,
        outcome: record.outcome,
        outcome_words: record.outcome.words(),
        reason: clip(&record.reason, REASON_SHOWN),
        row_count: row.row_count,
    }
}
