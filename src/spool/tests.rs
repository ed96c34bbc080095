//! Stories of the spool alone: what stands in a segment, and what the writer promises when the disk fails.

use std::collections::BTreeSet;
use std::io;
use std::ops::Range;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use bytes::Bytes;
use countersign_seal::digest::Digest;
use futures_util::future::join_all;
use proptest::prelude::*;
use serde_json::{Map, Value};
use tempfile::TempDir;

use super::disk::{Disk, LocalDisk, SegmentFile};
use super::frame::{self, Contents, Frame, Header, Item, MAX_BODY, MAX_HEADER, Mark};
use super::segment::{SealerLock, TakenSegment, backlog, segments};
use super::{Limits, Receipt, Spool, SpoolFault};
use crate::model::evidence::Source;
use crate::model::id::{OrgId, RunId};

const MARK: Mark = *b"sixteen secrets!";
const BEGIN: usize = 36;

fn item(body: impl Into<Bytes>) -> Item {
    let header = Header {
        organization: OrgId(uuid::Uuid::from_u128(7)),
        source: Source::Import,
        dataset: "import/lines".parse().unwrap(),
        collector: Digest::of(b"definition"),
        target: "ws-01.example".to_owned(),
        received_at: "2026-03-02T09:00:00Z".parse().unwrap(),
        source_clock: None,
        provenance: Map::from_iter([("line".to_owned(), Value::from(1))]),
        artifact: "line".to_owned(),
        media_type: "text/plain".to_owned(),
    };
    Item { header, body: body.into() }
}

/// A segment with these items, and where each of them ends.
fn segment(items: &[Item]) -> (Vec<u8>, Vec<usize>) {
    let mut bytes = frame::opening(&MARK);
    let ends = items.iter().map(|item| {
        Frame::of(item.clone()).unwrap().write(&MARK, &mut bytes);
        bytes.len()
    });
    let ends = ends.collect();
    (bytes, ends)
}

fn read(bytes: impl Into<Bytes>) -> Contents {
    frame::read(&bytes.into())
}

fn bodies(contents: &Contents) -> Vec<&[u8]> {
    contents.items.iter().map(|item| item.body.as_ref()).collect()
}

fn only(range: Range<usize>) -> Vec<Range<usize>> {
    std::iter::once(range).collect()
}

fn some_items() -> impl Strategy<Value = Vec<Item>> {
    let one = (proptest::collection::vec(any::<u8>(), 0..200), ".{0,40}", any::<u128>(), any::<bool>());
    let one = one.prop_map(|(body, text, id, has_clock)| {
        let mut item = item(body);
        item.header.target = text.clone();
        item.header.provenance.insert("said".to_owned(), Value::from(text));
        item.header.organization = OrgId(uuid::Uuid::from_u128(id));
        item.header.source_clock = has_clock.then_some(item.header.received_at);
        item
    });
    proptest::collection::vec(one, 0..8)
}

proptest! {
    #[test]
    fn whatever_is_written_comes_back(items in some_items()) {
        let (bytes, _) = segment(&items);
        prop_assert_eq!(read(bytes), Contents { items, ..Contents::default() });
    }

    #[test]
    fn any_cut_leaves_the_items_before_it_and_no_damage(items in some_items(), place in any::<prop::sample::Index>()) {
        let (mut bytes, ends) = segment(&items);
        let cut = place.index(bytes.len() + 1);
        bytes.truncate(cut);
        let contents = read(bytes);
        let whole = ends.iter().filter(|end| **end <= cut).count();
        prop_assert_eq!(&contents.items, &items[..whole]);
        prop_assert!(contents.damage.is_empty());
        let is_clean = cut == ends.get(whole.wrapping_sub(1)).copied().unwrap_or(BEGIN);
        prop_assert_eq!(contents.torn_at.is_none(), is_clean);
    }

    #[test]
    fn any_flipped_bit_costs_one_item_at_most_and_is_noticed(
        items in some_items(), place in any::<prop::sample::Index>(), bit in 0..8u8,
    ) {
        let (mut bytes, ends) = segment(&items);
        let place = place.index(bytes.len());
        bytes[place] ^= 1 << bit;
        let contents = read(bytes);
        let hit = ends.iter().position(|end| place < *end).filter(|_| place >= BEGIN);
        let mut left = items.clone();
        if let Some(hit) = hit {
            left.remove(hit);
        }
        prop_assert!(contents.items == left || contents.items == items, "{:#?}", contents);
        if !items.is_empty() {
            prop_assert!(!contents.damage.is_empty() || contents.torn_at.is_some());
        }
    }
}

