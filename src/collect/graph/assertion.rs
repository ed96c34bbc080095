//! The signed statement that takes a secret's place at the token endpoint: a JSON web token, PS256, naming the
//! certificate by the SHA-256 of its bytes (`x5t#S256`). The private key never leaves this module.

use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use chrono::Duration;
use countersign_seal::digest::Digest;
use rustls::SignatureScheme;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::{CertifiedKey, SigningKey};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::json;
use url::Url;
use uuid::Uuid;

use super::connection::ConnectionError;
use crate::model::time::Timestamp;

/// How long an assertion is good for; the token endpoint accepts no more than ten minutes.
const VALID_FOR: Duration = Duration::minutes(8);

/// An RSA certificate with its private key.
#[derive(Clone)]
pub struct ClientCertificate {
    key: Arc<dyn SigningKey>,
    thumbprint: Digest,
}

impl fmt::Debug for ClientCertificate {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "ClientCertificate({})", self.thumbprint)
    }
}

impl ClientCertificate {
    /// Reads the first certificate and the first private key (unencrypted PKCS #8 or PKCS #1) of a PEM text.
    ///
    /// # Errors
    /// [`ConnectionError::Certificate`] when one is missing, they do not belong together, or the key is not RSA with
    /// at least 2048 bits.
    pub fn from_pem(pem: &SecretString) -> Result<Self, ConnectionError> {
        let refuse = |what: &str| ConnectionError::Certificate(what.to_owned());
        let bytes = pem.expose_secret().as_bytes();
        let certificate = CertificateDer::from_pem_slice(bytes)
            .map_err(|_| refuse("the file holds no readable CERTIFICATE block; give PEM with certificate and key"))?;
        let key = PrivateKeyDer::from_pem_slice(bytes)
            .map_err(|_| refuse("the file holds no readable, unencrypted PRIVATE KEY block"))?;
        let key = rustls::crypto::aws_lc_rs::sign::any_supported_type(&key)
            .map_err(|_| refuse("the private key is of no supported kind; use RSA with 2048 bits or more"))?;
        if key.choose_scheme(&[SignatureScheme::RSA_PSS_SHA256]).is_none() {
            return Err(refuse("the private key is not RSA; use RSA with 2048 bits or more"));
        }
        let thumbprint = Digest::of(&certificate);
        CertifiedKey::new(vec![certificate], Arc::clone(&key))
            .keys_match()
            .map_err(|_| refuse("the certificate and the private key do not belong together"))?;
        Ok(Self { key, thumbprint })
    }

    /// SHA-256 of the certificate, as the portal shows it.
    #[must_use]
    pub fn thumbprint(&self) -> Digest {
        self.thumbprint
    }

    /// The assertion for one token request; valid for some minutes from `now`. None if signing fails.
    pub(super) fn assertion(&self, token_url: &Url, client_id: Uuid, now: Timestamp) -> Option<SecretString> {
        let seconds = now.as_datetime().timestamp();
        let header = json!({
            "alg": "PS256",
            "typ": "JWT",
            "x5t#S256": BASE64.encode(self.thumbprint.as_bytes()),
        });
        let claims = json!({
            "aud": token_url.as_str(),
            "iss": client_id,
            "sub": client_id,
            "jti": Uuid::now_v7(),
            "nbf": seconds,
            "iat": seconds,
            "exp": seconds + VALID_FOR.num_seconds(),
        });
        let message = format!("{}.{}", BASE64.encode(header.to_string()), BASE64.encode(claims.to_string()));
        let signer = self.key.choose_scheme(&[SignatureScheme::RSA_PSS_SHA256])?;
        let signature = signer.sign(message.as_bytes()).ok()?;
        Some(SecretString::from(format!("{message}.{}", BASE64.encode(signature))))
    }
}

#[cfg(test)]
mod tests {
    use super::{BASE64, ClientCertificate};
    use base64::Engine as _;
    use rustls::SignatureScheme;
    use secrecy::{ExposeSecret as _, SecretString};
    use serde_json::Value;

    const PEM: &str = include_str!("../../../tests/fixtures/graph/client_certificate_for_tests.pem");
    const MISMATCHED: &str = include_str!("../../../tests/fixtures/graph/mismatched_certificate_for_tests.pem");

    fn certificate() -> ClientCertificate {
        ClientCertificate::from_pem(&SecretString::from(PEM.to_owned())).unwrap()
    }

    #[test]
    fn the_assertion_is_signed_with_the_key_and_names_the_certificate() {
        let certificate = certificate();
        let url = "https://login.example/t.example/oauth2/v2.0/token".parse().unwrap();
        let client = "11111111-2222-3333-4444-555555555555".parse().unwrap();
        let assertion = certificate.assertion(&url, client, "2026-11-23T10:00:00Z".parse().unwrap()).unwrap();
        let parts: Vec<&str> = assertion.expose_secret().split('.').collect();
        let json = |part: &str| serde_json::from_slice::<Value>(&BASE64.decode(part).unwrap()).unwrap();

        let (header, claims) = (json(parts[0]), json(parts[1]));
        assert_eq!(header["alg"], "PS256");
        assert_eq!(BASE64.decode(header["x5t#S256"].as_str().unwrap()).unwrap(), certificate.thumbprint().as_bytes());
        assert_eq!(claims["aud"], url.as_str());
        assert_eq!(claims["iss"], claims["sub"]);
        assert_eq!(claims["exp"].as_i64().unwrap() - claims["nbf"].as_i64().unwrap(), 480);

        let public_key = certificate.key.public_key().unwrap();
        // An RSA key of 2048 bits: 24 bytes of algorithm and lengths come before the key itself.
        let rsa_key = &public_key.as_ref()[24..];
        let algorithms = rustls::crypto::aws_lc_rs::default_provider().signature_verification_algorithms;
        let (_, pss) =
            algorithms.mapping.iter().find(|(scheme, _)| *scheme == SignatureScheme::RSA_PSS_SHA256).unwrap();
        let message = format!("{}.{}", parts[0], parts[1]);
        let signature = BASE64.decode(parts[2]).unwrap();
        assert!(pss[0].verify_signature(rsa_key, message.as_bytes(), &signature).is_ok());
        assert!(pss[0].verify_signature(rsa_key, b"another message", &signature).is_err());
    }

    #[test]
    fn a_key_that_is_not_rsa_or_not_the_certificates_is_refused() {
        let text = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
        for pem in [MISMATCHED, "", text] {
            let fault = ClientCertificate::from_pem(&SecretString::from(pem.to_owned())).unwrap_err();
            assert!(fault.to_string().starts_with("the client certificate cannot be used"), "{fault}");
        }
    }

    #[test]
    fn the_private_key_is_never_printed() {
        assert_eq!(format!("{:?}", certificate()).len(), "ClientCertificate()".len() + 64);
    }
}
