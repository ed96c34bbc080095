//! What the tools of real hosts print when something is missing, refused, cut off, translated or older than expected,
//! for the datasets about the system itself.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::catalog::collector::CollectorDefinition;
use crate::collect::redact::Redactor;
use crate::dataset::{Dataset, from_raw_file};
use crate::model::evidence::CollectionOutcome::{self, Complete, Denied, Empty, Failed, NotOffered};

use super::parse;

fn definition(dataset: &str) -> CollectorDefinition {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("collectors/linux").join(dataset);
    serde_saphyr::from_str(&fs::read_to_string(folder.join("collector.yaml")).unwrap()).unwrap()
}

fn sample(dataset: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("collectors/linux").join(dataset);
    fs::read(folder.join("sample/stdout")).unwrap()
}

fn read(dataset: &str, stdout: &str, stderr: &str, exit_code: i64) -> Dataset {
    let file = json!({"stdout": stdout, "stderr": stderr, "exit_code": exit_code}).to_string();
    from_raw_file(&definition(dataset), file.as_bytes(), "2026-11-23".parse().unwrap())
}

/// `(dataset, stdout, stderr, exit code, outcome, a word of the reason)`.
type Ending<'a> = (&'a str, &'a str, &'a str, i64, CollectionOutcome, &'a str);

