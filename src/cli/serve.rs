//! `countersign serve`

use std::sync::Arc;

use anyhow::Context;
use clap::Args;

use super::signals::Signals;
use super::{Common, Ending, session};
use crate::app::App;
use crate::render::Engine;
use crate::web::source::StorePages;
use crate::web::{self, AccessToken};

/// Collects on schedule and shows its pages on a loopback address. Stop it with Ctrl-C: a run that is still
/// reading is ended, and what it has read is sealed; a second Ctrl-C leaves at once.
#[derive(Debug, Args)]
pub struct ServeArguments {
    /// Address of the pages; loopback only. Default: serve.listen of the settings
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<std::net::SocketAddr>,
}

/// Whether collectors run while the page is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Schedule {
    On,
    Off,
}

pub async fn run(common: &Common, arguments: ServeArguments) -> anyhow::Result<Ending> {
    let mut app = session::app(common).await?;
    if let Some(listen) = arguments.listen {
        app.config.serve.listen = listen;
    }
    overview(Arc::new(app), Schedule::On).await?;
    Ok(Ending::Fine)
}

/// Serves the pages until Ctrl-C or SIGTERM.
pub async fn overview(app: Arc<App>, schedule: Schedule) -> anyhow::Result<()> {
    let wanted = app.config.serve.listen;
    let (listener, address) = match web::listen(wanted).await {
        Ok(open) => open,
        // Somebody else has the port: any free one will do, because the link is printed.
        Err(fault) if schedule == Schedule::Off => web::listen((wanted.ip(), 0).into()).await.map_err(|_| fault)?,
        Err(fault) => return Err(fault.into()),
    };
    let announce = move |token: &str| {
        super::output::note(format_args!("Another browser can use: {}", web::access::link(address, token)));
    };
    let token = AccessToken::fresh()?.announcing(announce);
    // Heard from here on: whoever reads the link may ask to stop at once.
    let signals = Signals::listen()?;
    super::output::note(format_args!("\nOverview (the link works once): {}", token.link(address)));
    super::output::note(format_args!("Stop with Ctrl-C."));
    let (stop, stopped) = tokio::sync::watch::channel(false);
    let source = StorePages::new(app.clone());
    let source = if schedule == Schedule::On { source } else { source.without_schedule() };
    let source = Arc::new(source);
    let router = web::router(source, Arc::new(Engine::new(None)?), token, address);
    let mut page_stop = stopped.clone();
    let pages = tokio::spawn(async move {
        axum::serve(listener, router)
            .with_graceful_shutdown(async move {
                page_stop.wait_for(|stop| *stop).await.ok();
            })
            .await
    });
    let until_stopped = || {
        let mut stopped = stopped.clone();
        async move {
            stopped.wait_for(|stop| *stop).await.ok();
        }
    };
    let schedule = (schedule == Schedule::On).then(|| {
        let sealing = tokio::spawn(crate::schedule::keep_sealing(app.clone(), until_stopped()));
        (tokio::spawn(crate::schedule::serve(app, until_stopped())), sealing)
    });
    signals.first("Stopping: what is being read is ended, what was read is sealed. Once more leaves at once.").await;
    stop.send(true).ok();
    if let Some((schedule, sealing)) = schedule {
        schedule.await.context("the schedule broke off")?;
        sealing.await.context("sealing what arrived broke off")?;
    }
    pages.await.context("the pages broke off")??;
    Ok(())
}
