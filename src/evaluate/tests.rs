//! Every check of the catalog against its cases, and the judge against the contract.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::json;

use super::cases::{test_case, test_check};
use super::{Inputs, Judge, Subject};
use crate::catalog::check::{CheckDefinition, Compiling, RegoModule, lint_library, load_check};
use crate::catalog::fault::Faults;
use crate::dataset::Dataset;
use crate::model::evidence::CollectionOutcome::{self, Complete, Denied, NotOffered, Partial, Unlicensed};
use crate::model::finding::{CheckResult, FindingOutcome};
use crate::model::id::DatasetId;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("controls/checks")
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

fn name(path: &Path) -> String {
    path.strip_prefix(env!("CARGO_MANIFEST_DIR")).unwrap().to_str().unwrap().to_owned()
}

fn shipped() -> (Vec<CheckDefinition>, Vec<RegoModule>) {
    let mut faults = Faults::default();
    let library: Vec<RegoModule> = entries(&folder().join("lib"))
        .iter()
        .map(|path| RegoModule { file: name(path), text: std::fs::read_to_string(path).unwrap() })
        .collect();
    for module in &library {
        lint_library(module, &mut faults);
    }
    let mut checks = Vec::new();
    for source in entries(&folder()).into_iter().filter(|path| !path.ends_with("lib")) {
        for check in entries(&source) {
            let rule = check.join("check.rego");
            let text = std::fs::read_to_string(&rule).unwrap();
            let cases: Vec<_> = entries(&check.join("cases"))
                .iter()
                .map(|path| {
                    (path.file_name().unwrap().to_str().unwrap().to_owned(), std::fs::read(path).unwrap().into())
                })
                .collect();
            checks.extend(load_check(&name(&rule), &text, &cases, &library, Compiling::Now, &mut faults));
        }
    }
    assert!(faults.is_empty(), "{faults}");
    (checks, library)
}

#[test]
fn every_shipped_check_answers_its_cases_and_no_pass_survives_a_lost_property() {
    let (checks, library) = shipped();
    assert!(checks.len() >= 16, "only {} checks", checks.len());
    let judge = Judge::of(&checks, &library);
    let mut wrong = Vec::new();
    for check in &checks {
        let report = test_check(&judge, check);
        for case in report.cases.iter().filter(|case| !case.holds()) {
            let result = &case.result;
            wrong.push(format!("{} {}: {:?}: {}", check.id, case.case, result.outcome, result.because));
        }
        wrong.extend(report.violations.iter().map(|violation| format!("{} {violation}", check.id)));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_judge_can_be_shared_between_threads() {
    fn shared<T: Send + Sync>() {}
    shared::<Judge>();
    shared::<Inputs>();
}

const HEAD: &str = "package checks.m365.sample\n";

/// A check over `m365/users` with the given metadata lines and rule.
fn check(requires: &str, rule: &str) -> CheckDefinition {
    let metadata = format!(
        r#"{{"severity":"low","requires":{requires},"uses":[],"proves":{{}},"remediation":{{}},
            "unlicensed":{{"m365/conditional_access_policies":"feature_absent"}}}}"#
    );
    let rego = RegoModule { file: "check.rego".to_owned(), text: format!("{HEAD}{rule}") };
    CheckDefinition {
        id: "m365/sample".parse().unwrap(),
        title: String::new(),
        description: String::new(),
        references: Vec::new(),
        metadata: serde_json::from_str(&metadata).unwrap(),
        digest: crate::catalog::check::check_digest(&rego, &[]),
        rego,
        cases: Vec::new(),
    }
}

const PER_USER: &str = r#"findings contains {"resource": user.id, "outcome": user.verdict, "because": "said so"} if {
	some user in input.datasets["m365/users"].rows
}"#;

fn id(text: &str) -> DatasetId {
    text.parse().unwrap()
}

