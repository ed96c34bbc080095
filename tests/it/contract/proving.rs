//! `prove` and `export tiles`: what somebody takes away who trusts no one, and what the commands refuse.

use countersign_seal::digest::Digest;
use countersign_seal::ledger::{leaf_hash, verify_consistency, verify_inclusion};
use countersign_seal::proof::{Consistency, Inclusion};
use serde_json::Value;

use crate::support::command::{Installation, ORG, copy, countersign};

fn with_imports() -> Installation {
    let installation = Installation::new();
    for name in ["first", "second"] {
        installation.file(&format!("{name}/{name}.txt"), format!("the {name} document\n"));
        installation.run(&["import", "files", "--org", ORG, name]).fine();
    }
    installation
}

fn digest(value: &Value) -> Digest {
    value.as_str().unwrap().parse().unwrap()
}

fn newest_checkpoint(installation: &Installation) -> Value {
    let proof = installation.run(&["prove", "--org", ORG, "--leaf", "0", "--json"]).fine().json();
    proof["head"]["checkpoint"].clone()
}

#[test]
fn a_proof_of_a_record_convinces_a_reader_who_has_only_the_file_and_the_head() {
    let installation = with_imports();
    let told = installation.run(&["prove", "--org", ORG, "--leaf", "2", "--json", "--out", "proof"]).fine().json();
    let proof = Inclusion::parse(&std::fs::read(installation.beside("proof")).unwrap()).unwrap();
    let record = told["record"].as_str().unwrap();
    let root = digest(&told["head"]["root"]);
    let size = told["head"]["size"].as_u64().unwrap();
    assert_eq!((proof.leaf, proof.size), (2, size));
    assert_eq!(digest(&told["leaf_hash"]), leaf_hash(record.as_bytes()));
    assert!(verify_inclusion(&leaf_hash(record.as_bytes()), 2, size, &proof.path, &root), "the proof does not hold");
    assert!(told["head"]["checkpoint"].as_str().unwrap().contains(&format!("\n{size}\n")), "{told}");
    let words = installation.run(&["prove", "--org", ORG, "--leaf", "2"]).fine().stdout;
    assert!(words.contains("countersign-proof/1") && words.contains(record), "{words}");

    installation.run(&["prove", "--org", ORG, "--leaf", "2", "--out", "proof"]).refused(&["proof"]);
    installation.run(&["prove", "--org", ORG, "--leaf", &size.to_string()]).refused(&["younger"]);
    installation.run(&["prove", "--org", ORG, "--leaf", "1", "--size", "1"]).refused(&["younger"]);
    installation.run(&["prove", "--org", ORG]).refused(&["--leaf"]);
}

#[test]
fn a_kept_checkpoint_is_continued_or_the_command_says_that_history_was_rewritten() {
    let installation = with_imports();
    let kept = newest_checkpoint(&installation);
    installation.file("kept", kept.as_str().unwrap());
    let older = installation.beside("older");
    copy(&installation.data(), &older);
    installation.file("third/third.txt", "the third document\n");
    installation.run(&["import", "files", "--org", ORG, "third"]).fine();

    let told = installation.run(&["prove", "--org", ORG, "--from", "kept", "--json"]).fine().json();
    let proof = Consistency::parse(told["proof"].as_str().unwrap().as_bytes()).unwrap();
    let (from, to) = (digest(&told["from"]["root"]), digest(&told["to"]["root"]));
    assert_eq!((proof.to - proof.from, &told["from"]["checkpoint"]), (1, &kept));
    assert!(verify_consistency(proof.from, proof.to, &from, &to, &proof.path), "the proof does not hold");
    // A size that was never signed is proved too, to the newest head.
    let told = installation.run(&["prove", "--org", ORG, "--from", "1", "--json"]).fine().json();
    assert_eq!(told["from"]["checkpoint"], Value::Null);

    // The newest checkpoint, on an installation that was put back to an older day, database and vault together.
    let newest = installation.file("newest", newest_checkpoint(&installation).as_str().unwrap());
    let (newest, older) = (newest.to_str().unwrap(), older.to_str().unwrap());
    let told = countersign(&["prove", "--org", ORG, "--from", newest, "--data", older]).ends(3);
    assert!(told.stdout.contains("rolled back"), "{told:#?}");
    // The same beginning and key, but another history: what the key's holder shows somebody else.
    installation.file("fork", newest_checkpoint(&with_imports()).as_str().unwrap());
    let told = installation.run(&["prove", "--org", ORG, "--from", "fork"]).ends(3);
    assert!(told.stdout.contains("rewritten"), "{told:#?}");
    installation.run(&["org", "add", "contoso"]).fine();
    installation.run(&["prove", "--org", "contoso", "--from", "kept"]).refused(&["countersign/"]);
    let forged = kept.as_str().unwrap().replacen('\n', "\n1", 1);
    installation.file("forged", forged);
    installation.run(&["prove", "--org", ORG, "--from", "forged"]).refused(&["signed by no key"]);
    installation.run(&["prove", "--org", ORG, "--from", "nothing"]).refused(&["neither"]);
}

#[test]
fn an_export_goes_on_where_it_was_and_never_writes_over_what_says_otherwise() {
    let installation = Installation::new();
    for number in 0..300 {
        installation.file(&format!("many/{number}.txt"), format!("document {number}\n"));
    }
    installation.run(&["import", "files", "--org", ORG, "many"]).fine();
    let export = || installation.run(&["export", "tiles", "--org", ORG, "--out", "tiles", "--json"]);
    let first = export().fine().json();
    let size = first["size"].as_u64().unwrap();
    let leaves = std::fs::read(installation.beside("tiles/tile/0/000")).unwrap();
    assert_eq!((leaves.len(), first["compared"].as_u64()), (256 * 32, Some(0)));
    let told = installation.run(&["prove", "--org", ORG, "--leaf", "7", "--json"]).fine().json();
    assert_eq!(digest(&told["leaf_hash"]).as_bytes(), &leaves[7 * 32..8 * 32], "another hash than the proof's");
    let checkpoint = std::fs::read_to_string(installation.beside("tiles/checkpoint")).unwrap();
    assert_eq!(told["head"]["checkpoint"], checkpoint);
    let older = installation.beside("older");
    copy(&installation.data(), &older);

    installation.file("third/third.txt", "the third document\n");
    installation.run(&["import", "files", "--org", ORG, "third"]).fine();
    let second = export().fine().json();
    assert_eq!(second["size"].as_u64(), Some(size + 1));
    assert_eq!(second["compared"].as_u64(), Some(3), "bundle, tile, and the tile above them: {second}");
    assert_eq!(export().fine().json()["written"].as_u64(), Some(0), "nothing changed");

    // An installation that was put back to an older day, beside what it once published.
    let tiles = installation.beside("tiles");
    let (tiles, older) = (tiles.to_str().unwrap(), older.to_str().unwrap());
    let told = countersign(&["export", "tiles", "--org", ORG, "--out", tiles, "--data", older]).ends(3);
    assert!(told.stdout.contains("rolled back"), "{told:#?}");
    crate::support::command::damage(&installation.beside("tiles/tile/0/000"));
    let told = installation.run(&["export", "tiles", "--org", ORG, "--out", "tiles"]).ends(3);
    assert!(told.stdout.contains("tile/0/000"), "{told:#?}");
}
