//! One thread that does a commit's heavy work, job after job: reading, hashing, compressing.
//!
//! Jobs that follow each other on one thread find the memory of the job before them; spread over a pool, or on a new thread
//! for each commit, every thread would keep its own. So a few threads wait for the next commit. Nothing here knows what a
//! job does. Start at [`Workbench::open`].

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Mutex, PoisonError};

use tokio::sync::oneshot;

use super::fault::CommitFault;

type Job = Box<dyn FnOnce() + Send>;

/// Threads that have nothing to do.
static IDLE: Mutex<Vec<Sender<Job>>> = Mutex::new(Vec::new());
/// How many of them wait at most; a further one ends.
const WAITING: usize = 4;

/// A thread of one's own, for as long as the value lives.
pub struct Workbench {
    jobs: Sender<Job>,
}

impl Workbench {
    /// Takes a thread that waits, or begins one.
    pub fn open() -> Result<Self, CommitFault> {
        let waits = IDLE.lock().unwrap_or_else(PoisonError::into_inner).pop();
        waits.map_or_else(Self::begin, |jobs| Ok(Self { jobs }))
    }

    fn begin() -> Result<Self, CommitFault> {
        let (jobs, waiting) = channel::<Job>();
        std::thread::Builder::new()
            .name("sealing".to_owned())
            .spawn(move || {
                for job in waiting {
                    // A job that panics is over, and its caller is told; the thread is for others too.
                    catch_unwind(AssertUnwindSafe(job)).ok();
                }
            })
            .map_err(CommitFault::NoThread)?;
        Ok(Self { jobs })
    }

    /// Does one job after those before it. A caller that goes away does not stop it.
    pub async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, CommitFault> + Send + 'static,
    ) -> Result<T, CommitFault> {
        let (done, result) = oneshot::channel();
        let job = move || {
            // Whoever waited may be gone; then nobody wants the result.
            done.send(work()).ok();
        };
        self.jobs.send(Box::new(job)).map_err(|_| CommitFault::Cancelled)?;
        result.await.unwrap_or(Err(CommitFault::Cancelled))
    }
}

impl Drop for Workbench {
    fn drop(&mut self) {
        let mut idle = IDLE.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < WAITING {
            // A job that still runs only delays the next one.
            idle.push(self.jobs.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Workbench;

    #[tokio::test]
    async fn jobs_follow_each_other_on_one_thread_and_two_commits_have_two() {
        let (bench, other) = (Workbench::open().unwrap(), Workbench::open().unwrap());
        let thread = || Ok(std::thread::current().id());
        let first = bench.run(thread).await.unwrap();
        assert_eq!(bench.run(thread).await.unwrap(), first);
        assert_ne!(first, std::thread::current().id());
        assert_ne!(other.run(thread).await.unwrap(), first);
    }

    #[tokio::test]
    async fn a_job_that_panics_is_told_and_the_next_one_is_done() {
        let bench = Workbench::open().unwrap();
        let broken = bench.run(|| -> Result<(), _> { panic!("a fault of ours") }).await;
        assert!(matches!(broken, Err(super::CommitFault::Cancelled)));
        assert_eq!(bench.run(|| Ok(7)).await.unwrap(), 7);
    }
}
