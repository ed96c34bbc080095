//! `countersign score cmmc-l1|cmmc-l2|cmmc-l3`

mod statuses;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use anyhow::bail;
use chrono::NaiveDate;
use clap::Args;
use serde_json::{Value, json};

use super::moment;
use super::{Common, Ending, output, session};
use crate::assess::cmmc::calendar::{Calendar, Level, Standing, Status};
use crate::assess::cmmc::exceptions::{Exception, exceptions};
use crate::assess::cmmc::{self, Finding, Findings, number, path, poam, requirement, score};
use crate::catalog::framework::Framework;
use crate::model::control::{ControlState, ControlStatus};
use crate::model::id::{ControlId, FrameworkId, OrgSlug};
use crate::model::moment::Moment;
use crate::model::responsibility::ResponsibilityMatrix;
use crate::pipeline::standing;
use crate::track::owner::Owners;

/// What nobody has shown counts as not met, as an assessor counts it.
#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("findings").required(true).args(["statuses", "org"]))]
pub struct ScoreArguments {
    /// cmmc-l1, cmmc-l2 or cmmc-l3
    framework: FrameworkId,
    /// JSON file {"3.1.1": "met", …}; needs no installation. What is not listed is not met; "3.5.3" and "3.13.11" may be "partial"
    #[arg(long, value_name = "FILE")]
    statuses: Option<PathBuf>,
    /// The statuses of this organization
    #[arg(long)]
    org: Option<OrgSlug>,
    /// What was known at this time: 2026-03-31T09:00:00Z, or 2026-03-31 for the end of that day in the organization's time
    /// zone; default: now
    #[arg(long, value_name = "TIME|DATE", requires = "org")]
    as_of: Option<Moment>,
    /// Day of the status that was reached, to see its closeout, affirmations and end
    #[arg(long, value_name = "DAY")]
    status_date: Option<NaiveDate>,
    /// That status is conditional
    #[arg(long, requires = "status_date", conflicts_with = "closed_out")]
    conditional: bool,
    /// That status was conditional, and its closeout was confirmed on this day
    #[arg(long, value_name = "DAY", requires = "status_date")]
    closed_out: Option<NaiveDate>,
    /// What if these requirements were met as well
    #[arg(long, value_name = "ID", num_args = 1..)]
    if_met: Vec<String>,
}

/// So many leaves of evidence are printed for a deduction; `--json` gives all.
const LEAVES_SHOWN: usize = 4;

/// What bears on the findings of an organization.
#[derive(Default)]
struct Known {
    statuses: BTreeMap<ControlId, ControlStatus>,
    matrix: Option<ResponsibilityMatrix>,
    exceptions: Vec<Exception>,
}

pub async fn run(common: &Common, arguments: ScoreArguments) -> anyhow::Result<Ending> {
    let (framework, mut findings, known) = match (&arguments.statuses, &arguments.org) {
        (Some(file), _) => {
            let framework = the_framework(&session::catalog(common)?.frameworks, &arguments.framework)?;
            let findings = statuses::read(file, &framework)?;
            (framework, findings, Known::default())
        }
        (None, Some(org)) => {
            let app = session::app(common).await?;
            let organization = session::organization(&app, org).await?;
            let framework = the_framework(&app.catalog.frameworks, &arguments.framework)?;
            let as_of = moment::as_of(arguments.as_of, &organization, app.clock.now());
            let organization = standing::organization_at(&app, &organization, as_of).await?;
            if !organization.frameworks.contains(&framework.id) {
                bail!("{} is not among the frameworks of {}", framework.id, organization.slug);
            }
            let standing = standing::Standing::known(&app, &organization, as_of).await?;
            let statuses = standing.statuses_now(as_of);
            let exceptions = exceptions(&framework, &statuses, &standing.decisions);
            let statuses = statuses.into_iter().filter(|status| status.framework == framework.id);
            let statuses: BTreeMap<_, _> = statuses.map(|status| (status.control.clone(), status)).collect();
            let findings = cmmc::findings(&framework, statuses.values());
            let matrix = standing.matrices.get(&framework.id).map(|(matrix, _)| matrix.clone());
            (framework, findings, Known { statuses, matrix, exceptions })
        }
        (None, None) => bail!("give --statuses or --org"),
    };
    for name in &arguments.if_met {
        let control = requirement(&framework, name)?;
        findings.insert(control.id.clone(), Finding::Met);
    }
    let mut result = match framework.id.as_str() {
        "cmmc-l1" => level_1(&framework, &findings),
        "cmmc-l3" => level_3(&framework, &findings),
        _ => level_2(&framework, &findings, &known)?,
    };
    let calendar = calendar(&framework, &arguments)?;
    if let Some(result) = result.as_object_mut() {
        result.insert("exceptions".to_owned(), json!(known.exceptions));
        result.extend(calendar.map(|calendar| ("calendar".to_owned(), calendar)));
    }
    if common.json {
        output::json(&result)?;
    } else {
        print(&framework, &result)?;
    }
    Ok(Ending::Fine)
}

