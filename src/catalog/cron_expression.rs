//! When a collector runs: a crontab line's five fields, in wall-clock time.
//!
//! Knows no time zone, no clock and no daylight saving: it answers with wall-clock times, and the schedule turns them into
//! moments. Day and month names, ranges, lists and steps are understood as crontab does; Sunday is 0 or 7; when both day
//! fields are restricted, either may match; `@daily` and its kin are the lines they stand for. What only other programs
//! understand (`L`, `W`, `#`, `?`, seconds, years) is refused. Start with [`CronExpression::next_after`].

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
    words: Option<String>,
}

/// Why a text is not a schedule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CronError {
    #[error("`{text}` has {found} fields; write five: minute, hour, day, month, weekday, such as `15 3 * * *`")]
    FieldCount { text: String, found: usize },
    #[error("`{text}` has a faulty {field}: `{part}` is not within {from} to {to}")]
    Field { text: String, field: &'static str, part: String, from: u8, to: u8 },
    #[error(
        "`{text}` has `{sign}`, which crontab does not know; name days of the month and weekdays instead, such as `0 6 1-7 * *`"
    )]
    Foreign { text: String, sign: char },
    #[error("`{text}` names no times; write five fields, or one of {}", SHORTHANDS.map(|(name, _)| name).join(", "))]
    Shorthand { text: String },
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

    /// The one value it allows, if it is one.
    fn only(self) -> Option<u32> {
        (self.many() == 1).then(|| self.bits.trailing_zeros())
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

/// What crontab lets people write in place of five fields.
const SHORTHANDS: [(&str, &str); 7] = [
    ("@hourly", "0 * * * *"),
    ("@daily", "0 0 * * *"),
    ("@midnight", "0 0 * * *"),
    ("@weekly", "0 0 * * 0"),
    ("@monthly", "0 0 1 * *"),
    ("@yearly", "0 0 1 1 *"),
    ("@annually", "0 0 1 1 *"),
];

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

    /// In words where it is simple, otherwise as it was written.
    #[must_use]
    pub fn words(&self) -> String {
        self.words.clone().unwrap_or_else(|| self.text.clone())
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
        if text.starts_with('@') {
            let known = SHORTHANDS.iter().find(|(name, _)| name.eq_ignore_ascii_case(&text));
            let Some((_, fields)) = known else { return Err(CronError::Shorthand { text }) };
            return Ok(Self { text, ..fields.parse()? });
        }
        let fields: Vec<&str> = text.split_whitespace().collect();
        let [minutes, hours, days, months, weekdays] = fields.as_slice() else {
            return Err(CronError::FieldCount { found: fields.len(), text });
        };
        if let Some(sign) = foreign(days).or_else(|| foreign(weekdays)) {
            return Err(CronError::Foreign { text, sign });
        }
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
        let words = words(minutes, hours, days, months, weekday_field);
        let expression = Self { text, schedules, is_sub_daily, words };
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

/// The simplest expressions in words.
fn words(minutes: Field, hours: Field, days: Field, months: Field, weekdays: Field) -> Option<String> {
    const NAMES: [&str; 7] = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
    let (every_day, every_weekday) = (days.many() == 31, weekdays.many() == 7);
    let minute = minutes.only()?;
    if months.many() != 12 || !(every_day || every_weekday) {
        return None;
    }
    let Some(hour) = hours.only() else {
        let every = hours.many() == 24 && every_day && every_weekday;
        return every.then(|| format!("every hour at minute {minute}"));
    };
    let time = format!("at {hour:02}:{minute:02}");
    let named: Vec<&str> =
        (0..7_u32).zip(NAMES).filter(|(day, _)| weekdays.allows(*day)).map(|(_, name)| name).collect();
    Some(match (every_day, named.as_slice()) {
        (false, _) => format!("on day {} of every month {time}", days.only()?),
        (true, _) if every_weekday => format!("every day {time}"),
        (true, [one]) => format!("every {one} {time}"),
        (true, [some @ .., last]) => format!("{} and {last} {time}", some.join(", ")),
        (true, []) => return None,
    })
}

/// A sign that other programs give a meaning in the day fields: the last, the nearest weekday, the n-th, anything.
fn foreign(days: &str) -> Option<char> {
    days.split([',', '-', '/']).find_map(|part| {
        let by_itself = part.strip_prefix(|one: char| one.is_ascii_digit()).unwrap_or(part);
        let by_itself = by_itself.trim_start_matches(|one: char| one.is_ascii_digit());
        match by_itself {
            "L" | "l" | "W" | "w" | "LW" | "lw" | "?" => by_itself.chars().next(),
            _ => part.chars().find(|one| *one == '#'),
        }
    })
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
            Some((from, to)) => {
                let (from, to) = kind.value(from).zip(kind.value(to)).ok_or_else(|| refuse(part))?;
                // `fri-sun`: a week ends with Sunday, too.
                (from, if kind.to == 7 && to == 0 && from > 0 { 7 } else { to })
            }
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
mod tests;
