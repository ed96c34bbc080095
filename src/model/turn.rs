//! Who has a gap in hand: the party and the person it was handed to, or else the party that follows from the
//! responsibilities. Lists, reports and pages all ask [`turn`].

use chrono::NaiveDate;

use super::decision::Decisions;
use super::gap::{Gap, GapState};
use super::id::PersonHandle;
use super::person::Person;
use super::responsibility::Party;
use super::time::Timestamp;

/// Whose turn a gap is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Turn<'a> {
    pub party: Party,
    /// Whom it was assigned to, even if they have left since.
    pub handle: Option<&'a PersonHandle>,
    /// The person, while they act for their party; none when nobody was named or who was named has left.
    pub person: Option<&'a Person>,
    /// The last day on which it is in time.
    pub due_on: Option<NaiveDate>,
    /// Whether somebody decided the party, so that it no longer follows from the responsibilities.
    pub is_handed_over: bool,
    /// Nothing is left to be done.
    is_closed: bool,
}

impl Turn<'_> {
    /// Whether it is still to be done and the last day has passed on `today`, a day in the organization's time zone.
    #[must_use]
    pub fn is_overdue(&self, today: NaiveDate) -> bool {
        !self.is_closed && self.due_on.is_some_and(|due| due < today)
    }
}

/// Whose turn a gap was at a moment: the newest assignment's party if it names one, else the gap's own.
#[must_use]
pub fn turn<'a>(gap: &Gap, decisions: &'a Decisions, at: Timestamp) -> Turn<'a> {
    let assignment = decisions.assignment(gap.id, at);
    let handle = assignment.and_then(|one| one.person.as_ref());
    let decided = assignment.and_then(|one| one.party);
    Turn {
        party: decided.unwrap_or(gap.party),
        handle,
        person: handle.and_then(|handle| decisions.person(handle)).filter(|person| person.is_active(at)),
        due_on: assignment.and_then(|one| one.due_on),
        is_handed_over: decided.is_some(),
        is_closed: gap.state == GapState::Closed,
    }
}

#[cfg(test)]
mod tests {
    use super::turn;
    use crate::model::decision::Decisions;
    use crate::model::gap::{Assignment, Gap, GapState};
    use crate::model::id::GapId;
    use crate::model::person::{Person, Signatory};
    use crate::model::responsibility::Party;
    use crate::model::time::Timestamp;

    fn time(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn gap() -> Gap {
        Gap {
            id: GapId::fresh(),
            check: "m365/mfa_for_admins".parse().unwrap(),
            target: "contoso.example".to_owned(),
            title: "Administrators sign in without a second factor".to_owned(),
            severity: "high".to_owned(),
            state: GapState::Open,
            party: Party::Provider,
            because: "1 account".to_owned(),
            remediation: String::new(),
            resources: Vec::new(),
            controls: Vec::new(),
            opened_at: time("2026-03-02"),
            last_seen_at: time("2026-03-02"),
            closed_at: None,
            reopened: 0,
            evidence: Vec::new(),
        }
    }

    fn dana() -> Person {
        Person {
            handle: "dana".parse().unwrap(),
            party: Party::Internal,
            name: "Dana Reyes".to_owned(),
            email: None,
            ssh_key: None,
            since: time("2026-03-01"),
            until: Some(time("2026-03-10")),
        }
    }

    fn assigned(gap: &Gap, party: Option<Party>, person: Option<&str>, at: &str) -> Assignment {
        let by = Signatory { party: None, name: "Countersign".to_owned(), handle: None };
        let person = person.map(|handle| handle.parse().unwrap());
        Assignment { leaf: 7, gap: gap.id, party, person, due_on: None, by, at: time(at) }
    }

    #[test]
    fn a_gap_that_was_handed_over_is_the_other_partys_turn_from_then_on_and_not_before() {
        let gap = gap();
        let given = assigned(&gap, Some(Party::Internal), Some("dana"), "2026-03-04");
        let decisions = Decisions { people: vec![dana()], assignments: vec![given], ..Decisions::default() };
        assert_eq!(turn(&gap, &decisions, time("2026-03-03")).party, Party::Provider);
        let now = turn(&gap, &decisions, time("2026-03-05"));
        assert_eq!((now.party, now.person.map(|one| one.name.as_str())), (Party::Internal, Some("Dana Reyes")));
    }

    #[test]
    fn an_assignment_that_names_no_party_leaves_the_gap_where_the_responsibilities_put_it() {
        let gap = gap();
        let first = assigned(&gap, Some(Party::Internal), None, "2026-03-04");
        let back = assigned(&gap, None, None, "2026-03-05");
        let decisions = Decisions { assignments: vec![first, back], ..Decisions::default() };
        let now = turn(&gap, &decisions, time("2026-03-06"));
        assert_eq!((now.party, now.is_handed_over), (Party::Provider, false));
    }

    #[test]
    fn whoever_left_has_it_in_hand_no_more_but_is_still_named() {
        let gap = gap();
        let given = assigned(&gap, Some(Party::Internal), Some("dana"), "2026-03-04");
        let decisions = Decisions { people: vec![dana()], assignments: vec![given], ..Decisions::default() };
        let later = turn(&gap, &decisions, time("2026-03-11"));
        assert_eq!((later.person, later.handle.map(ToString::to_string)), (None, Some("dana".to_owned())));
    }

    #[test]
    fn what_is_done_is_never_overdue() {
        let mut gap = gap();
        let due_on = "2026-03-05".parse().ok();
        let given = Assignment { due_on, ..assigned(&gap, None, Some("dana"), "2026-03-04") };
        let decisions = Decisions { people: vec![dana()], assignments: vec![given], ..Decisions::default() };
        let is_overdue =
            |gap: &Gap| turn(gap, &decisions, time("2026-03-06")).is_overdue("2026-03-06".parse().unwrap());
        assert!(is_overdue(&gap));
        gap.state = GapState::Closed;
        assert!(!is_overdue(&gap));
    }
}
