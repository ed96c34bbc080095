//! What was changed about an organization after it was added: its name, zone and frameworks, its settings, and targets
//! that were disconnected. The organization's row says what holds today; with these it is known what held before.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::evidence::{SealedArtifact, Source};
use super::id::FrameworkId;
use super::organization::Organization;
use super::person::Signatory;
use super::time::Timestamp;

/// A value before and after.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Changed<T> {
    pub was: T,
    pub now: T,
}

/// A signed decision about the organization itself. What is none stayed as it was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrganizationChange {
    /// Leaf of its `change/1` record.
    pub leaf: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<Changed<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_zone: Option<Changed<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frameworks: Option<Changed<Vec<FrameworkId>>>,
    pub because: String,
    pub by: Signatory,
    pub at: Timestamp,
}

/// A signed decision that other settings are in force.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SettingsChange {
    /// Leaf of its `change/1` record.
    pub leaf: u64,
    /// The settings as a whole.
    pub settings: SealedArtifact,
    pub because: String,
    pub by: Signatory,
    pub at: Timestamp,
}

/// A signed decision that a target is no longer collected from, and what was seen of it no longer counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Disconnection {
    /// Leaf of its `change/1` record.
    pub leaf: u64,
    pub source: Source,
    pub target: String,
    /// Since when it had been connected.
    pub connected_at: Timestamp,
    pub because: String,
    pub by: Signatory,
    pub at: Timestamp,
}

impl Disconnection {
    #[must_use]
    pub fn is_of(&self, source: Source, target: &str) -> bool {
        self.source == source && self.target == target
    }
}

/// All of them, oldest first.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Changes {
    pub organization: Vec<OrganizationChange>,
    pub settings: Vec<SettingsChange>,
    pub disconnections: Vec<Disconnection>,
    /// When requests opened or closed by what people stated of controls, or took out of what is asked.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub asked_otherwise: Vec<Timestamp>,
}

impl Changes {
    /// The organization as it was at a moment. `today` is the organization as it is, or was at any moment since.
    #[must_use]
    pub fn organization_at(&self, today: &Organization, moment: Timestamp) -> Organization {
        let mut then = today.clone();
        for change in self.organization.iter().rev().filter(|change| change.at > moment) {
            if let Some(name) = &change.name {
                then.name.clone_from(&name.was);
            }
            if let Some(zone) = &change.time_zone {
                then.time_zone.clone_from(&zone.was);
            }
            if let Some(frameworks) = &change.frameworks {
                then.frameworks.clone_from(&frameworks.was);
            }
        }
        then
    }

    /// Every framework that is in use or ever was, because what a law asks to be kept is kept on.
    #[must_use]
    pub fn frameworks_ever(&self, today: &Organization) -> Vec<FrameworkId> {
        let changed = self.organization.iter().filter_map(|change| change.frameworks.as_ref());
        let before = changed.flat_map(|frameworks| &frameworks.was);
        let all: BTreeSet<&FrameworkId> = today.frameworks.iter().chain(before).collect();
        all.into_iter().cloned().collect()
    }

    /// The last time at or before a moment that a target was disconnected.
    #[must_use]
    pub fn last_disconnected(&self, source: Source, target: &str, moment: Timestamp) -> Option<&Disconnection> {
        self.disconnections.iter().rev().find(|one| one.is_of(source, target) && one.at <= moment)
    }

    /// When, at or before a moment, statuses were last moved by a change: by other frameworks, a target less, or a decision
    /// that moved requests.
    #[must_use]
    pub fn last_moved(&self, moment: Timestamp) -> Option<Timestamp> {
        let frameworks = self.organization.iter().filter(|one| one.frameworks.is_some()).map(|one| one.at);
        let all =
            frameworks.chain(self.disconnections.iter().map(|one| one.at)).chain(self.asked_otherwise.iter().copied());
        all.filter(|at| *at <= moment).max()
    }

