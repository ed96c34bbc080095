//! Who has gone silent, in words: a broken schedule must never look like calm.
//!
//! A refusal is an answer: a dataset that was never granted or never licensed raises no alarm here, because every run
//! says so. What was seen once and is seen no more does, whatever the reason. Pure.

use std::collections::BTreeMap;

use chrono::Duration;

use super::due::is_silent;
use super::timetable::Planned;
use crate::model::evidence::{CollectionOutcome, Source};
use crate::model::time::Timestamp;
use crate::pipeline::credentials::CredentialFacts;
use crate::spool::Backlog;

/// How many datasets one sentence names.
const NAMED: usize = 3;

/// Why nothing is heard of a collector.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Silence {
    /// Nobody asked.
    NotTried,
    /// It was asked, and this is how that ended.
    NotSeen(CollectionOutcome),
}

/// How long what arrived may wait to be sealed.
const LONGEST_WAIT: Duration = Duration::hours(1);

/// What should worry somebody about the spool: what waits too long, and what was put aside.
#[must_use]
pub fn unsealed(backlog: &Backlog, now: Timestamp) -> Vec<String> {
    let waits = backlog.since.filter(|since| now.since(*since) > LONGEST_WAIT).map(|since| {
        format!(
            "What arrived since {} waits to be sealed; keep `countersign serve` running and look into its log.",
            since.for_people()
        )
    });
    let aside = backlog.aside.iter().map(|file| {
        format!(
            "{} holds items that arrived and could not be sealed; see the operations guide, \"Spool\".",
            file.display()
        )
    });
    waits.into_iter().chain(aside).collect()
}

/// Sign-in that ends within so many days, or has ended, one sentence for each connection. The sentence does not change
/// from day to day, so that it is logged once.
#[must_use]
pub fn ending(credentials: &[CredentialFacts], warn_days: u32, now: Timestamp) -> Vec<String> {
    let sentence = |one: &CredentialFacts| {
        let ends = one.ends.filter(|ends| *ends <= now.plus(Duration::days(warn_days.into())))?;
        let (what, next) = match &one.certificate {
            Some(_) => ("certificate", "make the next one with `countersign certificate rotate`"),
            None => ("client secret", "make a new one in the app registration and give it to `connect m365 --replace`"),
        };
        let (target, at) = (&one.target, ends.for_people());
        Some(if ends <= now {
            format!("The {what} of {target} has expired on {at}: nothing can be collected from it; {next}.")
        } else {
            format!("The {what} of {target} ends on {at}; {next}.")
        })
    };
    credentials.iter().filter_map(sentence).collect()
}

/// One sentence for each target and reason, sorted by target.
#[must_use]
pub fn silent(planned: &[Planned], now: Timestamp) -> Vec<String> {
    let mut groups: BTreeMap<(&str, Source, Silence), Vec<&Planned>> = BTreeMap::new();
    for one in planned {
        if let Some(silence) = silence(one, now) {
            groups.entry((&one.target, one.source, silence)).or_default().push(one);
        }
    }
    groups.iter().map(|((target, _, silence), concerned)| sentence(target, *silence, concerned)).collect()
}

fn silence(planned: &Planned, now: Timestamp) -> Option<Silence> {
    let interval = planned.interval?;
    if is_silent(planned.last_started.unwrap_or(planned.connected_at), interval, now) {
        return Some(Silence::NotTried);
    }
    let outcome = planned.last_outcome.filter(|outcome| !outcome.is_seen_whole())?;
    let heard = match (planned.last_seen, outcome) {
        (Some(seen), _) => seen,
        // Nobody ever answered.
        (None, CollectionOutcome::Unreachable | CollectionOutcome::Throttled | CollectionOutcome::Failed) => {
            planned.connected_at
        }
        (None, _) => return None,
    };
    is_silent(heard, interval, now).then_some(Silence::NotSeen(outcome))
}

fn sentence(target: &str, silence: Silence, concerned: &[&Planned]) -> String {
    let names = names(concerned);
    match silence {
        Silence::NotTried => {
            let since = concerned.iter().filter_map(|one| one.last_started).max();
            let since = since.map_or_else(
                || "was never collected since the target was connected".to_owned(),
                |since| format!("was last collected on {} and should have been again", since.for_people()),
            );
            format!(
                "{target} has gone silent: {names} {since}. Nothing newer is known; make sure that `countersign serve` \
                 is running, or collect by hand with `countersign collect`."
            )
        }
        Silence::NotSeen(outcome) => {
            let since = concerned.iter().filter_map(|one| one.last_seen).min();
            let since = since.map_or_else(
                || "was never seen whole since the target was connected".to_owned(),
                |since| format!("was last seen whole on {}", since.for_people()),
            );
            format!("{target} no longer shows everything: {names} {since}; {}.", words(outcome))
        }
    }
}

/// `each of "User accounts", "Groups", "Domains" and 11 more`.
fn names(concerned: &[&Planned]) -> String {
    let named: Vec<String> = concerned.iter().take(NAMED).map(|one| format!("\"{}\"", one.title)).collect();
    match concerned.len() - named.len() {
        0 if named.len() == 1 => named.concat(),
        0 => format!("each of {}", named.join(", ")),
        more => format!("each of {} and {more} more", named.join(", ")),
    }
}

fn words(outcome: CollectionOutcome) -> &'static str {
    match outcome {
        CollectionOutcome::Complete | CollectionOutcome::Empty => "the last attempt read everything",
        CollectionOutcome::Partial => "the last attempt could read only a part",
        CollectionOutcome::Denied => "the last attempt was refused, so a permission may have been withdrawn",
        CollectionOutcome::Unlicensed => "the last attempt was refused for want of a licence",
        CollectionOutcome::NotOffered => "the last attempt found that it is no longer offered",
        CollectionOutcome::Unreachable => "the last attempt had no answer",
        CollectionOutcome::Throttled => "the last attempt was asked to slow down until its time had run out",
        CollectionOutcome::Failed => "the last attempt failed",
    }
}

