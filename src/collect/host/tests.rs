use std::time::Duration;

use crate::catalog::collector::CollectorDefinition;
use crate::collect::{Place, Target};
use crate::model::evidence::{Body, CollectionOutcome, RawEvidence, Source, was_ended_early};
use crate::model::time::FixedClock;

use super::HostTarget;

fn definition(shell: &str, more: &str) -> CollectorDefinition {
    let shell = serde_json::to_string(shell).unwrap();
    let yaml = format!(
        "{{id: linux/example, title: Example, source: host, command: {{shell: {shell}{more}}}, \
        schedule: '0 5 * * *', timeout_seconds: 10, max_bytes: 10000, time_to_live_hours: 48, \
        parser: sysctl/1, proves: Nothing.}}"
    );
    serde_saphyr::from_str(&yaml).unwrap()
}

fn target(uid: u32) -> HostTarget {
    let mut target = HostTarget::local("desk.example".to_owned());
    target.facts.uid = Some(uid);
    target
}

async fn collect(definition: &CollectorDefinition) -> RawEvidence {
    let clock = FixedClock("2026-11-23T09:00:00Z".parse().unwrap());
    target(0).collect(definition, Place::default().at(&clock)).await
}

fn artifact<'a>(evidence: &'a RawEvidence, name: &str) -> Option<&'a [u8]> {
    let artifact = evidence.artifacts.iter().find(|artifact| artifact.name == name)?;
    match &artifact.body {
        Body::Memory(bytes) => Some(bytes.as_ref()),
        Body::File(_) => None,
    }
}

/// Seconds to sleep that no other process on this machine sleeps, also not one of these tests in another folder.
fn mark(number: u32) -> String {
    format!("{}{number:02}", std::process::id())
}

/// True when some process has `mark` among its arguments.
fn is_running(mark: &str) -> bool {
    std::fs::read_dir("/proc").unwrap().filter_map(Result::ok).any(|entry| {
        std::fs::read(entry.path().join("cmdline"))
            .is_ok_and(|arguments| arguments.split(|byte| *byte == 0).any(|argument| argument == mark.as_bytes()))
    })
}

