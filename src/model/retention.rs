//! How long evidence must be kept, by what asks for it. Minimums of the law, never a reason to delete by itself.

use chrono::{Months, NaiveDate};

use super::days::LocalDays;
use super::id::FrameworkId;
use super::time::Timestamp;

/// From when a minimum counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Clock {
    /// From the day something was made or was last in effect, whichever is later.
    LastInEffect,
    /// From the CMMC status date; the conditional one, if there was one: 32 CFR 170.4(b).
    StatusDate,
    /// From the day of the entry.
    Entry,
}

impl Clock {
    /// In words, after "counts from".
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::LastInEffect => "the day it was made or was last in effect, whichever is later",
            Self::StatusDate => "the CMMC status date",
            Self::Entry => "the day of the entry",
        }
    }
}

/// One reason to keep evidence for a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetentionRule {
    /// Frameworks it holds for: these, or those whose name begins so.
    frameworks: &'static [&'static str],
    /// Where it stands.
    pub source: &'static str,
    pub months: u32,
    /// What has to be kept.
    pub keeps: &'static str,
    pub clock: Clock,
    /// Only recalled: the paragraph was not read in the official text.
    pub to_be_confirmed: bool,
    /// What else the reader should know.
    pub remark: &'static str,
}

/// A span of an organization's days.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Days {
    /// The day before the first; none: without a beginning.
    after: Option<NaiveDate>,
    up_to: NaiveDate,
    days: LocalDays,
}

impl Days {
    /// Whether the moment is on one of them. Nobody knows by which clock an assessor counts, so that the day in UTC holds as
    /// well: what is kept a day too long can still be deleted.
    #[must_use]
    pub fn hold(&self, moment: Timestamp) -> bool {
        let holds = |day: NaiveDate| self.after.is_none_or(|after| after < day) && day <= self.up_to;
        [self.days, LocalDays::UTC].into_iter().any(|days| holds(days.day_of(moment)))
    }
}

const RULES: &[RetentionRule] = &[
    RetentionRule {
        frameworks: &["hipaa-security"],
        source: "45 CFR 164.316(b)(2)(i)",
        months: 72,
        keeps: "policies, procedures, and records of what was done and decided",
        clock: Clock::LastInEffect,
        to_be_confirmed: false,
        remark: "a policy that is still in effect has not begun to count",
    },
    RetentionRule {
        frameworks: &["hipaa-breach"],
        source: "45 CFR 164.414(b), 164.530(j)",
        months: 72,
        keeps: "breach assessments, notices and the log of breaches",
        clock: Clock::LastInEffect,
        to_be_confirmed: true,
        remark: "whoever claims that there was no breach has to prove it for as long",
    },
    RetentionRule {
        frameworks: &["cmmc-l2"],
        source: "32 CFR 170.16(c)(4), 170.17(c)(4)",
        months: 72,
        keeps: "artifacts that an assessment rests on",
        clock: Clock::StatusDate,
        to_be_confirmed: false,
        remark: "for a certification hashed; what is older than the status date is kept as long from that date",
    },
    RetentionRule {
        frameworks: &["cmmc-l1"],
        source: "32 CFR 170.15(c)",
        months: 72,
        keeps: "artifacts that a self-assessment rests on",
        clock: Clock::StatusDate,
        to_be_confirmed: true,
        remark: "read at Level 2 only; the same time is taken here",
    },
    RetentionRule {
        frameworks: &["cmmc-l3"],
        source: "32 CFR 170.18(c)",
        months: 72,
        keeps: "artifacts that an assessment rests on, hashed",
        clock: Clock::StatusDate,
        to_be_confirmed: true,
        remark: "read at Level 2 only; the same time is taken here",
    },
    RetentionRule {
        frameworks: &["pci-dss-"],
        source: "PCI DSS 10.5.1",
        months: 12,
        keeps: "audit log history",
        clock: Clock::Entry,
        to_be_confirmed: false,
        remark: "the last three months at hand at once; for the rest the organization's own policy",
    },
    RetentionRule {
        frameworks: &["pci-dss-"],
        source: "PCI DSS 9.3.4",
        months: 3,
        keeps: "the log of visitors",
        clock: Clock::Entry,
        to_be_confirmed: true,
        remark: "unless a law forbids it",
    },
];

impl RetentionRule {
    /// The moment before which the rule no longer asks for evidence, if it counted from the day of collection.
    #[must_use]
    pub fn keeps_from(&self, now: Timestamp) -> Timestamp {
        now.as_datetime().checked_sub_months(Months::new(self.months)).map_or(now, Timestamp::from)
    }

