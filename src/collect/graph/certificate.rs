//! Certificates for signing in: made here, and what may be told of one. The private key is in nothing that this module
//! shows; it is handed out once, to be sealed.

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_SHA256};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::Duration;
use countersign_seal::digest::Digest;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Serialize;
use zeroize::Zeroizing;

use super::connection::ConnectionError;
use super::der::{self, value};
use crate::model::time::Timestamp;

/// What everybody may know of a certificate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CertificateFacts {
    /// The portal's "thumbprint": SHA-1 in capital hex digits. It names a certificate and protects nothing.
    pub sha1: String,
    /// SHA-256 of the same bytes in capital hex digits.
    pub sha256: String,
    pub not_before: Timestamp,
    pub not_after: Timestamp,
}

impl CertificateFacts {
    /// Reads the first certificate of a PEM text.
    ///
    /// # Errors
    /// [`ConnectionError::Certificate`] when there is none or its dates cannot be read.
    pub fn of_pem(pem: &SecretString) -> Result<Self, ConnectionError> {
        let refuse = |what: &str| ConnectionError::Certificate(what.to_owned());
        let der = CertificateDer::from_pem_slice(pem.expose_secret().as_bytes())
            .map_err(|_| refuse("there is no readable CERTIFICATE block"))?;
        Self::of_der(&der).ok_or_else(|| refuse("its dates cannot be read"))
    }

    fn of_der(der: &[u8]) -> Option<Self> {
        let (not_before, not_after) = der::validity(der)?;
        Some(Self {
            sha1: hex::encode_upper(digest(&SHA1_FOR_LEGACY_USE_ONLY, der)),
            sha256: hex::encode_upper(Digest::of(der).as_bytes()),
            not_before,
            not_after,
        })
    }
}

/// A certificate that was just made.
pub struct NewCertificate {
    /// Certificate and private key, to be sealed; never shown.
    pub pem: SecretString,
    /// The certificate alone, for the app registration.
    pub public_pem: String,
    pub facts: CertificateFacts,
}

/// How far back a certificate begins, so that a clock that is a little ahead of the service's does not make it one of
/// the future.
const BEGINS_EARLIER: Duration = Duration::minutes(10);

/// Makes an RSA key of 3072 bits and a certificate that it signs itself, valid for so many days from `now`. Takes a
/// second or so of computing.
///
/// # Errors
/// [`ConnectionError::Certificate`] when the cryptographic library gives no key.
pub fn create(name: &str, days: u16, now: Timestamp) -> Result<NewCertificate, ConnectionError> {
    let refuse = |what: &str| ConnectionError::Certificate(format!("{what} could not be made; try again"));
    let key = KeyPair::generate(KeySize::Rsa3072).map_err(|_| refuse("its key"))?;
    let public = AsDer::<PublicKeyX509Der<'_>>::as_der(key.public_key()).map_err(|_| refuse("its key"))?;
    let mut serial = [0_u8; 16];
    aws_lc_rs::rand::fill(&mut serial).map_err(|_| refuse("its serial number"))?;
    // A positive number in its shortest form: the first of its bits is 0 and the second 1.
    if let Some(first) = serial.first_mut() {
        *first = *first & 0x7f | 0x40;
    }
    let signed = to_be_signed(name, &serial, public.as_ref(), now.plus(-BEGINS_EARLIER), end_of(now, days));
    let mut signature = vec![0; key.public_modulus_len()];
    key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), &signed, &mut signature).map_err(|_| refuse("its signature"))?;
    let signature = value(der::BIT_STRING, &[&[0], &signature]);
    let certificate = value(der::SEQUENCE, &[&signed, &algorithm(), &signature]);
    let facts = CertificateFacts::of_der(&certificate).ok_or_else(|| refuse("its text"))?;
    let private = AsDer::<Pkcs8V1Der<'_>>::as_der(&key).map_err(|_| refuse("its key"))?;
    let public_pem = pem("CERTIFICATE", &certificate);
    let private_pem = Zeroizing::new(pem("PRIVATE KEY", private.as_ref()));
    let both = SecretString::from(format!("{public_pem}{}", private_pem.as_str()));
    Ok(NewCertificate { pem: both, public_pem, facts })
}

fn end_of(now: Timestamp, days: u16) -> Timestamp {
    now.plus(Duration::days(i64::from(days)))
}

