//! What a check made of a target's datasets.

use countersign_seal::digest::Digest;
use serde::{Deserialize, Serialize};

use super::id::CheckId;

words! {
    /// The four answers a check can give. Not knowing is its own answer.
    ///
    /// The order is the order of [`FindingOutcome::worst`]: fail > unknown > pass > not applicable.
    FindingOutcome, "finding":
        NotApplicable = "not_applicable",
        Pass = "pass",
        Unknown = "unknown",
        Fail = "fail",
}

impl FindingOutcome {
    /// The outcome of several findings together; nothing found is `Unknown`.
    pub fn worst(outcomes: impl IntoIterator<Item = Self>) -> Self {
        outcomes.into_iter().max().unwrap_or(Self::Unknown)
    }
}

/// What a check says about one resource.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ResourceFinding {
    /// What the finding is about: a user, a device, a policy, or the tenant itself.
    pub resource: String,
    pub outcome: FindingOutcome,
    pub because: String,
}

/// The result of one check on one target: the overall outcome and what it rests on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CheckResult {
    pub check: CheckId,
    /// Digest of the check's rule and the library it used, so that a change of rule is visible.
    pub version: Digest,
    pub target: String,
    pub outcome: FindingOutcome,
    /// One sentence for people: the reason of the worst findings.
    pub because: String,
    /// Sorted, at most a few thousand; failures first.
    pub resources: Vec<ResourceFinding>,
    /// Ledger leaves of the evidence records that were read; empty when judged outside a ledger.
    pub evidence: Vec<u64>,
}

#[cfg(test)]
mod tests {
    use super::FindingOutcome::{self, Fail, NotApplicable, Pass, Unknown};

    #[test]
    fn a_failure_outweighs_not_knowing_and_not_knowing_outweighs_a_pass() {
        assert_eq!(FindingOutcome::worst([Pass, Unknown, Fail]), Fail);
        assert_eq!(FindingOutcome::worst([Pass, Unknown]), Unknown);
        assert_eq!(FindingOutcome::worst([NotApplicable, Pass]), Pass);
    }

    #[test]
    fn no_finding_at_all_is_unknown() {
        assert_eq!(FindingOutcome::worst([]), Unknown);
    }
}
