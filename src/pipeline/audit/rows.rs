//! Two lists of rows of one table: what was told, and what is stored. Pure.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::Difference;
use crate::store::Row;

/// How rows of a table are compared and named.
pub(super) struct Kind {
    /// Columns that tell which row is which.
    pub(super) key: &'static [&'static str],
    /// Columns that no record tells.
    pub(super) but_for: &'static [&'static str],
    pub(super) name: fn(&Row) -> String,
    /// What is said of a row that is there, and of one that is not.
    pub(super) there: Option<[&'static str; 2]>,
}

/// Longest value that is shown.
const SHOWN: usize = 160;

/// What differs between the rows that were told and those that are stored. Only columns that were told are compared.
pub(super) fn differing(told: &[Row], stored: &[Row], kind: &Kind) -> Vec<Difference> {
    let key = |row: &Row| -> Vec<String> { kind.key.iter().map(|column| row.get(column).to_owned()).collect() };
    let mut wanted: BTreeMap<Vec<String>, &Row> = told.iter().map(|row| (key(row), row)).collect();
    let [there, not_there] = kind.there.unwrap_or(["", "nothing of it"]);
    let said = |row: &Row| if there.is_empty() { whole(row, kind) } else { there.to_owned() };
    let mut found = Vec::new();
    for row in stored {
        match wanted.remove(&key(row)) {
            None => {
                let (sealed, in_database) = (not_there.to_owned(), said(row));
                found.push(Difference { place: (kind.name)(row), sealed, in_database });
            }
            Some(told) => found.extend(changed(told, row, kind)),
        }
    }
    found.extend(wanted.into_values().map(|row| Difference {
        place: (kind.name)(row),
        sealed: said(row),
        in_database: not_there.to_owned(),
    }));
    found
}

fn changed(told: &Row, stored: &Row, kind: &Kind) -> Option<Difference> {
    let (mut sealed, mut in_database) = (Vec::new(), Vec::new());
    for (column, value) in told.columns().filter(|(column, _)| !kind.but_for.contains(column)) {
        let other = stored.get(column);
        if value != other {
            tell(column, value, other, &mut sealed, &mut in_database);
        }
    }
    let is_same = sealed.is_empty();
    (!is_same).then(|| Difference {
        place: (kind.name)(told),
        sealed: sealed.join("; "),
        in_database: in_database.join("; "),
    })
}

/// Says how two values of a column differ; of two objects, only the members that do.
fn tell(column: &str, one: &str, other: &str, sealed: &mut Vec<String>, in_database: &mut Vec<String>) {
    if let (Ok(Value::Object(one)), Ok(Value::Object(other))) = (serde_json::from_str(one), serde_json::from_str(other))
    {
        for member in one.keys().chain(other.keys()).collect::<BTreeSet<_>>() {
            let (value, found) = (one.get(member), other.get(member));
            if value != found {
                let shown = |value: Option<&Value>| value.map_or_else(|| "none".to_owned(), plain);
                sealed.push(format!("{member}: {}", short(&shown(value))));
                in_database.push(format!("{member}: {}", short(&shown(found))));
            }
        }
        return;
    }
    sealed.push(format!("{column}: {}", short(one)));
    in_database.push(format!("{column}: {}", short(other)));
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn whole(row: &Row, kind: &Kind) -> String {
    let columns = row.columns().filter(|(column, _)| *column != "organization_id" && !kind.key.contains(column));
    let all: Vec<String> = columns.map(|(column, value)| format!("{column}: {}", short(value))).collect();
    short(&all.join("; "))
}

fn short(text: &str) -> String {
    let mut shown: String = text.chars().take(SHOWN).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::{Difference, Kind, differing};
    use crate::store::{Row, row_saying};

    const KIND: Kind =
        Kind { key: &["leaf"], but_for: &["rows"], name: |row| format!("record {}", row.get("leaf")), there: None };

    fn row(leaf: &str, outcome: &str, rows: &str) -> Row {
        row_saying([("leaf", leaf.to_owned()), ("outcome", outcome.to_owned()), ("rows", rows.to_owned())])
    }

    fn told(all: &[Difference]) -> Vec<[&str; 3]> {
        all.iter().map(|one| [one.place.as_str(), one.sealed.as_str(), one.in_database.as_str()]).collect()
    }

    #[test]
    fn what_was_changed_added_or_removed_is_named_and_what_no_record_tells_is_not() {
        let sealed = [row("1", "fail", "3"), row("2", "pass", "1"), row("3", "pass", "1")];
        let stored = [row("1", "pass", "4"), row("2", "pass", "9"), row("4", "pass", "1")];
        let found = differing(&sealed, &stored, &KIND);
        assert_eq!(
            told(&found),
            [
                ["record 1", "outcome: fail", "outcome: pass"],
                ["record 4", "nothing of it", "outcome: pass; rows: 1"],
                ["record 3", "outcome: pass; rows: 1", "nothing of it"],
            ]
        );
    }

    #[test]
    fn of_a_body_only_the_members_that_differ_are_shown() {
        let body = |text: &str| [row_saying([("leaf", "1".to_owned()), ("body", text.to_owned())])];
        let found = differing(
            &body(r#"{"party":"provider","title":"t"}"#),
            &body(r#"{"party":"internal","title":"t","x":1}"#),
            &KIND,
        );
        assert_eq!(told(&found), [["record 1", "party: provider; x: none", "party: internal; x: 1"]]);
    }

    #[test]
    fn a_second_row_of_the_same_name_is_one_too_many() {
        let found = differing(&[row("1", "fail", "3")], &[row("1", "fail", "3"), row("1", "fail", "3")], &KIND);
        assert_eq!(found.len(), 1, "{found:?}");
    }
}
