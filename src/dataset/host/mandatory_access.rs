//! `SELinux` and `AppArmor`: one row for each that this kernel has. A kernel with neither gives no rows.

use serde_json::{Value, json};

use super::text::{Line, Section, is_ended, sections};
use super::{ParseError, Parsed};

pub(super) fn parse(stdout: &[u8]) -> Result<Parsed, ParseError> {
    let sections = sections(stdout);
    let find = |name: &str| sections.iter().find(|section| section.name == name);
    if !is_ended(&sections) {
        return Err(ParseError::Nothing("mark at the end of the answer"));
    }
    if let Some(line) = find("").and_then(|section| section.lines.first()) {
        return Err(line.expected("the mark before the first part"));
    }
    let mut rows = Vec::new();
    if let Some(mode) = find("selinux-mode").and_then(first) {
        rows.push(selinux(mode, find("selinux-config"))?);
    }
    if let Some(enabled) = find("apparmor-enabled").and_then(first) {
        rows.push(apparmor(enabled, find("apparmor-profiles"))?);
    }
    Ok(Parsed::from(rows))
}

fn first<'a>(section: &'a Section<'_>) -> Option<&'a Line<'a>> {
    section.lines.first()
}

/// `getenforce` says `Enforcing`, `Permissive` or `Disabled`; the file says what the next start brings.
fn selinux(mode: &Line<'_>, config: Option<&Section<'_>>) -> Result<Value, ParseError> {
    let mode_word = mode.text.trim().to_ascii_lowercase();
    if !matches!(mode_word.as_str(), "enforcing" | "permissive" | "disabled") {
        return Err(mode.expected("Enforcing, Permissive or Disabled"));
    }
    let setting = |name: &str| {
        let lines = config.map(|section| section.lines.as_slice()).unwrap_or_default();
        let value = lines.iter().rev().find_map(|line| line.text.trim().strip_prefix(name)?.trim().strip_prefix('='));
        value.map(|value| value.trim().to_ascii_lowercase())
    };
    Ok(
        json!({"kind": "selinux", "mode": mode_word, "configured": setting("SELINUX"), "policy": setting("SELINUXTYPE")}),
    )
}

/// `Y` or `N`, and lines like `/usr/sbin/chronyd (enforce)`. Without the list (not root) the numbers are null.
fn apparmor(enabled: &Line<'_>, profiles: Option<&Section<'_>>) -> Result<Value, ParseError> {
    let is_enabled = match enabled.text.trim() {
        "Y" => true,
        "N" => false,
        _ => return Err(enabled.expected("Y or N")),
    };
    let count = |mode: &str| {
        profiles.map(|section| section.lines.iter().filter(|line| line.text.trim_end().ends_with(mode)).count())
    };
    if let Some(odd) =
        profiles.and_then(|section| section.lines.iter().find(|line| !line.text.trim_end().ends_with(')')))
    {
        return Err(odd.expected("a profile and its mode"));
    }
    Ok(json!({
        "kind": "apparmor",
        "enabled": is_enabled,
        "profiles": profiles.map(|section| section.lines.len()),
        "enforced": count("(enforce)").zip(count("(kill)")).map(|(enforced, killing)| enforced + killing),
        "complaining": count("(complain)"),
    }))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::parse;

    #[test]
    fn apparmor_is_counted_by_mode() {
        let rows =
            parse(include_bytes!("../../../collectors/linux/mandatory_access_control/sample/stdout")).unwrap().rows;
        assert_eq!(
            rows,
            [json!({"kind": "apparmor", "enabled": true, "profiles": 5, "enforced": 4, "complaining": 1})]
        );
    }

    #[test]
    fn selinux_tells_what_it_does_now_and_after_the_next_start() {
        let output = b"== countersign selinux-mode\nPermissive\n== countersign selinux-config\n# SELINUX=disabled\n\
            SELINUX = Enforcing\nSELINUXTYPE=targeted\n== countersign end\n";
        assert_eq!(
            parse(output).unwrap().rows,
            [json!({"kind": "selinux", "mode": "permissive", "configured": "enforcing", "policy": "targeted"})]
        );
    }

    #[test]
    fn profiles_that_could_not_be_read_are_not_none() {
        let rows = parse(b"== countersign apparmor-enabled\nY\n== countersign end\n").unwrap().rows;
        assert_eq!(rows[0]["enforced"], json!(null));
    }

    #[test]
    fn a_kernel_with_neither_has_no_rows_and_noise_is_an_error() {
        assert!(parse(b"== countersign end\n").unwrap().rows.is_empty());
        for bad in
            ["", "== countersign selinux-mode\nEnforcing\n", "== countersign selinux-mode\nmaybe\n== countersign end\n"]
        {
            assert!(parse(bad.as_bytes()).is_err(), "{bad}");
        }
    }
}
