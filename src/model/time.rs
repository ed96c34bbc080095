//! The one time type: UTC, whole microseconds, always passed in and never read here.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Duration, NaiveDate, SecondsFormat, Utc};
use serde::{Deserialize, Serialize};

/// A moment in UTC with microsecond precision, so that it survives both databases and every file format unchanged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Timestamp(DateTime<Utc>);

/// A text that is neither an RFC 3339 time nor a date.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("`{0}` is not a time; write it as 2026-03-31 or 2026-03-31T09:00:00Z")]
pub struct NotATime(pub String);

impl Timestamp {
    /// Before everything this product can know of.
    pub const EARLIEST: Self = Self(DateTime::<Utc>::UNIX_EPOCH);

    /// After everything this product can know of, and still a time that every database can compare.
    pub const LATEST: Self = Self(DateTime::from_timestamp_nanos(i64::MAX));

    /// Reads the system clock. Only `main`, the schedule's runner, request handlers and commands may call this.
    #[must_use]
    pub fn now() -> Self {
        Self::from(Utc::now())
    }

    #[must_use]
    pub fn as_datetime(self) -> DateTime<Utc> {
        self.0
    }

    /// How long ago `earlier` was; zero when it lies in the future.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        (self.0 - earlier.0).max(Duration::zero())
    }

    /// This time moved by `by`; saturates at the ends of the calendar.
    #[must_use]
    pub fn plus(self, by: Duration) -> Self {
        self.0.checked_add_signed(by).map_or(self, Self::from)
    }

    /// `2026-03-31 09:00 UTC`, for people.
    #[must_use]
    pub fn for_people(self) -> String {
        self.0.format("%Y-%m-%d %H:%M UTC").to_string()
    }

    /// `20260331T090000Z`, for file names.
    #[must_use]
    pub fn for_file_names(self) -> String {
        self.0.format("%Y%m%dT%H%M%SZ").to_string()
    }
}

impl Timestamp {
    /// Reads what [`Timestamp::for_file_names`] writes.
    #[must_use]
    pub fn of_file_name(text: &str) -> Option<Self> {
        let time = chrono::NaiveDateTime::parse_from_str(text, "%Y%m%dT%H%M%SZ").ok()?;
        Some(Self::from(time.and_utc()))
    }
}

/// Tells the time. Handed in, so that tests choose it.
pub trait Clock: Send + Sync {
    fn now(&self) -> Timestamp;
}

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}

/// A clock that stands still.
#[derive(Debug, Clone, Copy)]
pub struct FixedClock(pub Timestamp);

impl Clock for FixedClock {
    fn now(&self) -> Timestamp {
        self.0
    }
}

impl From<DateTime<Utc>> for Timestamp {
    fn from(value: DateTime<Utc>) -> Self {
        Self(DateTime::from_timestamp_micros(value.timestamp_micros()).unwrap_or(value))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0.to_rfc3339_opts(SecondsFormat::Micros, true))
    }
}

impl FromStr for Timestamp {
    type Err = NotATime;

    /// Accepts RFC 3339 with any offset, or a plain date, which means its first moment in UTC.
    fn from_str(text: &str) -> Result<Self, NotATime> {
        if let Ok(time) = DateTime::parse_from_rfc3339(text) {
            return Ok(Self::from(time.with_timezone(&Utc)));
        }
        NaiveDate::parse_from_str(text, "%Y-%m-%d")
            .ok()
            .and_then(|date| date.and_hms_opt(0, 0, 0))
            .map(|time| Self::from(time.and_utc()))
            .ok_or_else(|| NotATime(text.to_owned()))
    }
}

impl TryFrom<String> for Timestamp {
    type Error = NotATime;

    fn try_from(text: String) -> Result<Self, NotATime> {
        text.parse()
    }
}

impl From<Timestamp> for String {
    fn from(time: Timestamp) -> Self {
        time.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::Timestamp;

    #[test]
    fn a_time_is_printed_in_utc_with_six_decimals() {
        let time: Timestamp = "2026-03-31T11:00:00.1234567+02:00".parse().unwrap();
        assert_eq!(time.to_string(), "2026-03-31T09:00:00.123456Z");
    }

    #[test]
    fn a_plain_date_is_its_first_moment_in_utc() {
        let time: Timestamp = "2026-03-31".parse().unwrap();
        assert_eq!(time.to_string(), "2026-03-31T00:00:00.000000Z");
    }

    #[test]
    fn a_text_that_is_no_time_is_refused_with_an_example() {
        let fault = "yesterday".parse::<Timestamp>().unwrap_err();
        assert!(fault.to_string().contains("2026-03-31"));
    }
}
