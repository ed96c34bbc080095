use super::{Compiling, Library, RegoModule, lint_library, load_check};
use crate::catalog::fault::Faults;
use crate::model::finding::FindingOutcome;
use std::borrow::Cow;

const PATH: &str = "controls/checks/m365/sample/check.rego";

const GOOD: &str = r#"# METADATA
# title: A sample
# description: Shows the shape.
# related_resources:
#   - ref: https://example.com/sample
# custom:
#   severity: low
#   requires: [m365/users]
#   proves: {cmmc-l2: {"3.5.3[b]": part}}
#   remediation: {provider: Do this., internal: Do that.}
package checks.m365.sample

findings contains {"resource": "tenant", "outcome": "pass", "because": "seen"} if {
	input.datasets["m365/users"].rows
}
"#;

fn cases(names: &[&str]) -> Vec<(String, Cow<'static, [u8]>)> {
    let body = br#"{"now": "2026-03-31", "datasets": {"m365/users": {"outcome": "complete", "rows": [{}]}}}"#;
    names.iter().map(|name| ((*name).to_owned(), Cow::Borrowed(body.as_slice()))).collect()
}

const NAMES: [&str; 3] = ["pass_a.json", "fail_a.json", "unknown_a.json"];

fn faults(rego: &str, cases: &[(String, Cow<'static, [u8]>)]) -> String {
    let mut faults = Faults::default();
    assert!(load_check(PATH, rego, cases, &[], Compiling::Now, &mut faults).is_none(), "loaded although it is faulty");
    faults.to_string()
}

#[test]
fn a_sound_check_loads_with_its_id_from_the_folder() {
    let mut faults = Faults::default();
    let check = load_check(PATH, GOOD, &cases(&NAMES), &[], Compiling::Now, &mut faults).unwrap();
    assert!(faults.is_empty(), "{faults}");
    assert_eq!((check.id.as_str(), check.package().as_str()), ("m365/sample", "checks.m365.sample"));
    assert_eq!(check.references, ["https://example.com/sample"]);
    let expected: Vec<_> = check.cases.iter().map(|case| case.expected).collect();
    assert_eq!(expected, [FindingOutcome::Fail, FindingOutcome::Pass, FindingOutcome::Unknown]);
}

#[test]
fn everything_that_is_wrong_is_reported_at_once_with_its_line() {
    let rego = GOOD
        .replace("severity: low", "severity: huge")
        .replace("package checks.m365.sample", "package checks.m365.other")
        .replace("\tinput.", "\ttime.now_ns() > 0\n\tinput.")
        + "\ndefault verdict := \"pass\"\n";
    let said = faults(&rego, &cases(&["pass_a.json", "good.json", "pass_b.txt"]));
    for expected in [
        "check.rego:7: METADATA cannot be read",
        "check.rego:11: the package is `checks.m365.other`",
        "check.rego:14: `time.now_ns` may not be used",
        "check.rego:18: a `default` may not be `pass`",
        "no case whose name begins with `fail_`",
        "no case whose name begins with `unknown_`",
        "cases/good.json: the name `good` does not say which outcome",
        "cases/pass_b.txt: a case is a .json file",
    ] {
        assert!(said.contains(expected), "{expected} is missing in: {said}");
    }
}

#[test]
fn a_rule_that_does_not_compile_is_reported_with_its_line() {
    let said = faults(&GOOD.replace("\tinput.datasets", "\tsome x in missing_thing\n\tinput.datasets"), &cases(&NAMES));
    assert!(said.contains("check.rego:14: "), "{said}");
}

#[test]
fn a_builtin_that_does_not_exist_is_refused_when_loading() {
    let said = faults(&GOOD.replace("\tinput.datasets", "\thttp.send({})\n\tinput.datasets"), &cases(&NAMES));
    assert!(said.contains("check.rego:14: `http` may not be used"), "{said}");
}

#[test]
fn unknown_keys_and_missing_parts_of_the_metadata_are_refused() {
    assert!(faults(&GOOD.replace("severity", "severety"), &cases(&NAMES)).contains("check.rego:7: "));
    let said = faults(&GOOD.replace(", internal: Do that.", "").replace("[m365/users]", "[]"), &cases(&NAMES));
    assert!(said.contains("check.rego:10: `remediation` has no text for `internal`"), "{said}");
    assert!(said.contains("check.rego:8: `requires` is empty"), "{said}");
    assert!(said.contains("which the check neither requires nor uses"), "{said}");
    assert!(faults(&GOOD.replace("# METADATA", "# metadata"), &cases(&NAMES)).contains("no `# METADATA` block"));
}

#[test]
fn a_case_that_is_no_case_is_refused_with_its_line() {
    let mut broken = cases(&NAMES);
    broken[0].1 = b"{\n \"now\": \"2026-03-31\",\n \"dataset\": {}\n}".to_vec().into();
    assert!(
        faults(GOOD, &broken).contains("cases/pass_a.json:3: the case cannot be read"),
        "{}",
        faults(GOOD, &broken)
    );
}

#[test]
fn words_in_comments_and_texts_are_no_faults() {
    let rego =
        GOOD.replace("\"seen\"", "\"time.now_ns and http.send\"") + "# rand.intn is not used\ndefault other := 1\n";
    let mut faults = Faults::default();
    assert!(load_check(PATH, &rego, &cases(&NAMES), &[], Compiling::Now, &mut faults).is_some(), "{faults}");
}

#[test]
fn the_digest_changes_with_the_rule_and_with_the_library_only() {
    let digest = |rego: &str, library: &str| {
        let library = [RegoModule { file: "lib/a.rego".to_owned(), text: library.to_owned() }];
        load_check(PATH, rego, &cases(&NAMES), &library, Compiling::Now, &mut Faults::default()).unwrap().digest
    };
    let first = digest(GOOD, "package lib.a\n");
    assert_eq!(first, digest(GOOD, "package lib.a\n"));
    assert_ne!(first, digest(&format!("{GOOD}\n"), "package lib.a\n"));
    assert_ne!(first, digest(GOOD, "package lib.a\nx := 1\n"));
}

#[test]
fn a_library_outside_of_lib_or_with_the_clock_is_refused() {
    let mut faults = Faults::default();
    let text = "package checks.m365.x\nnow := time.now_ns()\n".to_owned();
    lint_library(&RegoModule { file: "lib/x.rego".to_owned(), text }, &mut faults);
    let said = faults.to_string();
    assert!(said.contains("lib/x.rego:1: a shared library must be in a package"), "{said}");
    assert!(said.contains("lib/x.rego:2: `time.now_ns`"), "{said}");
}

#[test]
fn rules_are_known_to_compile_together_only_if_each_does_alone() {
    let module = |file: &str, text: String| RegoModule { file: file.to_owned(), text };
    let rule = |package: &str, body: &str| {
        let text = format!("package {package}\n\nfindings contains data.lib.a.f({body})\n");
        (package.to_owned(), module(package, text))
    };
    let mut library = Library::new(&[module("lib/a.rego", "package lib.a\n\nf(x) := x\n".to_owned())]);
    let known = |library: &Library, rules: &[(String, RegoModule)]| -> Vec<String> {
        library.compile_together(rules).into_iter().map(str::to_owned).collect()
    };
    let sound = [rule("checks.x.a", "1"), rule("checks.x.b", "2")];
    assert_eq!(known(&library, &sound), ["checks.x.a", "checks.x.b"]);
    let mut nosy = sound.to_vec();
    nosy.push(rule("checks.x.c", "data.checks.x.a.findings"));
    assert_eq!(known(&library, &nosy), ["checks.x.a", "checks.x.b"], "alone it would not see the other");
    let mut silent = sound.to_vec();
    silent.push(("checks.x.c".to_owned(), module("c", "package checks.x.c\n\nfindings.one := 1\n".to_owned())));
    assert_eq!(known(&library, &silent), ["checks.x.a", "checks.x.b"]);
    assert!(library.compile("checks.x.c", &silent[2].1).is_err());
    let mut elsewhere = sound.to_vec();
    elsewhere.push(("checks.x.c".to_owned(), sound[0].1.clone()));
    assert!(known(&library, &elsewhere).is_empty(), "it is in the package of another");
    let mut broken = sound.to_vec();
    let text = "package checks.x.c\n\nfindings contains x if {\n\tsome x in missing_thing\n}\n";
    broken.push(("checks.x.c".to_owned(), module("c", text.to_owned())));
    assert!(known(&library, &broken).is_empty());
    assert!(library.compile("checks.x.c", &broken[2].1).is_err());
    assert!(library.compile("checks.x.a", &broken[0].1).is_ok(), "the broken one is nothing to it");
}