#[test]
fn a_damaged_item_between_others_is_named_by_its_place_and_the_others_are_read() {
    let (mut bytes, ends) = segment(&[item("first"), item("second"), item("third")]);
    bytes[ends[1] - 1] ^= 1;
    let contents = read(bytes);
    assert_eq!(bodies(&contents), [b"first".as_slice(), b"third"]);
    assert_eq!((contents.damage, contents.torn_at), (only(ends[0]..ends[1]), None));
}

#[test]
fn a_last_item_that_is_whole_and_wrong_is_damage_because_it_may_have_been_acknowledged() {
    let (mut bytes, ends) = segment(&[item("first"), item("last")]);
    bytes[ends[1] - 1] ^= 1;
    assert_eq!(read(bytes).damage, only(ends[0]..ends[1]));
}

#[test]
fn a_tail_of_zeros_is_what_a_crash_leaves_and_no_damage() {
    let (mut bytes, ends) = segment(&[item("first")]);
    bytes.extend([0; 500]);
    let contents = read(bytes);
    assert_eq!((bodies(&contents).len(), contents.damage, contents.torn_at), (1, vec![], Some(ends[0])));
}

#[test]
fn a_damaged_beginning_hides_no_item() {
    for place in 0..BEGIN {
        let (mut bytes, _) = segment(&[item("first"), item("second")]);
        bytes[place] ^= 0x10;
        let contents = read(bytes);
        assert_eq!(bodies(&contents), [b"first".as_slice(), b"second"], "byte {place}");
        assert_eq!(contents.damage, only(0..BEGIN), "byte {place}");
    }
}

#[test]
fn a_damaged_mark_of_the_first_item_hides_none_of_the_others() {
    let (mut bytes, _) = segment(&[item("first"), item("second"), item("third")]);
    bytes[BEGIN] ^= 0x10;
    assert_eq!(bodies(&read(bytes)), [b"second".as_slice(), b"third"]);
}

#[test]
fn bytes_of_a_sender_are_never_taken_for_an_item_of_their_own() {
    let mut forged = frame::opening(b"a guess of marks");
    Frame::of(item("slipped in")).unwrap().write(b"a guess of marks", &mut forged);
    let (mut bytes, ends) = segment(&[item("first"), item(forged), item("last")]);
    bytes[ends[0] + 20] ^= 1;
    assert_eq!(bodies(&read(bytes.clone())), [b"first".as_slice(), b"last"], "the frame around it is damaged");
    bytes.truncate(ends[1] - 1);
    assert_eq!(bodies(&read(bytes)), [b"first".as_slice()], "the frame around it is torn");
}

#[tokio::test]
async fn what_is_too_long_or_cannot_stand_in_a_record_is_refused_before_anything_is_written() {
    let folder = TempDir::new().unwrap();
    let spool = spool(&folder, Arc::new(LocalDisk));
    let mut wordy = item("short");
    wordy.header.target = "x".repeat(MAX_HEADER);
    let mut odd = item("short");
    odd.header.provenance.insert("ratio".to_owned(), Value::from(0.5));
    for (item, said) in
        [(item(vec![0; MAX_BODY + 1]), "8388609"), (wordy, "at most 16384"), (odd, "cannot stand in a record")]
    {
        let fault = spool.append(item).await.unwrap_err().to_string();
        assert!(fault.contains(said), "{fault}");
    }
    assert!(!folder.path().join("spool").exists());
    spool.append(item(vec![0; MAX_BODY])).await.unwrap();
}

