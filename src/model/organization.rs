//! A client, and how its work is engaged.

use chrono::{DateTime, Duration, NaiveDate, NaiveTime, TimeZone, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

use super::id::{FrameworkId, OrgId, OrgSlug};
use super::responsibility::EngagementModel;
use super::time::Timestamp;

/// An organization. All data belongs to exactly one; nothing crosses.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Organization {
    pub id: OrgId,
    pub slug: OrgSlug,
    pub name: String,
    pub model: EngagementModel,
    pub frameworks: Vec<FrameworkId>,
    /// IANA name; schedules are wall-clock times in it.
    pub time_zone: String,
    pub created_at: Timestamp,
}

impl Organization {
    /// The zone its days are counted in; UTC where the name is none.
    fn zone(&self) -> Tz {
        self.time_zone.parse().unwrap_or(Tz::UTC)
    }

    /// The day it is there at a moment.
    #[must_use]
    pub fn day_of(&self, moment: Timestamp) -> NaiveDate {
        moment.as_datetime().with_timezone(&self.zone()).date_naive()
    }

    /// The first moment of a day there. Where clocks skip midnight it is the first full hour there is.
    #[must_use]
    pub fn start_of(&self, day: NaiveDate) -> Timestamp {
        let zone = self.zone();
        let hours = (0..24).filter_map(|hour| day.and_hms_opt(hour, 0, 0));
        let mut moments = hours.filter_map(|time| zone.from_local_datetime(&time).earliest());
        let start = moments.next().map(|time| time.with_timezone(&Utc));
        Timestamp::from(start.unwrap_or_else(|| day.and_time(NaiveTime::MIN).and_utc()))
    }

    /// The last moment of a day there.
    #[must_use]
    pub fn end_of(&self, day: NaiveDate) -> Timestamp {
        let next = day.succ_opt().map_or(Timestamp::from(DateTime::<Utc>::MAX_UTC), |next| self.start_of(next));
        next.plus(-Duration::microseconds(1))
    }
}
