//! `import lines`: acknowledgements, processes that are killed, and what `serve` and `status` make of what waits.

use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::Arc;

use countersign::app::App;
use countersign::catalog::Catalog;
use countersign::config::Config;
use countersign::config::data_folder::DataFolder;
use countersign::model::id::RunId;
use countersign::model::time::SystemClock;
use countersign::store::{InstanceScope, OrgScope};
use serde_json::{Value, json};

use super::sealed;
use crate::support::beside::{Beside, wait_until};
use crate::support::command::{Installation, ORG, entries, program, told};

/// `import lines` while it runs.
struct Running {
    child: Child,
    input: ChildStdin,
    said: BufReader<ChildStdout>,
}

impl Running {
    fn start(installation: &Installation, further: &[&str]) -> Self {
        let mut command: Command = program(env!("CARGO_BIN_EXE_countersign"));
        command.args(["import", "lines", "--json", "--org", ORG, "--target", "ws-01.example"]).args(further);
        command.arg("--data").arg(installation.data());
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let (input, said) = (child.stdin.take().unwrap(), BufReader::new(child.stdout.take().unwrap()));
        Self { child, input, said }
    }

    fn say(&mut self, lines: std::ops::Range<u64>) {
        for number in lines {
            writeln!(self.input, "result {number}").unwrap();
        }
    }

    fn next(&mut self) -> Value {
        let mut line = String::new();
        self.said.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap_or_else(|fault| panic!("{fault}: {line:?}"))
    }

    fn wait_for(&mut self, durable: u64) {
        while self.next()["durable"].as_u64().unwrap() < durable {}
    }

    /// Ends the input and answers with what was sealed.
    fn end(self) -> Value {
        let Self { mut child, input, said } = self;
        drop(input);
        let mut last = Value::Null;
        for line in said.lines() {
            last = serde_json::from_str(&line.unwrap()).unwrap();
        }
        assert!(child.wait().unwrap().success());
        last
    }
}

/// Bytes of every sealed line of the installation's only organization, in the order of their leaves.
async fn lines_of(installation: &Installation) -> Vec<String> {
    let data = DataFolder::at(&installation.data()).unwrap();
    let catalog = Catalog::of(Vec::new(), Vec::new(), Vec::new());
    let app = App::open(data, Config::default(), catalog.into(), Arc::new(SystemClock)).await.unwrap();
    let organizations = app.store.organizations(InstanceScope::of_this_installation()).await.unwrap();
    let lines = sealed(&app, &OrgScope::of(&organizations[0])).await;
    app.store.close().await.unwrap();
    lines.into_iter().map(|(_, bytes)| bytes).collect()
}

fn results(numbers: std::ops::Range<u64>) -> Vec<String> {
    numbers.map(|number| format!("result {number}")).collect()
}

#[tokio::test]
async fn a_process_killed_after_it_acknowledged_loses_nothing_and_doubles_nothing() {
    let installation = Installation::new();
    let mut killed = Running::start(&installation, &[]);
    killed.say(0..40);
    killed.wait_for(40);
    killed.child.kill().unwrap();
    killed.child.wait().unwrap();
    assert_eq!(lines_of(&installation).await, Vec::<String>::new());
    // Two processes at once: what one still writes is not the other's to seal.
    let mut first = Running::start(&installation, &["--no-seal"]);
    first.say(40..50);
    first.wait_for(10);
    let mut second = Running::start(&installation, &[]);
    second.say(50..60);
    let report = second.end();
    assert_eq!(report["sealed"], 10, "{report}");
    let (killed_and_second, mut all) = (lines_of(&installation).await, results(0..40));
    all.extend(results(50..60));
    assert_eq!(killed_and_second, all);
    assert_eq!(first.end(), Value::Null, "--no-seal leaves sealing to others");
    assert_eq!(lines_of(&installation).await, all);

    let told = installation.run(&["import", "lines", "--org", ORG, "--target", "x"]).fine();

    assert!(told.stdout.contains("Nothing was sealed"), "it had no line of its own: {told:?}");
    all.extend(results(40..50));
    assert_eq!(lines_of(&installation).await, all);
    installation.run(&["verify"]).fine();
}

