//! The zip an auditor takes away: the records of a period that bear on a framework, their bytes, reports, proofs.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::path::{Path, PathBuf};

use countersign_seal::archive::DEFAULT_LEVEL;
use countersign_seal::digest::Digest;
use countersign_seal::ledger::Nodes;
use countersign_seal::manifest::REPORT_KIND;
use countersign_seal::names;
use countersign_seal::package::{About, ListedPackage, PackageWriter, ask_for_finish, ask_for_list};
use countersign_seal::record::{Head, Record, Report, Statement, parse_artifact_line};
use countersign_seal::tiles::SparseTiles;

use super::DeliverFault;
use super::reports::{Basis, Draft};
use crate::app::App;
use crate::app::signing::KEY_RECORD;
use crate::config::data_folder::create_private;
use crate::model::evidence::RawArtifact;
use crate::model::id::{FrameworkId, ReportId};
use crate::model::organization::Organization;
use crate::model::time::Timestamp;
use crate::pipeline::commit::{Committed, Entrant, commit};
use crate::pipeline::fault::{CommitFault, blocking};
use crate::pipeline::objects::{FetchedArchive, read_objects};
use crate::pipeline::proofs::nodes_for;
use crate::pipeline::records;
use crate::render::Engine;
use crate::store::{IndexRows, OrgScope, ReportRow};

/// What goes into a package.
#[derive(Debug, Clone)]
pub struct PackageRequest {
    pub framework: FrameworkId,
    /// Records committed before this are left out; none means from the beginning.
    pub from: Option<Timestamp>,
    /// What was known at this moment.
    pub as_of: Timestamp,
    /// The file to write; none means a name in the organization's reports folder.
    pub out: Option<PathBuf>,
}

type PackageFile = std::io::BufWriter<std::fs::File>;

/// Writes a package, seals its list and closes it with the signed checkpoint. Returns the absolute path.
pub async fn write(app: &App, organization: &Organization, request: &PackageRequest) -> Result<PathBuf, DeliverFault> {
    let scope = OrgScope::of(organization);
    let basis = Basis::gather(app, organization, &request.framework, request.as_of).await?;
    let drafts = basis.drafts(app, &Engine::new(None)?)?;
    let path = if let Some(named) = &request.out {
        std::path::absolute(named).map_err(|source| DeliverFault::Write { path: named.clone(), source })?
    } else {
        let name = format!("{}-{}-{}", organization.slug, request.framework, basis.now.for_file_names());
        let of_moment = app.data.reports_folder(organization.slug.as_str()).join(name);
        let as_zip = |stem: &Path| PathBuf::from(format!("{}.zip", stem.display()));
        as_zip(&super::first_free(&of_moment, |stem| as_zip(stem).exists())?)
    };
    if path.exists() {
        return Err(DeliverFault::Exists(path));
    }
    let first = first_leaf(app, &scope, request.from).await?;
    let (records, chosen) = choose(app, &scope, first, basis.head.size, &request.framework).await?;
    let (objects, deleted) = objects_of(app, &scope, &chosen).await?;
    // The package speaks of the leaves up to `as_of`, but is proved to the newest head: what is needed to check it (the
    // record of a later key) may be younger than what it speaks of.
    let head = app.store.head(&scope).await?.unwrap_or_else(|| basis.head.clone());
    let about = About {
        organization: records::organization(&scope)?,
        title: format!(
            "{}: {} evidence as of {}",
            organization.name,
            basis.framework.title,
            request.as_of.for_people()
        ),
        created: records::time(basis.now)?,
        first,
        end: basis.head.size,
        head: Head { size: head.size, root: head.root },
        key: app.verifying_key(&scope).await.map_err(CommitFault::from)?,
        left_out_because: format!("It does not bear on {}.", basis.framework.title),
    };
    if records == 0 {
        return Err(DeliverFault::EmptyPeriod);
    }
    let staged = Staged(app.data.staging_folder().join(format!("package-{}.zip", uuid::Uuid::now_v7())));
    let ask = |nodes: &dyn Nodes| ask_for_list(nodes, &about, chosen.keys().copied());
    let nodes = nodes_for(app, &scope, about.head, ask).await?;
    let contents = Contents { about, chosen, drafts, objects, deleted, nodes };
    let at = staged.0.clone();
    let listed = work(move || contents.list(&at)).await?;

    let (committed, record) = seal_list(app, &scope, &basis, &listed, &path).await?;
    let leaf = committed.admitted.first().map_or(0, |admitted| admitted.leaf);
    let signed = committed.signed;
    let (from, to) = (listed.head().size, signed.checkpoint.head());
    let nodes = nodes_for(app, &scope, to, |nodes| ask_for_finish(nodes, from, leaf, to.size)).await?;
    work(move || {
        let writer = listed.finish(&signed, &record, leaf, &nodes)?;
        let unwritten = |source| DeliverFault::Write { path: PathBuf::from("the package"), source };
        let file = writer.into_inner().map_err(|fault| unwritten(fault.into_error()))?;
        file.sync_all().map_err(unwritten)
    })
    .await?;
    publish(&staged.0, &path)?;
    Ok(path)
}

