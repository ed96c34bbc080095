//! PCI DSS: the words of a report on compliance or of the chosen questionnaire, what has to be written beside them, and what
//! falls due.

use std::collections::HashMap;

use chrono::NaiveDate;

use super::{Columns, Named, VerdictRow, VerdictSection, VerdictTable, WordCount, many};
use crate::assess::verdict::{AnalysisState, Answer, Due, NoDay, Pci, RiskAnalysis, Word};
use crate::catalog::framework::{Control, Framework, Questionnaire};
use crate::model::control::{ControlState, ControlStatus};
use crate::model::id::ControlId;
use crate::report::tally::{Counting, Countings};

/// In the order in which they are shown.
const WORDS: [Word; 5] = [Word::NotInPlace, Word::NotTested, Word::InPlace, Word::InPlaceWithCcw, Word::NotApplicable];

pub(super) fn section(named: &Named<'_>, statuses: &[ControlStatus], pci: &Pci, today: NaiveDate) -> VerdictSection {
    let framework = named.framework;
    let questionnaire = pci.questionnaire.as_ref().and_then(|id| framework.questionnaire(id));
    let answers = counted(framework, statuses, pci);
    let count = |word: Option<Word>| answers.iter().filter(|(_, one)| one.finding.word == word).count();
    let undetermined = count(None);
    let mut counts = vec![WordCount {
        state: ControlState::Undetermined.as_str(),
        word: framework.word(ControlState::Undetermined),
        count: undetermined,
    }];
    // The word for compensating controls is one of questionnaires only.
    let words = WORDS.into_iter().filter(|word| questionnaire.is_some() || *word != Word::InPlaceWithCcw);
    counts.extend(words.map(|word| WordCount {
        state: shape(word),
        word: word.as_str().to_owned(),
        count: count(Some(word)),
    }));
    counts.sort_by_key(|one| one.state != ControlState::NotMet.as_str());
    let tables = [beside(named, &answers), due(named, pci, today), analyses(named, &pci.risk_analyses)];
    VerdictSection {
        heading: if questionnaire.is_some() {
            "Answers of the questionnaire"
        } else {
            "Findings for the report on compliance"
        },
        figure: figure(questionnaire, &answers),
        lines: lines(questionnaire, &answers, pci, today),
        counts,
        tables: tables.into_iter().flatten().collect(),
    }
}

/// `Report on compliance: 3 of 280 In Place`.
pub(super) fn summary(framework: &Framework, statuses: &[ControlStatus], pci: &Pci) -> String {
    let answers = counted(framework, statuses, pci);
    let questionnaire = pci.questionnaire.as_ref().and_then(|id| framework.questionnaire(id));
    format!("{}: {}", document(questionnaire), figure(questionnaire, &answers))
}

/// `3 of 235 In Place`, and how many of them may not be asked at all.
fn figure(questionnaire: Option<&Questionnaire>, answers: &[(&Control, &Answer)]) -> String {
    let figure = format!("{} of {} In Place", in_place(answers), answers.len());
    match unconfirmed(questionnaire, answers) {
        0 => figure,
        all if all == answers.len() => format!("{figure}; which of them it asks is to be confirmed of each"),
        some => format!("{figure}; whether it asks {some} of them is to be confirmed"),
    }
}

/// How many of these controls are kept because nobody has confirmed yet whether the questionnaire asks them.
fn unconfirmed(questionnaire: Option<&Questionnaire>, answers: &[(&Control, &Answer)]) -> usize {
    let Some(questionnaire) = questionnaire else { return 0 };
    let says = |control: &Control| {
        control.questionnaire_fact(&questionnaire.key).and_then(serde_json::Value::as_str) == Some("unknown")
    };
    answers.iter().filter(|(control, _)| says(control)).count()
}

fn document(questionnaire: Option<&Questionnaire>) -> &str {
    questionnaire.map_or("Report on compliance", |one| one.title.as_str())
}

fn in_place(answers: &[(&Control, &Answer)]) -> usize {
    let is_in_place = |one: &Answer| matches!(one.finding.word, Some(Word::InPlace | Word::InPlaceWithCcw));
    answers.iter().filter(|(_, one)| is_in_place(one)).count()
}

/// Those that the figures of the framework count as well.
fn counted<'a>(framework: &'a Framework, statuses: &[ControlStatus], pci: &'a Pci) -> Vec<(&'a Control, &'a Answer)> {
    let countings = Countings::among(framework, statuses);
    let answers: HashMap<&ControlId, &Answer> = pci.findings.iter().map(|one| (&one.control, one)).collect();
    let counted = framework.controls.iter().filter(|control| countings.control(control) == Counting::Counted);
    counted.filter_map(|control| Some((control, *answers.get(&control.id)?))).collect()
}

fn shape(word: Word) -> &'static str {
    match word {
        Word::InPlace | Word::InPlaceWithCcw => "met",
        Word::NotInPlace => "not_met",
        Word::NotApplicable => "not_applicable",
        Word::NotTested => "undetermined",
    }
}