fn the_framework(all: &BTreeMap<FrameworkId, Framework>, id: &FrameworkId) -> anyhow::Result<Framework> {
    if !matches!(id.as_str(), "cmmc-l1" | "cmmc-l2" | "cmmc-l3") {
        bail!("only CMMC has a score: cmmc-l1, cmmc-l2 or cmmc-l3; for {id} see countersign status");
    }
    all.get(id).cloned().ok_or_else(|| anyhow::anyhow!("there is no framework {id} in the catalog"))
}

/// The dates that follow from a status somebody says was reached.
fn calendar(framework: &Framework, arguments: &ScoreArguments) -> anyhow::Result<Option<Value>> {
    let Some(dated) = arguments.status_date else { return Ok(None) };
    let level = match framework.id.as_str() {
        "cmmc-l1" => Level::Level1,
        "cmmc-l3" => Level::Level3,
        _ => Level::Level2,
    };
    let stands = match (arguments.conditional, arguments.closed_out) {
        (true, _) => Standing::Conditional,
        (false, Some(closed)) => Standing::ClosedOut(closed),
        (false, None) => Standing::Final,
    };
    if level == Level::Level1 && stands != Standing::Final {
        bail!("Level 1 has no conditional status: 32 CFR 170.21(a)(1)");
    }
    let status = Status { level, dated, stands };
    if let Standing::ClosedOut(closed) = stands {
        let last = Calendar::of(Status { stands: Standing::Conditional, ..status }).and_then(|one| one.closeout_by);
        if closed < dated || last.is_some_and(|last| closed > last) {
            let last = last.map(|last| last.to_string()).unwrap_or_default();
            bail!("a closeout lies between {dated} and {last}, 180 days later: 32 CFR 170.21(b)");
        }
    }
    let calendar = Calendar::of(status);
    let calendar = calendar.ok_or_else(|| anyhow::anyhow!("{dated} is too far away for a calendar"))?;
    Ok(Some(json!(calendar)))
}

fn level_2(framework: &Framework, findings: &Findings, known: &Known) -> anyhow::Result<Value> {
    let score = score::level_2(framework, findings)?;
    let legality = poam::level_2(framework, findings, &score)?;
    let deductions: Vec<Value> = score.deductions.iter().map(|one| known.deduction(framework, one)).collect();
    let walked = |steps: Vec<path::Step>| steps.iter().map(|step| known.step(framework, step)).collect::<Vec<_>>();
    let mut result = json!({
        "framework": framework.id,
        "score": score.score,
        "points": score.points,
        "deductions": deductions,
        "poam_allowed": legality.poam_allowed,
        "poam_refused": legality.poam_refused,
        "conditional_possible": legality.conditional_possible,
        "final_possible": legality.final_possible,
        "to_conditional": walked(path::to_conditional(framework, findings, &score)?),
        "to_final": walked(path::to_final(framework, findings)?),
    });
    if score.score.is_none()
        && let Some(result) = result.as_object_mut()
    {
        let because = "3.12.4 is not met, or not shown: without an up-to-date system security plan the assessment cannot be completed and \
                       there is no score, 32 CFR 170.24(c)(2)(i)(B)(5)";
        result.insert("no_score_because".to_owned(), because.into());
    }
    Ok(result)
}

