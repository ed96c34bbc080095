//! What deletion records say is gone, known before anything is walked through: which archive is in the place of which,
//! and which objects are missing with reason.

use std::collections::BTreeMap;
use std::sync::Arc;

use countersign_seal::deleted::Deleted;
use countersign_seal::digest::Digest;
use countersign_seal::log::Entry;
use countersign_seal::names;
use countersign_seal::record::{Deletion, Record, Statement};

use crate::app::App;
use crate::pipeline::fault::{CommitFault, blocking};
use crate::pipeline::objects::FetchedArchive;
use crate::store::OrgScope;

/// What all deletion records together say.
#[derive(Debug, Default)]
pub(super) struct Gone {
    /// Archives by what came in their place.
    replaced: BTreeMap<String, String>,
    /// Objects by the leaf of the newest record that deleted them.
    objects: BTreeMap<Digest, u64>,
}

impl Gone {
    /// Reads every deletion record the database holds; that they are the ledger's is seen later.
    pub(super) async fn read(app: &App, scope: &OrgScope, entries: &[Entry]) -> Result<Self, CommitFault> {
        let mut said = Vec::new();
        for stored in app.store.leaves_of_kind(scope, "deletion/1").await? {
            let record = Record::parse(stored.body.as_bytes()).and_then(|record| record.statement());
            if let Ok(Some(Statement::Deletion(deletion))) = record {
                said.push((stored.leaf, deletion));
            }
        }
        let mut gone = Self::default();
        for (_, deletion) in &said {
            for one in &deletion.archives {
                gone.replaced.insert(one.was.name.clone(), one.now.name.clone());
            }
        }
        let mut lists: BTreeMap<Digest, Vec<Digest>> = BTreeMap::new();
        for (leaf, deletion) in &said {
            let [list] = &deletion.artifacts;
            let entry = entries.iter().find(|entry| entry.first_leaf <= *leaf && *leaf < entry.size_after());
            if let Some(entry) = entry
                && !lists.contains_key(&list.sha256)
                && let Some(read) = gone.list(app, scope, entry, deletion).await?
            {
                lists.insert(list.sha256, read);
            }
            for object in lists.get(&list.sha256).into_iter().flatten() {
                let newest = gone.objects.entry(*object).or_default();
                *newest = (*newest).max(*leaf);
            }
        }
        Ok(gone)
    }

    /// The archive in the place of another now, or none when the vault has none.
    pub(super) async fn archive(
        &self,
        app: &App,
        scope: &OrgScope,
        name: &str,
    ) -> Result<Option<FetchedArchive>, CommitFault> {
        let mut name = name;
        for _ in 0..=self.replaced.len() {
            if let Some(found) = FetchedArchive::in_place(app, scope, name).await? {
                return Ok(Some(found));
            }
            let Some(next) = self.replaced.get(name) else { break };
            name = next;
        }
        Ok(None)
    }

    /// Whether a record at or after a leaf deleted an object.
    pub(super) fn is_deleted_after(&self, object: &Digest, leaf: u64) -> bool {
        self.objects.get(object).is_some_and(|newest| *newest >= leaf)
    }

    async fn list(
        &self,
        app: &App,
        scope: &OrgScope,
        entry: &Entry,
        deletion: &Deletion,
    ) -> Result<Option<Vec<Digest>>, CommitFault> {
        let Some(archive) = self.archive(app, scope, &entry.archive.name).await? else { return Ok(None) };
        let archive = Arc::new(archive);
        let [list] = deletion.artifacts.clone();
        blocking(move || {
            let mut container = archive.open()?;
            let name = names::object_entry(&list.sha256);
            if container.size(&name).is_none() {
                return Ok(None);
            }
            let bytes = container.read(&name, list.size)?;
            let lines = bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
            Ok(Some(lines.map(|line| Deleted::parse(line).map(|one| one.sha256)).collect::<Result<_, _>>()?))
        })
        .await
    }
}
