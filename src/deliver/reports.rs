//! Reports as files and as leaves of the ledger: readiness and the responsibility matrix of one framework, and the gap
//! list of each party over all of them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use countersign_seal::note::origin;
use countersign_seal::record::{Head, Report};
use serde::Serialize;

use super::{DeliverFault, write_whole};
use crate::app::App;
use crate::assess::verdict::Verdict;
use crate::catalog::form::sealed::ReadBack;
use crate::catalog::framework::Framework;
use crate::model::control::ControlStatus;
use crate::model::evidence::{RawArtifact, SealedEvidence};
use crate::model::id::{FrameworkId, ReportId};
use crate::model::organization::Organization;
use crate::model::responsibility::{MatrixState, Party, ResponsibilityMatrix};
use crate::model::time::Timestamp;
use crate::pipeline::commit::{Committed, Entrant, commit};
use crate::pipeline::decisions::read_back::{Patience, read_back};
use crate::pipeline::frameworks::framework_of;
use crate::pipeline::records;
use crate::pipeline::standing::{Standing, faults};
use crate::render::Engine;
use crate::report::data::LedgerHead;
use crate::report::gaps::{GapsInput, gap_list};
use crate::report::matrix::{MatrixInput, MatrixReport, matrix};
use crate::report::readiness::{ReadinessInput, ReadinessReport, readiness};
use crate::report::{controls_csv, csv, gaps_csv, html, stated};
use crate::store::{self, IndexRows, OrgScope, ReportRow};

/// A file that was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Written {
    /// `readiness`, `controls`, `responsibilities`, `gaps`, `evidence`, `gap_list`.
    pub kind: &'static str,
    /// None: over all frameworks in use.
    pub framework: Option<FrameworkId>,
    pub path: PathBuf,
    pub sha256: countersign_seal::digest::Digest,
    /// Leaf of its `report/1` record.
    pub evidence: u64,
}

/// One file of a report, not yet written.
pub struct Draft {
    pub kind: &'static str,
    pub file: String,
    pub media_type: &'static str,
    pub bytes: Vec<u8>,
}

/// Everything reports of one framework are made from.
pub struct Basis<'a> {
    pub organization: &'a Organization,
    pub framework: &'a Framework,
    pub standing: Standing,
    pub statuses: Vec<ControlStatus>,
    pub verdict: Verdict,
    pub evidence: Vec<SealedEvidence>,
    /// Of the statements that statuses rest on or set aside, what the vault keeps beside their records.
    pub read_back: BTreeMap<u64, ReadBack>,
    pub head: store::Head,
    pub as_of: Timestamp,
    pub now: Timestamp,
}

impl<'a> Basis<'a> {
    /// Gathers what was known about a framework at `as_of`.
    pub async fn gather(
        app: &'a App,
        organization: &'a Organization,
        framework: &FrameworkId,
        as_of: Timestamp,
    ) -> Result<Self, DeliverFault> {
        let framework = framework_of(&app.catalog, organization, framework)?;
        let scope = OrgScope::of(organization);
        let head = app.store.head_as_of(&scope, Some(as_of)).await?;
        let head = head.ok_or_else(|| DeliverFault::NothingSealed(as_of.for_people()))?;
        let standing = Standing::known(app, organization, as_of).await?;
        let mut statuses = standing.statuses_now(as_of);
        statuses.retain(|status| status.framework == framework.id);
        let verdict = standing.whole_verdict(app, &scope, (framework, &statuses), as_of).await?;
        let latest = app.store.latest_evidence(&scope, as_of).await?;
        let mut leaves: BTreeSet<u64> = latest.iter().map(|row| row.sealed.leaf).collect();
        for status in &statuses {
            let bearings = status.objectives.iter().flat_map(|objective| &objective.bearings);
            leaves.extend(bearings.flat_map(|bearing| bearing.evidence.iter().copied()));
        }
        let leaves: Vec<u64> = leaves.into_iter().collect();
        let evidence = app.store.evidence_at(&scope, &leaves).await?.into_iter().map(|row| row.sealed).collect();
        let stated = stated::bearing(&framework.id, &statuses, &standing.decisions);
        let read_back = read_back(app, &scope, stated, Patience::Long).await?;
        let now = app.clock.now();
        Ok(Self { organization, framework, standing, statuses, verdict, evidence, read_back, head, as_of, now })
    }

    fn matrix(&self) -> Option<(&ResponsibilityMatrix, MatrixState)> {
        self.standing.matrices.get(&self.framework.id).map(|(matrix, state)| (matrix, *state))
    }

