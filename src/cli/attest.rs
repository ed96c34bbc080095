//! `countersign attest`, `attest list` and `attest withdraw`

mod forms;

use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::{Args, Subcommand};

use super::{Common, Ending, output, person::said, session};
use crate::app::App;
use crate::catalog::form::answers::{self, LARGEST_FILE};
use crate::model::attestation::{Attestation, Claim};
use crate::model::id::{CheckId, FormId, FrameworkId, OrgSlug, PersonHandle};
use crate::model::moment::Moment;
use crate::model::time::Timestamp;
use crate::pipeline::decisions::attest::{self, AttestRequest};
use crate::pipeline::decisions::forms::{FormRequest, Given};
use crate::pipeline::ssh_signature::LARGEST_SIGNATURE;

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
    /// Show which forms there are, for a framework or a control, and what they ask
    Forms(forms::FormsArguments),
    /// Print a file of answers to fill in
    Template {
        /// The form, as `attest forms` lists it
        form: FormId,
    },
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
    /// The form it is stated on, as `attest forms` lists it. The form says what is claimed: that it is met, does not apply, is
    /// left out untested (pci-not-tested) or is there in part (cmmc-partial)
    #[arg(long, value_name = "ID")]
    form: Option<FormId>,
    /// The form's answers, as `attest template` begins them
    #[arg(long, value_name = "FILE", requires = "form")]
    answers: Option<PathBuf>,
    /// One more answer; repeat for more, and for further lines of a list
    #[arg(long = "answer", value_name = "FIELD=TEXT", requires = "form")]
    answer: Vec<String>,
    /// A tenant or host for which something else stands in for the control; default: all; repeat for more
    #[arg(long = "target", value_name = "TARGET", requires = "form")]
    targets: Vec<String>,
    /// Seal nothing; print the bytes to sign with `ssh-keygen -Y sign -n countersign-attestation`
    #[arg(long, conflicts_with = "signature")]
    print: bool,
    /// The signature over these bytes, made with the person's registered key
    #[arg(long, value_name = "FILE")]
    signature: Option<PathBuf>,
    /// A check that fails, or that could not be seen, and that the statement speaks to: a supporting one, or any where the
    /// form lets something else stand in for the control; repeat for more
    #[arg(long = "addresses", value_name = "CHECK")]
    addresses: Vec<CheckId>,
    /// From when it counts; a date is the beginning of that day in the organization's time zone; default: now
    #[arg(long, value_name = "TIME|DATE")]
    valid_from: Option<Moment>,
    /// Until when it counts; a date is the end of that day in the organization's time zone; default: twelve months
    #[arg(long, value_name = "TIME|DATE")]
    valid_until: Option<Moment>,
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
    // Forms can be read without any installation.
    match &arguments.command {
        Some(AttestCommand::Forms(asked)) => return forms::run(common, asked),
        Some(AttestCommand::Template { form }) => {
            let catalog = session::catalog(common)?;
            let form = catalog.forms.get(form).ok_or_else(|| forms::unknown(form))?;
            if common.json {
                output::json(&answers::empty(form))?;
            } else {
                output::line(answers::template(form).trim_end())?;
            }
            return Ok(Ending::Fine);
        }
        _ => {}
    }
    let app = session::app(common).await?;
    match (arguments.command, arguments.statement) {
        (Some(AttestCommand::List(list)), _) => {
            let organization = session::organization(&app, &list.org).await?;
            let mut attested = session::decisions(&app, &organization).await?.attestations;
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
        (None, Some(statement)) => state(common, &app, statement).await?,
        (Some(AttestCommand::Forms(_) | AttestCommand::Template { .. }), _) | (None, None) => {
            anyhow::bail!("say what is attested: countersign attest FRAMEWORK CONTROL --statement … --by …")
        }
    }
    Ok(Ending::Fine)
}

async fn state(common: &Common, app: &App, statement: StatementArguments) -> anyhow::Result<()> {
    let organization = session::organization(app, &statement.org).await?;
    let words = format!("Attested {} {}", statement.framework, output::plain(&statement.control));
    let file = statement.answers.as_deref().map(|file| read(file, LARGEST_FILE)).transpose()?;
    let file = file.map(String::from_utf8).transpose().context("the answers are no text in UTF-8")?;
    let given = Given { file, answers: statement.answer };
    let signature = statement.signature.as_deref().map(|file| read(file, LARGEST_SIGNATURE as u64)).transpose()?;
    let request = AttestRequest {
        framework: statement.framework,
        about: statement.control,
        claim: if statement.not_applicable { Claim::NotApplicable } else { Claim::Met },
        statement: statement.statement,
        addresses: statement.addresses,
        valid_from: statement.valid_from.map(|from| from.start(&organization)),
        valid_until: statement.valid_until.map(|until| until.last(&organization)),
        files: statement.files,
        form: statement.form.map(|id| FormRequest { id, given, targets: statement.targets }),
        signature,
        by: statement.by,
    };
    if statement.print {
        // Exactly these bytes are signed: no line end after them.
        let bytes = attest::to_sign(app, &organization, &request).await?;
        std::io::stdout().lock().write_all(&bytes)?;
        return Ok(());
    }
    let notes = attest::notes(app, &organization, &request)?;
    said(common, attest::attest(app, &organization, request).await?, &words)?;
    for note in notes {
        output::note(format_args!("note: {}", output::plain(&note)));
    }
    Ok(())
}

/// A file of at most so many bytes.
fn read(file: &Path, most: u64) -> anyhow::Result<Vec<u8>> {
    let cannot = || format!("cannot read {}", file.display());
    let mut bytes = Vec::new();
    let opened = std::fs::File::open(file).with_context(cannot)?;
    opened.take(most + 1).read_to_end(&mut bytes).with_context(cannot)?;
    if bytes.len() as u64 > most {
        anyhow::bail!("{} is larger than {most} bytes", file.display());
    }
    Ok(bytes)
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
