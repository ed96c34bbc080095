//! Makes an organization's signing keys and replaces them.
//!
//! A rotation is a record of the ledger: the head of the commit that brings the new key in is signed by the key before,
//! every later head by the new one. The new seed is durable before that commit, so a process that dies leaves either the
//! old key in force (and a seed that nobody uses) or the new one. The old seed is kept: nothing is signed with it again,
//! but a restored, older ledger could need it. Start with [`rotate`].

use countersign_seal::note::{SigningKey, VerifyingKey, origin};
use countersign_seal::record::{Key, KeyEvent};

use super::commit::commit;
use super::fault::CommitFault;
use super::roll_forward::roll_forward;
use super::{RunFault, enrol, records};
use crate::app::signing::CHECKPOINT;
use crate::app::{App, signing_purpose};
use crate::config::secret_key::{SealedSecret, random};
use crate::model::organization::Organization;
use crate::model::time::Timestamp;
use crate::store::{IndexRows, OrgScope, SigningKeyRow};

/// A key that was just made. Its seed exists only sealed.
pub struct FreshKey {
    pub key: VerifyingKey,
    pub row: SigningKeyRow,
    pub sealed_seed: SealedSecret,
}

/// What a rotation came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rotation {
    pub old: VerifyingKey,
    pub new: VerifyingKey,
    /// Leaf of the record that brought the new key in.
    pub leaf: u64,
    /// The first head that the new key signed, as a signed note.
    pub checkpoint: String,
}

/// Makes a key for an organization and seals its seed. Every seed of a signing key is born here: who keeps seeds
/// elsewhere too, keeps them from here.
pub fn make(app: &App, scope: &OrgScope, now: Timestamp) -> Result<FreshKey, RunFault> {
    let seed = random::<32>()?;
    let key = SigningKey::from_seed(&origin(&records::organization(scope)?), *seed)?.verifying_key();
    let sealed_seed = app.secret_key.seal(&signing_purpose(scope), seed.as_ref())?;
    let row = SigningKeyRow {
        key_id: hex::encode(key.id()),
        name: key.name().to_owned(),
        public_key: key.as_bytes().to_vec(),
        introduced_at: now,
    };
    // The file first: a key that the database knows has a seed that outlives the database.
    app.keep_seed(scope.id(), &row.key_id, &sealed_seed)?;
    Ok(FreshKey { key, row, sealed_seed })
}

/// Replaces the key that signs the organization's ledger.
pub async fn rotate(app: &App, organization: &Organization) -> Result<Rotation, RunFault> {
    let scope = OrgScope::of(organization);
    roll_forward(app, &scope).await?;
    enrol::ensure_ledger(app, organization).await?;
    let new = prepare(app, &scope).await?;
    bring_in(app, &scope, &new).await
}

/// The first half of a rotation: a new key whose seed is durable and that signs nothing yet.
pub async fn prepare(app: &App, scope: &OrgScope) -> Result<VerifyingKey, RunFault> {
    let fresh = make(app, scope, app.clock.now())?;
    app.store.add_signing_key(scope, &fresh.row, &fresh.sealed_seed).await?;
    Ok(fresh.key)
}

/// The second half: the record that brings the key in, under a head of the old key; then the old key's retirement,
/// under the first head of the new one, so that the new key has shown that it signs.
pub async fn bring_in(app: &App, scope: &OrgScope, new: &VerifyingKey) -> Result<Rotation, RunFault> {
    let old = app.verifying_key(scope).await?;
    let leaf = say(app, scope, KeyEvent::Rotated, new).await?.0;
    let (_, checkpoint) = say(app, scope, KeyEvent::Retired, &old).await?;
    Ok(Rotation { old, new: new.clone(), leaf, checkpoint })
}

async fn say(app: &App, scope: &OrgScope, event: KeyEvent, key: &VerifyingKey) -> Result<(u64, String), CommitFault> {
    let statement = Key {
        organization: records::organization(scope)?,
        at: records::time(app.clock.now())?,
        event,
        key: key.facts(CHECKPOINT),
    };
    let committed =
        commit(app, scope, vec![records::without_artifacts(statement.into())], |_| IndexRows::default()).await?;
    let leaf = committed.admitted.first().map_or(0, |admitted| admitted.leaf);
    Ok((leaf, committed.signed.note))
}
