//! Deciding on what a ledger says, and sealing the decision on exactly that ledger.
//!
//! While somebody decides, the ledger is held; should another writer be first nevertheless, the decision is made anew on what
//! that writer left. So two people can never decide on the same state of things, each unaware of the other.

use super::commit::TRIES;
use super::fault::CommitFault;
use super::lease::Lease;
use super::{RunFault, enrol, roll_forward};
use crate::app::App;
use crate::model::organization::Organization;
use crate::store::OrgScope;

/// Holds the organization's ledger and lets `decide` look at it and seal what follows. It is told how many leaves there
/// are, and answers none when the ledger had grown when it came to sealing.
pub(super) async fn on_the_ledger<T, F, D>(app: &App, organization: &Organization, decide: D) -> Result<T, F>
where
    F: From<RunFault> + From<CommitFault>,
    D: AsyncFn(&Lease<'_>, u64) -> Result<Option<T>, F>,
{
    let scope = OrgScope::of(organization);
    let size = async || app.store.head(&scope).await.map(|head| head.map_or(0, |head| head.size));
    roll_forward::roll_forward(app, &scope).await?;
    enrol::ensure_ledger(app, organization).await?;
    let lease = Lease::take(app, &scope, size().await.map_err(CommitFault::from)?).await?;
    let work = async {
        for _ in 0..TRIES {
            Box::pin(roll_forward::under_lease(&lease)).await?;
            if let Some(done) = decide(&lease, size().await.map_err(CommitFault::from)?).await? {
                return Ok(done);
            }
        }
        Err(CommitFault::Contended.into())
    };
    let done = lease.during(Box::pin(work)).await;
    lease.release().await;
    done
}
