//! The link that lets one browser in.
//!
//! A token works once: it is exchanged for a session cookie and is then worthless, so a link left in a shell history
//! opens nothing. Only digests are kept, and they are what is compared, so timing tells nothing about the secrets.

use std::collections::VecDeque;
use std::fmt;
use std::net::SocketAddr;
use std::sync::{Mutex, PoisonError};

use countersign_seal::digest::Digest;

use super::WebError;

/// Browsers that may be signed in at a time; the oldest makes room.
const SESSIONS: usize = 32;

/// Told the next token when one was used, so that another browser can be let in.
type Announce = Box<dyn Fn(&str) + Send + Sync>;

/// Lets browsers in, each by a link of its own.
pub struct AccessToken {
    first: String,
    state: Mutex<State>,
    announce: Option<Announce>,
}

#[derive(Default)]
struct State {
    /// Digest of the token that still works.
    waiting: Option<Digest>,
    sessions: VecDeque<Digest>,
}

impl AccessToken {
    /// A new token of 256 random bits.
    ///
    /// # Errors
    /// When the system gives no random bytes.
    pub fn fresh() -> Result<Self, WebError> {
        let first = secret()?;
        let state = State { waiting: Some(Digest::of(first.as_bytes())), sessions: VecDeque::new() };
        Ok(Self { first, state: Mutex::new(state), announce: None })
    }

    /// Makes a new token whenever one was used, and hands it to `announce` (a terminal; never a log).
    #[must_use]
    pub fn announcing(mut self, announce: impl Fn(&str) + Send + Sync + 'static) -> Self {
        self.announce = Some(Box::new(announce));
        self
    }

    /// The link to print at start.
    #[must_use]
    pub fn link(&self, host: SocketAddr) -> String {
        link(host, &self.first)
    }

    /// Exchanges a token for a session secret. None when the token is wrong or was used.
    pub(super) fn exchange(&self, token: &str) -> Result<Option<String>, WebError> {
        let offered = Digest::of(token.as_bytes());
        let session = secret()?;
        let next = if self.announce.is_some() { Some(secret()?) } else { None };
        {
            let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            if state.waiting != Some(offered) {
                return Ok(None);
            }
            state.waiting = next.as_ref().map(|next| Digest::of(next.as_bytes()));
            state.sessions.push_back(Digest::of(session.as_bytes()));
            if state.sessions.len() > SESSIONS {
                state.sessions.pop_front();
            }
        }
        if let (Some(announce), Some(next)) = (&self.announce, &next) {
            announce(next);
        }
        Ok(Some(session))
    }

    /// True when `session` was handed out by this process.
    pub(super) fn knows(&self, session: &str) -> bool {
        let offered = Digest::of(session.as_bytes());
        self.state.lock().unwrap_or_else(PoisonError::into_inner).sessions.contains(&offered)
    }
}

/// Says nothing of the secrets.
impl fmt::Debug for AccessToken {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("AccessToken").finish_non_exhaustive()
    }
}

/// The address that opens the pages with `token`.
#[must_use]
pub fn link(host: SocketAddr, token: &str) -> String {
    format!("http://{host}/?token={token}")
}

fn secret() -> Result<String, WebError> {
    let mut bytes = [0_u8; 32];
    getrandom::fill(&mut bytes).map_err(|fault| WebError::Random(fault.to_string()))?;
    Ok(hex::encode(bytes))
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::{AccessToken, SESSIONS};

    #[test]
    fn a_token_works_once_and_its_session_stays() {
        let access = AccessToken::fresh().unwrap();
        let token = access.first.clone();
        assert!(access.exchange("wrong").unwrap().is_none());
        let session = access.exchange(&token).unwrap().unwrap();
        assert!(access.exchange(&token).unwrap().is_none(), "used twice");
        assert!(access.knows(&session));
        assert!(!access.knows(&token));
    }

    #[test]
    fn after_one_link_was_used_the_next_is_announced_and_old_sessions_make_room() {
        let announced = Arc::new(Mutex::new(Vec::new()));
        let hear = Arc::clone(&announced);
        let access = AccessToken::fresh().unwrap().announcing(move |next| hear.lock().unwrap().push(next.to_owned()));
        let first = access.exchange(&access.first).unwrap().unwrap();
        for _ in 0..SESSIONS {
            let next = announced.lock().unwrap().last().unwrap().clone();
            assert!(access.exchange(&next).unwrap().is_some());
        }
        assert!(!access.knows(&first));
    }

    #[test]
    fn debug_output_holds_no_secret() {
        let access = AccessToken::fresh().unwrap();
        assert!(!format!("{access:?}").contains(&access.first));
    }
}
