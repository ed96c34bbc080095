use std::collections::BTreeMap;
use std::path::Path;

use crate::catalog::Catalog;
use crate::catalog::fault::Faults;
use crate::catalog::files::FileSet;
use crate::model::control::Proof;
use crate::model::id::{CheckId, ControlId, FrameworkId};
use crate::model::responsibility::{EngagementModel, Party};

const MODELS: [EngagementModel; 3] =
    [EngagementModel::InHouse, EngagementModel::CoManaged, EngagementModel::FullyManaged];

const FRAMEWORK: &str = "id: demo\ntitle: Demo\nversion: \"1\"\npublisher: Example\nsource: example.com\nvocabulary: {met: Done, not_met: Not done, not_applicable: Not needed, undetermined: Unknown}\nfiles: [all.yaml]\n";
const CONTROLS: &str = "- id: \"1\"\n  title: One\n  family: F\n\n- id: \"2\"\n  title: Two\n  family: F\n";
const COLLECTOR: &str = "id: m365/users\ntitle: Users\nsource: graph\nrequest:\n  version: v1.0\n  path: /users\n  paged: true\npermission: User.Read.All\nclouds: [global]\nschedule: 15 3 * * *\ntimeout_seconds: 60\nmax_bytes: 1000000\ntime_to_live_hours: 48\nparser: graph-collection/1\nproves: Which users there are.\n";

fn template(model: &str) -> String {
    format!(
        "framework: demo\nmodel: {model}\nfamilies:\n  F:\n    kind: internal\n    accountable: internal\n    internal_tasks: Does it.\n"
    )
}

/// A small catalog without a fault.
fn demo() -> FileSet {
    let set = FileSet::default()
        .with_file("controls/demo/framework.yaml", FRAMEWORK)
        .with_file("controls/demo/all.yaml", CONTROLS)
        .with_file("collectors/m365/users/collector.yaml", COLLECTOR);
    MODELS.iter().fold(set, |set, model| {
        set.with_file(&format!("controls/responsibilities/{}/demo.yaml", model.as_str()), template(model.as_str()))
    })
}

/// The small catalog with one file in place of another.
pub(super) fn demo_with(path: &str, bytes: impl Into<Vec<u8>>) -> FileSet {
    let bytes = bytes.into();
    let marked = [b"# override: test\n".as_slice(), &bytes].concat();
    demo().with_file(path, marked)
}

pub(super) fn faults(set: &FileSet) -> Vec<String> {
    match Catalog::load(set) {
        Ok(_) => Vec::new(),
        Err(Faults(faults)) => faults.iter().map(ToString::to_string).collect(),
    }
}

#[track_caller]
pub(super) fn assert_fault(set: &FileSet, place: &str, words: &str) {
    let found = faults(set);
    assert!(
        found.iter().any(|fault| fault.starts_with(place) && fault.contains(words)),
        "no fault at {place} with {words:?} in {found:#?}"
    );
}

fn embedded() -> &'static Catalog {
    static CATALOG: std::sync::OnceLock<Catalog> = std::sync::OnceLock::new();
    CATALOG.get_or_init(|| Catalog::embedded().unwrap_or_else(|faults| panic!("{faults}")))
}

fn id(text: &str) -> FrameworkId {
    text.parse().unwrap()
}

#[test]
fn the_small_catalog_has_no_fault() {
    assert_eq!(faults(&demo()), Vec::<String>::new());
}

#[test]
fn guidance_that_leaves_a_question_open_is_a_fault_and_one_that_is_not_judged_only_has_to_be_understood() {
    let path = "controls/demo/all.yaml";
    let half = format!("{CONTROLS}  guidance: {{asks: Do it., examine: The record.}}\n");
    for key in ["interview", "test", "typical_gaps", "provider", "internal", "shown"] {
        assert_fault(&demo_with(path, half.clone()), path, &format!("of `2` says nothing under `{key}`"));
    }
    let scope = format!("{CONTROLS}  assessable: false\n  guidance: {{asks: Says what counts.}}\n");
    assert_eq!(faults(&demo_with(path, scope)), Vec::<String>::new());
}

