//! What all runs of a process share when they read Microsoft Graph: HTTP connections, tokens, and the gates that keep the
//! service's limits. A tenant that two runs read at once is asked no faster than by one.
//!
//! Holds nothing of what was read. Start with [`GraphPool::target`].

use std::collections::HashMap;
use std::fmt;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};

use super::GraphTarget;
use super::connection::{ConnectionError, GraphConnection};
use super::gates::AllGates;
use super::http::{ClientKind, Clients};
use super::limits::GraphLimits;
use super::token::{TokenKey, TokenSource};
use crate::config::GraphPace;

/// Shared by everything in this process that reads Microsoft Graph.
#[derive(Default)]
pub struct GraphPool {
    /// None lets each connection have its own.
    limits: Option<GraphLimits>,
    pace: GraphPace,
    clients: Mutex<HashMap<ClientKind, Arc<Clients>>>,
    tokens: Mutex<HashMap<TokenKey, Arc<TokenSource>>>,
    gates: AllGates,
}

impl fmt::Debug for GraphPool {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("GraphPool")
    }
}

impl GraphPool {
    /// A pool whose connections all keep these limits. [`GraphPool::default`] is patient with Microsoft and less so with
    /// a service on this machine.
    #[must_use]
    pub fn with_limits(limits: GraphLimits) -> Self {
        Self { limits: Some(limits), ..Self::default() }
    }

    /// A pool that asks so fast.
    #[must_use]
    pub fn with_pace(pace: GraphPace) -> Self {
        Self { pace, ..Self::default() }
    }

    /// One tenant, ready to be read. Sends nothing yet.
    ///
    /// # Errors
    /// [`ConnectionError::Client`] when the machine's trust store or proxy settings cannot be used.
    pub fn target(&self, connection: GraphConnection) -> Result<GraphTarget, ConnectionError> {
        let limits = match &self.limits {
            Some(limits) => limits.clone(),
            None if connection.is_local() => GraphLimits::for_loopback().at(self.pace),
            None => GraphLimits::default().at(self.pace),
        };
        let kind = ClientKind::of(&connection, &limits);
        let known = self.clients.lock().unwrap_or_else(PoisonError::into_inner).get(&kind).cloned();
        let clients = match known {
            Some(clients) => clients,
            None => shared(&self.clients, kind, Arc::new(Clients::new(kind)?)),
        };
        let tokens = shared(&self.tokens, TokenKey::of(&connection), Arc::default());
        let gates = self.gates.of(&connection, &limits.gates);
        Ok(GraphTarget::assembled(connection, limits, clients, tokens, gates))
    }
}

/// What is there under a key, or else `new`.
fn shared<K: Eq + Hash, V>(all: &Mutex<HashMap<K, Arc<V>>>, key: K, new: Arc<V>) -> Arc<V> {
    Arc::clone(all.lock().unwrap_or_else(PoisonError::into_inner).entry(key).or_insert(new))
}
