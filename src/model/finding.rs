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

/// Resources that stand for the target as a whole.
const WHOLE: [&str; 2] = ["tenant", "host"];

impl ResourceFinding {
    /// Whether it speaks of the target as a whole, not of one thing in it.
    #[must_use]
    pub fn is_about_the_whole_target(&self) -> bool {
        WHOLE.contains(&self.resource.as_str())
    }

    /// The worst outcome of findings that are sorted worst first, and why in one sentence.
    #[must_use]
    pub fn summary<'a>(sorted: impl Iterator<Item = &'a Self> + Clone) -> (FindingOutcome, String) {
        let outcome = FindingOutcome::worst(sorted.clone().map(|finding| finding.outcome));
        let same = sorted.clone().filter(|finding| finding.outcome == outcome).count();
        let because = match sorted.clone().find(|finding| finding.outcome == outcome) {
            Some(first) if same > 1 => format!("{} (and {} more)", first.because.trim_end_matches('.'), same - 1),
            Some(first) => first.because.clone(),
            None => String::new(),
        };
        (outcome, because)
    }
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
    /// Sorted, failures first; at most [`CheckResult::MAX_RESOURCES`].
    pub resources: Vec<ResourceFinding>,
    /// Ledger leaves of the evidence records that were read; empty when judged outside a ledger.
    pub evidence: Vec<u64>,
}

impl CheckResult {
    /// So many findings are kept, the worst ones; a list of this length may have been cut.
    pub const MAX_RESOURCES: usize = 5_000;
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
