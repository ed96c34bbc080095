//! How long evidence must be kept, by what asks for it. Minimums of the law, never a reason to delete by itself.

use chrono::Months;

use super::id::FrameworkId;
use super::time::Timestamp;

/// One reason to keep evidence for a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetentionRule {
    /// Frameworks it holds for: these, or those whose name begins so.
    frameworks: &'static [&'static str],
    /// Where it stands.
    pub source: &'static str,
    pub months: u32,
    /// What the time counts from, and what else the reader should know.
    pub remark: &'static str,
}

const RULES: &[RetentionRule] = &[
    RetentionRule {
        frameworks: &["hipaa-"],
        source: "45 CFR 164.316(b)(2)(i)",
        months: 72,
        remark: "counts from the day a document was made or was last in effect, whichever is later",
    },
    RetentionRule {
        frameworks: &["cmmc-"],
        source: "32 CFR 170.16(c)(4), 170.17(c)(4)",
        months: 72,
        remark: "counts from the CMMC status date, which is not known here: add the time between collection and that date",
    },
    RetentionRule {
        frameworks: &["pci-dss-"],
        source: "PCI DSS 10.5.1",
        months: 12,
        remark: "audit log history, the last three months at hand at once; for the rest the organization's own policy",
    },
];

impl RetentionRule {
    /// The moment before which the rule no longer asks for evidence, if it counted from the day of collection.
    #[must_use]
    pub fn keeps_from(&self, now: Timestamp) -> Timestamp {
        now.as_datetime().checked_sub_months(Months::new(self.months)).map_or(now, Timestamp::from)
    }

    /// The rule's time in words.
    #[must_use]
    pub fn period(&self) -> String {
        if self.months.is_multiple_of(12) && self.months > 12 {
            format!("{} years", self.months / 12)
        } else {
            format!("{} months", self.months)
        }
    }
}

/// The rules that hold for an organization with these frameworks.
#[must_use]
pub fn rules_for(frameworks: &[FrameworkId]) -> Vec<RetentionRule> {
    let holds = |rule: &&RetentionRule| {
        rule.frameworks.iter().any(|prefix| frameworks.iter().any(|id| id.as_str().starts_with(prefix)))
    };
    RULES.iter().filter(holds).copied().collect()
}

/// The longest of them.
#[must_use]
pub fn longest(frameworks: &[FrameworkId]) -> Option<RetentionRule> {
    rules_for(frameworks).into_iter().max_by_key(|rule| rule.months)
}

#[cfg(test)]
mod tests {
    use super::{longest, rules_for};
    use crate::model::time::Timestamp;

    fn frameworks(ids: &[&str]) -> Vec<crate::model::id::FrameworkId> {
        ids.iter().map(|id| id.parse().unwrap()).collect()
    }

    #[test]
    fn six_years_of_hipaa_and_cmmc_outlast_the_twelve_months_of_card_data() {
        let now: Timestamp = "2026-03-02".parse().unwrap();
        let all = frameworks(&["pci-dss-4.0.1", "hipaa-breach"]);
        let longest_of_all = longest(&all).unwrap();
        assert_eq!(longest_of_all.keeps_from(now).to_string(), "2020-03-02T00:00:00.000000Z");
        assert_eq!(longest_of_all.period(), "6 years");
        assert_eq!(rules_for(&frameworks(&["pci-dss-4.0.1"]))[0].keeps_from(now), "2025-03-02".parse().unwrap());
        assert_eq!(longest(&frameworks(&["own-rules"])), None);
    }
}
