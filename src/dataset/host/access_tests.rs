//! How hosts really answer about accounts, passwords and SSH when something is in the way: the files `ordinary_user.json`
//! and `without_tools.json` beside the collectors were made by running their commands as such.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::json;

use super::parse;
use super::tests::{definition, read};
use crate::dataset::{Dataset, from_raw_file};
use crate::model::evidence::CollectionOutcome as Outcome;

const ACCESS: [&str; 15] = [
    "accounts",
    "authorized_keys",
    "file_permissions",
    "groups",
    "lockout_settings",
    "login_banners",
    "login_defs",
    "logins",
    "pam_stacks",
    "password_quality",
    "shadow_ages",
    "shell_timeouts",
    "sshd_config",
    "sshd_match",
    "sudoers",
];

fn folder(dataset: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("collectors/linux").join(dataset)
}

fn sample(dataset: &str, file: &str) -> Option<Vec<u8>> {
    fs::read(folder(dataset).join("sample").join(file)).ok()
}

fn seen(dataset: &str, file: &str) -> Option<Dataset> {
    let bytes = sample(dataset, file)?;
    Some(from_raw_file(&definition(&folder(dataset)), &bytes, "2026-11-26".parse().unwrap()))
}

#[test]
fn what_an_ordinary_user_really_gets_is_refused_or_marked_as_less_than_the_whole() {
    for dataset in ACCESS {
        let Some(answer) = seen(dataset, "ordinary_user.json") else { continue };
        let needs_root = definition(&folder(dataset)).command.unwrap().needs_root;
        match dataset {
            "shadow_ages" | "sshd_config" | "sshd_match" | "sudoers" => {
                assert_eq!(answer.outcome, Outcome::Denied, "{dataset}");
                assert!(answer.reason.contains("root"), "{}", answer.reason);
            }
            // These answer with less and an exit code of 0; only that root is asked for keeps them from being complete.
            "authorized_keys" | "file_permissions" => {
                assert!(needs_root, "{dataset}");
                let whole = parse(&definition(&folder(dataset)).parser, &sample(dataset, "stdout").unwrap()).unwrap();
                assert!(answer.rows.len() < whole.rows.len(), "{dataset}");
            }
            // No record of sign-ins was on that host.
            "logins" => assert_eq!(answer.outcome, Outcome::Empty),
            _ => {
                let whole = parse(&definition(&folder(dataset)).parser, &sample(dataset, "stdout").unwrap()).unwrap();
                assert_eq!((answer.outcome, needs_root), (Outcome::Complete, false), "{dataset}");
                if dataset != "accounts" {
                    assert_eq!(answer.rows, whole.rows, "{dataset}: an ordinary user sees the same");
                }
            }
        }
    }
}

#[test]
fn on_a_host_without_the_tools_no_collector_claims_to_have_seen_anything() {
    for dataset in ACCESS {
        let answer = seen(dataset, "without_tools.json").unwrap_or_else(|| panic!("{dataset} was not tried"));
        assert!(matches!(answer.outcome, Outcome::Failed | Outcome::NotOffered), "{dataset}: {:?}", answer.outcome);
        assert!(answer.reason.ends_with('.') || dataset == "login_defs", "{dataset}: {}", answer.reason);
        let is_about_duty = !matches!(dataset, "sshd_config" | "sshd_match" | "sudoers");
        assert!(answer.outcome == Outcome::Failed || !is_about_duty, "{dataset} would free a host from its duty");
    }
}

#[test]
fn a_refusal_in_another_language_is_still_no_answer() {
    let cases = [
        ("sudoers", "== countersign /etc/sudoers\n", "cat: /etc/sudoers: Keine Berechtigung\n", 4),
        ("sshd_config", "", "sshd: aucune cl\u{e9} d'h\u{f4}te\n", 1),
        ("sshd_match", "== countersign any \n", "sshd: \u{93b5}\u{304c}\u{3042}\u{308a}\u{307e}\u{305b}\u{3093}\n", 1),
        ("authorized_keys", "", "stat: Zugriff verweigert\n", 4),
        ("file_permissions", "", "stat: Zugriff verweigert\n", 4),
        ("pam_stacks", "== countersign /etc/pam.d/x\n", "cat: Permiso denegado\n", 4),
        ("logins", "", "last: nie mo\u{17c}na otworzy\u{107}\n", 1),
        ("groups", "", "", 0),
        ("accounts", "", "", 0),
        ("shadow_ages", "", "", 0),
    ];
    for (dataset, stdout, stderr, exit_code) in cases {
        let (outcome, reason) = read(dataset, stdout, stderr, exit_code);
        assert!(matches!(outcome, Outcome::Denied | Outcome::Failed), "{dataset}: {outcome:?} {reason}");
    }
}

