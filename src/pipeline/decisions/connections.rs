//! A target is disconnected: nothing is collected from it any more, and what was seen of it no longer counts.

use serde_json::json;

use super::moved::Moved;
use super::{CONNECTION, DecisionFault, LONGEST_TEXT, acting, change, known, signatory, text};
use crate::app::App;
use crate::collect::graph::tenant_name;
use crate::model::change::Disconnection;
use crate::model::evidence::Source;
use crate::model::id::PersonHandle;
use crate::model::organization::Organization;
use crate::pipeline::deciding::on_the_ledger;
use crate::pipeline::standing::Standing;
use crate::store::{Connection, Disconnected};

/// What was disconnected, and what followed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Removed {
    /// Leaf of the record.
    pub leaf: u64,
    pub source: Source,
    pub target: String,
    /// Open gaps that wait for evidence from now on.
    pub gaps_waiting: usize,
    /// Requests that opened.
    pub requests_opened: usize,
}

/// Disconnects a target. Its secrets are deleted, its open gaps wait, and no status rests on it from now on; what was
/// collected stays.
///
/// # Errors
/// When it is not connected, or several kinds of source are connected under that name and none is named.
pub async fn disconnect(
    app: &App,
    organization: &Organization,
    (target, source): (&str, Option<Source>),
    because: &str,
    by: &PersonHandle,
) -> Result<Removed, DecisionFault> {
    let because = text("the reason", because, LONGEST_TEXT)?;
    on_the_ledger(app, organization, async |lease, size| {
        let (scope, now) = (lease.scope(), app.clock.now());
        let by = acting(&known(app, scope, now).await?, by, now)?;
        let connection = find(app.store.connections(scope).await?, target, source)?;
        let said = [
            ("kind", json!("removed")),
            ("source", json!(connection.source)),
            ("connected_at", json!(connection.created_at)),
            ("because", json!(because)),
        ];
        let gone = Disconnection {
            leaf: size,
            source: connection.source,
            target: connection.target.clone(),
            connected_at: connection.created_at,
            because: because.clone(),
            by: signatory(&by)?,
            at: now,
        };
        let today = app.store.organization_of(scope).await?;
        let mut standing = Standing::known(app, &today, now).await?;
        let gaps = standing.disconnect(gone);
        let draft = change(scope, by, now, (CONNECTION, connection.target.clone()), said)?;
        let requests = standing.requests_followed(now);
        let (source, target) = (connection.source, connection.target);
        let gaps_waiting = gaps.len();
        let requests_opened = requests.iter().filter(|one| one.opened_at == now).count();
        let disconnected = Some(Disconnected { source, target: target.clone(), at: now });
        let sealed = Moved { gaps, requests, disconnected, ..Moved::by(draft) }.seal(lease, size, now).await?;
        Ok(sealed.map(|leaf| Removed { leaf, source, target, gaps_waiting, requests_opened }))
    })
    .await
}

/// The connection that is meant: by its exact name, or by a tenant's name however it is written.
fn find(all: Vec<Connection>, target: &str, source: Option<Source>) -> Result<Connection, DecisionFault> {
    let known = all.iter().map(|one| one.target.as_str()).collect::<Vec<_>>().join(", ");
    let tenant = tenant_name(target).ok();
    let is_meant = |one: &Connection| {
        source.is_none_or(|source| one.source == source)
            && (one.target == target || (one.source == Source::Graph && tenant.as_ref() == Some(&one.target)))
    };
    let mut meant: Vec<Connection> = all.into_iter().filter(is_meant).collect();
    match (meant.pop(), meant.is_empty()) {
        (Some(connection), true) => Ok(connection),
        (Some(connection), false) => {
            let kinds = meant.iter().chain([&connection]).map(|one| one.source.as_str()).collect::<Vec<_>>();
            Err(DecisionFault::SeveralTargets { target: target.to_owned(), known: kinds.join(" and ") })
        }
        (None, _) => Err(DecisionFault::NoSuchTarget {
            target: target.to_owned(),
            known: if known.is_empty() { "nothing".to_owned() } else { known },
        }),
    }
}