    /// The readiness report; none when no matrix could be made for the framework.
    pub fn readiness(&self, app: &App) -> Result<Option<ReadinessReport>, DeliverFault> {
        let Some((matrix, matrix_state)) = self.matrix() else { return Ok(None) };
        let input = ReadinessInput {
            organization: self.organization,
            framework: self.framework,
            catalog: &app.catalog,
            statuses: &self.statuses,
            matrix,
            matrix_state,
            gaps: &self.standing.gaps,
            requests: &self.standing.requests,
            decisions: &self.standing.decisions,
            read_back: &self.read_back,
            evidence: &self.evidence,
            checkpoint: Some(checkpoint(self.organization, &self.head)?),
            as_of: self.as_of,
            generated_at: self.now,
        };
        Ok(Some(readiness(input, &self.verdict)))
    }

    /// The responsibility matrix.
    pub fn responsibilities(&self, app: &App) -> Result<Option<MatrixReport>, DeliverFault> {
        let Some((of_framework, matrix_state)) = self.matrix() else { return Ok(None) };
        let versions = self.standing.versions.get(&self.framework.id).map(Vec::as_slice).unwrap_or_default();
        let sealed = versions.iter().find(|one| one.version == of_framework.version);
        Ok(Some(matrix(MatrixInput {
            organization: self.organization,
            framework: self.framework,
            catalog_digest: app.catalog.digest,
            matrix: of_framework,
            matrix_state,
            matrix_digest: sealed.map(|version| version.digest),
            versions,
            people: &self.standing.decisions.people,
            checkpoint: Some(checkpoint(self.organization, &self.head)?),
            as_of: self.as_of,
            generated_at: self.now,
        })))
    }

    /// All files, in memory: readiness, controls, gaps and evidence register, matrix as HTML and CSV.
    pub fn drafts(&self, app: &App, engine: &Engine) -> Result<Vec<Draft>, DeliverFault> {
        let mut drafts = Vec::new();
        let name = &self.framework.id;
        let mut add = |kind, file: String, media_type, bytes| drafts.push(Draft { kind, file, media_type, bytes });
        if let Some(report) = self.readiness(app)? {
            add("readiness", format!("{name}-readiness.html"), "text/html", html::readiness(engine, &report)?);
            add("controls", format!("{name}-controls.csv"), "text/csv", controls_csv::controls(&report)?);
            add("gaps", format!("{name}-gaps.csv"), "text/csv", csv::gaps(&report)?);
            add("evidence", format!("{name}-evidence.csv"), "text/csv", csv::evidence_register(&report)?);
        }
        if let Some(report) = self.responsibilities(app)? {
            let file = format!("{name}-responsibilities");
            add("responsibilities", format!("{file}.html"), "text/html", html::matrix(engine, &report)?);
            add("responsibilities", format!("{file}.csv"), "text/csv", csv::matrix(&report)?);
        }
        Ok(drafts)
    }
}

/// Writes the reports of one framework into `folder` (the organization's own by default) and seals them.
pub async fn write(
    app: &App,
    organization: &Organization,
    framework: &FrameworkId,
    as_of: Timestamp,
    folder: Option<PathBuf>,
) -> Result<Vec<Written>, DeliverFault> {
    let basis = Basis::gather(app, organization, framework, as_of).await?;
    let drafts = basis.drafts(app, &Engine::new(None)?)?;
    let about = About { organization, framework: Some(framework), head: &basis.head, as_of, now: basis.now };
    seal_and_write(app, &about, drafts, folder).await
}