fn level_1(framework: &Framework, findings: &Findings) -> Value {
    let refused: Vec<_> = open(framework, findings).into_iter().map(poam::at_level_1).collect();
    let met = score::level_1(framework, findings);
    json!({
        "framework": framework.id,
        "score": null,
        "no_score_because": "Level 1 has no score: it is met as a whole or not, 32 CFR 170.24(c)(1)",
        "poam_allowed": [],
        "poam_refused": refused,
        "conditional_possible": false,
        "final_possible": met,
    })
}

fn level_3(framework: &Framework, findings: &Findings) -> Value {
    let score = score::level_3(framework, findings);
    let (mut allowed, mut refused) = (Vec::new(), Vec::new());
    for control in open(framework, findings) {
        match poam::at_level_3(control) {
            Ok(()) => allowed.push(number(control).to_owned()),
            Err(refusal) => refused.push(refusal),
        }
    }
    json!({
        "framework": framework.id,
        "score": score,
        "needs": "the highest Level 2 score first, 32 CFR 170.24(c)(3)",
        "conditional_possible": refused.is_empty() && score >= poam::LEVEL_3_LEAST,
        "final_possible": refused.is_empty() && allowed.is_empty(),
        "poam_allowed": allowed,
        "poam_refused": refused,
    })
}

fn open<'a>(framework: &'a Framework, findings: &Findings) -> Vec<&'a crate::catalog::framework::Control> {
    let is_open = |id: &ControlId| !findings.get(id).is_some_and(|found| found.counts_as_met());
    framework.controls.iter().filter(|control| is_open(&control.id)).collect()
}

impl Known {
    fn deduction(&self, framework: &Framework, deduction: &score::Deduction) -> Value {
        let mut shown = json!({"control": deduction.control, "value": deduction.value, "because": deduction.because});
        self.add(framework, &deduction.control, &mut shown);
        shown
    }

    fn step(&self, framework: &Framework, step: &path::Step) -> Value {
        let mut shown = json!({"control": step.control, "gain": step.gain, "because": step.because});
        self.add(framework, &step.control, &mut shown);
        shown
    }

    /// Where it stands, what that rests on, and who has to act: known of organizations only.
    fn add(&self, framework: &Framework, name: &str, to: &mut Value) {
        let (Ok(control), Some(to)) = (requirement(framework, name), to.as_object_mut()) else { return };
        if let Some(status) = self.statuses.get(&control.id) {
            // Objectives that stand better are not why points are lost.
            let decisive = status.objectives.iter().filter(|objective| objective.state == status.state);
            let evidence: BTreeSet<u64> = decisive
                .flat_map(|objective| {
                    let seen = objective.bearings.iter().flat_map(|bearing| &bearing.evidence);
                    seen.chain(&objective.attestation).chain(&objective.set_aside).copied()
                })
                .collect();
            to.insert("status".to_owned(), json!(status.state));
            to.insert("why".to_owned(), json!(status.because));
            to.insert("evidence".to_owned(), json!(evidence));
            let what = if status.state == ControlState::Undetermined { "show" } else { "mend" };
            to.insert("what".to_owned(), json!(what));
        }
        if let Some(matrix) = &self.matrix
            && let Some(party) = Owners::new([matrix]).acting(&framework.id, &control.id)
        {
            to.insert("party".to_owned(), json!(party));
        }
    }
}

