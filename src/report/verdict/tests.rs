//! The words and figures of verdicts on the frameworks that ship, by statuses made up here.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde_json::json;

use super::{Laws, VerdictSection, VerdictTable, section, summary};
use crate::assess::verdict::{Known, Verdict};
use crate::catalog::Catalog;
use crate::catalog::framework::Framework;
use crate::model::attestation::Attestation;
use crate::model::control::ControlState::{self, Met, NotApplicable, NotMet, Undetermined};
use crate::model::control::{ControlStatus, OpenAs};
use crate::model::days::LocalDays;
use crate::model::decision::Decisions;
use crate::model::id::ControlId;
use crate::model::responsibility::Party;
use crate::model::scope::QuestionnaireChoice;
use crate::render::Engine;
use crate::report::html;
use crate::report::sample::{HOSTILE, Sample, time};

static CATALOG: LazyLock<Catalog> = LazyLock::new(|| Catalog::embedded().unwrap());
const NOW: &str = "2026-03-31T09:00:00Z";

fn today() -> chrono::NaiveDate {
    LocalDays::UTC.day_of(time(NOW))
}

fn framework(id: &str) -> &'static Framework {
    &CATALOG.frameworks[&id.parse().unwrap()]
}

/// Everything that can be judged is met, but for these; ids end with what is named.
fn statuses(framework: &Framework, others: &[(&str, ControlState)]) -> Vec<ControlStatus> {
    let judged = framework.controls.iter().filter(|control| control.assessable);
    judged
        .map(|control| {
            let id = control.id.as_str();
            let other = others.iter().find(|(name, _)| id == *name || id.ends_with(&format!("-{name}")));
            let state = other.map_or(Met, |(_, state)| *state);
            serde_json::from_value(json!({"framework": framework.id, "control": id, "state": state,
                "because": format!("{id} {HOSTILE}"), "as_of": null, "objectives": [{"objective": id, "state": state,
                "because": "", "bearings": [], "attestation": other.map(|_| 7)}]}))
            .unwrap()
        })
        .collect()
}

fn on_form(framework: &str, form: &str, way: Option<&str>) -> Decisions {
    let stated: Attestation = serde_json::from_value(json!({"leaf": 7, "framework": framework, "control": "x",
        "claim": "met", "by": {"name": "Kim"}, "statement": "", "valid_from": NOW, "recorded_at": NOW,
        "form": {"id": form, "way": way}}))
    .unwrap();
    Decisions { attestations: vec![stated], ..Decisions::default() }
}

fn verdict(framework: &Framework, statuses: &[ControlStatus], decisions: &Decisions) -> Verdict {
    let acting = |control: &ControlId| {
        let is_access = control.as_str().starts_with("AC.");
        Some(if is_access { Party::Provider } else { Party::Internal })
    };
    let at = time(NOW);
    Verdict::of(Known {
        framework,
        statuses,
        decisions,
        acting: &acting,
        also_met: &[],
        forms: &CATALOG.forms,
        answers: &BTreeMap::new(),
        at,
        days: LocalDays::UTC,
    })
}

/// What is printed, and in one line.
fn told(id: &str, others: &[(&str, ControlState)], decisions: &Decisions) -> (VerdictSection, String) {
    let framework = framework(id);
    let statuses = statuses(framework, others);
    let verdict = verdict(framework, &statuses, decisions);
    let told = section(framework, &statuses, &verdict, today()).unwrap();
    (told, summary(framework, &statuses, &verdict).unwrap())
}

fn table<'a>(section: &'a VerdictSection, title: &str) -> &'a VerdictTable {
    let found = section.tables.iter().find(|table| table.title.contains(title));
    found.unwrap_or_else(|| panic!("{title}: {section:#?}"))
}

fn no() -> Decisions {
    Decisions::default()
}

fn has_line(section: &VerdictSection, words: &str) {
    assert!(section.lines.iter().any(|line| line.contains(words)), "{words}: {:#?}", section.lines);
}

