//! The organization itself and its signing keys against the records that say them.

use countersign_seal::note::VerifyingKey;
use countersign_seal::record::Key;

use super::rows::differing;
use super::{Difference, kinds};
use crate::app::App;
use crate::model::organization::Organization;
use crate::pipeline::fault::CommitFault;
use crate::pipeline::replay::introduction::introduction;
use crate::store::{OrgScope, OrganizationUpdate, Row, RowsOf, organization_told, row_saying};

/// Name, model, frameworks, time zone and settings, as the organization was added and changed since. Older ledgers do not
/// say how it began.
pub(super) async fn organization(
    app: &App,
    of: &Organization,
    changed: Vec<OrganizationUpdate>,
) -> Result<Vec<Difference>, CommitFault> {
    let Some(mut introduced) = introduction(app, of.id).await?.filter(|one| one.is_recorded) else {
        return Ok(Vec::new());
    };
    for update in changed {
        update.apply(&mut introduced.organization, &mut introduced.settings);
    }
    let told = organization_told(&introduced.organization, &introduced.settings)?;
    let stored = app.store.rows_of(&OrgScope::of(of), RowsOf::Organization).await?;
    Ok(differing(&[told], &stored, &kinds::ORGANIZATION))
}

/// Every key that a record brought in. A key that no record names signs nothing and may be there.
pub(super) async fn keys(app: &App, scope: &OrgScope, brought_in: &[Key]) -> Result<Vec<Difference>, CommitFault> {
    let told = brought_in.iter().map(key_told).collect::<Result<Vec<_>, _>>()?;
    let mut stored = app.store.rows_of(scope, RowsOf::Keys).await?;
    stored.retain(|row| told.iter().any(|key| key.get("key_id") == row.get("key_id")));
    Ok(differing(&told, &stored, &kinds::KEY))
}

fn key_told(brought: &Key) -> Result<Row, CommitFault> {
    let key = VerifyingKey::from_facts(&brought.key)?;
    Ok(row_saying([
        ("key_id", hex::encode(key.id())),
        ("name", key.name().to_owned()),
        ("public_key", hex::encode(key.as_bytes())),
    ]))
}
