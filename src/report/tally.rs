//! Which controls count, and how many stand where: the only place that counts, so that all figures agree.
//!
//! A control counts once. Rows that only state scope or definitions have no status, and a parent is shown with the
//! status derived from its children but is not counted beside them.

use std::collections::{HashMap, HashSet};

use serde::Serialize;

use crate::catalog::framework::{Control, Framework};
use crate::model::control::{ControlState, ControlStatus};
use crate::model::id::ControlId;
use crate::model::words;

/// The order in which statuses are shown everywhere.
pub const ORDER: [ControlState; 4] =
    [ControlState::NotMet, ControlState::Undetermined, ControlState::Met, ControlState::NotApplicable];

words! {
    /// How a row of a framework enters the figures.
    Counting, "way of counting":
        /// Has a status of its own and is counted.
        Counted = "counted",
        /// Its status is derived from its children, which are counted instead.
        Derived = "derived",
        /// States scope or definitions; never has a status.
        NotAssessable = "not_assessable",
        /// The questionnaire that the organization answers does not ask it, so nobody says that it is met.
        NotInQuestionnaire = "not_in_questionnaire",
}

/// How many controls stand at one status.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StateTotal {
    pub state: ControlState,
    /// The framework's own word.
    pub word: String,
    pub count: usize,
    /// Where its part of a bar begins and how long it is, in thousandths; all parts together fill the bar.
    pub bar_start: usize,
    pub bar_length: usize,
}

/// Where the controls of a framework stand. `counted` is the sum of `states`; `rows` is
/// `counted + derived + not_assessable + not_in_questionnaire`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Totals {
    /// All four statuses in the order of [`ORDER`], also those nobody has.
    pub states: Vec<StateTotal>,
    pub counted: usize,
    pub derived: usize,
    pub not_assessable: usize,
    pub not_in_questionnaire: usize,
    pub rows: usize,
}

impl Totals {
    /// How many counted controls stand at `state`.
    #[must_use]
    pub fn of(&self, state: ControlState) -> usize {
        self.states.iter().find(|total| total.state == state).map_or(0, |total| total.count)
    }

    pub(super) fn add_up(framework: &Framework, rows: impl Iterator<Item = (Counting, Option<ControlState>)>) -> Self {
        let states = ORDER
            .map(|state| StateTotal { state, word: framework.word(state), count: 0, bar_start: 0, bar_length: 0 })
            .to_vec();
        let mut totals = Self { states, counted: 0, derived: 0, not_assessable: 0, not_in_questionnaire: 0, rows: 0 };
        for (counting, state) in rows {
            totals.rows += 1;
            match counting {
                Counting::Derived => totals.derived += 1,
                Counting::NotAssessable => totals.not_assessable += 1,
                Counting::NotInQuestionnaire => totals.not_in_questionnaire += 1,
                Counting::Counted => {
                    totals.counted += 1;
                    let state = state.unwrap_or(ControlState::Undetermined);
                    if let Some(total) = totals.states.iter_mut().find(|total| total.state == state) {
                        total.count += 1;
                    }
                }
            }
        }
        totals.lay_out_bar();
        totals
    }

    fn lay_out_bar(&mut self) {
        let mut before = 0;
        for total in &mut self.states {
            let place = |count: usize| (count * 1000).checked_div(self.counted).unwrap_or(0);
            total.bar_start = place(before);
            before += total.count;
            total.bar_length = place(before) - total.bar_start;
        }
    }
}

/// Where a framework stands. Without any status every counted control is undetermined: nobody has looked.
#[must_use]
pub fn totals(framework: &Framework, statuses: &[ControlStatus]) -> Totals {
    let counts = Countings::among(framework, statuses);
    let states = by_control(framework, statuses);
    let row = |control: &Control| (counts.control(control), states.get(&control.id).map(|status| status.state));
    Totals::add_up(framework, framework.controls.iter().map(row))
}

/// Which rows of a framework count; answers in constant time.
#[derive(Debug)]
pub struct Countings<'a> {
    parents: HashSet<&'a ControlId>,
    outside: HashSet<&'a ControlId>,
}

impl<'a> Countings<'a> {
    #[must_use]
    pub fn of(framework: &'a Framework) -> Self {
        let assessable = framework.controls.iter().filter(|control| control.assessable);
        let parents = assessable.filter_map(|control| control.parent.as_ref()).collect();
        Self { parents, outside: HashSet::new() }
    }

    /// The same where statuses are known: the roll-up gives one to everything it judges, so what can be judged and has
    /// none is not in the questionnaire that was chosen. Statuses of other frameworks say nothing.
    #[must_use]
    pub fn among(framework: &'a Framework, statuses: &[ControlStatus]) -> Self {
        let judged = by_control(framework, statuses);
        let assessable = framework.controls.iter().filter(|control| control.assessable && !judged.is_empty());
        let outside = assessable.map(|control| &control.id).filter(|id| !judged.contains_key(id)).collect();
        Self { outside, ..Self::of(framework) }
    }

    #[must_use]
    pub fn control(&self, control: &Control) -> Counting {
        if !control.assessable {
            Counting::NotAssessable
        } else if self.outside.contains(&control.id) {
            Counting::NotInQuestionnaire
        } else if self.parents.contains(&control.id) {
            Counting::Derived
        } else {
            Counting::Counted
        }
    }
}

/// The statuses of this framework by control; statuses of other frameworks are left out.
pub(super) fn by_control<'a>(
    framework: &Framework,
    statuses: &'a [ControlStatus],
) -> HashMap<&'a ControlId, &'a ControlStatus> {
    let own = statuses.iter().filter(|status| status.framework == framework.id);
    own.map(|status| (&status.control, status)).collect()
}
