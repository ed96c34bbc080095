//! The calendar of a CMMC status: until when it stands, when it is closed out, how long its evidence is kept.

use crate::support::command::{Installation, ORG, countersign, scratch};

#[test]
fn the_dates_of_a_status_are_told_with_what_is_only_recalled() {
    let score = |framework: &str, further: &[&str]| {
        let installation = scratch();
        let file = installation.path().join("findings.json");
        std::fs::write(&file, "{}").unwrap();
        let all = [&["score", framework, "--statuses", file.to_str().unwrap(), "--status-date", "2026-03-02"], further];
        countersign(&all.concat())
    };
    let conditional = score("cmmc-l2", &["--conditional", "--json"]).fine().json();
    assert_eq!(conditional["calendar"]["closeout_by"], "2026-08-29");
    assert_eq!(conditional["calendar"]["on"]["stands"], "not_closed_out", "that day is over");
    let gone = score("cmmc-l2", &["--conditional"]).fine().stdout;
    assert!(gone.contains("the status is gone, for its closeout") && !gone.contains("Next affirmation"), "{gone}");
    let closed = score("cmmc-l2", &["--closed-out", "2026-06-01", "--json"]).fine().json();
    assert_eq!(
        (closed["calendar"]["ends"].as_str(), closed["calendar"]["closeout_by"].as_str()),
        (Some("2029-03-02"), None)
    );
    assert_eq!(closed["calendar"]["keep_until"], "2032-03-02");
    score("cmmc-l2", &["--closed-out", "2026-10-01"]).refused(&["2026-08-29", "170.21(b)"]);
    score("cmmc-l1", &["--conditional"]).refused(&["Level 1 has no conditional status"]);
    let words = score("cmmc-l1", &[]).fine().stdout;
    assert!(words.contains("The status ends: 2027-03-02") && words.contains("to be confirmed"), "{words}");

    let installation = Installation::new();
    let told = installation.run(&["retention", "show", "--org", ORG, "--status-date", "2026-03-02"]).fine().stdout;
    assert!(told.contains("with that status date: until 2032-03-02"), "{told}");
}