#[test]
fn the_points_of_level_2_are_110_less_the_column_and_both_ways_bring_what_is_lost() {
    let (told, line) =
        told("cmmc-l2", &[("3.1.1", NotMet), ("3.1.5", Undetermined), ("3.1.3", NotMet), ("3.9.1", Met)], &no());
    assert_eq!((told.figure.as_str(), line.as_str()), ("101 of 110 points", "Score 101 of 110, with 1 not shown yet"));
    let lost = table(&told, "Points are lost for");
    assert_eq!((lost.sum, lost.count, lost.about.as_str()), (Some(9), 3, "110 less 9 makes 101. The dearest first."));
    let rows: Vec<_> = lost.rows.iter().map(|row| (row.name.as_str(), row.figure, row.party)).collect();
    let provider = Some(Party::Provider);
    assert_eq!(rows, [("3.1.1", Some(5), provider), ("3.1.5", Some(3), provider), ("3.1.3", Some(1), provider)]);
    let (first, then) = (table(&told, "Shortest way"), table(&told, "From there"));
    assert_eq!(first.sum.unwrap() + then.sum.unwrap(), lost.sum.unwrap());
    assert_eq!((first.count, then.count), (2, 1), "3.1.3 may wait");
    let steps: Vec<_> = first.rows.iter().map(|row| (row.title.as_str(), row.controls[0].words.as_str())).collect();
    assert_eq!(steps, [("1 to mend", "3.1.1 (5)"), ("1 to show", "3.1.5 (3)")]);
    has_line(&told, "Of 3 open requirements, 2 are found not met and 1 is only not shown yet.");
    has_line(&told, "not the finding of an assessor. If all that is only not shown turns out to be met: 104.");
    has_line(
        &told,
        "Conditional status: not possible yet, 2 requirements are open that may not wait: 32 CFR 170.21(a)(2).",
    );
    let refused = table(&told, "May not wait");
    assert_eq!((refused.count, refused.sum), (2, Some(2)));
    assert!(
        refused.rows.iter().any(|row| row.title.contains("worth 5 points: 32 CFR 170.21(a)(2)(ii)")),
        "{refused:#?}"
    );
    assert!(refused.about.ends_with("open and may: 3.1.3."), "{}", refused.about);
}

#[test]
fn without_a_plan_level_2_has_no_score_and_says_what_it_would_be() {
    let (told, line) = told("cmmc-l2", &[("3.12.4", Undetermined)], &no());
    assert_eq!(told.figure, "No score yet");
    assert_eq!(line, "No score: 3.12.4 is open; with a plan it would be 110 of 110");
    has_line(&told, "With a plan it would be 110 of 110.");
    assert_eq!(table(&told, "Shortest way").sum, Some(0));
}

#[test]
fn what_may_wait_makes_a_conditional_status_possible_and_nothing_open_a_final_one() {
    let (open, _) = told("cmmc-l2", &[("3.1.3", NotMet)], &no());
    has_line(&open, "Conditional status: possible");
    has_line(&open, "within 180 days");
    assert!(open.tables.iter().all(|table| !table.title.contains("Shortest way")));
    assert_eq!(table(&open, "Way to all 110 points").sum, Some(1));
    let (all, line) = told("cmmc-l2", &[("3.9.1", NotApplicable)], &no());
    has_line(&all, "Final status: possible, nothing is open.");
    assert_eq!((line.as_str(), all.tables.len()), ("Score 110 of 110", 0));
}

#[test]
fn a_long_table_says_how_much_it_left_out_and_still_sums_all_of_it() {
    let level_2 = framework("cmmc-l2");
    let judged = verdict(level_2, &[], &no());
    let told = section(level_2, &[], &judged, today()).unwrap();
    let lost = table(&told, "Points are lost for");
    assert_eq!((lost.rows.len() + lost.more, lost.count, lost.sum), (109, 109, Some(313)));
    for table in &told.tables {
        let controls: usize = table.rows.iter().map(|row| row.controls.len().max(1)).sum();
        assert_eq!(controls + table.more, table.count, "{}", table.title);
    }
}

#[test]
fn an_exception_is_named_and_still_counts_as_met() {
    let (told, line) = told("cmmc-l2", &[("3.4.9", Met)], &on_form("cmmc-l2", "cmmc-enduring-exception", None));
    assert_eq!(line, "Score 110 of 110");
    let [row] = table(&told, "another way").rows.as_slice() else { panic!("{told:#?}") };
    assert_eq!(row.word, "MET, enduring exception");
    assert!(row.text.contains("32 CFR 170.4(b)"), "{}", row.text);
}

