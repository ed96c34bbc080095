//! `countersign scope set|questionnaire|list`

use clap::{Args, Subcommand};

use super::{Common, Ending, output, person::said, session};
use crate::model::id::{FrameworkId, OrgSlug, PersonHandle, QuestionnaireId};
use crate::model::scope::ScopeCategory;
use crate::pipeline::decisions::scope::{self, ScopeRequest};

#[derive(Debug, Args)]
pub struct ScopeArguments {
    #[command(subcommand)]
    command: ScopeCommand,
}

#[derive(Debug, Subcommand)]
enum ScopeCommand {
    /// Decide how a target, or one resource of it, counts for a framework; what nobody decided is in
    Set(SetArguments),
    /// Choose the questionnaire of a framework that is answered instead of the whole, or none
    Questionnaire(QuestionnaireArguments),
    /// List what was decided, newest last
    List(ListArguments),
}

#[derive(Debug, Args)]
struct SetArguments {
    /// `in`, `out`, or a CMMC asset category: `cui_asset`, `security_protection_asset`, `contractor_risk_managed_asset`,
    /// `specialized_asset`, `out_of_scope_asset`
    category: ScopeCategory,
    /// Short name of the organization
    #[arg(long)]
    org: OrgSlug,
    #[arg(long)]
    framework: FrameworkId,
    /// A connected tenant or host
    #[arg(long)]
    target: String,
    /// One resource of it, as findings name it; default: the whole target
    #[arg(long)]
    resource: Option<String>,
    /// Why; it is sealed and shown to auditors
    #[arg(long, value_name = "TEXT")]
    because: String,
    /// Who decides
    #[arg(long, value_name = "HANDLE")]
    by: PersonHandle,
}

#[derive(Debug, Args)]
struct QuestionnaireArguments {
    /// The questionnaire, such as saq-d-merchant; without one the framework as a whole
    questionnaire: Option<QuestionnaireId>,
    /// Short name of the organization
    #[arg(long)]
    org: OrgSlug,
    #[arg(long)]
    framework: FrameworkId,
    /// Why; it is sealed and shown to auditors
    #[arg(long, value_name = "TEXT")]
    because: String,
    /// Who decides
    #[arg(long, value_name = "HANDLE")]
    by: PersonHandle,
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

pub async fn run(common: &Common, arguments: ScopeArguments) -> anyhow::Result<Ending> {
    let app = session::app(common).await?;
    match arguments.command {
        ScopeCommand::Set(set) => {
            let organization = session::organization(&app, &set.org).await?;
            let what = set.resource.clone().unwrap_or_else(|| set.target.clone());
            let words = format!("{} is now {} for {}", output::plain(&what), set.category.words(), set.framework);
            let request = ScopeRequest {
                framework: set.framework,
                target: set.target,
                resource: set.resource,
                category: set.category,
                because: set.because,
                by: set.by,
            };
            said(common, scope::set(&app, &organization, request).await?, &words)?;
        }
        ScopeCommand::Questionnaire(choice) => {
            let organization = session::organization(&app, &choice.org).await?;
            let chosen = choice.questionnaire.as_ref().map_or("the whole framework", QuestionnaireId::as_str);
            let words = format!("{} is now judged by {chosen}", choice.framework);
            let (framework, by) = (&choice.framework, Some(&choice.by));
            let asked = choice.questionnaire.clone();
            let leaf = scope::choose_questionnaire(&app, &organization, framework, asked, &choice.because, by).await?;
            said(common, leaf, &words)?;
        }
        ScopeCommand::List(list) => {
            let organization = session::organization(&app, &list.org).await?;
            let mut decided = session::decisions(&app, &organization).await?.scope;
            decided.retain(|one| list.framework.as_ref().is_none_or(|framework| one.framework == *framework));
            if common.json {
                output::json(&decided)?;
            } else if decided.is_empty() {
                output::line("Nothing was decided: everything that is connected is in scope")?;
            } else {
                let row = |one: &crate::model::scope::ScopeDecision| {
                    [
                        one.framework.to_string(),
                        one.target.clone(),
                        one.resource.clone().unwrap_or_default(),
                        one.category.words().to_owned(),
                        one.at.for_people(),
                        one.by.name.clone(),
                        one.because.clone(),
                    ]
                };
                let rows: Vec<_> = decided.iter().map(row).collect();
                output::table(["framework", "target", "resource", "scope", "since", "by", "because"], &rows)?;
            }
        }
    }
    Ok(Ending::Fine)
}
