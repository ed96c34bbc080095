//! `dnf updateinfo list --security` and `dnf check-update`: updates that wait, and which of them are security updates.
//!
//! Versions 4 and 5 of dnf print the first list differently; both are read. The rows are those of `apt-updates/1`.

use std::collections::BTreeMap;

use chrono::DateTime;
use serde_json::{Value, json};

use super::text::{Line, is_ended, sections};
use super::{ParseError, Parsed};
use crate::model::time::Timestamp;

pub(super) fn parse(stdout: &[u8]) -> Result<Parsed, ParseError> {
    let mut parsed = Parsed::default();
    // `name-version.architecture` -> advisories.
    let mut advisories: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut updates: Vec<[String; 3]> = Vec::new();
    let sections = sections(stdout);
    for section in &sections {
        let mut pending: Option<String> = None;
        for line in &section.lines {
            match section.name.as_str() {
                "security" => {
                    if let Some((advisory, package)) = advisory(line)? {
                        advisories.entry(package).or_default().push(advisory);
                    }
                }
                "updates" if line.text.to_ascii_lowercase().starts_with("obsoleting packages") => break,
                "updates" => updates.extend(update(line, &mut pending)?),
                "lists" => {
                    let time = line.text.trim().parse().ok().and_then(|seconds| DateTime::from_timestamp(seconds, 0));
                    let time = time.ok_or_else(|| line.expected("a time in seconds since 1970"))?;
                    let time = Value::from(Timestamp::from(time).to_string());
                    parsed.meta.insert("package_lists_changed_at".to_owned(), time);
                }
                _ => return Err(line.expected("the lists of dnf")),
            }
        }
    }
    if !is_ended(&sections) {
        return Err(ParseError::Nothing("mark at the end of the lists"));
    }
    for [package, version, repository] in updates {
        let found = advisories.remove(&full_name(&package, &version));
        parsed.rows.push(row(&package, Some(version), found.unwrap_or_default(), &[repository]));
    }
    // Advisories for packages that the second list does not name: still a security update that waits.
    parsed.rows.extend(advisories.into_iter().map(|(package, names)| row(&package, None, names, &[])));
    Ok(parsed)
}

fn row(package: &str, to: Option<String>, advisories: Vec<String>, origins: &[String]) -> Value {
    json!({"package": package, "from": null, "to": to, "security": !advisories.is_empty(), "origins": origins,
        "advisories": advisories})
}

/// `bash.x86_64` and `5.1.8-9.el9` are `bash-5.1.8-9.el9.x86_64`; an epoch stands before the version in both.
fn full_name(package: &str, version: &str) -> String {
    match package.rsplit_once('.') {
        Some((name, architecture)) => format!("{name}-{version}.{architecture}"),
        None => format!("{package}-{version}"),
    }
}

/// Version 4: `RHSA-2026:1234 Important/Sec. openssl-1:3.0.7-27.el9.x86_64`. Version 5 has a heading and more columns:
/// `RHSA-2026:1234 security Important openssl-1:3.0.7-27.el9.x86_64 2026-11-01 10:00:00`.
fn advisory(line: &Line<'_>) -> Result<Option<(String, String)>, ParseError> {
    let fields: Vec<&str> = line.text.split_whitespace().collect();
    match fields.as_slice() {
        ["Name", "Type", ..] => Ok(None),
        [advisory, kind, package] if kind.ends_with("Sec.") || *kind == "security" => {
            Ok(Some(((*advisory).to_owned(), (*package).to_owned())))
        }
        [advisory, "security", _, package, ..] => Ok(Some(((*advisory).to_owned(), (*package).to_owned()))),
        _ => Err(line.expected("an advisory, its kind and a package")),
    }
}

/// `NAME.ARCHITECTURE VERSION REPOSITORY`; a long name stands alone on its line. Remarks about installed security
/// updates that wait for a restart are not updates.
fn update(line: &Line<'_>, pending: &mut Option<String>) -> Result<Option<[String; 3]>, ParseError> {
    if line.text.starts_with("Security: ") {
        return Ok(None);
    }
    let fields: Vec<&str> = line.text.split_whitespace().collect();
    let owned = |package: &str, version: &str, repository: &str| {
        Some([package.to_owned(), version.to_owned(), repository.to_owned()])
    };
    match (fields.as_slice(), pending.take()) {
        ([package, version, repository], None) => Ok(owned(package, version, repository)),
        ([package], None) => {
            *pending = Some((*package).to_owned());
            Ok(None)
        }
        ([version, repository], Some(package)) => Ok(owned(&package, version, repository)),
        _ => Err(line.expected("a package, its version and its repository")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::parse;

    #[test]
    fn security_updates_are_told_from_others() {
        let parsed = parse(include_bytes!("../../../collectors/linux/rpm_updates/sample/stdout")).unwrap();
        let find = |name: &str| parsed.rows.iter().find(|row| row["package"] == name).unwrap();
        assert_eq!(find("openssl.x86_64")["advisories"], json!(["RHSA-2026:7001"]));
        assert_eq!(find("openssl.x86_64")["security"], json!(true));
        assert_eq!(find("tzdata.noarch")["security"], json!(false));
        assert!(parsed.meta["package_lists_changed_at"].as_str().unwrap().starts_with("2026"));
    }

    #[test]
    fn both_versions_of_dnf_and_wrapped_names_are_read() {
        let output = b"== countersign security\nName            Type     Severity  Package  Issued\n\
            FEDORA-2026-1 security Important a-very-long-package-name-1.0-1.fc43.noarch 2026-11-01 10:00:00\n\
            == countersign updates\n\na-very-long-package-name.noarch\n       1.0-1.fc43      updates\n\
            Security: kernel-core-6.1.fc43.x86_64 is an installed security update\n\
            Obsoleting packages\nold.noarch 1 updates\n    old.noarch 0 @System\n== countersign end\n";
        let rows = parse(output).unwrap().rows;
        assert_eq!(rows.len(), 1);
        assert_eq!(rows[0]["security"], json!(true));
    }

    #[test]
    fn an_advisory_whose_package_is_not_listed_still_waits() {
        let output =
            b"== countersign security\nRHSA-2026:1 Critical/Sec. glibc-2.34-100.el9.x86_64\n== countersign updates\n\
            == countersign end\n";
        let rows = parse(output).unwrap().rows;
        assert_eq!((&rows[0]["security"], &rows[0]["to"]), (&json!(true), &json!(null)));
    }

    #[test]
    fn nothing_to_update_is_no_rows_and_a_cut_answer_is_an_error() {
        assert!(
            parse(b"== countersign security\n== countersign updates\n== countersign end\n").unwrap().rows.is_empty()
        );
        assert!(parse(b"== countersign security\n").is_err());
        let noise = b"== countersign updates\nError: Failed to download metadata for repo\n== countersign end\n";
        assert!(parse(noise).unwrap_err().to_string().contains("line 2"));
    }
}
