//! Password status and ages per account, as the collector's filter prints them: `name:status:algorithm:` and six ages.
//!
//! The hash itself never leaves the host. A last change of 0 means that the password must be changed at the next
//! sign-in; an age that is not set is null.

use serde_json::{Value, json};

use super::text::{Line, lines};
use super::{ParseError, Parsed};

const STATUSES: [&str; 4] = ["set", "locked", "no-password", "empty"];

pub(super) fn parse(stdout: &[u8]) -> Result<Parsed, ParseError> {
    let rows = lines(stdout).map(|line| row(&line)).collect::<Result<Vec<_>, _>>()?;
    if rows.is_empty() {
        return Err(ParseError::Nothing("password ages"));
    }
    Ok(Parsed::from(rows))
}

fn row(line: &Line<'_>) -> Result<Value, ParseError> {
    let fields: Vec<&str> = line.text.split(':').collect();
    let [name, status, algorithm, last_change, min, max, warn, inactive, expires] = fields.as_slice() else {
        return Err(line.expected("nine fields separated by colons"));
    };
    if name.is_empty() || !STATUSES.contains(status) {
        return Err(line.expected("an account and set, locked, no-password or empty"));
    }
    let days = |text: &str| match text {
        "" => Ok(None),
        text => text.parse::<i64>().map(Some).map_err(|_| line.expected("a number of days")),
    };
    Ok(json!({
        "name": name,
        "status": status,
        "algorithm": algorithm,
        "last_change_days": days(last_change)?,
        "min": days(min)?,
        "max": days(max)?,
        "warn": days(warn)?,
        "inactive": days(inactive)?,
        "expires": days(expires)?,
    }))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::parse;

    #[test]
    fn a_real_listing_has_statuses_and_ages_but_no_hash() {
        let sample = include_bytes!("../../../collectors/linux/shadow_ages/sample/stdout");
        let rows = parse(sample).unwrap().rows;
        assert!(rows.iter().any(|row| row["status"] == "no-password" && row["max"] == 99_999));
        assert!(!sample.contains(&b'$'));
    }

    #[test]
    fn an_age_of_zero_is_not_an_age_that_is_missing() {
        let rows = parse(b"a:set:6:0:0:90:7::\nb:locked:y::::::\n").unwrap().rows;
        assert_eq!(rows[0]["last_change_days"], json!(0));
        assert_eq!(rows[0]["inactive"], json!(null));
        assert_eq!(rows[1]["last_change_days"], json!(null));
        assert_eq!(rows[1]["algorithm"], json!("y"));
    }

    #[test]
    fn a_line_of_another_shape_is_refused_with_its_number() {
        for bad in ["a:set:6", "a:maybe:6:0:0:90:7::", "a:set:6:yesterday:0:90:7::", ":set:6:0:0:90:7::"] {
            let fault = parse(format!("root:set:6:1:0:9:7::\n{bad}\n").as_bytes()).unwrap_err();
            assert!(fault.to_string().contains("line 2"), "{fault}");
        }
    }

    #[test]
    fn no_rows_are_an_error_because_an_ordinary_user_sees_none() {
        assert!(parse(b"").is_err());
    }
}
