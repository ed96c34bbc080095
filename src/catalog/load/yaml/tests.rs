use crate::catalog::load::tests::{assert_fault, demo_with, faults};

const ALL: &str = "controls/demo/all.yaml";
/// One line of `demo_with`'s own stands before the text.
const HEAD: &str = "- id: \"1\"\n  title: One\n  family: F\n  # o1 is named here and in o11\n";

fn lines_of(text: &str) -> Vec<String> {
    faults(&demo_with(ALL, text))
}

#[test]
fn a_doubled_objective_or_alias_is_told_in_the_line_of_the_second() {
    let objective = |id: &str| format!("  - id: {id}\n    title: {id} is so, and o1\n");
    let text = format!("{HEAD}  objectives:\n{}{}{}", objective("o1"), objective("o11"), objective("o1"));
    assert_fault(&demo_with(ALL, text), &format!("{ALL}:11:"), "the objective `o1` is a duplicate");
    let text = format!("{HEAD}  aliases: [o1,\n    o11,\n    o1]\n");
    assert_fault(&demo_with(ALL, text), &format!("{ALL}:8:"), "the alias `o1` is a duplicate");
    // What is lost of one control moves no line of the next.
    let broken = "- id: \"2\"\n  titel: Two\n  family: F\n";
    let text = format!("{broken}{HEAD}  objectives:\n{}{}", objective("o1"), objective("o1"));
    assert_fault(&demo_with(ALL, text), &format!("{ALL}:12:"), "the objective `o1` is a duplicate");
}

#[test]
fn more_faults_than_people_read_are_counted_and_the_first_have_each_their_line() {
    let many: String = (0..300).map(|_| "  - {id: o1, title: T}\n").collect();
    let told = lines_of(&format!("{HEAD}  objectives:\n{many}"));
    assert!(told[0].starts_with(&format!("{ALL}:8: the objective `o1` is a duplicate")), "{:?}", told[0]);
    assert_eq!(told.len(), 201, "{told:#?}");
    assert!(told[200].starts_with(&format!("{ALL}:208: there are 99 more faults")), "{:?}", told[200]);
    let broken: String =
        (0..100).flat_map(|at| ["- id: c".to_owned(), at.to_string(), "\n  titel: T\n".to_owned()]).collect();
    let told = lines_of(&broken);
    let last = told.iter().rfind(|fault| fault.starts_with(ALL)).unwrap();
    assert!(last.starts_with(&format!("{ALL}:83: from here on there are more faults")), "{told:#?}");
}

#[test]
fn a_text_and_a_family_that_nobody_knows_are_told_at_their_key_and_not_at_a_comment() {
    let texts = "# BK-9 is not here\n\"1\": |\n  See BK-9.\nBK-9: Nothing.\n\"BK-8\":\n  Nothing.\n";
    let set = demo_with("controls/demo/texts/t.yaml", texts);
    assert_fault(&set, "controls/demo/texts/t.yaml:5:", "no control with the id `BK-9`");
    assert_fault(&set, "controls/demo/texts/t.yaml:6:", "no control with the id `BK-8`");
    let place = "controls/responsibilities/in-house/demo.yaml";
    let split = "    kind: internal\n    accountable: internal\n    internal_tasks: Does it.\n";
    let template = format!(
        "# Gardens: are not here\nframework: demo\nmodel: in-house\nfamilies:\n  F:\n{split}  Gardens:\n{split}"
    );
    assert_fault(&demo_with(place, template), &format!("{place}:10:"), "`demo` has no family `Gardens`");
}

#[test]
fn what_is_wrong_is_told_in_words_for_people_who_write_no_programs() {
    for (text, words) in [
        ("- id: \"1\"\n  title: One\n  title: Two\n  family: F\n".to_owned(), "the key `title` is a duplicate"),
        (
            "- {id: \"1\", title: One, family: F}\n---\n- {id: \"2\", title: T, family: F}\n".to_owned(),
            "a second document",
        ),
        (
            format!(
                "- id: \"1\"\n  title: One\n  family: F\n  facts: {{a: {}1{}}}\n",
                "[".repeat(5_000),
                "]".repeat(5_000)
            ),
            "",
        ),
    ] {
        let told = lines_of(&text);
        assert!(told.iter().any(|fault| fault.starts_with(ALL) && fault.contains(words)), "{told:#?}");
        for jargon in ["Policy", "Options", "from_str", "breached", "struct"] {
            assert!(told.iter().all(|fault| !fault.contains(jargon)), "{jargon}: {told:#?}");
        }
    }
}