/// Writes the gap list of each party, over all frameworks in use, into `folder` (the organization's own by default) and
/// seals them. A vendor has one only where something is its turn.
pub async fn write_gap_lists(
    app: &App,
    organization: &Organization,
    as_of: Timestamp,
    folder: Option<PathBuf>,
) -> Result<Vec<Written>, DeliverFault> {
    let scope = OrgScope::of(organization);
    let head = app.store.head_as_of(&scope, Some(as_of)).await?;
    let head = head.ok_or_else(|| DeliverFault::NothingSealed(as_of.for_people()))?;
    let standing = Standing::known(app, organization, as_of).await?;
    let stories = standing.stories(app, &scope, as_of).await?;
    let faults = faults(app, &scope, &standing.gaps, as_of).await?;
    let checkpoint = checkpoint(organization, &head)?;
    let first_evidence = app.store.first_collected_at(&scope).await?;
    let now = app.clock.now();
    let engine = Engine::new(None)?;
    let mut drafts = Vec::new();
    for party in [Party::Provider, Party::Internal, Party::Vendor] {
        let report = gap_list(GapsInput {
            organization,
            catalog: &app.catalog,
            party,
            gaps: &standing.gaps,
            requests: &standing.requests,
            decisions: &standing.decisions,
            stories: &stories,
            faults: &faults,
            first_evidence,
            checkpoint: Some(&checkpoint),
            as_of,
            generated_at: now,
        });
        if party == Party::Vendor && report.gaps.is_empty() && report.parts.is_empty() && report.asks.is_empty() {
            continue;
        }
        let mut add = |ending: &str, media_type, bytes| {
            let file = format!("gaps-{}.{ending}", party.as_str());
            drafts.push(Draft { kind: "gap_list", file, media_type, bytes });
        };
        add("html", "text/html", html::gap_list(&engine, &report)?);
        add("csv", "text/csv", gaps_csv::gap_list(&report)?);
    }
    let about = About { organization, framework: None, head: &head, as_of, now };
    seal_and_write(app, &about, drafts, folder).await
}

/// What the records of reports say of them beside their files.
struct About<'a> {
    organization: &'a Organization,
    /// None: all frameworks in use.
    framework: Option<&'a FrameworkId>,
    head: &'a store::Head,
    as_of: Timestamp,
    now: Timestamp,
}

async fn seal_and_write(
    app: &App,
    about: &About<'_>,
    drafts: Vec<Draft>,
    folder: Option<PathBuf>,
) -> Result<Vec<Written>, DeliverFault> {
    let scope = OrgScope::of(about.organization);
    let is_taken = |folder: &Path| drafts.iter().map(|draft| folder.join(&draft.file)).find(|path| path.exists());
    let folder = folder.map_or_else(
        || {
            let of_organization = app.data.reports_folder(about.organization.slug.as_str());
            let of_moment = of_organization.join(about.as_of.for_file_names());
            super::first_free(&of_moment, |folder| is_taken(folder).is_some())
        },
        |named| std::path::absolute(&named).map_err(|source| DeliverFault::Write { path: named, source }),
    )?;
    if let Some(there) = is_taken(&folder) {
        return Err(DeliverFault::Exists(there));
    }
    let mut entrants = Vec::with_capacity(drafts.len());
    for draft in &drafts {
        entrants.push(entrant(app, &scope, about, draft)?);
    }
    let index = |committed: &Committed| IndexRows {
        reports: drafts
            .iter()
            .zip(&committed.admitted)
            .map(|(draft, admitted)| ReportRow {
                id: ReportId::fresh(),
                kind: draft.kind.to_owned(),
                framework: about.framework.cloned(),
                as_of: about.as_of,
                path: folder.join(&draft.file).display().to_string(),
                sha256: countersign_seal::digest::Digest::of(&draft.bytes),
                leaf: admitted.leaf,
                created_at: about.now,
            })
            .collect(),
        ..IndexRows::default()
    };
    let committed = commit(app, &scope, entrants, index).await?;
    drafts
        .into_iter()
        .zip(committed.admitted)
        .map(|(draft, admitted)| {
            let path = folder.join(&draft.file);
            write_whole(&path, &draft.bytes)?;
            Ok(Written {
                kind: draft.kind,
                framework: about.framework.cloned(),
                path,
                sha256: countersign_seal::digest::Digest::of(&draft.bytes),
                evidence: admitted.leaf,
            })
        })
        .collect()
}

fn checkpoint(organization: &Organization, head: &store::Head) -> Result<LedgerHead, DeliverFault> {
    let id = records::organization(&OrgScope::of(organization))?;
    Ok(LedgerHead { origin: origin(&id), size: head.size, root: head.root })
}

fn entrant(app: &App, scope: &OrgScope, about: &About<'_>, draft: &Draft) -> Result<Entrant, DeliverFault> {
    let statement = Report {
        organization: records::organization(scope)?,
        at: records::time(about.now)?,
        kind: draft.kind.to_owned(),
        framework: about.framework.map(ToString::to_string),
        as_of: records::time(about.as_of)?,
        catalog: app.catalog.digest,
        checkpoint: Head { size: about.head.size, root: about.head.root },
        artifacts: Vec::new(),
        artifact_list: None,
    };
    Ok(Entrant {
        artifacts: vec![RawArtifact::in_memory(draft.file.clone(), draft.media_type, draft.bytes.clone())],
        statement: Box::new(move |artifacts| Ok(Report { artifacts, ..statement }.into())),
        order: Default::default(),
    })
}
