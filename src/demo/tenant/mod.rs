//! A simulated Microsoft 365 tenant: a real HTTP server on loopback, as strict and as nasty as the service it stands for.
//!
//! It shares no code with the Graph client, so that neither can hide the other's mistakes. It serves what a [`firm::Firm`]
//! holds, counts what it is asked, and does the damage it is told to ([`fault`]). It never reaches beyond loopback, never
//! writes a file, and its secrets open nothing else. Start with [`Tenant::start`]; what is answered is listed in
//! [`endpoint`].
//!
//! Two listeners, like the real thing: one signs in, the other is Graph; neither knows the other's paths.

mod answer;
mod batch;
mod cache;
pub mod credentials;
pub mod endpoint;
pub mod fault;
pub mod firm;
pub mod keys;
mod page;
mod print;
pub mod property;
mod query;
mod refuse;
mod rows;
mod server;
mod service;
mod spoil;
mod state;
pub mod stats;
pub mod table;
#[cfg(test)]
mod tests;
pub mod throttle;
mod token;

use std::io;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{NaiveTime, Utc};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use self::credentials::{Credentials, TrustedIssuer};
use self::fault::{Fault, Pending};
use self::firm::{Directory, Edit, Firm, TenantIdentity};
use self::service::Site;
use self::state::State;
use self::stats::{SeenRequest, SimulatorStats};
use self::throttle::{Gate, Throttle};
use self::token::Tokens;
use crate::model::time::{Clock, SystemClock, Timestamp};

/// How a tenant behaves.
#[derive(Clone)]
pub struct TenantOptions {
    /// How long a token is accepted; `expires_in` says the same in whole seconds.
    pub token_lifetime: Duration,
    pub throttle: Throttle,
    /// No page holds more rows than this, whatever `$top` asks; none leaves the documented sizes.
    pub page_cap: Option<usize>,
    /// Whether a page in the middle may be empty.
    pub empty_pages: bool,
    /// Tells the time for `Date` headers and for the ages in the firm file, which count from the last midnight in UTC.
    pub clock: Arc<dyn Clock>,
}

impl TenantOptions {
    /// Without limits, with documented page sizes and no empty pages: for measuring a client, not for finding its faults.
    #[must_use]
    pub fn unhindered() -> Self {
        Self { throttle: Throttle::Off, page_cap: None, empty_pages: false, ..Self::default() }
    }
}

impl Default for TenantOptions {
    /// Documented limits, tokens for an hour, pages of 50 with an empty one among them, the machine's clock.
    fn default() -> Self {
        Self {
            token_lifetime: Duration::from_secs(3599),
            throttle: Throttle::Documented,
            page_cap: Some(50),
            empty_pages: true,
            clock: Arc::new(SystemClock),
        }
    }
}

/// A clock that is off by the same amount all the time: with it a tenant dates its answers, and judges assertions, as a
/// service does that is asked by a machine whose own clock is wrong.
#[derive(Debug, Clone, Copy)]
pub struct ShiftedClock(pub chrono::Duration);

impl Clock for ShiftedClock {
    fn now(&self) -> Timestamp {
        let now = SystemClock.now();
        now.as_datetime().checked_add_signed(self.0).map_or(now, Timestamp::from)
    }
}

/// Starts tenants.
#[derive(Debug, Clone, Copy)]
pub struct Tenant;

/// A tenant that answers until it is shut down or dropped.
pub struct RunningTenant {
    shared: Arc<Shared>,
    second_run: Vec<Edit>,
    as_of: Timestamp,
    stop: watch::Sender<bool>,
    servers: Vec<JoinHandle<io::Result<()>>>,
}

/// What both listeners share.
struct Shared {
    site: Site,
    token_lifetime: Duration,
    clock: Arc<dyn Clock>,
    state: Mutex<State>,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        // A panic elsewhere must not silence the simulator: its state is consistent between statements.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Tenant {
    /// Listens on two free loopback ports and answers as `firm`'s tenant.
    ///
    /// # Errors
    /// No port can be opened on loopback.
    pub async fn start(firm: Firm, options: TenantOptions) -> io::Result<RunningTenant> {
        let login = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let graph = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let as_of = last_midnight(options.clock.now());
        let mut directory = firm.directory().clone();
        resolve_ages(&mut directory, as_of);
        let users = directory.rows(table::Table::Users).len();
        let shared = Arc::new(Shared {
            site: Site {
                identity: firm.tenant.clone(),
                login_url: format!("http://{}", login.local_addr()?),
                graph_url: format!("http://{}", graph.local_addr()?),
                page_cap: options.page_cap,
                empty_pages: options.empty_pages,
            },
            token_lifetime: options.token_lifetime,
            clock: options.clock,
            state: Mutex::new(State {
                directory,
                permissions: firm.tenant.permissions.iter().cloned().collect(),
                tokens: Tokens::default(),
                credentials: Credentials::default(),
                is_blocked: false,
                claims: None,
                bodies: cache::Cache::default(),
                page_session: 0,
                faults: Pending::default(),
                gate: Gate::new(options.throttle, users),
                stats: SimulatorStats::default(),
                log: std::collections::VecDeque::new(),
                serial: 0,
            }),
        });
        let (stop, _) = watch::channel(false);
        let servers = vec![
            server::spawn(login, server::login(Arc::clone(&shared)), stop.subscribe()),
            server::spawn(graph, server::graph(Arc::clone(&shared)), stop.subscribe()),
        ];
        Ok(RunningTenant { shared, second_run: firm.second_run().to_vec(), as_of, stop, servers })
    }
}

