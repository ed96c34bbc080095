//! One question to Microsoft Graph, with everything that patience can mend: gates, tokens that are refused, pauses, lines
//! that break. Knows nothing of pages or batches.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use uuid::Uuid;

use super::GraphTarget;
use super::http::{Answer, Ending, why_no_answer};
use super::limits::Patience;
use super::provenance::Journal;
use super::request::Question;
use super::setback::{Judge, Remedy, Setback};
use super::token::AccessToken;
use super::token_errors::TokenFailure;
use crate::catalog::collector::CollectorDefinition;
use crate::catalog::graph_errors::ErrorClass;
use crate::model::evidence::CollectionOutcome;
use crate::model::time::Clock;

/// Asks the questions of one dataset and writes down what was answered.
pub(super) struct Inquiry<'a> {
    pub(super) target: &'a GraphTarget,
    pub(super) definition: &'a CollectorDefinition,
    pub(super) clock: &'a dyn Clock,
    pub(super) journal: Journal,
    /// The tokens that requests were sent with.
    pub(super) sent: Vec<Arc<AccessToken>>,
    /// The trouble that is being waited out, if the time limit strikes now.
    pub(super) trouble: Option<Setback>,
    /// Waits for its turn.
    pub(super) in_gate: bool,
}

/// What to do about an answer.
enum Verdict {
    Good(Answer),
    /// Ask again with another token, bound to these claims if the service named some.
    RenewToken {
        claims: Option<String>,
        setback: Setback,
        is_about_the_token: bool,
    },
    /// Ask again after a pause.
    Again(Again),
    /// A permission is missing, at least in this token.
    Denied(Setback),
    Stop(Setback),
}

struct Again {
    setback: Setback,
    /// In all.
    tries: u32,
    /// What the service asked to wait.
    asked: Option<Duration>,
    pause: Pause,
    /// On another connection: behind this one stands a machine that is down.
    anew: bool,
}

/// Who waits.
enum Pause {
    Myself,
    /// Everybody who asks for the same kind of thing; the service's own words on what that is.
    Everybody(Option<String>),
}

