//! Service providers: who outside the organization handles its data or protects it, and what is known of each.
//!
//! PCI DSS 12.8 asks for this list, and CMMC for the same of external service providers (32 CFR 170.19(c)(2)).

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::evidence::SealedArtifact;
use super::id::ProviderId;
use super::person::Signatory;
use super::responsibility::Party;
use super::time::Timestamp;

words! {
    /// What a provider gets to handle.
    Handled, "kind of data":
        /// Card data, or what protects it.
        CardData = "card_data",
        /// Controlled unclassified information.
        Cui = "cui",
        /// Security protection data: configuration, logs, weaknesses, passwords of systems in scope.
        SecurityData = "security_data",
        PatientData = "patient_data",
}

/// A provider as the newest record tells of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceProvider {
    /// Leaf of the newest `change/1` record about it.
    pub leaf: u64,
    pub id: ProviderId,
    /// Name for people.
    pub name: String,
    /// What it does.
    pub service: String,
    /// Which party looks after it.
    pub managed_by: Party,
    /// Whether it is a cloud service, which matters to CMMC.
    pub cloud: bool,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub handles: Vec<Handled>,
    /// Day of the written agreement, in which it answers for what it handles.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agreement_on: Option<NaiveDate>,
    /// When somebody last looked at its compliance status.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checked_on: Option<NaiveDate>,
    /// Its attestation of compliance, authorization or responsibility matrix.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub document: Option<SealedArtifact>,
    /// The last day on which the document is valid.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub document_until: Option<NaiveDate>,
    /// Who does what: which requirements are the provider's, which are shared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub responsibilities: Option<String>,
    pub by: Signatory,
    pub at: Timestamp,
    /// Since when nothing is bought from it any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub removed: Option<Timestamp>,
}
