//! Times as people give them to commands and pages: a moment, or a day in the organization's own time zone.

use std::str::FromStr;

use chrono::NaiveDate;
use serde::Deserialize;

use super::organization::Organization;
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
    /// The moment, or the end of the day; of today, now.
    #[must_use]
    pub fn end(self, organization: &Organization, now: Timestamp) -> Timestamp {
        match self {
            Self::Time(time) => time,
            Self::Day(day) if day == organization.day_of(now) => now,
            Self::Day(day) => organization.end_of(day),
        }
    }

    /// The moment, or the beginning of the day.
    #[must_use]
    pub fn start(self, organization: &Organization) -> Timestamp {
        match self {
            Self::Time(time) => time,
            Self::Day(day) => organization.start_of(day),
        }
    }
}

impl TryFrom<String> for Moment {
    type Error = NotATime;

    fn try_from(text: String) -> Result<Self, NotATime> {
        text.parse()
    }
}
