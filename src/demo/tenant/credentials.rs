//! What the pretend application may prove itself with: a secret, certificates it signs assertions with, statements of another
//! identity provider. Each fault has Entra's own number. Start with [`Credentials::check`].

use std::collections::BTreeSet;

use aws_lc_rs::signature::{
    RSA_PKCS1_2048_8192_SHA256, RSA_PSS_2048_8192_SHA256, UnparsedPublicKey, VerificationAlgorithm,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

use super::keys::{public_key, thumbprint};
use super::token::Refusal;
use crate::model::time::Timestamp;

/// Another identity provider whose statements the application may sign in with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrustedIssuer {
    pub issuer: String,
    pub subject: String,
    /// [`EXCHANGE`] unless somebody chose otherwise.
    pub audience: String,
    /// A certificate (DER) with the key it signs with.
    pub certificate: Vec<u8>,
}

/// The audience that statements of other identity providers are made out to.
pub const EXCHANGE: &str = "api://AzureADTokenExchange";

/// What `client_assertion_type` must say.
const JWT_BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// Clocks may differ by this many seconds.
const SKEW: i64 = 300;
/// An assertion may be good for this many seconds.
const LONGEST: i64 = 600;

/// Everything that is registered, and what was used up.
#[derive(Debug, Default)]
pub(super) struct Credentials {
    pub secret_is_over: bool,
    certificates: Vec<Registered>,
    issuers: Vec<TrustedIssuer>,
    seen: BTreeSet<String>,
    /// Every assertion that was presented, right or wrong.
    pub presented: Vec<String>,
}

#[derive(Debug)]
struct Registered {
    thumbprint: String,
    public_key: Vec<u8>,
}

/// What a token request says about the application.
#[derive(Debug, Clone, Copy)]
pub(super) struct Proof<'request> {
    pub client_id: &'request str,
    pub secret: &'request str,
    pub assertion_kind: &'request str,
    pub assertion: &'request str,
}

/// What it is measured by.
#[derive(Debug, Clone, Copy)]
pub(super) struct Measure<'state> {
    pub secret: &'state str,
    /// The addresses of this token endpoint, any of which is the right audience.
    pub audiences: &'state [String],
    pub now: Timestamp,
}

impl Credentials {
    /// Registers a certificate beside those that are there. False when it is none, or not RSA.
    pub(super) fn add_certificate(&mut self, der: &[u8]) -> bool {
        let Some(public_key) = public_key(der) else { return false };
        self.certificates.push(Registered { thumbprint: thumbprint(der), public_key });
        true
    }

    pub(super) fn remove_certificate(&mut self, der: &[u8]) {
        let gone = thumbprint(der);
        self.certificates.retain(|one| one.thumbprint != gone);
    }

    pub(super) fn trust(&mut self, issuer: TrustedIssuer) {
        self.issuers.push(issuer);
    }

    /// Whether the application proved who it is.
    pub(super) fn check(&mut self, proof: Proof<'_>, by: Measure<'_>) -> Result<(), Refusal> {
        if proof.assertion.is_empty() {
            return self.check_secret(proof, by);
        }
        self.presented.push(proof.assertion.to_owned());
        if proof.assertion_kind != JWT_BEARER {
            let text = "The request body must contain the following parameter: 'client_assertion_type'.".to_owned();
            return Err(Refusal::new(400, "invalid_request", 900_144, text));
        }
        let token = Token::read(proof.assertion)
            .ok_or_else(|| invalid(50_027, "JWT token is invalid or malformed.".to_owned()))?;
        // The application's own statements name it as their issuer; all others are somebody else's.
        if token.claim("iss") != proof.client_id && !self.issuers.is_empty() {
            return self.check_foreign(&token, by.now);
        }
        self.check_own(&token, proof.client_id, by)
    }

    fn check_secret(&self, proof: Proof<'_>, by: Measure<'_>) -> Result<(), Refusal> {
        if proof.secret.is_empty() {
            let text = "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.";
            return Err(invalid(7_000_218, text.to_owned()));
        }
        if proof.secret != by.secret {
            return Err(invalid(7_000_215, format!("Invalid client secret provided for app '{}'.", proof.client_id)));
        }
        if self.secret_is_over {
            let text = format!("The provided client secret keys for app '{}' are expired.", proof.client_id);
            return Err(invalid(7_000_222, text));
        }
        Ok(())
    }

