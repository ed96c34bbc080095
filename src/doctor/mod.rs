//! Looks whether everything that collecting needs is there, and says what will be missing and what to do about it.
//!
//! One file a subject: what is looked at, and beside it the pure verdict on what was seen. Every look has a time limit, all of
//! them run side by side, and what cannot be looked at because something else is broken is said, never passed over.
//! Nothing is changed, nothing secret is told. Start with [`examine`].

mod bench;
mod clock;
mod data_folder;
mod database;
mod host;
mod keys;
mod permissions;
mod running;
mod settings;
mod tenant;
mod vault;

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use serde::Serialize;

pub use bench::Bench;
pub use permissions::needed;

use crate::app::App;
use crate::assess::unknown::{LeftUnknown, Unseen, controls_left_unknown};
use crate::catalog::Catalog;
use crate::model::evidence::{CollectionOutcome, Source};
use crate::model::gap::ControlRef;
use crate::model::id::{DatasetId, FrameworkId};
use crate::model::organization::Organization;
use crate::store::{CollectorState, OrgScope, StoreFault};

/// How bad something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    Ok,
    /// Something will be missing, now or soon.
    Warning,
    /// Something stops collecting or sealing, of one source or of all.
    Problem,
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Line {
    /// `disk`, `permissions`, `clock`.
    pub area: &'static str,
    /// Which one: a tenant, a host, an organization. Empty for the installation itself.
    pub subject: String,
    pub level: Level,
    pub says: String,
    /// What will be missing because of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub missing: Option<String>,
    /// What to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

impl Line {
    fn ok(area: &'static str, subject: &str, says: impl Into<String>) -> Self {
        Self { area, subject: subject.to_owned(), level: Level::Ok, says: says.into(), missing: None, next: None }
    }

    fn warning(area: &'static str, subject: &str, says: impl Into<String>) -> Self {
        Self { level: Level::Warning, ..Self::ok(area, subject, says) }
    }

    fn problem(area: &'static str, subject: &str, says: impl Into<String>) -> Self {
        Self { level: Level::Problem, ..Self::ok(area, subject, says) }
    }

    fn missing(self, missing: impl Into<String>) -> Self {
        Self { missing: Some(missing.into()), ..self }
    }

    fn next(self, next: impl Into<String>) -> Self {
        Self { next: Some(next.into()), ..self }
    }
}

/// The worst of all.
#[must_use]
pub fn verdict(lines: &[Line]) -> Level {
    lines.iter().map(|line| line.level).max().unwrap_or(Level::Ok)
}

/// Whether other machines may be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Network {
    Asked,
    /// Tenants are not asked; the installation's own database is.
    Spared,
}

/// A look at a local thing.
const QUICK: Duration = Duration::from_secs(20);
/// A look over the network, and one that reads much.
const SLOW: Duration = Duration::from_mins(1);

type Look<'a> = Pin<Box<dyn Future<Output = Vec<Line>> + Send + 'a>>;

/// Looks at everything, side by side; the lines stand in the order of the subjects, whatever is quickest.
pub async fn examine(bench: &Bench, network: Network) -> Vec<Line> {
    let mut looks: Vec<Look<'_>> = vec![
        limited("data folder", String::new(), QUICK, data_folder::look(bench)),
        limited("database", String::new(), SLOW, database::look(bench)),
        limited("vault", String::new(), QUICK, vault::look(bench)),
        limited("keys", String::new(), QUICK, keys::look(bench)),
        limited("clock", String::new(), QUICK, clock::look()),
    ];
    if let Some(app) = &bench.app {
        for organization in &bench.organizations {
            let slug = organization.slug.to_string();
            looks.push(limited("schedule", slug.clone(), QUICK, running::schedule(app, organization)));
            looks.push(limited("sign-in", slug.clone(), SLOW * 2, tenant::look(app, organization, network)));
            looks.push(limited("host", slug.clone(), QUICK, host::look(app, organization)));
            looks.push(limited("settings", slug, QUICK, settings::look(app, organization)));
        }
        looks.push(limited("spool", String::new(), QUICK, async { running::spool(app) }));
    } else {
        let says = "connections, hosts, schedule and spool were not looked at, because what is said above is broken";
        looks.push(Box::pin(async move { vec![Line::warning("connections", "", says)] }));
    }
    let mut lines = bench.version();
    lines.extend(futures_util::future::join_all(looks).await.into_iter().flatten());
    lines
}

