//! Reads `controls/crosswalk/*.csv`.
//!
//! One row says that a control of one framework helps a control of another, or that nothing corresponds (`none`).

use std::collections::HashMap;

use super::frameworks::LoadedFrameworks;
use super::yaml;
use crate::catalog::crosswalk::{Confidence, CrosswalkRow};
use crate::catalog::fault::Faults;
use crate::catalog::files::{CatalogFile, FileSet};
use crate::model::csv_rows::{Row, Rows};
use crate::model::id::{ControlId, FrameworkId};

const HEADER: [&str; 6] = ["from_framework", "from", "to_framework", "to", "confidence", "detail"];
/// A cell longer than this is no label.
const MAX_CELL_BYTES: usize = 500;

pub(super) fn load(files: &FileSet, frameworks: &LoadedFrameworks, faults: &mut Faults) -> Vec<CrosswalkRow> {
    let mut reader = Reader { frameworks, seen: HashMap::new(), targets: HashMap::new(), rows: Vec::new(), faults };
    for file in files.below("controls/crosswalk/") {
        if yaml::has_extension(&file.path, "csv") {
            reader.file(file);
        } else if !file.path.ends_with("README.md") {
            reader.faults.add(&file.shown, None, "no file is expected here but .csv files");
        }
    }
    reader.rows
}

/// From framework and control, to framework and control.
type Pair = (FrameworkId, ControlId, FrameworkId, Option<ControlId>);

struct Reader<'a> {
    frameworks: &'a LoadedFrameworks,
    /// Where a pair was first named.
    seen: HashMap<Pair, (String, u64)>,
    /// What a control's first row about a framework says: whether nothing corresponds there, and where it stands.
    targets: HashMap<(FrameworkId, ControlId, FrameworkId), (bool, String, u64)>,
    rows: Vec<CrosswalkRow>,
    faults: &'a mut Faults,
}

