//! A client, and how its work is engaged.

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