#[cfg(test)]
mod tests {
    use chrono::Duration;

    use super::{ending, silent, unsealed};
    use crate::model::evidence::{CollectionOutcome, Source};
    use crate::model::time::Timestamp;
    use crate::pipeline::credentials::CredentialFacts;
    use crate::pipeline::targets::CredentialKind;
    use crate::schedule::timetable::Planned;
    use crate::spool::Backlog;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    /// A daily collector of a tenant that was connected on the first of the month.
    fn planned(started: Option<&str>, outcome: Option<CollectionOutcome>, seen: Option<&str>) -> Planned {
        Planned {
            dataset: "m365/users".parse().unwrap(),
            title: "User accounts".to_owned(),
            source: Source::Graph,
            target: "pinehill.example".to_owned(),
            expression: "15 3 * * *".parse().unwrap(),
            zone: chrono_tz::UTC,
            connected_at: at("2026-11-01"),
            last_started: started.map(at),
            last_outcome: outcome,
            last_seen: seen.map(at),
            next: None,
            interval: Some(Duration::days(1)),
        }
    }

    #[test]
    fn a_sign_in_that_ends_raises_an_alarm_thirty_days_before_and_another_when_it_has_ended() {
        let secret = CredentialFacts {
            target: "pinehill.example".to_owned(),
            client_id: String::new(),
            credential: CredentialKind::Secret,
            certificate: None,
            ends: Some(at("2026-12-31")),
        };
        let alarms = |now: &str| ending(std::slice::from_ref(&secret), 30, at(now));
        assert_eq!(alarms("2026-11-30T23:59:59Z"), Vec::<String>::new());
        assert!(alarms("2026-12-01")[0].contains("ends on 2026-12-31"), "{:?}", alarms("2026-12-01"));
        assert_eq!(alarms("2026-12-01"), alarms("2026-12-30"), "it would be logged every day");
        assert!(alarms("2026-12-31")[0].contains("has expired on 2026-12-31"), "{:?}", alarms("2026-12-31"));
        let unknown = CredentialFacts { ends: None, ..secret.clone() };
        assert!(ending(&[unknown], 30, at("2036-01-01")).is_empty());
    }

    #[test]
    fn what_waits_longer_than_an_hour_to_be_sealed_raises_an_alarm() {
        let backlog = Backlog { bytes: 1, since: Some(at("2026-11-22T08:00:00Z")), aside: Vec::new() };
        assert!(unsealed(&backlog, at("2026-11-22T09:00:00Z")).is_empty());
        let alarms = unsealed(&backlog, at("2026-11-22T09:00:01Z"));
        assert!(alarms[0].contains("2026-11-22 08:00") && alarms[0].contains("countersign serve"), "{}", alarms[0]);
    }

    #[test]
    fn a_segment_that_was_put_aside_raises_an_alarm_until_somebody_looked_at_it() {
        let backlog = Backlog { bytes: 0, since: None, aside: vec!["/srv/spool/1.damaged".into()] };
        assert!(unsealed(&backlog, at("2026-11-22"))[0].contains("/srv/spool/1.damaged"));
    }

    #[test]
    fn a_collector_that_keeps_its_times_raises_no_alarm() {
        let calm = planned(Some("2026-11-22"), Some(CollectionOutcome::Complete), Some("2026-11-22"));
        assert_eq!(silent(&[calm], at("2026-11-23T12:00:00Z")), Vec::<String>::new());
    }

    #[test]
    fn a_schedule_that_stands_still_raises_one_alarm_for_the_target() {
        let still = planned(Some("2026-11-10"), Some(CollectionOutcome::Complete), Some("2026-11-10"));
        let alarms = silent(&vec![still; 5], at("2026-11-23"));
        assert_eq!(alarms.len(), 1);
        assert!(alarms[0].contains("2026-11-10 00:00 UTC") && alarms[0].contains("and 2 more"), "{}", alarms[0]);
        assert!(alarms[0].contains("countersign serve"), "{}", alarms[0]);
    }

    #[test]
    fn a_target_that_was_connected_and_never_collected_raises_an_alarm() {
        let never = planned(None, None, None);
        assert!(silent(std::slice::from_ref(&never), at("2026-11-02")).is_empty());
        assert!(silent(&[never], at("2026-11-04"))[0].contains("never collected"));
    }

    #[test]
    fn a_withdrawn_permission_raises_an_alarm_although_every_attempt_is_answered() {
        let withdrawn = planned(Some("2026-11-22"), Some(CollectionOutcome::Denied), Some("2026-11-15"));
        let alarms = silent(&[withdrawn], at("2026-11-22T12:00:00Z"));
        assert!(alarms[0].contains("2026-11-15") && alarms[0].contains("permission"), "{}", alarms[0]);
    }

    #[test]
    fn a_licence_nobody_ever_had_raises_no_alarm() {
        let unlicensed = planned(Some("2026-11-22"), Some(CollectionOutcome::Unlicensed), None);
        assert!(silent(&[unlicensed], at("2026-11-22T12:00:00Z")).is_empty());
    }

    #[test]
    fn a_target_that_never_answered_raises_an_alarm() {
        let unreachable = planned(Some("2026-11-22"), Some(CollectionOutcome::Unreachable), None);
        let alarms = silent(&[unreachable], at("2026-11-22T12:00:00Z"));
        assert!(alarms[0].contains("never seen whole") && alarms[0].contains("no answer"), "{}", alarms[0]);
    }
}
