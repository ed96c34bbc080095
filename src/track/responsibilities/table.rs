//! A split as a table that people edit in a spreadsheet: written as CSV, and read back with all faults at once.
//!
//! Nothing is taken over by halves: a table with one fault gives no rows. Columns that are not asked for (titles, dates of a
//! report) are not looked at. Start with [`read`].

use std::collections::HashMap;
use std::fmt;

use super::change::{in_order, some};
use super::{LONGEST_TEXT, unfit};
use crate::catalog::framework::{Control, Framework};
use crate::model::cell::{guard, unguard};
use crate::model::csv_rows::{Row, RowFault, Rows};
use crate::model::id::{ControlId, ObjectiveId, PersonHandle};
use crate::model::responsibility::{Party, Responsibility, ResponsibilityKind};

/// Largest table that is read, in bytes.
pub const LARGEST: usize = 8 * 1024 * 1024;
/// How many faults are told at most.
const MOST_FAULTS: usize = 1_000;

/// The columns of a table, in the order in which they are written.
pub const COLUMNS: [&str; 11] = [
    "control",
    "objective",
    "kind",
    "accountable",
    "provider_tasks",
    "internal_tasks",
    "vendor_tasks",
    "provider_person",
    "internal_person",
    "document",
    "clause",
];

/// What is wrong in a table, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableFault {
    /// Counted from 1, the headings included; none: the table as a whole.
    pub line: Option<u64>,
    pub what: String,
}

impl fmt::Display for TableFault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(formatter, "line {line}: {}", self.what),
            None => formatter.write_str(&self.what),
        }
    }
}

impl From<RowFault> for TableFault {
    fn from(fault: RowFault) -> Self {
        Self { line: Some(fault.line), what: fault.what }
    }
}

/// Writes rows as CSV: UTF-8, comma, CRLF, cells that look like formulas guarded.
///
/// # Errors
/// Only when memory runs out.
pub fn write(rows: &[Responsibility]) -> Result<Vec<u8>, csv::Error> {
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    writer.write_record(COLUMNS)?;
    for row in rows {
        let cells = [
            row.control.as_str(),
            row.objective.as_ref().map_or("", |id| id.as_str()),
            row.kind.as_str(),
            row.accountable.as_str(),
            &row.provider_tasks,
            &row.internal_tasks,
            row.vendor_tasks.as_deref().unwrap_or_default(),
            row.provider_person.as_ref().map_or("", |person| person.as_str()),
            row.internal_person.as_ref().map_or("", |person| person.as_str()),
            row.document.as_deref().unwrap_or_default(),
            row.clause.as_deref().unwrap_or_default(),
        ];
        writer.write_record(cells.map(|cell| guard(cell).into_owned()))?;
    }
    writer.into_inner().map_err(|fault| fault.into_error().into())
}

/// Reads the whole split of a framework.
///
/// # Errors
/// Everything that is wrong, in the order of the lines.
pub fn read(framework: &Framework, bytes: &[u8]) -> Result<Vec<Responsibility>, Vec<TableFault>> {
    let whole = |what: String| vec![TableFault { line: None, what }];
    if bytes.len() > LARGEST {
        return Err(whole(format!("the file has {} bytes; {LARGEST} are allowed", bytes.len())));
    }
    let text = std::str::from_utf8(bytes).map_err(|fault| {
        let before = bytes.get(..fault.valid_up_to()).unwrap_or_default();
        let line = before.split(|byte| *byte == b'\n').count();
        let what = "this is not UTF-8; save the table as CSV in UTF-8".to_owned();
        vec![TableFault { line: Some(line as u64), what }]
    })?;
    if bytes.trim_ascii().is_empty() {
        return Err(whole("the file is empty; countersign responsibility export writes one to begin with".to_owned()));
    }
    let mut rows = Rows::of(text);
    let headings = match rows.next() {
        Some(Ok(headings)) => headings,
        Some(Err(fault)) => return Err(vec![fault.into()]),
        None => {
            return Err(whole(
                "the file is empty; countersign responsibility export writes one to begin with".to_owned(),
            ));
        }
    };
    let mut table = Table::new(framework, places(&headings)?);
    for row in rows {
        match row {
            Ok(row) => table.row(&row),
            Err(fault) => table.faults.push(fault.into()),
        }
        if table.faults.len() > MOST_FAULTS {
            table.faults.truncate(MOST_FAULTS);
            table.faults.push(TableFault { line: None, what: "there are more faults; mend these first".to_owned() });
            break;
        }
    }
    if table.rows.is_empty() && table.faults.is_empty() {
        return Err(whole("the table has headings and no rows".to_owned()));
    }
    if !table.faults.is_empty() {
        return Err(table.faults);
    }
    let mut rows = table.rows;
    in_order(framework, &mut rows);
    Ok(rows)
}

