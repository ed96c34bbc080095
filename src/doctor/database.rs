//! The database: reached, of this version, whole, and quick enough.

use std::time::{Duration, Instant};

use super::{Bench, Line};
use crate::model::fault::causes;
use crate::store::{Engine, InstanceScope, Store};

const AREA: &str = "database";
/// A run asks thousands of questions, one after another.
const SLUGGISH: Duration = Duration::from_millis(20);
const TRIES: u32 = 5;
/// The oldest PostgreSQL that is still maintained and tried here.
const OLDEST_POSTGRES: u32 = 14;
/// Longer than this a database's pages are not read through.
const PATIENCE: Duration = Duration::from_secs(30);

pub(super) async fn look(bench: &Bench) -> Vec<Line> {
    let store = match &bench.store {
        Ok(store) => store,
        Err(fault) => {
            let says = format!("it cannot be used: {fault}");
            let line =
                Line::problem(AREA, "", says).missing("everything: nothing can be collected or shown without it");
            return vec![line.next(
                "start it, correct database.url, or put it back; if it is lost: countersign restore with a backup, or countersign rebuild from the vault",
            )];
        }
    };
    let mut lines = vec![engine(store).await];
    lines.extend(schema(store).await);
    let damage = store.damage(InstanceScope::of_this_installation());
    match tokio::time::timeout(PATIENCE, damage).await {
        Ok(Ok(Some(said))) => lines.push(
            Line::problem(AREA, "", format!("its file is damaged: {said}"))
                .missing("whatever stands in the damaged pages")
                .next("stop everything that uses it and make it anew: countersign rebuild --replace"),
        ),
        Ok(Err(fault)) => lines.push(
            Line::problem(AREA, "", format!("its pages cannot be read: {}", causes(&fault)))
                .next("see the system's log for errors of the disk"),
        ),
        Ok(Ok(None)) => {}
        Err(_) => {
            lines.push(Line::ok(AREA, "", "it is too large to be read through here; its pages were not looked at"));
        }
    }
    lines
}

async fn engine(store: &Store) -> Line {
    let scope = InstanceScope::of_this_installation();
    // The first question may have to open a connection.
    let engine = match store.engine(scope).await {
        Ok(engine) => engine,
        Err(fault) => {
            return Line::problem(AREA, "", format!("it does not answer: {}", causes(&fault)))
                .missing("everything: nothing can be collected or shown without it")
                .next("look into the database's own log");
        }
    };
    // The quickest of a few: a machine that is busy for a moment is not a slow database.
    let (mut quickest, mut answers) = (Duration::MAX, true);
    for _ in 0..TRIES {
        let begin = Instant::now();
        answers &= store.engine(scope).await.is_ok();
        quickest = quickest.min(begin.elapsed());
    }
    engine_in_words(&engine, quickest, answers)
}

fn engine_in_words(engine: &Engine, latency: Duration, answers: bool) -> Line {
    if !answers {
        return Line::problem(AREA, "", "it answered once and then no more").next("look into the database's own log");
    }
    let milliseconds = latency.as_secs_f64() * 1000.0;
    let (name, version) = match engine {
        Engine::Sqlite => ("SQLite".to_owned(), None),
        Engine::Postgres { version } => (
            format!("PostgreSQL {version}"),
            version.split(['.', ' ']).next().and_then(|major| major.parse::<u32>().ok()),
        ),
    };
    let says = format!("{name} answers in {milliseconds:.1} ms");
    if version.is_some_and(|version| version < OLDEST_POSTGRES) {
        return Line::warning(AREA, "", format!("{name} is no longer maintained"))
            .next(format!("upgrade to PostgreSQL {OLDEST_POSTGRES} or later"));
    }
    // A file on this machine is never far away.
    if version.is_some() && latency > SLUGGISH {
        return Line::warning(AREA, "", says)
            .missing("nothing, but runs take long")
            .next("move the database nearer, or see what keeps it busy");
    }
    Line::ok(AREA, "", says)
}

async fn schema(store: &Store) -> Option<Line> {
    let scope = InstanceScope::of_this_installation();
    let (pending, unknown) = match (store.pending_migrations(scope).await, store.unknown_migrations(scope).await) {
        (Ok(pending), Ok(unknown)) => (pending, unknown),
        (Err(fault), _) | (_, Err(fault)) => {
            return Some(Line::problem(AREA, "", format!("its schema cannot be read: {}", causes(&fault))));
        }
    };
    schema_in_words(&pending, &unknown)
}

fn schema_in_words(pending: &[String], unknown: &[String]) -> Option<Line> {
    if let Some(newest) = unknown.last() {
        let says = format!("a newer version of Countersign has changed its schema ({newest})");
        return Some(Line::problem(AREA, "", says).next("run the newer version; there is no way back but a copy"));
    }
    (!pending.is_empty()).then(|| {
        let says = format!("its schema is older than this version ({})", pending.join(", "));
        Line::warning(AREA, "", says)
            .next("make a backup, then give any command, such as countersign org list: it brings the schema up to date")
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{engine_in_words, schema_in_words};
    use crate::doctor::Level;
    use crate::store::Engine;

    #[test]
    fn a_database_that_is_far_away_or_no_longer_maintained_is_a_warning() {
        let level = |version: &str, milliseconds| {
            let engine = Engine::Postgres { version: version.to_owned() };
            engine_in_words(&engine, Duration::from_millis(milliseconds), true).level
        };
        assert_eq!(level("17.2 (Debian 17.2-1)", 1), Level::Ok);
        assert_eq!(level("13.9", 1), Level::Warning);
        assert_eq!(level("17.2", 80), Level::Warning);
        assert_eq!(engine_in_words(&Engine::Sqlite, Duration::from_millis(80), true).level, Level::Ok);
        assert_eq!(engine_in_words(&Engine::Sqlite, Duration::ZERO, false).level, Level::Problem);
    }

    #[test]
    fn a_schema_of_a_newer_version_is_a_problem_and_an_older_one_is_brought_up_by_the_next_command() {
        let names = |name: &str| vec![name.to_owned()];
        assert_eq!(schema_in_words(&[], &[]), None);
        assert_eq!(schema_in_words(&names("m0004"), &[]).unwrap().level, Level::Warning);
        assert_eq!(schema_in_words(&[], &names("m0099")).unwrap().level, Level::Problem);
    }
}
