//! Pages for people, served to this machine only.
//!
//! Read-only: GET and HEAD, no script, nothing from elsewhere. Whoever wants in needs the link that was printed at
//! start ([`access`]); every request must name this host ([`guard`]). What a page shows is one value of [`source`],
//! printed by a template of the same name. Start with [`router`].

pub mod access;
mod guard;
pub mod overview;
mod pages;
pub mod source;

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::routing::get;
use tokio::net::TcpListener;

pub use access::AccessToken;

use crate::render::Engine;
use source::StorePages;

/// Whatever went wrong while answering. Its text goes to the log, never to a browser.
pub type SourceError = Box<dyn std::error::Error + Send + Sync>;

/// Why pages cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum WebError {
    #[error("{0} is not a loopback address; pages are served to this machine only, so use 127.0.0.1 or [::1]")]
    NotLoopback(SocketAddr),
    #[error("{address} cannot be listened on; is another program using the port? choose another or 0 for any free one")]
    Listen { address: SocketAddr, source: std::io::Error },
    #[error("no random bytes for the access link could be had from the system: {0}")]
    Random(String),
}

/// What every request may use.
pub(crate) struct Site {
    pub source: Arc<StorePages>,
    pub engine: Arc<Engine>,
    pub token: AccessToken,
    pub host: SocketAddr,
}

/// All routes. `host` is the address that is really listened on; requests that name another host are refused.
pub fn router(source: Arc<StorePages>, engine: Arc<Engine>, token: AccessToken, host: SocketAddr) -> Router {
    let site = Arc::new(Site { source, engine, token, host });
    Router::new()
        .route("/", get(pages::everything))
        .route("/organizations/{slug}", get(pages::one_organization))
        .route("/organizations/{slug}/frameworks/{framework}", get(pages::framework))
        .route("/organizations/{slug}/frameworks/{framework}/controls/{control}", get(pages::control))
        .route("/organizations/{slug}/responsibilities/{framework}", get(pages::responsibilities))
        .route("/organizations/{slug}/gaps", get(pages::gaps))
        .route("/organizations/{slug}/gaps/{gap}", get(pages::gap))
        .route("/organizations/{slug}/evidence", get(pages::evidence))
        .route("/organizations/{slug}/evidence/{leaf}", get(pages::record))
        .route("/organizations/{slug}/runs", get(pages::runs))
        .route("/organizations/{slug}/runs/{run}", get(pages::run))
        .route("/organizations/{slug}/verification", get(pages::verification))
        .route("/assets/{name}", get(pages::asset))
        .fallback(pages::not_found)
        .layer(from_fn_with_state(Arc::clone(&site), guard::check))
        .with_state(site)
}

/// Listens on a loopback address; port 0 takes any free one. Returns the address really used.
///
/// # Errors
/// When `address` can be reached from other machines, or the port is taken.
pub async fn listen(address: SocketAddr) -> Result<(TcpListener, SocketAddr), WebError> {
    if !address.ip().is_loopback() {
        return Err(WebError::NotLoopback(address));
    }
    let fault = |source| WebError::Listen { address, source };
    let listener = TcpListener::bind(address).await.map_err(fault)?;
    let used = listener.local_addr().map_err(fault)?;
    Ok((listener, used))
}

#[cfg(test)]
mod tests;
