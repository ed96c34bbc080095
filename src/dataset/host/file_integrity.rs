//! Programs that watch files for changes (AIDE and others), their databases, and what cron starts of them.
//!
//! An installed program without a database compares with nothing. Timers of systemd are another dataset.

use chrono::DateTime;
use serde_json::{Value, json};

use super::text::{Line, is_ended, sections};
use super::{ParseError, Parsed};
use crate::model::time::Timestamp;

pub(super) fn parse(stdout: &[u8]) -> Result<Parsed, ParseError> {
    let mut rows = Vec::new();
    let sections = sections(stdout);
    for section in &sections {
        for line in &section.lines {
            rows.push(match section.name.as_str() {
                "programs" => json!({"kind": "program", "name": name(line), "path": line.text.trim()}),
                "databases" => database(line)?,
                "cron" => cron(line)?,
                _ => return Err(line.expected("a program, a database or a line of cron")),
            });
        }
    }
    if !is_ended(&sections) {
        return Err(ParseError::Nothing("mark at the end of the answer"));
    }
    Ok(Parsed::from(rows))
}

/// The last part of a path; the control programs of OSSEC and Wazuh are named after what they control.
fn name(line: &Line<'_>) -> String {
    let file = line.text.trim().rsplit('/').next().unwrap_or_default();
    file.strip_suffix("-control").unwrap_or(file).to_owned()
}

/// Seconds since 1970, size, path.
fn database(line: &Line<'_>) -> Result<Value, ParseError> {
    let mut parts = line.text.trim().splitn(3, ' ');
    let time = parts.next().and_then(|seconds| DateTime::from_timestamp(seconds.parse().ok()?, 0));
    let size = parts.next().and_then(|size| size.parse::<u64>().ok());
    let (Some(time), Some(size), Some(path)) = (time, size, parts.next()) else {
        return Err(line.expected("time, size and path of a database"));
    };
    Ok(json!({"kind": "database", "path": path, "size": size, "changed_at": Timestamp::from(time).to_string()}))
}

/// `script PATH`, `script-unless-systemd PATH`, or `FILE:LINE` of a crontab.
fn cron(line: &Line<'_>) -> Result<Value, ParseError> {
    let text = line.text.trim();
    let row = |file: &str, command: &str, yields: bool| json!({"kind": "cron", "file": file, "command": command, "yields_to_systemd": yields});
    if let Some(path) = text.strip_prefix("script-unless-systemd ") {
        return Ok(row(path, path, true));
    }
    if let Some(path) = text.strip_prefix("script ") {
        return Ok(row(path, path, false));
    }
    let (file, command) = text.split_once(':').ok_or_else(|| line.expected("a file and a line of cron"))?;
    Ok(row(file, command.trim(), command.contains("/run/systemd/system")))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::parse;

    #[test]
    fn a_real_host_has_aide_without_a_database_and_a_script_that_gives_way_to_systemd() {
        let rows = parse(include_bytes!("../../../collectors/linux/file_integrity/sample/stdout")).unwrap().rows;
        assert_eq!(rows[0], json!({"kind": "program", "name": "aide", "path": "/usr/bin/aide"}));
        assert!(rows.iter().all(|row| row["kind"] != "database"));
        assert_eq!(
            rows[1],
            json!({"kind": "cron", "file": "/etc/cron.daily/aide", "command": "/etc/cron.daily/aide",
                "yields_to_systemd": true})
        );
    }

    #[test]
    fn databases_and_lines_of_crontabs_are_rows() {
        let output = b"== countersign programs\n/var/ossec/bin/wazuh-control\n== countersign databases\n\
            1795000000 2097152 /var/lib/aide/aide.db.gz\n== countersign cron\n\
            /etc/cron.d/integrity:30 4 * * * root /usr/sbin/aide --check\n== countersign end\n";
        let rows = parse(output).unwrap().rows;
        assert_eq!(rows[0]["name"], json!("wazuh"));
        assert_eq!(
            (&rows[1]["size"], &rows[1]["changed_at"]),
            (&json!(2_097_152), &json!("2026-11-18T11:06:40.000000Z"))
        );
        assert_eq!(rows[2]["command"], json!("30 4 * * * root /usr/sbin/aide --check"));
    }

    #[test]
    fn an_answer_without_its_end_or_with_noise_is_an_error() {
        assert!(parse(b"== countersign programs\n/usr/bin/aide\n").is_err());
        let fault = parse(b"== countersign databases\nlater 5 /x\n== countersign end\n").unwrap_err();
        assert!(fault.to_string().contains("line 2"), "{fault}");
    }
}
