use proptest::prelude::*;

use super::super::change::in_order;
use super::super::lint::tests::framework;
use super::{COLUMNS, LARGEST, read, write};
use crate::model::id::PersonHandle;
use crate::model::responsibility::{Party, Responsibility, ResponsibilityKind};

const HEADINGS: &str = "control,objective,kind,accountable,provider_tasks,internal_tasks,vendor_tasks,provider_person,internal_person,document,clause\n";

fn faults(text: &str) -> Vec<String> {
    faults_of(text.as_bytes())
}

fn faults_of(bytes: &[u8]) -> Vec<String> {
    read(&framework(), bytes).unwrap_err().iter().map(ToString::to_string).collect()
}

#[test]
fn all_faults_of_a_table_are_told_at_once_with_their_lines() {
    let long = "x".repeat(4_001);
    let table = format!(
        "{HEADINGS}\
         C1,,shared,provider,a,b,,,,,\n\
         C1,,shared,internal,a,b,,,,,\n\
         C2,,shared,provider,a,b,,,,,\n\
         C2,,shared,provider,a,b,,,,,\n\
         C9,,shared,provider,a,b,,,,,\n\
         C3,C3[z],shared,provider,a,b,,,,,\n\
         C4,,sharing,msp,a,b,,,,,\n\
         C5,,shared,\"provider, internal\",a,b,,,,,\n\
         C5,,shared,provider,a,b,,,,,,too,many\n\
         C5,,shared,provider\n\
         C5,,provider,provider,{long},\"\u{1b}[2J\",,Not A Handle,,,\n\
         ,,,,,,,,,,x\n"
    );
    let told = faults(&table);
    let wanted = [
        ("line 3: ", "line 2 names provider; exactly one is accountable"),
        ("line 5: ", "C2 is there already, in line 4"),
        ("line 6: ", "no control `C9`"),
        ("line 7: ", "C3 has no objective `C3[z]`"),
        ("line 8: ", "`sharing` is not a kind of responsibility"),
        ("line 8: ", "`msp` is not a party"),
        ("line 9: ", "names 2 parties"),
        ("line 10: ", "13 cells under 11 headings"),
        ("line 11: ", "4 cells under 11 headings"),
        ("line 12: ", "4001 characters"),
        ("line 12: ", "control characters"),
        ("line 12: ", "not a person's short name"),
        ("line 13: ", "`control` is empty"),
        ("line 13: ", "`kind` is empty"),
    ];
    for (line, words) in wanted {
        assert!(told.iter().any(|one| one.starts_with(line) && one.contains(words)), "{line}{words}: {told:#?}");
    }
    // C5 of line 12 is not the first: line 9 was about it too.
    assert!(told.iter().all(|one| !one.starts_with("line 2:") && !one.starts_with("line 4:")), "{told:#?}");
}

#[test]
fn a_file_that_is_no_table_is_refused_in_words() {
    assert!(faults("")[0].contains("empty"));
    assert!(faults(" \r\n\n")[0].contains("empty"));
    assert!(faults(HEADINGS)[0].contains("no rows"));
    assert!(faults_of(b"control,kind\nC1,\xff\n")[0].starts_with("line 2: this is not UTF-8"));
    assert!(faults_of(&vec![b'x'; LARGEST + 1])[0].contains("are allowed"));
    let told = faults("control;kind;accountable\nC1;shared;provider\n");
    assert_eq!(told.len(), 12, "{told:#?}");
    assert!(told[0].contains("line 1: the column `control` is missing") && told[11].contains("commas"), "{told:#?}");
    let told = faults(&HEADINGS.replace("clause", "kind"));
    assert_eq!(told, ["line 1: the column `kind` is there twice", "line 1: the column `clause` is missing"]);
    let many = "nothing,,,,,,,,,,\n".repeat(3_000);
    assert_eq!(faults(&format!("{HEADINGS}{many}")).len(), 1_001);
    let other = HEADINGS.replace("control,", "framework,control,");
    let told = faults(&format!("{other}elsewhere,C1,,shared,provider,a,b,,,,,\n"));
    assert!(told[0].contains("of `elsewhere`, not of f"), "{told:#?}");
}