#[test]
fn level_1_is_all_or_nothing_and_level_3_counts_and_needs_level_2_first() {
    let (one, line) = told("cmmc-l1", &[("b.1.i", NotMet), ("b.1.v", Undetermined)], &no());
    assert_eq!((one.figure.as_str(), table(&one, "Still open").count), ("13 of 15 requirements met", 2));
    assert_eq!(line, "Not met as a whole: 2 of 15 requirements are open");
    has_line(&one, "Nothing may wait on a POA&M");
    has_line(&one, "that it is assessed every year as well is to be confirmed");
    let (three, line) = told("cmmc-l3", &[("3.6.1e", NotMet), ("3.1.2e", NotMet)], &no());
    assert_eq!((three.figure.as_str(), line.as_str()), ("22 of 24 points", "Score 22 of 24; needs Level 2 first"));
    assert_eq!(table(&three, "May not wait").rows[0].controls[0].words, "3.6.1e");
    has_line(&three, "It needs a Final Level 2 (C3PAO) status first, with the highest Level 2 score: 32 CFR 170.18(a)");
    has_line(&three, "Final status: not possible yet, ");
}

#[test]
fn the_states_of_addressable_decisions_sum_to_what_is_listed() {
    let others =
        [("164.312(a)(2)(iv)", Met), ("164.308(a)(5)(ii)(A)", Undetermined), ("164.310(a)(2)(i)", NotApplicable)];
    let (told, line) =
        told("hipaa-security", &others, &on_form("hipaa-security", "hipaa-addressable", Some("alternative")));
    let listed = table(&told, "All addressable specifications");
    assert_eq!((listed.count, told.counts.iter().map(|one| one.count).sum::<usize>()), (22, 22));
    assert_eq!(told.counts.iter().map(|one| one.count).collect::<Vec<_>>(), [2, 19, 1, 0]);
    assert_eq!(told.figure, "20 of 22 decided");
    assert_eq!(line, "20 of 22 addressable specifications decided");
    let row = |id: &str| listed.rows.iter().find(|row| row.name == id).unwrap();
    assert!(row("164.312(a)(2)(iv)").text.ends_with("(45 CFR 164.306(d)(3)(ii)(B))"), "the paragraph is never cut");
    assert_eq!(row("164.310(a)(2)(i)").word, "not decided yet", "the rule knows no such");
    has_line(&told, "Next evaluation: due now, for none is on file (45 CFR 164.308(a)(8))");
    let ended = json!({"leaf": 7, "framework": "hipaa-security", "control": "164.308(a)(8)", "claim": "met",
        "by": {"name": "Kim"}, "statement": "", "valid_from": "2025-05-01T00:00:00Z", "recorded_at": NOW,
        "valid_until": "2026-03-30T10:00:00Z"});
    let decisions = Decisions { attestations: vec![serde_json::from_value(ended).unwrap()], ..no() };
    let (told, _) = self::told("hipaa-security", &others, &decisions);
    has_line(&told, "Next evaluation: overdue since 2026-03-30, the last is of 2025-05-01");
}

#[test]
fn every_counted_control_of_pci_has_one_word_and_what_needs_writing_is_listed() {
    let others = [("9.5.1", NotApplicable), ("8.2.4", Met), ("1.2.1", NotMet), ("1.2.2", Undetermined)];
    let (roc, line) = told("pci-dss-4.0.1", &others, &on_form("pci-dss-4.0.1", "pci-compensating-control", None));
    assert_eq!(roc.counts.iter().map(|one| one.count).sum::<usize>(), 280);
    assert_eq!(
        (roc.figure.as_str(), line.as_str()),
        ("277 of 280 In Place", "Report on compliance: 277 of 280 In Place")
    );
    let beside = table(&roc, "written beside");
    let words: Vec<_> = beside.rows.iter().map(|row| (row.name.as_str(), row.word.as_str())).collect();
    assert_eq!(words, [("8.2.4", "In Place, compensating control used"), ("9.5.1", "Not Applicable")]);
    assert!(beside.about.starts_with("Not Applicable 1, Not Tested 0, compensating control 1,"), "{}", beside.about);
    has_line(&roc, "of the 1 not yet determined");
    let pci = framework("pci-dss-4.0.1");
    let judged = statuses(pci, &others);
    let open = verdict(pci, &judged, &no());
    assert!(open.said().iter().filter(|one| one.finding == "Not yet determined").all(|one| one.notes.is_empty()));
    let mut laws = Laws::of(pci, &open);
    assert_eq!(laws.take(&"1.2.2".parse().unwrap()).unwrap().notes[0], "written as it stands: Not Tested");

    let mut decisions = on_form("pci-dss-4.0.1", "pci-compensating-control", None);
    let chosen = json!({"leaf": 9, "framework": "pci-dss-4.0.1", "questionnaire": "saq-b", "because": "", "by": {"name": "Kim"},
        "at": NOW});
    decisions.questionnaires = vec![serde_json::from_value::<QuestionnaireChoice>(chosen).unwrap()];
    let (saq, line) = told("pci-dss-4.0.1", &others, &decisions);
    assert_eq!(saq.heading, "Answers of the questionnaire");
    assert!(line.starts_with("SAQ B: imprint machines"), "{line}");
    assert_eq!(table(&saq, "written beside").rows[0].word, "In Place with CCW");
    let count = |word: &str| saq.counts.iter().find(|one| one.word == word).unwrap().count;
    assert_eq!(count("In Place with CCW"), 1);
    assert!(saq.figure.starts_with(&format!("{} of ", count("In Place") + 1)), "{}", saq.figure);
    has_line(&saq, "For 280 of 280 controls it is to be confirmed whether this questionnaire asks it");
    assert!(
        saq.figure.ends_with("of 280 In Place; which of them it asks is to be confirmed of each"),
        "{}",
        saq.figure
    );
}

