//! An object store in memory that behaves like S3 on a bad day: one of its calls goes wrong in a chosen way.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::future::pending;
use futures_util::stream::{self, BoxStream, StreamExt};
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{
    CopyOptions, Error, GetOptions, GetResult, GetResultPayload, ListResult, MultipartUpload, ObjectMeta, ObjectStore,
    PutMode, PutMultipartOptions, PutOptions, PutPayload, PutResult, Result, UploadPart,
};
use tokio::sync::Notify;

/// What goes wrong with one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// 503: nothing was done.
    Refused,
    /// It was done, and the answer got lost.
    Unanswered,
    /// It was done, the answer got lost, and the client tried again: a conditional create meets its own object.
    TriedAgain,
    /// The answer is an error, the object appears only after somebody has looked for it.
    LandsLate,
    /// A read breaks in the middle; other calls are refused.
    Torn,
    /// Nothing is answered any more from here on.
    Outage,
    /// This call is done, and nothing is answered any more.
    OutageAfter,
    /// The process dies before the call: it never returns.
    DiesBefore,
    /// The process dies after the call.
    DiesAfter,
    /// The call is done and its answer comes only when somebody says so: time for another process to do something.
    Waits,
}

impl Trouble {
    pub const ALL: [Self; 9] = [
        Self::Refused,
        Self::Unanswered,
        Self::TriedAgain,
        Self::LandsLate,
        Self::Torn,
        Self::Outage,
        Self::OutageAfter,
        Self::DiesBefore,
        Self::DiesAfter,
    ];

    fn does(self) -> bool {
        matches!(self, Self::Unanswered | Self::TriedAgain | Self::OutageAfter | Self::DiesAfter | Self::Waits)
    }
}

#[derive(Debug, Default)]
struct Day {
    calls: AtomicU64,
    planned: Mutex<Option<(u64, Trouble)>>,
    out: AtomicBool,
    hit: AtomicBool,
    /// A call was reached at which the process dies or waits.
    reached: Notify,
    /// The answer of a call that waits may come.
    answer: Notify,
    late: Mutex<Option<(Path, PutPayload)>>,
}

/// The store. Clones lead to the same objects.
#[derive(Debug, Clone, Default)]
pub struct FaultyStore {
    pub objects: Arc<InMemory>,
    day: Arc<Day>,
    /// Lists show nothing yet.
    pub lists_lag: bool,
}

impl fmt::Display for FaultyStore {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "a store with faults")
    }
}

impl FaultyStore {
    /// From now on calls are counted anew, and the one of this number goes wrong.
    pub fn plan(&self, trouble: Option<(u64, Trouble)>) {
        *self.day.planned.lock().unwrap() = trouble;
        self.day.calls.store(0, Ordering::SeqCst);
        self.day.out.store(false, Ordering::SeqCst);
        self.day.hit.store(false, Ordering::SeqCst);
    }

    /// Calls since the last plan.
    pub fn calls(&self) -> u64 {
        self.day.calls.load(Ordering::SeqCst)
    }

    /// Whether the planned call came.
    pub fn hit(&self) -> bool {
        self.day.hit.load(Ordering::SeqCst)
    }

    /// Returns when a call was reached at which the process dies or waits.
    pub async fn reached(&self) {
        self.day.reached.notified().await;
    }

    /// Lets the answer come that a call waits for.
    pub fn answer(&self) {
        self.day.answer.notify_one();
    }
}

impl Day {
    fn next(&self) -> Option<Trouble> {
        let number = self.calls.fetch_add(1, Ordering::SeqCst) + 1;
        if self.out.load(Ordering::SeqCst) {
            return Some(Trouble::Refused);
        }
        let planned = self.planned.lock().unwrap().filter(|(at, _)| *at == number).map(|(_, trouble)| trouble)?;
        self.hit.store(true, Ordering::SeqCst);
        if matches!(planned, Trouble::Outage | Trouble::OutageAfter) {
            self.out.store(true, Ordering::SeqCst);
        }
        Some(planned)
    }

