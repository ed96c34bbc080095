//! `key`: which key signs, and a new one in its place.

use crate::support::command::{Installation, ORG};

#[test]
fn a_key_can_be_replaced_and_the_command_says_what_to_tell_the_other_party() {
    let installation = Installation::new();
    let old = installation.run(&["key", "show", "--org", ORG, "--json"]).fine().json();
    let words = installation.run(&["key", "show", "--org", ORG]).fine().stdout;
    assert!(words.contains(old["fingerprint"].as_str().unwrap()) && words.contains("BEGIN PUBLIC KEY"), "{words}");

    let words = installation.run(&["key", "rotate", "--org", ORG]).fine().stdout;

    let listed = installation.run(&["key", "list", "--org", ORG, "--json"]).fine().list();
    let told: Vec<(&str, &str)> =
        listed.iter().map(|key| (key["fingerprint"].as_str().unwrap(), key["state"].as_str().unwrap())).collect();
    let [(first, "replaced"), (second, "signs")] = told.as_slice() else { panic!("{told:?}") };
    assert_eq!(*first, old["fingerprint"].as_str().unwrap());
    for fact in [*first, *second, "Tell whoever checks packages"] {
        assert!(words.contains(fact), "`{fact}` is not said: {words}");
    }
    for key in [first, second] {
        let words = installation.run(&["verify", "--key", key]).fine().stdout;
        assert!(words.contains("by the key you named"), "{words}");
    }
    installation.run(&["key", "rotate", "--org", "nobody"]).refused(&["nobody"]);
}