async fn disappears(mark: &str) -> bool {
    for _ in 0..3000 {
        if !is_running(mark) {
            return true;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    false
}

#[tokio::test]
async fn output_error_text_and_exit_code_are_kept_byte_for_byte() {
    let evidence = collect(&definition(r"printf 'a\377\000b\r\n'; printf 'w\376' >&2; exit 3", "")).await;
    assert_eq!(artifact(&evidence, "stdout").unwrap(), b"a\xff\x00b\r\n");
    assert_eq!(artifact(&evidence, "stderr").unwrap(), b"w\xfe");
    assert_eq!(artifact(&evidence, "exit_code").unwrap(), b"3\n");
    assert_eq!((evidence.outcome, evidence.source), (CollectionOutcome::Failed, Source::Host));
    assert!(evidence.reason.contains("exit code 3"), "{}", evidence.reason);
    assert_eq!(evidence.provenance["exit_code"], 3);
    assert_eq!(evidence.target, "desk.example");
}

#[tokio::test]
async fn a_command_sees_a_fixed_environment_and_no_input() {
    let evidence = collect(&definition("env | sort; cat; pwd", "")).await;
    let stdout = String::from_utf8_lossy(artifact(&evidence, "stdout").unwrap()).into_owned();
    let lines: Vec<&str> = stdout.lines().filter(|line| !line.starts_with("PWD=") && !line.starts_with("_=")).collect();
    let path = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
    assert_eq!(lines, ["HOME=/", "LC_ALL=C", path, "/"]);
}

#[tokio::test]
async fn a_hanging_command_is_killed_with_its_children() {
    let marks = [13, 14, 15].map(mark);
    let [beside, apart, last] = &marks;
    let shell = format!("sleep {beside} & (sleep {apart} >/dev/null 2>&1 &) ; echo begun; sleep {last}");
    let mut definition = definition(&shell, "");
    definition.timeout_seconds = 4;
    let evidence = collect(&definition).await;
    assert_eq!(evidence.outcome, CollectionOutcome::Failed);
    assert!(evidence.reason.contains("4 seconds"), "{}", evidence.reason);
    assert_eq!(artifact(&evidence, "stdout").unwrap(), b"begun\n");
    assert_eq!(artifact(&evidence, "exit_code"), None);
    for mark in &marks {
        assert!(disappears(mark).await, "sleep {mark} still runs");
    }
}

#[tokio::test]
async fn a_command_that_never_answers_is_unreachable_also_when_it_closed_its_output() {
    let mark = mark(16);
    for shell in [format!("sleep {mark}"), format!("exec >/dev/null 2>&1; sleep {mark}")] {
        let mut definition = definition(&shell, "");
        definition.timeout_seconds = 1;
        let evidence = collect(&definition).await;
        assert_eq!(evidence.outcome, CollectionOutcome::Unreachable);
    }
    assert!(disappears(&mark).await);
}

#[tokio::test]
async fn a_run_that_is_given_up_leaves_no_process_behind() {
    let mark = mark(17);
    let definition = definition(&format!("sleep {mark} & sleep {mark}"), "");
    let begun = async {
        while !is_running(&mark) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::select! {
        _ = collect(&definition) => panic!("it ended by itself"),
        () = begun => {}
    }
    assert!(disappears(&mark).await);
}

#[tokio::test]
async fn a_flood_is_cut_at_the_limit_and_stopped() {
    let mark = mark(18);
    let mut definition = definition(&format!("yes {mark}"), "");
    definition.timeout_seconds = 60;
    let evidence = collect(&definition).await;
    assert_eq!(evidence.outcome, CollectionOutcome::Partial);
    assert!(evidence.reason.contains("10000 bytes"), "{}", evidence.reason);
    assert_eq!(artifact(&evidence, "stdout").unwrap().len(), 10_000);
    assert_eq!(evidence.provenance["stopped_by"], "size limit");
    assert!(disappears(&mark).await);
}

#[tokio::test]
async fn a_flood_of_error_text_is_cut_without_holding_up_the_answer() {
    let evidence = collect(&definition("head -c 3000000 /dev/zero >&2; echo a.b = 1", "")).await;
    assert_eq!(evidence.outcome, CollectionOutcome::Complete);
    assert_eq!(artifact(&evidence, "stdout").unwrap(), b"a.b = 1\n");
    assert_eq!(artifact(&evidence, "stderr").unwrap().len(), 10_000);
    assert_eq!(evidence.provenance["stderr"], "cut at the size limit");
}

#[tokio::test]
async fn an_answer_of_exactly_the_limit_is_complete() {
    let evidence = collect(&definition("head -c 10000 /dev/zero", "")).await;
    assert_eq!(evidence.outcome, CollectionOutcome::Complete);
    assert_eq!(artifact(&evidence, "stdout").unwrap().len(), 10_000);
}

#[tokio::test]
async fn a_tool_that_is_missing_ends_as_its_definition_says() {
    let endings = ", endings: [{exit_code: 127, outcome: not_offered, reason: No such tool here.}]";
    let evidence = collect(&definition("no-such-tool-here", endings)).await;
    assert_eq!(evidence.outcome, CollectionOutcome::NotOffered);
    assert_eq!(evidence.reason, "No such tool here.");
    assert_eq!(artifact(&evidence, "exit_code").unwrap(), b"127\n");
}

#[tokio::test]
async fn a_command_killed_by_the_system_has_the_code_a_shell_would_give() {
    let evidence = collect(&definition("kill -s SEGV $$", "")).await;
    assert_eq!(artifact(&evidence, "exit_code").unwrap(), b"139\n");
    assert_eq!(evidence.provenance["signal"], 11);
    assert_eq!(evidence.outcome, CollectionOutcome::Failed);
}

#[tokio::test]
async fn what_needs_root_is_only_partial_for_anyone_else() {
    let definition = definition("echo a.b = 1", ", needs_root: true");
    let clock = FixedClock("2026-11-23T09:00:00Z".parse().unwrap());
    let evidence = target(1000).collect(&definition, Place::default().at(&clock)).await;
    assert_eq!(evidence.outcome, CollectionOutcome::Partial);
    assert!(evidence.reason.contains("root"), "{}", evidence.reason);
    assert_eq!(target(0).collect(&definition, Place::default().at(&clock)).await.outcome, CollectionOutcome::Complete);
}

#[tokio::test]
async fn a_definition_without_a_command_is_an_outcome_not_a_crash() {
    let mut definition = definition("true", "");
    definition.command = None;
    let evidence = collect(&definition).await;
    assert_eq!(evidence.outcome, CollectionOutcome::Failed);
    assert!(evidence.artifacts.is_empty() && !evidence.reason.is_empty());
}

#[tokio::test]
async fn the_provenance_names_the_machine_and_who_looked() {
    let evidence = collect(&definition("true", "")).await;
    assert_eq!(evidence.provenance["uid"], 0);
    for name in ["hostname", "kernel", "os_id", "command", "duration_ms"] {
        assert!(evidence.provenance.contains_key(name), "{name}");
    }
}

/// The command of a collector with its source of lines replaced by a text.
fn filter(yaml: &str, source: &str, lines: &str) -> CollectorDefinition {
    let mut definition: CollectorDefinition = serde_saphyr::from_str(yaml).unwrap();
    let command = definition.command.as_mut().unwrap();
    assert!(command.shell.contains(source), "the collector no longer asks {source}");
    command.shell = command.shell.replace(source, &format!("printf '%s\\n' {lines}"));
    definition
}

#[tokio::test]
async fn no_hash_or_password_of_any_shape_leaves_the_shadow_filter() {
    let lines = "'a:$6$salt$SECRET:1:0:99999:7:::' 'b:!!$y$j9T$salt$SECRET:2::::::' 'c:SECRET:3::::::' \
        'd:$SECRET:3::::::' 'e:$SECRETx$SECRET:3::::::' 'f::0::::::' 'g:!*:4::::::' 'h:*$6$s$SECRET:4::::::'";
    let yaml = include_str!("../../../collectors/linux/shadow_ages/collector.yaml");
    let evidence = collect(&filter(yaml, "getent shadow", lines)).await;
    let stdout = String::from_utf8_lossy(artifact(&evidence, "stdout").unwrap()).into_owned();
    assert!(!stdout.contains("SECRET") && !stdout.contains("salt"), "{stdout}");
    let expected = "a:set:6:1:0:99999:7::\nb:locked:y:2:::::\nc:set::3:::::\nd:set::3:::::\ne:set::3:::::\n\
        f:empty::0:::::\ng:no-password::4:::::\nh:locked:6:4:::::\n";
    assert_eq!(stdout, expected);
}

#[tokio::test]
async fn a_hash_in_the_account_list_is_withheld() {
    let lines = "'root:x:0:0:root:/root:/bin/bash' 'old:SECRET:5:5::/:/bin/sh' 'open::6:6::/:/bin/sh'";
    let yaml = include_str!("../../../collectors/linux/accounts/collector.yaml");
    let evidence = collect(&filter(yaml, "getent passwd", lines)).await;
    let expected = "root:x:0:0:root:/root:/bin/bash\nold:withheld:5:5::/:/bin/sh\nopen::6:6::/:/bin/sh\n";
    assert_eq!(artifact(&evidence, "stdout").unwrap(), expected.as_bytes());
}

#[tokio::test]
async fn a_run_that_is_ended_stops_the_command_with_all_its_children_and_says_so() {
    let marks = [21, 22].map(mark);
    let [beside, last] = &marks;
    let definition = definition(&format!("sleep {beside} & echo begun; sleep {last}"), "");
    let (here, clock) = (Place::default(), FixedClock("2026-11-23T09:00:00Z".parse().unwrap()));
    let host = target(0);
    let ending = async {
        while !is_running(last) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        here.stop.cancel();
    };
    let (evidence, ()) = tokio::join!(host.collect(&definition, here.at(&clock)), ending);
    assert_eq!(evidence.outcome, CollectionOutcome::Failed);
    assert!(was_ended_early(evidence.outcome, &evidence.reason), "{}", evidence.reason);
    assert_eq!(artifact(&evidence, "stdout").unwrap(), b"begun\n", "what it had printed is kept");
    assert_eq!(evidence.provenance["stopped_by"], "end of the run");
    for mark in &marks {
        assert!(disappears(mark).await, "sleep {mark} still runs");
    }
}
