//! Every counted system call of every scenario is a place to fail and to die.
//!
//! The short variant takes every k-th call of each kind, k following from the count alone, and every rename that decides,
//! before and after it, and says how many that are; with `COUNTERSIGN_LONG_TESTS=1` every call meets every fault.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use super::proof::{ended_well, heads, mended};
use super::scenario::{SCENARIOS, Scenario, Turn};
use super::shim::{self, Fault, How, Kind, Seen};
use super::{loud, thorough};
use crate::support::{not_permitted, skip};

fn scenario(name: &str) -> &'static Scenario {
    SCENARIOS.iter().find(|scenario| scenario.name == name).unwrap()
}

#[test]
fn an_init_that_is_cut_off_anywhere_can_be_given_again() {
    survives("init");
}

#[test]
fn adding_an_organization_can_be_cut_off_anywhere() {
    survives("org add");
}

#[test]
fn an_import_can_be_cut_off_anywhere() {
    survives("import files");
}

#[test]
fn a_run_can_be_cut_off_anywhere() {
    survives("collect");
}

#[test]
fn a_report_can_be_cut_off_anywhere() {
    survives("report");
}

#[test]
fn a_package_can_be_cut_off_anywhere() {
    survives("package");
}

#[test]
fn a_stream_that_is_cut_off_anywhere_loses_and_doubles_nothing_it_acknowledged() {
    survives("import lines");
}

#[test]
fn a_stream_that_leaves_sealing_to_others_loses_and_doubles_nothing_it_acknowledged() {
    survives("import lines, sealed later");
}

#[test]
fn a_rotation_can_be_cut_off_anywhere() {
    survives("key rotate");
}

#[test]
fn a_deletion_can_be_cut_off_anywhere() {
    survives("retention delete");
}

#[test]
fn a_backup_can_be_cut_off_anywhere() {
    survives("backup");
}

#[test]
fn a_restoration_that_is_cut_off_anywhere_can_be_given_again() {
    survives("restore");
}

#[test]
fn a_rebuilding_that_is_cut_off_anywhere_can_be_given_again() {
    survives("rebuild");
}

/// Counts, then faults, one fresh installation for each; fails with everything that did not hold.
fn survives(name: &str) {
    let scenario = scenario(name);
    if let Err(reason) = shim::library() {
        return skip("faults of system calls", reason);
    }
    let begun = Instant::now();
    let place = scenario.stage.place();
    let (ended, counted) = shim::counted(scenario.command(&place.data(), Turn::First), &place.data(), None);
    assert_eq!(ended.code, Some(0), "the scenario itself fails: {ended:#?}");
    let faults = chosen(&counted, scenario.short);
    let next = AtomicUsize::new(0);
    let found = Mutex::new((Vec::new(), 0_usize));
    std::thread::scope(|threads| {
        for _ in 0..if thorough() { 2 } else { 1 } {
            threads.spawn(|| {
                while let Some(fault) = faults.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let (broken, hit) = tried(scenario, *fault);
                    let mut found = found.lock().unwrap();
                    if let (true, Some(broken)) = (thorough(), &broken) {
                        loud(&format!("{name}: {fault:?}: {broken}"));
                    }
                    found.0.extend(broken.map(|broken| format!("{fault:?}: {broken}")));
                    found.1 += usize::from(hit);
                }
            });
        }
    });
    let (broken, hit) = found.into_inner().unwrap();
    let mut figures = format!("crash proof of `{name}`: {hit} faults met, {} did not come;", faults.len() - hit);
    write!(figures, " {} renames decide;", counted.deciding.len()).unwrap();
    for (kind, count) in Kind::ALL.iter().zip(counted.calls) {
        let points = faults.iter().filter(|fault| fault.kind == *kind).map(|fault| fault.at);
        let points: BTreeSet<u64> = points.collect();
        write!(figures, " {kind:?} {} of {count},", points.len()).unwrap();
    }
    loud(&format!("{figures} {:.0} s", begun.elapsed().as_secs_f64()));
    assert!(hit * 10 >= faults.len() * 8, "the counts of one run say too little about the next: {figures}");
    let all = broken.len();
    assert!(broken.is_empty(), "{all} of {} faults were not survived:\n{}", faults.len(), broken.join("\n"));
}

