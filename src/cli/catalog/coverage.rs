//! `countersign catalog coverage [--framework ID]`

use serde_json::{Value, json};

use super::show::the_framework;
use crate::assess::coverage::{Breakdown, Tally, breakdown};
use crate::catalog::Catalog;
use crate::catalog::framework::Framework;
use crate::cli::{Common, output};
use crate::model::id::FrameworkId;

pub const ABOUT: &str = "\
Count how much of each framework machines show, and how much is left to people

This speaks of the catalog, not of an organization. Every objective is counted once, by the strongest proof any check offers:
  machine-proved  a check proves it alone
  partly          a check proves a part; a person states the rest
  supported       a check gives a hint; a person has to show it
  person-proved   no check; the catalog says what evidence a person gives, and a statement is needed
  not covered     no check, and the catalog does not yet say what a person would show: somebody has to work that out

A control without objectives is one objective. A control with several is counted twice, in two lines: by its weakest objective,
which tells how the whole control can be shown, and by its strongest, which tells whether a machine helps anywhere in it.
Controls whose status follows from the rows below them are only counted as such, and rows that state scope or definitions are
not assessable. The five columns of a line of controls, those two numbers added, are all controls of the framework.";

/// Each framework's numbers, or those of one.
pub fn run(common: &Common, catalog: &Catalog, framework: Option<&FrameworkId>) -> anyhow::Result<()> {
    let frameworks = match framework {
        Some(id) => vec![the_framework(catalog, id)?],
        None => catalog.frameworks.values().collect(),
    };
    let counted: Vec<(&Framework, Breakdown)> =
        frameworks.into_iter().map(|framework| (framework, breakdown(catalog, framework))).collect();
    if common.json {
        let all: Vec<Value> = counted.iter().map(|(framework, counted)| shown(framework, counted)).collect();
        return output::json(&all);
    }
    let rows: Vec<[String; 7]> = counted.iter().flat_map(|(framework, counted)| lines(framework, counted)).collect();
    let head = ["framework", "counted", "machine-proved", "partly", "supported", "person-proved", "not covered"];
    output::table(head, &rows)?;
    output::line("")?;
    for (framework, counted) in &counted {
        output::line(&format!(
            "{}: {} controls, of which {} follow from their parts and {} are not assessable.",
            framework.id, counted.controls, counted.follow_from_parts, counted.not_assessable
        ))?;
    }
    output::line("What is counted how: countersign catalog coverage --help")
}

fn shown(framework: &Framework, counted: &Breakdown) -> Value {
    json!({
        "id": framework.id,
        "title": framework.title,
        "version": framework.version,
        "controls": counted.controls,
        "not_assessable": counted.not_assessable,
        "follow_from_parts": counted.follow_from_parts,
        "controls_by_weakest": counted.by_weakest,
        "controls_by_strongest": counted.by_strongest,
        "objectives": counted.objectives,
    })
}

fn lines(framework: &Framework, counted: &Breakdown) -> [[String; 7]; 3] {
    let line = |name: &str, tally: &Tally| {
        [
            framework.id.to_string(),
            name.to_owned(),
            tally.machine_proved.to_string(),
            tally.partly.to_string(),
            tally.supported.to_string(),
            tally.person_proved.to_string(),
            tally.not_covered.to_string(),
        ]
    };
    [
        line("objectives", &counted.objectives),
        line("controls, weakest", &counted.by_weakest),
        line("controls, strongest", &counted.by_strongest),
    ]
}
