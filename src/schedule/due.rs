//! Crontab lines as moments: the next time a collector is due, and how long it may go without being heard of.
//!
//! Daily and rarer times are wall-clock times in the organization's zone. A time that a spring night skips becomes the
//! first moment that exists after it; a time that an autumn night repeats counts once, the first time. Expressions that
//! come round several times a day are read in UTC, where no hour is missing or doubled. Pure: no clock, no database.

use chrono::{DateTime, Duration, LocalResult, NaiveDateTime, TimeZone, Utc};
use chrono_tz::Tz;

use crate::catalog::cron_expression::CronExpression;
use crate::model::time::Timestamp;

/// No zone has ever left out more than a day (Samoa left out 30 December 2011).
const LONGEST_GAP_MINUTES: u32 = 25 * 60;

/// Wall-clock times come once a day at most (others are read in UTC), and a zone repeats no more than a day at once.
const STEPS: usize = 4;

/// How much of the future tells the rhythm of an expression: five weeks, so that weekends and ends of months count.
const RHYTHM_DAYS: i64 = 35;

/// When a collector that was last started at `last_started` is due: in the past if it is overdue, however many times
/// were missed, so that all of them are made good by one run. A collector that never ran is due `now`, and so is one
/// whose last start lies in the future, because then the clock was wrong and nothing is known.
///
/// None only at the end of the calendar.
#[must_use]
pub fn next_due(
    expression: &CronExpression,
    zone: Tz,
    last_started: Option<Timestamp>,
    now: Timestamp,
) -> Option<Timestamp> {
    match last_started {
        Some(last) if last <= now => next_after(expression, zone, last),
        Some(_) | None => Some(now),
    }
}

/// The first moment strictly after `after` that the expression names.
#[must_use]
pub fn next_after(expression: &CronExpression, zone: Tz, after: Timestamp) -> Option<Timestamp> {
    let zone = zone_for(expression, zone);
    let after = after.as_datetime();
    let mut wall = after.with_timezone(&zone).naive_local();
    for _ in 0..STEPS {
        wall = expression.next_after(wall)?;
        // Within a repeated hour the first pass of a later wall-clock time may be over already.
        let moment = resolve(zone, wall)?;
        if moment > after {
            return Some(moment.into());
        }
    }
    None
}

/// The longest pause between two times of the expression, seen from `now`: three days for a collector that rests at
/// weekends. None at the end of the calendar.
#[must_use]
pub fn interval(expression: &CronExpression, now: Timestamp) -> Option<Duration> {
    let begin = now.as_datetime().naive_utc();
    let mut last = expression.next_after(begin)?;
    let mut longest: Option<Duration> = None;
    loop {
        let next = expression.next_after(last)?;
        longest = longest.max(Some(next - last));
        last = next;
        if last - begin > Duration::days(RHYTHM_DAYS) {
            return longest;
        }
    }
}

/// True if nothing was heard within twice the interval. What was heard in the future was heard.
#[must_use]
pub fn is_silent(last_seen: Timestamp, interval: Duration, now: Timestamp) -> bool {
    now.since(last_seen) > interval * 2
}

/// The zone an expression is read in.
pub(super) fn zone_for(expression: &CronExpression, zone: Tz) -> Tz {
    if expression.is_sub_daily() { Tz::UTC } else { zone }
}

/// The moment of a wall-clock time: the first of two, or the first that exists after a gap.
fn resolve(zone: Tz, wall: NaiveDateTime) -> Option<DateTime<Utc>> {
    (0..=LONGEST_GAP_MINUTES).find_map(|minutes| {
        let wall = wall.checked_add_signed(Duration::minutes(minutes.into()))?;
        match zone.from_local_datetime(&wall) {
            LocalResult::Single(moment) | LocalResult::Ambiguous(moment, _) => Some(moment.with_timezone(&Utc)),
            LocalResult::None => None,
        }
    })
}

#[cfg(test)]
mod tests {
    use chrono::Duration;
    use chrono_tz::{America::New_York, Europe::Berlin, Pacific::Apia, Tz};

