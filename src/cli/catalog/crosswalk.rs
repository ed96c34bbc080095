//! `countersign catalog crosswalk ID`

use std::collections::BTreeSet;

use anyhow::bail;
use serde_json::json;

use crate::catalog::Catalog;
use crate::catalog::crosswalk::{Confidence, CrosswalkRow};
use crate::cli::{Common, output};
use crate::model::id::{ControlId, FrameworkId};

/// One control of another framework, seen from either side of a row.
struct Helped<'a> {
    framework: &'a FrameworkId,
    control: Option<&'a ControlId>,
    confidence: Confidence,
    detail: &'a str,
}

/// What else a control helps. Suggests where to look; never decides a status.
pub fn run(common: &Common, catalog: &Catalog, name: &str, framework: Option<&FrameworkId>) -> anyhow::Result<()> {
    let named: Vec<_> = catalog
        .frameworks
        .keys()
        .filter(|id| framework.is_none_or(|only| only == *id))
        .filter_map(|id| catalog.control(id, name).map(|control| (id, control)))
        .collect();
    if named.is_empty() {
        bail!("no framework has a control `{name}`; countersign catalog show FRAMEWORK lists them");
    }
    let mut shown = Vec::new();
    let mut rows: Vec<[String; 5]> = Vec::new();
    for (id, control) in named {
        let mut helped: Vec<Helped<'_>> =
            catalog.crosswalk.iter().filter_map(|row| seen_from(row, id, &control.id)).collect();
        helped.sort_by_key(|one| (std::cmp::Reverse(one.confidence), one.framework, one.control));
        for one in &helped {
            let title =
                one.control.and_then(|to| catalog.control(one.framework, to.as_str())).map(|to| to.title.as_str());
            shown.push(json!({
                "from_framework": id, "from": control.id, "to_framework": one.framework, "to": one.control,
                "title": title, "confidence": one.confidence, "detail": one.detail,
            }));
            let to = one.control.map_or_else(|| "nothing".to_owned(), ToString::to_string);
            rows.push([
                control.id.to_string(),
                one.framework.to_string(),
                to,
                format!("{:?}", one.confidence).to_lowercase(),
                [title.unwrap_or_default(), one.detail]
                    .iter()
                    .filter(|text| !text.is_empty())
                    .copied()
                    .collect::<Vec<_>>()
                    .join("; "),
            ]);
        }
    }
    if common.json {
        return output::json(&shown);
    }
    if rows.is_empty() {
        return output::line("The crosswalk names nothing for this control.");
    }
    output::table(["control", "helps in", "control there", "confidence", "title"], &rows)?;
    output::line("")?;
    let words: BTreeSet<&str> = shown
        .iter()
        .filter_map(|one| one.get("confidence")?.as_str())
        .map(|word| match word {
            "high" => "high follows a published chain",
            "medium" => "medium is our judgement",
            _ => "low was found automatically",
        })
        .collect();
    let words: Vec<&str> = words.into_iter().collect();
    output::line(&format!("This suggests where the same evidence helps and decides nothing: {}.", words.join(", ")))
}

fn seen_from<'a>(row: &'a CrosswalkRow, framework: &FrameworkId, control: &ControlId) -> Option<Helped<'a>> {
    let (confidence, detail) = (row.confidence, row.detail.as_str());
    if row.from_framework == *framework && row.from == *control {
        return Some(Helped { framework: &row.to_framework, control: row.to.as_ref(), confidence, detail });
    }
    let is_target = row.to_framework == *framework && row.to.as_ref() == Some(control);
    is_target.then_some(Helped { framework: &row.from_framework, control: Some(&row.from), confidence, detail })
}