    /// Ends a call that met trouble, `done` being its true result where it was done.
    async fn end<T>(&self, trouble: Trouble, done: Option<Result<T>>) -> Result<T> {
        match trouble {
            Trouble::DiesBefore | Trouble::DiesAfter => {
                self.reached.notify_one();
                pending().await
            }
            Trouble::Waits => {
                self.reached.notify_one();
                self.answer.notified().await;
                done.unwrap_or_else(|| Err(unavailable()))
            }
            Trouble::TriedAgain => done.unwrap_or_else(|| Err(unavailable())),
            _ => Err(unavailable()),
        }
    }
}

fn unavailable() -> Error {
    Error::Generic { store: "faulty", source: "503 Slow Down".into() }
}

#[async_trait]
impl ObjectStore for FaultyStore {
    async fn put_opts(&self, location: &Path, payload: PutPayload, opts: PutOptions) -> Result<PutResult> {
        let put = |payload| self.objects.put_opts(location, payload, opts.clone());
        let Some(trouble) = self.day.next() else { return put(payload).await };
        let first = if trouble.does() { Some(put(payload.clone()).await) } else { None };
        match trouble {
            Trouble::TriedAgain => return put(payload).await,
            Trouble::LandsLate if opts.mode == PutMode::Create => {
                *self.day.late.lock().unwrap() = Some((location.clone(), payload));
            }
            _ => {}
        }
        self.day.end(trouble, first).await
    }

    async fn put_multipart_opts(&self, location: &Path, opts: PutMultipartOptions) -> Result<Box<dyn MultipartUpload>> {
        if let Some(trouble) = self.day.next() {
            let begun = self.objects.put_multipart_opts(location, opts).await;
            return self.day.end(trouble, Some(begun)).await;
        }
        let upload = self.objects.put_multipart_opts(location, opts).await?;
        Ok(Box::new(FaultyUpload { upload, day: Arc::clone(&self.day) }))
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        let trouble = self.day.next();
        let found = self.objects.get_opts(location, options).await;
        let late = self.day.late.lock().unwrap().take();
        if let Some((location, payload)) = late {
            let create = PutOptions { mode: PutMode::Create, ..PutOptions::default() };
            self.objects.put_opts(&location, payload, create).await.ok();
        }
        match trouble {
            None => found,
            Some(Trouble::Torn) => torn(found?).await,
            Some(trouble) => self.day.end(trouble, Some(found)).await,
        }
    }

    async fn get_ranges(&self, location: &Path, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        self.objects.get_ranges(location, ranges).await
    }

    fn delete_stream(&self, locations: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
        self.objects.delete_stream(locations)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        match self.day.next() {
            Some(_) => stream::iter([Err(unavailable())]).boxed(),
            None if self.lists_lag => stream::empty().boxed(),
            None => self.objects.list(prefix),
        }
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.objects.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.objects.copy_opts(from, to, options).await
    }
}

/// Half of an object, then an error.
async fn torn(found: GetResult) -> Result<GetResult> {
    let (meta, range, attributes, extensions) =
        (found.meta.clone(), found.range.clone(), found.attributes.clone(), found.extensions.clone());
    let bytes = found.bytes().await?;
    let half = bytes.slice(..bytes.len() / 2);
    let payload = GetResultPayload::Stream(stream::iter([Ok(half), Err(unavailable())]).boxed());
    Ok(GetResult { payload, meta, range, attributes, extensions })
}

/// An upload in parts, each of which is a call.
#[derive(Debug)]
struct FaultyUpload {
    upload: Box<dyn MultipartUpload>,
    day: Arc<Day>,
}

#[async_trait]
impl MultipartUpload for FaultyUpload {
    fn put_part(&mut self, data: PutPayload) -> UploadPart {
        let (part, day) = (self.upload.put_part(data), Arc::clone(&self.day));
        Box::pin(async move {
            match day.next() {
                None => part.await,
                Some(trouble) if trouble.does() => {
                    let done = part.await;
                    day.end(trouble, Some(done)).await
                }
                Some(trouble) => day.end(trouble, None).await,
            }
        })
    }

    async fn complete(&mut self) -> Result<PutResult> {
        match self.day.next() {
            None => self.upload.complete().await,
            Some(trouble) if trouble.does() => {
                let done = self.upload.complete().await;
                self.day.end(trouble, Some(done)).await
            }
            Some(trouble) => self.day.end(trouble, None).await,
        }
    }

    async fn abort(&mut self) -> Result<()> {
        self.upload.abort().await
    }
}