fn expect(endings: &[Ending<'_>]) {
    for (dataset, stdout, stderr, exit_code, outcome, word) in endings {
        let seen = read(dataset, stdout, stderr, *exit_code);
        assert_eq!(seen.outcome, *outcome, "{dataset} {exit_code} {stderr}: {}", seen.reason);
        assert!(seen.reason.contains(word), "{dataset}: {}", seen.reason);
        assert!(seen.rows.is_empty() || seen.outcome == Complete, "{dataset}");
    }
}

const NO_PID_ONE: &str = "System has not been booted with systemd as init system (PID 1). Can't operate.\n\
    Failed to connect to bus: Host is down\n";

#[test]
fn an_ordinary_user_is_refused_never_shown_an_empty_system() {
    let nft = "Operation not permitted (you must be root)\nnetlink: Error: cache initialization failed: Operation not permitted\n";
    let iptables = "iptables-nft-save v1.8.9 (nf_tables): Could not fetch rule set generation id: Permission denied (you must be root)\n";
    let legacy = "Failed to list table names in /proc/net/ip_tables_names: Permission denied\n";
    expect(&[
        ("nftables", "", nft, 1, Denied, "root"),
        ("iptables", "== countersign iptables-nft-save\n", iptables, 4, Denied, "root"),
        ("iptables", "== countersign iptables-legacy-save\n", legacy, 1, Denied, "root"),
        ("ufw", "", "ERROR: You need to be root to run this script\n", 1, Denied, "root"),
        ("audit_rules", "== countersign status\n", "You must be root to run this program.\n", 4, Denied, "root"),
        ("audit_rule_files", "", "", 4, Denied, "root"),
        ("log_forwarding", "", "cat: /etc/rsyslog.d/50-x.conf: Permission denied\n", 4, Denied, "root"),
        ("automatic_updates", "", "cat: /etc/dnf/automatic.conf: Permission denied\n", 4, Denied, "root"),
        ("mandatory_access_control", "", "cat: /etc/selinux/config: Permission denied\n", 4, Denied, "root"),
    ]);
}

#[test]
fn a_missing_firewall_tool_says_that_nothing_is_known_not_that_nothing_is_there() {
    expect(&[
        ("nftables", "", "/bin/sh: 1: nft: not found\n", 127, Failed, "nft"),
        ("iptables", "", "", 127, Failed, "iptables"),
        ("ufw", "", "/bin/sh: 1: ufw: not found\n", 127, NotOffered, "ufw"),
        ("audit_rules", "== countersign status\n", "/bin/sh: 2: auditctl: not found\n", 127, Failed, "auditctl"),
        ("rpm_updates", "", "", 127, NotOffered, "dnf"),
        ("mounts", "", "/bin/sh: 1: findmnt: not found\n", 127, Failed, "findmnt"),
    ]);
}

#[test]
fn silence_with_exit_code_zero_is_an_answer_only_where_a_working_host_can_be_silent() {
    let silent = [
        "sysctl",
        "services",
        "timers",
        "packages",
        "mounts",
        "nftables",
        "iptables",
        "audit_rules",
        "ufw",
        "audit_rule_files",
        "journal_settings",
        "log_forwarding",
        "file_integrity",
        "automatic_updates",
        "reboot_required",
        "mandatory_access_control",
        "rpm_updates",
        "host_identity",
        "time_sync",
        "pending_updates",
    ];
    for dataset in silent {
        assert_eq!(read(dataset, "", "", 0).outcome, Failed, "{dataset}");
    }
    assert_eq!(read("listening_ports", "", "", 0).outcome, Empty);
    let none = r#"{"nftables": [{"metainfo": {"version": "1.0.6", "json_schema_version": 1}}]}"#;
    assert_eq!(read("nftables", none, "", 0).outcome, Empty);
    assert_eq!(read("iptables", "== countersign iptables-nft-save\n== countersign end\n", "", 0).outcome, Empty);
}

#[test]
fn a_host_without_a_running_systemd_shows_what_its_files_say_and_no_more() {
    let list = "ssh.service enabled enabled\nauditd.service enabled enabled\n== countersign list-units\n";
    let services = read("services", list, NO_PID_ONE, 0);
    assert_eq!((services.outcome, &services.rows[1]["active"]), (Complete, &Value::Null));
    let timers = read("timers", "fstrim.timer enabled enabled\n== countersign list-units\n", NO_PID_ONE, 0);
    assert_eq!((timers.outcome, &timers.rows[0]["active"]), (Complete, &Value::Null));
    expect(&[
        ("services", "", NO_PID_ONE, 1, Failed, "container"),
        ("timers", "", NO_PID_ONE, 1, Failed, "container"),
        ("timers", "", "/bin/sh: 1: systemctl: not found\n", 127, NotOffered, "systemd"),
        ("time_sync", "== countersign timedatectl\n== countersign chronyc\n", NO_PID_ONE, 1, Failed, "time"),
    ]);
}

#[test]
fn a_chrony_that_does_not_run_does_not_spoil_the_answer_of_systemd() {
    let output = "== countersign timedatectl\nTimezone=Etc/UTC\nNTP=yes\nNTPSynchronized=yes\n== countersign chronyc\n";
    let seen = read("time_sync", output, "506 Cannot talk to daemon\n", 0);
    assert_eq!((seen.outcome, &seen.rows[0]["chrony"]), (Complete, &Value::Null));
    let on_stdout = definition("time_sync").command.unwrap().shell;
    assert!(on_stdout.contains(">&2"), "what chronyc complains about on standard output is kept out of the answer");
}

#[test]
fn both_clocks_are_read_as_their_tools_print_them() {
    let csv =
        "C0000210,192.0.2.16,2,1795441207.123,-0.000004,-0.000003,0.000012,-1.5,0.001,0.02,0.03,0.001,64.2,Normal\n";
    let output = format!("== countersign timedatectl\n== countersign chronyc\n{csv}");
    let row = read("time_sync", &output, NO_PID_ONE, 0).rows.remove(0);
    let expected =
        json!({"source": "192.0.2.16", "stratum": 2, "offset_seconds": "-0.000004", "leap_status": "Normal"});
    assert_eq!((&row["chrony"], &row["ntp_synchronized"]), (&expected, &Value::Null));
}

#[test]
fn a_chrony_without_a_server_says_that_all_is_well_and_names_no_source() {
    // Printed by chrony 4.3 that was told to follow the host's own clock.
    let own = "7F7F0101,,10,1795738671.506322260,0.000000000,0.000000000,0.000000000,0.000,0.000,0.000,0.000000000,\
        0.000000000,0.0,Normal\n";
    let row = read("time_sync", &format!("== countersign chronyc\n{own}"), NO_PID_ONE, 0).rows.remove(0);
    assert_eq!((&row["chrony"]["source"], &row["chrony"]["leap_status"]), (&json!(""), &json!("Normal")));
}

#[test]
fn sockets_without_a_program_and_with_interfaces_are_read_and_a_heading_is_refused() {
    let real = "tcp LISTEN 0      128    127.0.0.1:22022 0.0.0.0:* users:((\"sshd\",pid=24220,fd=4))\n\
        tcp LISTEN 0      128      0.0.0.0:2024  0.0.0.0:*                                \n\
        tcp   LISTEN 0      128          [::]:22       [::]:*    users:((\"sshd\",pid=1,fd=4))\n\
        udp   UNCONN 0      0      127.0.0.53%lo:53    0.0.0.0:*\n";
    let rows = read("listening_ports", real, "", 0).rows;
    assert_eq!((&rows[1]["port"], &rows[1]["process"]), (&json!(2024), &Value::Null));
    assert_eq!((&rows[2]["address"], &rows[3]["address"]), (&json!("::"), &json!("127.0.0.53")));
    let heading = "Netid State  Recv-Q Send-Q Local Address:Port Peer Address:PortProcess\n";
    expect(&[("listening_ports", &format!("{heading}{real}"), "", 0, Failed, "line 1")]);
}

#[test]
fn disks_of_old_and_new_tools_know_an_encrypted_layer_anywhere_below_the_mount() {
    let layers = r#"{"blockdevices": [{"name": "sda", "type": "disk", "size": "500107862016", "mountpoint": null, "children": [
        {"name": "md0", "type": "raid1", "size": "499", "mountpoint": null, "children": [
          {"name": "crypt0", "type": "crypt", "size": "498", "mountpoint": null, "children": [
            {"name": "vg-root", "type": "lvm", "fstype": "xfs", "size": "497", "mountpoint": "/"}]}]}]}]}"#;
    let rows = read("block_devices", layers, "", 0).rows;
    assert_eq!(rows[3]["parent_types"], json!(["disk", "raid1", "crypt"]));
    assert_eq!((&rows[0]["mountpoints"], &rows[3]["mountpoints"]), (&json!([]), &json!(["/"])));
    expect(&[("block_devices", layers.get(..300).unwrap(), "", 0, Failed, "JSON")]);
}

