//! Which targets and resources count for a framework. What nobody decided is in scope.

use serde::{Deserialize, Serialize};

use super::id::{FrameworkId, QuestionnaireId};
use super::person::Signatory;
use super::time::Timestamp;

words! {
    /// How a target or resource counts. The CMMC asset categories are those of 32 CFR 170.19(c)(1).
    ScopeCategory, "scope":
        In = "in",
        Out = "out",
        /// Holds controlled information: assessed against everything.
        CuiAsset = "cui_asset",
        /// Protects what holds controlled information: assessed against what it is relied on for.
        SecurityProtectionAsset = "security_protection_asset",
        /// Could hold controlled information and is not meant to: documented, and not assessed by itself.
        ContractorRiskManagedAsset = "contractor_risk_managed_asset",
        /// Cannot be fully secured (government property, machines, test equipment): documented, and not assessed.
        SpecializedAsset = "specialized_asset",
        OutOfScopeAsset = "out_of_scope_asset",
}

impl ScopeCategory {
    /// Whether findings about it count when a framework is judged.
    #[must_use]
    pub fn counts(self) -> bool {
        matches!(self, Self::In | Self::CuiAsset | Self::SecurityProtectionAsset)
    }

    /// In words for people.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::In => "in scope",
            Self::Out => "out of scope",
            Self::CuiAsset => "asset with controlled information",
            Self::SecurityProtectionAsset => "security protection asset",
            Self::ContractorRiskManagedAsset => "contractor risk managed asset",
            Self::SpecializedAsset => "specialized asset",
            Self::OutOfScopeAsset => "out-of-scope asset",
        }
    }
}

/// A signed decision about a target, or one resource of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScopeDecision {
    /// Leaf of its `change/1` record.
    pub leaf: u64,
    pub framework: FrameworkId,
    pub target: String,
    /// None: the whole target.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource: Option<String>,
    pub category: ScopeCategory,
    pub because: String,
    pub by: Signatory,
    /// It counts from here on, until a newer decision about the same target and resource.
    pub at: Timestamp,
}

/// Which of a framework's questionnaires an organization answers; what is not in it is not judged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuestionnaireChoice {
    /// Leaf of its `change/1` record.
    pub leaf: u64,
    pub framework: FrameworkId,
    /// None: the framework as a whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub questionnaire: Option<QuestionnaireId>,
    pub because: String,
    pub by: Signatory,
    pub at: Timestamp,
}
