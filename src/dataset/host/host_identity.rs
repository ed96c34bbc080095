//! Operating system, kernel, running time and machine id: which machine this is, as one row.

use serde_json::{Map, Value, json};

use super::text::{Line, sections};
use super::{ParseError, Parsed};

pub(super) fn parse(stdout: &[u8]) -> Result<Parsed, ParseError> {
    let mut release = Map::new();
    let mut row = Map::new();
    for section in sections(stdout) {
        for line in &section.lines {
            match section.name.as_str() {
                "os-release" => add_release(&mut release, line)?,
                "kernel" => add_kernel(&mut row, line)?,
                "uptime" => add_uptime(&mut row, line)?,
                "machine-id" => drop(row.insert("machine_id".to_owned(), Value::from(line.text.trim()))),
                "reboot-required" => drop(row.insert("reboot_required".to_owned(), Value::Bool(true))),
                _ => return Err(line.expected("a part that the collector announced")),
            }
        }
    }
    if release.is_empty() && row.is_empty() {
        return Err(ParseError::Nothing("facts about the operating system"));
    }
    let fact = |name: &str| row.get(name).cloned().unwrap_or_default();
    Ok(Parsed::from(vec![json!({
        "os_id": release.get("ID"),
        "os_name": release.get("PRETTY_NAME"),
        "os_version": release.get("VERSION_ID"),
        "kernel": fact("kernel"),
        "architecture": fact("architecture"),
        "uptime_seconds": fact("uptime_seconds"),
        "machine_id": fact("machine_id"),
        "reboot_required": fact("reboot_required"),
    })]))
}

/// `NAME=value`, `NAME="value"` or `NAME='value'`.
fn add_release(release: &mut Map<String, Value>, line: &Line<'_>) -> Result<(), ParseError> {
    let text = line.text.trim();
    if text.starts_with('#') {
        return Ok(());
    }
    let (name, value) = text.split_once('=').ok_or_else(|| line.expected("NAME=value"))?;
    let value = ['"', '\'']
        .iter()
        .find_map(|quote| value.strip_prefix(*quote).and_then(|inner| inner.strip_suffix(*quote)))
        .unwrap_or(value);
    release.insert(name.to_owned(), Value::from(value));
    Ok(())
}

/// `Linux 6.1.0-40-amd64 x86_64`.
fn add_kernel(row: &mut Map<String, Value>, line: &Line<'_>) -> Result<(), ParseError> {
    let fields: Vec<&str> = line.text.split_whitespace().collect();
    let [_system, kernel, architecture] = fields.as_slice() else {
        return Err(line.expected("system, kernel release and architecture"));
    };
    row.insert("kernel".to_owned(), Value::from(*kernel));
    row.insert("architecture".to_owned(), Value::from(*architecture));
    Ok(())
}

/// `959.52 1113.28`: the first number counts, in whole seconds.
fn add_uptime(row: &mut Map<String, Value>, line: &Line<'_>) -> Result<(), ParseError> {
    let whole = line.text.trim().split(['.', ' ']).next().unwrap_or_default();
    let seconds: u64 = whole.parse().map_err(|_| line.expected("a number of seconds"))?;
    row.insert("uptime_seconds".to_owned(), Value::from(seconds));
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::parse;

    #[test]
    fn a_real_host_is_one_row() {
        let rows = parse(include_bytes!("../../../collectors/linux/host_identity/sample/stdout")).unwrap().rows;
        assert_eq!(rows.len(), 1);
        assert_eq!(rows[0]["os_id"], json!("debian"));
        assert_eq!(rows[0]["os_version"], json!("12"));
        assert_eq!(rows[0]["architecture"], json!("x86_64"));
        assert!(rows[0]["uptime_seconds"].is_u64());
        assert_eq!(rows[0]["reboot_required"], json!(null));
    }

    #[test]
    fn quotes_are_taken_off_and_missing_parts_are_null() {
        let output = b"== countersign os-release\n# x\nID='arch'\nPRETTY_NAME=\"Arch Linux\"\n\
            == countersign machine-id\n== countersign reboot-required\nyes\n";
        let rows = parse(output).unwrap().rows;
        assert_eq!(rows[0]["os_id"], json!("arch"));
        assert_eq!(rows[0]["os_version"], json!(null));
        assert_eq!(rows[0]["machine_id"], json!(null));
        assert_eq!(rows[0]["reboot_required"], json!(true));
    }

    #[test]
    fn an_uptime_that_is_no_number_is_refused_with_its_line() {
        let fault = parse(b"== countersign uptime\nlong\n").unwrap_err();
        assert!(fault.to_string().contains("line 2"), "{fault}");
    }
}
