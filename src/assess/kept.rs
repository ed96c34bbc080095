//! Until when the documents that statements rest on have to be kept, by the law of each framework. Pure; start with
//! [`documents`].
//!
//! A document was in effect as long as a statement that names it: until its end, or until another took its place or it was
//! withdrawn. While one of its statements is in force it has no end yet. Deleting evidence never touches these bytes; this says
//! how long whoever keeps the vault has to keep them.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use countersign_seal::digest::Digest;
use serde::Serialize;

use crate::model::attestation::{Attestation, Claim};
use crate::model::days::LocalDays;
use crate::model::decision::Decisions;
use crate::model::evidence::SealedArtifact;
use crate::model::id::FrameworkId;
use crate::model::retention::{Clock, RetentionRule, rules_for};
use crate::model::time::Timestamp;

/// One document under one law.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct KeptDocument {
    /// As its newest statement calls it.
    pub name: String,
    pub sha256: Digest,
    /// In bytes.
    pub size: u64,
    /// Leaves of the statements that rest on it.
    pub attestations: Vec<u64>,
    /// Where the rule stands.
    pub basis: &'static str,
    pub to_be_confirmed: bool,
    /// What the rule counts from.
    #[serde(skip)]
    pub clock: Clock,
    /// Whether one of these statements is in force.
    pub in_effect: bool,
    /// The day it was made or was last in effect, whichever is later. None: it is still in effect.
    pub last_in_effect: Option<NaiveDate>,
    /// None: the clock has not begun, as the document is in effect or no status date is known.
    pub keep_until: Option<NaiveDate>,
}

/// Every document of the statements about these frameworks that a rule keeps by its effect or by the CMMC status date; by
/// basis, then by name.
#[must_use]
pub fn documents(
    frameworks: &[FrameworkId],
    decisions: &Decisions,
    status_dates: &[NaiveDate],
    now: Timestamp,
    days: LocalDays,
) -> Vec<KeptDocument> {
    let mut all: BTreeMap<(&'static str, Digest), KeptDocument> = BTreeMap::new();
    for one in decisions.attestations.iter().filter(|one| frameworks.contains(&one.framework)) {
        let rules = rules_for(std::slice::from_ref(&one.framework));
        for rule in rules.into_iter().filter(|rule| rule.clock != Clock::Entry) {
            for artifact in &one.artifacts {
                let own = document(rule, one, artifact, decisions, status_dates, now, days);
                match all.get_mut(&(rule.source, artifact.sha256)) {
                    Some(known) => known.take(own),
                    None => {
                        all.insert((rule.source, artifact.sha256), own);
                    }
                }
            }
        }
    }
    let mut all: Vec<KeptDocument> = all.into_values().collect();
    all.sort_by(|one, other| (one.basis, &one.name).cmp(&(other.basis, &other.name)));
    all
}

fn document(
    rule: RetentionRule,
    one: &Attestation,
    artifact: &SealedArtifact,
    decisions: &Decisions,
    status_dates: &[NaiveDate],
    now: Timestamp,
    days: LocalDays,
) -> KeptDocument {
    let ended = ended(one, decisions, now);
    let last_in_effect = ended.map(|ended| days.day_of(ended.max(one.recorded_at)));
    let keep_until = match rule.clock {
        Clock::StatusDate => {
            // The newest assessment that rested on it; if it ended before any, the first one after it.
            let later = || status_dates.iter().filter(|date| **date >= days.day_of(one.recorded_at));
            let rested = later().filter(|date| last_in_effect.is_none_or(|end| **date <= end)).max();
            rested.or_else(|| later().min()).and_then(|date| rule.keeps_until(*date))
        }
        Clock::LastInEffect | Clock::Entry => last_in_effect.and_then(|day| rule.keeps_until(day)),
    };
    KeptDocument {
        name: artifact.name.clone(),
        sha256: artifact.sha256,
        size: artifact.size,
        attestations: vec![one.leaf],
        basis: rule.source,
        to_be_confirmed: rule.to_be_confirmed,
        clock: rule.clock,
        in_effect: ended.is_none(),
        last_in_effect,
        keep_until,
    }
}

impl KeptDocument {
    /// Takes in another statement on the same bytes: whichever asks for more counts, and no day yet asks for most.
    fn take(&mut self, other: Self) {
        let later = |one: Option<NaiveDate>, other: Option<NaiveDate>| Some(one?.max(other?));
        self.last_in_effect = later(self.last_in_effect, other.last_in_effect);
        self.keep_until = later(self.keep_until, other.keep_until);
        self.in_effect |= other.in_effect;
        self.attestations.extend(other.attestations);
        self.name = other.name;
    }
}

/// When a statement stopped standing. None: it has not, or not yet begun to.
fn ended(one: &Attestation, decisions: &Decisions, now: Timestamp) -> Option<Timestamp> {
    let is_same = |other: &&Attestation| {
        (&other.framework, &other.control, &other.objective) == (&one.framework, &one.control, &one.objective)
    };
    let takes_its_place = |other: &&Attestation| {
        other.replaces == Some(one.leaf)
            || (other.claim == Claim::Withdrawn && other.replaces.is_none() && other.leaf > one.leaf && is_same(other))
    };
    let replaced = decisions.attestations.iter().filter(takes_its_place).map(|other| other.valid_from);
    replaced.chain(one.valid_until).min().filter(|ended| *ended <= now)
}
