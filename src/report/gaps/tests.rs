//! What a gap list promises, on invented data.

use std::collections::BTreeMap;

use super::{GapsInput, GapsReport, gap_list, short_id};
use crate::model::decision::Decisions;
use crate::model::gap::{Assignment, Fault, Gap, Happening};
use crate::model::person::{Person, Signatory};
use crate::model::responsibility::Party;
use crate::model::time::Timestamp;
use crate::render::Engine;
use crate::report::sample::{HOSTILE, Sample, head, time};
use crate::report::{gaps_csv, html};

const PARTIES: [Party; 3] = [Party::Provider, Party::Internal, Party::Vendor];

fn list(sample: &Sample, party: Party, decisions: &Decisions, as_of: Timestamp) -> GapsReport {
    let step = |number: u64| Happening {
        at: time("2026-03-24T06:02:00Z"),
        what: "note".to_owned(),
        text: HOSTILE.to_owned(),
        by: Some(kim().signatory()),
        leaf: number,
    };
    let stories = sample.gaps.iter().map(|gap| (gap.id, (0..9).map(step).collect())).collect::<BTreeMap<_, _>>();
    let faults: BTreeMap<_, _> = sample.gaps.iter().map(|gap| (gap.id, each(gap))).collect();
    gap_list(GapsInput {
        organization: &sample.organization,
        catalog: &sample.catalog,
        party,
        gaps: &sample.gaps,
        requests: &sample.requests,
        decisions,
        stories: &stories,
        faults: &faults,
        first_evidence: Some(time("2026-03-24T06:02:00Z")),
        checkpoint: Some(&head()),
        as_of,
        generated_at: as_of,
    })
}

/// What is wrong in each resource of a gap.
fn each(gap: &Gap) -> Vec<Fault> {
    let fault = |(number, name): (usize, &String)| Fault {
        resource: name.clone(),
        because: format!("={name} is {number} instead of 5"),
    };
    gap.resources.iter().enumerate().map(fault).collect()
}

fn kim() -> Person {
    Person {
        handle: "kim".parse().unwrap(),
        party: Party::Internal,
        name: HOSTILE.to_owned(),
        email: None,
        ssh_key: None,
        since: time("2026-03-01T00:00:00Z"),
        until: None,
    }
}

/// Everything of internal IT is Kim's, until the 30th.
fn given_to_kim(sample: &Sample) -> Decisions {
    let assignments = sample.gaps.iter().map(|gap| Assignment {
        leaf: 5,
        gap: gap.id,
        party: None,
        person: Some("kim".parse().unwrap()),
        due_on: Some("2026-03-30".parse().unwrap()),
        by: Signatory { party: None, name: "Kim".to_owned(), handle: None },
        at: time("2026-03-25T00:00:00Z"),
    });
    Decisions { people: vec![kim()], assignments: assignments.collect(), ..Decisions::default() }
}

#[test]
fn every_open_gap_and_every_open_request_is_on_the_list_of_exactly_one_party_and_the_figures_add_up() {
    let sample = Sample::new();
    let as_of = time("2026-03-31T09:00:00Z");
    let lists = PARTIES.map(|party| list(&sample, party, &Decisions::default(), as_of));
    let mut listed: Vec<_> = lists.iter().flat_map(|list| &list.gaps).map(|gap| gap.id).collect();
    let open = sample.gaps.iter().filter(|gap| gap.state != crate::model::gap::GapState::Closed);
    let mut open: Vec<_> = open.map(|gap| gap.id).collect();
    listed.sort_unstable();
    open.sort_unstable();
    assert_eq!(listed, open);
    for list in &lists {
        assert_eq!(list.severities.iter().map(|one| one.count).sum::<usize>(), list.gaps.len());
        let controls = list.asks.iter().flat_map(|ask| &ask.controls).map(|held| held.controls.len());
        assert_eq!(controls.sum::<usize>(), list.asked_controls);
    }
    let asked = lists.iter().map(|list| list.asked_controls).sum::<usize>();
    assert_eq!(asked, sample.requests.iter().filter(|request| request.closed_at.is_none()).count());
}

#[test]
fn a_day_is_over_when_it_is_over_where_the_organization_is() {
    let sample = Sample::new();
    let decisions = given_to_kim(&sample);
    // Denver is six hours behind: the 30th ends there at six o'clock UTC of the 31st.
    let of = |moment: &str| list(&sample, Party::Internal, &decisions, time(moment));
    assert_eq!(of("2026-03-31T05:59:00Z").overdue, 0);
    let late = of("2026-03-31T06:01:00Z");
    assert_eq!((late.overdue, late.unassigned), (late.gaps.len(), 0));
    let before_it_was_given = of("2026-03-24T23:00:00Z");
    assert_eq!(before_it_was_given.unassigned, before_it_was_given.gaps.len());
}

