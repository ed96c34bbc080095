//! Proofs out of an organization's ledger: that a record is under a head, that one head continues another.
//!
//! Nothing is handed out unchecked: the nodes must lead to the signed head, the record must have its leaf's hash, and each
//! proof is verified with the code that readers verify it with. Start with [`inclusion`] and [`consistency`].

use countersign_seal::digest::Digest;
use countersign_seal::ledger::{self, LedgerError, Nodes, leaf_hash};
use countersign_seal::note::{self, Checkpoint, NoteError};
use countersign_seal::proof::{Consistency, Inclusion};
use countersign_seal::record;
use countersign_seal::tiles::{self, SparseTiles};

use super::fault::CommitFault;
use super::roll_forward::roll_forward;
use crate::app::App;
use crate::store::{Head, OrgScope};

/// Why there is no proof.
#[derive(Debug, thiserror::Error)]
pub enum ProofFault {
    #[error(transparent)]
    Commit(#[from] CommitFault),
    #[error("the ledger has no record yet")]
    Empty,
    #[error("the ledger cannot answer that")]
    Ledger(#[from] LedgerError),
    #[error("record {leaf} has no proof under a head of {size} leaves: it is younger; name a size above {leaf}")]
    TooYoung { leaf: u64, size: u64 },
    #[error("the text is no checkpoint")]
    NotACheckpoint(#[source] NoteError),
    #[error("the checkpoint is of `{found}`, this ledger is `{wanted}`")]
    OtherLedger { wanted: String, found: String },
    #[error("the checkpoint is signed by no key of this ledger (countersign key list shows them); it proves nothing")]
    ForeignKey,
    /// Evidence was altered: the ledger does not say what it said before.
    #[error("{place}: expected {expected}, found {found}; run countersign verify")]
    Altered { place: String, expected: String, found: String },
}

/// A head that proofs lead to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProvenHead {
    pub size: u64,
    pub root: Digest,
    /// The signed note, where a head of exactly this size was signed.
    pub checkpoint: Option<String>,
}

/// A record with the proof that it is under a head.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProvenRecord {
    pub proof: Inclusion,
    /// Canonical JSON.
    pub record: String,
    pub leaf_hash: Digest,
    pub head: ProvenHead,
}

/// Two heads with the proof that the younger continues the older.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProvenHeads {
    pub proof: Consistency,
    pub from: ProvenHead,
    pub to: ProvenHead,
}

/// The older head somebody asks about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Since {
    Size(u64),
    /// A signed note that was kept.
    Note(String),
}

/// The proof that record `leaf` is under the head of `size` leaves; without a size, under the newest signed head.
pub async fn inclusion(app: &App, scope: &OrgScope, leaf: u64, size: Option<u64>) -> Result<ProvenRecord, ProofFault> {
    let newest = newest(app, scope).await?;
    let size = size.unwrap_or(newest.size);
    if leaf >= size {
        return Err(ProofFault::TooYoung { leaf, size });
    }
    let ask = |nodes: &dyn Nodes| {
        nodes.root_at(size)?;
        nodes.inclusion(leaf, size).map(|_| nodes.leaf(leaf))
    };
    let nodes = nodes_for(app, scope, record::Head { size: newest.size, root: newest.root }, ask).await?;
    let head = head_at(app, scope, &nodes, size).await?;
    let stored = app.store.leaves(scope, leaf, 1).await.map_err(CommitFault::from)?;
    let record = stored.into_iter().find(|stored| stored.leaf == leaf).map(|stored| stored.body).unwrap_or_default();
    let found = leaf_hash(record.as_bytes());
    let proof = Inclusion { leaf, size, path: nodes.inclusion(leaf, size)? };
    if !ledger::verify_inclusion(&found, leaf, size, &proof.path, &head.root) {
        let expected = nodes.leaf(leaf).map(|hash| format!("hash {hash}")).unwrap_or_default();
        return Err(altered(format!("record {leaf} in the database"), expected, format!("hash {found}")));
    }
    Ok(ProvenRecord { proof, record, leaf_hash: found, head })
}

