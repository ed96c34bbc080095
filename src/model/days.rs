//! Days as an organization counts them: moments are UTC everywhere, a day begins where the organization is.

use chrono::{DateTime, Duration, NaiveDate, NaiveTime, TimeZone, Utc};
use chrono_tz::Tz;

use super::organization::Organization;
use super::time::Timestamp;

/// Turns moments into days of one time zone, and days into moments. What is pure is handed this instead of an organization.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LocalDays(Tz);

impl LocalDays {
    /// For what belongs to no organization.
    pub const UTC: Self = Self(Tz::UTC);

    /// The day it is there at a moment.
    #[must_use]
    pub fn day_of(self, moment: Timestamp) -> NaiveDate {
        moment.as_datetime().with_timezone(&self.0).date_naive()
    }

    /// The first moment of a day there. Where clocks skip midnight it is the first full hour there is.
    #[must_use]
    pub fn start_of(self, day: NaiveDate) -> Timestamp {
        let hours = (0..24).filter_map(|hour| day.and_hms_opt(hour, 0, 0));
        let mut moments = hours.filter_map(|time| self.0.from_local_datetime(&time).earliest());
        let start = moments.next().map(|time| time.with_timezone(&Utc));
        Timestamp::from(start.unwrap_or_else(|| day.and_time(NaiveTime::MIN).and_utc()))
    }

    /// The last moment of a day there.
    #[must_use]
    pub fn end_of(self, day: NaiveDate) -> Timestamp {
        let next = day.succ_opt().map_or(Timestamp::from(DateTime::<Utc>::MAX_UTC), |next| self.start_of(next));
        next.plus(-Duration::microseconds(1))
    }
}

impl From<&Organization> for LocalDays {
    /// Those of the organization; of UTC where its time zone is none.
    fn from(organization: &Organization) -> Self {
        Self(organization.time_zone.parse().unwrap_or(Tz::UTC))
    }
}