#[test]
fn a_greeting_of_the_host_in_front_of_an_answer_is_never_taken_for_data() {
    for dataset in ACCESS {
        let stdout = sample(dataset, "stdout").unwrap();
        let stdout = format!("*** Welcome to desk.example ***\n{}", String::from_utf8_lossy(&stdout));
        let (outcome, reason) = read(dataset, &stdout, "", 0);
        assert_eq!(outcome, Outcome::Failed, "{dataset}");
        assert!(reason.contains("line 1"), "{dataset}: {reason}");
    }
}

#[test]
fn settings_that_are_all_comments_or_not_there_set_nothing_and_say_so() {
    let comments = String::from_utf8(sample("lockout_settings", "comments_only").unwrap()).unwrap();
    for (dataset, stdout) in
        [("lockout_settings", comments.as_str()), ("lockout_settings", ""), ("password_quality", "")]
    {
        let (outcome, reason) = read(dataset, stdout, "", 0);
        assert_eq!(outcome, Outcome::Empty, "{dataset}: {reason}");
    }
}

#[test]
fn rules_of_sudo_are_followed_through_every_kind_of_include() {
    let rows = parse("sudoers/1", &sample("sudoers", "with_includes").unwrap()).unwrap().rows;
    let of = |who: &str| rows.iter().find(|row| row["who"] == who).unwrap_or_else(|| panic!("{who}: {rows:?}"));
    assert_eq!(of("alice")["file"], json!("/etc/team"));
    assert_eq!(of("#1000")["file"], json!("/etc/sudo-more"));
    assert_eq!(of("%admins")["file"], json!("/etc/sudoers.d/10-admins"));
    assert!(rows.iter().all(|row| row["who"] != "eve"), "sudo skips such files too");
    let texts: Vec<_> =
        rows.iter().filter(|row| row["kind"] == "include").map(|row| row["text"].as_str().unwrap()).collect();
    assert!(texts.contains(&"#include /etc/sudo-more") && texts.contains(&"@includedir /etc/sudoers.d"), "{texts:?}");
    assert!(!texts.iter().any(|text| text.contains("not-this")), "a comment is no include: {texts:?}");
}

#[test]
fn what_a_dataset_cannot_show_is_said_in_what_it_proves() {
    let proves = |dataset: &str| definition(&folder(dataset)).proves;
    assert!(proves("sshd_config").contains("configuration file") && proves("sshd_config").contains("Match"));
    assert!(proves("sshd_match").contains("not the running server"));
    assert!(proves("login_defs").contains("from now on") && proves("login_defs").contains("PAM"));
    assert!(proves("lockout_settings").contains("unless a PAM stack asks"));
    assert!(proves("logins").contains("as far back as the record goes"));
}

#[test]
fn no_answer_however_broken_makes_a_parser_fall_over_or_a_cut_one_pass_for_more_than_it_is() {
    for dataset in ACCESS {
        let parser = definition(&folder(dataset)).parser;
        let whole = sample(dataset, "stdout").unwrap();
        let rows = parse(&parser, &whole).unwrap().rows.len();
        let step = (whole.len() / 40).max(1);
        for at in (0..whole.len()).step_by(step) {
            if let Ok(cut) = parse(&parser, &whole[..at]) {
                assert!(cut.rows.len() <= rows, "{dataset} cut at {at}");
            }
            for byte in [0, b'\n', b'[', b'"', b'\\', 0xff] {
                let mut broken = whole.clone();
                broken[at] = byte;
                let _ = parse(&parser, &broken);
            }
        }
    }
}
