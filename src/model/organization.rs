//! A client, and how its work is engaged.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::days::LocalDays;
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
    /// IANA name; schedules are wall-clock times in it, and its days are counted in it.
    pub time_zone: String,
    pub created_at: Timestamp,
}

impl Organization {
    /// The days of its time zone.
    #[must_use]
    pub fn days(&self) -> LocalDays {
        LocalDays::from(self)
    }

    /// The day it is there at a moment.
    #[must_use]
    pub fn day_of(&self, moment: Timestamp) -> NaiveDate {
        self.days().day_of(moment)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::Organization;

    /// An organization of this time zone, and nothing else worth saying.
    pub fn in_zone(time_zone: &str) -> Organization {
        serde_json::from_value(serde_json::json!({
            "id": "0192f0c1-2345-7abc-8def-0123456789ab",
            "slug": "northwind",
            "name": "Northwind Clinic (fictional)",
            "model": "co-managed",
            "frameworks": [],
            "time_zone": time_zone,
            "created_at": "2026-01-01T00:00:00.000000Z",
        }))
        .unwrap()
    }
}
