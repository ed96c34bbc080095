//! What arrives continuously: acknowledged once it is durable, sealed once whatever dies in between.

mod lines;

use std::path::PathBuf;

use countersign::app::App;
use countersign::model::evidence::Source;
use countersign::model::id::OrgId;
use countersign::model::time::Clock;
use countersign::pipeline::objects::read_objects;
use countersign::pipeline::sealer::{SealFault, SealReport, Trouble, seal_spool};
use countersign::spool::{Header, Item, Receipt, SealerLock};
use countersign::store::OrgScope;
use countersign_seal::digest::Digest;
use serde_json::{Map, Value, json};

use crate::support::command::entries;
use crate::support::{TestApp, databases};

fn item(story: &TestApp, organization: OrgId, number: u64, body: &str) -> Item {
    let header = Header {
        organization,
        source: Source::Import,
        dataset: "import/lines".parse().unwrap(),
        collector: Digest::of(b"definition"),
        target: "ws-01.example".to_owned(),
        received_at: story.clock.now(),
        source_clock: None,
        provenance: Map::from_iter([("line".to_owned(), json!(number))]),
        artifact: "line".to_owned(),
        media_type: "text/plain".to_owned(),
    };
    Item { header, body: body.to_owned().into() }
}

async fn append(story: &TestApp, scope: &OrgScope, numbers: std::ops::Range<u64>) -> Receipt {
    let mut last = None;
    for number in numbers {
        let body = format!("line {number} of {}", scope.id());
        last = Some(story.app.spool.append(item(story, scope.id(), number, &body)).await.unwrap());
    }
    last.unwrap()
}

/// Lines that are sealed, in the order of their leaves: what their provenance says and what bytes they have.
async fn sealed(app: &App, scope: &OrgScope) -> Vec<(u64, String)> {
    let size = app.store.head(scope).await.unwrap().map_or(0, |head| head.size);
    let mut lines = Vec::new();
    for leaf in app.store.leaves(scope, 0, size).await.unwrap() {
        let record: Value = serde_json::from_str(&leaf.body).unwrap();
        if record["dataset"] == "import/lines" {
            let digest: Digest = record["artifacts"][0]["sha256"].as_str().unwrap().parse().unwrap();
            let bytes = read_objects(app, scope, [digest]).await.unwrap().remove(&digest).unwrap();
            lines.push((record["provenance"]["line"].as_u64().unwrap(), String::from_utf8(bytes.to_vec()).unwrap()));
        }
    }
    lines
}

fn expected(scope: &OrgScope, numbers: std::ops::Range<u64>) -> Vec<(u64, String)> {
    numbers.map(|number| (number, format!("line {number} of {}", scope.id()))).collect()
}

async fn seal(story: &TestApp) -> SealReport {
    seal_spool(&story.app).await.unwrap()
}

async fn sealed_without_trouble(story: &TestApp) -> u64 {
    let report = seal(story).await;
    assert!(report.troubles.is_empty(), "{:?}", report.troubles);
    report.archives.iter().map(|archive| archive.items).sum()
}

fn segments(story: &TestApp) -> Vec<PathBuf> {
    let files = entries(story.app.spool.folder());
    files.into_iter().filter(|path| path.extension().is_some_and(|end| end != "lock")).collect()
}

#[tokio::test]
async fn lines_of_two_organizations_in_one_spool_become_one_archive_each_and_nothing_crosses() {
    for database in databases().await {
        let kind = database.kind;
        let story = TestApp::without_catalog(database).await;
        let northwind = story.organization("northwind").await;
        let contoso = story.organization("contoso").await;
        assert_eq!(sealed_without_trouble(&story).await, 0, "{kind:?}: there is no spool yet");
        for number in 0..5 {
            append(&story, &northwind, number..number + 1).await;
            append(&story, &contoso, number * 2..number * 2 + 2).await;
        }
        // A second process on the same folder, that has ended.
        let beside = story.beside().await;
        append(&beside, &northwind, 5..8).await;
        beside.app.spool.rotate().await.unwrap();
        assert_eq!(segments(&story).len(), 2, "{kind:?}");
        assert!(sealed(&story.app, &northwind).await.is_empty(), "{kind:?}: sealed before it was time");

        let report = seal(&story).await;

        assert!(report.troubles.is_empty(), "{kind:?}: {:?}", report.troubles);
        let mut archives: Vec<(&str, u64)> =
            report.archives.iter().map(|one| (one.organization.as_str(), one.items)).collect();
        archives.sort_unstable();
        assert_eq!(archives, [("contoso", 10), ("northwind", 8)], "{kind:?}: one archive each");
        assert_eq!(sealed(&story.app, &northwind).await, expected(&northwind, 0..8), "{kind:?}");
        assert_eq!(sealed(&story.app, &contoso).await, expected(&contoso, 0..10), "{kind:?}");
        assert_eq!(segments(&story), Vec::<PathBuf>::new(), "{kind:?}: what is sealed is gone");
        assert_eq!(sealed_without_trouble(&story).await, 0, "{kind:?}: sealed again");
        append(&story, &northwind, 8..9).await;
        assert_eq!(sealed_without_trouble(&story).await, 1, "{kind:?}: the spool cannot go on");
    }
}

