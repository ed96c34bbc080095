//! What installs updates by itself (unattended-upgrades of apt, dnf-automatic), and when package lists were last
//! fetched. Whether the timers run is another dataset.

use chrono::DateTime;
use serde_json::{Map, Value, json};

use super::text::{Line, is_ended, sections};
use super::{ParseError, Parsed};
use crate::model::time::Timestamp;

pub(super) fn parse(stdout: &[u8]) -> Result<Parsed, ParseError> {
    let (mut apt, mut dnf) = (None, None);
    let mut rows = Vec::new();
    let sections = sections(stdout);
    for section in &sections {
        match section.name.as_str() {
            "apt" => drop(apt.get_or_insert_with(Apt::default)),
            "dnf" => drop(dnf.get_or_insert_with(Map::new)),
            _ => {}
        }
        for line in &section.lines {
            match (section.name.as_str(), &mut apt, &mut dnf) {
                ("apt", Some(apt), _) => apt.take(line)?,
                ("unattended-upgrade", Some(apt), _) => apt.is_installed = true,
                ("dnf", _, Some(dnf)) => take_dnf(dnf, line)?,
                ("lists", ..) => rows.push(stamp(line)?),
                _ => return Err(line.expected("settings of apt or dnf, or times of package lists")),
            }
        }
    }
    if !is_ended(&sections) {
        return Err(ParseError::Nothing("mark at the end of the answer"));
    }
    rows.splice(0..0, apt.map(|apt| apt.row()).into_iter().chain(dnf.map(|dnf| dnf_row(&dnf))));
    Ok(Parsed::from(rows))
}

#[derive(Default)]
struct Apt {
    periodic: Map<String, Value>,
    origins: Vec<String>,
    excluded: Vec<String>,
    is_installed: bool,
}

impl Apt {
    /// `APT::Periodic::Unattended-Upgrade "1";`. Members of a list have an empty last part.
    fn take(&mut self, line: &Line<'_>) -> Result<(), ParseError> {
        let setting = line.text.trim().strip_suffix(';').and_then(|text| text.split_once(' '));
        let unquoted = |value: &'_ str| Some(value.trim().strip_prefix('"')?.strip_suffix('"')?.to_owned());
        let Some((name, value)) = setting.and_then(|(name, value)| Some((name, unquoted(value)?))) else {
            return Err(line.expected("a setting of apt"));
        };
        match name {
            "Unattended-Upgrade::Origins-Pattern::" | "Unattended-Upgrade::Allowed-Origins::" => {
                self.origins.push(value);
            }
            "Unattended-Upgrade::Package-Blacklist::" => self.excluded.push(value),
            _ => {
                if let Some(name) = name.strip_prefix("APT::Periodic::") {
                    self.periodic.insert(name.to_ascii_lowercase(), Value::from(value));
                }
            }
        }
        Ok(())
    }

    fn row(&self) -> Value {
        let periodic = |name: &str| self.periodic.get(name);
        json!({
            "kind": "apt",
            "installed": self.is_installed,
            "enable": periodic("enable"),
            "update_package_lists": periodic("update-package-lists"),
            "unattended_upgrade": periodic("unattended-upgrade"),
            "origins": self.origins,
            "excluded_packages": self.excluded,
        })
    }
}

/// `[commands]` and below it `apply_updates = yes`; other parts are kept with their names.
fn take_dnf(dnf: &mut Map<String, Value>, line: &Line<'_>) -> Result<(), ParseError> {
    let text = line.text.trim();
    if text.starts_with(['#', ';', '[']) {
        return Ok(());
    }
    let (name, value) = text.split_once('=').ok_or_else(|| line.expected("name = value"))?;
    dnf.insert(name.trim().to_owned(), Value::from(value.trim().to_ascii_lowercase()));
    Ok(())
}

fn dnf_row(dnf: &Map<String, Value>) -> Value {
    json!({
        "kind": "dnf",
        "apply_updates": dnf.get("apply_updates"),
        "download_updates": dnf.get("download_updates"),
        "upgrade_type": dnf.get("upgrade_type"),
    })
}

/// Seconds since 1970, path.
fn stamp(line: &Line<'_>) -> Result<Value, ParseError> {
    let (seconds, path) = line.text.trim().split_once(' ').ok_or_else(|| line.expected("a time and a path"))?;
    let time = seconds.parse().ok().and_then(|seconds| DateTime::from_timestamp(seconds, 0));
    let time = time.ok_or_else(|| line.expected("a time in seconds since 1970"))?;
    Ok(json!({"kind": "lists", "path": path, "changed_at": Timestamp::from(time).to_string()}))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::parse;

    #[test]
    fn a_real_debian_host_installs_security_updates_by_itself() {
        let rows = parse(include_bytes!("../../../collectors/linux/automatic_updates/sample/stdout")).unwrap().rows;
        assert_eq!(rows[0]["kind"], json!("apt"));
        assert_eq!((&rows[0]["installed"], &rows[0]["unattended_upgrade"]), (&json!(true), &json!("1")));
        assert_eq!(rows[0]["enable"], json!(null));
        let origins = rows[0]["origins"].as_array().unwrap();
        assert!(origins.iter().any(|origin| origin.as_str().unwrap().ends_with("label=Debian-Security")));
        assert_eq!((&rows[1]["kind"], &rows[1]["path"]), (&json!("lists"), &json!("/var/lib/apt/lists")));
    }

    #[test]
    fn settings_of_dnf_are_read_without_their_comments() {
        let output = b"== countersign dnf\n[commands]\n# apply_updates = no\nupgrade_type = Security\napply_updates=Yes\n\
            [emitters]\nemit_via = stdio\n== countersign lists\n1795000000 /var/cache/dnf/last_makecache\n== countersign end\n";
        let rows = parse(output).unwrap().rows;
        assert_eq!(
            rows[0],
            json!({"kind": "dnf", "apply_updates": "yes", "download_updates": null, "upgrade_type": "security"})
        );
    }

    #[test]
    fn the_setting_alone_is_not_the_program() {
        let output = b"== countersign apt\nAPT::Periodic::Unattended-Upgrade \"1\";\n== countersign end\n";
        assert_eq!(parse(output).unwrap().rows[0]["installed"], json!(false));
    }

    #[test]
    fn a_host_with_neither_has_no_rows_and_a_cut_answer_is_an_error() {
        assert!(parse(b"== countersign lists\n== countersign end\n").unwrap().rows.is_empty());
        assert!(parse(b"== countersign apt\n").is_err());
        assert!(
            parse(b"== countersign apt\nnonsense\n== countersign end\n").unwrap_err().to_string().contains("line 2")
        );
    }
}
