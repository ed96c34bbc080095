//! `countersign catalog show FRAMEWORK [CONTROL]`

use anyhow::bail;
use serde_json::{Value, json};

use crate::catalog::Catalog;
use crate::catalog::framework::{Control, Framework, TO_BE_CONFIRMED};
use crate::cli::{Common, output};
use crate::model::id::FrameworkId;
use crate::report::facts::Fact;

/// A framework with its controls, or one control with everything that is known about it.
pub fn run(common: &Common, catalog: &Catalog, framework: &FrameworkId, control: Option<&str>) -> anyhow::Result<()> {
    let framework = the_framework(catalog, framework)?;
    match control {
        Some(name) => {
            let control = the_control(catalog, framework, name)?;
            let shown = whole(catalog, framework, control)?;
            if common.json { output::json(&shown) } else { print_control(framework, control, &shown) }
        }
        None if common.json => {
            let controls: Vec<Value> = framework
                .controls
                .iter()
                .map(|control| whole(catalog, framework, control))
                .collect::<anyhow::Result<_>>()?;
            output::json(&json!({
                "id": framework.id,
                "title": framework.title,
                "version": framework.version,
                "publisher": framework.publisher,
                "source": framework.source,
                "vocabulary": framework.vocabulary,
                "judged_by": framework.judged_by,
                "questionnaires": framework.questionnaires,
                "controls": controls,
            }))
        }
        None => {
            output::text(&format!("{} ({})", framework.title, framework.version))?;
            output::text(&format!("{}. Identifiers: {}", framework.publisher, framework.source))?;
            output::line("")?;
            let rows: Vec<[String; 4]> = framework
                .controls
                .iter()
                .map(|control| {
                    let judged =
                        if control.assessable { control.objectives.len().max(1).to_string() } else { "-".into() };
                    [control.id.to_string(), judged, control.family.clone(), control.title.clone()]
                })
                .collect();
            output::table(["control", "objectives", "family", "title"], &rows)
        }
    }
}

pub(super) fn the_framework<'a>(catalog: &'a Catalog, id: &FrameworkId) -> anyhow::Result<&'a Framework> {
    let known = || catalog.frameworks.keys().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    catalog.frameworks.get(id).ok_or_else(|| anyhow::anyhow!("there is no framework `{id}`; there are {}", known()))
}

pub(super) fn the_control<'a>(
    catalog: &'a Catalog,
    framework: &'a Framework,
    name: &str,
) -> anyhow::Result<&'a Control> {
    match catalog.control(&framework.id, name) {
        Some(control) => Ok(control),
        None => bail!("{} has no control `{name}`; countersign catalog show {} lists them", framework.id, framework.id),
    }
}

/// The control as the files say it, with the checks that bear on it.
fn whole(catalog: &Catalog, framework: &Framework, control: &Control) -> anyhow::Result<Value> {
    let mut shown = serde_json::to_value(control)?;
    let units: Vec<&str> = match control.objectives.as_slice() {
        [] => vec![control.id.as_str()],
        objectives => objectives.iter().map(|objective| objective.id.as_str()).collect(),
    };
    let checks: Vec<Value> = units
        .iter()
        .flat_map(|unit| {
            let proofs = catalog.checks_for_objective(&framework.id, unit);
            proofs
                .iter()
                .map(|(check, proof)| json!({"objective": unit, "check": check, "proof": proof}))
                .collect::<Vec<_>>()
        })
        .collect();
    if let Some(shown) = shown.as_object_mut() {
        shown.insert("checks".to_owned(), checks.into());
    }
    Ok(shown)
}

fn print_control(framework: &Framework, control: &Control, shown: &Value) -> anyhow::Result<()> {
    output::text(&format!("{} {}", control.id, control.title))?;
    output::text(&format!("{}, {}", framework.title, control.family))?;
    if let Some(guidance) = &control.guidance {
        for (heading, text) in [
            ("Asks", &guidance.asks),
            ("Examine", &guidance.examine),
            ("Interview", &guidance.interview),
            ("Test", &guidance.test),
            ("Provider", &guidance.provider),
            ("Internal IT", &guidance.internal),
        ] {
            if !text.is_empty() {
                output::line("")?;
                output::text(&format!("{heading}: {text}"))?;
            }
        }
        if !guidance.typical_gaps.is_empty() {
            output::line("")?;
            output::line("Often missing:")?;
            for gap in &guidance.typical_gaps {
                output::text(&format!("  - {gap}"))?;
            }
        }
        if let Some(rhythm) = guidance.shown {
            output::line("")?;
            output::line(&format!("Show it again: {}", rhythm.as_str().replace('_', " ")))?;
        }
    }
    if let Some(official) = &control.official {
        output::line("")?;
        output::line("Official text (imported):")?;
        output::text(official.trim_end())?;
    }
    if !control.objectives.is_empty() {
        output::line("")?;
        let rows: Vec<[String; 2]> =
            control.objectives.iter().map(|one| [one.id.to_string(), one.title.clone()]).collect();
        output::table(["objective", "title"], &rows)?;
    }
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let unconfirmed: Vec<&str> = control.to_be_confirmed().collect();
    let row = |name: &str, value: &Value| {
        let mark = if unconfirmed.contains(&name) { " (to be confirmed)" } else { "" };
        let Fact { label, text } = Fact::of(name, value);
        [label, text + mark]
    };
    output::line("")?;
    let rows: Vec<[String; 2]> = control
        .facts
        .iter()
        .filter(|(name, _)| *name != TO_BE_CONFIRMED)
        .map(|(name, value)| row(name, value))
        .collect();
    output::table(["fact", "value"], &rows)?;
    let checks = shown.get("checks").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    output::line("")?;
    if checks.is_empty() {
        return output::line("No check looks at this; a person has to show it.");
    }
    let rows: Vec<[String; 3]> = checks
        .iter()
        .map(|one| ["objective", "check", "proof"].map(|key| one.get(key).map(text).unwrap_or_default()))
        .collect();
    output::table(["objective", "check", "proof"], &rows)
}