#[tokio::test]
async fn sealing_again_after_the_database_lost_the_commit_or_the_segment_was_left_doubles_nothing() {
    for database in databases().await {
        let kind = database.kind;
        let story = TestApp::without_catalog(database).await;
        let northwind = story.organization("northwind").await;
        let contoso = story.organization("contoso").await;
        append(&story, &northwind, 0..1).await;
        assert_eq!(sealed_without_trouble(&story).await, 1);
        let stopped = story.stop().await;
        let before = stopped.database.snapshot().await;
        let story = stopped.start().await;
        append(&story, &northwind, 1..4).await;
        append(&story, &contoso, 0..2).await;
        story.app.spool.rotate().await.unwrap();
        let [segment] = segments(&story).try_into().unwrap();
        let bytes = std::fs::read(&segment).unwrap();
        assert_eq!(sealed_without_trouble(&story).await, 5, "{kind:?}");

        // The process died after the segment was sealed and before it was removed.
        std::fs::write(&segment, &bytes).unwrap();
        assert_eq!(sealed_without_trouble(&story).await, 0, "{kind:?}: sealed twice");
        assert!(!segment.exists(), "{kind:?}: it is not removed although all of it is sealed");

        // It died after the log object was written; the database never heard of it.
        let stopped = story.stop().await;
        stopped.database.restore(before).await;
        std::fs::write(&segment, &bytes).unwrap();
        let story = stopped.start().await;
        assert_eq!(sealed(&story.app, &northwind).await, expected(&northwind, 0..1), "{kind:?}: nothing was lost");
        assert_eq!(sealed_without_trouble(&story).await, 0, "{kind:?}: sealed twice");
        assert_eq!(sealed(&story.app, &northwind).await, expected(&northwind, 0..4), "{kind:?}");
        assert_eq!(sealed(&story.app, &contoso).await, expected(&contoso, 0..2), "{kind:?}");
        assert_eq!(segments(&story), Vec::<PathBuf>::new(), "{kind:?}");
    }
}

#[tokio::test]
async fn a_torn_end_goes_quietly_and_a_damaged_middle_is_named_and_kept() {
    for database in databases().await {
        let kind = database.kind;
        let story = TestApp::without_catalog(database).await;
        let northwind = story.organization("northwind").await;
        append(&story, &northwind, 0..3).await;
        story.app.spool.rotate().await.unwrap();
        let [torn] = segments(&story).try_into().unwrap();
        let bytes = std::fs::read(&torn).unwrap();
        std::fs::write(&torn, &bytes[..bytes.len() - 1]).unwrap();
        assert_eq!(sealed_without_trouble(&story).await, 2, "{kind:?}");
        assert!(!torn.exists(), "{kind:?}");

        append(&story, &northwind, 3..6).await;
        story.app.spool.rotate().await.unwrap();
        let [damaged] = segments(&story).try_into().unwrap();
        let mut bytes = std::fs::read(&damaged).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        std::fs::write(&damaged, &bytes).unwrap();

        let report = seal(&story).await;

        let [trouble @ Trouble::Damaged { file, ranges }] = report.troubles.as_slice() else { panic!("{report:?}") };
        assert!(ranges.len() == 1 && ranges[0].contains(&middle), "{kind:?}: {ranges:?}");
        let said = trouble.to_string();
        assert!(said.contains(file.to_str().unwrap()) && said.contains(&ranges[0].start.to_string()), "{said}");
        assert_eq!(std::fs::read(file).unwrap(), bytes, "{kind:?}: the damaged file is not kept as it is");
        let mut lines = expected(&northwind, 0..2);
        lines.extend(expected(&northwind, 3..4));
        lines.extend(expected(&northwind, 5..6));
        assert_eq!(sealed(&story.app, &northwind).await, lines, "{kind:?}: what is intact is not sealed");
        assert_eq!(&story.app.spool.backlog().unwrap().aside[0], file, "{kind:?}: nobody is told");
        assert_eq!(sealed_without_trouble(&story).await, 0, "{kind:?}: told or sealed again and again");
        std::fs::rename(file, &damaged).unwrap();
        assert_eq!(seal(&story).await.archives, [], "{kind:?}: sealed twice when it came back");
        bytes[middle] ^= 1;
        std::fs::write(&damaged, &bytes).unwrap();
        let report = seal(&story).await;
        assert!(
            matches!(report.troubles.as_slice(), [Trouble::Richer { items: 3, sealed: 2, file, .. }] if file.exists()),
            "{kind:?}: an item that was never sealed went with its mended file: {report:?}"
        );
    }
}

