//! The times of an organization's collectors, put together from the catalog, its connections and what was last tried.

use std::collections::BTreeMap;

use chrono::Duration;
use chrono_tz::Tz;

use super::{alarm, due};
use crate::app::App;
use crate::catalog::cron_expression::CronExpression;
use crate::model::evidence::{CollectionOutcome, Source};
use crate::model::id::DatasetId;
use crate::model::organization::Organization;
use crate::model::time::Timestamp;
use crate::pipeline::credentials::credentials;
use crate::store::{CollectorState, OrgScope, StoreFault};

/// One collector of one connected target, and its times.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Planned {
    pub dataset: DatasetId,
    /// What people call the dataset.
    pub title: String,
    pub source: Source,
    pub target: String,
    pub expression: CronExpression,
    /// The zone its times are read in: the organization's, or UTC for what comes round several times a day.
    pub zone: Tz,
    /// Since when the target is connected.
    pub connected_at: Timestamp,
    /// None while it was never tried.
    pub last_started: Option<Timestamp>,
    pub last_outcome: Option<CollectionOutcome>,
    /// When it was last seen whole; none while it never was.
    pub last_seen: Option<Timestamp>,
    /// When it is due; in the past while it is overdue. None when it never comes round.
    pub next: Option<Timestamp>,
    /// The longest pause between two of its times.
    pub interval: Option<Duration>,
}

impl Planned {
    /// True if it should be running by now.
    #[must_use]
    pub fn is_due(&self, now: Timestamp) -> bool {
        self.next.is_some_and(|next| next <= now)
    }
}

/// The times of every collector of every connected target, seen from `now`. Imports have none: files come when somebody
/// hands them in.
///
/// # Errors
/// When the database cannot be asked.
pub async fn next_times(app: &App, organization: &Organization, now: Timestamp) -> Result<Vec<Planned>, StoreFault> {
    let scope = OrgScope::of(organization);
    let zone = zone(organization).unwrap_or(Tz::UTC);
    let states = app.store.collector_states(&scope).await?;
    let states: BTreeMap<(Source, &str, &DatasetId), &CollectorState> =
        states.iter().map(|state| ((state.source, state.target.as_str(), &state.dataset), state)).collect();
    let connections = app.store.connections(&scope).await?;
    let mut planned = Vec::new();
    for connection in connections.iter().filter(|connection| connection.source != Source::Import) {
        for collector in app.catalog.collectors_for(connection.source) {
            // The catalog refuses a schedule that cannot be read when it is loaded.
            let Ok(expression) = collector.schedule.parse::<CronExpression>() else { continue };
            let state = states.get(&(connection.source, connection.target.as_str(), &collector.id)).copied();
            let last_started = state.map(|state| state.last_started_at);
            planned.push(Planned {
                dataset: collector.id.clone(),
                title: collector.title.clone(),
                source: connection.source,
                target: connection.target.clone(),
                connected_at: connection.created_at,
                last_started,
                last_outcome: state.map(|state| state.last_outcome),
                last_seen: state.and_then(|state| state.last_seen_at),
                next: due::next_due(&expression, zone, last_started, now),
                interval: due::interval(&expression, now),
                zone: due::zone_for(&expression, zone),
                expression,
            });
        }
    }
    Ok(planned)
}

/// What should worry somebody, one sentence each; empty when every collector was heard of within twice its interval.
///
/// # Errors
/// When the database cannot be asked.
pub async fn alarms(app: &App, organization: &Organization, now: Timestamp) -> Result<Vec<String>, StoreFault> {
    let mut alarms = alarming(organization, &next_times(app, organization, now).await?, now);
    alarms.extend(credential_alarms(app, organization, now).await?);
    alarms.extend(spool_alarms(app, now));
    Ok(alarms)
}

/// What should worry somebody about how the organization's connections sign in.
///
/// # Errors
/// When the database cannot be asked.
pub async fn credential_alarms(
    app: &App,
    organization: &Organization,
    now: Timestamp,
) -> Result<Vec<String>, StoreFault> {
    let credentials = credentials(app, &OrgScope::of(organization)).await?;
    Ok(alarm::ending(&credentials, app.config.keys.warn_days_before_end, now))
}

/// What should worry somebody about the spool, which all organizations share.
#[must_use]
pub fn spool_alarms(app: &App, now: Timestamp) -> Vec<String> {
    match app.spool.backlog() {
        Ok(backlog) => alarm::unsealed(&backlog, now),
        Err(fault) => vec![format!("It cannot be seen what waits in the spool: {fault}.")],
    }
}

/// The same for whoever has asked for the times already.
#[must_use]
pub fn alarming(organization: &Organization, planned: &[Planned], now: Timestamp) -> Vec<String> {
    let unknown_zone = zone(organization).is_none().then(|| {
        format!(
            "The time zone `{}` of this organization is not known, so its collectors run at UTC times; choose an IANA \
             name such as Europe/Berlin.",
            organization.time_zone
        )
    });
    unknown_zone.into_iter().chain(alarm::silent(planned, now)).collect()
}

/// The organization's zone, if this version knows it.
fn zone(organization: &Organization) -> Option<Tz> {
    organization.time_zone.parse().ok()
}
