//! `systemctl list-unit-files`, then `systemctl list-units`: which services start by themselves, and which run.
//!
//! The first works from files and needs no running systemd; without the second, `active` is null. Enabled does not
//! mean running.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::text::{Line, Section, is_ended, sections};
use super::{ParseError, Parsed};

/// The section of running units.
const UNITS: &str = "list-units";

pub(super) fn parse(stdout: &[u8]) -> Result<Parsed, ParseError> {
    let sections = sections(stdout);
    let files = sections.iter().find(|section| section.name.is_empty()).map(|section| section.lines.as_slice());
    let active = active_units(&sections)?;
    let rows =
        files.unwrap_or_default().iter().map(|line| row(line, active.as_ref())).collect::<Result<Vec<_>, _>>()?;
    if rows.is_empty() {
        return Err(ParseError::Nothing("services"));
    }
    Ok(Parsed::from(rows))
}

/// Unit name -> active; none when the running systemd could not be asked.
fn active_units(sections: &[Section<'_>]) -> Result<Option<BTreeMap<String, bool>>, ParseError> {
    let units = sections.iter().find(|section| section.name == UNITS);
    let Some(units) = units.filter(|_| is_ended(sections)) else { return Ok(None) };
    let mut active = BTreeMap::new();
    for line in &units.lines {
        let fields: Vec<&str> = line.text.trim_start_matches(['●', '*', ' ']).split_whitespace().take(4).collect();
        let [unit, _load, state, _sub] = fields.as_slice() else {
            return Err(line.expected("a unit with load, active and sub state"));
        };
        let is_active = matches!(*state, "active" | "reloading" | "refreshing");
        active.insert((*unit).to_owned(), is_active);
        if let Some(template) = template_of(unit) {
            *active.entry(template).or_insert(false) |= is_active;
        }
    }
    Ok(Some(active))
}

/// `getty@.service` for `getty@tty1.service`: a template counts as active when one of its instances is.
fn template_of(unit: &str) -> Option<String> {
    let (name, rest) = unit.split_once('@')?;
    let (_, suffix) = rest.rsplit_once('.')?;
    Some(format!("{name}@.{suffix}"))
}

/// `UNIT STATE`, and on newer systems the vendor's preset.
fn row(line: &Line<'_>, active: Option<&BTreeMap<String, bool>>) -> Result<Value, ParseError> {
    let mut fields = line.text.split_whitespace();
    let (Some(unit), Some(state)) = (fields.next().filter(|unit| unit.contains('.')), fields.next()) else {
        return Err(line.expected("a service and its state"));
    };
    let active = active.map(|units| units.get(unit).copied().unwrap_or(false));
    Ok(json!({"unit": unit, "state": state, "active": active}))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::parse;

    #[test]
    fn a_host_whose_systemd_does_not_run_shows_states_but_not_what_runs() {
        let rows = parse(include_bytes!("../../../collectors/linux/services/sample/stdout")).unwrap().rows;
        assert!(rows.contains(&json!({"unit": "ssh.service", "state": "enabled", "active": null})));
    }

    #[test]
    fn enabled_is_not_running_and_a_template_runs_by_its_instances() {
        let output = b"ssh.service enabled enabled\ncron.service enabled\ngetty@.service enabled\nx.service masked\n\
            == countersign list-units\n\
            ssh.service loaded active running OpenBSD Secure Shell server\n\
            cron.service loaded failed failed Regular background jobs\n\
            getty@tty1.service loaded active running Getty on tty1\n\
            == countersign end\n";
        let rows = parse(output).unwrap().rows;
        let active: Vec<_> = rows.iter().map(|row| row["active"].clone()).collect();
        assert_eq!(active, [json!(true), json!(false), json!(true), json!(false)]);
    }

    #[test]
    fn a_list_of_running_units_that_was_cut_off_is_not_used() {
        let rows = parse(b"ssh.service enabled\n== countersign list-units\n").unwrap().rows;
        assert_eq!(rows[0]["active"], json!(null));
    }

    #[test]
    fn a_line_that_is_no_unit_is_refused_with_its_number() {
        for bad in ["12 unit files listed.", "lonely.service"] {
            let fault = parse(format!("ssh.service enabled\n{bad}\n").as_bytes()).unwrap_err();
            assert!(fault.to_string().contains("line 2"), "{fault}");
        }
    }
}
