//! Faults of collectors.

use super::{COLLECTOR, assert_fault, demo_with};

#[test]
fn a_schedule_that_never_comes_round_or_is_no_crontab_line_is_refused_with_its_line() {
    for (schedule, words) in [
        ("0 0 31 2 *", "never comes round"),
        ("0 0 30 feb *", "never comes round"),
        ("0 6 L * *", "crontab does not know"),
        ("0 0 3 * * mon", "has 6 fields"),
        ("\"@reboot\"", "names no times"),
    ] {
        let collector = COLLECTOR.replace("15 3 * * *", schedule);
        let place = "collectors/m365/users/collector.yaml:11";
        assert_fault(&demo_with("collectors/m365/users/collector.yaml", collector), place, words);
    }
}

#[test]
fn a_collector_outside_its_limits_is_refused_in_every_respect() {
    let text = COLLECTOR
        .replace("id: m365/users", "id: m365/people")
        .replace("version: v1.0", "version: v2.0")
        .replace("timeout_seconds: 60", "timeout_seconds: 0")
        .replace("max_bytes: 1000000", "max_bytes: 99999999999")
        + "redact:\n  - {id: one, pattern: \"(\"}\n  - {id: two, pattern: \"x*\"}\n";
    let path = "collectors/m365/users/collector.yaml";
    let set = demo_with(path, text);
    for (line, words) in [
        (2, "not its folder"),
        (6, "neither v1.0 nor beta"),
        (12, "timeout_seconds"),
        (13, "max_bytes"),
        (18, "`one` is not a regular expression"),
        (18, "everywhere"),
    ] {
        assert_fault(&set, &format!("{path}:{line}"), words);
    }
}
