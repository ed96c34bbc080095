use super::super::lint::tests::{framework, row};
use super::{ChangeFault, RowChange, changed};
use crate::model::responsibility::{Party, Responsibility, ResponsibilityKind};

fn rows() -> Vec<Responsibility> {
    vec![row("C1", "shared", Party::Provider, "patches", "approves"), row("C3", "internal", Party::Internal, "", "all")]
}

#[test]
fn only_what_is_named_changes_and_an_empty_text_takes_the_old_one_away() {
    let change = RowChange {
        accountable: Some(Party::Internal),
        provider_tasks: Some(String::new()),
        clause: Some("§ 4".to_owned()),
        provider_person: Some(Some("pat".parse().unwrap())),
        ..RowChange::default()
    };
    let after = changed(&framework(), &rows(), "one", &change).unwrap();
    let wanted = Responsibility {
        accountable: Party::Internal,
        provider_tasks: String::new(),
        clause: Some("§ 4".to_owned()),
        provider_person: Some("pat".parse().unwrap()),
        ..rows()[0].clone()
    };
    assert_eq!(after, [wanted, rows()[1].clone()]);
    let back = RowChange { clause: Some(String::new()), provider_person: Some(None), ..RowChange::default() };
    let after = changed(&framework(), &after, "C1", &back).unwrap();
    assert_eq!((&after[0].clause, &after[0].provider_person), (&None, &None));
}

#[test]
fn an_objective_begins_with_its_controls_row_and_stands_behind_it() {
    let change = RowChange { accountable: Some(Party::Provider), ..RowChange::default() };
    let after = changed(&framework(), &rows(), "C3[b]", &change).unwrap();
    assert_eq!(after[2].objective.as_ref().unwrap().as_str(), "C3[b]");
    assert_eq!((after[2].internal_tasks.as_str(), after[2].accountable), ("all", Party::Provider));
    // A row that was not there takes its place in the framework's order.
    let fresh = RowChange {
        kind: Some(ResponsibilityKind::Provider),
        accountable: Some(Party::Provider),
        ..RowChange::default()
    };
    let after = changed(&framework(), &after, "C2", &fresh).unwrap();
    let order: Vec<&str> = after.iter().map(|row| row.control.as_str()).collect();
    assert_eq!(order, ["C1", "C2", "C3", "C3"]);
}

#[test]
fn what_cannot_be_changed_is_refused_in_words() {
    let refused = |name: &str, change: RowChange| changed(&framework(), &rows(), name, &change).unwrap_err();
    let some = RowChange { accountable: Some(Party::Provider), ..RowChange::default() };
    assert!(matches!(refused("C9", some.clone()), ChangeFault::NoSuchControl { .. }));
    assert_eq!(refused("C2", some.clone()), ChangeFault::Incomplete("C2".to_owned()));
    assert_eq!(refused("C1", some), ChangeFault::NothingChanged("C1".to_owned()));
    for text in ["\0".to_owned(), "x".repeat(4_001)] {
        let bad = RowChange { document: Some(text), ..RowChange::default() };
        assert!(matches!(refused("C1", bad), ChangeFault::Text { what: "the document", .. }));
    }
}
