//! `countersign findings`: where an organization stands in a framework's own words, and what falls due.

use chrono::NaiveDate;
use clap::Args;

use super::moment;
use super::provider::due_line;
use super::{Common, Ending, output, session};
use crate::assess::verdict::{AnalysisState, RiskAnalysis, Said, Verdict};
use crate::model::id::{FrameworkId, OrgSlug};
use crate::model::moment::Moment;
use crate::pipeline::frameworks::framework_of;
use crate::pipeline::standing::Standing;
use crate::report::facts::clip;
use crate::report::verdict::evaluation;
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
    let standing = Standing::known(&app, &organization, at).await?;
    let organization = &standing.organization;
    let framework = framework_of(&app.catalog, organization, &arguments.framework)?;
    let scope = OrgScope::of(organization);
    let verdict = standing.whole_verdict(&app, &scope, (framework, &standing.statuses_now(at)), at).await?;
    if common.json {
        output::json(&verdict)?;
        return Ok(Ending::Fine);
    }
    let answered = standing.decisions.questionnaire(&framework.id, at).and_then(|id| framework.questionnaire(id));
    let answered = answered.map(|one| format!(", by the questionnaire {}", one.title)).unwrap_or_default();
    output::line(&output::plain(&format!("{}{answered}", framework.title)))?;
    let lines: Vec<[String; 3]> = verdict.said().into_iter().map(line).collect();
    output::table(["control", "finding", "because"], &lines)?;
    for line in due(&verdict, organization.day_of(at)) {
        output::line(&output::plain(&line))?;
    }
    Ok(Ending::Fine)
}

/// So many characters of a frequency are printed; `--json` gives all.
const FREQUENCY_SHOWN: usize = 120;

/// One targeted risk analysis in words.
fn analysis_line(one: &RiskAnalysis) -> String {
    let open = if one.to_be_confirmed { ", to be confirmed" } else { "" };
    let frequency = one.frequency.as_deref().map(|stated| format!("; stated: {}", clip(stated, FREQUENCY_SHOWN)));
    let day = |day: Option<NaiveDate>| day.map(|day| day.to_string()).unwrap_or_default();
    let stands = match one.state {
        AnalysisState::Missing => "none is on file".to_owned(),
        state => {
            let due = if state == AnalysisState::ReviewDue { "review due since" } else { "review by" };
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
fn due(verdict: &Verdict, today: NaiveDate) -> Vec<String> {
    match verdict {
        Verdict::Pci(pci) => pci.due.iter().map(due_line).chain(pci.risk_analyses.iter().map(analysis_line)).collect(),
        Verdict::Hipaa(hipaa) => vec![evaluation(&hipaa.evaluation, today)],
        Verdict::Cmmc(_) | Verdict::Words(_) => Vec::new(),
    }
}