#[test]
fn an_addressable_specification_that_a_check_finds_wanting_is_called_not_implemented_and_undecided() {
    let hipaa = framework("hipaa-security");
    let statuses = statuses(hipaa, &[("164.312(a)(2)(iv)", NotMet), ("164.312(a)(2)(iii)", Undetermined)]);
    let judged = verdict(hipaa, &statuses, &no());
    let said = judged.said();
    let finding = |id: &str| said.iter().find(|said| said.control.as_str() == id).unwrap().finding.clone();
    assert_eq!(finding("164.312(a)(2)(iv)"), "Not implemented; addressable, no decision documented");
    assert_eq!(finding("164.312(a)(2)(iii)"), "Addressable: not decided yet");
}

#[test]
fn what_falls_due_is_counted_by_what_is_missing_or_overdue() {
    let provider = json!({"leaf": 1, "id": "host", "name": HOSTILE, "service": "Hosting", "managed_by": "provider",
        "cloud": true, "handles": ["card_data"], "agreement_on": "2025-01-01", "checked_on": "2025-03-30", "by": {"name": "Kim"}, "at": NOW});
    let mut other = provider.clone();
    other["handles"] = json!(["cui", "security_data", "patient_data"]);
    let providers = [provider, other].map(|one| serde_json::from_value(one).unwrap());
    let decisions = Decisions { providers: providers.into(), ..no() };
    let (told, _) = told("pci-dss-4.0.1", &[], &decisions);
    let due = table(&told, "falls due");
    let words: Vec<_> = due.rows.iter().map(|row| row.word.as_str()).collect();
    assert_eq!(words, ["missing", "missing", "overdue since 2026-03-30"]);
    has_line(&told, "What falls due: 3, of which 3 are due now or overdue.");
    let document = json!({"name": "doc.pdf", "sha256": countersign_seal::digest::Digest::of(b"d"), "size": 1,
        "media_type": "application/pdf"});
    let mut decisions = decisions;
    decisions.providers[0].document = Some(serde_json::from_value(document).unwrap());
    decisions.providers[0].checked_on = None;
    let (told, _) = self::told("pci-dss-4.0.1", &[], &decisions);
    let due = table(&told, "falls due");
    let words: Vec<_> = due.rows.iter().map(|row| (row.word.as_str(), row.state.unwrap())).collect();
    assert_eq!(words, [("never done", "not_met"), ("end not said", "undetermined"), ("missing", "not_met")]);
}

#[test]
fn a_framework_of_a_users_own_has_its_words_and_no_section() {
    let breach = framework("hipaa-breach");
    let statuses = statuses(breach, &[("164.404(a)(1)", NotMet)]);
    let judged = verdict(breach, &statuses, &no());
    assert!(section(breach, &statuses, &judged, today()).is_none());
    assert!(summary(breach, &statuses, &judged).is_none());
    let said = judged.said();
    let one = said.iter().find(|said| said.control.as_str() == "164.404(a)(1)").unwrap();
    assert_eq!(one.finding, "Not implemented");
    let mut laws = Laws::of(breach, &judged);
    let law = laws.take(&"164.404(a)(1)".parse().unwrap()).unwrap();
    assert_eq!(
        (law.finding.as_str(), law.notes.as_slice()),
        ("Not implemented", ["to be confirmed: cfr cite".to_owned()].as_slice())
    );
}

