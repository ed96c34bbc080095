//! Runs of real processes: ended by a signal, killed in the middle, side by side; and what the schedule says of them.

use std::path::{Path, PathBuf};

use chrono::{Datelike as _, Utc};
use serde_json::Value;

use crate::support::beside::{Beside, wait_until};
use crate::support::catalog_folder::shipped;
use crate::support::command::{ORG, Told, entries, program, told};
use crate::support::{Database, databases};

const SETTINGS: &str = "[catalog]\nfolders = [\"more\"]\n";

/// A day of the month that does not come within four days, from whatever day the story is told on: `serve` runs on the
/// machine's clock, and a collector that comes round meanwhile would be read once more.
fn far_day() -> u32 {
    if Utc::now().day() < 15 { 28 } else { 5 }
}

/// An installation with this machine connected, where one collector takes as long as a story wants. No collector comes
/// round before [`far_day`]: what is due at first is due because it was never read.
struct Site {
    database: Database,
    data: PathBuf,
    /// The [`far_day`] of when it was made.
    day: u32,
}

impl Site {
    fn new(database: Database) -> Self {
        let folder = database.folder.path().to_owned();
        let site = Self { database, data: folder.join("data"), day: far_day() };
        let schedule = format!("schedule: \"0 5 {} * *\"\n", site.day);
        let write = |name: &str, text: &str| {
            let collector = folder.join("more/collectors/linux").join(name).join("collector.yaml");
            std::fs::create_dir_all(collector.parent().unwrap()).unwrap();
            std::fs::write(collector, text).unwrap();
        };
        for shipped_folder in entries(&Path::new(env!("CARGO_MANIFEST_DIR")).join("collectors/linux")) {
            let name = shipped_folder.file_name().unwrap().to_str().unwrap().to_owned();
            let text = shipped(&format!("collectors/linux/{name}/collector.yaml"));
            let (before, after) = text.split_once("schedule: ").unwrap();
            let (_, after) = after.split_once('\n').unwrap();
            write(&name, &format!("# override: it is to stay away\n{before}{schedule}{after}"));
        }
        let (begun, hold) = (site.begun(), site.hold());
        let definition = format!(
            "id: linux/slow_answer\ntitle: A setting that takes its time\nsource: host\ncommand:\n  shell: >-\n    \
             echo begun >> {}; while test -e {}; do sleep 0.1; done; echo kernel.ostype = Linux\n\
             {schedule}timeout_seconds: 300\nmax_bytes: 1000\ntime_to_live_hours: 48\n\
             parser: sysctl/1\nproves: Nothing; it is for stories.\n",
            begun.display(),
            hold.display()
        );
        write("slow_answer", &definition);
        std::fs::write(folder.join("settings.toml"), SETTINGS).unwrap();
        std::fs::write(site.hold(), "").unwrap();
        site.run(&["init"]).fine();
        site.run(&["org", "add", ORG, "--name", "Northwind Clinic (fictional)", "--time-zone", "Europe/Berlin"]).fine();
        site.run(&["connect", "host", "--org", ORG]).fine();
        site
    }

    fn folder(&self) -> &Path {
        self.database.folder.path()
    }

    /// While this file is there the collector does not end.
    fn hold(&self) -> PathBuf {
        self.folder().join("hold")
    }

    /// Has a line for each time the collector began.
    fn begun(&self) -> PathBuf {
        self.folder().join("begun")
    }

    fn times_begun(&self) -> usize {
        std::fs::read_to_string(self.begun()).unwrap_or_default().lines().count()
    }

    fn let_it_end(&self) {
        std::fs::remove_file(self.hold()).unwrap();
    }

    fn command(&self, arguments: &[&str]) -> std::process::Command {
        let mut command = program(env!("CARGO_BIN_EXE_countersign"));
        command.args(arguments).arg("--data").arg(&self.data).current_dir(self.folder());
        command.env("COUNTERSIGN_CONFIG", self.folder().join("settings.toml"));
        command.env("COUNTERSIGN_DATABASE_URL", self.database.setting());
        command
    }

    fn run(&self, arguments: &[&str]) -> Told {
        told(&mut self.command(arguments))
    }

    fn start(&self, arguments: &[&str], name: &str) -> Beside {
        Beside::start(&mut self.command(arguments), self.folder(), name)
    }