fn print(framework: &Framework, result: &Value) -> anyhow::Result<()> {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let of = |name: &str| result.get(name).cloned().unwrap_or_default();
    output::line(&framework.title)?;
    match (of("score"), of("no_score_because")) {
        (Value::Null, because) => {
            output::line(&format!("No score: {}", text(&because)))?;
            if let Some(points) = of("points").as_i64() {
                output::line(&format!("With a plan it would be {points}."))?;
            }
        }
        (score, _) => output::line(&format!("Score: {score}"))?,
    }
    let possible = |name: &str| if of(name) == Value::Bool(true) { "yes" } else { "no" };
    output::line(&format!("Final status possible: {}", possible("final_possible")))?;
    output::line(&format!("Conditional status possible: {}", possible("conditional_possible")))?;
    print_deductions(&of("deductions"))?;
    for exception in of("exceptions").as_array().into_iter().flatten() {
        let [objective, by, because] =
            ["objective", "by", "because"].map(|key| exception.get(key).map_or_else(String::new, text));
        output::line(&output::plain(&format!("{objective} is met by: {by}. {because}")))?;
    }
    dates(&of("calendar"))?;
    for (name, heading) in
        [("to_conditional", "To a conditional status, in this order:"), ("to_final", "To all points, in this order:")]
    {
        let steps = of(name);
        let Some(steps) = steps.as_array().filter(|steps| !steps.is_empty()) else { continue };
        output::line("")?;
        output::line(heading)?;
        let rows: Vec<[String; 5]> = steps
            .iter()
            .map(|step| {
                ["control", "gain", "what", "party", "because"]
                    .map(|key| step.get(key).map_or_else(|| "-".to_owned(), text))
            })
            .collect();
        output::table(["control", "gain", "what", "whose turn", "because"], &rows)?;
    }
    for refusal in of("poam_refused").as_array().into_iter().flatten().filter(|_| framework.id.as_str() != "cmmc-l2") {
        output::line(&text(refusal.get("because").unwrap_or(&Value::Null)))?;
    }
    Ok(())
}

/// What points are lost for, and the ledger leaves of the evidence that says so.
fn print_deductions(deductions: &Value) -> anyhow::Result<()> {
    let Some(deductions) = deductions.as_array().filter(|all| !all.is_empty()) else { return Ok(()) };
    let words = |one: &Value, key: &str| one.get(key).map_or_else(|| "-".to_owned(), in_words);
    let rows: Vec<[String; 5]> = deductions
        .iter()
        .map(|one| {
            let why = if one.get("why").is_some() { "why" } else { "because" };
            [words(one, "control"), words(one, "value"), words(one, "status"), leaves(one), words(one, why)]
        })
        .collect();
    output::line("")?;
    output::line("Points are lost for:")?;
    output::table(["control", "points", "status", "evidence", "why"], &rows)
}

fn leaves(deduction: &Value) -> String {
    let all = deduction.get("evidence").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let first: Vec<String> = all.iter().take(LEAVES_SHOWN).map(in_words).collect();
    match all.len().saturating_sub(LEAVES_SHOWN) {
        0 if first.is_empty() => "-".to_owned(),
        0 => first.join(", "),
        more => format!("{} and {more} more", first.join(", ")),
    }
}

fn in_words(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), |text| text.replace('_', " "))
}

/// The dates of a calendar, if there is one.
fn dates(calendar: &Value) -> anyhow::Result<()> {
    let day = |name: &str| calendar.get(name).and_then(Value::as_str);
    if let Some(day) = day("closeout_by") {
        output::line(&format!("Closeout confirmed by: {day}"))?;
    }
    if let Some(days) = calendar.get("affirmations").and_then(Value::as_array) {
        let days: Vec<&str> = days.iter().filter_map(Value::as_str).collect();
        output::line(&format!("Affirmations: {}", days.join(", ")))?;
    }
    for (name, heading) in [("ends", "The status ends"), ("keep_until", "Artifacts are kept until")] {
        if let Some(day) = day(name) {
            output::line(&format!("{heading}: {day}"))?;
        }
    }
    for note in calendar.get("notes").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str) {
        output::line(&format!("Note: {note}"))?;
    }
    Ok(())
}