/// The proof that the head of `size` leaves (the newest signed one without a size) continues an older head.
pub async fn consistency(
    app: &App,
    scope: &OrgScope,
    since: &Since,
    size: Option<u64>,
) -> Result<ProvenHeads, ProofFault> {
    let newest = newest(app, scope).await?;
    let kept = match since {
        Since::Size(_) => None,
        Since::Note(note) => Some(of_this_ledger(app, scope, note).await?),
    };
    let from = match (since, &kept) {
        (Since::Size(from), _) => *from,
        (Since::Note(_), kept) => kept.as_ref().map_or(0, |kept| kept.size),
    };
    if let Some(kept) = &kept
        && kept.size > newest.size
    {
        let expected = format!("at least {} records, as in the checkpoint you kept", kept.size);
        return Err(altered("the ledger".to_owned(), expected, format!("{}: it was rolled back", newest.size)));
    }
    let size = size.unwrap_or(newest.size);
    let ask = |nodes: &dyn Nodes| {
        nodes.root_at(from)?;
        nodes.root_at(size)?;
        nodes.consistency(from, size)
    };
    let nodes = nodes_for(app, scope, record::Head { size: newest.size, root: newest.root }, ask).await?;
    let to = head_at(app, scope, &nodes, size).await?;
    let from = head_at(app, scope, &nodes, from).await?;
    if let Some(kept) = &kept
        && kept.root != from.root
    {
        let expected = format!("root {} at {} records, as in the checkpoint you kept", kept.root, kept.size);
        return Err(altered("the ledger".to_owned(), expected, format!("root {}: it was rewritten", from.root)));
    }
    let proof = Consistency { from: from.size, to: to.size, path: nodes.consistency(from.size, to.size)? };
    if !ledger::verify_consistency(from.size, to.size, &from.root, &to.root, &proof.path) {
        return Err(altered("the proof".to_owned(), "one that holds".to_owned(), "one that does not".to_owned()));
    }
    Ok(ProvenHeads { proof, from, to })
}

/// The newest signed head, after what the vault knows more was taken over.
pub async fn newest(app: &App, scope: &OrgScope) -> Result<Head, ProofFault> {
    roll_forward(app, scope).await?;
    app.store.head(scope).await.map_err(CommitFault::from)?.ok_or(ProofFault::Empty)
}

/// The tiles that answer what `ask` asks of the tree under a signed head, and no others; they are compared with its root.
/// The one place where proofs learn of hashes.
pub async fn nodes_for<T>(
    app: &App,
    scope: &OrgScope,
    head: record::Head,
    ask: impl FnOnce(&dyn Nodes) -> Result<T, LedgerError>,
) -> Result<SparseTiles, ProofFault> {
    let wanted = tiles::plan(head.size, |nodes| {
        nodes.root_at(head.size)?;
        ask(nodes)
    })?;
    let nodes = app.store.ledger_tiles(scope, head.size, &wanted).await.map_err(CommitFault::from)?;
    let root = nodes.root_at(head.size)?;
    if root == head.root {
        Ok(nodes)
    } else {
        let place = "leaf hashes in the database".to_owned();
        Err(altered(place, format!("those of the signed root {}", head.root), format!("root {root}")))
    }
}

async fn head_at(app: &App, scope: &OrgScope, nodes: &impl Nodes, size: u64) -> Result<ProvenHead, ProofFault> {
    let root = nodes.root_at(size)?;
    let checkpoint = app.store.checkpoint_of_size(scope, size).await.map_err(CommitFault::from)?;
    Ok(ProvenHead { size, root, checkpoint })
}

/// A kept checkpoint, if it is of this ledger and some key of it signed it: anybody can write a false one.
async fn of_this_ledger(app: &App, scope: &OrgScope, note: &str) -> Result<Checkpoint, ProofFault> {
    let claimed = note::claimed_checkpoint(note).map_err(ProofFault::NotACheckpoint)?;
    let wanted = note::origin(&super::records::organization(scope)?);
    if claimed.origin != wanted {
        return Err(ProofFault::OtherLedger { wanted, found: claimed.origin });
    }
    let keys = app.key_history(scope).await.map_err(CommitFault::from)?;
    let signed = keys.iter().find_map(|step| note::open(note, &step.key).ok());
    signed.map(|signed| signed.checkpoint).ok_or(ProofFault::ForeignKey)
}

fn altered(place: String, expected: String, found: String) -> ProofFault {
    ProofFault::Altered { place, expected, found }
}