    /// The day until which it asks for what was in effect, or a status was reached, on a day. None at the end of the
    /// calendar.
    #[must_use]
    pub fn keeps_until(&self, day: NaiveDate) -> Option<NaiveDate> {
        day.checked_add_months(Months::new(self.months))
    }

    /// The days of which a status date still keeps what was made on them. An assessment rests on what was made up to its
    /// status date, so each thing is kept from the first of these dates that is not before it. None: nothing, or the rule
    /// counts from something else. A clock runs on until its last day is over both for the organization and in UTC.
    #[must_use]
    pub fn kept_by_status(&self, status_dates: &[NaiveDate], days: LocalDays, now: Timestamp) -> Option<Days> {
        if self.clock != Clock::StatusDate {
            return None;
        }
        let today = days.day_of(now).min(LocalDays::UTC.day_of(now));
        let runs = |day: &&NaiveDate| self.keeps_until(**day).is_none_or(|until| until > today);
        let up_to = status_dates.iter().filter(runs).max()?;
        let after = status_dates.iter().filter(|day| !runs(day)).max();
        Some(Days { after: after.copied(), up_to: *up_to, days })
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
    use super::{Clock, LocalDays, longest, rules_for};
    use crate::model::organization::tests::in_zone;
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
    #[test]
    fn the_clock_of_cmmc_runs_from_the_status_date_and_what_was_not_read_is_marked() {
        let rules = rules_for(&frameworks(&["cmmc-l1", "cmmc-l2", "cmmc-l3", "hipaa-security", "pci-dss-4.0.1"]));
        let day = "2026-03-02".parse().unwrap();
        let of = |source: &str| rules.iter().find(|rule| rule.source.starts_with(source)).unwrap();
        assert_eq!(of("32 CFR 170.16").keeps_until(day).unwrap().to_string(), "2032-03-02");
        assert_eq!((of("32 CFR 170.16").clock, of("32 CFR 170.16").to_be_confirmed), (Clock::StatusDate, false));
        let day = |text: &str| text.parse::<chrono::NaiveDate>().unwrap();
        let (first, second) = (day("2024-05-01"), day("2027-05-01"));
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let kept = |dates: &[_], today: &str| of("32 CFR 170.16").kept_by_status(dates, LocalDays::UTC, at(today));
        for (today, made, is_kept) in [
            ("2030-04-30", "2023-01-01", true),
            ("2030-05-01", "2024-05-01", false),
            ("2030-05-01", "2024-05-02", true),
            ("2030-05-01", "2027-05-01", true),
            ("2030-05-01", "2027-05-02", false),
        ] {
            let days = kept(&[second, first], today).unwrap();
            assert_eq!(days.hold(at(made)), is_kept, "{made} on {today}");
        }
        assert_eq!(kept(&[first, second], "2033-05-01"), None, "both clocks have run out");
        assert_eq!(of("45 CFR 164.316").kept_by_status(&[first], LocalDays::UTC, at("2025-01-01")), None);
        assert_eq!((of("45 CFR 164.316").clock, of("45 CFR 164.316").to_be_confirmed), (Clock::LastInEffect, false));
        for recalled in ["32 CFR 170.15", "32 CFR 170.18", "PCI DSS 9.3.4"] {
            assert!(of(recalled).to_be_confirmed, "{recalled}");
        }
    }

    #[test]
    fn a_status_date_keeps_what_was_made_on_it_by_either_clock_and_until_the_day_is_over_everywhere() {
        let rule = rules_for(&frameworks(&["cmmc-l2"]))[0];
        let dates = ["2024-05-01".parse().unwrap()];
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        for (zone, made, kept) in [
            ("America/New_York", "2024-05-02T03:00:00Z", true),
            ("America/New_York", "2024-05-02T05:00:00Z", false),
            ("Asia/Tokyo", "2024-05-01T20:00:00Z", true),
            ("Asia/Tokyo", "2024-05-02T00:00:00Z", false),
        ] {
            let days = in_zone(zone).days();
            let span = rule.kept_by_status(&dates, days, at("2026-01-01")).unwrap();
            assert_eq!(span.hold(at(made)), kept, "{made} in {zone}");
        }
        for (zone, now, runs) in [
            ("America/New_York", "2030-05-01T03:00:00Z", true),
            ("America/New_York", "2030-05-01T05:00:00Z", false),
            ("Asia/Tokyo", "2030-04-30T16:00:00Z", true),
            ("Asia/Tokyo", "2030-05-01T00:00:00Z", false),
        ] {
            let days = in_zone(zone).days();
            assert_eq!(rule.kept_by_status(&dates, days, at(now)).is_some(), runs, "{now} in {zone}");
        }
    }
}
