//! The same as people do it: with the program, a table and a spreadsheet.

use countersign_seal::digest::Digest;

use crate::support::command::{Installation, ORG, Told};

const FRAMEWORK: &str = "hipaa-security";

fn run(installation: &Installation, arguments: &[&str]) -> Told {
    let (verb, rest) = arguments.split_first().unwrap();
    let mut all = vec!["responsibility", verb, "--org", ORG, "--framework", FRAMEWORK];
    all.extend(rest);
    installation.run(&all)
}

fn people(installation: &Installation) {
    for (name, party, full) in [("pat", "provider", "Pat \u{202e}<b>"), ("ines", "internal", "Ines 🦷")] {
        let all = ["person", "add", name, "--org", ORG, "--party", party, "--name", full];
        installation.run(&all).fine();
    }
}

#[test]
fn a_table_is_exported_edited_imported_proposed_and_accepted() {
    let installation = Installation::new();
    let before = run(&installation, &["list", "--json"]).fine().list();
    assert!(before.iter().all(|row| row["version"] == 1 && row["state_words"] == "proposed by template"));
    people(&installation);
    let table = run(&installation, &["export"]).fine().stdout;
    let mut lines: Vec<String> = table.lines().map(str::to_owned).collect();
    // Spreadsheets sort, and write what looks like a formula.
    lines[1..].reverse();
    let last = lines.len() - 1;
    let cells = lines[last].split(',').take(2).collect::<Vec<_>>().join(",");
    lines[last] =
        format!("{cells},shared,internal,'=SUM(A1),\"approves \u{202e}it, \u{1f9b7}\",,pat,ines,,Agreement 4");
    let file = installation.file("split.csv", lines.join("\r\n"));
    let drafted = run(&installation, &["import", file.to_str().unwrap(), "--by", "pat", "--json"]).fine().json();
    assert_eq!((drafted["version"].as_u64(), drafted["state"].as_str()), (Some(2), Some("draft")));

    // What comes out again is what went in, in the framework's order.
    let again = run(&installation, &["export", "--version", "2"]).fine().stdout;
    assert_eq!(again.lines().next(), table.lines().next());
    assert_eq!(again.lines().skip(2).collect::<Vec<_>>(), table.lines().skip(2).collect::<Vec<_>>());
    assert!(again.contains("'=SUM(A1)") && again.contains("approves \u{202e}it, \u{1f9b7}"), "{again}");

    let sealed = installation.beside("split.json");
    run(&installation, &["export", "--format", "json", "--out", sealed.to_str().unwrap()]).fine();
    let digest = Digest::of(&std::fs::read(&sealed).unwrap()).to_string();
    assert_eq!(drafted["digest"], digest.as_str());
    let refused = run(&installation, &["export", "--out", sealed.to_str().unwrap()]);
    refused.refused(&["is there already; name another file"]);

    run(&installation, &["propose", "--by", "pat", "--digest", &digest]).fine();
    let list = run(&installation, &["list"]).fine();
    assert!(list.stdout.contains("proposed by template") && list.stderr.contains("version 2 is proposed"), "{list:?}");
    assert!(!list.stderr.contains('\u{202e}'), "a name drives the terminal: {list:?}");
    run(&installation, &["accept", "--by", "ines"]).ends(2);
    run(&installation, &["accept", "--by", "pat", "--digest", &digest]).refused(&["other party"]);
    let done = run(&installation, &["accept", "--by", "ines", "--digest", &digest]).fine();
    assert!(done.stdout.contains("Version 2 of hipaa-security is now countersigned"), "{done:?}");
    let list = run(&installation, &["list", "--json"]).fine().list();
    assert!(list.iter().all(|row| row["version"] == 2 && row["state"] == "countersigned"));

    let history = run(&installation, &["history", "--json"]).fine().list();
    assert_eq!((history[1]["applies"].as_bool(), history[1]["retroactive"].as_bool()), (Some(true), Some(false)));
    assert_eq!(history[1]["steps"][2]["by"]["handle"], "ines");
    let shown = run(&installation, &["history"]).fine().stdout;
    assert!(shown.contains("version 2: countersigned, applies now") && !shown.contains('\u{202e}'), "{shown}");
    installation.run(&["verify"]).fine();
}

