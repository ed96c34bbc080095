//! What a person states about a control and answers for.

use serde::{Deserialize, Serialize};

use super::evidence::SealedArtifact;
use super::id::{CheckId, ControlId, FormId, FrameworkId, ObjectiveId};
use super::person::Signatory;
use super::time::Timestamp;

/// The artifact that holds the answers to a form.
pub const ANSWERS: &str = "form.json";
/// The artifact that a person's signature was made over.
pub const SIGNED: &str = "signed.json";
/// The artifact that is the signature itself.
pub const SIGNATURE: &str = "signature.sshsig";
/// Names of artifacts that are no documents.
pub const OWN_ARTIFACTS: [&str; 3] = [ANSWERS, SIGNED, SIGNATURE];

words! {
    /// What an attestation claims.
    Claim, "claim":
        Met = "met",
        /// The control does not apply here: a scoping decision, with its reason as the statement.
        NotApplicable = "not_applicable",
        /// PCI DSS: left out on purpose, without looking at it.
        NotTested = "not_tested",
        /// CMMC Level 2: some of it is there, where the rule gives that a value of its own.
        Partial = "partial",
        /// The attestation it replaces no longer stands, and nothing stands in its place.
        Withdrawn = "withdrawn",
}

impl Claim {
    /// Whether a framework knows it at all: only PCI DSS knows Not Tested. Which controls have a partial value stands in the
    /// catalog.
    #[must_use]
    pub fn is_known_to(self, framework: &FrameworkId) -> bool {
        self != Self::NotTested || framework.is_pci_dss()
    }

    /// Whether it leaves the control open on purpose: neither met nor not applicable. Such a claim is only made on a form,
    /// which asks what it needs.
    #[must_use]
    pub fn leaves_open(self) -> bool {
        matches!(self, Self::NotTested | Self::Partial)
    }
}

/// The form a statement was made on; the answers are its artifact `form.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FormUse {
    pub id: FormId,
    /// Which of the form's ways was answered, where it has several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub way: Option<String>,
    /// Targets for which it stands in for the control as written; none: all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub targets: Vec<String>,
}

/// A person's signed statement about one control or objective.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attestation {
    /// Leaf of its `attestation/1` record; its short id.
    pub leaf: u64,
    pub framework: FrameworkId,
    pub control: ControlId,
    /// None: it speaks for every objective of the control.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub objective: Option<ObjectiveId>,
    pub claim: Claim,
    pub by: Signatory,
    /// In the person's own words.
    pub statement: String,
    /// Supporting checks that fail or could not be looked at, and that the statement speaks to; one that is not named
    /// here blocks it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub addresses: Vec<CheckId>,
    pub valid_from: Timestamp,
    /// From this moment on it no longer counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_until: Option<Timestamp>,
    /// Leaf of the attestation that it takes the place of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaces: Option<u64>,
    /// None: in the person's own words only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub form: Option<FormUse>,
    pub recorded_at: Timestamp,
    /// What was shown, in final form.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub artifacts: Vec<SealedArtifact>,
}

impl Attestation {
    /// Whether it counts at a moment, if nothing has taken its place.
    #[must_use]
    pub fn is_in_date(&self, at: Timestamp) -> bool {
        self.valid_from <= at && self.valid_until.is_none_or(|until| at < until)
    }

    /// What was shown, without what the product adds beside it.
    pub fn documents(&self) -> impl Iterator<Item = &SealedArtifact> {
        self.artifacts.iter().filter(|artifact| !OWN_ARTIFACTS.contains(&artifact.name.as_str()))
    }
}