#[test]
fn a_list_of_a_day_without_evidence_says_so_and_counts_nothing() {
    let mut sample = Sample::new();
    sample.gaps.clear();
    sample.requests.clear();
    let engine = Engine::new(None).unwrap();
    let page = |moment: &str| {
        let report = list(&sample, Party::Internal, &Decisions::default(), time(moment));
        String::from_utf8(html::gap_list(&engine, &report).unwrap()).unwrap()
    };
    let before = page("2026-03-01T00:00:00Z");
    assert!(before.contains("No evidence then") && !before.contains("Nothing is open"), "{before}");
    assert!(!before.contains("class=\"number\""), "a zero looks like calm");
    let after = page("2026-03-31T00:00:00Z");
    assert!(!after.contains("No evidence then") && after.contains("Nothing is open"), "{after}");
}

#[test]
fn whoever_has_a_part_in_a_gap_reads_it_on_their_own_list_and_what_is_wrong_in_each_thing() {
    let mut sample = Sample::new();
    for gap in &mut sample.gaps {
        gap.resources = (0..20).map(|number| format!("key {number}")).collect();
        let check = sample.catalog.checks.get_mut(&gap.check).unwrap();
        let step = |party: Party| (party, format!("What {party:?} does."));
        check.metadata.remediation = [Party::Provider, Party::Internal].map(step).into();
    }
    let as_of = time("2026-03-31T09:00:00Z");
    let [provider, internal, _] = PARTIES.map(|party| list(&sample, party, &Decisions::default(), as_of));
    let (mut others, mut parts) = (0, 0);
    for (own, other) in [(&provider, &internal), (&internal, &provider)] {
        for gap in &own.gaps {
            for todo in gap.other_parts.iter().filter(|todo| todo.party == other.party) {
                let told = other.parts.iter().find(|part| part.id == gap.id).expect("nobody tells the other party");
                assert_eq!((&told.text, told.turn, &told.short_id), (&todo.text, own.party, &gap.short_id));
                others += 1;
            }
        }
        parts += own.parts.len();
    }
    assert!(others > 0 && parts == others, "{others} steps of others, {parts} told");

    let page = String::from_utf8(html::gap_list(&Engine::new(None).unwrap(), &provider).unwrap()).unwrap();
    assert!(page.contains("key 3 is 3 instead of 5") && page.contains("and 8 more"), "{page}");
    let table = String::from_utf8(gaps_csv::gap_list(&provider).unwrap()).unwrap();
    assert!(table.contains("key 19 is 19 instead of 5"), "the table holds all of them: {table}");
}

#[test]
fn names_and_notes_of_people_are_text_on_the_page_and_no_formula_in_the_table() {
    let mut sample = Sample::new();
    for gap in &mut sample.gaps {
        gap.because = format!("=1+1 {HOSTILE}");
        gap.resources = vec![HOSTILE.to_owned(); 4000];
    }
    let report = list(&sample, Party::Internal, &given_to_kim(&sample), time("2026-03-31T09:00:00Z"));
    let page = String::from_utf8(html::gap_list(&Engine::new(None).unwrap(), &report).unwrap()).unwrap();
    assert!(!page.contains("<script>"), "markup of a name is markup of the page");
    assert!(page.contains("<bdi>&lt;script&gt;"), "a name is not kept apart from the text around it");
    assert!(page.contains("3 earlier steps") && page.contains("and 3988 more"), "{page}");
    let table = String::from_utf8(gaps_csv::gap_list(&report).unwrap()).unwrap();
    let rows = ::csv::ReaderBuilder::new().from_reader(table.as_bytes()).into_records();
    for row in rows.map(Result::unwrap) {
        for cell in &row {
            assert!(!cell.starts_with(['=', '+', '-', '@']), "{cell}");
            assert!(cell.chars().count() < 32_767, "a spreadsheet cuts this cell off");
        }
    }
    assert!(table.contains("'=1+1") && table.contains(" more\""), "what does not fit is not counted");
}

#[test]
fn the_short_form_of_an_id_is_the_end_that_no_other_has() {
    let ids = ["0192f0c1-aaaa-7abc-8def-0123456789ab", "0192f0c1-aaaa-7abc-8def-ffff456789ab"].map(str::to_owned);
    assert_eq!(short_id(&ids[0], &ids[..1]), "456789ab");
    assert_eq!(short_id(&ids[0], &ids), "3456789ab");
}
