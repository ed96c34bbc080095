//! Reads `controls/crosswalk/*.csv`.
//!
//! One row says that a control of one framework helps a control of another, or that nothing corresponds (`none`).

use std::collections::HashMap;

use super::frameworks::LoadedFrameworks;
use super::yaml;
use crate::catalog::crosswalk::{Confidence, CrosswalkRow};
use crate::catalog::fault::Faults;
use crate::catalog::files::{CatalogFile, FileSet};
use crate::model::id::{ControlId, FrameworkId};

const HEADER: [&str; 6] = ["from_framework", "from", "to_framework", "to", "confidence", "detail"];
/// A cell longer than this is no label.
const MAX_CELL_BYTES: usize = 500;

pub(super) fn load(files: &FileSet, frameworks: &LoadedFrameworks, faults: &mut Faults) -> Vec<CrosswalkRow> {
    let mut reader = Reader { frameworks, seen: HashMap::new(), rows: Vec::new(), faults };
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
        let mut csv = csv::ReaderBuilder::new().comment(Some(b'#')).flexible(true).from_reader(text.as_bytes());
        match csv.headers() {
            Ok(header) if header.iter().eq(HEADER) => {}
            Ok(header) => {
                let line = header.position().map_or(1, csv::Position::line);
                self.faults.add(&file.shown, Some(line), format!("the first line must be `{}`", HEADER.join(",")));
                return;
            }
            Err(error) => return self.faults.add(&file.shown, Some(1), error.to_string()),
        }
        for record in csv.records() {
            match record {
                Ok(record) => self.record(file, &record),
                Err(error) => {
                    let line = error.position().map(csv::Position::line);
                    self.faults.add(&file.shown, line, error.to_string());
                }
            }
        }
    }

    fn record(&mut self, file: &CatalogFile, record: &csv::StringRecord) {
        let line = record.position().map(csv::Position::line);
        let cells: Vec<&str> = record.iter().collect();
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
        self.seen.insert(key, (file.shown.clone(), line.unwrap_or_default()));
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
