//! `retention`: what must be kept, what is deleted when somebody asks, and what stops it.

use crate::support::command::{Installation, ORG, files_below, holds};

const CANARY: &str = "canary: Dana Example, room 7";

fn with_import() -> Installation {
    let installation = Installation::new();
    installation.file("handed/in.txt", CANARY);
    installation.run(&["import", "files", "--org", ORG, "handed"]).fine();
    installation
}

/// Imports are named at once by nobody else, so a court's order can be carried out at once.
const ORDERED: &[&str] = &[
    "retention",
    "delete",
    "--org",
    ORG,
    "--before",
    "2100-01-01",
    "--basis",
    "Order 17",
    "--by",
    "Jordan Example",
    "--party",
    "internal",
    "--shorter-than-the-law",
    "a court ordered it",
];

#[test]
fn what_must_be_kept_is_shown_with_its_source_and_younger_evidence_is_not_deleted() {
    let installation = with_import();
    let told = installation.run(&["retention", "show", "--org", ORG, "--json"]).fine().json();
    let bases: Vec<(&str, u64)> = told["bases"]
        .as_array()
        .unwrap()
        .iter()
        .map(|base| (base["basis"].as_str().unwrap(), base["months"].as_u64().unwrap()))
        .collect();
    assert!(bases.contains(&("45 CFR 164.316(b)(2)(i)", 72)) && bases.contains(&("PCI DSS 10.5.1", 12)), "{bases:?}");
    assert_eq!(told["bases"][0]["older"]["objects"], 0);
    let words = installation.run(&["retention", "show", "--org", ORG]).fine().stdout;
    assert!(words.contains("6 years") && words.contains("Nothing is deleted by itself"), "{words}");

    let without_reason = &ORDERED[..ORDERED.len() - 2];
    installation.run(without_reason).refused(&["6 years", "--shorter-than-the-law"]);
    let would = installation.run(&[ORDERED, &["--dry-run", "--json"]].concat()).fine().json();
    assert_eq!((would["deleted"].as_bool(), would["would"]["objects"].as_u64()), (Some(false), Some(1)));
    installation.run(&["verify"]).fine();
}

#[test]
fn a_deletion_leaves_an_installation_that_verifies_and_packages_that_say_what_is_missing() {
    let installation = with_import();
    let told = installation.run(&[ORDERED, &["--json"]].concat()).fine().json();
    assert_eq!((told["selection"]["objects"].as_u64(), told["archives"].as_u64()), (Some(1), Some(1)));

    let report = installation.run(&["verify", "--json"]).fine().json();
    assert_eq!((&report["verified"], &report["database_compared"]), (&true.into(), &true.into()), "{report}");
    assert_eq!(report["organizations"][0]["deleted_objects"], 1);
    for path in files_below(&installation.data().join("vault")) {
        let bytes = std::fs::read(&path).unwrap();
        let unpacked =
            if path.extension().is_some_and(|end| end == "zip") { crate::packages::unpack(&bytes) } else { Vec::new() };
        let found =
            holds(&bytes, CANARY.as_bytes()) || unpacked.iter().any(|(_, entry)| holds(entry, CANARY.as_bytes()));
        assert!(!found, "the deleted bytes are still in {}", path.display());
    }
    let package =
        installation.run(&["package", "--org", ORG, "--framework", "hipaa-security", "--out", "package.zip"]).fine();
    let words = installation.run(&["verify", package.stdout.trim()]).fine().stdout;
    assert!(words.contains("left out 1"), "{words}");
    let again = installation.run(ORDERED).fine().stdout;
    assert!(again.contains("nothing was deleted"), "{again}");
    installation.run(&["import", "files", "--org", ORG, "handed"]).fine();
    installation.run(&["verify"]).fine();
}

#[test]
fn a_legal_hold_refuses_every_deletion_until_it_is_released() {
    let installation = with_import();
    let hold = ["retention", "hold", "--org", ORG, "--reason", "Case 17", "--by", "Jordan Example", "--json"];
    let id = installation.run(&hold).fine().json()["id"].as_str().unwrap().to_owned();

    installation.run(ORDERED).refused(&[&id, "Case 17", "retention release"]);

    let shown = installation.run(&["retention", "show", "--org", ORG]).fine().stdout;
    assert!(shown.contains(&format!("LEGAL HOLD {id}")), "{shown}");
    let release = |id: &str| {
        installation.run(&[
            "retention",
            "release",
            "--org",
            ORG,
            "--hold",
            id,
            "--reason",
            "ended",
            "--by",
            "Jordan Example",
        ])
    };
    release("another").refused(&["another"]);
    release(&id).fine();
    installation.run(ORDERED).fine();
    installation.run(&["verify"]).fine();
}
