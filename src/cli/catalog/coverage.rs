//! `countersign catalog coverage`

use serde_json::json;

use super::show::the_framework;
use crate::assess::coverage::{Ways, reach};
use crate::catalog::Catalog;
use crate::cli::{Common, output};
use crate::model::id::FrameworkId;

/// How much of each framework a machine proves, a person shows, nobody covers.
pub fn run(common: &Common, catalog: &Catalog, only: Option<&FrameworkId>) -> anyhow::Result<()> {
    let frameworks = match only {
        Some(id) => vec![the_framework(catalog, id)?],
        None => catalog.frameworks.values().collect(),
    };
    let reached: Vec<_> = frameworks.into_iter().map(|framework| (framework, reach(catalog, framework))).collect();
    if common.json {
        let all: Vec<_> = reached
            .iter()
            .map(|(framework, reach)| {
                json!({
                    "id": framework.id,
                    "controls": reach.controls,
                    "objectives": reach.objectives,
                    "not_assessable": reach.not_assessable,
                    "parents": reach.parents,
                })
            })
            .collect();
        return output::json(&all);
    }
    let mut rows: Vec<[String; 7]> = Vec::new();
    for (framework, reach) in &reached {
        rows.push(row(&format!("{} controls", framework.id), &reach.controls));
        if framework.objective_count() > 0 {
            rows.push(row(&format!("{} objectives", framework.id), &reach.objectives));
        }
    }
    output::table(["", "full", "part", "supported", "person", "not covered", "all"], &rows)?;
    output::line("")?;
    output::line("full: a check proves it alone. part: a check proves a part of it. supported: a check says something that helps.")?;
    output::line("person: no check looks at it; the guidance says what to show. not covered: neither. A control counts by the")?;
    output::line("strongest of its objectives, and as full only if all of them are. Parents and rows of scope are left out.")
}

fn row(name: &str, ways: &Ways) -> [String; 7] {
    let all = ways.full + ways.part + ways.supporting + ways.person + ways.not_covered;
    let numbers = [ways.full, ways.part, ways.supporting, ways.person, ways.not_covered, all].map(|n| n.to_string());
    let [full, part, supporting, person, not_covered, all] = numbers;
    [name.to_owned(), full, part, supporting, person, not_covered, all]
}
