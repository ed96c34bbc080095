//! The life of a version: draft, proposed by one party, accepted or rejected by the other, superseded by the next.
//!
//! At most one version is open at a time: a draft that anybody may replace, or a proposal that only its own party may
//! withdraw and only the other may accept or reject. So nobody accepts a split that was changed behind their back. Start
//! with [`decide`] and [`place_of_draft`].

use countersign_seal::digest::Digest;

use crate::model::matrix::MatrixHistory;
use crate::model::responsibility::{MatrixState, Party};

/// What a person does to a version that is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    Propose,
    Accept,
    Reject,
    Withdraw,
}

impl Act {
    /// The state it brings the version to.
    #[must_use]
    pub fn brings(self) -> MatrixState {
        match self {
            Self::Propose => MatrixState::Proposed,
            Self::Accept => MatrixState::Countersigned,
            Self::Reject => MatrixState::Rejected,
            Self::Withdraw => MatrixState::Withdrawn,
        }
    }

    fn words(self) -> &'static str {
        match self {
            Self::Propose => "proposed",
            Self::Accept => "accepted",
            Self::Reject => "rejected",
            Self::Withdraw => "withdrawn",
        }
    }
}

/// Which version a person means, by what they read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Meant {
    /// None: the one that is open.
    pub version: Option<u32>,
    /// Digest of what they read; none: they rely on the number.
    pub digest: Option<Digest>,
}

/// What an act comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decided {
    pub version: u32,
    /// Versions that this one takes the place of.
    pub supersedes: Vec<u32>,
}

/// Where a new version stands among those there are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlaceOfDraft {
    /// The highest number so far and one.
    pub version: u32,
    /// The draft it takes the place of, which is withdrawn with it.
    pub replaces: Option<u32>,
}

/// Why something cannot be done.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("a vendor takes no part in the split; the provider or internal IT does this")]
    Vendor,
    #[error("there is no version {0}; the highest is {1}")]
    NoSuchVersion(u32, u32),
    #[error("no version has that digest; {0}")]
    NoSuchDigest(String),
    /// What they mean is no longer what is open.
    #[error("{meant}; {now}")]
    MovedOn { meant: String, now: String },
    #[error(
        "version {version} is not the version with that digest, which is version {of_digest}; say which one you read"
    )]
    TwoVersions { version: u32, of_digest: u32 },
    #[error("nothing can be {what}: {now}")]
    NothingOpen { what: &'static str, now: String },
    #[error(
        "version {version} was proposed by {party} itself ({name}); only a person of the other party can have it {what}"
    )]
    OwnProposal { version: u32, party: &'static str, name: String, what: &'static str },
    #[error(
        "version {version} was proposed by the other party ({name}); it can be rejected, with a reason, but not withdrawn"
    )]
    NotTheirs { version: u32, name: String },
    #[error("{now}; it must be withdrawn, rejected or accepted before there is a new draft")]
    StillProposed { now: String },
}

/// Whether somebody of `party` may do this to the version they mean, and what follows. `versions` are all there are, by
/// number.
///
/// # Errors
/// Says what stands instead, in words for the person who tried.
pub fn decide(versions: &[MatrixHistory], act: Act, meant: Meant, party: Party) -> Result<Decided, Refusal> {
    if party == Party::Vendor {
        return Err(Refusal::Vendor);
    }
    let open = open_for(versions, act);
    let target = match named(versions, meant)? {
        None => open.ok_or_else(|| Refusal::NothingOpen { what: act.words(), now: now_words(versions) })?,
        Some(version) if open.is_some_and(|open| open.version == version.version) => version,
        Some(version) => {
            return Err(Refusal::MovedOn { meant: words_of(version), now: now_words(versions) });
        }
    };
    if target.state() == MatrixState::Proposed {
        check_party(target, act, party)?;
    }
    let in_force = versions.iter().filter(|one| one.state() == MatrixState::Countersigned);
    let supersedes = if act == Act::Accept { in_force.map(|one| one.version).collect() } else { Vec::new() };
    Ok(Decided { version: target.version, supersedes })
}

