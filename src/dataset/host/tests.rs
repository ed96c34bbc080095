use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::catalog::collector::CollectorDefinition;
use crate::dataset::from_raw_file;
use crate::model::evidence::{CollectionOutcome, Source};

use super::{is_known, parse};

fn folders() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("collectors/linux");
    let mut folders: Vec<_> = fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path()).collect();
    folders.sort();
    folders
}

pub(super) fn definition(folder: &Path) -> CollectorDefinition {
    let text = fs::read_to_string(folder.join("collector.yaml")).unwrap();
    serde_saphyr::from_str(&text).unwrap_or_else(|fault| panic!("{}: {fault}", folder.display()))
}

pub(super) fn read(dataset: &str, stdout: &str, stderr: &str, exit_code: i64) -> (CollectionOutcome, String) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("collectors/linux").join(dataset);
    let file = serde_json::json!({"stdout": stdout, "stderr": stderr, "exit_code": exit_code}).to_string();
    let seen = from_raw_file(&definition(&folder), file.as_bytes(), "2026-11-23".parse().unwrap());
    assert!(seen.rows.is_empty() || seen.outcome == CollectionOutcome::Complete);
    (seen.outcome, seen.reason)
}

#[test]
fn a_parser_nobody_wrote_is_named_in_the_error() {
    let fault = parse("sshd-config/99", b"").unwrap_err();
    assert!(fault.to_string().contains("`sshd-config/99`"));
}

#[test]
fn every_linux_collector_can_be_read_and_its_sample_is_complete() {
    let mut parsers = BTreeSet::new();
    for folder in folders() {
        let definition = definition(&folder);
        let name = folder.file_name().unwrap().to_string_lossy().into_owned();
        assert_eq!(definition.id.as_str(), format!("linux/{name}"));
        assert_eq!(definition.source, Source::Host);
        assert!(is_known(&definition.parser), "{name}: {}", definition.parser);
        parsers.insert(definition.parser.clone());
        let text = |file: &str| fs::read_to_string(folder.join("sample").join(file)).unwrap();
        let exit_code = text("exit_code").trim().parse().unwrap();
        let (outcome, reason) = read(&name, &text("stdout"), &text("stderr"), exit_code);
        assert_eq!(outcome, CollectionOutcome::Complete, "{name}: {reason}");
    }
    assert_eq!(parsers.len(), super::PARSERS.len(), "every parser has a collector");
}

#[test]
fn every_ending_says_what_is_the_matter_in_a_sentence() {
    for folder in folders() {
        for ending in definition(&folder).command.unwrap().endings {
            let is_sentence = ending.reason.ends_with('.') && ending.reason.len() > 40;
            assert!(is_sentence, "{}: {}", folder.display(), ending.reason);
        }
    }
}

#[test]
fn a_missing_tool_is_never_an_empty_answer() {
    for folder in folders() {
        let name = folder.file_name().unwrap().to_string_lossy().into_owned();
        let exit_code = if matches!(name.as_str(), "accounts" | "groups" | "shadow_ages") { 0 } else { 127 };
        let (outcome, reason) = read(&name, "", "/bin/sh: 1: tool: not found\n", exit_code);
        assert!(matches!(outcome, CollectionOutcome::NotOffered | CollectionOutcome::Failed), "{name}: {outcome:?}");
        assert!(!reason.is_empty());
    }
}

#[test]
fn an_ordinary_user_is_told_to_collect_as_root() {
    let cases = [
        ("shadow_ages", "", "", 0),
        ("sshd_config", "", "sshd: no hostkeys available -- exiting.\r\n", 1),
        ("sshd_config", "", "/etc/ssh/sshd_config: Permission denied\n", 255),
        ("sudoers", "== countersign /etc/sudoers\n", "cat: /etc/sudoers: Permission denied\n", 4),
    ];
    for (dataset, stdout, stderr, exit_code) in cases {
        let (outcome, reason) = read(dataset, stdout, stderr, exit_code);
        assert_eq!(outcome, CollectionOutcome::Denied, "{dataset}");
        assert!(reason.contains("root"), "{reason}");
    }
}

#[test]
fn traps_of_real_hosts_are_read_for_what_they_are() {
    let bus = "System has not been booted with systemd as init system (PID 1). Can't operate.\n\
        Failed to connect to bus: Host is down\n";
    let cases = [
        ("pending_updates", "", "/bin/sh: 1: apt-get: not found\n", 127, CollectionOutcome::NotOffered),
        ("pending_updates", "", "E: dpkg was interrupted, you must manually run it\n", 100, CollectionOutcome::Failed),
        ("pending_updates", "", "", 0, CollectionOutcome::Failed),
        ("services", "", "/bin/sh: 1: systemctl: not found\n", 127, CollectionOutcome::NotOffered),
        ("services", "ssh.service enabled\n== countersign list-units\n", bus, 0, CollectionOutcome::Complete),
        ("services", "", bus, 1, CollectionOutcome::Failed),
        ("time_sync", "== countersign timedatectl\n== countersign chronyc\n", bus, 1, CollectionOutcome::Failed),
        ("sshd_config", "", "Missing privilege separation directory: /run/sshd\r\n", 255, CollectionOutcome::Failed),
        ("listening_ports", "", "", 0, CollectionOutcome::Empty),
        ("block_devices", "{\"blockdevices\": []}", "", 0, CollectionOutcome::Empty),
        ("accounts", "", "", 0, CollectionOutcome::Failed),
        ("login_defs", "", "cat: /usr/etc/login.defs: No such file or directory\n", 1, CollectionOutcome::NotOffered),
    ];
    for (dataset, stdout, stderr, exit_code, expected) in cases {
        let (outcome, reason) = read(dataset, stdout, stderr, exit_code);
        assert_eq!(outcome, expected, "{dataset} {exit_code}: {reason}");
        assert_eq!(reason.is_empty(), outcome == CollectionOutcome::Complete, "{dataset}: {reason}");
    }
}