#[test]
fn each_control_carries_its_value_what_is_lost_and_whether_it_may_wait() {
    let level_2 = framework("cmmc-l2");
    let statuses = statuses(level_2, &[("3.1.1", NotMet), ("3.1.3", Undetermined), ("3.12.4", NotMet)]);
    let mut laws = Laws::of(level_2, &verdict(level_2, &statuses, &no()));
    let mut law = |id: &str| laws.take(&id.parse().unwrap()).unwrap();
    let heavy = law("AC.L2-3.1.1");
    assert_eq!((heavy.value, heavy.lost, heavy.finding.as_str()), (Some(5), Some(5), "NOT MET"));
    assert!(heavy.poam.unwrap().contains("170.21(a)(2)(ii)"));
    assert_eq!((heavy.to_conditional, heavy.to_final), (Some(1), Some(1)));
    let light = law("AC.L2-3.1.3");
    assert_eq!((light.lost, light.poam.as_deref(), light.to_conditional), (Some(1), Some("may wait on a POA&M"), None));
    let plan = law("CA.L2-3.12.4");
    assert_eq!((plan.value, plan.lost), (None, None));
    assert!(plan.poam.unwrap().contains("170.21(a)(2)(iii)"));
    let met = law("PS.L2-3.9.1");
    assert_eq!((met.value, met.lost, met.poam), (Some(3), None, None));
}

#[test]
fn a_report_prints_the_section_with_links_to_its_controls_and_names_as_text() {
    let mut sample = Sample::new();
    let level_2 = framework("cmmc-l2");
    sample.framework = level_2.clone();
    sample.statuses = statuses(level_2, &[("3.1.1", NotMet), ("3.1.3", Undetermined)]);
    let report = sample.readiness();
    let page = String::from_utf8(html::readiness(&Engine::new(None).unwrap(), &report).unwrap()).unwrap();
    for words in [
        "<h2>CMMC score</h2>",
        "104 of 110 points",
        "<a href=\"#c-AC.L2-3.1.1\"><span class=\"id\">3.1.1</span>",
        "<a href=\"#c-AC.L2-3.1.1\">3.1.1 (5)</a>",
        "Costs 5 points. 3.1.1 may not be on a POA&amp;M, because it is worth 5 points: 32 CFR 170.21(a)(2)(ii).",
        "may wait on a POA&amp;M",
    ] {
        assert!(page.contains(words), "{words}");
    }
    assert!(!page.contains("<script") && page.contains("&lt;script&gt;"));
    let lost: u32 = report.controls().filter_map(|line| line.law.as_ref()?.lost).sum();
    assert_eq!(lost, 6, "the controls and the section lose the same points");
}

#[test]
fn a_statement_that_some_of_it_is_there_costs_the_partial_value_and_is_not_called_unshown() {
    let level_2 = framework("cmmc-l2");
    let mut statuses = statuses(level_2, &[("3.13.11", Undetermined), ("3.1.3", Undetermined)]);
    let partial = statuses.iter_mut().find(|status| status.control.as_str().ends_with("3.13.11")).unwrap();
    partial.objectives[0].open_as = Some(OpenAs::Partial);
    let judged = verdict(level_2, &statuses, &no());
    let told = section(level_2, &statuses, &judged, today()).unwrap();
    assert_eq!(told.figure, "106 of 110 points");
    // As the figures say: nothing is not met, two are undetermined.
    has_line(&told, "0 are found not met, 1 is there in part, as somebody stated, and 1 is only not shown yet.");
    has_line(&told, "turns out to be met: 107.");
    let way = table(&told, "Way to all 110 points");
    let rows: Vec<_> = way.rows.iter().map(|row| (row.title.as_str(), row.controls[0].words.as_str())).collect();
    assert_eq!(rows, [("1 to show", "3.1.3 (1)"), ("1 to mend", "3.13.11 (3)")], "the provider comes first");
}

#[test]
fn risk_analyses_are_listed_once_with_what_is_to_be_confirmed() {
    let mut decisions = on_form("pci-dss-4.0.1", "pci-targeted-risk-analysis", None);
    decisions.attestations[0].control = "5.2.3.1".parse().unwrap();
    let (told, _) = told("pci-dss-4.0.1", &[], &decisions);
    let analyses = table(&told, "Targeted risk analyses");
    let on_file = analyses.rows.iter().find(|row| row.name == "5.2.3.1").unwrap();
    assert_eq!((on_file.word.as_str(), on_file.text.as_str()), ("review by 2027-03-31", "made 2026-03-31"));
    let missing = analyses.rows.iter().filter(|row| row.word == "missing").count();
    assert_eq!(missing, analyses.count - 1);
    has_line(
        &told,
        &format!(
            "{}, of which {missing} are missing or due; that these requirements ask for one is to be",
            analyses.count
        ),
    );
    assert!(told.tables.iter().all(|table| !table.title.contains("falls due")), "it is not listed twice");
}