fn dataset(name: &str, outcome: CollectionOutcome, rows: &[serde_json::Value]) -> Dataset {
    Dataset {
        id: id(name),
        outcome,
        reason: "as told".to_owned(),
        collected_at: "2026-03-31T08:00:00Z".parse().unwrap(),
        rows: rows.to_vec(),
        meta: serde_json::Map::new(),
    }
}

fn judged(check: &CheckDefinition, library: &[RegoModule], datasets: Vec<Dataset>) -> CheckResult {
    let datasets: BTreeMap<_, _> = datasets.into_iter().map(|dataset| (dataset.id.clone(), dataset)).collect();
    let subject = Subject { organization: "harbor", target: "tenant-1", now: "2026-03-31T09:00:00Z".parse().unwrap() };
    let leaves = BTreeMap::from([(id("m365/users"), 41_u64)]);
    let inputs = Inputs::prepare(subject, datasets, &json!({}), &leaves, &|_| Some(48));
    Judge::of([check], library).judge(check, &inputs)
}

fn users(outcome: CollectionOutcome, verdicts: &[&str]) -> Vec<Dataset> {
    let rows: Vec<_> = verdicts.iter().enumerate().map(|(i, v)| json!({"id": format!("u{i}"), "verdict": v})).collect();
    vec![dataset("m365/users", outcome, &rows)]
}

const USERS: &str = r#"["m365/users"]"#;

#[test]
fn the_overall_outcome_is_the_worst_finding_and_says_how_many_more_there_are() {
    let result = judged(&check(USERS, PER_USER), &[], users(Complete, &["pass", "fail", "unknown", "fail"]));
    assert_eq!(result.outcome, FindingOutcome::Fail);
    assert_eq!(result.because, "said so (and 1 more)");
    assert_eq!(result.resources.len(), 4);
    assert_eq!(result.resources[0].outcome, FindingOutcome::Fail);
    assert_eq!((result.evidence.as_slice(), result.target.as_str()), (&[41][..], "tenant-1"));
}

#[test]
fn on_partly_read_data_a_failure_stands_and_a_pass_does_not() {
    let check = check(USERS, PER_USER);
    let failed = judged(&check, &[], users(Partial, &["pass", "fail"]));
    assert_eq!((failed.outcome, failed.because.as_str()), (FindingOutcome::Fail, "said so"));
    let others = failed.resources.iter().skip(1).map(|finding| finding.outcome);
    assert_eq!(FindingOutcome::worst(others), FindingOutcome::Unknown, "without the failing one it is still no pass");
    let passed = judged(&check, &[], users(Partial, &["pass", "not_applicable"]));
    assert_eq!(passed.outcome, FindingOutcome::Unknown);
    assert_eq!(passed.because, "`m365/users` was read only in part, so the rest is not known (as told)");
    assert_eq!(FindingOutcome::worst(passed.resources.iter().map(|finding| finding.outcome)), passed.outcome);
}

#[test]
fn what_could_not_be_looked_at_is_unknown_with_the_reason_and_its_rows_are_not_shown() {
    let check = check(USERS, PER_USER);
    for outcome in
        [Denied, Unlicensed, CollectionOutcome::Unreachable, CollectionOutcome::Throttled, CollectionOutcome::Failed]
    {
        let result = judged(&check, &[], users(outcome, &["pass"]));
        assert_eq!(result.outcome, FindingOutcome::Unknown, "{outcome:?}");
        assert!(result.because.contains("m365/users") && result.because.contains("as told"), "{}", result.because);
    }
    assert_eq!(judged(&check, &[], users(NotOffered, &[])).outcome, FindingOutcome::NotApplicable);
    assert_eq!(judged(&check, &[], vec![]).because, "`m365/users` was not collected");
}

