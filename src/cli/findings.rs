//! `countersign findings`: where an organization stands in a framework's own words, and what falls due.

use chrono::NaiveDate;
use clap::Args;
use serde_json::json;

use super::moment;
use super::provider::due_line;
use super::{Common, Ending, output, session};
use crate::assess::pci;
use crate::assess::verdict::{Hipaa, Said, Verdict};
use crate::model::id::{FrameworkId, OrgSlug};
use crate::model::moment::Moment;
use crate::pipeline::decisions::read_back::risk_answers;
use crate::pipeline::standing::{Standing, organization_at};
use crate::report::facts::clip;
use crate::store::OrgScope;

/// Words are those of the framework: PCI DSS as a report on compliance or the chosen questionnaire has them, HIPAA with what
/// was decided about each addressable specification, CMMC with its exceptions.
#[derive(Debug, Args)]
pub struct FindingsArguments {
    framework: FrameworkId,
    /// Short name of the organization
    #[arg(long)]
    org: OrgSlug,
    /// What was known at this time: 2026-03-31T09:00:00Z, or 2026-03-31 for the end of that day in the organization's time
    /// zone; default: now
    #[arg(long, value_name = "TIME|DATE")]
    as_of: Option<Moment>,
}

pub async fn run(common: &Common, arguments: FindingsArguments) -> anyhow::Result<Ending> {
    let app = session::app(common).await?;
    let organization = session::organization(&app, &arguments.org).await?;
    let at = moment::as_of(arguments.as_of, &organization, app.clock.now());
    let organization = organization_at(&app, &organization, at).await?;
    let framework = app.catalog.frameworks.get(&arguments.framework);
    let framework = framework.filter(|framework| organization.frameworks.contains(&framework.id));
    let Some(framework) = framework else {
        anyhow::bail!("{} is not among the frameworks of {}", arguments.framework, organization.slug);
    };
    let standing = Standing::known(&app, &organization, at).await?;
    let mut statuses = standing.statuses_now(at);
    statuses.retain(|status| status.framework == framework.id);
    let verdict = standing.verdict(framework, &statuses, at);
    let analyses = match &verdict {
        Verdict::Pci(_) => {
            let answers = risk_answers(&app, &OrgScope::of(&organization), &standing.decisions).await?;
            Some(pci::risk_analyses(framework, &app.catalog.forms, &statuses, &standing.decisions, &answers, at))
        }
        Verdict::Cmmc(_) | Verdict::Hipaa(_) | Verdict::Words(_) => None,
    };
    if common.json {
        let mut answer = json!(verdict);
        if let (Some(answer), Some(analyses)) = (answer.as_object_mut(), &analyses) {
            answer.insert("risk_analyses".to_owned(), json!(analyses));
        }
        output::json(&answer)?;
        return Ok(Ending::Fine);
    }
    output::line(&framework.title)?;
    let lines: Vec<[String; 3]> = verdict.said().into_iter().map(line).collect();
    output::table(["control", "finding", "because"], &lines)?;
    for line in due(&verdict).into_iter().chain(analyses.iter().flatten().map(analysis_line)) {
        output::line(&output::plain(&line))?;
    }
    Ok(Ending::Fine)
}

/// So many characters of a frequency are printed; `--json` gives all.
const FREQUENCY_SHOWN: usize = 120;

/// One targeted risk analysis in words.
fn analysis_line(one: &pci::RiskAnalysis) -> String {
    let open = if one.to_be_confirmed { ", to be confirmed" } else { "" };
    let frequency = one.frequency.as_deref().map(|stated| format!("; stated: {}", clip(stated, FREQUENCY_SHOWN)));
    let day = |day: Option<NaiveDate>| day.map(|day| day.to_string()).unwrap_or_default();
    let stands = match one.state {
        pci::AnalysisState::Missing => "none is on file".to_owned(),
        state => {
            let due = if state == pci::AnalysisState::ReviewDue { "review due since" } else { "review by" };
            format!("made {}, {due} {}{}", day(one.made_on), day(one.review_by), frequency.unwrap_or_default())
        }
    };
    format!("Targeted risk analysis for {} ({}{open}): {stands}", one.control, one.paragraph)
}

fn line(said: Said<'_>) -> [String; 3] {
    let notes = if said.notes.is_empty() { String::new() } else { format!(" [{}]", said.notes.join("; ")) };
    [said.control.to_string(), said.finding, format!("{}{notes}", said.because)]
}

/// What falls due, one line each.
fn due(verdict: &Verdict) -> Vec<String> {
    match verdict {
        Verdict::Pci(pci) => pci.due.iter().map(due_line).collect(),
        Verdict::Hipaa(Hipaa { evaluation, .. }) => {
            let due = evaluation.due.map_or_else(|| "now, for none is on file".to_owned(), |day| day.to_string());
            vec![format!("Next evaluation ({}): {due}; {}", evaluation.paragraph, evaluation.because)]
        }
        Verdict::Cmmc(_) | Verdict::Words(_) => Vec::new(),
    }
}