    use super::{interval, is_silent, next_after, next_due};
    use crate::catalog::cron_expression::CronExpression;
    use crate::model::time::Timestamp;

    fn cron(text: &str) -> CronExpression {
        text.parse().unwrap()
    }

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn assert_next(expression: &str, zone: Tz, after: &str, expected: &str) {
        assert_eq!(next_after(&cron(expression), zone, at(after)), Some(at(expected)), "`{expression}` after {after}");
    }

    #[test]
    fn a_daily_time_is_wall_clock_time_in_summer_and_winter() {
        assert_next("15 3 * * *", Berlin, "2026-07-01T12:00:00Z", "2026-07-02T03:15:00+02:00");
        assert_next("15 3 * * *", Berlin, "2026-12-01T12:00:00Z", "2026-12-02T03:15:00+01:00");
        assert_next("15 3 * * *", New_York, "2026-07-01T12:00:00Z", "2026-07-02T03:15:00-04:00");
    }

    #[test]
    fn a_time_that_spring_skips_becomes_the_first_moment_that_exists() {
        assert_next("30 2 * * *", Berlin, "2026-03-28T12:00:00Z", "2026-03-29T03:00:00+02:00");
        assert_next("30 2 * * *", Berlin, "2026-03-29T03:00:00+02:00", "2026-03-30T02:30:00+02:00");
        assert_next("0 2 * * *", New_York, "2026-03-07T12:00:00Z", "2026-03-08T03:00:00-04:00");
        assert_next("59 2 * * *", New_York, "2026-03-07T12:00:00Z", "2026-03-08T03:00:00-04:00");
    }

    #[test]
    fn a_whole_day_that_a_zone_left_out_is_stepped_over() {
        assert_next("0 6 * * *", Apia, "2011-12-29T06:00:00-10:00", "2011-12-31T00:00:00+14:00");
    }

    #[test]
    fn a_time_that_autumn_repeats_runs_once_and_first() {
        assert_next("30 2 * * *", Berlin, "2026-10-24T12:00:00Z", "2026-10-25T02:30:00+02:00");
        assert_next("30 2 * * *", Berlin, "2026-10-25T02:30:00+02:00", "2026-10-26T02:30:00+01:00");
        assert_next("30 1 * * *", New_York, "2026-10-31T12:00:00Z", "2026-11-01T01:30:00-04:00");
        assert_next("30 1 * * *", New_York, "2026-11-01T01:30:00-04:00", "2026-11-02T01:30:00-05:00");
    }

    #[test]
    fn a_start_within_the_second_pass_does_not_bring_the_first_pass_back() {
        // 02:15 the second time: 02:30 is still to come on the clock, but had its turn an hour ago.
        assert_next("30 2 * * *", Berlin, "2026-10-25T02:15:00+01:00", "2026-10-26T02:30:00+01:00");
        assert_next("0 3 * * *", Berlin, "2026-10-25T02:59:00+02:00", "2026-10-25T03:00:00+01:00");
    }

    #[test]
    fn an_hourly_collector_runs_every_real_hour_of_both_nights() {
        for (from, hours) in [("2026-03-29T00:00:00Z", 6), ("2026-10-25T00:00:00Z", 6)] {
            let mut moment = at(from);
            for _ in 0..hours {
                let next = next_after(&cron("0 * * * *"), Berlin, moment).unwrap();
                assert_eq!(next.since(moment), Duration::hours(1), "after {moment}");
                moment = next;
            }
        }
    }

    #[test]
    fn several_times_within_a_repeated_or_a_missing_hour_come_in_order_and_each_once() {
        // Read in UTC: the crate itself would answer 02:00+02, 02:00+01, 02:30+02, 02:30+01.
        for from in ["2026-10-25T00:00:00Z", "2026-03-29T00:00:00Z"] {
            let mut moment = at(from);
            for _ in 0..8 {
                let next = next_after(&cron("0,30 * * * *"), Berlin, moment).unwrap();
                assert_eq!(next.since(moment), Duration::minutes(30), "after {moment}");
                moment = next;
            }
        }
        assert_next("0 */6 * * *", Berlin, "2026-10-24T23:00:00Z", "2026-10-25T00:00:00Z");
    }