impl Inquiry<'_> {
    /// How refusals of a question are to be taken.
    pub(super) fn judge(&self, is_one_object: bool) -> Judge<'_> {
        Judge { definition: self.definition, is_one_object, max_tries: self.target.limits.max_tries }
    }

    /// One answer with status 200, whole, of at most `room` bytes; with as many tries as the limits allow.
    pub(super) async fn fetch(
        &mut self,
        question: &Question,
        room: u64,
        is_one_object: bool,
    ) -> Result<Answer, Setback> {
        let mut patience = Patience::new(&self.target.limits);
        let mut was_renewed = false;
        let mut anew = false;
        loop {
            let (verdict, token) = self.once(question, room, is_one_object, anew).await?;
            match verdict {
                Verdict::Good(answer) => {
                    self.trouble = None;
                    return Ok(answer);
                }
                Verdict::RenewToken { claims, .. } if !was_renewed => {
                    was_renewed = true;
                    self.renew(&token, claims.as_deref()).await?;
                }
                Verdict::RenewToken { setback, is_about_the_token, .. } => {
                    if is_about_the_token {
                        self.target.stop(&setback);
                    }
                    return Err(setback);
                }
                // Consent may have been given since another run asked for the token.
                Verdict::Denied(_) if !was_renewed && token.fetched_at < self.target.since => {
                    was_renewed = true;
                    self.renew(&token, None).await?;
                }
                Verdict::Denied(setback) | Verdict::Stop(setback) => return Err(setback),
                Verdict::Again(again) => {
                    anew = again.anew;
                    let Some(pause) = patience.next_pause(again.tries, again.asked) else {
                        return Err(again.setback);
                    };
                    self.trouble = Some(again.setback);
                    match again.pause {
                        // The gate is where the next try waits.
                        Pause::Everybody(scope) => {
                            self.target.gates.hold(&question.path, pause, scope.as_deref());
                        }
                        Pause::Myself => tokio::time::sleep(pause).await,
                    }
                }
            }
        }
    }

    /// Another token in place of one that was refused.
    pub(super) async fn renew(&mut self, refused: &Arc<AccessToken>, claims: Option<&str>) -> Result<(), Setback> {
        self.journal.token_renewed();
        let renewed = self.target.tokens.instead_of(refused, claims, self.target.token_request(self.clock)).await;
        self.noted(renewed).map(|_| ())
    }

    /// The token that requests are sent with now.
    pub(super) async fn token(&mut self) -> Result<Arc<AccessToken>, Setback> {
        let token = self.target.tokens.current(self.target.token_request(self.clock)).await;
        self.noted(token)
    }

    async fn once(
        &mut self,
        question: &Question,
        room: u64,
        is_one_object: bool,
        anew: bool,
    ) -> Result<(Verdict, Arc<AccessToken>), Setback> {
        // Before the gate, so that nobody stands in it while he waits for a token; and behind it, where a long wait may
        // have outlived the first.
        self.token().await?;
        self.in_gate = true;
        let passages = self.target.gates.pass(&question.path, question.units, question.requests).await;
        self.in_gate = false;
        let token = self.token().await?;
        let limits = &self.target.limits;
        let request_id = Uuid::now_v7();
        let client = if anew { self.target.clients.anew() } else { self.target.clients.usual() };
        self.journal.request_sent();
        let sent = question.with(client, &token, request_id).send().await;
        drop(passages);
        let response = match sent {
            Ok(response) => response,
            Err(error) => {
                let reason = why_no_answer(question.url(), error);
                let setback = Setback::new(CollectionOutcome::Unreachable, reason);
                let tries = limits.max_connection_tries;
                let again = Again { setback, tries, asked: None, pause: Pause::Myself, anew: false };
                return Ok((Verdict::Again(again), token));
            }
        };
        let answer = Answer::read(response, room.min(limits.max_page_bytes)).await;
        self.journal.answered(&answer, request_id);
        Ok((self.verdict(answer, room, is_one_object), token))
    }

    fn verdict(&self, answer: Answer, room: u64, is_one_object: bool) -> Verdict {
        let limits = &self.target.limits;
        match (answer.status, &answer.ending) {
            (200, Ending::Whole) => Verdict::Good(answer),
            (200, Ending::CutOff) => {
                let read = answer.body.len();
                let setback = Setback::failed(format!("the answer broke off after {read} bytes: collect it again"));
                Verdict::Again(Again {
                    setback: setback.keeping(answer),
                    tries: limits.max_tries,
                    asked: None,
                    pause: Pause::Myself,
                    anew: true,
                })
            }
            (200, Ending::TooLarge) => {
                let is_the_page = limits.max_page_bytes < room;
                Verdict::Stop(Setback::too_large(answer, self.definition.max_bytes, limits.max_page_bytes, is_the_page))
            }
            (201..=399, _) => {
                let status = answer.status;
                let reason = format!(
                    "Microsoft Graph answered with status {status} where data was expected, and redirects are not followed"
                );
                Verdict::Stop(Setback::failed(reason).keeping(answer))
            }
            _ => self.refusal(answer, is_one_object),
        }
    }

    fn refusal(&self, answer: Answer, is_one_object: bool) -> Verdict {
        let refusal = self.judge(is_one_object).refusal(answer.status, &answer.body);
        let asked = answer.retry_after(self.clock.now());
        let challenge = answer.headers.get(reqwest::header::WWW_AUTHENTICATE).and_then(|value| value.to_str().ok());
        let claims = challenge.and_then(claims_in);
        let scope = answer.header("x-ms-throttle-scope");
        let status = answer.status;
        let (class, is_about_the_token) = (refusal.class, refusal.is_about_the_token);
        let setback = refusal.setback.keeping(answer);
        match refusal.remedy {
            Remedy::RenewToken => Verdict::RenewToken { claims, setback, is_about_the_token },
            Remedy::Again(tries) => {
                let is_told = matches!(status, 429 | 509) || asked.is_some();
                let pause = if is_told { Pause::Everybody(scope) } else { Pause::Myself };
                Verdict::Again(Again { setback, tries, asked, pause, anew: matches!(status, 502..=504) })
            }
            Remedy::Stop if class == ErrorClass::NoConsent => Verdict::Denied(setback),
            Remedy::Stop => Verdict::Stop(setback),
        }
    }

    fn noted(&mut self, token: Result<Arc<AccessToken>, TokenFailure>) -> Result<Arc<AccessToken>, Setback> {
        match token {
            Ok(token) => {
                self.journal.token_used(&token.roles);
                if !self.sent.iter().any(|known| Arc::ptr_eq(known, &token)) {
                    self.sent.push(Arc::clone(&token));
                }
                Ok(token)
            }
            Err(failure) => {
                self.journal.token_failed(&failure);
                Err(failure.into())
            }
        }
    }
}

/// The claims that a `WWW-Authenticate` challenge asks the next token to carry, decoded.
pub(super) fn claims_in(challenge: &str) -> Option<String> {
    let (_, rest) = challenge.split_once("claims=\"")?;
    let (encoded, _) = rest.split_once('"')?;
    let decoded = base64::engine::general_purpose::STANDARD.decode(encoded).ok()?;
    String::from_utf8(decoded).ok().filter(|claims| claims.starts_with('{'))
}