#[test]
fn a_fault_has_the_line_that_an_editor_shows_also_in_the_form_that_the_export_writes() {
    let table = format!("{HEADINGS}C1,,shared,provider,\"a\nb\",b,,,,,\nC9,,shared,provider,a,b,,,,,\n");
    for mark in ["", "\u{feff}"] {
        for end in ["\n", "\r\n"] {
            let told = faults(&format!("{mark}{}", table.replace('\n', end)));
            assert_eq!(told, ["line 4: f has no control `C9`"], "{mark:?} {end:?}");
        }
    }
}

#[test]
fn a_quotation_mark_that_was_cut_off_takes_no_row_away_unseen() {
    let row = |control: &str, text: &str| format!("{control},,shared,provider,{text},b,,,,,\n");
    let table = format!("{HEADINGS}{}{}{}", row("C1", "\"cut"), row("C2", "a"), row("C3", "\"whole\""));
    let told = faults(&table);
    assert!(told.len() == 1 && told[0].starts_with("line 2: the quotation mark that opens here"), "{told:#?}");
    let told = faults(&format!("{HEADINGS}{}", row("C1", "\"cut")));
    assert_eq!(told, ["line 2: the quotation mark that opens here is never closed"]);
}

#[test]
fn columns_may_stand_in_any_order_and_spreadsheets_may_add_their_marks() {
    let mut headings: Vec<&str> = COLUMNS.to_vec();
    headings.reverse();
    let table = format!(
        "\u{feff}{},title\r\n§ 4,,,,,it,'=1+1,Provider,SHARED,,one,something\r\n,,,,,,,,,,,\r\n",
        headings.join(",")
    );
    let rows = read(&framework(), table.as_bytes()).unwrap();
    assert_eq!(rows.len(), 1);
    let row = &rows[0];
    // `one` is another spelling of C1.
    assert_eq!((row.control.as_str(), row.kind, row.accountable), ("C1", ResponsibilityKind::Shared, Party::Provider));
    assert_eq!((row.provider_tasks.as_str(), row.internal_tasks.as_str()), ("=1+1", "it"));
    assert_eq!(row.clause.as_deref(), Some("§ 4"));
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[ -~]{0,20}",
        "['=+@ ,;\"\t\r\n-]{0,8}",
        Just("<b>\u{202e}\u{5e9}\u{1f9b7}</b>".to_owned()),
        "\\PC{0,12}",
    ]
}

fn person() -> impl Strategy<Value = Option<PersonHandle>> {
    proptest::option::of("[a-z][a-z0-9.-]{0,8}").prop_map(|text| text.map(|text| text.parse().unwrap()))
}

fn row(control: &'static str, objective: Option<&'static str>) -> impl Strategy<Value = Option<Responsibility>> {
    let kinds = vec!["provider", "internal", "shared", "inherited", "not_applicable"];
    let words = (proptest::sample::select(kinds), proptest::sample::select(vec!["provider", "internal", "vendor"]));
    let maybe = || proptest::option::of(text()).prop_map(|text| text.filter(|text| !text.is_empty()));
    let texts = (text(), text(), maybe(), maybe(), maybe());
    let made = (words, texts, person(), person()).prop_map(move |(words, texts, provider, internal)| Responsibility {
        control: control.parse().unwrap(),
        objective: objective.map(|id| id.parse().unwrap()),
        kind: words.0.parse().unwrap(),
        accountable: words.1.parse().unwrap(),
        provider_tasks: texts.0,
        internal_tasks: texts.1,
        vendor_tasks: texts.4,
        document: texts.2,
        provider_person: provider,
        internal_person: internal,
        clause: texts.3,
    });
    proptest::option::weighted(0.8, made)
}

proptest! {
    #[test]
    fn a_written_table_is_read_back_as_the_same_split(
        rows in (row("C1", None), row("C2", None), row("C3", None), row("C3", Some("C3[a]")), row("C3", Some("C3[b]"))),
        turned in any::<bool>(),
    ) {
        let (one, two, three, four, five) = rows;
        let mut rows: Vec<Responsibility> = [one, two, three, four, five].into_iter().flatten().collect();
        prop_assume!(!rows.is_empty());
        let mut written = rows.clone();
        if turned {
            written.reverse();
        }
        in_order(&framework(), &mut rows);
        prop_assert_eq!(read(&framework(), &write(&written).unwrap()), Ok(rows));
    }

    #[test]
    fn no_bytes_bring_the_reader_down(bytes in proptest::collection::vec(any::<u8>(), 0..200), headed in any::<bool>()) {
        let head = if headed { HEADINGS.as_bytes() } else { b"" };
        let _ = read(&framework(), &[head, &bytes].concat());
    }
}
