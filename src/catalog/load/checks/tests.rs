use super::load;
use crate::catalog::fault::Faults;
use crate::catalog::files::FileSet;

const CASE: &str = r#"{"now": "2026-03-31", "datasets": {"m365/users": {"outcome": "complete", "rows": [{}]}}}"#;

const LIBRARY: &str = "package lib.words\n\nsaid := \"seen\"\n";

fn rule(name: &str) -> String {
    format!(
        r#"# METADATA
# title: A sample
# description: Shows the shape.
# custom:
#   severity: low
#   requires: [m365/users]
#   proves: {{cmmc-l2: {{"3.5.3[b]": part}}}}
#   remediation: {{provider: Do this., internal: Do that.}}
package checks.m365.{name}

import data.lib.words

findings contains {{"resource": "tenant", "outcome": "pass", "because": words.said}} if {{
	input.datasets["m365/users"].rows
}}
"#
    )
}

/// Loads these rules by the name of their folders; answers with the checks that are sound and what is wrong with the others.
fn loaded(rules: &[(&str, String)]) -> (Vec<String>, Vec<String>) {
    let mut files = FileSet::default().with_file("controls/checks/lib/words.rego", LIBRARY);
    for (name, rule) in rules {
        files = files.with_file(&format!("controls/checks/m365/{name}/check.rego"), rule.as_str());
        for case in ["pass_a", "fail_a", "unknown_a"] {
            files = files.with_file(&format!("controls/checks/m365/{name}/cases/{case}.json"), CASE);
        }
    }
    let mut faults = Faults::default();
    let checks = load(&files, &mut faults).checks;
    (checks.keys().map(ToString::to_string).collect(), faults.0.iter().map(ToString::to_string).collect())
}

#[test]
fn of_many_rules_the_one_that_does_not_compile_is_named_with_its_line_and_the_others_are_sound() {
    let broken = rule("b").replace("\tinput.datasets", "\tsome x in missing_thing\n\tinput.datasets");
    let (sound, faults) = loaded(&[("a", rule("a")), ("b", broken), ("c", rule("c"))]);
    assert_eq!(sound, ["m365/a", "m365/c"]);
    assert_eq!(faults.len(), 1, "{faults:?}");
    assert!(faults[0].starts_with("controls/checks/m365/b/check.rego:14: "), "{faults:?}");
}

#[test]
fn a_rule_in_the_package_of_another_is_refused_and_adds_nothing_to_that_one() {
    let (sound, faults) = loaded(&[("a", rule("a")), ("b", rule("a"))]);
    assert_eq!(sound, ["m365/a"]);
    assert_eq!(faults.len(), 1, "{faults:?}");
    assert!(faults[0].starts_with("controls/checks/m365/b/check.rego:9: the package is `checks.m365.a`"), "{faults:?}");
}

#[test]
fn a_rule_that_answers_with_no_findings_is_refused_beside_sound_ones() {
    let (sound, faults) = loaded(&[("a", rule("a")), ("b", rule("b").replace("findings contains", "others contains"))]);
    assert_eq!(sound, ["m365/a"]);
    assert_eq!(faults.len(), 1, "{faults:?}");
    assert!(faults[0].starts_with("controls/checks/m365/b/check.rego: "), "{faults:?}");
}
