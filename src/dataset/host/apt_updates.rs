//! `apt-get -s dist-upgrade`: packages that an upgrade now would install, with where each comes from.
//!
//! The answer is as old as the package lists on the host; `meta.package_lists_changed_at` says how old, where the
//! command printed it.

use chrono::DateTime;
use serde_json::{Value, json};

use super::text::{Line, lines};
use super::{ParseError, Parsed};
use crate::model::time::Timestamp;

/// Printed by the collector after the simulation: seconds since 1970.
const LISTS_AGE: &str = "package-lists-changed ";

pub(super) fn parse(stdout: &[u8]) -> Result<Parsed, ParseError> {
    let mut parsed = Parsed::default();
    let mut has_summary = false;
    for line in lines(stdout) {
        if let Some(rest) = line.text.strip_prefix("Inst ") {
            parsed.rows.push(row(rest).ok_or_else(|| line.expected("a package, its versions and its origins"))?);
        } else if let Some(seconds) = line.text.strip_prefix(LISTS_AGE) {
            parsed.meta.insert("package_lists_changed_at".to_owned(), moment(seconds, &line)?);
        }
        has_summary |= line.text.contains(" upgraded, ") && line.text.contains(" newly installed");
    }
    if parsed.rows.is_empty() && !has_summary {
        return Err(ParseError::Nothing("summary of the simulated upgrade"));
    }
    Ok(parsed)
}

fn moment(seconds: &str, line: &Line<'_>) -> Result<Value, ParseError> {
    let moment = seconds.trim().parse().ok().and_then(|seconds| DateTime::from_timestamp(seconds, 0));
    moment
        .map(|moment| Value::from(Timestamp::from(moment).to_string()))
        .ok_or_else(|| line.expected("a time in seconds since 1970"))
}

/// `NAME [FROM] (TO ORIGIN, ORIGIN [ARCHITECTURE]) [WHAT ELSE]`; a package that is new has no `[FROM]`.
fn row(text: &str) -> Option<Value> {
    let (package, rest) = text.split_once(' ')?;
    let rest = rest.trim_start();
    let (from, rest) = match rest.strip_prefix('[') {
        Some(inner) => inner.split_once(']').map(|(from, rest)| (Some(from), rest.trim_start()))?,
        None => (None, rest),
    };
    let inner = rest.strip_prefix('(')?;
    let end = inner.find("])").map(|at| at + 1).or_else(|| inner.find(')'))?;
    let inner = inner.get(..end)?;
    let (to, origins) = inner.split_once(' ').unwrap_or((inner, ""));
    if package.is_empty() || to.is_empty() {
        return None;
    }
    let origins = origins.rfind('[').and_then(|at| origins.get(..at)).unwrap_or(origins);
    let origins: Vec<&str> = origins.split(", ").map(str::trim).filter(|origin| !origin.is_empty()).collect();
    let security = origins.iter().any(|origin| origin.to_ascii_lowercase().contains("-security"));
    Some(json!({"package": package, "from": from, "to": to, "security": security, "origins": origins}))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::parse;

    #[test]
    fn a_real_simulation_tells_security_updates_from_others() {
        let parsed = parse(include_bytes!("../../../collectors/linux/pending_updates/sample/stdout")).unwrap();
        let find = |name: &str| parsed.rows.iter().find(|row| row["package"] == name).unwrap();
        assert_eq!(find("bash")["security"], json!(false));
        let gnutls = find("libgnutls30");
        assert_eq!(gnutls["security"], json!(true));
        assert_eq!(gnutls["from"], json!("3.7.9-2+deb12u6"));
        assert_eq!(gnutls["to"], json!("3.7.9-2+deb12u7"));
        assert_eq!(gnutls["origins"], json!(["Debian:12.15/oldstable", "Debian-Security:12/oldstable-security"]));
        assert!(parsed.meta["package_lists_changed_at"].as_str().unwrap().starts_with("20"));
    }

    #[test]
    fn archives_of_every_release_and_vendor_are_recognized_as_security() {
        for origin in [
            "Debian-Security:12/oldstable-security",
            "Debian-Security:13/stable-security",
            "Ubuntu:22.04/jammy-updates, Ubuntu:22.04/jammy-security",
            "UbuntuESMApps:22.04/jammy-apps-security",
        ] {
            let rows = parse(format!("Inst x [1] (2 {origin} [amd64])\n").as_bytes()).unwrap().rows;
            assert_eq!(rows[0]["security"], json!(true), "{origin}");
        }
        let rows = parse(b"Inst x [1] (2 Ubuntu:22.04/jammy-updates [amd64])\n").unwrap().rows;
        assert_eq!(rows[0]["security"], json!(false));
    }

    #[test]
    fn new_packages_and_trailing_notes_are_read() {
        let output = b"Inst linux-image-6.1.0-40 (6.1.153-1 Debian:12.15/oldstable [amd64])\n\
            Inst local [1] (2 [all])\n\
            Inst libpam-modules-bin [1.5] (1.6 My Vendor (EU):1/x, Other:2/y [amd64]) [libpam-modules:amd64 on x:amd64] []\n";
        let rows = parse(output).unwrap().rows;
        assert_eq!(rows[0]["from"], json!(null));
        assert_eq!(rows[1]["origins"], json!([]));
        assert_eq!(rows[2]["origins"], json!(["My Vendor (EU):1/x", "Other:2/y"]));
    }

    #[test]
    fn nothing_to_upgrade_is_no_rows_only_when_the_tool_says_so() {
        let output = b"Reading package lists...\n0 upgraded, 0 newly installed, 0 to remove and 0 not upgraded.\n";
        assert!(parse(output).unwrap().rows.is_empty());
        assert!(parse(b"").is_err());
        assert!(parse(b"Reading package lists...\n").is_err());
    }

    #[test]
    fn a_cut_line_is_refused_with_its_number() {
        let fault = parse(b"Inst a [1] (2 D:1/x [amd64])\nInst b [1\n").unwrap_err();
        assert!(fault.to_string().contains("line 2"), "{fault}");
    }
}