#[test]
fn security_updates_are_found_under_every_name_of_a_release_and_with_their_age() {
    let output = "Inst libgcrypt20-dev [1.10.1-3] (1.10.1-3+deb12u1 Debian:12.15/oldstable, Debian-Security:12/oldstable-security [amd64]) []\n\
        Inst bash [5.2.15-2+b8] (5.2.15-2+b13 Debian:12.15/oldstable [amd64])\n\
        2 upgraded, 0 newly installed, 0 to remove and 0 not upgraded.\npackage-lists-changed 1795440468\n";
    let seen = read("pending_updates", output, "", 0);
    assert_eq!((&seen.rows[0]["security"], &seen.rows[1]["security"]), (&json!(true), &json!(false)));
    assert_eq!(seen.meta["package_lists_changed_at"], json!("2026-11-23T13:27:48.000000Z"));
}

#[test]
fn translated_answers_are_refused_not_misread() {
    expect(&[
        (
            "pending_updates",
            "Paketlisten werden gelesen…\n0 aktualisiert, 0 neu installiert\n",
            "",
            0,
            Failed,
            "summary",
        ),
        ("ufw", "Status: Aktiv\nVoreinstellung: deny (incoming)\n", "", 0, Failed, "line 1"),
        ("services", "12 Unit-Dateien aufgelistet.\n", "", 0, Failed, "line 1"),
        (
            "audit_rules",
            "== countersign status\nenabled 1\npid 5\n== countersign rules\nKeine Regeln\n",
            "",
            0,
            Failed,
            "line 5",
        ),
    ]);
}

