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
    detail: String,
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
        let seen = catalog.crosswalk.iter().filter_map(|row| seen_from(row, id, &control.id)).collect();
        for one in &joined(seen) {
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
                [title.unwrap_or_default(), &one.detail]
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

/// Each control once, also where two rows say it from either side; the surest first.
fn joined(mut all: Vec<Helped<'_>>) -> Vec<Helped<'_>> {
    all.sort_by_key(|one| (std::cmp::Reverse(one.confidence), one.framework, one.control));
    let mut joined: Vec<Helped<'_>> = Vec::new();
    for one in all {
        let same = |known: &&mut Helped<'_>| known.framework == one.framework && known.control == one.control;
        match joined.iter_mut().find(same) {
            Some(known) if known.detail.is_empty() => known.detail = one.detail,
            Some(known) if !one.detail.is_empty() && known.detail != one.detail => {
                known.detail.extend(["; ", one.detail.as_str()]);
            }
            Some(_) => {}
            None => joined.push(one),
        }
    }
    joined
}

fn seen_from<'a>(row: &'a CrosswalkRow, framework: &FrameworkId, control: &ControlId) -> Option<Helped<'a>> {
    let (confidence, detail) = (row.confidence, row.detail.clone());
    if row.from_framework == *framework && row.from == *control {
        return Some(Helped { framework: &row.to_framework, control: row.to.as_ref(), confidence, detail });
    }
    let is_target = row.to_framework == *framework && row.to.as_ref() == Some(control);
    is_target.then_some(Helped { framework: &row.from_framework, control: Some(&row.from), confidence, detail })
}

#[cfg(test)]
mod tests {
    use super::{Confidence, CrosswalkRow, joined, seen_from};

    #[test]
    fn what_two_rows_say_from_either_side_is_shown_once_with_the_surer_word_and_both_details() {
        let row = |from: (&str, &str), to: (&str, &str), confidence, detail: &str| CrosswalkRow {
            from_framework: from.0.parse().unwrap(),
            from: from.1.parse().unwrap(),
            to_framework: to.0.parse().unwrap(),
            to: Some(to.1.parse().unwrap()),
            confidence,
            detail: detail.to_owned(),
        };
        let (own, other) = (("mine", "A-1"), ("theirs", "B-1"));
        let rows = [
            row(own, other, Confidence::Low, "one"),
            row(other, own, Confidence::High, "two"),
            row(own, ("theirs", "B-2"), Confidence::Medium, ""),
        ];
        let (framework, control) = (&rows[0].from_framework, &rows[0].from);
        let shown = joined(rows.iter().filter_map(|row| seen_from(row, framework, control)).collect());
        let shown: Vec<_> =
            shown.iter().map(|one| (one.control.unwrap().as_str(), one.confidence, one.detail.as_str())).collect();
        assert_eq!(shown, [("B-1", Confidence::High, "two; one"), ("B-2", Confidence::Medium, "")]);
    }
}
