//! `timedatectl show` and `chronyc -c tracking`: whether the clock follows a source of time, as one row.
//!
//! A virtual machine can say that it is synchronized without any time service of its own.

use serde_json::{Map, Value, json};

use super::text::{Line, sections};
use super::{ParseError, Parsed};

pub(super) fn parse(stdout: &[u8]) -> Result<Parsed, ParseError> {
    let mut timedatectl = Map::new();
    let mut chrony = Value::Null;
    for section in sections(stdout) {
        for line in &section.lines {
            match section.name.as_str() {
                "timedatectl" => {
                    let (name, value) = line.text.split_once('=').ok_or_else(|| line.expected("name=value"))?;
                    timedatectl.insert(name.to_owned(), Value::from(value));
                }
                "chronyc" => chrony = tracking(line)?,
                _ => return Err(line.expected("the answer of timedatectl or chronyc")),
            }
        }
    }
    if timedatectl.is_empty() && chrony.is_null() {
        return Err(ParseError::Nothing("state of a time service"));
    }
    let yes = |name: &str| match timedatectl.get(name).and_then(Value::as_str) {
        Some("yes") => Some(true),
        Some("no") => Some(false),
        _ => None,
    };
    Ok(Parsed::from(vec![json!({
        "ntp_enabled": yes("NTP"),
        "ntp_synchronized": yes("NTPSynchronized"),
        "time_zone": timedatectl.get("Timezone"),
        "chrony": chrony,
    })]))
}

/// Fourteen values separated by commas; later versions may add some. Fractions stay text.
fn tracking(line: &Line<'_>) -> Result<Value, ParseError> {
    let fields: Vec<&str> = line.text.split(',').map(str::trim).collect();
    let [_, source, stratum, _, offset, _, _, _, _, _, _, _, _, leap, ..] = fields.as_slice() else {
        return Err(line.expected("the fourteen values of chronyc tracking"));
    };
    let stratum: u8 = stratum.parse().map_err(|_| line.expected("a stratum as third value"))?;
    Ok(json!({"source": source, "stratum": stratum, "offset_seconds": offset, "leap_status": leap}))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::parse;

    #[test]
    fn a_host_with_systemd_and_chrony_gives_one_row() {
        let rows = parse(include_bytes!("../../../collectors/linux/time_sync/sample/stdout")).unwrap().rows;
        assert_eq!(
            rows,
            [json!({"ntp_enabled": true, "ntp_synchronized": true, "time_zone": "Etc/UTC", "chrony": {
                "source": "192.0.2.10", "stratum": 3, "offset_seconds": "0.000012345", "leap_status": "Normal"}})]
        );
    }

    #[test]
    fn what_a_missing_tool_would_say_is_null() {
        let rows =
            parse(b"== countersign timedatectl\nNTP=no\nNTPSynchronized=no\n== countersign chronyc\n").unwrap().rows;
        assert_eq!(rows, [json!({"ntp_enabled": false, "ntp_synchronized": false, "time_zone": null, "chrony": null})]);
    }

    #[test]
    fn silence_and_noise_are_errors() {
        assert!(parse(b"== countersign timedatectl\n== countersign chronyc\n").is_err());
        assert!(
            parse(b"== countersign chronyc\n506 Cannot talk to daemon\n").unwrap_err().to_string().contains("line 2")
        );
    }
}
