//! What people state of controls, and what they take out of what is asked, opens and closes requests at once: in the
//! decision's own commit, so that no list asks for what was answered a minute ago.
//!
//! Beside the decision goes one `change/1` record that names it; its artifact is the requests that moved. Where none
//! moved there is none. Start with [`decide_and_follow`].

use countersign_seal::digest::Digest;
use countersign_seal::record::Artifact;
use serde_json::json;

use super::{DecisionFault, Draft, REQUESTS, change, reading, row, seal, with_artifacts};
use crate::app::App;
use crate::model::decision::Decisions;
use crate::model::gap::EvidenceRequest;
use crate::model::organization::Organization;
use crate::model::time::Timestamp;
use crate::pipeline::deciding::on_the_ledger;
use crate::pipeline::standing::Standing;
use crate::pipeline::{outcome_lines, records};
use crate::store::OrgScope;

/// Decides as [`super::decide_one`] does, and seals with the decision which requests it opens and closes. Returns the leaf
/// of the decision.
pub(super) async fn decide_and_follow<M>(app: &App, organization: &Organization, make: M) -> Result<u64, DecisionFault>
where
    M: AsyncFn(&OrgScope, &Decisions, Timestamp) -> Result<Draft, DecisionFault>,
{
    on_the_ledger(app, organization, async |lease, size| {
        let (scope, now) = (lease.scope(), app.clock.now());
        let decisions = super::known(app, scope, now).await?;
        let draft = make(scope, &decisions, now).await?;
        let requests = requests_after(app, scope, &draft, size, now).await?;
        let mut drafts = vec![draft];
        if !requests.is_empty() {
            let subject = (REQUESTS, scope.id().to_string());
            let mut moved = change(scope, records::the_product(), now, subject, [("decided_by", json!(size))])?;
            moved.artifacts = outcome_lines::followed(&[], &requests)?;
            drafts.push(moved);
        }
        let committed = seal(lease, size, drafts, requests).await?;
        Ok(committed.map(|committed| committed.admitted.first().map_or(size, |admitted| admitted.leaf)))
    })
    .await
}

/// The requests that move once a decision stands on the leaf `leaf`.
async fn requests_after(
    app: &App,
    scope: &OrgScope,
    draft: &Draft,
    leaf: u64,
    now: Timestamp,
) -> Result<Vec<EvidenceRequest>, DecisionFault> {
    let today = app.store.organization_of(scope).await?;
    let mut standing = Standing::known(app, &today, now).await?;
    // Statuses ask which documents there are, not what is in them: they are hashed when they are sealed.
    let named = draft.artifacts.iter().map(|one| Artifact {
        name: one.name.clone(),
        sha256: Digest::empty(),
        size: 0,
        media_type: one.media_type.clone(),
    });
    let mut rows = app.store.decisions(scope, now).await?;
    rows.extend(row(leaf, &with_artifacts(draft.statement.clone(), named.collect()))?);
    standing.decisions = reading::read(rows)?;
    Ok(standing.requests_followed(now))
}
