//! Which key signs an organization's ledger: the last one that a `key/1` record of the ledger brought in.
//!
//! The database keeps the seeds, several an organization; it never decides. A key whose record was not committed signs
//! nothing, and a key whose record is committed signs every later head, whatever happened to the process in between.

use countersign_seal::note::{SigningKey, VerifyingKey};
use countersign_seal::record::{KeyEvent, Record, Statement, Time};

use super::{App, AppFault, signing_purpose};
use crate::store::{OrgScope, StoredLeaf};

/// What the keys that sign heads are for, in `key/1` records.
pub const CHECKPOINT: &str = "checkpoint";

/// The type of records about keys.
pub const KEY_RECORD: &str = "key/1";

/// Something that a record of the ledger says of a key that signs heads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyStep {
    /// Leaf of the record.
    pub leaf: u64,
    pub at: Time,
    pub event: KeyEvent,
    pub key: VerifyingKey,
}

impl App {
    /// The key that signs the next head.
    pub async fn signing_key(&self, scope: &OrgScope) -> Result<SigningKey, AppFault> {
        let key = self.verifying_key(scope).await?;
        let id = hex::encode(key.id());
        let sealed = match self.store.sealed_seed(scope, key.as_bytes()).await? {
            Some(sealed) => Some(sealed),
            None => self.kept_seed(scope.id(), &id)?,
        };
        let sealed = sealed.ok_or(AppFault::NoSeed { organization: scope.id(), key: id })?;
        let seed = self.secret_key.open(&signing_purpose(scope), &sealed)?;
        let seed: [u8; 32] = seed.as_slice().try_into().map_err(|_| AppFault::Seed)?;
        Ok(SigningKey::from_seed(key.name(), seed)?)
    }

    /// The public half of the key that signs the next head.
    pub async fn verifying_key(&self, scope: &OrgScope) -> Result<VerifyingKey, AppFault> {
        self.key_in_force(scope, u64::MAX).await
    }

    /// The key that signs the head of a commit whose first leaf is `leaf`: what the records before it say. A ledger
    /// that says nothing yet is signed by the first key that was made.
    pub async fn key_in_force(&self, scope: &OrgScope, leaf: u64) -> Result<VerifyingKey, AppFault> {
        let steps = self.key_history(scope).await?;
        let before = steps.into_iter().rfind(|step| step.leaf < leaf && step.event != KeyEvent::Retired);
        if let Some(step) = before {
            return Ok(step.key);
        }
        let first = self.store.signing_keys(scope).await?.into_iter().next();
        let row = first.ok_or_else(|| AppFault::NoKey(scope.id()))?;
        let public: [u8; 32] = row.public_key.as_slice().try_into().map_err(|_| AppFault::Seed)?;
        Ok(VerifyingKey::from_bytes(&row.name, &public)?)
    }

    /// What the ledger says of its keys, in order.
    pub async fn key_history(&self, scope: &OrgScope) -> Result<Vec<KeyStep>, AppFault> {
        let mut steps = Vec::new();
        for stored in self.store.leaves_of_kind(scope, KEY_RECORD).await? {
            steps.extend(step(&stored)?);
        }
        Ok(steps)
    }
}

fn step(stored: &StoredLeaf) -> Result<Option<KeyStep>, AppFault> {
    let altered = || AppFault::AlteredKeyRecord { leaf: stored.leaf };
    let record = Record::parse(stored.body.as_bytes()).map_err(|_| altered())?;
    if record.leaf_hash() != stored.hash {
        return Err(altered());
    }
    let Ok(Some(Statement::Key(said))) = record.statement() else { return Err(altered()) };
    if said.key.purpose != CHECKPOINT {
        return Ok(None);
    }
    let key = VerifyingKey::from_facts(&said.key)?;
    Ok(Some(KeyStep { leaf: stored.leaf, at: said.at, event: said.event, key }))
}
