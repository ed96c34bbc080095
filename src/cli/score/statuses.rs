//! A file of findings: one JSON object, requirement to finding. Every fault is named with its line, all of them at once.

use std::fmt;
use std::path::Path;

use anyhow::Context;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};

use crate::assess::cmmc::{CmmcFault, Finding, Findings, is_security_plan, requirement};
use crate::catalog::framework::Framework;
use crate::config::limited;

/// More than any framework needs.
const LARGEST: u64 = 1024 * 1024;

/// Reads the findings of a framework.
///
/// # Errors
/// The file cannot be read, is no such object, or names what the framework does not have.
pub fn read(path: &Path, framework: &Framework) -> anyhow::Result<Findings> {
    let shown = path.display();
    let bytes = limited::read(path, LARGEST).with_context(|| format!("{shown} cannot be read"))?;
    let bytes = bytes.with_context(|| format!("{shown} is larger than {LARGEST} bytes; no file of findings is"))?;
    parse(&bytes, framework).map_err(|faults| {
        let lines: Vec<String> = faults.into_iter().map(|(line, fault)| format!("{shown}:{line}: {fault}")).collect();
        anyhow::anyhow!("the findings cannot be used:\n  {}", lines.join("\n  "))
    })
}

fn parse(bytes: &[u8], framework: &Framework) -> Result<Findings, Vec<(usize, String)>> {
    // Windows' editors begin a text with the mark.
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    let text = std::str::from_utf8(bytes).map_err(|fault| {
        let before = bytes.get(..fault.valid_up_to()).unwrap_or_default();
        let line = before.split(|byte| *byte == b'\n').count();
        vec![(line, "the file is not UTF-8 text from here on; save it as UTF-8".to_owned())]
    })?;
    let pairs: Pairs = serde_json::from_str(text).map_err(|fault| {
        let hint = "one JSON object is expected, such as {\"3.1.1\": \"met\", \"3.5.3\": \"partial\"}";
        vec![(fault.line().max(1), format!("{fault}; {hint}"))]
    })?;
    let (mut findings, mut faults) = (Findings::new(), Vec::new());
    for (name, word) in pairs.0 {
        let line = line_of(text, &name);
        let found = serde_json::from_value::<Finding>(word.clone().into());
        match (requirement(framework, &name), found) {
            (Ok(control), Ok(Finding::NotApplicable)) if is_security_plan(control) => {
                faults.push((line, CmmcFault::AlwaysApplies(control.id.clone()).to_string()));
            }
            (Ok(control), Ok(Finding::Partial)) if control.partial_value().is_none() => {
                faults.push((line, CmmcFault::NoPartialValue(control.id.clone()).to_string()));
            }
            (Ok(control), Ok(found)) => {
                if findings.insert(control.id.clone(), found).is_some() {
                    faults.push((line, format!("`{name}` is named twice")));
                }
            }
            (Err(fault), _) => faults.push((line, fault.to_string())),
            (_, Err(_)) => faults.push((
                line,
                format!("`{name}` is `{word}`; use met, not_met, not_applicable, partial or undetermined"),
            )),
        }
    }
    if faults.is_empty() { Ok(findings) } else { Err(faults) }
}

/// The line that holds the last such key, counted from 1.
fn line_of(text: &str, name: &str) -> usize {
    let quoted = serde_json::Value::from(name).to_string();
    text.rfind(&quoted).and_then(|at| text.get(..at)).map_or(1, |before| before.matches('\n').count() + 1)
}

/// Every pair of an object, doubles included.
struct Pairs(Vec<(String, String)>);

