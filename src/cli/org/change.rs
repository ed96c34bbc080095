//! `countersign org change`

use clap::Args;
use serde_json::json;

use super::{Chosen, describe};
use crate::app::App;
use crate::cli::{Common, Ending, output, session};
use crate::model::id::{FrameworkId, OrgSlug, PersonHandle};
use crate::model::organization::Organization;
use crate::pipeline::decisions::organization::{Altered, ChangeRequest, alter};

#[derive(Debug, Args)]
pub(super) struct ChangeArguments {
    /// Short name of the organization
    #[arg(long)]
    org: OrgSlug,
    /// Name for people
    #[arg(long, value_name = "TEXT")]
    name: Option<String>,
    /// Time zone of its schedules and days, such as Europe/Berlin
    #[arg(long, value_name = "ZONE")]
    time_zone: Option<String>,
    /// A framework that is judged from now on; a questionnaire follows it after a colon: `pci-dss-4.0.1:saq-d-merchant`
    #[arg(long, value_name = "FRAMEWORK", value_delimiter = ',')]
    add_framework: Vec<Chosen>,
    /// A framework that is no longer judged; all that is sealed about it stays
    #[arg(long, value_name = "FRAMEWORK", value_delimiter = ',')]
    remove_framework: Vec<FrameworkId>,
    /// Who decides
    #[arg(long, value_name = "HANDLE")]
    by: PersonHandle,
    /// Why; it is sealed and shown to auditors
    #[arg(long, value_name = "TEXT")]
    because: String,
    /// Refused with the reason
    #[arg(long, hide = true)]
    model: Option<String>,
    /// Refused with the reason
    #[arg(long, hide = true)]
    slug: Option<String>,
}

pub(super) async fn run(common: &Common, app: &App, arguments: ChangeArguments) -> anyhow::Result<Ending> {
    if arguments.model.is_some() {
        anyhow::bail!(
            "the engagement model is not changed: it only proposed the first split, and who does what is agreed for each \
             framework and version. Agree on another split with countersign responsibility import"
        );
    }
    if arguments.slug.is_some() {
        anyhow::bail!(
            "the short name is never changed: commands, folders and the ledger's first record name it. Change the name \
             for people with --name"
        );
    }
    let organization = session::organization(app, &arguments.org).await?;
    let request = ChangeRequest {
        name: arguments.name,
        time_zone: arguments.time_zone,
        add: arguments.add_framework.into_iter().map(|one| (one.framework, one.questionnaire)).collect(),
        remove: arguments.remove_framework,
        because: arguments.because,
        by: arguments.by,
    };
    let has_added = !request.add.is_empty();
    let Altered { leaf, before, after, requests_opened, requests_closed } = alter(app, &organization, request).await?;
    if common.json {
        output::json(&json!({
            "record": leaf,
            "before": describe(&before),
            "after": describe(&after),
            "requests_opened": requests_opened,
            "requests_closed": requests_closed,
        }))?;
        return Ok(Ending::Fine);
    }
    for [what, was, now] in differences(&before, &after) {
        output::line(&output::plain(&format!("{what}: {was} -> {now}")))?;
    }
    output::line(&format!("{} was changed (record {leaf})", after.slug))?;
    if requests_opened + requests_closed > 0 {
        output::line(&format!("{} opened, {requests_closed} closed", output::count(requests_opened, "request")))?;
    }
    if has_added {
        output::line(&format!("Next: countersign collect --org {}", after.slug))?;
        output::line(&format!("and agree on who does what: countersign responsibility propose --org {}", after.slug))?;
    }
    Ok(Ending::Fine)
}

/// What differs, before and after.
fn differences(before: &Organization, after: &Organization) -> Vec<[String; 3]> {
    let frameworks = |of: &Organization| of.frameworks.iter().map(FrameworkId::as_str).collect::<Vec<_>>().join(", ");
    let all = [
        ["name".to_owned(), before.name.clone(), after.name.clone()],
        ["time zone".to_owned(), before.time_zone.clone(), after.time_zone.clone()],
        ["frameworks".to_owned(), frameworks(before), frameworks(after)],
    ];
    all.into_iter().filter(|[_, was, now]| was != now).collect()
}
