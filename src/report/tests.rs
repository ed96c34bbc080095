//! What the reports promise, on invented data.

use std::collections::BTreeSet;

use countersign_seal::digest::Digest;

use super::sample::{HOSTILE, Sample, time};
use super::tally::{self, Counting};
use super::{controls_csv, csv, html};
use crate::model::control::ControlState;
use crate::model::id::ControlId;
use crate::model::matrix::{MatrixHistory, MatrixStep};
use crate::model::person::{Person, Signatory};
use crate::model::responsibility::{MatrixState, Party};
use crate::render::Engine;

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap()
}

#[test]
fn every_figure_of_a_readiness_report_adds_up() {
    let sample = Sample::new();
    let report = sample.readiness();
    let totals = &report.totals;
    assert_eq!(totals.states.iter().map(|total| total.count).sum::<usize>(), totals.counted);
    assert_eq!(totals.counted + totals.derived + totals.not_assessable + totals.not_in_questionnaire, totals.rows);
    assert_eq!(totals.rows, sample.framework.controls.len());
    assert_eq!(totals.states.iter().map(|total| total.bar_length).sum::<usize>(), 1000);
    for (at, total) in totals.states.iter().enumerate() {
        let families: usize = report.families.iter().map(|family| family.totals.states[at].count).sum();
        assert_eq!(families, total.count, "{:?}", total.state);
        let lines =
            report.controls().filter(|line| line.counting == Counting::Counted && line.state == Some(total.state));
        assert_eq!(lines.count(), total.count, "{:?}", total.state);
    }
    let coverage = &report.coverage;
    let today = &coverage.today;
    let reach = &coverage.reach;
    assert_eq!(
        today.machine_proved + today.person_proved + today.not_met + today.not_applicable + today.not_shown,
        coverage.objectives
    );
    assert_eq!(reach.full + reach.part + reach.supporting + reach.none, coverage.objectives);
    assert_eq!(report.controls().map(|line| line.objectives.len()).sum::<usize>(), coverage.objectives);
    assert_eq!(report.parties.iter().map(|party| party.gaps.len()).sum::<usize>(), report.open_gaps);
    assert_eq!(totals, &tally::totals(&sample.framework, &sample.statuses), "pages and reports must count alike");
}

#[test]
fn a_parent_and_a_scope_row_are_shown_and_not_counted() {
    let report = Sample::new().readiness();
    let line = |id: &str| report.controls().find(|line| line.id.as_str() == id).unwrap();
    assert_eq!(line("P.1").counting, Counting::Derived);
    assert_eq!(line("P.1").state, Some(ControlState::NotMet));
    assert_eq!((line("P.0").counting, line("P.0").state), (Counting::NotAssessable, None));
    assert_eq!((report.totals.counted, report.totals.of(ControlState::NotMet)), (6, 1));
}

#[test]
fn what_the_questionnaire_does_not_ask_is_shown_as_such_and_counted_nowhere() {
    let mut sample = Sample::new();
    let all = sample.readiness();
    let left_out = all.controls().find(|line| line.counting == Counting::Counted).unwrap().id.clone();
    sample.statuses.retain(|status| status.control != left_out);
    let report = sample.readiness();
    let line = report.controls().find(|line| line.id == left_out).unwrap();
    assert_eq!((line.counting, line.state), (Counting::NotInQuestionnaire, None));
    assert_eq!(line.state_word, "not in this questionnaire");
    assert_eq!((report.totals.counted + 1, report.totals.not_in_questionnaire), (all.totals.counted, 1));
    assert_eq!(report.totals.states.iter().map(|total| total.count).sum::<usize>(), report.totals.counted);
}

#[test]
fn a_control_without_a_status_is_undetermined_and_never_met() {
    let mut sample = Sample::new();
    sample.statuses.clear();
    let report = sample.readiness();
    assert_eq!(report.totals.of(ControlState::Undetermined), report.totals.counted);
    assert_eq!(report.coverage.today.not_shown, report.coverage.objectives);
}