#[test]
fn every_framework_has_the_controls_and_objectives_it_should() {
    let counts: BTreeMap<&str, (usize, usize)> = embedded()
        .frameworks
        .values()
        .map(|framework| (framework.id.as_str(), (framework.controls.len(), framework.objective_count())))
        .collect();
    let expected = BTreeMap::from([
        ("cmmc-l1", (15, 59)),
        ("cmmc-l2", (110, 320)),
        ("cmmc-l3", (24, 0)),
        ("hipaa-breach", (27, 0)),
        ("hipaa-security", (68, 0)),
        ("pci-dss-4.0.1", (280, 0)),
    ]);
    assert_eq!(counts, expected);
}

#[test]
fn the_values_of_level_2_add_up_to_the_deductions_of_the_rule() {
    let framework = embedded().framework("cmmc-l2").unwrap();
    let mut by_value: BTreeMap<Option<u64>, usize> = BTreeMap::new();
    let mut variable = 0;
    for control in &framework.controls {
        let weight = control.facts.get("weight").unwrap().as_u64();
        if control.facts.contains_key("weight_partial") {
            variable += 1;
        } else {
            *by_value.entry(weight).or_default() += 1;
        }
    }
    assert_eq!(by_value, BTreeMap::from([(Some(5), 42), (Some(3), 14), (Some(1), 51), (None, 1)]));
    assert_eq!(variable, 2);
    let sum: u64 = framework.controls.iter().filter_map(|control| control.facts.get("weight")?.as_u64()).sum();
    assert_eq!(sum, 313);
}

#[test]
fn as_many_requirements_may_stand_on_a_plan_of_action_as_the_rule_allows() {
    let count = |framework: &str, word: &str| {
        let controls = &embedded().framework(framework).unwrap().controls;
        controls.iter().filter(|control| control.facts.get("poam_allowed").unwrap() == word).count()
    };
    assert_eq!(
        [count("cmmc-l2", "yes"), count("cmmc-l2", "conditional"), count("cmmc-l2", "no"), count("cmmc-l2", "never")],
        [46, 1, 57, 6]
    );
    assert_eq!(count("cmmc-l1", "no"), 15);
    assert_eq!(count("cmmc-l3", "never"), 7);
}

#[test]
fn the_security_rule_has_its_standards_and_specifications() {
    let controls = &embedded().framework("hipaa-security").unwrap().controls;
    let is = |key: &str, word: &str| controls.iter().filter(|control| control.facts.get(key).unwrap() == word).count();
    assert_eq!(is("kind", "standard"), 22);
    assert_eq!(is("kind", "implementation specification"), 46);
    assert_eq!(is("required_or_addressable", "addressable"), 22);
}

#[test]
fn pci_has_51_future_dated_requirements_and_unknown_stays_unknown() {
    let controls = &embedded().framework("pci-dss-4.0.1").unwrap().controls;
    assert_eq!(controls.iter().filter(|control| control.facts.get("future_dated").unwrap() == true).count(), 51);
    let saq = |name: &str, word: &str| controls.iter().filter(|control| control.facts["saqs"][name] == word).count();
    assert_eq!(saq("A", "yes"), 27);
    assert_eq!(saq("C", "unknown"), 280);
}

#[test]
fn a_control_is_found_by_its_id_and_by_the_number_people_type() {
    for name in ["AC.L2-3.1.1", "3.1.1"] {
        assert_eq!(embedded().control(&id("cmmc-l2"), name).unwrap().id.as_str(), "AC.L2-3.1.1");
    }
    assert!(embedded().control(&id("cmmc-l2"), "3.99.1").is_none());
}

#[test]
fn a_standard_with_specifications_lists_them_as_children() {
    let standard: ControlId = "164.308(a)(1)".parse().unwrap();
    let children: Vec<_> =
        embedded().children(&id("hipaa-security"), &standard).map(|child| child.title.as_str()).collect();
    assert_eq!(children, ["Risk analysis", "Risk management", "Sanction policy", "Information system activity review"]);
}