    fn check_own(&mut self, token: &Token<'_>, client_id: &str, by: Measure<'_>) -> Result<(), Refusal> {
        let unknown = |reason: &str| {
            let used = token.header("x5t#S256");
            let text = format!(
                "The certificate with identifier used to sign the client assertion is not registered on application. \
                 [Reason - {reason}, Thumbprint of key used by client: '{used}']"
            );
            invalid(700_027, text)
        };
        if token.header("alg") != "PS256" {
            return Err(unknown("The signature must be PS256."));
        }
        let registered = self.certificates.iter().find(|one| one.thumbprint == token.header("x5t#S256"));
        let registered = registered.ok_or_else(|| unknown("The key was not found."))?;
        if !token.is_signed_by(&registered.public_key, &RSA_PSS_2048_8192_SHA256) {
            return Err(unknown("The key was found, but use of the key to verify the signature failed."));
        }
        if token.claim("iss") != client_id || token.claim("sub") != client_id {
            let text = "Client assertion application identifier doesn't match 'client_id' parameter.".to_owned();
            return Err(invalid(700_021, text));
        }
        if !by.audiences.iter().any(|audience| audience == token.claim("aud")) {
            let text =
                format!("Client assertion audience claim does not match Realm issuer: '{}'.", token.claim("aud"));
            return Err(invalid(700_023, text));
        }
        let times = token.times(by.now)?;
        if times.until - times.from > LONGEST || times.until <= times.from {
            return Err(times.refuse("It may be valid for ten minutes at most."));
        }
        let id = token.claim("jti");
        if id.is_empty() || !self.seen.insert(id.to_owned()) {
            return Err(unknown("The assertion has no jti, or one that was used before."));
        }
        Ok(())
    }

    fn check_foreign(&self, token: &Token<'_>, now: Timestamp) -> Result<(), Refusal> {
        let no_match = |code, what: &str, value: &str| {
            let text = format!("No matching federated identity record found for presented assertion {what} '{value}'.");
            invalid(code, text)
        };
        let (issuer, subject, audience) = (token.claim("iss"), token.claim("sub"), token.claim("aud"));
        let by_issuer: Vec<&TrustedIssuer> = self.issuers.iter().filter(|one| one.issuer == issuer).collect();
        if by_issuer.is_empty() {
            return Err(no_match(700_211, "issuer", issuer));
        }
        let by_subject: Vec<&TrustedIssuer> = by_issuer.into_iter().filter(|one| one.subject == subject).collect();
        if by_subject.is_empty() {
            return Err(no_match(700_213, "subject", subject));
        }
        let found = by_subject.into_iter().find(|one| one.audience == audience);
        let found = found.ok_or_else(|| no_match(700_212, "audience", audience))?;
        let padding: &'static dyn VerificationAlgorithm = match token.header("alg") {
            "RS256" => &RSA_PKCS1_2048_8192_SHA256,
            "PS256" => &RSA_PSS_2048_8192_SHA256,
            other => {
                return Err(invalid(50_027, format!("JWT token is signed with the unsupported algorithm '{other}'.")));
            }
        };
        let key = public_key(&found.certificate).unwrap_or_default();
        if !token.is_signed_by(&key, padding) {
            let text = "Client assertion failed signature validation against the keys of its issuer.".to_owned();
            return Err(invalid(5_000_224, text));
        }
        token.times(now).map(|_| ())
    }
}

fn invalid(code: u32, text: String) -> Refusal {
    Refusal::new(401, "invalid_client", code, text)
}

/// A JSON web token, not yet believed.
struct Token<'text> {
    signed: &'text str,
    header: Value,
    claims: Value,
    signature: Vec<u8>,
}

struct Times {
    from: i64,
    until: i64,
    now: i64,
}

impl<'text> Token<'text> {
    fn read(text: &'text str) -> Option<Self> {
        let (signed, signature) = text.rsplit_once('.')?;
        let (header, claims) = signed.split_once('.')?;
        let part = |text: &str| serde_json::from_slice::<Value>(&URL_SAFE_NO_PAD.decode(text).ok()?).ok();
        let (header, claims) = (part(header)?, part(claims)?);
        Some(Self { signed, header, claims, signature: URL_SAFE_NO_PAD.decode(signature).ok()? })
    }

    fn header(&self, name: &str) -> &str {
        self.header.get(name).and_then(Value::as_str).unwrap_or_default()
    }

    fn claim(&self, name: &str) -> &str {
        self.claims.get(name).and_then(Value::as_str).unwrap_or_default()
    }

    fn is_signed_by(&self, public_key: &[u8], padding: &'static dyn VerificationAlgorithm) -> bool {
        UnparsedPublicKey::new(padding, public_key).verify(self.signed.as_bytes(), &self.signature).is_ok()
    }

    /// Its times, if they hold now. Without a beginning it began at any time.
    fn times(&self, now: Timestamp) -> Result<Times, Refusal> {
        let now = now.as_datetime().timestamp();
        let number = |name: &str| self.claims.get(name).and_then(Value::as_i64);
        let until = number("exp").unwrap_or(0);
        let times = Times { from: number("nbf").or_else(|| number("iat")).unwrap_or(until - LONGEST), until, now };
        if times.from > now + SKEW || times.until < now - SKEW {
            return Err(times.refuse(""));
        }
        Ok(times)
    }
}

impl Times {
    fn refuse(&self, further: &str) -> Refusal {
        let print = |seconds: i64| {
            let time = chrono::DateTime::from_timestamp(seconds, 0).unwrap_or_default();
            time.format("%Y-%m-%dT%H:%M:%S.0000000Z").to_string()
        };
        let text = format!(
            "Client assertion is not within its valid time range. Current time: {}, assertion valid from {}, expiry time of \
             assertion {}. {further}",
            print(self.now),
            print(self.from),
            print(self.until)
        );
        invalid(700_024, text)
    }
}
