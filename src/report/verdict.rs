//! What a framework's own law makes of where it stands, in words, figures and tables ready to print: the score of CMMC,
//! HIPAA's addressable decisions, the words of PCI DSS.
//!
//! The verdict is decided in [`assess::verdict`](crate::assess::verdict) and only worded here, once for reports and pages.
//! Every figure is the number of rows, or the sum of the column, that its table lists or says it left out. Start with
//! [`section`].

mod cmmc;
mod control;
mod hipaa;
mod pci;

use std::collections::HashMap;

use chrono::NaiveDate;
use serde::Serialize;

pub use control::{ControlLaw, Laws};
pub use hipaa::evaluation;

use super::facts::clip;
use crate::assess::verdict::{Verdict, number};
use crate::catalog::framework::{Control, Framework};
use crate::model::control::ControlStatus;
use crate::model::id::ControlId;
use crate::model::responsibility::Party;

/// Rows of a table; the file of controls has all of them.
const ROWS_SHOWN: usize = 25;
/// Characters of a reason; the control itself has all of it.
const REASON_SHOWN: usize = 320;

/// What the law makes of it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct VerdictSection {
    /// In the framework's words: `CMMC score`.
    pub heading: &'static str,
    /// What is looked for first: `23 of 110 points`.
    pub figure: String,
    /// Sentences; what the figure does not say by itself.
    pub lines: Vec<String>,
    /// How many controls have each of the law's words; empty where the statuses are these words.
    pub counts: Vec<WordCount>,
    pub tables: Vec<VerdictTable>,
}

/// One of the law's words, and for how many controls.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct WordCount {
    /// The status whose shape it gets.
    pub state: &'static str,
    pub word: String,
    pub count: usize,
}

/// One list.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct VerdictTable {
    pub title: String,
    /// What the rows come to, in a sentence.
    pub about: String,
    pub columns: Columns,
    pub rows: Vec<VerdictRow>,
    /// Controls, or things, that all rows together are about, also those that did not fit.
    pub count: usize,
    /// Rows that did not fit.
    pub more: usize,
    /// The sum of the figures of all rows, also of those that did not fit; none: there is no figure.
    pub sum: Option<u32>,
}

/// Headings; a column without one is not there.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Columns {
    pub subject: &'static str,
    pub figure: Option<&'static str>,
    pub word: Option<&'static str>,
    pub turn: Option<&'static str>,
    pub text: &'static str,
}

/// One control, or one thing that falls due.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct VerdictRow {
    /// None: it is about no control of this framework.
    pub control: Option<ControlId>,
    /// As people say it: `3.1.1`.
    pub name: String,
    pub title: String,
    pub figure: Option<u32>,
    /// The status whose shape the word gets.
    pub state: Option<&'static str>,
    pub word: String,
    /// Whose turn it is; none: nobody owns it, or it is not said.
    pub party: Option<Party>,
    pub text: String,
    /// Controls that the row is about together, instead of a text.
    pub controls: Vec<ControlRef>,
}

/// A control named beside others.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ControlRef {
    /// None: it is no control of this framework.
    pub control: Option<ControlId>,
    /// `3.1.1`, or `3.1.1 (5)` with its points.
    pub words: String,
}

/// What the law makes of where a framework stands; none for frameworks that have no law beside their statuses. `statuses` are
/// those that the verdict was made of, `today` is the organization's day.
#[must_use]
pub fn section(
    framework: &Framework,
    statuses: &[ControlStatus],
    verdict: &Verdict,
    today: NaiveDate,
) -> Option<VerdictSection> {
    let named = Named::of(framework);
    match verdict {
        Verdict::Cmmc(cmmc) => Some(match &cmmc.score {
            Ok(score) => cmmc::section(&named, score),
            Err(fault) => VerdictSection {
                heading: "CMMC score",
                figure: "No score".to_owned(),
                lines: vec![format!("It cannot be counted: {fault}.")],
                counts: Vec::new(),
                tables: Vec::new(),
            },
        }),
        Verdict::Hipaa(hipaa) => Some(hipaa::section(&named, hipaa, today)),
        Verdict::Pci(pci) => Some(pci::section(&named, statuses, pci, today)),
        Verdict::Words(_) => None,
    }
}

/// The same in one line, for lists of frameworks: `Score 23 of 110`.
#[must_use]
pub fn summary(framework: &Framework, statuses: &[ControlStatus], verdict: &Verdict) -> Option<String> {
    match verdict {
        Verdict::Cmmc(cmmc) => Some(match &cmmc.score {
            Ok(score) => cmmc::summary(framework, score),
            Err(_) => "No score: the catalog lacks what it is counted with".to_owned(),
        }),
        Verdict::Hipaa(hipaa) => Some(hipaa::summary(hipaa)),
        Verdict::Pci(pci) => Some(pci::summary(framework, statuses, pci)),
        Verdict::Words(_) => None,
    }
}

/// A framework with its controls at hand by id and by number.
struct Named<'a> {
    framework: &'a Framework,
    controls: HashMap<&'a str, &'a Control>,
}

impl<'a> Named<'a> {
    fn of(framework: &'a Framework) -> Self {
        let names = |control: &'a Control| [control.id.as_str(), number(control)].map(|name| (name, control));
        Self { framework, controls: framework.controls.iter().flat_map(names).collect() }
    }

    /// A row about the control that people call so.
    fn row(&self, name: &str, text: &str) -> VerdictRow {
        let control = self.controls.get(name);
        VerdictRow {
            control: control.map(|control| control.id.clone()),
            name: name.to_owned(),
            title: control.map(|control| control.title.clone()).unwrap_or_default(),
            figure: None,
            state: None,
            word: String::new(),
            party: None,
            text: clip(text, REASON_SHOWN),
            controls: Vec::new(),
        }
    }

    /// A row about several controls at once.
    fn row_of(&self, title: String, controls: Vec<ControlRef>) -> VerdictRow {
        VerdictRow { title, controls, ..self.row("", "") }
    }

    fn reference(&self, name: &str, words: String) -> ControlRef {
        ControlRef { control: self.controls.get(name).map(|control| control.id.clone()), words }
    }
}

impl VerdictTable {
    /// A table of these rows, with as many as fit; none without any row.
    fn of(title: impl Into<String>, about: String, columns: Columns, mut rows: Vec<VerdictRow>) -> Option<Self> {
        if rows.is_empty() {
            return None;
        }
        let sum = columns.figure.map(|_| rows.iter().filter_map(|row| row.figure).sum());
        let count = rows.iter().map(|row| row.controls.len().max(1)).sum();
        let more = rows.len().saturating_sub(ROWS_SHOWN);
        rows.truncate(ROWS_SHOWN);
        Some(Self { title: title.into(), about, columns, rows, count, more, sum })
    }
}

/// `1 requirement is`, `4 requirements are`.
fn many(count: usize, one: &str, more: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { more })
}

/// A fact of a control as a whole number.
fn number_fact(control: &Control, name: &str) -> Option<u32> {
    control.facts.get(name)?.as_u64()?.try_into().ok()
}

#[cfg(test)]
mod tests;
