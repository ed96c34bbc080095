//! People who answer for something: named, and of exactly one party.

use serde::{Deserialize, Serialize};

use super::id::PersonHandle;
use super::responsibility::Party;
use super::time::Timestamp;

/// A person of a party, as the organization's ledger introduces them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// Short name in commands, unique within the organization for ever: `dana.reyes`.
    pub handle: PersonHandle,
    pub party: Party,
    /// Name for people.
    pub name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// Public key as OpenSSH writes it (`ssh-ed25519 AAAA…`), for whoever signs with one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ssh_key: Option<String>,
    pub since: Timestamp,
    /// When they left; what they signed before stands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
}

impl Person {
    /// Whether they may act for their party at a moment.
    #[must_use]
    pub fn is_active(&self, at: Timestamp) -> bool {
        self.since <= at && self.until.is_none_or(|until| at < until)
    }

    /// As whom they act.
    #[must_use]
    pub fn signatory(&self) -> Signatory {
        Signatory { party: Some(self.party), name: self.name.clone(), handle: Some(self.handle.clone()) }
    }
}

/// Who did something, as its record names them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signatory {
    /// None for the product itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub party: Option<Party>,
    /// Name for people, as it was then.
    pub name: String,
    /// None where no person of the organization is named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub handle: Option<PersonHandle>,
}

impl Signatory {
    /// `Dana Reyes (Internal IT)`; the name alone where no party is known.
    #[must_use]
    pub fn for_people(&self) -> String {
        self.party.map_or_else(|| self.name.clone(), |party| format!("{} ({})", self.name, party.title()))
    }
}