#[test]
fn every_control_has_exactly_one_owner_under_each_model() {
    for framework in embedded().frameworks.values() {
        for model in MODELS {
            let matrix = embedded().matrix(&framework.id, model).unwrap();
            assert_eq!(matrix.version, 1);
            for control in &framework.controls {
                let rows =
                    matrix.rows.iter().filter(|row| row.control == control.id && row.objective.is_none()).count();
                assert_eq!(rows, 1, "{} {} {}", framework.id, model.as_str(), control.id);
            }
        }
    }
}

#[test]
fn what_a_vendor_carries_is_the_same_in_every_engagement_model_and_has_its_document() {
    let carried = |framework: &str, model| {
        let matrix = embedded().matrix(&framework.parse().unwrap(), model).unwrap();
        let rows = matrix.rows.into_iter().filter(|row| row.vendor_tasks.is_some());
        let rows = rows.map(|row| (row.control.to_string(), row.vendor_tasks.unwrap(), row.document.unwrap()));
        rows.collect::<Vec<_>>()
    };
    for (framework, control) in [
        ("cmmc-l1", "PE.L1-b.1.viii"),
        ("cmmc-l2", "PE.L2-3.10.1"),
        ("hipaa-security", "164.310(a)(1)"),
        ("hipaa-breach", "164.410(a)(1)"),
    ] {
        let [one, two, three] = MODELS.map(|model| carried(framework, model));
        assert!(one.iter().any(|(id, ..)| id == control), "{framework} {control}");
        assert_eq!((&one, &one), (&two, &three), "{framework}");
    }
}

#[test]
fn a_crosswalk_row_that_finds_nothing_is_kept() {
    let none = embedded().crosswalk.iter().filter(|row| row.to.is_none()).count();
    assert_eq!((embedded().crosswalk.len(), none), (434, 25));
}

#[test]
fn many_broken_files_report_all_their_faults_with_file_and_line() {
    let folder = tempfile::tempdir().unwrap();
    let write = |path: &str, bytes: &[u8]| {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    };
    write("controls/demo/framework.yaml", FRAMEWORK.as_bytes());
    write(
        "controls/demo/all.yaml",
        b"- id: \"1\"\n  title: One\n  family: F\n- id: \"1\"\n  title: Again\n  family: F\n- id: \"3\"\n  titel: Typo\n  family: F\n- id: \"4\"\n  title: 4\n  family: F\n  assessable: perhaps\n- id: \"5\"\n  title: Five\n  family: F\n  parent: \"5\"\n",
    );
    write(
        "collectors/m365/users/collector.yaml",
        COLLECTOR
            .replace("path: /users", "path: //evil.example/users")
            .replace("15 3", "75 3")
            .replace("graph-collection/1", "guess/1")
            .as_bytes(),
    );
    write("collectors/m365/groups/collector.yaml", b"\xff\xfe");
    write("collectors/m365/devices/collector.yaml", b"");
    write(
        "collectors/m365/sites/collector.yaml",
        format!("{}colour: red\n", COLLECTOR.replace("timeout_seconds: 60", "timeout_seconds: soon")).as_bytes(),
    );
    write(
        "controls/crosswalk/x.csv",
        b"from_framework,from,to_framework,to,confidence,detail\ndemo,1,demo,9,sure,\ndemo,1\n",
    );
    let found = faults(&FileSet::default().with_folder(folder.path()));
    let has = |path: &str, words: &str| {
        let path = Path::new(path).to_string_lossy().into_owned();
        found.iter().any(|fault| fault.contains(&path) && fault.contains(words))
    };
    for (path, words) in [
        ("controls/demo/all.yaml:4:", "duplicate"),
        ("controls/demo/all.yaml:8:", "titel"),
        ("controls/demo/all.yaml:13:", ""),
        ("controls/demo/all.yaml:14:", "its own ancestor"),
        ("collectors/m365/users/collector.yaml:6:", "path"),
        ("collectors/m365/users/collector.yaml:10:", "schedule"),
        ("collectors/m365/users/collector.yaml:14:", "parser"),
        ("collectors/m365/groups/collector.yaml:1:", "UTF-8"),
        ("collectors/m365/devices/collector.yaml:", "empty"),
        ("collectors/m365/sites/collector.yaml:11:", ""),
        ("collectors/m365/sites/collector.yaml:16:", "colour"),
        ("controls/crosswalk/x.csv:2:", "sure"),
        ("controls/crosswalk/x.csv:2:", "no control `9`"),
        ("controls/crosswalk/x.csv:3:", "cells"),
        ("controls/demo/framework.yaml:", "co-managed"),
    ] {
        assert!(has(path, words), "{path} {words} in {found:#?}");
    }
}