/// The faults to try, from the counts alone; in the short variant `short` calls of each kind, and what decides.
fn chosen(counted: &Seen, short: u64) -> Vec<Fault> {
    let mut faults = Vec::new();
    for (kind, count) in Kind::ALL.into_iter().zip(counted.calls) {
        let hows = kind.faults();
        if thorough() {
            faults.extend((1..=count).flat_map(|at| hows.iter().map(move |how| Fault { kind, at, how: *how })));
            continue;
        }
        let stride = count.div_ceil(short).max(1);
        // From the middle of the first stride on, so that beginnings and ends are not all there is.
        let points = (stride.div_ceil(2)..=count).step_by(usize::try_from(stride).unwrap());
        // With how it goes wrong following from the count too, or one point would always go wrong in the same way.
        let how = |at: u64| hows[usize::try_from(at).unwrap() % hows.len()];
        faults.extend(points.map(|at| Fault { kind, at, how: how(at) }));
    }
    if !thorough() {
        faults.retain(|fault| fault.kind != Kind::Rename || !counted.deciding.contains(&fault.at));
        let both = [How::KilledBefore, How::KilledAfter];
        let deciding =
            counted.deciding.iter().flat_map(|at| both.map(|how| Fault { kind: Kind::Rename, at: *at, how }));
        faults.extend(deciding);
    }
    faults
}

/// One fault on one fresh installation: what did not hold, and whether the fault came at all.
fn tried(scenario: &Scenario, fault: Fault) -> (Option<String>, bool) {
    let place = scenario.stage.place();
    let mut seen = heads(&place.data());
    let command = scenario.command(&place.data(), Turn::First);
    let (ended, counts) = shim::counted(command, &place.data(), Some(fault));
    let kills = matches!(fault.how, How::KilledBefore | How::KilledWithin | How::KilledAfter);
    let broken = ended_well(&ended, kills && counts.hit).and_then(|()| mended(&place, scenario, &ended, &mut seen));
    (broken.err(), counts.hit)
}

#[test]
fn the_shim_sees_every_call_the_system_sees() {
    let shim = match shim::library() {
        Ok(shim) => shim,
        Err(reason) => return skip("faults of system calls", reason),
    };
    if Command::new("strace").arg("-V").output().is_err() {
        return skip("the shim's counts against strace's", "strace is not installed");
    }
    for name in ["init", "import files", "package"] {
        let scenario = scenario(name);
        // strace cannot name the file of a call whose descriptor another thread has just closed: a difference is tried again.
        let mut differing = Vec::new();
        while differing.len() < 3 {
            let (by_shim, trace) = match counted(scenario, shim) {
                Ok(counted) => counted,
                Err(reason) => return not_permitted("the shim's counts against strace's", &reason),
            };
            if by_shim.0 == by_shim.1 {
                differing.clear();
                break;
            }
            differing.push((by_shim, trace));
        }
        assert!(differing.is_empty(), "{name}: {:?} {:?}\n{}", Kind::ALL, differing[0].0, differing[0].1);
    }
}

type Counts = [u64; Kind::ALL.len()];

/// What the shim counted of a command and what strace counted, with strace's own words; or why strace may not look.
fn counted(scenario: &Scenario, shim: &Path) -> Result<((Counts, Counts), String), String> {
    let place = scenario.stage.place();
    let (data, trace, counts) = (place.data(), place.folder().join("trace"), place.folder().join("counts"));
    std::fs::write(&counts, [0; shim::NUMBERS * 8]).unwrap();
    let calls: Vec<&str> = Kind::ALL.iter().flat_map(|kind| kind.calls()).copied().collect();
    let product = scenario.command(&data, Turn::First);
    let mut command = Command::new("strace");
    command.args(["-f", "-y", "-qq", "-s", "0", "-e", "signal=none", "-e"]);
    command.arg(format!("trace=?{}", calls.join(",?"))).arg("-o").arg(&trace);
    let variables = [("LD_PRELOAD", shim), ("CRASH_ROOT", &data), ("CRASH_COUNTS", &counts)];
    for (name, value) in variables {
        command.arg("-E").arg(format!("{name}={}", value.display()));
    }
    command.arg(product.get_program()).args(product.get_args()).current_dir(place.folder());
    let ended = shim::run(&mut command);
    if ended.stderr.contains("ptrace") {
        return Err(ended.stderr);
    }
    assert_eq!(ended.code, Some(0), "{ended:#?}");
    let text = std::fs::read_to_string(&trace).unwrap();
    Ok(((shim::read(&counts).calls, by_strace(&text, data.to_str().unwrap())), text))
}

/// Calls of each kind below a folder in what `strace -f -y` wrote.
fn by_strace(trace: &str, data: &str) -> [u64; Kind::ALL.len()] {
    let below = [format!("\"{data}/"), format!("\"{data}\""), format!("<{data}/"), format!("<{data}>")];
    let begun = trace.lines().filter(|line| !line.contains(" resumed>"));
    let touching = begun.filter(|line| below.iter().any(|place| line.contains(place)));
    let mut counts = [0; Kind::ALL.len()];
    for line in touching {
        let call = line.split_once('(').map_or("", |(before, _)| before.rsplit(' ').next().unwrap());
        let kind = Kind::ALL.iter().position(|kind| kind.calls().contains(&call)).unwrap();
        if Kind::ALL[kind] != Kind::Create || line.contains("O_CREAT") {
            counts[kind] += 1;
        }
    }
    counts
}
