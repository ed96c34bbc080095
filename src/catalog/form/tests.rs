//! Forms that ship, and what answers they take.

use std::sync::LazyLock;

use serde_json::json;

use super::answers::{Answers, LONGEST_ANSWER, empty, template};
use super::{FieldKind, Form};
use crate::catalog::Catalog;
use crate::catalog::framework::Control;
use crate::model::attestation::Claim;
use crate::model::id::FrameworkId;

static CATALOG: LazyLock<Catalog> = LazyLock::new(|| Catalog::embedded().unwrap());

pub(super) fn form(id: &str) -> &'static Form {
    &CATALOG.forms[&id.parse().unwrap()]
}

fn control(framework: &str, id: &str) -> &'static Control {
    CATALOG.control(&framework.parse().unwrap(), id).unwrap()
}

fn suits(id: &str, framework: &str, name: &str) -> bool {
    form(id).suits(&framework.parse().unwrap(), control(framework, name))
}

fn read(text: &str) -> Answers {
    Answers::read(text).unwrap()
}

#[test]
fn a_required_specification_has_no_addressable_form_and_an_addressable_one_has_both() {
    let hipaa: FrameworkId = "hipaa-security".parse().unwrap();
    let is_addressable =
        |control: &Control| control.facts["required_or_addressable"] == json!("addressable") && control.assessable;
    let mut addressable = 0;
    for control in &CATALOG.frameworks[&hipaa].controls {
        assert_eq!(form("hipaa-addressable").suits(&hipaa, control), is_addressable(control), "{}", control.id);
        assert_eq!(form("hipaa-required").suits(&hipaa, control), control.assessable, "{}", control.id);
        addressable += usize::from(is_addressable(control));
    }
    assert_eq!(addressable, 22);
}

#[test]
fn the_empty_answers_for_programs_have_the_fields_of_the_file_for_people() {
    for form in CATALOG.forms.values() {
        let for_programs = read(&empty(form).to_string());
        assert_eq!(for_programs, read(&template(form)), "{}", form.id);
    }
}

#[test]
fn every_control_that_is_judged_has_one_plain_form_to_be_met_on() {
    for framework in CATALOG.frameworks.values() {
        for control in framework.controls.iter().filter(|control| control.assessable) {
            for claim in [Claim::Met, Claim::NotApplicable] {
                let plain = CATALOG.forms_for(&framework.id, control).filter(|form| form.plain && form.claim == claim);
                let plain: Vec<_> = plain.map(|form| form.id.as_str()).collect();
                let most = plain.len() <= 1 && (claim == Claim::NotApplicable || plain.len() == 1);
                assert!(most, "{} {}: {plain:?}", framework.id, control.id);
            }
        }
    }
}

#[test]
fn exceptions_never_reach_what_the_rules_keep_them_from() {
    for id in ["cmmc-enduring-exception", "cmmc-temporary-deficiency", "cmmc-not-applicable"] {
        assert!(!suits(id, "cmmc-l2", "3.12.4") && suits(id, "cmmc-l2", "3.1.1"), "{id}");
    }
    assert!(!suits("pci-customized-approach", "pci-dss-4.0.1", "A3.1.1"));
    assert!(suits("pci-customized-approach", "pci-dss-4.0.1", "8.4.2"));
    assert!(!suits("pci-targeted-risk-analysis", "pci-dss-4.0.1", "8.4.2"));
    assert!(suits("pci-risk-analyses", "pci-dss-4.0.1", "12.3.1"));
    assert!(!suits("pci-targeted-risk-analysis", "pci-dss-4.0.1", "12.3.1"), "one analysis is not all of them");
    assert!(!suits("cmmc-met", "pci-dss-4.0.1", "8.4.2"), "another framework's form");
    assert!(!suits("breach-met", "hipaa-breach", "164.402"), "only a definition");
    assert!(
        !suits("cmmc-external-provider", "cmmc-l1", "b.1.i") && suits("cmmc-external-provider", "cmmc-l2", "3.1.1")
    );
    assert!(suits("cmmc-external-provider-level-1", "cmmc-l1", "b.1.i"));
}

#[test]
fn a_statement_stands_as_long_as_the_law_says_else_as_the_controls_own_rhythm() {
    let quarterly = form("hipaa-required").longest(control("hipaa-security", "164.312(a)(2)(i)"));
    assert_eq!((quarterly.months, quarterly.because.contains("quarterly")), (3, true), "{quarterly:?}");
    let half = form("hipaa-addressable").longest(control("hipaa-security", "164.312(a)(2)(ii)"));
    assert_eq!(half.months, 6, "{half:?}");
    let law = form("pci-customized-approach").longest(control("pci-dss-4.0.1", "8.4.2"));
    assert_eq!(law.months, 12);
    assert!(law.because.contains("12.3.2") && !law.because.contains("to be confirmed"), "{law:?}");
    let recalled = form("pci-compensating-control").longest(control("pci-dss-4.0.1", "8.4.2"));
    assert!(recalled.because.ends_with("to be confirmed"), "{recalled:?}");
}