    fn runs(&self) -> Vec<(String, String)> {
        let status = self.run(&["status", "--org", ORG, "--json"]).fine().json();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        status["runs"].as_array().unwrap().iter().map(|run| (text(&run["cause"]), text(&run["state"]))).collect()
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        // What a killed process has left running ends then.
        std::fs::remove_file(self.hold()).ok();
    }
}

#[tokio::test]
async fn a_schedule_that_is_killed_in_the_middle_of_reading_is_taken_up_at_once_by_the_next_and_reads_once() {
    for database in databases().await {
        let kind = database.kind;
        let site = Site::new(database);
        let mut first = site.start(&["serve", "--listen", "127.0.0.1:0"], "first");
        wait_until("reading", || site.times_begun() == 1);
        first.signal("KILL");
        assert_eq!(first.end(), None, "{kind:?}");

        let mut second = site.start(&["serve", "--listen", "127.0.0.1:0"], "second");
        wait_until("reading again", || site.times_begun() == 2);
        let runs = site.runs();
        let schedule = |state: &str| ("schedule".to_owned(), state.to_owned());
        assert_eq!(runs, [schedule("running"), schedule("interrupted")], "{kind:?}");
        site.let_it_end();
        wait_until("the end of the run", || site.runs()[0] == schedule("ended"));
        second.signal("TERM");
        assert_eq!(second.end(), Some(0), "{kind:?}: {}", second.said());
        assert_eq!((site.times_begun(), site.runs().len()), (2, 2), "{kind:?}: it was read more than once");
        let listed = site.run(&["schedule", "list", "--org", ORG, "--json"]).fine().list();
        assert!(listed.iter().all(|one| one["overdue"] == false), "{kind:?}: {listed:#?}");
        site.run(&["verify"]).fine();
    }
}

#[tokio::test]
async fn two_commands_never_read_one_target_at_once_and_the_second_says_who_does_it_since_when() {
    for database in databases().await {
        let kind = database.kind;
        let site = Site::new(database);
        let mut first = site.start(&["collect", "--org", ORG, "linux/slow_answer"], "first");
        wait_until("reading", || site.times_begun() == 1);

        let told = site.run(&["collect", "--org", ORG, "linux/login_defs"]);
        let by = format!("is being read by `countersign collect` (process {} on ", first.id());
        let told = told.refused(&[&by, "since 20", "nothing was collected"]);
        assert!(!told.stderr.contains("sealed"), "{kind:?}: {}", told.stderr);
        site.let_it_end();
        assert_eq!(first.end(), Some(0), "{kind:?}: {}", first.said());
        site.run(&["collect", "--org", ORG, "linux/login_defs"]).fine();
    }
}

#[test]
fn a_collection_that_is_interrupted_seals_what_it_has_read_and_ends_with_2() {
    let site = Site::new(Database::sqlite());
    // One after the other: the first has been read when the second begins.
    let settings = format!("{SETTINGS}[collect]\ndatasets_at_once = 1\n");
    std::fs::write(site.folder().join("settings.toml"), settings).unwrap();
    let asked = ["collect", "--org", ORG, "linux/login_defs", "linux/slow_answer", "--json"];
    let mut process = site.start(&asked, "interrupted");
    wait_until("reading", || site.times_begun() == 1);
    process.signal("INT");
    assert_eq!(process.end(), Some(2), "{}", process.said());

    let report: Value = serde_json::from_str(&process.printed()).unwrap();
    assert_eq!(report["ended_early"], true, "{report:#}");
    let outcomes: Vec<&Value> = report["datasets"].as_array().unwrap().iter().map(|line| &line["outcome"]).collect();
    assert_eq!(outcomes, ["complete", "failed"], "{report:#}");
    let reason = report["datasets"][1]["reason"].as_str().unwrap();
    assert!(reason.starts_with("The run was ended early while the command was still at work"), "{reason}");
    assert!(process.said().contains("Ending early"), "{}", process.said());
    assert_eq!(site.runs(), [("collect".to_owned(), "ended_early".to_owned())]);
    site.run(&["verify"]).fine();
}

