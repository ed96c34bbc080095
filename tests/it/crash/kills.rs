//! Processes side by side on one installation, killed at any moment, and imports that come at once.

use std::path::Path;
use std::time::{Duration, Instant};

use super::proof::{SeenHead, acknowledged, at_once, heads, remember, verified};
use super::scenario::{Place, Stage};
use super::shim::{self, Ended};
use super::{Random, loud, thorough};
use crate::support::beside::Beside;
use crate::support::command::ORG;
use crate::support::skip;

const IMPORT: &[&str] = &["import", "files", "inbox", "--org", ORG, "--json"];
const COLLECT: &[&str] = &["collect", "--org", ORG, "--source", "host", "linux/login_defs", "linux/sysctl", "--json"];
const SERVE: &[&str] = &["serve", "--listen", "127.0.0.1:0"];
const DAY: Duration = Duration::from_hours(24);

#[test]
fn processes_that_are_killed_at_any_moment_leave_one_whole_history() {
    if let Err(reason) = shim::library() {
        return skip("kills at any moment", reason);
    }
    let seed = std::env::var("COUNTERSIGN_CRASH_SEED").map_or(20_261_126, |text| text.parse().unwrap());
    let mut random = Random::of(seed);
    let place = Stage::WithEvidence.place();
    let data = place.data();
    let mut seen = heads(&data);
    let begun = Instant::now();
    // Long enough for a command to do everything beside others, and not so long that a busy machine makes it a wait.
    let longest = usual(&data).mul_f64(3.0).min(Duration::from_millis(1500));
    let rounds = if thorough() { 300 } else { 10 };
    let (mut done, mut cut) = (0, 0);
    for round in 1..=rounds {
        // A day later everything is due: what `serve` begins with is a run.
        let ahead = DAY * round;
        let mut serve = Beside::start(&mut shim::command(SERVE, &data, ahead), place.folder(), "serve");
        let arguments = if round % 3 == 0 { COLLECT } else { IMPORT };
        std::thread::sleep(random.share_of(longest));
        let mut command = Beside::start(&mut shim::command(arguments, &data, ahead), place.folder(), "command");
        std::thread::sleep(random.share_of(longest));
        let [first, second] =
            if random.next().is_multiple_of(2) { [&mut serve, &mut command] } else { [&mut command, &mut serve] };
        let one = first.kill();
        std::thread::sleep(random.share_of(longest / 4));
        let other = second.kill();
        for code in [one, other].into_iter().flatten() {
            assert_eq!(code, 0, "round {round} of seed {seed}: {}{}", command.said(), serve.said());
        }
        let over = [one, other].into_iter().flatten().count();
        (done, cut) = (done + over, cut + 2 - over);
        for told in [serve.said(), command.said()] {
            assert!(!told.contains("panicked"), "round {round} of seed {seed}: {told}");
        }
        if over > 0 {
            let told = acknowledged(&data, &command.printed());
            assert_eq!(told, Ok(()), "round {round} of seed {seed}");
        }
        // By the same clock: a lease of the dead is not over by it.
        proved(&place, &mut seen, ahead, &format!("round {round} of seed {seed}"));
    }
    let seconds = begun.elapsed().as_secs_f64();
    let last = seen.iter().map(|head| head.size).max().unwrap_or(0);
    loud(&format!(
        "kill proof: {rounds} rounds, seed {seed}: {cut} processes killed, {done} had ended; {last} records, {seconds:.0} s"
    ));
    assert!(cut > 0, "nothing was cut off");
}

/// The next import succeeds, at once, and everything verifies.
fn proved(place: &Place, seen: &mut Vec<SeenHead>, ahead: Duration, round: &str) {
    let data = place.data();
    remember(&data, seen);
    let next = at_once(&mut shim::command(IMPORT, &data, ahead)).unwrap_or_else(|late| panic!("{round}: {late}"));
    assert_eq!(next.code, Some(0), "{round}: the next command does not succeed: {next:#?}");
    assert_eq!(acknowledged(&data, &next.stdout), Ok(()), "{round}");
    remember(&data, seen);
    if let Err(broken) = verified(place.folder(), &data, seen, ahead) {
        panic!("{round}: {broken}");
    }
}

/// How long an import takes here and now.
fn usual(data: &Path) -> Duration {
    let begun = Instant::now();
    let ended = shim::run(&mut shim::command(IMPORT, data, Duration::ZERO));
    assert_eq!(ended.code, Some(0), "{ended:#?}");
    begun.elapsed()
}

#[test]
fn imports_that_come_at_once_all_succeed_and_make_one_history() {
    let place = Stage::WithOrganization.place();
    let data = place.data();
    let mut seen = heads(&data);
    let before = seen.iter().map(|head| head.size).max().unwrap();
    let (rounds, writers) = if thorough() { (20, 4) } else { (2, 2) };
    for round in 1..=rounds {
        let ended: Vec<Ended> = std::thread::scope(|threads| {
            let import = || shim::run(&mut shim::command(IMPORT, &data, Duration::ZERO));
            let running: Vec<_> = (0..writers).map(|_| threads.spawn(import)).collect();
            running.into_iter().map(|one| one.join().unwrap()).collect()
        });
        for one in ended {
            assert_eq!(one.code, Some(0), "round {round}: {one:#?}");
            assert_eq!(acknowledged(&data, &one.stdout), Ok(()), "round {round}");
        }
        remember(&data, &mut seen);
    }
    let after = seen.iter().map(|head| head.size).max().unwrap();
    assert_eq!(after - before, rounds * writers * 3, "three files each");
    verified(place.folder(), &data, &seen, Duration::ZERO).unwrap();
}