    #[test]
    fn the_shorthand_for_daily_keeps_the_rules_of_the_organizations_zone() {
        assert_next("@daily", Berlin, "2026-07-01T12:00:00Z", "2026-07-02T00:00:00+02:00");
        assert_next("@hourly", Berlin, "2026-10-25T00:00:00Z", "2026-10-25T01:00:00Z");
    }

    #[test]
    fn every_day_of_two_years_has_exactly_one_run() {
        for zone in [Berlin, New_York] {
            let mut moment = at("2026-01-01T12:00:00Z");
            for _ in 0..730 {
                let next = next_after(&cron("30 2 * * *"), zone, moment).unwrap();
                let days = next.as_datetime().with_timezone(&zone).date_naive()
                    - moment.as_datetime().with_timezone(&zone).date_naive();
                assert_eq!(days.num_days(), 1, "{zone}: {moment} then {next}");
                moment = next;
            }
        }
    }

    #[test]
    fn a_year_ends_in_the_organizations_zone() {
        assert_next("0 0 1 1 *", Berlin, "2026-12-31T22:59:59Z", "2026-12-31T23:00:00Z");
        assert_next("0 0 1 1 *", Berlin, "2026-12-31T23:00:00Z", "2027-12-31T23:00:00Z");
        assert_next("0 0 29 2 *", New_York, "2026-12-31T23:59:59Z", "2028-02-29T05:00:00Z");
    }

    #[test]
    fn the_thirty_first_of_february_is_no_schedule() {
        assert!("0 0 31 2 *".parse::<CronExpression>().is_err());
        assert_next("0 0 31 * *", Tz::UTC, "2026-01-31T00:00:00Z", "2026-03-31T00:00:00Z");
    }

    #[test]
    fn runs_missed_while_the_machine_was_off_are_made_good_by_one() {
        let (daily, now) = (cron("15 3 * * *"), at("2026-11-23T12:00:00Z"));
        let overdue = next_due(&daily, Berlin, Some(at("2026-11-01T03:15:00+01:00")), now).unwrap();
        assert_eq!(overdue, at("2026-11-02T03:15:00+01:00"));
        assert!(overdue <= now);
        let after_the_run = next_due(&daily, Berlin, Some(now), now).unwrap();
        assert_eq!(after_the_run, at("2026-11-24T03:15:00+01:00"));
    }

    #[test]
    fn what_never_ran_is_due_at_once_and_so_is_what_ran_in_the_future() {
        let (daily, now) = (cron("15 3 * * *"), at("2026-11-23T12:00:00Z"));
        assert_eq!(next_due(&daily, Berlin, None, now), Some(now));
        assert_eq!(next_due(&daily, Berlin, Some(at("2031-01-01")), now), Some(now));
    }

    #[test]
    fn the_interval_is_the_longest_pause() {
        let now = at("2026-11-23T12:00:00Z");
        for (expression, hours) in
            [("15 3 * * *", 24), ("15 3 * * mon-fri", 72), ("0 * * * *", 1), ("0 8-18 * * *", 14), ("0 6 * * sun", 168)]
        {
            assert_eq!(interval(&cron(expression), now), Some(Duration::hours(hours)), "`{expression}`");
        }
        assert_eq!(interval(&cron("0 0 1 1 *"), now), Some(Duration::days(365)));
    }

    #[test]
    fn silence_begins_after_twice_the_interval() {
        let (seen, day) = (at("2026-11-20T03:15:00Z"), Duration::days(1));
        assert!(!is_silent(seen, day, at("2026-11-22T03:15:00Z")));
        assert!(is_silent(seen, day, at("2026-11-22T03:15:01Z")));
        assert!(!is_silent(seen, day, at("2026-11-01T00:00:00Z")));
    }
}
