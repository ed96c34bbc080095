//! `countersign responsibility list|set|import|export|propose|accept|reject|withdraw|history|lint`

mod act;
mod draft;
mod history;
mod list;

use clap::{Args, Subcommand};

use super::{Common, Ending, output, session};
use crate::app::App;
use crate::model::id::{FrameworkId, OrgSlug, PersonHandle};
use crate::model::matrix::MatrixHistory;
use crate::model::organization::Organization;
use crate::model::responsibility::{MatrixState, ResponsibilityMatrix};
use crate::pipeline::responsibilities::{Done, sealed_matrix};
use crate::pipeline::roll_forward;
use crate::store::OrgScope;
use crate::track::responsibilities::lint::{Lint, LintKind};

#[derive(Debug, Args)]
pub struct ResponsibilityArguments {
    #[command(subcommand)]
    command: ResponsibilityCommand,
}

#[derive(Debug, Subcommand)]
enum ResponsibilityCommand {
    /// List who is accountable for every control, and what each party does, as it applies now
    List(list::ListArguments),
    /// Change one row; this makes a new draft
    Set(draft::SetArguments),
    /// Take the whole split from a CSV table; this makes a new draft
    Import(draft::ImportArguments),
    /// Write a split as a table to edit, or as the exact bytes that both parties sign
    Export(history::ExportArguments),
    /// Propose the draft to the other party; this is your party's signature
    Propose(act::ProposeArguments),
    /// Accept what the other party proposed; from then on it binds both
    Accept(act::AcceptArguments),
    /// Turn down what the other party proposed
    Reject(act::RejectArguments),
    /// Take back a proposal of your own party, or a draft
    Withdraw(act::WithdrawArguments),
    /// Every version with what happened to it
    History(history::HistoryArguments),
    /// What is wrong with a split: controls nobody owns, work both claim, missing texts, people who left
    Lint(history::LintArguments),
}

/// Whose split is meant.
#[derive(Debug, Args)]
struct Which {
    /// Short name of the organization
    #[arg(long)]
    org: OrgSlug,
    #[arg(long)]
    framework: FrameworkId,
}

/// Whose split is meant, and who acts.
#[derive(Debug, Args)]
struct Whose {
    #[command(flatten)]
    which: Which,
    /// Who acts: a person of the provider or of internal IT
    #[arg(long, value_name = "HANDLE")]
    by: PersonHandle,
}

pub async fn run(common: &Common, arguments: ResponsibilityArguments) -> anyhow::Result<Ending> {
    match arguments.command {
        ResponsibilityCommand::List(list) => list::run(common, list).await,
        ResponsibilityCommand::Set(set) => draft::set(common, set).await,
        ResponsibilityCommand::Import(import) => draft::import(common, import).await,
        ResponsibilityCommand::Export(export) => history::export(common, export).await,
        ResponsibilityCommand::Propose(propose) => act::propose(common, propose).await,
        ResponsibilityCommand::Accept(accept) => act::accept(common, accept).await,
        ResponsibilityCommand::Reject(reject) => act::reject(common, reject).await,
        ResponsibilityCommand::Withdraw(withdraw) => act::withdraw(common, withdraw).await,
        ResponsibilityCommand::History(history) => history::run(common, history).await,
        ResponsibilityCommand::Lint(lint) => history::lint(common, lint).await,
    }
}

/// An organization with all versions of one framework's split.
struct Opened {
    app: App,
    organization: Organization,
    scope: OrgScope,
    versions: Vec<MatrixHistory>,
}

async fn open(common: &Common, which: &Which) -> anyhow::Result<Opened> {
    let app = session::app(common).await?;
    let organization = session::organization(&app, &which.org).await?;
    crate::pipeline::responsibilities::in_use(&app, &organization, &which.framework)?;
    let scope = OrgScope::of(&organization);
    roll_forward::roll_forward(&app, &scope).await?;
    let versions = app.store.matrix_versions(&scope, &which.framework).await?;
    Ok(Opened { app, organization, scope, versions })
}

impl Opened {
    /// The version that was named; by default the one that is open, else the one that applies now.
    async fn version(
        &self,
        which: &Which,
        named: Option<u32>,
    ) -> anyhow::Result<(&MatrixHistory, Vec<u8>, ResponsibilityMatrix)> {
        let open = || self.versions.iter().rev().find(|one| one.is_pending()).map(|one| one.version);
        let mut number = named.or_else(open);
        if number.is_none() {
            let applies = self.app.store.matrix_as_of(&self.scope, &which.framework, self.app.clock.now()).await?;
            number = applies.map(|(version, _)| version.matrix.version);
        }
        let found = self.versions.iter().find(|one| Some(one.version) == number);
        let Some(version) = found else {
            let highest = self.versions.last().map_or(0, |one| one.version);
            anyhow::bail!(
                "{} of {} has no version {}; the highest is {highest}",
                which.framework,
                self.organization.slug,
                number.unwrap_or_default()
            );
        };
        let bytes = sealed_matrix(&self.app, &self.scope, version.digest).await?;
        let matrix = serde_json::from_slice(&bytes)?;
        Ok((version, bytes, matrix))
    }
}

/// Says what came of it; what is wrong with the split goes to stderr.
fn said(common: &Common, done: &Done) -> anyhow::Result<Ending> {
    if common.json {
        output::json(done)?;
        return Ok(Ending::Fine);
    }
    let (version, framework, state) = (done.version, &done.framework, done.state.for_people());
    output::line(&format!("Version {version} of {framework} is now {state} (record {})", done.leaf))?;
    output::line(&format!("  sha256 {}", done.digest))?;
    if let Some(replaced) = done.replaced {
        output::line(&format!("  draft {replaced} was withdrawn with it"))?;
    }
    for old in &done.superseded {
        output::line(&format!("  version {old} is superseded"))?;
    }
    if let Some(from) = done.effective_from {
        let retroactive = match (done.retroactive, done.state) {
            (false, _) => "",
            (true, MatrixState::Countersigned) => ": retroactive, it was accepted later",
            (true, _) => ": it will be retroactive",
        };
        output::line(&format!("  counts from {}{retroactive}", from.for_people()))?;
    }
    if let Some(until) = done.effective_until {
        output::line(&format!("  no longer counts from {}", until.for_people()))?;
    }
    let orphans: Vec<&str> = done.lint.iter().filter(|fault| fault.blocks()).map(Lint::place).collect();
    if !orphans.is_empty() {
        output::note(format_args!("Nobody owns {}: {}", output::count(orphans.len(), "control"), orphans.join(", ")));
    }
    let others = done.lint.iter().filter(|fault| fault.kind != LintKind::Orphan).count();
    if others > 0 {
        output::note(format_args!(
            "{} besides; countersign responsibility lint shows them",
            output::count_of(others as u64, "thing is doubtful", "things are doubtful")
        ));
    }
    Ok(Ending::Fine)
}
