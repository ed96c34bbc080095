//! One thread that does a commit's heavy work, job after job: reading, hashing, compressing.
//!
//! Jobs that follow each other on one thread find the memory of the job before them; spread over a pool, each thread of it
//! would keep its own. Nothing here knows what a job does. Start at [`Workbench::open`].

use std::sync::mpsc::{Sender, channel};

use tokio::sync::oneshot;

use super::fault::CommitFault;

type Job = Box<dyn FnOnce() + Send>;

/// The thread. It ends when the workbench is dropped and its last job is done.
pub struct Workbench {
    jobs: Sender<Job>,
}

impl Workbench {
    /// Begins a thread.
    pub fn open() -> Result<Self, CommitFault> {
        let (jobs, waiting) = channel::<Job>();
        std::thread::Builder::new()
            .name("sealing".to_owned())
            .spawn(move || {
                for job in waiting {
                    job();
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

#[cfg(test)]
mod tests {
    use super::Workbench;

    #[tokio::test]
    async fn jobs_follow_each_other_on_one_thread_which_ends_with_the_workbench() {
        let bench = Workbench::open().unwrap();
        let thread = || Ok(std::thread::current().id());
        let first = bench.run(thread).await.unwrap();
        assert_eq!(bench.run(thread).await.unwrap(), first);
        assert_ne!(first, std::thread::current().id());
        assert_ne!(Workbench::open().unwrap().run(thread).await.unwrap(), first);
    }
}