#[test]
fn one_of_several_datasets_is_enough_and_not_knowing_outweighs_not_being_offered() {
    let rule = r#"findings contains {"resource": "tenant", "outcome": "pass", "because": "seen"} if {
	input.datasets["m365/security_defaults"].rows
}
findings contains {"resource": "tenant", "outcome": "fail", "because": "no policy can exist"} if {
	not input.datasets["m365/security_defaults"].rows
	input.datasets["m365/conditional_access_policies"].rows == []
}"#;
    let check = check(r#"[{"any_of": ["m365/conditional_access_policies", "m365/security_defaults"]}]"#, rule);
    let (policies, defaults) = ("m365/conditional_access_policies", "m365/security_defaults");
    let outcome = |a, b| judged(&check, &[], vec![dataset(policies, a, &[]), dataset(defaults, b, &[])]).outcome;
    assert_eq!(outcome(Denied, Complete), FindingOutcome::Pass);
    assert_eq!(outcome(Partial, Complete), FindingOutcome::Pass, "the part that was not read does not matter");
    assert_eq!(outcome(Denied, Partial), FindingOutcome::Unknown);
    assert_eq!(outcome(Unlicensed, Denied), FindingOutcome::Fail, "without a licence there can be no policy");
    assert_eq!(outcome(NotOffered, Denied), FindingOutcome::Unknown);
    assert_eq!(outcome(NotOffered, NotOffered), FindingOutcome::NotApplicable);
}