#[test]
fn a_status_of_another_framework_changes_nothing() {
    let mut sample = Sample::new();
    let before = sample.readiness();
    let mut foreign = sample.statuses[1].clone();
    foreign.framework = "other-2".parse().unwrap();
    foreign.state = ControlState::Met;
    sample.statuses.push(foreign);
    assert_eq!(sample.readiness(), before);
}

#[test]
fn what_was_not_looked_at_names_the_dataset_the_reason_and_the_controls_that_wait() {
    let report = Sample::new().readiness();
    let lines: Vec<_> = report
        .not_seen
        .iter()
        .map(|line| {
            let controls = line.controls.iter().map(ControlId::as_str).collect::<Vec<_>>().join(" ");
            format!("{} | {} | {}", line.dataset, line.words, controls)
        })
        .collect();
    insta::assert_snapshot!("not_looked_at", lines.join("\n"));
}

#[test]
fn a_newer_record_of_the_same_dataset_and_target_takes_the_older_ones_place() {
    let mut sample = Sample::new();
    let mut seen = sample.evidence[2].clone();
    seen.leaf = 11;
    seen.outcome = crate::model::evidence::CollectionOutcome::Complete;
    sample.evidence.insert(0, seen);
    let report = sample.readiness();
    assert!(report.not_seen.iter().all(|line| line.dataset.as_str() != "m365/managed_devices"));
    assert_eq!(report.evidence.len(), 5, "the register still lists both");
}

#[test]
fn gaps_that_are_closed_or_hold_back_nothing_here_are_left_out_and_the_rest_has_one_party() {
    let report = Sample::new().readiness();
    assert_eq!(report.open_gaps, 2);
    let parties: Vec<_> =
        report.parties.iter().map(|work| (work.party, work.gaps.len(), work.requests.len(), work.asks.len())).collect();
    assert_eq!(parties, [(Party::Provider, 1, 1, 1), (Party::Internal, 1, 2, 1)]);
    let gap = &report.parties[0].gaps[0];
    assert_eq!((gap.resources.len(), gap.more_resources), (12, 3));
}

#[test]
fn the_page_states_what_it_rests_on_and_asks_no_other_computer() {
    let sample = Sample::new();
    let page = text(html::readiness(&Engine::new(None).unwrap(), &sample.readiness()).unwrap());
    for part in [
        "2026-03-31 09:00 UTC",
        &sample.catalog.digest.to_string(),
        &super::sample::head().root.to_string(),
        "proposed by template",
        "Undetermined is neither met nor not met",
        "What was not looked at",
        &sample.evidence[0].record_hash.to_string(),
        &sample.evidence[0].artifacts[0].sha256.to_string(),
        "record 99 (not part of this report)",
        "Not in place",
    ] {
        assert!(page.contains(part), "{part} is missing");
    }
    for part in ["<script", "http://", "https://", " src=", "@import", "url(h"] {
        assert!(!page.contains(part), "{part} must not be in a self-contained report");
    }
}

#[test]
fn every_link_in_a_report_leads_somewhere_in_it_and_no_anchor_comes_twice() {
    let report = Sample::new().readiness();
    let page = text(html::readiness(&Engine::new(None).unwrap(), &report).unwrap());
    let values = |name: &str| -> Vec<String> {
        page.split(name).skip(1).filter_map(|rest| rest.split('"').next().map(str::to_owned)).collect()
    };
    let anchors = values(" id=\"");
    let unique: BTreeSet<_> = anchors.iter().collect();
    assert_eq!(unique.len(), anchors.len());
    for link in values("href=\"#") {
        assert!(unique.contains(&link), "#{link} leads nowhere");
    }
}

#[test]
fn markup_right_to_left_text_and_emoji_in_every_name_come_out_as_text() {
    let sample = Sample::hostile();
    let engine = Engine::new(None).unwrap();
    for page in
        [html::readiness(&engine, &sample.readiness()).unwrap(), html::matrix(&engine, &sample.matrix()).unwrap()]
    {
        let page = text(page);
        assert!(!page.contains("<script"));
        assert!(!page.contains("alert('x')"));
        assert!(page.contains("&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt; עברית \u{202E}txt.exe 🦷 &quot;&amp;"));
    }
    assert!(text(csv::matrix(&sample.matrix()).unwrap()).contains(&HOSTILE.replace('"', "\"\"")));
}

