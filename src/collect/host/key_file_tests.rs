//! The filter of the collector of SSH keys, run over a home folder made for it.

use std::fs;

use crate::catalog::collector::CollectorDefinition;
use crate::collect::{Place, Target};
use crate::model::evidence::{Body, CollectionOutcome};
use crate::model::time::FixedClock;

use super::HostTarget;

const BLOB: &str = "AAAAC3NzaC1lZDI1NTE5AAAAIGV4YW1wbGVleGFtcGxlZXhhbXBsZWV4YW1wbGVleGFt";

async fn filtered(lines: &[String]) -> (CollectionOutcome, String) {
    let home = tempfile::tempdir().unwrap();
    fs::create_dir(home.path().join(".ssh")).unwrap();
    fs::write(home.path().join(".ssh/authorized_keys"), lines.join("\n")).unwrap();
    let yaml = include_str!("../../../collectors/linux/authorized_keys/collector.yaml");
    let mut definition: CollectorDefinition = serde_saphyr::from_str(yaml).unwrap();
    let command = definition.command.as_mut().unwrap();
    for source in ["getent passwd |", "sshd -T 2>/dev/null"] {
        assert!(command.shell.contains(source), "the collector no longer asks {source}");
    }
    let account = format!("echo 'alice:x:1000:1000::{}:/bin/bash' |", home.path().display());
    command.shell = command.shell.replace("getent passwd |", &account).replace("sshd -T 2>/dev/null", "true");
    let mut target = HostTarget::local("desk.example".to_owned());
    target.facts.uid = Some(0);
    let (place, clock) = (Place::default(), FixedClock("2026-11-26T09:00:00Z".parse().unwrap()));
    let evidence = target.collect(&definition, place.at(&clock)).await;
    let stdout = evidence.artifacts.iter().find(|artifact| artifact.name == "stdout").unwrap();
    let Body::Memory(stdout) = &stdout.body else { panic!("the answer is small") };
    (evidence.outcome, String::from_utf8_lossy(stdout).into_owned())
}

#[tokio::test]
async fn no_key_comment_command_or_variable_leaves_the_filter_of_key_files() {
    let lines = [
        format!("ssh-ed25519 {BLOB} SECRET@desk"),
        "# SECRET".to_owned(),
        "   # SECRET".to_owned(),
        format!("command=\"run --token SECRET \\\"SECRET\\\" x\",no-pty ssh-ed25519 {BLOB} SECRET"),
        format!("Environment=\"TOKEN=SECRET\",restrict ssh-rsa {BLOB}"),
        format!("environment=\"TOKEN=SECRET ssh-rsa {BLOB} c"),
        format!("command=SECRET ssh-rsa {BLOB} c"),
        format!("command=\"withheldSECRET\",COMMAND=\"SECRET\" ssh-rsa {BLOB}"),
        format!("from=\"192.0.2.0/24,*.example\" ssh-ed25519 {BLOB}"),
        "SECRET".to_owned(),
        "1024 35 1234567890SECRET old@desk".to_owned(),
        format!("ssh-ed25519\t{BLOB}\tSECRET"),
        "-----BEGIN OPENSSH PRIVATE KEY-----".to_owned(),
        "SECRETAAAAC3NzaC1lZDI1NTE5AAAASECRET".to_owned(),
    ];
    let (outcome, stdout) = filtered(&lines).await;
    assert_eq!(outcome, CollectionOutcome::Complete);
    assert!(!stdout.contains("SECRET") && !stdout.contains("AAAA") && !stdout.contains("token"), "{stdout}");
    let keys: Vec<_> = stdout.lines().filter_map(|line| line.strip_prefix("key ")).collect();
    assert_eq!(keys[0], "ssh-ed25519");
    assert_eq!(keys[1], "command=\"withheld\",no-pty ssh-ed25519");
    assert_eq!(keys[2], "Environment=\"withheld\",restrict ssh-rsa");
    assert_eq!(keys[6], "from=\"192.0.2.0/24,*.example\" ssh-ed25519");
    assert_eq!(keys.len(), 12, "every line but comments is counted: {stdout}");
}