/// A look that is given up after a time and says so.
fn limited<'a>(
    area: &'static str,
    subject: String,
    limit: Duration,
    look: impl Future<Output = Vec<Line>> + Send + 'a,
) -> Look<'a> {
    Box::pin(async move {
        tokio::time::timeout(limit, look).await.unwrap_or_else(|_| {
            let says = format!("there was no answer within {} seconds", limit.as_secs());
            vec![Line::problem(area, &subject, says).next("look whether what it waits for is overloaded or gone")]
        })
    })
}

/// How many controls one line names.
const NAMED: usize = 6;

/// What is left unknown without some datasets, in words; none when it is nothing at all.
fn left_unknown(catalog: &Catalog, frameworks: &[FrameworkId], unseen: &Unseen) -> Option<String> {
    if unseen.is_empty() {
        return None;
    }
    let left = controls_left_unknown(catalog, unseen, frameworks);
    let names: Vec<&str> = unseen.keys().map(DatasetId::as_str).collect();
    Some(format!("{}{}", listed(&names), controls_in_words(&left)))
}

/// Whether every check says as much without these datasets as with them.
fn leaves_nothing_unknown(catalog: &Catalog, frameworks: &[FrameworkId], unseen: &Unseen) -> bool {
    let left = controls_left_unknown(catalog, unseen, frameworks);
    left.checks.is_empty() && left.partly.is_empty()
}

/// All of these, each ending alike.
fn all<'a>(datasets: impl IntoIterator<Item = &'a DatasetId>, outcome: CollectionOutcome) -> Unseen {
    datasets.into_iter().map(|dataset| (dataset.clone(), outcome)).collect()
}

fn controls_in_words(left: &LeftUnknown) -> String {
    if left.checks.is_empty() && left.partly.is_empty() {
        return ", which no check needs".to_owned();
    }
    let in_words =
        |all: &[ControlRef]| all.iter().map(|one| format!("{} {}", one.framework, one.control)).collect::<Vec<_>>();
    let (names, supported) = (in_words(&left.controls), in_words(&left.supported));
    let parts = [
        (left.checks.len(), format!("; unknown then: {}", counted(left.checks.len(), "check"))),
        (left.partly.len(), format!("; known in part only: {}", counted(left.partly.len(), "check"))),
        (names.len(), format!("; {}: {}", counted(names.len(), "control"), listed(&names))),
        (
            supported.len(),
            format!("; statements about {} wait for it: {}", counted(supported.len(), "control"), listed(&supported)),
        ),
    ];
    parts.into_iter().filter(|(many, _)| *many > 0).map(|(_, words)| words).collect()
}

/// The first few of many names, and how many more there are.
fn listed(names: &[impl AsRef<str>]) -> String {
    let shown: Vec<&str> = names.iter().take(NAMED).map(AsRef::as_ref).collect();
    match names.len().saturating_sub(NAMED) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

fn counted(number: usize, one: &str) -> String {
    if number == 1 { format!("1 {one}") } else { format!("{number} {one}s") }
}

/// What the last attempts on a target could not see, and how they ended. What its cloud, edition or system does not have
/// is not missing.
async fn unseen_lately(
    app: &App,
    organization: &Organization,
    source: Source,
    target: &str,
) -> Result<Unseen, StoreFault> {
    let states = app.store.collector_states(&OrgScope::of(organization)).await?;
    let is_unseen = |state: &CollectorState| {
        state.source == source
            && state.target == target
            && !state.last_outcome.is_seen_whole()
            && state.last_outcome != CollectionOutcome::NotOffered
            && app.catalog.collectors.contains_key(&state.dataset)
    };
    Ok(states.into_iter().filter(is_unseen).map(|state| (state.dataset, state.last_outcome)).collect())
}

#[cfg(test)]
mod tests;