#[test]
fn a_key_given_twice_is_refused() {
    assert_fault(
        &demo_with("controls/demo/framework.yaml", FRAMEWORK.replace("title: Demo", "title: Demo\ntitle: Other")),
        "controls/demo/framework.yaml:4",
        "duplicate",
    );
}

#[test]
fn a_questionnaire_that_no_control_knows_is_refused_with_its_line() {
    let of = |lines: &str| {
        let set = demo_with("controls/demo/framework.yaml", format!("{FRAMEWORK}questionnaires:\n{lines}"));
        set.with_file(
            "controls/demo/all.yaml",
            format!("# override: test\n{CONTROLS}  facts:\n    saqs: {{A: \"no\"}}\n"),
        )
    };
    let one = "  - {id: short, title: Short, key: A}\n";
    assert_eq!(faults(&of(one)), Vec::<String>::new());
    let place = "controls/demo/framework.yaml:";
    assert_fault(&of("  - {id: short, title: Short, key: B}\n"), &format!("{place}10:"), "no control has the key `B`");
    assert_fault(&of(&format!("{one}{one}")), place, "listed twice");
    assert_fault(&of("  - {id: short, title: \" \", key: A}\n"), place, "has no title");
    assert_fault(&of("  - {id: Short, title: Short, key: A}\n"), place, "is not a questionnaire");
}

#[test]
fn a_schedule_that_never_comes_round_or_is_no_crontab_line_is_refused_with_its_line() {
    for (schedule, words) in [
        ("0 0 31 2 *", "never comes round"),
        ("0 0 30 feb *", "never comes round"),
        ("0 6 L * *", "crontab does not know"),
        ("0 0 3 * * mon", "has 6 fields"),
        ("\"@reboot\"", "names no times"),
    ] {
        let collector = COLLECTOR.replace("15 3 * * *", schedule);
        let place = "collectors/m365/users/collector.yaml:11";
        assert_fault(&demo_with("collectors/m365/users/collector.yaml", collector), place, words);
    }
}

#[test]
fn a_tab_for_indentation_is_refused() {
    assert_fault(
        &demo_with("controls/demo/all.yaml", "- id: \"1\"\n\ttitle: One\n\tfamily: F\n"),
        "controls/demo/all.yaml:",
        "",
    );
}

#[test]
fn an_alias_bomb_is_refused_quickly() {
    let mut bomb = String::from("a: &a [x, x, x, x, x, x, x, x, x]\n");
    for (previous, next) in "abcdefghi".chars().zip("bcdefghij".chars()) {
        let list = vec![format!("*{previous}"); 9].join(", ");
        bomb.extend([format!("{next}: &{next} [{list}]\n")]);
    }
    bomb.push_str("facts: *j\n");
    let started = std::time::Instant::now();
    let controls = format!(
        "- id: \"1\"\n  title: One\n  family: F\n  facts:\n{}",
        bomb.lines().map(|line| format!("    {line}")).collect::<Vec<_>>().join("\n")
    );
    assert_fault(&demo_with("controls/demo/all.yaml", controls), "controls/demo/all.yaml", "");
    assert!(started.elapsed() < std::time::Duration::from_secs(10));
}