#[test]
fn a_rule_that_breaks_its_contract_is_unknown_and_says_how() {
    let data = || users(Complete, &["pass"]);
    for (rule, said) in [
        (r#"findings := {"outcome": "pass"}"#, "not with a set"),
        ("findings := set()", "found nothing to say"),
        (
            r#"findings contains {"resource": "a", "outcome": "met", "because": "x"}"#,
            "`met` is not a finding; use one of",
        ),
        (r#"findings contains {"resource": "a", "outcome": "pass"}"#, "exactly `resource`, `outcome` and `because`"),
        (r#"findings contains {"resource": "a", "outcome": "pass", "because": ""}"#, "`because` is not a text"),
        (r#"findings contains "pass""#, "a text where a finding is expected"),
        (
            r#"findings contains {"resource": "a", "outcome": "pass", "because": lower(input.now + 1)}"#,
            "ended in an error",
        ),
        ("findings contains 1 if {", "does not compile"),
    ] {
        let result = judged(&check(USERS, rule), &[], data());
        assert_eq!(result.outcome, FindingOutcome::Unknown, "{rule}");
        assert!(result.because.contains(said), "{rule}: {}", result.because);
    }
}

#[test]
fn a_rule_that_takes_too_long_is_stopped_and_unknown() {
    let rule = r#"n := numbers.range(1, 4000)
findings contains {"resource": "a", "outcome": "pass", "because": "x"} if {
	count({1 | some a in n; some b in n; a * b == 0}) == 0
}"#;
    let check = check(USERS, rule);
    let datasets = users(Complete, &["pass"]).into_iter().map(|dataset| (dataset.id.clone(), dataset)).collect();
    let subject = Subject { organization: "harbor", target: "tenant-1", now: "2026-03-31T09:00:00Z".parse().unwrap() };
    let inputs = Inputs::prepare(subject, datasets, &json!({}), &BTreeMap::new(), &|_| None);
    let judge = Judge::with_time_limit([&check], &[], Duration::from_millis(40));
    let result = judge.judge(&check, &inputs);
    assert_eq!(result.outcome, FindingOutcome::Unknown);
    assert!(result.because.ends_with("ran out of time and was stopped"), "{}", result.because);
}

#[test]
fn no_rule_sees_another_or_suffers_from_its_faults() {
    let rule = |name: &str, rule: &str| {
        let mut one = check(USERS, rule);
        one.id = format!("m365/{name}").parse().unwrap();
        one.rego.text = format!("package checks.m365.{name}\n{rule}");
        one
    };
    let broken = rule("broken", "findings contains 1 if {");
    let nosy = rule(
        "nosy",
        r#"findings contains {"resource": "a", "outcome": "pass", "because": "saw the other"} if data.checks.m365.sound.findings
findings contains {"resource": "b", "outcome": "pass", "because": "saw none"} if not data.checks.m365.sound.findings"#,
    );
    let sound = rule("sound", PER_USER);
    let datasets = users(Complete, &["pass"]).into_iter().map(|dataset| (dataset.id.clone(), dataset)).collect();
    let subject = Subject { organization: "harbor", target: "tenant-1", now: "2026-03-31T09:00:00Z".parse().unwrap() };
    let inputs = Inputs::prepare(subject, datasets, &json!({}), &BTreeMap::new(), &|_| None);
    let judge = Judge::of([&broken, &nosy, &sound], &[]);
    for _ in 0..2 {
        let result = judge.judge(&broken, &inputs);
        assert_eq!(result.outcome, FindingOutcome::Unknown);
        assert!(result.because.contains("does not compile: check.rego:2: "), "{}", result.because);
        assert_eq!(judge.judge(&sound, &inputs).outcome, FindingOutcome::Pass);
        assert_eq!(judge.judge(&nosy, &inputs).because, "saw none");
    }
}

#[test]
fn the_property_test_finds_a_pass_that_does_not_look() {
    let rule = r#"findings contains {"resource": user.id, "outcome": "pass", "because": "not known to be bad"} if {
	some user in input.datasets["m365/users"].rows
	not user.bad
}"#;
    let mut check = check(USERS, rule);
    check.cases.push(crate::catalog::check::CheckCase {
        name: "pass_good".to_owned(),
        expected: FindingOutcome::Pass,
        bytes: json!({"now": "2026-03-31T09:00:00Z", "datasets": {"m365/users": {
            "outcome": "complete", "rows": [{"id": "u1", "bad": false}]}}})
        .to_string()
        .into_bytes()
        .into(),
    });
    let report = test_check(&Judge::of([&check], &[]), &check);
    assert!(report.cases[0].holds());
    let found: Vec<_> = report.violations.iter().map(|violation| violation.property.as_str()).collect();
    assert_eq!(found, ["bad"], "the id is looked at, and null is not `false` in Rego");
}

#[test]
fn policies_together_cover_guests_and_a_condition_that_names_everything_narrows_nothing() {
    let (checks, library) = shipped();
    let check = checks.iter().find(|check| check.id.as_str() == "m365/mfa_for_all_users").unwrap();
    let policy = |users: serde_json::Value, platforms: serde_json::Value| {
        let mut all = json!({"includeUsers": ["All"], "excludeUsers": [], "excludeGroups": [], "excludeRoles": []});
        all.as_object_mut().unwrap().extend(users.as_object().unwrap().clone());
        json!({"displayName": "MFA", "state": "enabled", "grantControls": {"operator": "OR", "builtInControls": ["mfa"]},
            "conditions": {"clientAppTypes": ["all"], "platforms": platforms, "locations": null, "users": all,
                "applications": {"includeApplications": ["All"], "excludeApplications": []}}})
    };
    let staff = json!({"excludeGuestsOrExternalUsers": {"guestOrExternalUserTypes": "b2bCollaborationGuest"}});
    let own = |types: &str| json!({"includeUsers": [], "includeGuestsOrExternalUsers": {"guestOrExternalUserTypes": types, "externalTenants": null}});
    let everywhere = json!({"includePlatforms": ["all"], "excludePlatforms": []});
    let off = || dataset("m365/security_defaults", Complete, &[json!({"isEnabled": false})]);
    let outcome = |rows: &[serde_json::Value]| {
        judged(check, &library, vec![dataset("m365/conditional_access_policies", Complete, rows), off()]).outcome
    };
    let null = serde_json::Value::Null;
    assert_eq!(outcome(&[policy(json!({}), everywhere)]), FindingOutcome::Pass);
    assert_eq!(
        outcome(&[policy(json!({}), json!({"includePlatforms": ["iOS"], "excludePlatforms": []}))]),
        FindingOutcome::Fail
    );
    let legacy = policy(json!({"includeUsers": ["GuestsOrExternalUsers"]}), null.clone());
    assert_eq!(outcome(&[policy(staff.clone(), null.clone()), legacy]), FindingOutcome::Pass);
    let named = policy(own("b2bCollaborationGuest,b2bCollaborationMember"), null.clone());
    assert_eq!(outcome(&[policy(staff.clone(), null.clone()), named]), FindingOutcome::Pass);
    let nobody = json!({"excludeGuestsOrExternalUsers": {"guestOrExternalUserTypes": "none", "externalTenants": null}});
    assert_eq!(outcome(&[policy(nobody, null.clone())]), FindingOutcome::Pass);
    let without = |app: &str| {
        let mut policy = policy(json!({}), null.clone());
        policy["conditions"]["applications"]["excludeApplications"] = json!([app]);
        policy
    };
    assert_eq!(
        outcome(&[without("app-1"), without("app-2")]),
        FindingOutcome::Pass,
        "each takes in what the other leaves out"
    );
    assert_eq!(outcome(&[without("app-1"), without("app-1")]), FindingOutcome::Fail);
    let others = policy(own("b2bCollaborationMember"), null.clone());
    assert_eq!(outcome(&[policy(staff, null.clone()), others]), FindingOutcome::Fail);
}

#[test]
fn a_pass_by_a_number_that_is_looser_than_pci_dss_asks_says_so_and_a_stricter_one_does_not() {
    let (checks, library) = shipped();
    let judge = Judge::of(&checks, &library);
    let because = |id: &str, name: &str| {
        let check = checks.iter().find(|check| check.id.as_str() == id).unwrap();
        let case = check.cases.iter().find(|case| case.name == name).unwrap();
        let result = test_case(&judge, check, case).unwrap().result;
        assert_eq!(result.outcome, FindingOutcome::Pass, "{id} {name}");
        result.resources.iter().map(|finding| finding.because.as_str()).collect::<Vec<_>>().join("\n")
    };
    for (check, looser, words, stricter) in [
        (
            "linux/account_lockout",
            "pass_other_numbers_are_agreed",
            "600 seconds is looser than PCI DSS asks (1800)",
            "pass_locked_until_somebody_unlocks",
        ),
        (
            "linux/account_lockout",
            "pass_more_failures_are_agreed",
            "15 failures is looser than PCI DSS asks (10)",
            "pass_old_tally_module",
        ),
        (
            "linux/password_complexity",
            "pass_shorter_length_is_agreed",
            "8 characters is looser than PCI DSS asks (12)",
            "pass_settings_file",
        ),
        (
            "linux/password_complexity",
            "pass_fewer_kinds_are_agreed",
            "letters and digits together, as PCI DSS asks, are not",
            "pass_cracklib",
        ),
        (
            "linux/password_reuse_limited",
            "pass_fewer_are_agreed",
            "3 passwords is looser than PCI DSS asks (4)",
            "pass_settings_file",
        ),
        (
            "linux/password_ages",
            "pass_longer_age_is_agreed",
            "365 days is looser than PCI DSS asks (90)",
            "pass_changed_in_time",
        ),
        (
            "linux/inactive_accounts_disabled",
            "pass_longer_time_is_agreed",
            "131 days is looser than PCI DSS asks (90)",
            "pass_new_account",
        ),
        (
            "linux/shell_sessions_time_out",
            "pass_longer_time_is_agreed",
            "30 minutes is looser than PCI DSS asks (15)",
            "pass_in_one_line",
        ),
        (
            "linux/ssh_sessions_limited",
            "pass_longer_time_is_agreed",
            "1800 seconds is looser than PCI DSS asks (900)",
            "pass_limited",
        ),
        (
            "m365/banned_passwords_and_lockout",
            "pass_own_words_and_lockout_as_delivered",
            "60 seconds is looser than PCI DSS asks (1800)",
            "pass_half_an_hour_as_pci_dss_asks",
        ),
    ] {
        assert!(because(check, looser).contains(words), "{check}: {}", because(check, looser));
        assert!(!because(check, stricter).contains("PCI DSS"), "{check}: {}", because(check, stricter));
    }
}
