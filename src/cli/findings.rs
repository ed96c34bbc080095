//! `countersign findings`: where an organization stands in a framework's own words, and what falls due.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use clap::Args;
use serde_json::{Value, json};

use super::moment;
use super::provider::due_line;
use super::{Common, Ending, output, session};
use crate::assess::{cmmc, hipaa, pci};
use crate::catalog::framework::Framework;
use crate::model::control::ControlStatus;
use crate::model::decision::Decisions;
use crate::model::id::{FrameworkId, OrgSlug};
use crate::model::moment::Moment;
use crate::model::time::Timestamp;
use crate::pipeline::decisions::forms::risk_answers;
use crate::pipeline::standing::Standing;
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

/// What is known of one framework.
struct Known<'a> {
    framework: &'a Framework,
    statuses: Vec<ControlStatus>,
    decisions: &'a Decisions,
    at: Timestamp,
}

/// One line of the answer: control, finding, and why.
type Line = [String; 3];

pub async fn run(common: &Common, arguments: FindingsArguments) -> anyhow::Result<Ending> {
    let app = session::app(common).await?;
    let organization = session::organization(&app, &arguments.org).await?;
    let framework = app.catalog.frameworks.get(&arguments.framework);
    let framework = framework.filter(|framework| organization.frameworks.contains(&framework.id));
    let Some(framework) = framework else {
        anyhow::bail!("{} is not among the frameworks of {}", arguments.framework, organization.slug);
    };
    let at = moment::as_of(arguments.as_of, &organization, app.clock.now());
    let standing = Standing::known(&app, &organization, at).await?;
    let mut statuses = standing.statuses_now(at);
    statuses.retain(|status| status.framework == framework.id);
    let known = Known { framework, statuses, decisions: &standing.decisions, at };
    let (mut answer, lines, mut further) = match framework.id.as_str() {
        id if id.starts_with("pci-dss-") => known.pci(),
        "hipaa-security" => known.hipaa(),
        _ => known.plain(),
    };
    if framework.id.as_str().starts_with("pci-dss-") {
        let scope = OrgScope::of(&organization);
        let answers = risk_answers(&app, &scope, &standing.decisions).await?;
        let forms = &app.catalog.forms;
        let analyses = pci::risk_analyses(framework, forms, &known.statuses, &standing.decisions, &answers, at);
        further.extend(analyses.iter().map(analysis_line));
        if let Some(answer) = answer.as_object_mut() {
            answer.insert("risk_analyses".to_owned(), json!(analyses));
        }
    }
    if common.json {
        output::json(&answer)?;
    } else {
        output::line(&framework.title)?;
        output::table(["control", "finding", "because"], &lines)?;
        for line in further {
            output::line(&output::plain(&line))?;
        }
    }
    Ok(Ending::Fine)
}

/// So many characters of a frequency are printed; `--json` gives all.
const FREQUENCY_SHOWN: usize = 120;

/// One targeted risk analysis in words.
fn analysis_line(one: &pci::RiskAnalysis) -> String {
    let open = if one.to_be_confirmed { ", to be confirmed" } else { "" };
    let frequency = one.frequency.as_deref().map(|stated| {
        let short: String = stated.chars().take(FREQUENCY_SHOWN).collect();
        let more = if short.len() < stated.len() { "\u{2026}" } else { "" };
        format!("; stated: {short}{more}")
    });
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

impl Known<'_> {
    fn pci(&self) -> (Value, Vec<Line>, Vec<String>) {
        let chosen = self.decisions.questionnaire(&self.framework.id, self.at);
        let document = chosen.map_or(pci::Document::Roc, pci::Document::Saq);
        let mut lines = Vec::new();
        let findings: Vec<Value> = self
            .statuses
            .iter()
            .map(|status| {
                let found = pci::finding(document, status, self.decisions);
                let mut word = found.word.map_or("Not yet determined", pci::Word::as_str).to_owned();
                if found.compensating_control && found.word == Some(pci::Word::InPlace) {
                    word.push_str(", compensating control used");
                }
                if found.method == pci::Method::Customized {
                    word.push_str(", customized approach");
                }
                let notes =
                    if found.notes.is_empty() { String::new() } else { format!(" [{}]", found.notes.join("; ")) };
                lines.push([status.control.to_string(), word, format!("{}{notes}", status.because)]);
                json!({"control": status.control, "status": status.state, "finding": found, "because": status.because})
            })
            .collect();
        let providers = self.decisions.providers.iter().filter(|one| one.removed.is_none());
        let mut due = pci::analyses(self.decisions, &self.framework.id, self.at);
        due.extend(providers.flat_map(pci::provider_due));
        let further = due.iter().map(due_line).collect();
        let document = chosen.map_or("report on compliance", |questionnaire| questionnaire.as_str());
        let answer = json!({"framework": self.framework.id, "document": document, "findings": findings, "due": due});
        (answer, lines, further)
    }

    fn hipaa(&self) -> (Value, Vec<Line>, Vec<String>) {
        let addressable = hipaa::addressable(self.framework, &self.statuses, self.decisions);
        let decided: BTreeMap<_, _> = addressable.iter().map(|one| (&one.control, one)).collect();
        let line = |status: &ControlStatus| match decided.get(&status.control) {
            Some(one) => {
                let word = format!("Addressable: {}", one.state.words());
                [status.control.to_string(), word, format!("{} ({})", one.because, one.paragraph)]
            }
            None => [status.control.to_string(), self.framework.word(status.state), status.because.clone()],
        };
        let evaluation = hipaa::evaluation(self.framework, self.decisions, self.at);
        let due = evaluation.due.map_or_else(|| "now, for none is on file".to_owned(), |day| day.to_string());
        let further = vec![format!("Next evaluation ({}): {due}; {}", evaluation.paragraph, evaluation.because)];
        let answer = json!({"framework": self.framework.id, "findings": self.findings(), "addressable": addressable,
            "evaluation": evaluation});
        (answer, self.statuses.iter().map(line).collect(), further)
    }

    fn plain(&self) -> (Value, Vec<Line>, Vec<String>) {
        let exceptions = cmmc::exceptions::exceptions(self.framework, &self.statuses, self.decisions);
        let word = |status: &ControlStatus| {
            let by = exceptions.iter().find(|one| status.objectives.iter().any(|own| own.objective == one.objective));
            let word = self.framework.word(status.state);
            by.map_or(word.clone(), |one| format!("{word}, {}", one.by))
        };
        let line = |status: &ControlStatus| [status.control.to_string(), word(status), status.because.clone()];
        let lines = self.statuses.iter().map(line).collect();
        let answer = json!({"framework": self.framework.id, "findings": self.findings(), "exceptions": exceptions});
        (answer, lines, Vec::new())
    }

    fn findings(&self) -> Vec<Value> {
        let finding = |status: &ControlStatus| {
            json!({"control": status.control, "status": status.state, "finding": self.framework.word(status.state),
                "because": status.because})
        };
        self.statuses.iter().map(finding).collect()
    }
}
