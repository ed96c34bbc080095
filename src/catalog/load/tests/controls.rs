//! Faults of frameworks, controls and templates.

use super::{CONTROLS, FRAMEWORK, assert_fault, demo_with, faults};
use crate::catalog::files::FileSet;

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
fn an_objective_that_the_judging_framework_does_not_have_is_refused() {
    let path = "controls/cmmc-l1/media-protection.yaml";
    let text = "# override: test\n- id: MP.L1-b.1.vii\n  title: Media Disposal\n  family: Media Protection\n  objectives:\n    - {id: \"3.8.3[z]\", title: Nothing}\n";
    assert_fault(&FileSet::embedded().with_file(path, text), &format!("{path}:2"), "which `cmmc-l2` does not have");
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
fn nobody_is_blamed_for_naming_a_control_that_could_not_be_read() {
    let controls = "- id: \"1\"\n  titel: One\n  family: F\n- id: \"2\"\n  title: Two\n  family: F\n  parent: \"1\"\n";
    let set = demo_with("controls/demo/all.yaml", controls);
    let found = faults(&set);
    assert_eq!(found.len(), 1, "{found:#?}");
    assert!(found[0].contains("titel"), "{found:#?}");
}