impl Reader<'_> {
    fn file(&mut self, file: &CatalogFile) {
        let Some(text) = yaml::text(file, self.faults) else { return };
        // The last cell is free text: nothing else tells that its end is missing.
        if !text.ends_with('\n') {
            let message =
                "the last line has no end, so a part of the file may be missing; take it again, or end the line";
            self.faults.add(&file.shown, Some(text.lines().count() as u64), message);
        }
        let mut rows = Rows::of(text).with_comments('#').on_one_line_each();
        let first = match rows.next() {
            Some(Ok(header)) if header.cells == HEADER => None,
            Some(Ok(header)) => Some(header.line),
            Some(Err(fault)) => Some(fault.line),
            None => Some(1),
        };
        if first.is_some() {
            self.faults.add(&file.shown, first, format!("the first line must be `{}`", HEADER.join(",")));
            return;
        }
        for row in rows {
            match row {
                Ok(row) => self.row(file, &row),
                Err(fault) => self.faults.add(&file.shown, Some(fault.line), fault.what),
            }
        }
    }

    fn row(&mut self, file: &CatalogFile, row: &Row) {
        let line = Some(row.line);
        let cells: Vec<&str> = row.cells.iter().map(String::as_str).collect();
        let [from_framework, from, to_framework, to, confidence, detail] = cells.as_slice() else {
            let message = format!("the row has {} cells instead of {}", cells.len(), HEADER.len());
            return self.faults.add(&file.shown, line, message);
        };
        if cells.iter().any(|cell| cell.len() > MAX_CELL_BYTES) {
            let message = format!("a cell is longer than {MAX_CELL_BYTES} bytes; is a quotation mark missing?");
            return self.faults.add(&file.shown, line, message);
        }
        let from = self.control(file, line, from_framework, from);
        let to = if *to == "none" {
            self.framework(file, line, to_framework).map(|framework| (framework, None))
        } else {
            self.control(file, line, to_framework, to).map(|(framework, control)| (framework, Some(control)))
        };
        let confidence = match *confidence {
            "low" => Some(Confidence::Low),
            "medium" => Some(Confidence::Medium),
            "high" => Some(Confidence::High),
            other => {
                let message = format!("`{other}` is not a confidence; use low, medium or high");
                self.faults.add(&file.shown, line, message);
                None
            }
        };
        let (Some((from_framework, from)), Some((to_framework, to)), Some(confidence)) = (from, to, confidence) else {
            return;
        };
        let key = (from_framework.clone(), from.clone(), to_framework.clone(), to.clone());
        if let Some((first_file, first_line)) = self.seen.get(&key) {
            let message = format!("the pair is a duplicate; it is named at {first_file}:{first_line}");
            return self.faults.add(&file.shown, line, message);
        }
        self.seen.insert(key, (file.shown.clone(), row.line));
        if to.as_ref() == Some(&from) && to_framework == from_framework {
            return self.faults.add(
                &file.shown,
                line,
                format!("`{from}` is named as helping itself; name another control"),
            );
        }
        let target = (from_framework.clone(), from.clone(), to_framework.clone());
        let here = (to.is_none(), file.shown.clone(), row.line);
        let (is_none, first_file, first_line) = self.targets.entry(target).or_insert(here);
        if *is_none != to.is_none() {
            let message = format!(
                "of `{from}` one row says that nothing in `{to_framework}` corresponds, another that something does; see {first_file}:{first_line} and remove one"
            );
            return self.faults.add(&file.shown, line, message);
        }
        self.rows.push(CrosswalkRow {
            from_framework,
            from,
            to_framework,
            to,
            confidence,
            detail: (*detail).to_owned(),
        });
    }

    fn framework(&mut self, file: &CatalogFile, line: Option<u64>, text: &str) -> Option<FrameworkId> {
        match text.parse::<FrameworkId>() {
            Ok(id) if self.frameworks.may_know(&id) => Some(id),
            Ok(id) => {
                self.faults.add(&file.shown, line, format!("there is no framework `{id}`"));
                None
            }
            Err(error) => {
                self.faults.add(&file.shown, line, error.to_string());
                None
            }
        }
    }

    fn control(
        &mut self,
        file: &CatalogFile,
        line: Option<u64>,
        framework: &str,
        control: &str,
    ) -> Option<(FrameworkId, ControlId)> {
        let framework = self.framework(file, line, framework)?;
        let loaded = self.frameworks.get(&framework)?;
        let has = |id: &ControlId| match loaded.control(id.as_str()) {
            Some(control) => control.id == *id,
            None => loaded.may_know(id.as_str()),
        };
        match control.parse::<ControlId>() {
            Ok(id) if has(&id) => Some((framework, id)),
            Ok(id) => {
                let message = format!("`{framework}` has no control `{id}`; write `none` if nothing corresponds");
                self.faults.add(&file.shown, line, message);
                None
            }
            Err(error) => {
                self.faults.add(&file.shown, line, error.to_string());
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::catalog::load::tests::{assert_fault, demo_with, faults};

    const HEADINGS: &str = "from_framework,from,to_framework,to,confidence,detail\n";
    const FILE: &str = "controls/crosswalk/x.csv";

    #[test]
    fn a_mapping_that_cannot_be_true_is_refused_with_its_line() {
        let of = |rows: &str| demo_with(FILE, format!("{HEADINGS}{rows}"));
        assert_eq!(faults(&of("demo,1,demo,2,low,\ndemo,2,demo,1,low,\n")), Vec::<String>::new());
        assert_fault(&of("demo,1,demo,1,low,\n"), &format!("{FILE}:3:"), "`1` is named as helping itself");
        for rows in ["demo,1,demo,2,low,\ndemo,1,demo,none,low,\n", "demo,1,demo,none,low,\ndemo,1,demo,2,low,\n"] {
            assert_fault(&of(rows), &format!("{FILE}:4:"), "see controls/crosswalk/x.csv:3 and remove one");
        }
    }

    #[test]
    fn a_quotation_mark_that_is_not_closed_is_a_fault_in_its_own_line_and_takes_no_row_away() {
        let rows = "demo,1,demo,2,low,\"cut\ndemo,2,demo,9,low,\"whole\"\n";
        for end in ["\n", "\r\n"] {
            let set = demo_with(FILE, format!("{HEADINGS}{rows}").replace('\n', end));
            assert_fault(&set, &format!("{FILE}:3:"), "not closed in the same line");
            assert_fault(&set, &format!("{FILE}:4:"), "no control `9`");
        }
        let set = demo_with(FILE, format!("{HEADINGS}demo,1,demo,2,low,\"a\"b\n"));
        assert_fault(&set, &format!("{FILE}:3:"), "more text follows");
    }
}