#[test]
fn a_deeply_nested_file_is_refused() {
    let deep = format!(
        "- id: \"1\"\n  title: One\n  family: F\n  facts: {{a: {}{}}}\n",
        "[".repeat(50_000),
        "]".repeat(50_000)
    );
    assert_fault(&demo_with("controls/demo/all.yaml", deep), "controls/demo/all.yaml", "");
}

#[test]
fn a_huge_file_is_refused() {
    let huge = format!("{CONTROLS}# {}\n", "x".repeat(2 * 1024 * 1024));
    assert_fault(&demo_with("controls/demo/all.yaml", huge), "controls/demo/all.yaml", "larger");
}

#[test]
fn a_parent_that_does_not_exist_and_a_circle_are_refused() {
    let controls = "- {id: \"1\", title: One, family: F, parent: \"2\"}\n- {id: \"2\", title: Two, family: F, parent: \"1\"}\n- {id: \"3\", title: Three, family: F, parent: \"9\"}\n";
    let set = demo_with("controls/demo/all.yaml", controls);
    assert_fault(&set, "controls/demo/all.yaml:2", "its own ancestor");
    assert_fault(&set, "controls/demo/all.yaml:4", "`9`, which does not exist");
}

#[test]
fn a_judged_child_of_a_row_that_only_states_scope_is_refused() {
    let controls = "- {id: \"1\", title: One, family: F, assessable: false}\n- {id: \"2\", title: Two, family: F, parent: \"1\"}\n";
    assert_fault(&demo_with("controls/demo/all.yaml", controls), "controls/demo/all.yaml:3", "not assessable");
}

#[test]
fn an_objective_or_alias_that_is_taken_is_refused() {
    let controls = "- id: \"1\"\n  aliases: [one]\n  title: One\n  family: F\n  objectives:\n    - {id: \"1a\", title: A}\n    - {id: \"1a\", title: B}\n- id: \"2\"\n  aliases:\n    - one\n  title: Two\n  family: F\n";
    let set = demo_with("controls/demo/all.yaml", controls);
    assert_fault(&set, "controls/demo/all.yaml:", "objective `1a` is a duplicate");
    assert_fault(&set, "controls/demo/all.yaml:11", "alias `one` is a duplicate");
}

#[test]
fn a_template_with_unknown_names_double_rows_and_orphans_reports_each() {
    let text = "framework: demo\nmodel: co-managed\nfamilies:\n  G:\n    kind: shared\n    accountable: vendor\n    provider_tasks: Works.\n    vendor_tasks: Works too.\nrows:\n  - control: \"1\"\n    kind: inherited\n    accountable: vendor\n  - control: \"1\"\n    kind: provider\n    accountable: internal\n    provider_tasks: Works.\n  - control: \"7\"\n    kind: internal\n    accountable: internal\n    internal_tasks: Works.\n";
    let path = "controls/responsibilities/co-managed/demo.yaml";
    let set = demo_with(path, text);
    for (line, words) in [
        (5, "no family `G`"),
        (6, "needs text for both sides"),
        (6, "one of the two is accountable"),
        (6, "says what a vendor does; name the vendor's document"),
        (11, "inherited without a document"),
        (14, "two rows"),
        (14, "use `accountable: provider`"),
        (18, "no control `7`"),
        (4, "nobody owns 2"),
    ] {
        assert_fault(&set, &format!("{path}:{line}"), words);
    }
}

#[test]
fn a_framework_without_a_template_is_nobodys() {
    let set = FileSet::default()
        .with_file("controls/demo/framework.yaml", FRAMEWORK)
        .with_file("controls/demo/all.yaml", CONTROLS);
    assert_fault(&set, "controls/demo/framework.yaml", "under the engagement model `fully-managed`");
}