#[test]
fn a_countersigned_matrix_carries_no_warning_and_a_proposed_one_does() {
    let mut sample = Sample::new();
    let engine = Engine::new(None).unwrap();
    let page = |sample: &Sample| text(html::matrix(&engine, &sample.matrix()).unwrap());
    assert!(page(&sample).contains("binds neither party"));
    sample.matrix_state = MatrixState::Countersigned;
    assert!(!page(&sample).contains("binds neither party"));
    assert!(!page(&sample).contains("proposed by template"));
}

#[test]
fn a_matrix_names_who_signed_for_which_party_what_waits_and_who_does_the_work() {
    let mut sample = Sample::new();
    let by = |party, name: &str| Signatory { party: Some(party), name: name.to_owned(), handle: None };
    let step = |state, by: Signatory, day: u32, leaf| {
        let at = time(&format!("2026-03-{day:02}T09:00:00Z"));
        MatrixStep { state, by, at, leaf }
    };
    let version = |version, steps: Vec<MatrixStep>| MatrixHistory {
        framework: sample.framework.id.clone(),
        version,
        digest: Digest::of(b"matrix"),
        created_at: steps[0].at,
        leaf: 4,
        steps,
    };
    let signed = version(
        sample.matrix.version,
        vec![
            step(MatrixState::Proposed, by(Party::Provider, "Pat <b>Provider</b>"), 3, 5),
            step(MatrixState::Countersigned, by(Party::Internal, "Ines"), 4, 6),
        ],
    );
    let proposed = version(7, vec![step(MatrixState::Proposed, by(Party::Internal, "Ines"), 5, 7)]);
    sample.versions = vec![signed, proposed];
    sample.matrix.rows[0].provider_person = Some("pat".parse().unwrap());
    sample.matrix.rows[0].internal_person = Some("nobody".parse().unwrap());
    sample.matrix.rows[0].clause = Some("Agreement 4.2".to_owned());
    sample.people = vec![Person {
        handle: "pat".parse().unwrap(),
        party: Party::Provider,
        name: "Pat <b>Provider</b>".to_owned(),
        email: None,
        ssh_key: None,
        since: time("2026-01-01T00:00:00Z"),
        until: None,
    }];
    let engine = Engine::new(None).unwrap();
    let page = |sample: &Sample| text(html::matrix(&engine, &sample.matrix()).unwrap());
    // Signatures of a version that is not the accepted one are nobody's acceptance.
    assert!(!page(&sample).contains("Who signed"));
    sample.matrix_state = MatrixState::Countersigned;
    sample.matrix.effective_from = Some(time("2026-03-04T08:59:59Z"));
    let shown = page(&sample);
    for words in [
        "Proposed for Provider",
        "Pat &lt;b&gt;Provider&lt;/b&gt;",
        "Accepted for Internal IT",
        "2026-03-04 09:00 UTC, record 6",
        "Version 7 is proposed and waits for the other party",
        "retroactive",
        "nobody",
        "Agreement 4.2",
    ] {
        assert!(shown.contains(words), "{words}");
    }
    let file = text(csv::matrix(&sample.matrix()).unwrap());
    let mut reader = ::csv::Reader::from_reader(file.as_bytes());
    let columns = reader.headers().unwrap().clone();
    let first = reader.records().next().unwrap().unwrap();
    let cell = |name: &str| first.get(columns.iter().position(|column| column == name).unwrap()).unwrap().to_owned();
    assert_eq!(cell("accepted_by"), "Ines, Internal IT, 2026-03-04T09:00:00.000000Z");
    assert_eq!(cell("pending"), "version 7, proposed");
    assert_eq!(cell("effective_from"), "2026-03-04T08:59:59.000000Z (retroactive)");
    assert_eq!([cell("provider_person"), cell("internal_person"), cell("clause")], ["pat", "nobody", "Agreement 4.2"]);
    sample.matrix.effective_from = Some(time("2026-03-04T09:00:00Z"));
    assert!(!page(&sample).contains("retroactive"));
}