/// A package that is being made; what did not get to its place is removed, so that it does not fill the disk.
struct Staged(PathBuf);

impl Drop for Staged {
    fn drop(&mut self) {
        std::fs::remove_file(&self.0).ok();
    }
}

/// Everything that goes into the first step of a package.
struct Contents {
    about: About,
    chosen: BTreeMap<u64, Record>,
    drafts: Vec<Draft>,
    objects: Vec<(FetchedArchive, Vec<(Digest, u64)>)>,
    /// Objects that were deleted under retention, with the reason.
    deleted: Vec<(Digest, String)>,
    nodes: SparseTiles,
}

impl Contents {
    fn list(self, path: &Path) -> Result<ListedPackage<PackageFile>, DeliverFault> {
        let fault = |source| DeliverFault::Write { path: path.to_owned(), source };
        let file = std::fs::File::options().create_new(true).read(true).write(true).open(path).map_err(fault)?;
        #[cfg(unix)]
        file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o600)).map_err(fault)?;
        let mut writer = PackageWriter::new(PackageFile::new(file), self.about, DEFAULT_LEVEL)?;
        for draft in &self.drafts {
            writer.add_report(&draft.file, draft.bytes.len() as u64, draft.bytes.as_slice())?;
        }
        for (archive, objects) in &self.objects {
            let mut container = archive.open()?;
            for (digest, size) in objects {
                let stream = container.stream(&names::object_entry(digest)).map_err(CommitFault::from)?;
                writer.add_object(*digest, *size, stream)?;
            }
        }
        for (object, reason) in &self.deleted {
            writer.leave_out_object(*object, reason);
        }
        for (leaf, record) in self.chosen {
            writer.add_record(leaf, record);
        }
        Ok(writer.list(&self.nodes)?)
    }
}

/// Leaf of the first record committed at or after `from`.
async fn first_leaf(app: &App, scope: &OrgScope, from: Option<Timestamp>) -> Result<u64, DeliverFault> {
    let Some(from) = from else { return Ok(0) };
    let before = app.store.head_as_of(scope, Some(from)).await?;
    Ok(before.map_or(0, |head| head.size))
}

/// The records of the period that bear on the framework, and how many the period has. The records of all keys always
/// come along, because without them no signature can be checked.
async fn choose(
    app: &App,
    scope: &OrgScope,
    first: u64,
    end: u64,
    framework: &FrameworkId,
) -> Result<(u64, BTreeMap<u64, Record>), DeliverFault> {
    let datasets: BTreeSet<String> = app
        .catalog
        .checks_of_framework(framework)
        .flat_map(|check| check.datasets())
        .map(ToString::to_string)
        .collect();
    let mut chosen = BTreeMap::new();
    for leaf in app.store.leaves_of_kind(scope, KEY_RECORD).await? {
        chosen.insert(leaf.leaf, Record::parse(leaf.body.as_bytes())?);
    }
    let mut next = first;
    while next < end {
        let some = app.store.leaves(scope, next, 1000.min(end - next)).await?;
        if some.is_empty() {
            break;
        }
        for leaf in some {
            next = leaf.leaf + 1;
            let record = Record::parse(leaf.body.as_bytes())?;
            if bears_on(&record, &datasets, framework)? {
                chosen.insert(leaf.leaf, record);
            }
        }
    }
    Ok((end.saturating_sub(first), chosen))
}

fn bears_on(record: &Record, datasets: &BTreeSet<String>, framework: &FrameworkId) -> Result<bool, DeliverFault> {
    Ok(match record.statement()? {
        Some(Statement::Evidence(evidence)) => evidence.source == "import" || datasets.contains(&evidence.dataset),
        Some(Statement::Responsibility(matrix)) => matrix.framework == framework.as_str(),
        Some(Statement::Report(report)) => {
            report.kind != REPORT_KIND && report.framework.is_none_or(|of| of == framework.as_str())
        }
        Some(Statement::Attestation(attestation)) => attestation.framework == framework.as_str(),
        Some(Statement::Judgement(_) | Statement::Change(_) | Statement::Key(_) | Statement::Deletion(_)) | None => {
            true
        }
    })
}

type Located = Vec<(FetchedArchive, Vec<(Digest, u64)>)>;