impl<'de> Deserialize<'de> for Pairs {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct PairsVisitor;
        impl<'de> Visitor<'de> for PairsVisitor {
            type Value = Pairs;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an object of requirements and findings")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Pairs, A::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = map.next_entry()? {
                    pairs.push(pair);
                }
                Ok(Pairs(pairs))
            }
        }
        deserializer.deserialize_map(PairsVisitor)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use super::{parse, read};
    use crate::assess::cmmc::Finding;
    use crate::catalog::Catalog;
    use crate::catalog::framework::Framework;

    static CATALOG: LazyLock<Catalog> = LazyLock::new(|| Catalog::embedded().unwrap());

    fn level_2() -> &'static Framework {
        &CATALOG.frameworks[&"cmmc-l2".parse().unwrap()]
    }

    #[test]
    fn a_requirement_may_be_named_by_number_or_id_and_what_nobody_has_shown_is_not_met() {
        let text = r#"{"3.1.1": "met", "AC.L2-3.1.2": "undetermined", "3.5.3": "partial", "3.1.16": "not_applicable"}"#;
        let findings = parse(text.as_bytes(), level_2()).unwrap();
        let of = |id: &str| findings[&id.parse().unwrap()];
        assert_eq!((of("AC.L2-3.1.1"), of("AC.L2-3.1.2")), (Finding::Met, Finding::NotMet));
        assert_eq!((of("IA.L2-3.5.3"), of("AC.L2-3.1.16")), (Finding::Partial, Finding::NotApplicable));
    }

    #[test]
    fn every_fault_of_a_file_is_named_with_its_line() {
        let text = "{\n\"3.1.1\": \"met\",\n\"9.9.9\": \"met\",\n\"3.1.2\": \"yes\",\n\"AC.L2-3.1.1\": \"met\"\n}";
        let faults = parse(text.as_bytes(), level_2()).unwrap_err();
        let lines: Vec<usize> = faults.iter().map(|(line, _)| *line).collect();
        assert_eq!(lines, [3, 4, 5], "{faults:?}");
        assert!(faults[0].1.contains("9.9.9") && faults[1].1.contains("yes") && faults[2].1.contains("twice"));
    }

    #[test]
    fn a_security_plan_is_never_not_applicable() {
        let faults = parse(b"{\n\"3.12.4\": \"not_applicable\"}", level_2()).unwrap_err();
        assert_eq!(faults[0].0, 2);
        assert!(faults[0].1.contains("CA.L2-3.12.4 always applies"), "{faults:?}");
        assert!(faults[0].1.contains("170.24(c)(2)(i)(B)(5)"), "{faults:?}");
    }

    #[test]
    fn what_is_no_object_of_findings_is_refused_with_a_line() {
        for text in ["", "[]", "{\"3.1.1\": 1}", "{\"3.1.1\": \"met\"", "{\"3.1.1\": {\"a\": \"met\"}}"] {
            assert_eq!(parse(text.as_bytes(), level_2()).unwrap_err()[0].0, 1, "{text}");
        }
    }

    #[test]
    fn a_partial_finding_that_the_rule_does_not_know_is_told_with_its_line_each_of_them() {
        let text = "{\n\"3.1.1\": \"partial\",\n\"3.5.3\": \"partial\",\n\"3.1.2\": \"partial\"\n}";
        let faults = parse(text.as_bytes(), level_2()).unwrap_err();
        assert_eq!(faults.iter().map(|(line, _)| *line).collect::<Vec<_>>(), [2, 4], "{faults:?}");
        assert!(faults[0].1.contains("AC.L2-3.1.1 has no partial value"), "{faults:?}");
    }

    #[test]
    fn the_mark_that_editors_put_before_a_text_is_no_fault_and_what_is_no_text_has_its_line() {
        assert_eq!(parse(b"\xEF\xBB\xBF{\"3.1.1\": \"met\"}", level_2()).unwrap().len(), 1);
        let faults = parse(b"{\n\"3.1.1\": \"m\xffet\"}", level_2()).unwrap_err();
        assert_eq!(faults[0].0, 2, "{faults:?}");
    }

    #[cfg(unix)]
    #[test]
    fn a_file_of_findings_without_an_end_is_refused_and_not_read_to_it() {
        let fault = read(std::path::Path::new("/dev/zero"), level_2()).unwrap_err();
        assert!(fault.to_string().contains("is larger than"), "{fault}");
    }
}