/// Every part that carries a mark at its end, or is JSON.
const WHOLE_OR_NOTHING: [&str; 12] = [
    "audit_rule_files",
    "automatic_updates",
    "block_devices",
    "file_integrity",
    "iptables",
    "journal_settings",
    "log_forwarding",
    "mandatory_access_control",
    "mounts",
    "nftables",
    "reboot_required",
    "rpm_updates",
];

#[test]
fn an_answer_that_was_cut_off_at_any_line_is_not_read_as_a_smaller_system() {
    for dataset in WHOLE_OR_NOTHING {
        let whole = String::from_utf8(sample(dataset)).unwrap();
        let lines: Vec<&str> = whole.split_inclusive('\n').collect();
        for kept in 0..lines.len() - 1 {
            let seen = read(dataset, &lines[..kept].concat(), "", 0);
            // lsblk may print nothing at all on a host without disks.
            let is_fine = seen.outcome == Failed || (dataset == "block_devices" && kept == 0);
            assert!(is_fine, "{dataset} after {kept} lines: {:?}", seen.outcome);
        }
    }
}

const SYSTEM: [&str; 22] = [
    "audit_rule_files",
    "audit_rules",
    "automatic_updates",
    "block_devices",
    "file_integrity",
    "host_identity",
    "iptables",
    "journal_settings",
    "listening_ports",
    "log_forwarding",
    "mandatory_access_control",
    "mounts",
    "nftables",
    "packages",
    "pending_updates",
    "reboot_required",
    "rpm_updates",
    "services",
    "sysctl",
    "time_sync",
    "timers",
    "ufw",
];

#[test]
fn a_greeting_before_the_answer_is_refused() {
    for dataset in SYSTEM.into_iter().filter(|dataset| *dataset != "pending_updates") {
        let answer = String::from_utf8(sample(dataset)).unwrap();
        let seen = read(dataset, &format!("Welcome to RX-7! Authorized use only.\n{answer}"), "", 0);
        assert_eq!(seen.outcome, Failed, "{dataset}");
    }
}

#[test]
fn no_broken_byte_makes_a_parser_panic() {
    for dataset in SYSTEM {
        let (parser, whole) = (definition(dataset).parser, sample(dataset));
        let step = (whole.len() / 60).max(1);
        for at in (0..whole.len()).step_by(step) {
            for broken in [b'\xff', b'\n', b'"', b'(', b'='] {
                let mut output = whole.clone();
                output[at] = broken;
                let _ = parse(&parser, &output);
                output.truncate(at + 1);
                let _ = parse(&parser, &output);
            }
        }
    }
}

#[test]
fn passwords_in_settings_of_logs_and_audit_never_leave_the_host() {
    let cases = [
        ("log_forwarding", "action(type=\"ommysql\" server=\"db\" uid=\"log\" pwd=\"s3cr3t-word\")\n"),
        ("log_forwarding", "action(type=\"omelasticsearch\" server=\"es\" uid=\"log\" pwd = \"s3cr3t-word\")\n"),
        ("log_forwarding", "*.* :ommysql:db.example,Syslog,log,s3cr3t-word;Template\n"),
        ("log_forwarding", "*.* >db.example,Syslog,log,s3cr3t-word\n"),
        ("log_forwarding", "$ActionLibdbiPassword s3cr3t-word\n"),
        ("log_forwarding", "URL=https://log:s3cr3t-word@logs.example:19532\n"),
        ("audit_rule_files", "# krb5_password = s3cr3t-word\n"),
        ("automatic_updates", "proxy_password = s3cr3t-word\n"),
        ("file_integrity", "/etc/cron.d/x:1 1 * * * root PASSPHRASE=s3cr3t-word tripwire --check\n"),
        ("mounts", "\"options\": \"rw,username=log,password=s3cr3t-word,vers=3.0\"\n"),
    ];
    for (dataset, text) in cases {
        let redactor = Redactor::new(&definition(dataset).redact).unwrap();
        let (kept, _) = redactor.apply("stdout", text.as_bytes().to_vec().into());
        let kept = String::from_utf8(kept.to_vec()).unwrap();
        assert!(!kept.contains("s3cr3t-word") && kept.contains("[redacted]"), "{dataset}: {kept}");
    }
}
