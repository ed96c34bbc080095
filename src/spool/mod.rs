//! Where what arrives continuously waits to be sealed: one spool for all organizations, acknowledged only when durable.
//!
//! Each process appends to a segment of its own and holds its lock while it lives, so that several can append without
//! talking to each other, and anybody can tell a live segment from one that was left behind. Here nothing is sealed,
//! judged or looked into: a sealer ([`crate::pipeline::sealer`]) takes the segments. Start with [`Spool::append`]; the
//! bytes are told in [`frame`].

mod disk;
pub mod frame;
pub mod segment;
mod writer;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{Semaphore, oneshot};

pub use frame::{Header, Item};
pub use segment::{Aside, Backlog, SealerLock, TakenSegment};

use crate::config::SpoolConfig;
use crate::model::id::RunId;
use disk::{Disk, LocalDisk};
use frame::Frame;
use writer::{Order, Waiting, Writer};

/// How much may wait to be written at once, in KiB; who comes later waits to be let in.
const QUEUE: u32 = 64 * 1024;

/// Where an item is, from the moment it is durable. All that is sealed from a segment has the segment's id as its run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Receipt {
    pub segment: RunId,
    /// Its number in the segment, from 0.
    pub item: u64,
}

/// Why an item was not taken, or a segment cannot be used.
#[derive(Debug, Clone, thiserror::Error)]
pub enum SpoolFault {
    #[error("{what} has {found} bytes, at most {limit} are taken")]
    TooLong { what: &'static str, found: usize, limit: usize },
    #[error("what is known about an item cannot stand in a record")]
    NotCanonical(#[source] Arc<countersign_seal::canonical::CanonicalError>),
    #[error(
        "the disk is full: nothing more can be taken into {0}; free space and send again what was not acknowledged"
    )]
    Full(PathBuf, #[source] Arc<io::Error>),
    #[error("cannot use {path}")]
    Io { path: PathBuf, source: Arc<io::Error> },
    #[error("the system gave no random bytes")]
    NoRandomness,
    #[error("the spool's writer has ended; what was not acknowledged was not taken")]
    Stopped,
}

impl SpoolFault {
    fn of(path: &Path, source: io::Error) -> Self {
        match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::Full(path.to_owned(), source.into()),
            _ => Self::Io { path: path.to_owned(), source: source.into() },
        }
    }
}

/// When a segment is closed, so that a sealer can take it.
#[derive(Debug, Clone, Copy)]
struct Limits {
    segment_bytes: u64,
    segment_age: Duration,
}

/// The spool of an installation, as one process uses it.
pub struct Spool {
    folder: PathBuf,
    limits: Limits,
    disk: Arc<dyn Disk>,
    /// The writer's ear, from the first item on.
    orders: Mutex<Option<Sender<Order>>>,
    room: Arc<Semaphore>,
}

impl Spool {
    /// Nothing is touched before the first item.
    #[must_use]
    pub fn at(folder: PathBuf, config: &SpoolConfig) -> Self {
        let limits = Limits {
            segment_bytes: u64::from(config.seal_after_megabytes) * 1_000_000,
            segment_age: Duration::from_mins(config.seal_after_minutes.into()),
        };
        Self::on(folder, limits, Arc::new(LocalDisk))
    }

    fn on(folder: PathBuf, limits: Limits, disk: Arc<dyn Disk>) -> Self {
        Self { folder, limits, disk, orders: Mutex::new(None), room: Arc::new(Semaphore::new(QUEUE as usize)) }
    }

    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Takes an item: when this returns a receipt, the item survives whatever happens to this process or machine, and
    /// a sealer will make one record of it. Items of one caller keep their order.
    ///
    /// # Errors
    /// Then the item was not taken, or, if the disk failed, need not have been; send it again.
    pub async fn append(&self, item: Item) -> Result<Receipt, SpoolFault> {
        let frame = Frame::of(item)?;
        let size = u32::try_from(frame.length() / 1024).unwrap_or(u32::MAX).saturating_add(1).min(QUEUE);
        let room = Arc::clone(&self.room).acquire_many_owned(size).await.map_err(|_| SpoolFault::Stopped)?;
        let (done, told) = oneshot::channel();
        self.order(Order::Append(Waiting { frame, done, room }))?;
        told.await.map_err(|_| SpoolFault::Stopped)?
    }

    /// Closes this process's segment, so that a sealer can take it. The next item begins another.
    ///
    /// # Errors
    /// When the writer has ended.
    pub async fn rotate(&self) -> Result<(), SpoolFault> {
        if self.orders.lock().unwrap_or_else(PoisonError::into_inner).is_none() {
            return Ok(());
        }
        let (done, told) = oneshot::channel();
        self.order(Order::Rotate(done))?;
        told.await.map_err(|_| SpoolFault::Stopped)
    }

    /// What waits to be sealed, of every process.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn backlog(&self) -> Result<Backlog, SpoolFault> {
        segment::backlog(&self.folder)
    }

    fn order(&self, order: Order) -> Result<(), SpoolFault> {
        let mut orders = self.orders.lock().unwrap_or_else(PoisonError::into_inner);
        let sender = match &mut *orders {
            Some(sender) => sender,
            none => {
                let (sender, heard) = mpsc::channel();
                let writer = Writer::new(self.folder.clone(), self.limits, Arc::clone(&self.disk), heard);
                let thread = std::thread::Builder::new().name("spool".to_owned());
                thread.spawn(move || writer.run()).map_err(|fault| SpoolFault::of(&self.folder, fault))?;
                none.insert(sender)
            }
        };
        sender.send(order).map_err(|_| SpoolFault::Stopped)
    }
}

#[cfg(test)]
mod tests;
