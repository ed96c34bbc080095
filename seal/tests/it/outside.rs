//! The verifier that a stranger could have written, as its user runs it. What it notices is in `tamper`.

use std::fs;

use crate::support::{Folder, Vault, key, run_outside, said};

#[test]
fn the_outside_verifier_takes_a_key_in_each_form_and_tells_wrong_use_from_alteration() {
    let mut vault = Vault::small("outside");
    let package = vault.package_of(&[0], &[], &[]);
    let folder = Folder::new("outside-files");
    let write = |name: &str, bytes: &[u8]| {
        let path = folder.0.join(name);
        fs::write(&path, bytes).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let zip = write("package.zip", &package);
    let vkey = key(7).verifying_key().vkey();
    let file = write("key", format!("{vkey}\n").as_bytes());
    let other = key(8).verifying_key().fingerprint();
    let since = write("since", vault.signed[0].note.as_bytes());
    let home = vault.folder.0.to_str().unwrap();
    for (arguments, code, words) in [
        (vec![zip.as_str()], 0, "key not compared"),
        (vec!["--key", &key(7).verifying_key().fingerprint(), &zip], 0, "key compared"),
        (vec!["--key", &vkey, &zip], 0, "key compared"),
        (vec!["--key", &file, &zip], 0, "key compared"),
        (vec!["--key", &other, &zip], 3, "is not the one given"),
        (vec!["--vault", home], 0, "key not compared"),
        (vec!["--vault", "--key", &vkey, "--since", &since, home], 0, "key compared"),
        (vec!["--vault", "--key", &other, home], 3, "is not the one given"),
        (vec!["--key", "nonsense", &zip], 2, "neither a fingerprint nor a verifier key"),
        (vec!["/nonexistent.zip"], 2, "cannot be read"),
        (vec!["--vault", "/nonexistent"], 2, "is not a vault"),
        (vec![], 2, "usage"),
    ] {
        let Some(output) = run_outside(&arguments) else { return };
        let text = said(&output);
        assert!(
            output.status.code() == Some(code) && text.contains(words),
            "{arguments:?}: {:?}\n{text}",
            output.status
        );
    }
}
