//! `countersign attest`, `attest list` and `attest withdraw`

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{Common, Ending, output, person::said, session};
use crate::model::attestation::{Attestation, Claim};
use crate::model::id::{CheckId, FrameworkId, OrgSlug, PersonHandle};
use crate::model::time::Timestamp;
use crate::pipeline::decisions::attest::{self, AttestRequest};
use crate::pipeline::{decisions, roll_forward};
use crate::store::OrgScope;

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub struct AttestArguments {
    #[command(subcommand)]
    command: Option<AttestCommand>,
    #[command(flatten)]
    statement: Option<StatementArguments>,
}

#[derive(Debug, Subcommand)]
enum AttestCommand {
    /// List what was attested, newest last
    List(ListArguments),
    /// Say that an attestation no longer stands
    Withdraw(WithdrawArguments),
}

#[derive(Debug, Args)]
struct StatementArguments {
    /// The framework
    framework: FrameworkId,
    /// The control's number, or an objective's, such as 3.1.1 or 3.1.1[a]
    control: String,
    /// Short name of the organization
    #[arg(long)]
    org: OrgSlug,
    /// What is done, in your own words; you answer for it
    #[arg(long, value_name = "TEXT")]
    statement: String,
    /// Who states it
    #[arg(long, value_name = "HANDLE")]
    by: PersonHandle,
    /// A document in its final form that shows it; repeat for more
    #[arg(long = "file", value_name = "FILE")]
    files: Vec<PathBuf>,
    /// The control does not apply here; the statement says why
    #[arg(long)]
    not_applicable: bool,
    /// A failing supporting check that the statement speaks to; repeat for more
    #[arg(long = "addresses", value_name = "CHECK")]
    addresses: Vec<CheckId>,
    /// From when it counts; default: now
    #[arg(long, value_name = "DATE")]
    valid_from: Option<Timestamp>,
    /// From when it no longer counts; default: after twelve months
    #[arg(long, value_name = "DATE")]
    valid_until: Option<Timestamp>,
}

#[derive(Debug, Args)]
struct ListArguments {
    /// Short name of the organization
    #[arg(long)]
    org: OrgSlug,
    /// Only this framework
    #[arg(long)]
    framework: Option<FrameworkId>,
}

#[derive(Debug, Args)]
struct WithdrawArguments {
    /// The attestation's record, as `attest list` shows it
    record: u64,
    /// Short name of the organization
    #[arg(long)]
    org: OrgSlug,
    /// Why it no longer stands
    #[arg(long, value_name = "TEXT")]
    because: String,
    /// Who withdraws it
    #[arg(long, value_name = "HANDLE")]
    by: PersonHandle,
}

pub async fn run(common: &Common, arguments: AttestArguments) -> anyhow::Result<Ending> {
    let app = session::app(common).await?;
    match (arguments.command, arguments.statement) {
        (Some(AttestCommand::List(list)), _) => {
            let organization = session::organization(&app, &list.org).await?;
            let scope = OrgScope::of(&organization);
            roll_forward::roll_forward(&app, &scope).await?;
            let mut attested = decisions::known(&app, &scope, app.clock.now()).await?.attestations;
            attested.retain(|one| list.framework.as_ref().is_none_or(|framework| one.framework == *framework));
            if common.json {
                output::json(&attested)?;
            } else if attested.is_empty() {
                output::line("Nothing was attested yet")?;
            } else {
                let rows: Vec<_> = attested.iter().map(row).collect();
                output::table(["record", "framework", "about", "claim", "by", "until", "statement"], &rows)?;
            }
        }
        (Some(AttestCommand::Withdraw(withdraw)), _) => {
            let organization = session::organization(&app, &withdraw.org).await?;
            let leaf = attest::withdraw(&app, &organization, withdraw.record, &withdraw.because, &withdraw.by).await?;
            said(common, leaf, &format!("Attestation {} no longer stands", withdraw.record))?;
        }
        (None, Some(statement)) => {
            let organization = session::organization(&app, &statement.org).await?;
            let words = format!("Attested {} {}", statement.framework, output::plain(&statement.control));
            let request = AttestRequest {
                framework: statement.framework,
                about: statement.control,
                claim: if statement.not_applicable { Claim::NotApplicable } else { Claim::Met },
                statement: statement.statement,
                addresses: statement.addresses,
                valid_from: statement.valid_from,
                valid_until: statement.valid_until,
                files: statement.files,
                by: statement.by,
            };
            said(common, attest::attest(&app, &organization, request).await?, &words)?;
        }
        (None, None) => {
            anyhow::bail!("say what is attested: countersign attest FRAMEWORK CONTROL --statement … --by …")
        }
    }
    Ok(Ending::Fine)
}

fn row(one: &Attestation) -> [String; 7] {
    [
        one.leaf.to_string(),
        one.framework.to_string(),
        one.objective.as_ref().map_or_else(|| one.control.to_string(), ToString::to_string),
        one.claim.as_str().replace('_', " "),
        one.by.name.clone(),
        one.valid_until.map_or_else(String::new, Timestamp::for_people),
        one.statement.clone(),
    ]
}
