//! The dates that follow from a CMMC status: closeout, affirmations, the end of the cycle, how long evidence is kept.
//!
//! Dates are whole days; the rule names no hour.

use chrono::{Days, Months, NaiveDate};
use serde::Serialize;

use super::poam::DAYS_TO_CLOSE;

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
    /// When the status ends: a year at Level 1, three years at Levels 2 and 3 (170.15 to 170.18).
    pub ends: NaiveDate,
    /// Until when artifacts are kept: six years from the status date, 170.16(c)(4) and 170.17(c)(4).
    pub keep_until: NaiveDate,
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
        affirmations.extend((1..=2).filter_map(years).filter(|day| *day < ends));
        affirmations.sort_unstable();
        affirmations.dedup();
        Some(Self { closeout_by, affirmations, ends, keep_until: years(6)? })
    }

    /// Whether a status of this calendar stands on a day.
    #[must_use]
    pub fn stands_on(&self, day: NaiveDate) -> bool {
        day <= self.closeout_by.unwrap_or(self.ends).min(self.ends)
    }
}