#[test]
fn a_collector_outside_its_limits_is_refused_in_every_respect() {
    let text = COLLECTOR
        .replace("id: m365/users", "id: m365/people")
        .replace("version: v1.0", "version: v2.0")
        .replace("timeout_seconds: 60", "timeout_seconds: 0")
        .replace("max_bytes: 1000000", "max_bytes: 99999999999")
        + "redact:\n  - {id: one, pattern: \"(\"}\n  - {id: two, pattern: \"x*\"}\n";
    let path = "collectors/m365/users/collector.yaml";
    let set = demo_with(path, text);
    for (line, words) in [
        (2, "not its folder"),
        (6, "neither v1.0 nor beta"),
        (12, "timeout_seconds"),
        (13, "max_bytes"),
        (18, "`one` is not a regular expression"),
        (18, "everywhere"),
    ] {
        assert_fault(&set, &format!("{path}:{line}"), words);
    }
}

#[test]
fn every_objective_has_a_short_label_and_no_sentence() {
    for framework in embedded().frameworks.values() {
        for objective in framework.controls.iter().flat_map(|control| &control.objectives) {
            let title = &objective.title;
            assert!(title.len() <= 70 && !title.ends_with('.') && !title.contains('…'), "{} {title}", objective.id);
        }
    }
}

#[test]
fn an_objective_that_the_judging_framework_does_not_have_is_refused() {
    let path = "controls/cmmc-l1/media-protection.yaml";
    let text = "# override: test\n- id: MP.L1-b.1.vii\n  title: Media Disposal\n  family: Media Protection\n  objectives:\n    - {id: \"3.8.3[z]\", title: Nothing}\n";
    assert_fault(&FileSet::embedded().with_file(path, text), &format!("{path}:2"), "which `cmmc-l2` does not have");
}

#[test]
fn a_second_file_of_the_same_name_must_say_that_it_overrides() {
    assert_fault(&demo().with_file("controls/demo/all.yaml", CONTROLS), "controls/demo/all.yaml:1", "exists already");
    assert_eq!(faults(&demo_with("controls/demo/all.yaml", CONTROLS)), Vec::<String>::new());
}

#[cfg(unix)]
#[test]
fn a_link_in_a_users_folder_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(folder.path().join("controls/own")).unwrap();
    std::os::unix::fs::symlink("/etc/passwd", folder.path().join("controls/own/framework.yaml")).unwrap();
    let found = faults(&FileSet::default().with_folder(folder.path()));
    assert!(found.iter().any(|fault| fault.contains("copy here instead of a link")), "{found:#?}");
}

#[test]
fn the_digest_changes_with_any_file_that_bears_on_a_judgement() {
    let digest = |set: &FileSet| Catalog::load(set).unwrap().digest;
    assert_eq!(digest(&demo()), digest(&demo()));
    assert_ne!(digest(&demo()), digest(&demo_with("controls/demo/all.yaml", CONTROLS)));
    assert_eq!(digest(&demo()), digest(&demo().with_file("controls/README.md", "Words.")));
}

mod with_a_check {
    use countersign_seal::digest::Digest;

    use super::{Catalog, CheckId, Proof, embedded, id};
    use crate::catalog::check::{CheckDefinition, RegoModule};
    use crate::catalog::fault::Faults;
    use crate::catalog::files::FileSet;
    use crate::catalog::load::{collectors, frameworks, references};

    fn definition(proves: &serde_json::Value, requires: &serde_json::Value) -> CheckDefinition {
        let metadata =
            serde_json::json!({"severity": "low", "requires": requires, "proves": proves, "remediation": {}});
        CheckDefinition {
            id: "m365/example".parse().unwrap(),
            title: "Example".into(),
            description: String::new(),
            references: Vec::new(),
            metadata: serde_json::from_value(metadata).unwrap(),
            rego: RegoModule { file: "check.rego".into(), text: "# METADATA\n# 164.400\n# m365/moods\n".into() },
            cases: Vec::new(),
            digest: Digest::empty(),
        }
    }

