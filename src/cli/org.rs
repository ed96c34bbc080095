//! `countersign org add|list|settings|change`

mod change;
mod settings;

use std::collections::BTreeMap;
use std::str::FromStr;

use clap::{Args, Subcommand};
use serde_json::json;

use super::{Common, Ending, output, session};
use crate::model::id::{FrameworkId, InvalidId, OrgSlug, QuestionnaireId};
use crate::model::organization::Organization;
use crate::model::responsibility::EngagementModel;
use crate::pipeline::decisions::{self, scope};
use crate::pipeline::enrol::{OrganizationRequest, add_organization_answering};
use crate::store::{InstanceScope, OrgScope};

#[derive(Debug, Args)]
pub struct OrgArguments {
    #[command(subcommand)]
    command: OrgCommand,
}

#[derive(Debug, Subcommand)]
enum OrgCommand {
    /// Add an organization: its signing key, its ledger, and a first split of every control
    Add(AddArguments),
    /// List organizations
    List,
    /// Show the settings that checks read, or replace them by a signed decision
    Settings(settings::SettingsArguments),
    /// Change the name, the time zone or the frameworks by a signed decision
    Change(change::ChangeArguments),
}

#[derive(Debug, Args)]
struct AddArguments {
    /// Short name for commands and paths: lower-case letters, digits, hyphens
    slug: OrgSlug,
    /// Name for people; default: the short name
    #[arg(long)]
    name: Option<String>,
    /// How the work is split by default: in-house, co-managed or fully-managed
    #[arg(long, default_value = "co-managed")]
    model: EngagementModel,
    /// Frameworks, separated by commas; default: all. `countersign catalog list` shows them. A questionnaire follows its
    /// framework after a colon: `pci-dss-4.0.1:saq-d-merchant`
    #[arg(long, value_delimiter = ',')]
    frameworks: Vec<Chosen>,
    /// Time zone in which its days and its schedules are read, such as `America/New_York`
    #[arg(long, default_value = "UTC", value_name = "ZONE")]
    time_zone: String,
    /// JSON file with settings that checks read: break-glass accounts, expected ports
    #[arg(long, value_name = "FILE")]
    settings: Option<std::path::PathBuf>,
}

/// A framework, with the questionnaire that is answered of it.
#[derive(Debug, Clone)]
struct Chosen {
    framework: FrameworkId,
    questionnaire: Option<QuestionnaireId>,
}

impl FromStr for Chosen {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        let (framework, questionnaire) = match text.split_once(':') {
            Some((framework, questionnaire)) => (framework, Some(super::scope::questionnaire(questionnaire)?)),
            None => (text, None),
        };
        Ok(Self { framework: framework.parse()?, questionnaire })
    }
}

pub async fn run(common: &Common, arguments: OrgArguments) -> anyhow::Result<Ending> {
    let app = session::app(common).await?;
    match arguments.command {
        OrgCommand::Add(add) => {
            let settings = match &add.settings {
                Some(path) => super::check::read_settings(path)?,
                None => json!({}),
            };
            let looks = settings::looks(&app, &settings);
            let remarks = settings::remarks(&app, &settings);
            let request = OrganizationRequest {
                name: add.name.unwrap_or_else(|| add.slug.to_string()),
                slug: add.slug,
                model: add.model,
                frameworks: add.frameworks.iter().map(|one| one.framework.clone()).collect(),
                time_zone: add.time_zone,
                settings,
            };
            let answered = add.frameworks.into_iter().filter_map(|one| Some((one.framework, one.questionnaire?)));
            let answered: Vec<(FrameworkId, QuestionnaireId)> = answered.collect();
            for (framework, questionnaire) in &answered {
                scope::known_questionnaire(&app, framework, questionnaire)?;
            }
            let organization = add_organization_answering(&app, request, &answered).await?;
            let key = app.verifying_key(&OrgScope::of(&organization)).await?;
            if common.json {
                let mut value = describe(&organization);
                if let Some(object) = value.as_object_mut() {
                    object.insert("key_fingerprint".to_owned(), json!(key.fingerprint()));
                    object.insert("key".to_owned(), json!(key.vkey()));
                    object.insert("questionnaires".to_owned(), json!(answered.into_iter().collect::<BTreeMap<_, _>>()));
                    object.insert("remarks".to_owned(), json!(remarks));
                }
                output::json(&value)?;
            } else {
                output::line(&format!("Added {} ({})", organization.slug, output::plain(&organization.name)))?;
                output::line(&format!("Signing key: {}", key.fingerprint()))?;
                output::line(
                    "Hand this fingerprint to whoever will check packages; it is how they know the key is yours.",
                )?;
                for line in looks {
                    output::line(&line)?;
                }
            }
        }
        OrgCommand::Settings(settings) => return settings::run(common, &app, settings).await,
        OrgCommand::Change(change) => return change::run(common, &app, change).await,
        OrgCommand::List => {
            let now = app.clock.now();
            let mut told = Vec::new();
            let mut rows: Vec<[String; 4]> = Vec::new();
            for one in app.store.organizations(InstanceScope::of_this_installation()).await? {
                let decisions = decisions::known(&app, &OrgScope::of(&one), now).await?;
                let answered = one.frameworks.iter().filter_map(|id| Some((id, decisions.questionnaire(id, now)?)));
                let answered: BTreeMap<&FrameworkId, &QuestionnaireId> = answered.collect();
                let mut value = describe(&one);
                if let Some(object) = value.as_object_mut() {
                    object.insert("questionnaires".to_owned(), json!(answered));
                }
                told.push(value);
                let frameworks: Vec<String> =
                    one.frameworks.iter().map(|id| framework_in_words(id, answered.get(id).copied())).collect();
                rows.push([one.slug.to_string(), one.name, one.model.as_str().to_owned(), frameworks.join(", ")]);
            }
            if common.json {
                output::json(&told)?;
            } else {
                output::table(["id", "name", "model", "frameworks"], &rows)?;
            }
        }
    }
    Ok(Ending::Fine)
}

/// `pci-dss-4.0.1:saq-a-ep`, as `org add` takes it.
pub(super) fn framework_in_words(framework: &FrameworkId, questionnaire: Option<&QuestionnaireId>) -> String {
    questionnaire.map_or_else(|| framework.to_string(), |answered| format!("{framework}:{answered}"))
}

fn describe(organization: &Organization) -> serde_json::Value {
    json!({
        "id": organization.slug,
        "uuid": organization.id,
        "name": organization.name,
        "model": organization.model,
        "frameworks": organization.frameworks,
        "time_zone": organization.time_zone,
        "created_at": organization.created_at,
    })
}
