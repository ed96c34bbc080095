//! When a collector runs: a crontab line's five fields, in wall-clock time.
//!
//! Knows no time zone, no clock and no daylight saving: it answers with wall-clock times, and the schedule turns them into
//! moments. Day and month names, ranges, lists and steps are understood as crontab does; Sunday is 0 or 7; when both day
//! fields are restricted, either may match. Start with [`CronExpression::next_after`].

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, NaiveDateTime, Utc};
use cron::Schedule;

/// A checked five-field expression. Displays as it was written, with single spaces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CronExpression {
    text: String,
    /// One, or two of which either may match: the `cron` crate joins the two day fields, crontab does not.
    schedules: Vec<Schedule>,
    is_sub_daily: bool,
}

/// Why a text is not a schedule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CronError {
    #[error("`{text}` has {found} fields; write five: minute, hour, day, month, weekday, such as `15 3 * * *`")]
    FieldCount { text: String, found: usize },
    #[error("`{text}` has a faulty {field}: `{part}` is not within {from} to {to}")]
    Field { text: String, field: &'static str, part: String, from: u8, to: u8 },
    #[error("`{text}` never comes round: no month it names has such a day")]
    Never { text: String },
}

/// The values a field allows, one bit each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Field {
    bits: u64,
    /// Written as `*` or `*/n`: then the other day field decides alone.
    starred: bool,
}

impl Field {
    fn allows(self, value: u32) -> bool {
        value < 64 && self.bits & (1 << value) != 0
    }

    fn many(self) -> u32 {
        self.bits.count_ones()
    }

    /// The allowed values one by one, moved by `shift`.
    fn list(self, shift: u32) -> String {
        let values: Vec<String> =
            (0..64).filter(|value| self.allows(*value)).map(|value| (value + shift).to_string()).collect();
        values.join(",")
    }
}

struct Kind {
    name: &'static str,
    from: u8,
    to: u8,
    names: &'static [&'static str],
}

const MINUTE: Kind = Kind { name: "minute", from: 0, to: 59, names: &[] };
const HOUR: Kind = Kind { name: "hour", from: 0, to: 23, names: &[] };
const DAY: Kind = Kind { name: "day of the month", from: 1, to: 31, names: &[] };
const MONTH: Kind = Kind {
    name: "month",
    from: 1,
    to: 12,
    names: &["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"],
};
const WEEKDAY: Kind =
    Kind { name: "weekday", from: 0, to: 7, names: &["sun", "mon", "tue", "wed", "thu", "fri", "sat"] };

impl CronExpression {
    /// The first matching wall-clock minute after `time`.
    ///
    /// None only after the year 2099, where the `cron` crate's calendar ends: an expression that never matches is refused
    /// when it is read.
    #[must_use]
    pub fn next_after(&self, time: NaiveDateTime) -> Option<NaiveDateTime> {
        // Wall-clock time is handed over as if it were UTC, so that the crate never meets daylight saving.
        let time = time.and_utc();
        self.schedules.iter().filter_map(|schedule| schedule.after(&time).next()).min().map(|next| next.naive_utc())
    }

    /// True if the expression names this wall-clock minute.
    #[must_use]
    pub fn matches(&self, time: NaiveDateTime) -> bool {
        let time: DateTime<Utc> = time.and_utc();
        self.schedules.iter().any(|schedule| schedule.includes(time))
    }

    /// True if it comes round more than once on a day it comes round at all: then daylight saving should not move it.
    #[must_use]
    pub fn is_sub_daily(&self) -> bool {
        self.is_sub_daily
    }
}

impl FromStr for CronExpression {
    type Err = CronError;

    fn from_str(text: &str) -> Result<Self, CronError> {
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        let fields: Vec<&str> = text.split_whitespace().collect();
        let [minutes, hours, days, months, weekdays] = fields.as_slice() else {
            return Err(CronError::FieldCount { found: fields.len(), text });
        };
        let mut weekday_field = parse_field(&text, weekdays, &WEEKDAY)?;
        if weekday_field.allows(7) {
            weekday_field.bits = (weekday_field.bits | 1) & !(1 << 7);
        }
        let (minutes, hours) = (parse_field(&text, minutes, &MINUTE)?, parse_field(&text, hours, &HOUR)?);
        let (days, months) = (parse_field(&text, days, &DAY)?, parse_field(&text, months, &MONTH)?);
        let clock = format!("0 {} {}", minutes.list(0), hours.list(0));
        // The crate counts weekdays from 1, Sunday.
        let dates = if !days.starred && !weekday_field.starred {
            vec![
                format!("{} {} *", days.list(0), months.list(0)),
                format!("* {} {}", months.list(0), weekday_field.list(1)),
            ]
        } else {
            vec![format!("{} {} {}", days.list(0), months.list(0), weekday_field.list(1))]
        };
        let schedules: Result<Vec<Schedule>, _> =
            dates.iter().map(|dates| format!("{clock} {dates}").parse::<Schedule>()).collect();
        let Ok(schedules) = schedules else { return Err(CronError::Never { text }) };
        let is_sub_daily = minutes.many() > 1 || hours.many() > 1;
        let expression = Self { text, schedules, is_sub_daily };
        // Any start will do: a date that exists comes round within the search.
        match expression.next_after(DateTime::UNIX_EPOCH.naive_utc()) {
            Some(_) => Ok(expression),
            None => Err(CronError::Never { text: expression.text }),
        }
    }
}