/// The part of a certificate that is signed: version 3, for signatures only and no authority over other certificates.
fn to_be_signed(name: &str, serial: &[u8], public: &[u8], from: Timestamp, until: Timestamp) -> Vec<u8> {
    const COMMON_NAME: &[u8] = &[0x55, 0x04, 0x03];
    const KEY_USAGE: &[u8] = &[0x55, 0x1d, 0x0f];
    const BASIC_CONSTRAINTS: &[u8] = &[0x55, 0x1d, 0x13];
    const TRUE: &[u8] = &[0x01, 0x01, 0xff];
    let object = |id: &[u8]| value(der::OBJECT_ID, &[id]);
    let extension =
        |id: &[u8], content: &[u8]| value(der::SEQUENCE, &[&object(id), TRUE, &value(der::OCTET_STRING, &[content])]);
    let named = value(der::SEQUENCE, &[&object(COMMON_NAME), &value(der::UTF8, &[name.as_bytes()])]);
    let named = value(der::SEQUENCE, &[&value(der::SET, &[&named])]);
    // The first bit alone: digital signature.
    let usage = extension(KEY_USAGE, &value(der::BIT_STRING, &[&[7, 0x80]]));
    let constraints = extension(BASIC_CONSTRAINTS, &value(der::SEQUENCE, &[]));
    let version = value(der::CONTEXT_0, &[&value(der::INTEGER, &[&[2]])]);
    let dates = value(der::SEQUENCE, &[&der::time(from), &der::time(until)]);
    let extensions = value(der::CONTEXT_3, &[&value(der::SEQUENCE, &[&usage, &constraints])]);
    let serial = value(der::INTEGER, &[serial]);
    value(der::SEQUENCE, &[&version, &serial, &algorithm(), &named, &dates, &named, public, &extensions])
}

/// `sha256WithRSAEncryption`.
fn algorithm() -> Vec<u8> {
    const ID: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0b];
    value(der::SEQUENCE, &[&value(der::OBJECT_ID, &[ID]), &value(der::NULL, &[])])
}

fn pem(label: &str, der: &[u8]) -> String {
    const WIDTH: usize = 64;
    let text = Zeroizing::new(STANDARD.encode(der));
    // Large enough from the beginning: a text that grows leaves copies behind.
    let mut lines = Zeroizing::new(String::with_capacity(text.len() + text.len() / WIDTH + 1));
    for (position, letter) in text.chars().enumerate() {
        if position > 0 && position % WIDTH == 0 {
            lines.push('\n');
        }
        lines.push(letter);
    }
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.as_str())
}

#[cfg(test)]
mod tests {
    use std::process::{Command, Stdio};

    use secrecy::{ExposeSecret as _, SecretString};

    use super::{CertificateFacts, create};
    use crate::collect::graph::ClientCertificate;
    use crate::model::time::Timestamp;

    const GIVEN: &str = include_str!("../../../tests/fixtures/graph/client_certificate_for_tests.pem");

    fn now() -> Timestamp {
        "2026-11-27T09:30:00Z".parse().unwrap()
    }

    /// What OpenSSL says; none where it is not installed.
    fn openssl(arguments: &[&str], input: &str) -> Option<String> {
        let mut command = Command::new("openssl");
        command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().ok()?;
        std::io::Write::write_all(&mut child.stdin.take().unwrap(), input.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        Some(String::from_utf8(output.stdout).unwrap())
    }

    #[test]
    fn a_new_certificate_is_usable_for_signing_in_and_its_public_part_holds_no_key() {
        let made = create("Countersign for Larkspur", 365, now()).unwrap();
        let usable = ClientCertificate::from_pem(&made.pem).unwrap();
        assert_eq!(hex::encode_upper(usable.thumbprint().as_bytes()), made.facts.sha256);
        assert!(!made.public_pem.contains("PRIVATE") && made.pem.expose_secret().contains("PRIVATE"));
        assert_eq!(CertificateFacts::of_pem(&SecretString::from(made.public_pem.clone())).unwrap(), made.facts);
        assert_eq!(made.facts.not_after, "2027-11-27T09:30:00Z".parse().unwrap());
        assert!(made.facts.not_before < now());

        let Some(text) = openssl(&["x509", "-noout", "-text", "-fingerprint", "-sha1"], &made.public_pem) else {
            return;
        };
        for words in [
            "Version: 3 (0x2)",
            "Subject: CN = Countersign for Larkspur",
            "Not After : Nov 27 09:30:00 2027 GMT",
            "(3072 bit)",
            "CA:FALSE",
            "Digital Signature",
        ] {
            let plain = text.replace("CN=", "CN = ");
            assert!(plain.contains(words), "{words}: {text}");
        }
        let sha1 = text.rsplit_once("Fingerprint=").unwrap().1.trim().replace(':', "");
        assert_eq!(sha1, made.facts.sha1);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("own.pem");
        std::fs::write(&path, &made.public_pem).unwrap();
        let path = path.to_str().unwrap();
        let at = now().as_datetime().timestamp().to_string();
        openssl(&["verify", "-attime", &at, "-check_ss_sig", "-CAfile", path, path], "").unwrap();
    }

    #[test]
    fn the_dates_and_thumbprints_of_a_certificate_from_elsewhere_are_those_that_openssl_reads() {
        let facts = CertificateFacts::of_pem(&SecretString::from(GIVEN.to_owned())).unwrap();
        let wanted = |at: Timestamp| at.as_datetime().format("%b %e %H:%M:%S %Y GMT").to_string();
        let Some(dates) = openssl(&["x509", "-noout", "-startdate", "-enddate"], GIVEN) else { return };
        assert_eq!(dates, format!("notBefore={}\nnotAfter={}\n", wanted(facts.not_before), wanted(facts.not_after)));
        let said = openssl(&["x509", "-noout", "-fingerprint", "-sha256"], GIVEN).unwrap();
        assert_eq!(said.rsplit_once('=').unwrap().1.trim().replace(':', ""), facts.sha256);
    }
}