#[test]
fn a_second_signal_leaves_at_once_and_the_next_command_finds_everything_in_order() {
    let site = Site::new(Database::sqlite());
    let mut process = site.start(&["serve", "--listen", "127.0.0.1:0"], "impatient");
    wait_until("reading", || site.times_begun() == 1);
    // Both are there when it goes on: it cannot have ended in order between them, however slowly this story goes.
    for signal in ["STOP", "TERM", "INT", "CONT"] {
        process.signal(signal);
    }
    assert_eq!(process.end(), Some(2), "{}", process.said());
    assert_eq!(site.runs(), [("schedule".to_owned(), "running".to_owned())], "it waited: {}", process.said());
    site.let_it_end();
    site.run(&["collect", "--org", ORG, "linux/login_defs"]).fine();
    site.run(&["verify"]).fine();
}

#[test]
fn the_schedule_lists_when_each_collector_runs_next_and_how_it_went_last() {
    let site = Site::new(Database::sqlite());
    let of = |listed: Vec<Value>, id: &str| listed.into_iter().find(|one| one["id"] == id).unwrap();
    let list = || site.run(&["schedule", "list", "--json"]).fine().list();
    let before = of(list(), "linux/slow_answer");
    let keys: Vec<&String> = before.as_object().unwrap().keys().collect();
    let expected = [
        "being_read",
        "id",
        "last_outcome",
        "last_seen_whole",
        "last_tried",
        "next",
        "next_local",
        "organization",
        "overdue",
        "schedule",
        "source",
        "target",
        "time_zone",
        "title",
        "words",
    ];
    assert_eq!(keys, expected);
    assert_eq!((&before["overdue"], &before["last_tried"]), (&true.into(), &Value::Null), "{before:#}");
    let words = format!("on day {} of every month at 05:00", site.day);
    assert_eq!(before["schedule"], format!("0 5 {} * *", site.day));
    assert_eq!(before["words"], words);
    assert_eq!(before["time_zone"], "Europe/Berlin");

    let mut process = site.start(&["collect", "--org", ORG, "linux/slow_answer"], "collecting");
    wait_until("reading", || site.times_begun() == 1);
    let during = of(list(), "linux/slow_answer");
    assert!(during["being_read"]["read_by"].as_str().unwrap().contains("countersign collect"), "{during:#}");
    site.let_it_end();
    assert_eq!(process.end(), Some(0), "{}", process.said());

    let after = of(list(), "linux/slow_answer");
    assert_eq!((&after["overdue"], &after["being_read"]), (&false.into(), &Value::Null), "{after:#}");
    assert_eq!(after["last_outcome"], "complete", "{after:#}");
    assert!(after["last_seen_whole"].is_string() && after["last_tried"].is_string(), "{after:#}");
    let local = after["next_local"].as_str().unwrap();
    assert!(local.contains(" 05:00 CE"), "{local}");
    let told = site.run(&["schedule", "list", "--org", ORG]).fine();
    assert!(told.stdout.contains(&words) && told.stdout.contains(local), "{}", told.stdout);
    assert!(told.stdout.contains("now, for the first time"), "{}", told.stdout);
    site.run(&["schedule", "list", "--org", "nobody"]).refused(&["nobody"]);
}

#[test]
fn status_says_alarms_first_and_its_exit_code_says_so_where_asked() {
    let site = Site::new(Database::sqlite());
    site.run(&["status", "--org", ORG, "--strict"]).fine();
    // Nobody collects until then: `serve` does not run.
    let later = ["status", "--org", ORG, "--as-of", "2090-01-01"];
    let told = site.run(&later).fine();
    let first = told.stdout.lines().next().unwrap();
    assert!(first.starts_with("ALARM: ") && first.contains("never collected"), "{}", told.stdout);
    assert!(first.contains("countersign serve"), "{first}");
    assert!(site.run(&[&later[..], &["--json"]].concat()).fine().json()["alarms"][0].is_string());
    site.run(&[&later[..], &["--strict"]].concat()).ends(1);

    // Collected once, and then never again: the schedule stands still.
    site.let_it_end();
    site.run(&["collect", "--org", ORG, "linux/slow_answer", "linux/login_defs"]).fine();
    let told = site.run(&later).fine();
    assert!(told.stdout.contains("was last collected on 20"), "{}", told.stdout);
}
