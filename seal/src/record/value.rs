//! The small values records are made of, each parsed once and then trusted.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::digest::Digest;

/// A text that does not have the form its place asks for.
#[derive(Debug, Clone, thiserror::Error, PartialEq, Eq)]
#[error("`{text}` is not {wanted}")]
pub struct Malformed {
    text: String,
    wanted: &'static str,
}

impl Malformed {
    pub(crate) fn new(text: &str, wanted: &'static str) -> Self {
        Self { text: text.chars().take(80).collect(), wanted }
    }
}

macro_rules! checked_text {
    ($(#[$doc:meta])* $name:ident, $wanted:literal, $check:path) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = Malformed;

            fn try_from(text: String) -> Result<Self, Malformed> {
                if $check(&text) { Ok(Self(text)) } else { Err(Malformed::new(&text, $wanted)) }
            }
        }

        impl FromStr for $name {
            type Err = Malformed;

            fn from_str(text: &str) -> Result<Self, Malformed> {
                Self::try_from(text.to_owned())
            }
        }

        impl From<$name> for String {
            fn from(value: $name) -> Self {
                value.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str(&self.0)
            }
        }
    };
}

checked_text!(
    /// A UUID as text: lower case, with hyphens.
    Uuid,
    "a UUID in lower case with hyphens",
    is_uuid
);
checked_text!(
    /// A time in UTC with six decimals: `2026-03-31T09:00:00.000000Z`.
    Time,
    "a UTC time such as 2026-03-31T09:00:00.000000Z",
    is_time
);
checked_text!(
    /// A record's type and its version: `evidence/1`.
    RecordType,
    "a record type such as evidence/1",
    is_record_type
);

/// Exact bytes that a record names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Artifact {
    /// `page-0001.json`, `stdout`, `policies/access.pdf`; for people, never used as a path.
    pub name: String,
    pub sha256: Digest,
    /// In bytes.
    pub size: u64,
    pub media_type: String,
}

/// Whether `text` fits a pattern in which `0` is any decimal digit and `f` any lower-case hex digit.
fn fits(text: &str, pattern: &str) -> bool {
    text.len() == pattern.len()
        && text.bytes().zip(pattern.bytes()).all(|(byte, wanted)| match wanted {
            b'0' => byte.is_ascii_digit(),
            b'f' => byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte),
            _ => byte == wanted,
        })
}

fn is_uuid(text: &str) -> bool {
    fits(text, "ffffffff-ffff-ffff-ffff-ffffffffffff")
}

fn days_of_month(time: &str) -> u8 {
    let number =
        |start, end| time.get(start..end).and_then(|digits: &str| digits.parse::<u32>().ok()).unwrap_or_default();
    let year = number(0, 4);
    match number(5, 7) {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

fn is_time(text: &str) -> bool {
    let within = |start: usize, least: u8, most: u8| {
        let number = text.get(start..start + 2).and_then(|digits| digits.parse::<u8>().ok());
        number.is_some_and(|number| (least..=most).contains(&number))
    };
    fits(text, "0000-00-00T00:00:00.000000Z")
        && within(5, 1, 12)
        && within(8, 1, days_of_month(text))
        && within(11, 0, 23)
        && within(14, 0, 59)
        && within(17, 0, 60)
}

fn is_record_type(text: &str) -> bool {
    let Some((name, version)) = text.split_once('/') else { return false };
    let letters = |byte: u8| byte.is_ascii_lowercase() || byte == b'_';
    !name.is_empty()
        && name.len() <= 40
        && name.bytes().all(letters)
        && version.len() <= 6
        && version.bytes().all(|byte| byte.is_ascii_digit())
        && !version.is_empty()
        && !version.starts_with('0')
}

#[cfg(test)]
mod tests {
    use super::{RecordType, Time, Uuid};

    #[test]
    fn only_utc_times_with_six_decimals_are_times() {
        for text in ["2026-03-31T09:00:00.000000Z", "2028-02-29T09:00:00.000000Z", "2016-12-31T23:59:60.000000Z"] {
            assert!(text.parse::<Time>().is_ok(), "{text} was refused");
        }
        for text in [
            "2026-03-31T09:00:00Z",
            "2026-03-31T09:00:00.000000+00:00",
            "2026-13-31T09:00:00.000000Z",
            "2026-03-31 09:00:00.000000Z",
            "2026-03-31T24:00:00.000000Z",
            "2026-02-29T09:00:00.000000Z",
            "2100-02-29T09:00:00.000000Z",
            "2026-04-31T09:00:00.000000Z",
            "",
        ] {
            assert!(text.parse::<Time>().is_err(), "{text} was accepted");
        }
    }

    #[test]
    fn an_upper_case_uuid_is_refused() {
        assert!("0192f0c1-2345-7abc-8def-0123456789ab".parse::<Uuid>().is_ok());
        assert!("0192F0C1-2345-7abc-8def-0123456789ab".parse::<Uuid>().is_err());
    }

    #[test]
    fn a_record_type_has_a_name_and_a_version() {
        assert!("evidence/1".parse::<RecordType>().is_ok());
        for text in ["evidence", "evidence/", "evidence/0", "evidence/01", "Evidence/1", "/1", "evidence/1/2"] {
            assert!(text.parse::<RecordType>().is_err(), "{text} was accepted");
        }
    }
}