    /// Whether something of this happened after a moment.
    #[must_use]
    pub fn any_after(&self, moment: Timestamp) -> bool {
        let organization = self.organization.iter().map(|one| one.at);
        let all = organization.chain(self.disconnections.iter().map(|one| one.at));
        all.chain(self.asked_otherwise.iter().copied()).any(|at| at > moment)
    }
}

#[cfg(test)]
mod tests {
    use super::{Changed, Changes, Disconnection, OrganizationChange};
    use crate::model::evidence::Source;
    use crate::model::id::FrameworkId;
    use crate::model::organization::Organization;
    use crate::model::person::Signatory;
    use crate::model::time::Timestamp;

    fn time(day: u32) -> Timestamp {
        format!("2026-03-{day:02}T09:00:00Z").parse().unwrap()
    }

    fn frameworks(ids: &[&str]) -> Vec<FrameworkId> {
        ids.iter().map(|id| id.parse().unwrap()).collect()
    }

    fn by() -> Signatory {
        Signatory { party: None, name: "Kim Example".to_owned(), handle: None }
    }

    fn today() -> Organization {
        serde_json::from_value(serde_json::json!({
            "id": "0192f0c1-2345-7abc-8def-0123456789ab",
            "slug": "northwind",
            "name": "Third name",
            "model": "co-managed",
            "frameworks": ["cmmc-l2"],
            "time_zone": "UTC",
            "created_at": "2026-03-01T00:00:00.000000Z",
        }))
        .unwrap()
    }

    fn changes() -> Changes {
        let change = |day, name: Option<(&str, &str)>, ids: Option<(&[&str], &[&str])>| OrganizationChange {
            leaf: u64::from(day),
            name: name.map(|(was, now)| Changed { was: was.to_owned(), now: now.to_owned() }),
            time_zone: None,
            frameworks: ids.map(|(was, now)| Changed { was: frameworks(was), now: frameworks(now) }),
            because: "It is so.".to_owned(),
            by: by(),
            at: time(day),
        };
        let gone = |day| Disconnection {
            leaf: 9,
            source: Source::Host,
            target: "files.example".to_owned(),
            connected_at: time(1),
            because: "It was sold.".to_owned(),
            by: by(),
            at: time(day),
        };
        Changes {
            organization: vec![
                change(
                    3,
                    Some(("First name", "Second name")),
                    Some((&["hipaa-security"], &["hipaa-security", "cmmc-l2"])),
                ),
                change(5, Some(("Second name", "Third name")), Some((&["hipaa-security", "cmmc-l2"], &["cmmc-l2"]))),
            ],
            settings: Vec::new(),
            disconnections: vec![gone(4), gone(6)],
            asked_otherwise: Vec::new(),
        }
    }

    #[test]
    fn an_organization_is_on_each_day_what_it_was_on_that_day() {
        let (changes, today) = (changes(), today());
        let at = |day| {
            let then = changes.organization_at(&today, time(day));
            (then.name, then.frameworks)
        };
        assert_eq!(at(2), ("First name".to_owned(), frameworks(&["hipaa-security"])));
        assert_eq!(at(3), ("Second name".to_owned(), frameworks(&["hipaa-security", "cmmc-l2"])));
        assert_eq!(at(5), ("Third name".to_owned(), frameworks(&["cmmc-l2"])));
        let once = changes.organization_at(&today, time(2));
        assert_eq!(changes.organization_at(&once, time(2)), once, "going back twice is going back once");
    }

    #[test]
    fn a_framework_that_was_ever_in_use_is_remembered() {
        assert_eq!(changes().frameworks_ever(&today()), frameworks(&["cmmc-l2", "hipaa-security"]));
    }

    #[test]
    fn the_last_disconnection_by_a_moment_is_that_of_this_very_target() {
        let changes = changes();
        let last = |source, day| changes.last_disconnected(source, "files.example", time(day)).map(|one| one.at);
        assert_eq!(last(Source::Host, 3), None);
        assert_eq!(last(Source::Host, 5), Some(time(4)));
        assert_eq!(last(Source::Host, 6), Some(time(6)));
        assert_eq!(last(Source::Graph, 6), None);
    }
}