impl RunningTenant {
    /// Where tokens are asked for: `{login_url}/{tenant}/oauth2/v2.0/token`.
    #[must_use]
    pub fn login_url(&self) -> &str {
        &self.shared.site.login_url
    }

    /// Root of Graph, without a version; the only scope is `{graph_url}/.default`.
    #[must_use]
    pub fn graph_url(&self) -> &str {
        &self.shared.site.graph_url
    }

    fn identity(&self) -> &TenantIdentity {
        &self.shared.site.identity
    }

    #[must_use]
    pub fn tenant_id(&self) -> &str {
        &self.identity().id
    }

    #[must_use]
    pub fn client_id(&self) -> &str {
        &self.identity().client_id
    }

    /// The pretend application's secret.
    #[must_use]
    pub fn client_secret(&self) -> &str {
        &self.identity().client_secret
    }

    /// Applies the firm's changes between the demo's two runs; [`Firm::second_run`] says why each was made.
    pub fn apply_second_run(&self) {
        let mut state = self.shared.state();
        for edit in &self.second_run {
            state.directory.apply(edit);
        }
        state.bodies.clear();
        resolve_ages(&mut state.directory, self.as_of);
    }

    /// Changes objects while the tenant runs; says how many rows were touched. Zero is rarely what was meant.
    #[must_use]
    pub fn apply(&self, edit: &Edit) -> usize {
        let mut state = self.shared.state();
        let touched = state.directory.apply(edit);
        state.bodies.clear();
        resolve_ages(&mut state.directory, self.as_of);
        touched
    }

    /// An administrator consents to a permission; tokens issued afterwards carry it.
    pub fn grant(&self, permission: &str) {
        self.shared.state().permissions.insert(permission.to_owned());
    }

    /// An administrator withdraws a permission at once.
    pub fn revoke(&self, permission: &str) {
        self.shared.state().permissions.remove(permission);
    }

    /// Registers a certificate (DER) for the application, beside those it has. False when it is none.
    #[must_use]
    pub fn register_certificate(&self, certificate: &[u8]) -> bool {
        self.shared.state().credentials.add_certificate(certificate)
    }

    /// Takes a certificate away again; assertions made with it are refused at once.
    pub fn remove_certificate(&self, certificate: &[u8]) {
        self.shared.state().credentials.remove_certificate(certificate);
    }

    /// Lets the application sign in with statements of another identity provider.
    pub fn trust_issuer(&self, issuer: TrustedIssuer) {
        self.shared.state().credentials.trust(issuer);
    }

    /// The application's secret has expired: the right one is refused, too.
    pub fn expire_secret(&self) {
        self.shared.state().credentials.secret_is_over = true;
    }

    /// A conditional access policy for workload identities stops the application, or no longer does.
    pub fn block_sign_in(&self, is_blocked: bool) {
        self.shared.state().is_blocked = is_blocked;
    }

    /// Orders a fault.
    pub fn inject(&self, fault: Fault) {
        self.shared.state().faults.add(fault);
    }

    #[must_use]
    pub fn stats(&self) -> SimulatorStats {
        self.shared.state().stats.clone()
    }

    /// The last requests, oldest first, without tokens or secrets.
    #[must_use]
    pub fn requests(&self) -> Vec<SeenRequest> {
        self.shared.state().log.iter().cloned().collect()
    }

    /// Everything the client was given or proved itself with so far: the secret, tokens, assertions. For tests that look whether
    /// any of it lies where it must not.
    #[must_use]
    pub fn secrets(&self) -> Vec<String> {
        let state = self.shared.state();
        let presented = state.credentials.presented.iter().chain(state.tokens.all()).cloned();
        presented.chain([self.client_secret().to_owned()]).collect()
    }

    /// Stops listening; connections get a second to end.
    pub async fn shutdown(mut self) {
        self.stop.send_replace(true);
        for server in std::mem::take(&mut self.servers) {
            let abort = server.abort_handle();
            if tokio::time::timeout(Duration::from_secs(1), server).await.is_err() {
                abort.abort();
            }
        }
    }
}

impl Drop for RunningTenant {
    fn drop(&mut self) {
        self.stop.send_replace(true);
        self.servers.iter().for_each(JoinHandle::abort);
    }
}

fn last_midnight(now: Timestamp) -> Timestamp {
    Timestamp::from(
        now.as_datetime()
            .date_naive()
            .and_time(NaiveTime::MIN)
            .and_local_timezone(Utc)
            .earliest()
            .unwrap_or_else(|| now.as_datetime()),
    )
}

fn resolve_ages(directory: &mut Directory, as_of: Timestamp) {
    directory.strings(&mut |text| {
        let ago = text.strip_prefix("$ago:").and_then(|age| firm::ago(age, as_of));
        let time = ago.or_else(|| text.strip_prefix("$ahead:").and_then(|age| firm::ahead(age, as_of)));
        if let Some(time) = time {
            *text = time;
        }
    });
}
