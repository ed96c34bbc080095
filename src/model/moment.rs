//! Times as people give them to commands and pages: a moment, or a day in the organization's own time zone.

use std::str::FromStr;

use chrono::NaiveDate;
use serde::Deserialize;

use super::days::LocalDays;
use super::time::{NotATime, Timestamp};

/// `2026-03-31T09:00:00Z`, or `2026-03-31`, which is a whole day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum Moment {
    Time(Timestamp),
    Day(NaiveDate),
}

impl FromStr for Moment {
    type Err = NotATime;

    fn from_str(text: &str) -> Result<Self, NotATime> {
        match NaiveDate::parse_from_str(text, "%Y-%m-%d") {
            // A timestamp's own text form takes years that no calendar of an organization reaches.
            Ok(day) if text.len() == 10 => Ok(Self::Day(day)),
            _ => text.parse().map(Self::Time),
        }
    }
}

impl Moment {
    /// The moment, or the end of the day; of today, now. For what is asked of the past.
    #[must_use]
    pub fn end(self, days: impl Into<LocalDays>, now: Timestamp) -> Timestamp {
        let days = days.into();
        match self {
            Self::Day(day) if day == days.day_of(now) => now,
            _ => self.last(days),
        }
    }

    /// The moment, or the last one of the day, also of today. For what goes on until then.
    #[must_use]
    pub fn last(self, days: impl Into<LocalDays>) -> Timestamp {
        match self {
            Self::Time(time) => time,
            Self::Day(day) => days.into().end_of(day),
        }
    }

    /// The moment, or the beginning of the day.
    #[must_use]
    pub fn start(self, days: impl Into<LocalDays>) -> Timestamp {
        match self {
            Self::Time(time) => time,
            Self::Day(day) => days.into().start_of(day),
        }
    }
}

impl TryFrom<String> for Moment {
    type Error = NotATime;

    fn try_from(text: String) -> Result<Self, NotATime> {
        text.parse()
    }
}