#[test]
fn the_template_of_every_form_is_read_back_as_nothing_answered_and_names_every_field() {
    for form in CATALOG.forms.values() {
        let text = template(form);
        let faults = read(&text).check(form).unwrap_err();
        let is_asked = |one: &&super::Field| one.required && one.ways.is_empty();
        let way = usize::from(!form.ways.is_empty());
        assert_eq!(faults.len(), form.fields.iter().filter(is_asked).count() + way, "{}: {faults:#?}", form.id);
        assert!(faults.iter().all(|fault| fault.contains("is missing")), "{faults:#?}");
        assert!(form.fields.iter().all(|field| text.contains(&format!("\n{}: ", field.id))), "{text}");
        assert!(text.lines().all(|line| line.chars().count() <= 120), "{text}");
    }
}

#[test]
fn every_fault_of_the_answers_is_named_at_once() {
    let customized = form("pci-customized-approach");
    let kinds: Vec<FieldKind> = customized.fields.iter().map(|field| field.kind).collect();
    assert!(kinds.contains(&FieldKind::Date));
    let answers = json!({"form": "pci-in-place", "objective": "x".repeat(LONGEST_ANSWER + 1), "controls": "a\u{1b}[2Jb",
        "approved_on": "31.3.2026", "approved_by": ["Kim"], "nonsense\u{202e}": "x", "meets": "  "});
    let faults = read(&answers.to_string()).check(customized).unwrap_err();
    for wanted in [
        "the answers are for the form `pci-in-place`, not for `pci-customized-approach`",
        "`objective` is longer than 4000 characters",
        "`controls` holds control characters",
        "`approved_on` is `31.3.2026`, which is no day",
        "`approved_by` takes a text",
        "`meets` is missing: How they meet the aim",
        "the form has no field `nonsense",
    ] {
        assert!(faults.iter().any(|fault| fault.starts_with(wanted)), "{wanted}: {faults:#?}");
    }
    assert_eq!(faults.len(), 11, "{faults:#?}");
}

#[test]
fn a_way_asks_for_its_own_fields_and_for_no_others() {
    let addressable = form("hipaa-addressable");
    let factors = "size: s\ninfrastructure: i\ncost: 0\nrisk: r\ndecided_by: Kim\ndecided_on: 2026-03-01\n";
    let with = |more: &str| read(&format!("{factors}{more}")).check(addressable);
    let missing = with("way: alternative\n").unwrap_err();
    assert_eq!(missing.len(), 3, "{missing:#?}");
    let told = with("way: not_reasonable\nwhy_not: w\nwhy_no_alternative: n\nalternative: a\n").unwrap_err();
    assert_eq!(told, ["`alternative` is not asked for the way `not_reasonable`"]);
    assert!(with("way: never\n").unwrap_err()[0].contains("choose one of implemented, alternative, not_reasonable"));
    assert!(with("").unwrap_err()[0].starts_with("`way` is missing"));
    let filled = with("way: implemented\nwhat_is_done: d\nalternative: \"\"\n").unwrap();
    assert_eq!(filled.used.way.as_deref(), Some("implemented"));
    let sealed = String::from_utf8(filled.sealed(addressable).unwrap()).unwrap();
    assert!(sealed.contains("\"form\":\"hipaa-addressable\"") && sealed.contains("\"cost\":\"0\""), "{sealed}");
    assert!(sealed.contains(&addressable.digest.to_string()), "{sealed}");
}

#[test]
fn answers_are_also_given_one_by_one() {
    let met = form("cmmc-met");
    let mut answers = read("what_is_done: all of it\n");
    for one in ["security_plan=1.2, section 3 = last", "examine=plan.pdf", "examine=export.csv", "interview=Kim"] {
        answers.add(met, one).unwrap();
    }
    assert_eq!(answers.add(met, "what_is_done=again").unwrap_err(), "`what_is_done` is answered twice");
    assert!(answers.add(met, "nothing").unwrap_err().contains("write field=text"));
    let sealed = answers.check(met).unwrap().sealed(met).unwrap();
    let sealed: serde_json::Value = serde_json::from_slice(&sealed).unwrap();
    assert_eq!(sealed["answers"]["examine"], json!(["plan.pdf", "export.csv"]));
    assert_eq!(sealed["answers"]["security_plan"], "1.2, section 3 = last");
}

#[test]
fn what_is_no_mapping_of_answers_is_refused_in_words() {
    for text in ["[]", "just words", "a: 1\na: 2", "a: &b [*b, *b]\nc: [unclosed", &"x".repeat(300_000)] {
        let told = Answers::read(text).unwrap_err();
        assert!(told.starts_with("the answers "), "{told}");
        assert!(!told.contains('\n') && told.len() < 300, "{told}");
    }
    assert_eq!(Answers::read("# only comments\n").unwrap(), Answers::default());
}

#[test]
fn at_level_1_a_provider_handles_contract_information_and_one_that_handles_nothing_is_none() {
    let level_1 = form("cmmc-external-provider-level-1");
    let faults = |handles: &str| {
        let answers = json!({"provider": "Host Example", "handles": handles, "matrix_row": "All of it.", "security_plan": "Handbook, section 2"});
        read(&answers.to_string()).check(level_1).err().unwrap_or_default()
    };
    assert_eq!(faults("federal contract information"), Vec::<String>::new());
    let refused = faults("neither");
    assert!(matches!(&refused[..], [one] if one.contains("`handles`")), "{refused:?}");
}
