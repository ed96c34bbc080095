//! `countersign scope set|questionnaire|list`

use clap::{Args, Subcommand};
use serde::Serialize;

use super::{Common, Ending, output, person::said, session};
use crate::model::decision::Decisions;
use crate::model::id::{FrameworkId, InvalidId, OrgSlug, PersonHandle, QuestionnaireId};
use crate::model::scope::{QuestionnaireChoice, ScopeCategory, ScopeDecision};
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
    /// The questionnaire, such as saq-d-merchant, as catalog show --json lists them; without one the framework as a whole
    #[arg(value_parser = questionnaire)]
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

/// A questionnaire's name however it is written: `SAQ A-EP` is `saq-a-ep`.
pub(super) fn questionnaire(text: &str) -> Result<QuestionnaireId, InvalidId> {
    text.trim().to_lowercase().replace([' ', '_'], "-").parse()
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
            let decisions = session::decisions(&app, &organization).await?;
            let decided = decided(&decisions, list.framework.as_ref());
            if common.json {
                output::json(&decided)?;
            } else if decided.is_empty() {
                output::line("Nothing was decided: everything that is connected is in scope")?;
            } else {
                let rows: Vec<_> = decided.iter().map(Decided::row).collect();
                output::table(["framework", "target", "resource", "scope", "since", "by", "because"], &rows)?;
            }
        }
    }
    Ok(Ending::Fine)
}

/// One decision about what counts.
#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Decided<'a> {
    Scope(&'a ScopeDecision),
    Questionnaire(&'a QuestionnaireChoice),
}

/// All of them, of one framework or of all, in the order of the ledger.
fn decided<'a>(decisions: &'a Decisions, only: Option<&FrameworkId>) -> Vec<Decided<'a>> {
    let scope = decisions.scope.iter().map(Decided::Scope);
    let mut all: Vec<_> = scope.chain(decisions.questionnaires.iter().map(Decided::Questionnaire)).collect();
    all.retain(|one| only.is_none_or(|only| one.framework() == only));
    all.sort_by_key(Decided::leaf);
    all
}

impl Decided<'_> {
    fn framework(&self) -> &FrameworkId {
        match self {
            Self::Scope(one) => &one.framework,
            Self::Questionnaire(one) => &one.framework,
        }
    }

    fn leaf(&self) -> u64 {
        match self {
            Self::Scope(one) => one.leaf,
            Self::Questionnaire(one) => one.leaf,
        }
    }

    fn row(&self) -> [String; 7] {
        match self {
            Self::Scope(one) => [
                one.framework.to_string(),
                one.target.clone(),
                one.resource.clone().unwrap_or_default(),
                one.category.words().to_owned(),
                one.at.for_people(),
                one.by.name.clone(),
                one.because.clone(),
            ],
            Self::Questionnaire(one) => [
                one.framework.to_string(),
                "all".to_owned(),
                String::new(),
                one.questionnaire
                    .as_ref()
                    .map_or_else(|| "the whole framework".to_owned(), |chosen| format!("questionnaire {chosen}")),
                one.at.for_people(),
                one.by.name.clone(),
                one.because.clone(),
            ],
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{decided, questionnaire};
    use crate::model::decision::Decisions;

    #[test]
    fn a_questionnaire_is_known_however_it_is_written() {
        for text in ["saq-a-ep", "SAQ-A-EP", " SAQ A-EP ", "saq_a_ep"] {
            assert_eq!(questionnaire(text).unwrap().as_str(), "saq-a-ep", "{text}");
        }
        assert!(questionnaire("saq/a").is_err());
    }

    #[test]
    fn questionnaires_are_listed_among_the_decisions_in_the_order_they_were_made() {
        let said = |leaf, more: serde_json::Value| {
            let mut value = json!({"leaf": leaf, "framework": "pci-dss-4.0.1", "because": "One shop.", "by": {"name": "Kim"},
                "at": "2026-03-31T09:00:00Z"});
            value.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            value
        };
        let scope = said(8, json!({"target": "shop.example", "category": "out"}));
        let [chosen, none] = [said(7, json!({"questionnaire": "saq-a-ep"})), said(9, json!({}))];
        let decisions = Decisions {
            scope: vec![serde_json::from_value(scope).unwrap()],
            questionnaires: [chosen, none].map(|one| serde_json::from_value(one).unwrap()).into(),
            ..Decisions::default()
        };
        let words: Vec<String> = decided(&decisions, None).iter().map(|one| one.row()[3].clone()).collect();
        assert_eq!(words, ["questionnaire saq-a-ep", "out of scope", "the whole framework"]);
        assert!(decided(&decisions, Some(&"hipaa-security".parse().unwrap())).is_empty());
    }
}
