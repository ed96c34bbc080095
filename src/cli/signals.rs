//! Ctrl-C and SIGTERM: the first asks a command to end in order, the second to leave at once.
//!
//! Both are kept from the moment of listening. Start with [`Signals::listen`].

use super::EXIT_ERROR;

/// What asks this process to stop.
pub struct Signals {
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
}

impl Signals {
    #[cfg(unix)]
    pub fn listen() -> std::io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
    }

    #[cfg(unix)]
    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }

    #[cfg(not(unix))]
    pub fn listen() -> std::io::Result<Self> {
        Ok(Self {})
    }

    #[cfg(not(unix))]
    async fn next(&mut self) {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    /// Waits for the first signal, says so, and from then on leaves at the second, whatever is still going on.
    pub async fn first(mut self, say: &str) {
        self.next().await;
        super::output::note(format_args!("{say}"));
        tokio::spawn(async move {
            self.next().await;
            super::output::note(format_args!(
                "Left at once. What was sealed before is kept; the rest is put in order by the next command."
            ));
            leave();
        });
    }
}

#[expect(
    clippy::exit,
    clippy::disallowed_methods,
    reason = "asked twice, it waits for nothing; every write is made so that a kill at any moment does no harm"
)]
fn leave() {
    std::process::exit(EXIT_ERROR.into());
}