#[tokio::test]
async fn lines_are_sealed_byte_for_byte_and_one_that_is_too_long_costs_only_itself() {
    let installation = Installation::new();
    let mut input = b"{\"name\":\"users\"}\r\n\nsame\nsame\n".to_vec();
    input.extend(vec![b'x'; 1024 * 1024 + 1]);
    input.extend(b"\nlast without an end");
    let file = installation.file("lines", input);
    let mut command = program(env!("CARGO_BIN_EXE_countersign"));
    command.args(["import", "lines", "--json", "--org", ORG, "--target", "ws-01.example", "--data"]);
    command.arg(installation.data()).stdin(std::fs::File::open(file).unwrap());

    let told = told(&mut command).ends(2);

    assert!(told.stderr.contains("longer than 1048576 bytes and not taken: 5;"), "{told:?}");
    let last: Value = serde_json::from_str(told.stdout.lines().last().unwrap()).unwrap();
    assert_eq!(last["sealed"], 5, "{told:?}");
    let [first_leaf, last_leaf] = [0, 1].map(|end| last["leaves"][0][end].as_u64().unwrap());
    assert_eq!(last_leaf - first_leaf, 4, "{told:?}");
    let lines = ["{\"name\":\"users\"}\r", "", "same", "same", "last without an end"];
    assert_eq!(lines_of(&installation).await, lines);
}

#[test]
fn lines_for_a_collector_that_collects_are_refused() {
    let installation = Installation::new();
    let import = |further: &[&str]| installation.run(&[&["import", "lines", "--org", ORG, "--json"], further].concat());
    import(&["--target", "x", "--dataset", "m365/users"]).refused(&["m365/users", "not handed in"]);
    import(&["--target", "x", "--dataset", "import/nothing"]).refused(&["import/nothing"]);
    import(&["--target", ""]).refused(&["--target"]);
}

#[test]
fn status_tells_of_what_waits_for_long_and_serve_seals_it_when_it_starts() {
    let installation = Installation::new();
    let mut left = Running::start(&installation, &["--no-seal"]);
    left.say(0..3);
    left.end();
    let alarms = || installation.run(&["status", "--org", ORG, "--json"]).fine().json()["alarms"].clone();
    assert_eq!(alarms(), json!([]));
    let [segment] = <[PathBuf; 1]>::try_from(entries(&installation.data().join("spool"))).unwrap();
    // It begins with its first item, and its name says when that was: two hours ago.
    let id: RunId = segment.file_stem().unwrap().to_str().unwrap().parse().unwrap();
    let (seconds, _) = id.0.get_timestamp().unwrap().to_unix();
    let then = uuid::Timestamp::from_unix(uuid::NoContext, seconds - 7200, 0);
    let old = segment.with_file_name(format!("{}.spool", uuid::Uuid::new_v7(then)));
    std::fs::rename(&segment, &old).unwrap();
    let said = alarms();
    assert!(said[0].as_str().unwrap().contains("waits to be sealed"), "{said}");

    let mut command = program(env!("CARGO_BIN_EXE_countersign"));
    command.args(["serve", "--listen", "127.0.0.1:0", "--data"]).arg(installation.data());
    let mut serve = Beside::start(&mut command, &installation.beside(""), "serve");
    wait_until("sealing", || !old.exists());
    // Lines that come while it runs are sealed before it ends.
    let mut left = Running::start(&installation, &["--no-seal"]);
    left.say(3..5);
    left.end();
    assert_eq!(entries(&installation.data().join("spool")).len(), 2, "the lock's file and what just came");
    serve.signal("TERM");
    assert_eq!(serve.end(), Some(0), "{}", serve.said());
    assert_eq!(entries(&installation.data().join("spool")).len(), 1, "serve left something unsealed behind");
    assert_eq!(alarms(), json!([]));
}
