//! The clock: beside those of the services that were asked anyway, and whether the system says that it is kept right.

use std::process::Stdio;
use std::time::Duration;

use super::Line;
use crate::collect::graph::ClockSeen;

const AREA: &str = "clock";
/// The sign-in service refuses what is further off.
const REFUSED: i64 = 5 * 60;
const NOTICEABLE: i64 = 30;

/// What the system says about its own clock.
pub(super) async fn look() -> Vec<Line> {
    let mut command = tokio::process::Command::new("timedatectl");
    command.args(["show", "--property=NTPSynchronized", "--value"]);
    command.stdin(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
    let said = tokio::time::timeout(Duration::from_secs(5), command.output()).await;
    let said = said.ok().and_then(Result::ok).filter(|output| output.status.success());
    let said = said.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
    vec![synchronized_in_words(said.as_deref())]
}

fn synchronized_in_words(said: Option<&str>) -> Line {
    match said {
        Some("yes") => Line::ok(AREA, "", "the system says that its time is synchronized"),
        Some("no") => Line::warning(AREA, "", "the system says that its time is not synchronized")
            .missing("certainty about the times of evidence; sign-in fails once the clock is five minutes off")
            .next("turn on a time service, such as systemd-timesyncd or chrony"),
        _ => Line::ok(AREA, "", "whether the system's time is synchronized cannot be told here"),
    }
}

/// A service's clock beside ours.
pub(super) fn beside(seen: &ClockSeen) -> Line {
    let off = (seen.ours.as_datetime() - seen.theirs.as_datetime()).num_seconds();
    let which = if off > 0 { "ahead of" } else { "behind" };
    let says = format!("this machine's clock is {} {which} that of {}", seconds_in_words(off.abs()), seen.host);
    let next = "set this machine's clock and turn on a time service";
    match off.abs() {
        0..=NOTICEABLE => Line::ok(AREA, &seen.host, format!("this machine's clock agrees with that of {}", seen.host)),
        ..=REFUSED => Line::warning(AREA, &seen.host, says).missing("exact times of evidence").next(next),
        _ => Line::problem(AREA, &seen.host, says)
            .missing("sign-in with a certificate fails, and evidence carries wrong times")
            .next(next),
    }
}

fn seconds_in_words(seconds: i64) -> String {
    match seconds {
        0..120 => format!("{seconds} seconds"),
        120..7_200 => format!("{} minutes", seconds / 60),
        _ => format!("{} hours", seconds / 3_600),
    }
}

#[cfg(test)]
mod tests {
    use super::{beside, synchronized_in_words};
    use crate::collect::graph::ClockSeen;
    use crate::doctor::Level;

    #[test]
    fn half_a_minute_is_nothing_five_minutes_are_a_warning_and_more_is_a_problem() {
        let level = |ours: &str| {
            let theirs = "2026-11-27T10:00:00Z".parse().unwrap();
            beside(&ClockSeen { host: "login.example".to_owned(), theirs, ours: ours.parse().unwrap() }).level
        };
        assert_eq!((level("2026-11-27T10:00:30Z"), level("2026-11-27T09:59:29Z")), (Level::Ok, Level::Warning));
        assert_eq!((level("2026-11-27T10:05:00Z"), level("2026-11-27T10:05:01Z")), (Level::Warning, Level::Problem));
    }

    #[test]
    fn a_system_that_says_nothing_of_its_time_is_not_accused() {
        assert_eq!(synchronized_in_words(None).level, Level::Ok);
        assert_eq!(synchronized_in_words(Some("no")).level, Level::Warning);
    }
}