/// The bytes that the chosen records name, by the archive that holds them, and those that were deleted.
async fn objects_of(
    app: &App,
    scope: &OrgScope,
    chosen: &BTreeMap<u64, Record>,
) -> Result<(Located, Vec<(Digest, String)>), DeliverFault> {
    let mut wanted: BTreeSet<Digest> = BTreeSet::new();
    let mut lists = BTreeSet::new();
    for record in chosen.values() {
        wanted.extend(record.artifacts().iter().map(|artifact| artifact.sha256));
        lists.extend(record.artifact_list().map(|list| list.sha256));
    }
    for list in read_objects(app, scope, lists.iter().copied()).await?.values() {
        for line in list.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
            wanted.insert(parse_artifact_line(line)?.sha256);
        }
    }
    wanted.extend(lists);
    let wanted: Vec<Digest> = wanted.into_iter().collect();
    let mut by_archive: BTreeMap<String, Vec<(Digest, u64)>> = BTreeMap::new();
    for (digest, location) in app.store.object_locations(scope, &wanted).await? {
        by_archive.entry(location.archive).or_default().push((digest, location.size));
    }
    let mut fetched = Vec::with_capacity(by_archive.len());
    for (name, objects) in by_archive {
        fetched.push((FetchedArchive::fetch(app, scope, &name).await?, objects));
    }
    Ok((fetched, reasons(app, scope, &wanted).await?))
}

/// Which of these bytes were deleted, and why.
async fn reasons(app: &App, scope: &OrgScope, wanted: &[Digest]) -> Result<Vec<(Digest, String)>, DeliverFault> {
    let mut bases: BTreeMap<u64, String> = BTreeMap::new();
    let mut reasons = Vec::new();
    for (object, deleted) in app.store.deleted_objects(scope, wanted).await? {
        if !bases.contains_key(&deleted.leaf) {
            for stored in app.store.leaves(scope, deleted.leaf, 1).await? {
                if let Some(Statement::Deletion(said)) = Record::parse(stored.body.as_bytes())?.statement()? {
                    bases.insert(stored.leaf, said.basis);
                }
            }
        }
        // Without its record the package cannot say why, and is refused when it is made.
        if let Some(basis) = bases.get(&deleted.leaf) {
            reasons.push((object, format!("deleted under: {basis} (record {})", deleted.leaf)));
        }
    }
    Ok(reasons)
}

/// Commits the record that names the package's list.
async fn seal_list(
    app: &App,
    scope: &OrgScope,
    basis: &Basis<'_>,
    listed: &ListedPackage<PackageFile>,
    path: &Path,
) -> Result<(Committed, Record), DeliverFault> {
    let sums = listed.sums().to_vec();
    let artifact = listed.artifact();
    let statement = Report {
        organization: records::organization(scope)?,
        at: records::time(basis.now)?,
        kind: REPORT_KIND.to_owned(),
        framework: Some(basis.framework.id.to_string()),
        as_of: records::time(basis.as_of)?,
        catalog: app.catalog.digest,
        checkpoint: listed.head(),
        artifacts: Vec::new(),
        artifact_list: None,
    };
    let sha256 = artifact.sha256;
    let entrant = Entrant {
        artifacts: vec![RawArtifact::in_memory(artifact.name, artifact.media_type, sums)],
        statement: Box::new(move |artifacts| Ok(Report { artifacts, ..statement }.into())),
        order: Default::default(),
    };
    let index = |committed: &Committed| IndexRows {
        reports: committed
            .admitted
            .iter()
            .map(|admitted| ReportRow {
                id: ReportId::fresh(),
                kind: REPORT_KIND.to_owned(),
                framework: Some(basis.framework.id.clone()),
                as_of: basis.as_of,
                path: path.display().to_string(),
                sha256,
                leaf: admitted.leaf,
                created_at: basis.now,
            })
            .collect(),
        ..IndexRows::default()
    };
    let committed = commit(app, scope, vec![entrant], index).await?;
    let leaf = committed.admitted.first().map_or(0, |admitted| admitted.leaf);
    let stored = app.store.leaves(scope, leaf, 1).await?;
    let body = stored.into_iter().next().map(|leaf| leaf.body).unwrap_or_default();
    Ok((committed, Record::parse(body.as_bytes())?))
}

/// Moves the finished package to its place.
fn publish(staged: &Path, path: &Path) -> Result<(), DeliverFault> {
    let fault = |source| DeliverFault::Write { path: path.to_owned(), source };
    if let Some(folder) = path.parent() {
        create_private(folder).map_err(fault)?;
    }
    if std::fs::rename(staged, path).is_ok() {
        return Ok(());
    }
    // Another file system: copy under an unfinished name, then rename there.
    let unfinished = path.with_extension("zip.unfinished");
    let mut source = std::fs::File::open(staged).map_err(fault)?;
    let mut target = std::fs::File::create(&unfinished).map_err(fault)?;
    std::io::copy(&mut source, &mut target).map_err(fault)?;
    target.flush().and_then(|()| target.sync_all()).map_err(fault)?;
    std::fs::rename(&unfinished, path).map_err(fault)
}

/// Runs work that compresses and hashes away from the async threads.
async fn work<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, DeliverFault> + Send + 'static,
) -> Result<T, DeliverFault> {
    blocking(move || Ok(work())).await?
}