#[tokio::test]
async fn a_segment_is_nobodys_to_take_while_it_is_written_and_anybodys_after() {
    let folder = TempDir::new().unwrap();
    let spool = spool(&folder, Arc::new(LocalDisk));
    let receipt = spool.append(item("one")).await.unwrap();
    assert_eq!(taken(&spool), []);
    assert!(backlog(spool.folder()).unwrap().bytes > 0, "what is acknowledged waits");
    #[cfg(unix)]
    for path in [spool.folder().to_owned(), spool.folder().join(format!("{}.spool", receipt.segment))] {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(&path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, if path.is_dir() { 0o700 } else { 0o600 }, "{}", path.display());
    }
    spool.rotate().await.unwrap();
    assert_eq!(taken(&spool), [(receipt.segment, vec![item("one")])]);
    let next = spool.append(item("two")).await.unwrap();
    assert!(next.segment > receipt.segment && next.item == 0);
    drop(spool);
    let segments = segments(&folder.path().join("spool")).unwrap();
    for _ in 0..200 {
        if segments.iter().all(|path| TakenSegment::take(path).unwrap().is_some()) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("a spool that is gone still holds its segment");
}

#[tokio::test]
async fn a_segment_is_closed_by_its_size_without_being_asked() {
    let folder = TempDir::new().unwrap();
    let limits = Limits { segment_bytes: 1000, segment_age: Duration::from_hours(1) };
    let spool = Spool::on(folder.path().join("spool"), limits, Arc::new(LocalDisk));
    let large = spool.append(item(vec![b'x'; 1000])).await.unwrap();
    let small = spool.append(item("small")).await.unwrap();
    assert_ne!(large.segment, small.segment);
    assert_eq!(taken(&spool), [(large.segment, vec![item(vec![b'x'; 1000])])]);
}

#[tokio::test]
async fn a_segment_is_closed_by_its_age_without_being_asked() {
    let folder = TempDir::new().unwrap();
    let limits = Limits { segment_bytes: 64_000_000, segment_age: Duration::from_millis(50) };
    let spool = Spool::on(folder.path().join("spool"), limits, Arc::new(LocalDisk));
    let receipt = spool.append(item("small")).await.unwrap();
    let closed = async {
        loop {
            match taken(&spool).as_slice() {
                [] => tokio::time::sleep(Duration::from_millis(10)).await,
                found => break found.to_vec(),
            }
        }
    };
    let closed = tokio::time::timeout(Duration::from_mins(1), closed).await.expect("it is never closed");
    assert_eq!(closed, [(receipt.segment, vec![item("small")])]);
}

#[tokio::test]
async fn one_sealer_at_a_time_may_take_segments() {
    let folder = TempDir::new().unwrap();
    let first = SealerLock::take(folder.path()).unwrap();
    assert!(first.is_some() && SealerLock::take(folder.path()).unwrap().is_none());
    drop(first);
    assert!(SealerLock::take(folder.path()).unwrap().is_some());
}

#[tokio::test]
async fn an_fsync_that_fails_is_told_to_everybody_who_waited_for_it_and_their_items_are_gone() {
    let folder = TempDir::new().unwrap();
    let disk = Arc::new(BadDisk::failing(&[2, 3]));
    let spool = spool(&folder, Arc::clone(&disk) as Arc<dyn Disk>);
    let good = spool.append(item("good")).await.unwrap();

    let told = join_all((0..20).map(|number| spool.append(item(format!("lost {number}"))))).await;
    let mut durable = BTreeSet::from([b"good".to_vec()]);
    let mut refused = 0;
    for (number, told) in told.into_iter().enumerate() {
        match told {
            Ok(receipt) => {
                assert_ne!(receipt.segment, good.segment, "written on behind a failure");
                durable.insert(format!("lost {number}").into_bytes());
            }
            Err(fault) => {
                refused += 1;
                assert!(fault.to_string().contains("disk is full"), "{fault}");
            }
        }
    }
    assert!(refused > 0);
    let after = async {
        loop {
            if let Ok(receipt) = spool.append(item("after")).await {
                break receipt;
            }
        }
    };
    assert_ne!(after.await.segment, good.segment);
    durable.insert(b"after".to_vec());

    spool.rotate().await.unwrap();
    let found = taken(&spool);
    let found: Vec<Vec<u8>> = found.into_iter().flat_map(|(_, items)| items).map(|item| item.body.to_vec()).collect();
    assert_eq!(found.len(), durable.len(), "something is there twice, or although it was refused");
    assert_eq!(BTreeSet::from_iter(found), durable);
    assert_eq!(disk.touched_after_failure.load(Ordering::Relaxed), 0, "a failed segment was written or synced again");
}

#[tokio::test]
async fn many_who_append_at_once_share_the_fsyncs_and_each_item_is_there_once() {
    let folder = TempDir::new().unwrap();
    let disk = Arc::new(BadDisk::failing(&[]));
    let spool = spool(&folder, Arc::clone(&disk) as Arc<dyn Disk>);
    // The first fsync lasts until all have come: each takes one of the places in the queue.
    let first = disk.holding_the_first();
    let all = join_all((0..500).map(|number| spool.append(item(format!("{number}")))));
    let come = async {
        while spool.room.available_permits() > super::QUEUE as usize - 500 {
            tokio::task::yield_now().await;
        }
        drop(first);
    };
    let (receipts, ()) = tokio::join!(all, come);
    let receipts: Vec<Receipt> = receipts.into_iter().collect::<Result<_, SpoolFault>>().unwrap();

    spool.rotate().await.unwrap();
    let [(segment, items)] = taken(&spool).try_into().unwrap();
    for (number, receipt) in receipts.iter().enumerate() {
        assert_eq!(receipt.segment, segment);
        assert_eq!(
            items[usize::try_from(receipt.item).unwrap()].body,
            format!("{number}"),
            "a receipt names another item"
        );
    }
    assert_eq!(items.len(), 500);
    let syncs = disk.syncs.load(Ordering::Relaxed);
    assert!(syncs < 100, "{syncs} fsyncs for 500 items that came together");
}

fn spool(folder: &TempDir, disk: Arc<dyn Disk>) -> Spool {
    let limits = Limits { segment_bytes: 64_000_000, segment_age: Duration::from_mins(10) };
    Spool::on(folder.path().join("spool"), limits, disk)
}

/// What a sealer would find now.
fn taken(spool: &Spool) -> Vec<(RunId, Vec<Item>)> {
    let all = segments(spool.folder()).unwrap();
    let taken = all.iter().filter_map(|path| TakenSegment::take(path).unwrap());
    taken.map(|mut segment| (segment.id, segment.read().unwrap().items)).collect()
}

/// A disk on which chosen fsyncs fail, counted from 1 over all files.
struct BadDisk {
    failing: Vec<u64>,
    syncs: Arc<AtomicU64>,
    touched_after_failure: Arc<AtomicU64>,
    held: Held,
}

/// The next fsync does not end before this says something, or can say nothing any more.
type Held = Arc<Mutex<Option<mpsc::Receiver<()>>>>;

impl BadDisk {
    fn failing(failing: &[u64]) -> Self {
        Self {
            failing: failing.to_vec(),
            syncs: Arc::default(),
            touched_after_failure: Arc::default(),
            held: Held::default(),
        }
    }

    /// The next fsync lasts until what this gives is dropped.
    fn holding_the_first(&self) -> mpsc::Sender<()> {
        let (release, held) = mpsc::channel();
        *self.held.lock().unwrap() = Some(held);
        release
    }
}

impl Disk for BadDisk {
    fn create(&self, folder: &Path, name: &str) -> io::Result<Box<dyn SegmentFile>> {
        let file = Mutex::new(LocalDisk.create(folder, name)?);
        let (failing, syncs, touched) =
            (self.failing.clone(), Arc::clone(&self.syncs), Arc::clone(&self.touched_after_failure));
        let held = Arc::clone(&self.held);
        Ok(Box::new(BadFile { file, failing, syncs, touched, held, has_failed: false }))
    }
}

struct BadFile {
    file: Mutex<Box<dyn SegmentFile>>,
    failing: Vec<u64>,
    syncs: Arc<AtomicU64>,
    touched: Arc<AtomicU64>,
    held: Held,
    has_failed: bool,
}

impl SegmentFile for BadFile {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.touched.fetch_add(self.has_failed.into(), Ordering::Relaxed);
        self.file.get_mut().unwrap().append(bytes)
    }

    fn sync(&mut self) -> io::Result<()> {
        let held = self.held.lock().unwrap().take();
        if let Some(held) = held {
            held.recv().ok();
        }
        self.touched.fetch_add(self.has_failed.into(), Ordering::Relaxed);
        if self.failing.contains(&(self.syncs.fetch_add(1, Ordering::Relaxed) + 1)) {
            self.has_failed = true;
            return Err(io::ErrorKind::StorageFull.into());
        }
        self.file.get_mut().unwrap().sync()
    }

    fn cut(&mut self, length: u64) -> io::Result<()> {
        self.file.get_mut().unwrap().cut(length)
    }

    fn unlock(&mut self) -> io::Result<()> {
        self.file.get_mut().unwrap().unlock()
    }
}