fn lines(
    questionnaire: Option<&Questionnaire>,
    answers: &[(&Control, &Answer)],
    pci: &Pci,
    today: NaiveDate,
) -> Vec<String> {
    let mut lines = vec![format!(
        "Document: {}. These are our words for it, not the finding of an assessor.",
        document(questionnaire)
    )];
    let open: Vec<_> = answers.iter().filter(|(_, one)| one.finding.word.is_none()).collect();
    let left_out = answers.iter().filter(|(_, one)| one.finding.word == Some(Word::NotTested)).count();
    if left_out > 0 {
        lines.push(format!(
            "Of the {} that no status decides, {} left out on purpose and Not Tested, and {} not yet determined.",
            open.len() + left_out,
            many(left_out, "is", "are"),
            many(open.len(), "is", "are"),
        ));
    }
    if !open.is_empty() {
        let not_tested = open.iter().filter(|(_, one)| one.finding.as_it_stands == Word::NotTested).count();
        lines.push(format!(
            "If it were written as it stands, of the {} not yet determined {} would be Not Tested, each with an explanation, and {} \
             Not in Place.{}",
            open.len(),
            not_tested,
            open.len() - not_tested,
            if questionnaire.is_some() && not_tested > 0 {
                " That this questionnaire may say Not Tested is to be confirmed."
            } else {
                ""
            },
        ));
    }
    let unknown = unconfirmed(questionnaire, answers);
    if unknown > 0 {
        lines.push(format!(
            "For {} of {} it is to be confirmed whether this questionnaire asks it; it is kept until that is known. Compare with \
             the questionnaire itself before you rely on the figure.",
            unknown,
            many(answers.len(), "control", "controls")
        ));
    }
    if !pci.due.is_empty() {
        let now = pci.due.iter().filter(|one| one.on.is_none_or(|day| day < today)).count();
        lines.push(format!(
            "What falls due: {}, of which {} due now or overdue.",
            pci.due.len(),
            many(now, "is", "are")
        ));
    }
    if !pci.risk_analyses.is_empty() {
        let open = pci.risk_analyses.iter().filter(|one| one.state != AnalysisState::OnFile).count();
        let unsure = pci.risk_analyses.iter().any(|one| one.to_be_confirmed);
        let unsure = if unsure { "; that these requirements ask for one is to be confirmed" } else { "" };
        lines.push(format!(
            "Targeted risk analyses (12.3.1): {}, of which {} missing or due{unsure}.",
            pci.risk_analyses.len(),
            many(open, "is", "are")
        ));
    }
    lines
}

/// What has to be written beside a word, or is in place in another way than as written.
fn beside(named: &Named<'_>, answers: &[(&Control, &Answer)]) -> Option<VerdictTable> {
    let needs = |one: &Answer| {
        one.finding.compensating_control
            || one.is_customized()
            || matches!(one.finding.word, Some(Word::NotApplicable | Word::NotTested | Word::InPlaceWithCcw))
    };
    let row = |(control, one): &(&Control, &Answer)| VerdictRow {
        state: one.finding.word.map(shape),
        word: one.word(),
        ..named.row(control.id.as_str(), &one.finding.notes.join("; "))
    };
    let rows: Vec<_> = answers.iter().filter(|(_, one)| needs(one)).map(row).collect();
    let count = |test: &dyn Fn(&Answer) -> bool| answers.iter().filter(|(_, one)| test(one)).count();
    let about = format!(
        "Not Applicable {}, Not Tested {}, compensating control {}, customized approach {}.",
        count(&|one| one.finding.word == Some(Word::NotApplicable)),
        count(&|one| one.finding.word == Some(Word::NotTested)),
        count(&|one| one.finding.compensating_control),
        count(&|one| one.is_customized()),
    );
    let columns =
        Columns { subject: "Control", word: Some("Finding"), text: "To be written beside it", ..Columns::default() };
    VerdictTable::of("What has to be written beside the findings", about, columns, rows)
}

fn due(named: &Named<'_>, pci: &Pci, today: NaiveDate) -> Option<VerdictTable> {
    let row = |one: &Due| {
        let (state, word) = match one.on {
            // It is on file, and may be good.
            None if one.no_day == Some(NoDay::EndNotSaid) => ("undetermined", NoDay::EndNotSaid.words().to_owned()),
            None => ("not_met", one.no_day.unwrap_or(NoDay::Missing).words().to_owned()),
            Some(day) if day < today => ("not_met", format!("overdue since {day}")),
            Some(day) => ("undetermined", format!("by {day}")),
        };
        let name = one.control.as_ref().map_or("", ControlId::as_str);
        let about = named.row(name, one.paragraph);
        VerdictRow { title: one.what.clone(), state: Some(state), word, ..about }
    };
    let rows: Vec<_> = pci.due.iter().map(row).collect();
    let columns = Columns { subject: "What", word: Some("When"), text: "Paragraph", ..Columns::default() };
    let about = "What is due now first, then by day.".to_owned();
    VerdictTable::of("What falls due", about, columns, rows)
}

/// Requirements whose frequency the firm sets itself, and the analysis behind it.
fn analyses(named: &Named<'_>, all: &[RiskAnalysis]) -> Option<VerdictTable> {
    let day = |day: Option<NaiveDate>| day.map(|day| day.to_string()).unwrap_or_default();
    let row = |one: &RiskAnalysis| {
        let (state, word) = match one.state {
            AnalysisState::Missing => ("not_met", "missing".to_owned()),
            AnalysisState::ReviewDue => ("not_met", format!("review due since {}", day(one.review_by))),
            AnalysisState::OnFile => ("met", format!("review by {}", day(one.review_by))),
        };
        let text = match (&one.frequency, one.made_on) {
            (Some(frequency), made_on) => format!("made {}; stated: {frequency}", day(made_on)),
            (None, Some(made_on)) => format!("made {made_on}"),
            (None, None) => String::new(),
        };
        VerdictRow { state: Some(state), word, ..named.row(one.control.as_str(), &text) }
    };
    let about =
        "Where the firm sets how often something is done: 12.3.1, reviewed at least every 12 months.".to_owned();
    let columns = Columns { subject: "Control", word: Some("Analysis"), text: "How often", ..Columns::default() };
    VerdictTable::of("Targeted risk analyses", about, columns, all.iter().map(row).collect())
}