    #[test]
    fn a_check_that_names_what_does_not_exist_or_is_not_judged_is_refused() {
        let proves = serde_json::json!({
            "hipaa-breach": {"164.400": "part"},
            "hipaa-security": {"164.308(a)(1)": "part", "164.308(a)(8)": "part"},
            "cmmc-l2": {"3.1.1[z]": "full", "3.1.1[a]": "full"},
            "soc2": {"CC6.1": "full"},
        });
        let check = definition(&proves, &serde_json::json!(["m365/moods", {"any_of": ["m365/feelings"]}]));
        let mut faults = Faults::default();
        let frameworks = frameworks::load(&FileSet::embedded(), &mut faults);
        let collectors = collectors::load(&FileSet::default(), &mut faults);
        references::checks(&[(check.id.clone(), check)].into(), &frameworks, &collectors, &mut faults);
        let mut found: Vec<String> = faults.0.iter().map(ToString::to_string).collect();
        found.sort();
        assert_eq!(
            found,
            [
                "check.rego: `proves` names `164.308(a)(1)`, whose status comes from its children; name one of those",
                "check.rego: `proves` names `3.1.1[z]`, which `cmmc-l2` has neither as a control nor as an objective",
                "check.rego: `proves` names the framework `soc2`, which does not exist",
                "check.rego: no collector fetches the dataset `m365/feelings`",
                "check.rego:2: `proves` names `164.400`, which only states scope and is never judged",
                "check.rego:3: no collector fetches the dataset `m365/moods`",
            ]
        );
    }

    fn catalog(framework: &str, name: &str, proof: Proof) -> (Catalog, CheckId) {
        let definition = definition(&serde_json::json!({framework: {name: proof}}), &serde_json::json!([]));
        let check = definition.id.clone();
        let frameworks = embedded().frameworks.values().cloned().collect();
        (Catalog::of(frameworks, vec![definition], Vec::new()), check)
    }

    #[test]
    fn a_level_2_objective_that_is_proved_counts_for_level_1_too() {
        let (catalog, check) = catalog("cmmc-l2", "3.1.1[d]", Proof::Part);
        for framework in ["cmmc-l2", "cmmc-l1"] {
            assert_eq!(catalog.checks_for_objective(&id(framework), "3.1.1[d]"), [(check.clone(), Proof::Part)]);
        }
        assert!(catalog.checks_for_objective(&id("cmmc-l2"), "3.1.1[a]").is_empty());
        let controls: Vec<_> = catalog.controls_of_check(&check).iter().map(|found| found.control.as_str()).collect();
        assert_eq!(controls, ["AC.L1-b.1.i", "AC.L2-3.1.1"]);
    }

    #[test]
    fn a_check_that_names_a_whole_control_bears_on_each_of_its_objectives() {
        let (catalog, check) = catalog("cmmc-l2", "3.5.3", Proof::Supporting);
        for objective in ["3.5.3[a]", "3.5.3[d]"] {
            assert_eq!(catalog.checks_for_objective(&id("cmmc-l2"), objective), [(check.clone(), Proof::Supporting)]);
        }
    }

    #[test]
    fn a_control_that_is_judged_as_one_is_its_own_objective() {
        let (catalog, check) = catalog("pci-dss-4.0.1", "8.4.2", Proof::Full);
        assert_eq!(catalog.checks_for_objective(&id("pci-dss-4.0.1"), "8.4.2"), [(check, Proof::Full)]);
    }
}

#[test]
fn nobody_is_blamed_for_naming_a_control_that_could_not_be_read() {
    let controls = "- id: \"1\"\n  titel: One\n  family: F\n- id: \"2\"\n  title: Two\n  family: F\n  parent: \"1\"\n";
    let set = demo_with("controls/demo/all.yaml", controls);
    let found = faults(&set);
    assert_eq!(found.len(), 1, "{found:#?}");
    assert!(found[0].contains("titel"), "{found:#?}");
}

#[test]
fn every_check_tells_the_provider_and_internal_it_what_to_do() {
    for check in embedded().checks.values() {
        for party in [Party::Provider, Party::Internal] {
            let text = check.metadata.remediation.get(&party).map_or("", |text| text.trim());
            assert!(text.len() > 20, "{} does not tell {} what to do", check.id, party.title());
        }
    }
}