/// Where each column stands.
struct Places {
    of: [usize; COLUMNS.len()],
    /// How many cells a line has.
    width: usize,
    /// Tables of reports name their framework.
    framework: Option<usize>,
}

fn places(headings: &Row) -> Result<Places, Vec<TableFault>> {
    let clean = |text: &str| unguard(text).trim().to_ascii_lowercase();
    let names: Vec<String> = headings.cells.iter().map(|cell| clean(cell)).collect();
    let mut faults = Vec::new();
    let mut of = [0; COLUMNS.len()];
    for (column, place) in COLUMNS.iter().zip(&mut of) {
        let mut found = names.iter().enumerate().filter(|(_, name)| name == column).map(|(place, _)| place);
        match (found.next(), found.next()) {
            (None, _) => faults.push(format!("the column `{column}` is missing")),
            (Some(_), Some(_)) => faults.push(format!("the column `{column}` is there twice")),
            (Some(only), None) => *place = only,
        }
    }
    if faults.is_empty() {
        let framework = names.iter().position(|name| name == "framework");
        return Ok(Places { of, width: names.len(), framework });
    }
    if names.len() == 1 {
        faults.push("columns are separated by commas".to_owned());
    }
    Err(faults.into_iter().map(|what| TableFault { line: Some(headings.line), what }).collect())
}

struct Table<'a> {
    framework: &'a Framework,
    controls: HashMap<&'a str, &'a Control>,
    places: Places,
    /// Line and accountable party of what was read, by control and objective.
    seen: HashMap<(ControlId, Option<ObjectiveId>), (u64, Option<Party>)>,
    rows: Vec<Responsibility>,
    faults: Vec<TableFault>,
}

impl<'a> Table<'a> {
    fn new(framework: &'a Framework, places: Places) -> Self {
        let mut controls = HashMap::new();
        for control in &framework.controls {
            for name in std::iter::once(control.id.as_str()).chain(control.aliases.iter().map(String::as_str)) {
                controls.entry(name).or_insert(control);
            }
        }
        Self { framework, controls, places, seen: HashMap::new(), rows: Vec::new(), faults: Vec::new() }
    }

    fn row(&mut self, row: &Row) {
        let line = row.line;
        let mut faults = Vec::new();
        if row.cells.len() != self.places.width {
            let (found, wanted) = (row.cells.len(), self.places.width);
            faults.push(format!("there are {found} cells under {wanted} headings; is a comma outside quotes?"));
        } else if row.cells.iter().all(|cell| cell.trim().is_empty()) {
            // Spreadsheets write empty lines at the end.
            return;
        } else if let Some(row) = self.read_row(row, &mut faults) {
            self.rows.push(row);
        }
        self.faults.extend(faults.into_iter().map(|what| TableFault { line: Some(line), what }));
    }