#[test]
fn all_faults_of_a_table_are_shown_with_their_lines_and_nothing_is_taken_over() {
    let installation = Installation::new();
    people(&installation);
    let headings = run(&installation, &["export"]).fine().stdout.lines().next().unwrap().to_owned();
    let commits = installation.log_objects().len();
    let table = format!(
        "{headings}\n164.312(d),,shared,provider,a,b,,,,,\n164.312(d),,shared,internal,a,b,,,,,\n\
         9.9,,shared,\"provider, internal\",a,b,,,,,\n164.312(b),,\u{1b}[2J,provider,a,b,,,,,,\n"
    );
    let file = installation.file("split.csv", table);
    let told = run(&installation, &["import", file.to_str().unwrap(), "--by", "pat"]);
    let told = told.refused(&[
        "nothing was changed",
        "line 3: a second accountable party for 164.312(d): line 2 names provider",
        "line 4: `accountable` names 2 parties",
        "line 4: hipaa-security has no control `9.9`",
        "line 5: there are 12 cells under 11 headings",
    ]);
    assert!(!told.stderr.contains('\u{1b}'), "{told:?}");
    assert_eq!(installation.log_objects().len(), commits);
    let nothing = installation.file("empty.csv", "");
    run(&installation, &["import", nothing.to_str().unwrap(), "--by", "pat"]).refused(&["is empty"]);
    run(&installation, &["import", "no-such.csv", "--by", "pat"]).refused(&["cannot read no-such.csv"]);

    // Controls that nobody owns make a draft, and no proposal.
    let little = installation.file("little.csv", format!("{headings}\n164.312(d),,shared,provider,a,a,,who,,,\n"));
    let told = run(&installation, &["import", little.to_str().unwrap(), "--by", "pat"]).fine();
    assert!(told.stderr.contains("Nobody owns") && told.stderr.contains("164.312(b)"), "{told:?}");
    run(&installation, &["propose", "--by", "pat"]).refused(&["without an owner", "164.312(b)"]);
    let faults = run(&installation, &["lint", "--json"]).fine().list();
    let has = |kind: &str, id: &str| faults.iter().any(|fault| fault["kind"] == kind && fault["id"] == id);
    assert!(has("orphan", "164.312(b)") && has("collision", "164.312(d)") && has("person", "164.312(d)"));
    run(&installation, &["lint", "--strict"]).ends(1);
    run(&installation, &["withdraw", "--by", "ines", "--reason", "A slip."]).fine();
    let shown = run(&installation, &["history"]).fine().stdout;
    assert!(shown.contains("because: A slip."), "{shown}");
}

#[test]
fn one_row_is_changed_by_name_and_an_objective_gets_a_row_of_its_own() {
    let installation = Installation::new();
    people(&installation);
    let set = |arguments: &[&str]| {
        let mut all = vec!["responsibility", "set"];
        all.extend(arguments);
        all.extend(["--org", ORG, "--framework", "cmmc-l2", "--by", "ines"]);
        installation.run(&all)
    };
    let first = set(&[
        "3.1.1",
        "--accountable",
        "internal",
        "--kind",
        "shared",
        "--clause",
        "4.2",
        "--internal-person",
        "ines",
    ]);
    assert!(first.fine().stdout.contains("Version 2 of cmmc-l2 is now draft"));
    let second = set(&["3.1.1[a]", "--accountable", "provider"]).fine();
    assert!(second.stdout.contains("draft 2 was withdrawn with it"), "{second:?}");
    set(&["3.1.1[a]", "--accountable", "provider"]).refused(&["that is how 3.1.1[a] stands already"]);
    set(&["3.9.9", "--accountable", "provider"]).refused(&["no control or objective `3.9.9`"]);
    set(&["3.1.1", "--accountable", "msp"]).refused(&["not a party"]);
    let table = installation.run(&["responsibility", "export", "--org", ORG, "--framework", "cmmc-l2"]).fine().stdout;
    let own: Vec<&str> = table.lines().filter(|line| line.contains("3.1.1[a]")).collect();
    assert_eq!(own.len(), 1, "{own:?}");
    assert!(own[0].contains(",provider,") && own[0].ends_with(",ines,,4.2"), "{own:?}");
}