#[tokio::test]
async fn an_organization_that_is_not_there_blocks_nobody_and_its_items_are_kept() {
    for database in databases().await {
        let kind = database.kind;
        let story = TestApp::without_catalog(database).await;
        let northwind = story.organization("northwind").await;
        let gone = OrgId::fresh();
        append(&story, &northwind, 0..1).await;
        story.app.spool.append(item(&story, gone, 0, "of nobody")).await.unwrap();
        append(&story, &northwind, 1..2).await;

        let report = seal(&story).await;

        let [Trouble::Orphaned { file, organization, items: 1 }] = report.troubles.as_slice() else {
            panic!("{kind:?}: {report:?}")
        };
        assert_eq!((*organization, file.exists()), (gone, true), "{kind:?}");
        assert_eq!(sealed(&story.app, &northwind).await, expected(&northwind, 0..2), "{kind:?}");
        assert_eq!(sealed_without_trouble(&story).await, 0, "{kind:?}: it is tried again and again");
        std::fs::rename(file, file.with_extension("spool")).unwrap();
        let again = seal(&story).await;
        assert!(again.archives.is_empty() && again.troubles.len() == 1, "{kind:?}: {again:?}");
    }
}

#[tokio::test]
async fn an_organization_whose_ledger_cannot_be_written_waits_and_the_others_do_not() {
    for database in databases().await {
        let kind = database.kind;
        let story = TestApp::without_catalog(database).await;
        let northwind = story.organization("northwind").await;
        let contoso = story.organization("contoso").await;
        append(&story, &northwind, 0..2).await;
        assert_eq!(sealed_without_trouble(&story).await, 2);
        let log = story.database.folder.path().join("vault").join(northwind.id().to_string()).join("log");
        std::fs::rename(&log, log.with_extension("away")).unwrap();
        append(&story, &northwind, 2..3).await;
        append(&story, &contoso, 0..1).await;

        let report = seal(&story).await;

        let [Trouble::Waiting { organization, .. }] = report.troubles.as_slice() else {
            panic!("{kind:?}: {report:?}")
        };
        assert_eq!(organization.as_str(), "northwind", "{kind:?}");
        assert_eq!(sealed(&story.app, &contoso).await, expected(&contoso, 0..1), "{kind:?}");
        assert_eq!(segments(&story).len(), 1, "{kind:?}: an item that is not sealed was removed");
        std::fs::rename(log.with_extension("away"), &log).unwrap();
        assert_eq!(sealed_without_trouble(&story).await, 1, "{kind:?}");
        assert_eq!(sealed(&story.app, &northwind).await, expected(&northwind, 0..3), "{kind:?}");
        assert_eq!(sealed(&story.app, &contoso).await, expected(&contoso, 0..1), "{kind:?}: sealed twice");
    }
}

#[tokio::test]
async fn two_who_seal_at_once_seal_everything_once() {
    for database in databases().await {
        let kind = database.kind;
        let story = TestApp::without_catalog(database).await;
        let northwind = story.organization("northwind").await;
        let beside = story.beside().await;
        append(&story, &northwind, 0..3).await;
        story.app.spool.rotate().await.unwrap();
        let lock = SealerLock::take(story.app.spool.folder()).unwrap();
        assert!(matches!(seal_spool(&beside.app).await, Err(SealFault::Busy)), "{kind:?}: two sealers");
        drop(lock);

        let both = tokio::join!(seal_spool(&story.app), seal_spool(&beside.app));

        let reports = [both.0, both.1].into_iter().filter_map(|report| match report {
            Err(SealFault::Busy) => None,
            other => Some(other.unwrap()),
        });
        let items: u64 = reports.flat_map(|report| report.archives).map(|archive| archive.items).sum();
        assert_eq!(items, 3, "{kind:?}");
        assert_eq!(sealed(&story.app, &northwind).await, expected(&northwind, 0..3), "{kind:?}");
    }
}