impl fmt::Display for CronExpression {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}

fn parse_field(text: &str, field: &str, kind: &Kind) -> Result<Field, CronError> {
    let refuse = |part: &str| CronError::Field {
        text: text.to_owned(),
        field: kind.name,
        part: part.to_owned(),
        from: kind.from,
        to: kind.to,
    };
    let mut bits = 0;
    for part in field.split(',') {
        let (range, step) = match part.split_once('/') {
            Some((range, step)) => {
                (range, step.parse::<u8>().ok().filter(|step| *step > 0).ok_or_else(|| refuse(part))?)
            }
            None => (part, 1),
        };
        let (from, to) = match range.split_once('-') {
            None if range == "*" => (kind.from, if kind.to == 7 { 6 } else { kind.to }),
            // `5/10` means from five on, as crontab has it.
            None if step > 1 => (kind.value(range).ok_or_else(|| refuse(part))?, kind.to),
            None => kind.value(range).map(|value| (value, value)).ok_or_else(|| refuse(part))?,
            Some((from, to)) => kind.value(from).zip(kind.value(to)).ok_or_else(|| refuse(part))?,
        };
        if from > to {
            return Err(refuse(part));
        }
        for value in (from..=to).step_by(step.into()) {
            bits |= 1 << value;
        }
    }
    Ok(Field { bits, starred: field.starts_with('*') })
}

impl Kind {
    fn value(&self, text: &str) -> Option<u8> {
        let named = self.names.iter().position(|name| name.eq_ignore_ascii_case(text));
        let value = match named {
            Some(index) => u8::try_from(index).ok()? + self.from,
            None => text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())??,
        };
        (self.from..=self.to).contains(&value).then_some(value)
    }
}

#[cfg(test)]
mod tests {
    use chrono::NaiveDateTime;

    use super::{CronError, CronExpression};

    fn at(text: &str) -> NaiveDateTime {
        NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M").unwrap()
    }

    fn next(expression: &str, after: &str) -> NaiveDateTime {
        expression.parse::<CronExpression>().unwrap().next_after(at(after)).unwrap()
    }

    #[test]
    fn the_next_time_is_strictly_later() {
        assert_eq!(next("15 3 * * *", "2026-11-23 03:14"), at("2026-11-23 03:15"));
        assert_eq!(next("15 3 * * *", "2026-11-23 03:15"), at("2026-11-24 03:15"));
        assert_eq!(next("*/20 * * * *", "2026-12-31 23:40"), at("2027-01-01 00:00"));
    }

    #[test]
    fn sunday_is_zero_and_seven_and_sun() {
        for weekday in ["0", "7", "sun", "SUN"] {
            // 2026-11-23 is a Monday.
            assert_eq!(next(&format!("0 6 * * {weekday}"), "2026-11-23 00:00"), at("2026-11-29 06:00"), "{weekday}");
        }
        assert_eq!(next("0 6 * * 5-7", "2026-11-23 00:00"), at("2026-11-27 06:00"));
        assert_eq!(next("0 6 * * 1", "2026-11-22 00:00"), at("2026-11-23 06:00"));
    }

    #[test]
    fn two_restricted_day_fields_match_either_as_crontab_does() {
        assert_eq!(next("0 6 25 * mon", "2026-11-23 07:00"), at("2026-11-25 06:00"));
        assert_eq!(next("0 6 25 * mon", "2026-11-25 07:00"), at("2026-11-30 06:00"));
        assert_eq!(next("0 6 */2 * mon", "2026-11-23 07:00"), at("2026-12-07 06:00"));
    }

    #[test]
    fn a_leap_day_is_found_years_ahead() {
        assert_eq!(next("0 0 29 2 *", "2028-03-01 00:00"), at("2032-02-29 00:00"));
    }

    #[test]
    fn a_date_that_never_comes_is_refused() {
        assert!(matches!("0 0 31 2 *".parse::<CronExpression>(), Err(CronError::Never { .. })));
        assert!("0 0 31 2 mon".parse::<CronExpression>().is_ok(), "Mondays of February match");
    }

    #[test]
    fn a_faulty_field_is_named() {
        for text in [
            "60 * * * *",
            "* 24 * * *",
            "* * 0 * *",
            "* * * 13 *",
            "* * * * 8",
            "*/0 * * * *",
            "5-1 * * * *",
            "a * * * *",
            "+5 * * * *",
            "1,, * * * *",
            "-1 * * * *",
            "300 * * * *",
        ] {
            let error = text.parse::<CronExpression>().unwrap_err();
            assert!(matches!(error, CronError::Field { .. }), "{text}: {error}");
        }
        for text in ["", "* * * *", "0 * * * * *", "@daily"] {
            assert!(matches!(text.parse::<CronExpression>(), Err(CronError::FieldCount { .. })), "{text}");
        }
    }

    #[test]
    fn an_expression_prints_as_it_was_written() {
        let expression: CronExpression = " 0   6 * * Mon-Fri ".parse().unwrap();
        assert_eq!(expression.to_string(), "0 6 * * Mon-Fri");
        assert!(!expression.is_sub_daily());
        assert!("0 */6 * * *".parse::<CronExpression>().unwrap().is_sub_daily());
    }
}