#[test]
fn a_control_nobody_owns_is_named_and_the_figures_of_a_matrix_add_up() {
    let report = Sample::new().matrix();
    assert_eq!(report.orphans.iter().map(ControlId::as_str).collect::<Vec<_>>(), ["P.2.2"]);
    assert_eq!(report.strangers.iter().map(ControlId::as_str).collect::<Vec<_>>(), ["P.9"]);
    assert_eq!(report.kinds.iter().map(|total| total.count).sum::<usize>(), report.rows);
    assert_eq!(report.accountable.iter().map(|total| total.count).sum::<usize>(), report.rows);
    assert_eq!(report.lines().count(), report.rows + report.orphans.len());
}

#[test]
fn the_matrix_as_csv_says_on_every_line_how_far_it_has_come() {
    let mut sample = Sample::new();
    sample.matrix.rows[0].internal_tasks = "=HYPERLINK(\"//x.example\")".into();
    let file = text(csv::matrix(&sample.matrix()).unwrap());
    let mut reader = ::csv::Reader::from_reader(file.as_bytes());
    let lines: Vec<_> = reader.records().map(Result::unwrap).collect();
    assert_eq!(lines.len(), sample.matrix().lines().count());
    assert!(lines.iter().all(|line| &line[2] == "proposed by template"));
    assert_eq!(&lines[0][10], "'=HYPERLINK(\"//x.example\")");
    insta::assert_snapshot!("matrix_csv_first_lines", file.lines().take(3).collect::<Vec<_>>().join("\n"));
}

#[test]
fn the_register_and_the_gaps_as_csv_have_one_line_each() {
    let report = Sample::new().readiness();
    let count = |file: Vec<u8>| ::csv::Reader::from_reader(file.as_slice()).records().map(Result::unwrap).count();
    assert_eq!(count(csv::evidence_register(&report).unwrap()), report.evidence.len());
    assert_eq!(count(csv::gaps(&report).unwrap()), report.open_gaps);
}

#[test]
fn before_the_first_collection_the_report_says_that_there_was_no_evidence() {
    let mut sample = Sample::new();
    sample.evidence.clear();
    sample.statuses.clear();
    sample.gaps.clear();
    let page = text(html::readiness(&Engine::new(None).unwrap(), &sample.readiness()).unwrap());
    assert!(page.contains("No evidence had been collected by 2026-03-31 09:00 UTC"));
    assert!(page.contains("never asked for"));
    assert_eq!(sample.readiness().basis.as_of, time("2026-03-31T09:00:00Z"));
}

#[test]
fn the_controls_as_csv_are_all_rows_with_the_frameworks_own_word_and_no_formula() {
    let mut sample = Sample::hostile();
    sample.statuses.iter_mut().for_each(|status| status.because.insert(0, '='));
    sample.framework.controls.iter_mut().for_each(|control| control.title.insert(0, '@'));
    let report = sample.readiness();
    let file = controls_csv::controls(&report).unwrap();
    let mut reader = ::csv::Reader::from_reader(file.as_slice());
    let columns = reader.headers().unwrap().clone();
    let place = |name: &str| columns.iter().position(|column| column == name).unwrap();
    let rows: Vec<_> = reader.records().map(Result::unwrap).collect();
    assert_eq!(rows.len(), report.totals.rows);
    let counted = rows.iter().filter(|row| &row[place("counting")] == "counted").count();
    assert_eq!(counted, report.totals.counted);
    for row in &rows {
        assert!(row.iter().all(|cell| !cell.starts_with(['=', '@', '+', '-'])), "{row:?}");
    }
    let row = rows.iter().find(|row| &row[place("control")] == "P.1.1").unwrap();
    assert_eq!(&row[place("finding")], sample.framework.word(ControlState::NotMet));
    assert_eq!((&row[place("status")], &row[place("gaps")], &row[place("value")]), ("not_met", "1", ""));
}
