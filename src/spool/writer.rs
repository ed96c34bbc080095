//! The one thread of a process that writes its segment: takes everything that waits, writes it, one fsync, then
//! acknowledges all of it.
//!
//! After a failure nothing is written to the same segment again, because what a second fsync says about the first one's
//! bytes is worth nothing. Start with [`Writer::run`].

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Instant;

use tokio::sync::{OwnedSemaphorePermit, oneshot};

use super::disk::{Disk, SegmentFile};
use super::frame::{Frame, Mark, opening};
use super::{Limits, Receipt, SpoolFault};
use crate::config::secret_key::random;
use crate::model::id::RunId;

/// A group is closed when it has so many bytes, or this many items.
const GROUP_BYTES: usize = 8 * 1024 * 1024;
const GROUP_ITEMS: usize = 4096;

/// What the writer is asked to do.
pub(super) enum Order {
    Append(Waiting),
    /// Close the segment, so that it can be sealed.
    Rotate(oneshot::Sender<()>),
}

/// An item that waits to be durable.
pub(super) struct Waiting {
    pub frame: Frame,
    pub done: oneshot::Sender<Result<Receipt, SpoolFault>>,
    /// Its place in the queue.
    pub room: OwnedSemaphorePermit,
}

/// The segment that is being written.
struct Segment {
    id: RunId,
    path: PathBuf,
    file: Box<dyn SegmentFile>,
    mark: Mark,
    /// Bytes and items that are durable.
    length: u64,
    items: u64,
    since: Instant,
}

pub(super) struct Writer {
    folder: PathBuf,
    limits: Limits,
    disk: Arc<dyn Disk>,
    orders: Receiver<Order>,
    segment: Option<Segment>,
    buffer: Vec<u8>,
}

impl Writer {
    pub(super) fn new(folder: PathBuf, limits: Limits, disk: Arc<dyn Disk>, orders: Receiver<Order>) -> Self {
        Self { folder, limits, disk, orders, segment: None, buffer: Vec::new() }
    }

    /// Works until nobody can give an order any more.
    pub(super) fn run(mut self) {
        loop {
            let order = match &self.segment {
                None => self.orders.recv().map_err(|_| RecvTimeoutError::Disconnected),
                Some(segment) => {
                    self.orders.recv_timeout(self.limits.segment_age.saturating_sub(segment.since.elapsed()))
                }
            };
            match order {
                Ok(Order::Append(first)) => self.append(first),
                Ok(Order::Rotate(done)) => self.rotate(done),
                Err(RecvTimeoutError::Timeout) => self.segment = None,
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
    }

    fn rotate(&mut self, done: oneshot::Sender<()>) {
        self.segment = None;
        // Whoever asked may have gone.
        done.send(()).ok();
    }

    /// Makes `first` and all that waits behind it durable.
    fn append(&mut self, first: Waiting) {
        let mut bytes = first.frame.length();
        let mut group = vec![first];
        let mut then = None;
        while bytes < GROUP_BYTES && group.len() < GROUP_ITEMS {
            match self.orders.try_recv() {
                Ok(Order::Append(next)) => {
                    bytes += next.frame.length();
                    group.push(next);
                }
                Ok(Order::Rotate(done)) => {
                    then = Some(done);
                    break;
                }
                Err(_) => break,
            }
        }
        match self.write(&group) {
            Ok((segment, first)) => {
                for (item, waiting) in (first..).zip(group) {
                    waiting.done.send(Ok(Receipt { segment, item })).ok();
                    drop(waiting.room);
                }
            }
            Err(fault) => {
                self.abandon(&fault);
                for waiting in group {
                    waiting.done.send(Err(fault.clone())).ok();
                }
            }
        }
        let is_over = |segment: &Segment| {
            segment.length >= self.limits.segment_bytes || segment.since.elapsed() >= self.limits.segment_age
        };
        if self.segment.as_ref().is_some_and(is_over) {
            self.segment = None;
        }
        if let Some(done) = then {
            self.rotate(done);
        }
    }

    /// The segment and the number of the group's first item.
    fn write(&mut self, group: &[Waiting]) -> Result<(RunId, u64), SpoolFault> {
        let segment = match &mut self.segment {
            Some(segment) => segment,
            none => none.insert(Segment::create(self.disk.as_ref(), &self.folder)?),
        };
        self.buffer.clear();
        if segment.length == 0 {
            self.buffer.extend(opening(&segment.mark));
        }
        for waiting in group {
            waiting.frame.write(&segment.mark, &mut self.buffer);
        }
        let done = segment.file.append(&self.buffer).and_then(|()| segment.file.sync());
        done.map_err(|fault| SpoolFault::of(&segment.path, fault))?;
        let first = segment.items;
        segment.length += self.buffer.len() as u64;
        segment.items += group.len() as u64;
        Ok((segment.id, first))
    }

    /// Gives the segment up after a failure. What was acknowledged stays in it; what was not is cut off, so that a
    /// sender who tries again does not have it sealed twice.
    fn abandon(&mut self, fault: &SpoolFault) {
        let Some(mut segment) = self.segment.take() else { return };
        let path = segment.path.display();
        tracing::error!(segment = %path, fault = %fault, items = segment.items, "A segment of the spool was given up");
        let cut =
            if segment.items == 0 { std::fs::remove_file(&segment.path) } else { segment.file.cut(segment.length) };
        if let Err(fault) = cut {
            tracing::error!(segment = %path, fault = %fault, "Items that were refused may be left in it and be sealed");
        }
    }
}

impl Drop for Segment {
    fn drop(&mut self) {
        // Whoever cannot be told that it is free takes it when this process has ended.
        self.file.unlock().ok();
    }
}

impl Segment {
    fn create(disk: &dyn Disk, folder: &std::path::Path) -> Result<Self, SpoolFault> {
        let id = RunId::fresh();
        let name = super::segment::file_name(id);
        let path = folder.join(&name);
        let mark = random::<16>().map_err(|_| SpoolFault::NoRandomness)?;
        let file = disk.create(folder, &name).map_err(|fault| SpoolFault::of(&path, fault))?;
        Ok(Self { id, path, file, mark: *mark, length: 0, items: 0, since: Instant::now() })
    }
}
