//! The dates that follow from a CMMC status: closeout, affirmations, the end of the cycle, how long evidence is kept.
//!
//! Dates are whole days; the rule names no hour.

use chrono::{Days, Months, NaiveDate};
use serde::Serialize;

use super::poam::DAYS_TO_CLOSE;
use crate::model::words;

/// A level of CMMC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    Level1,
    Level2,
    Level3,
}

/// A status that was reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Status {
    pub level: Level,
    /// The status date: of the conditional status if there was one, for it stays the status date, 170.4(b).
    pub dated: NaiveDate,
    pub stands: Standing,
}

/// Whether something still waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    Final,
    Conditional,
    /// It was conditional and is final since this day.
    ClosedOut(NaiveDate),
}

/// What follows from a status.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Calendar {
    /// By then the closeout must be confirmed, or the conditional status is gone: 170.21(b).
    pub closeout_by: Option<NaiveDate>,
    /// When the affirming official affirms: 170.22(b).
    pub affirmations: Vec<NaiveDate>,
    /// When the status ends: a year at Level 1, three years at Levels 2 and 3 (170.15 to 170.18); a conditional one when its
    /// closeout is not confirmed by then.
    pub ends: NaiveDate,
    /// What follows beside it if the closeout of a conditional status is confirmed in time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub if_closed_out: Option<Later>,
    /// Until when artifacts are kept: six years from the status date, 170.16(c)(4) and 170.17(c)(4).
    pub keep_until: NaiveDate,
    /// What else has to be known.
    pub notes: Vec<&'static str>,
}

/// The later dates of a conditional status, which come only with its closeout. The affirmation at the closeout has no day yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Later {
    pub affirmations: Vec<NaiveDate>,
    pub ends: NaiveDate,
}

words! {
    /// Whether a status stands on a day.
    Stands, "standing of a status":
        /// Its day is still to come.
        NotYet = "not_yet",
        Stands = "stands",
        /// It was conditional, and no closeout was confirmed in time: 170.21(b).
        NotClosedOut = "not_closed_out",
        /// Its year, or its three years, are over.
        Ended = "ended",
}

/// Where a status stands on a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct OnDay {
    pub day: NaiveDate,
    pub stands: Stands,
    /// The first affirmation on or after the day; none: the status is over by then, or needs no further one.
    pub next_affirmation: Option<NaiveDate>,
}

impl Calendar {
    /// None at the end of the calendar.
    #[must_use]
    pub fn of(status: Status) -> Option<Self> {
        let years = |many: u32| status.dated.checked_add_months(Months::new(12 * many));
        let ends = years(if status.level == Level::Level1 { 1 } else { 3 })?;
        let closeout_by = match status.stands {
            Standing::Conditional => Some(status.dated.checked_add_days(Days::new(DAYS_TO_CLOSE))?),
            Standing::Final | Standing::ClosedOut(_) => None,
        };
        let mut affirmations = vec![status.dated];
        if let Standing::ClosedOut(closed) = status.stands {
            affirmations.push(closed);
        }
        let yearly = (1..=2).filter_map(years).filter(|day| *day < ends);
        let (ends, if_closed_out) = if let Some(closeout) = closeout_by {
            (closeout, Some(Later { affirmations: yearly.collect(), ends }))
        } else {
            affirmations.extend(yearly);
            (ends, None)
        };
        affirmations.sort_unstable();
        affirmations.dedup();
        Some(Self { closeout_by, affirmations, ends, if_closed_out, keep_until: years(6)?, notes: notes(status) })
    }

    /// Where a status of this calendar stands on a day.
    #[must_use]
    pub fn on(&self, day: NaiveDate) -> OnDay {
        let begins = self.affirmations.first().copied();
        let stands = if begins.is_some_and(|first| day < first) {
            Stands::NotYet
        } else if self.closeout_by.is_some_and(|last| last < day) {
            Stands::NotClosedOut
        } else if self.ends < day {
            Stands::Ended
        } else {
            Stands::Stands
        };
        let next = self.affirmations.iter().copied().find(|one| *one >= day);
        let is_over = matches!(stands, Stands::NotClosedOut | Stands::Ended);
        OnDay { day, stands, next_affirmation: next.filter(|_| !is_over) }
    }
}

fn notes(status: Status) -> Vec<&'static str> {
    let mut notes = Vec::new();
    match status.level {
        Level::Level1 => {
            notes
                .push("that Level 1 is assessed every year is to be confirmed; the yearly affirmation is 170.22(b)(1)");
        }
        Level::Level2 => {}
        Level::Level3 => notes.push("Level 2 (C3PAO) is affirmed every year as well: 170.22(b)"),
    }
    match status.stands {
        Standing::Conditional => notes.push("without a closeout in time the conditional status is gone: 170.21(b)"),
        Standing::ClosedOut(_) => {
            notes
                .push("the date of the conditional status stays the status date, and all clocks run from it: 170.4(b)");
        }
        Standing::Final => {}
    }
    notes
}