    fn read_row(&mut self, row: &Row, faults: &mut Vec<String>) -> Option<Responsibility> {
        let line = row.line;
        let of = self.places.of;
        let cells = of.map(|place| unguard(row.get(place).unwrap_or_default()));
        let [
            control,
            objective,
            kind,
            accountable,
            provider,
            internal,
            vendor,
            by_provider,
            by_internal,
            document,
            clause,
        ] = cells;
        let framework = self.places.framework.and_then(|place| row.get(place));
        if let Some(other) = framework.map(|cell| unguard(cell).trim())
            && !other.is_empty()
            && other != self.framework.id.as_str()
        {
            faults.push(format!("this row is of `{}`, not of {}", short(other), self.framework.id));
        }
        let kind = word(kind, "kind", faults, str::parse::<ResponsibilityKind>);
        let accountable = party(accountable, faults);
        let place = self.place(control.trim(), objective.trim(), faults);
        if let Some(place) = &place {
            match self.seen.get(place) {
                Some((first, Some(other))) if accountable.is_some_and(|party| party != *other) => faults.push(format!(
                    "a second accountable party for {}: line {first} names {}; exactly one is accountable",
                    name_of(place),
                    other.as_str()
                )),
                Some((first, _)) => faults.push(format!("{} is there already, in line {first}", name_of(place))),
                None => {
                    self.seen.insert(place.clone(), (line, accountable));
                }
            }
        }
        let texts = [
            ("provider_tasks", provider),
            ("internal_tasks", internal),
            ("vendor_tasks", vendor),
            ("document", document),
            ("clause", clause),
        ];
        for (column, text) in texts {
            faults.extend(unfit(text, LONGEST_TEXT).map(|why| format!("`{column}` {why}")));
        }
        let provider_person = person(by_provider, "provider_person", faults);
        let internal_person = person(by_internal, "internal_person", faults);
        let (control, objective) = place?;
        let row = Responsibility {
            control,
            objective,
            kind: kind?,
            accountable: accountable?,
            provider_tasks: provider.to_owned(),
            internal_tasks: internal.to_owned(),
            vendor_tasks: some(vendor.to_owned()),
            document: some(document.to_owned()),
            provider_person,
            internal_person,
            clause: some(clause.to_owned()),
        };
        faults.is_empty().then_some(row)
    }

    fn place(
        &self,
        control: &str,
        objective: &str,
        faults: &mut Vec<String>,
    ) -> Option<(ControlId, Option<ObjectiveId>)> {
        if control.is_empty() {
            faults.push("`control` is empty".to_owned());
            return None;
        }
        let Some(known) = self.controls.get(control) else {
            faults.push(format!("{} has no control `{}`", self.framework.id, short(control)));
            return None;
        };
        if objective.is_empty() {
            return Some((known.id.clone(), None));
        }
        let part = known.objectives.iter().find(|part| part.id.as_str() == objective);
        if part.is_none() {
            faults.push(format!("{} has no objective `{}`", known.id, short(objective)));
        }
        Some((known.id.clone(), Some(part?.id.clone())))
    }
}

fn name_of((control, objective): &(ControlId, Option<ObjectiveId>)) -> &str {
    objective.as_ref().map_or(control.as_str(), |objective| objective.as_str())
}

fn word<T>(cell: &str, column: &str, faults: &mut Vec<String>, parse: impl Fn(&str) -> Result<T, String>) -> Option<T> {
    let text = cell.trim().to_ascii_lowercase();
    if text.is_empty() {
        faults.push(format!("`{column}` is empty"));
        return None;
    }
    parse(&short(&text)).map_err(|fault| faults.push(fault)).ok()
}

/// The accountable party: exactly one.
fn party(cell: &str, faults: &mut Vec<String>) -> Option<Party> {
    let text = cell.trim().to_ascii_lowercase();
    let words: Vec<&str> =
        text.split(|sign: char| !sign.is_ascii_alphabetic()).filter(|word| !word.is_empty()).collect();
    let named = words.iter().filter(|word| word.parse::<Party>().is_ok()).count();
    if named > 1 {
        faults.push(format!(
            "`accountable` names {named} parties (`{}`); exactly one is accountable",
            short(cell.trim())
        ));
        return None;
    }
    word(cell, "accountable", faults, str::parse::<Party>)
}

fn person(cell: &str, column: &str, faults: &mut Vec<String>) -> Option<PersonHandle> {
    let text = cell.trim();
    if text.is_empty() {
        return None;
    }
    text.parse().map_err(|fault| faults.push(format!("`{column}`: {fault}"))).ok()
}

/// The beginning of a text from outside, for a message.
fn short(text: &str) -> String {
    text.chars().take(60).collect()
}

#[cfg(test)]
mod tests;
