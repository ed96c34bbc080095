//! `sysctl -e`: kernel settings, one row each. A setting this kernel does not have gives no row.

use serde_json::{Value, json};

use super::text::{Line, lines};
use super::{ParseError, Parsed};

pub(super) fn parse(stdout: &[u8]) -> Result<Parsed, ParseError> {
    let rows = lines(stdout).map(|line| row(&line)).collect::<Result<Vec<_>, _>>()?;
    if rows.is_empty() {
        return Err(ParseError::Nothing("kernel settings"));
    }
    Ok(Parsed::from(rows))
}

fn row(line: &Line<'_>) -> Result<Value, ParseError> {
    let (name, value) = line
        .text
        .split_once('=')
        .map(|(name, value)| (name.trim(), value.trim()))
        .filter(|(name, _)| !name.is_empty() && !name.contains(char::is_whitespace))
        .ok_or_else(|| line.expected("name = value"))?;
    Ok(json!({"name": name, "value": value}))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::parse;

    #[test]
    fn a_real_listing_gives_a_row_per_setting() {
        let rows = parse(include_bytes!("../../../collectors/linux/sysctl/sample/stdout")).unwrap().rows;
        assert!(rows.contains(&json!({"name": "kernel.randomize_va_space", "value": "2"})));
    }

    #[test]
    fn noise_is_refused_with_its_line_and_silence_is_an_error() {
        assert!(parse(b"a.b = 1\nnot a setting\n").unwrap_err().to_string().contains("line 2"));
        assert!(parse(b"").is_err());
    }
}