/// Where a new draft by somebody of `party` stands.
///
/// # Errors
/// While a proposal is open.
pub fn place_of_draft(versions: &[MatrixHistory], party: Party) -> Result<PlaceOfDraft, Refusal> {
    if party == Party::Vendor {
        return Err(Refusal::Vendor);
    }
    if let Some(proposed) = newest(versions, MatrixState::Proposed) {
        return Err(Refusal::StillProposed { now: words_of(proposed) });
    }
    let highest = versions.last().map_or(0, |one| one.version);
    let replaces = newest(versions, MatrixState::Draft).map(|draft| draft.version);
    Ok(PlaceOfDraft { version: highest.saturating_add(1), replaces })
}

/// The version an act is about when nobody names one.
fn open_for(versions: &[MatrixHistory], act: Act) -> Option<&MatrixHistory> {
    match act {
        // The template as it is can be proposed too, as long as nothing came after it.
        Act::Propose => newest(versions, MatrixState::Draft)
            .or_else(|| versions.last().filter(|one| one.state() == MatrixState::ProposedByTemplate)),
        Act::Accept | Act::Reject => newest(versions, MatrixState::Proposed),
        Act::Withdraw => newest(versions, MatrixState::Proposed).or_else(|| newest(versions, MatrixState::Draft)),
    }
}

fn named(versions: &[MatrixHistory], meant: Meant) -> Result<Option<&MatrixHistory>, Refusal> {
    let highest = versions.last().map_or(0, |one| one.version);
    let by_number = meant.version.map(|number| {
        let found = versions.iter().find(|one| one.version == number);
        found.ok_or(Refusal::NoSuchVersion(number, highest))
    });
    let by_digest = meant.digest.map(|digest| {
        let found = versions.iter().rev().find(|one| one.digest == digest);
        found.ok_or_else(|| Refusal::NoSuchDigest(now_words(versions)))
    });
    match (by_number.transpose()?, by_digest.transpose()?) {
        (Some(one), Some(other)) if one.version != other.version => {
            Err(Refusal::TwoVersions { version: one.version, of_digest: other.version })
        }
        (one, other) => Ok(one.or(other)),
    }
}

fn check_party(target: &MatrixHistory, act: Act, party: Party) -> Result<(), Refusal> {
    let Some(step) = target.step(MatrixState::Proposed) else { return Ok(()) };
    let (version, name) = (target.version, step.by.name.clone());
    let own = step.by.party == Some(party);
    match act {
        Act::Accept | Act::Reject if own => {
            Err(Refusal::OwnProposal { version, party: party.title(), name, what: act.words() })
        }
        Act::Withdraw if !own => Err(Refusal::NotTheirs { version, name }),
        _ => Ok(()),
    }
}

fn newest(versions: &[MatrixHistory], state: MatrixState) -> Option<&MatrixHistory> {
    versions.iter().rev().find(|one| one.state() == state)
}

/// `version 3 was withdrawn on 2026-03-04 09:00 UTC by Dana Reyes`.
#[must_use]
pub fn words_of(version: &MatrixHistory) -> String {
    let number = version.version;
    let Some(step) = version.steps.last() else { return format!("version {number} is there") };
    let (at, by) = (step.at.for_people(), &step.by.name);
    match step.state {
        MatrixState::ProposedByTemplate => format!("version {number} is proposed by template"),
        MatrixState::Draft => format!("version {number} is a draft, made on {at} by {by}"),
        MatrixState::Proposed => format!("version {number} is proposed, since {at} by {by}"),
        MatrixState::Countersigned => format!("version {number} was accepted on {at} by {by}"),
        MatrixState::Superseded => format!("version {number} was superseded on {at}"),
        MatrixState::Rejected => format!("version {number} was rejected on {at} by {by}"),
        MatrixState::Withdrawn => format!("version {number} was withdrawn on {at} by {by}"),
    }
}

/// What stands now: the open version, else the newest.
fn now_words(versions: &[MatrixHistory]) -> String {
    match versions.iter().rev().find(|one| one.is_pending()) {
        Some(open) => words_of(open),
        None => versions.last().map_or_else(
            || "there is no version yet; make a draft with set or import".to_owned(),
            |newest| format!("nothing is open, {}", words_of(newest)),
        ),
    }
}

#[cfg(test)]
mod tests;
