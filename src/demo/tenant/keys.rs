//! Pretend keys with certificates, made on the spot: what an application signs in with, and what another identity provider
//! signs its statements with. Only for simulated tenants and tests; nothing here reads or writes a file.

use aws_lc_rs::encoding::{AsDer as _, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::error::Unspecified;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_SHA256, RSA_PSS_SHA256, RsaEncoding};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use countersign_seal::digest::Digest;
use serde_json::Value;

use crate::model::time::Timestamp;

/// How a statement is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signature {
    /// RSASSA-PSS with SHA-256, as applications sign.
    Ps256,
    /// RSASSA-PKCS1 v1.5 with SHA-256, as most identity providers sign.
    Rs256,
}

/// An RSA key of 2048 bits with a certificate it signed itself.
#[derive(Debug)]
pub struct PretendKey {
    pair: KeyPair,
    certificate: Vec<u8>,
}

impl PretendKey {
    /// A fresh key whose certificate names `name` and is good from one moment to another.
    ///
    /// # Errors
    /// The cryptographic library fails, which it does not.
    pub fn generate(name: &str, from: Timestamp, until: Timestamp) -> Result<Self, Unspecified> {
        let pair = KeyPair::generate(KeySize::Rsa2048)?;
        let public: PublicKeyX509Der<'_> = pair.public_key().as_der()?;
        let serial = Digest::of(public.as_ref());
        let signed = to_be_signed(name, from, until, serial.as_bytes(), public.as_ref());
        let signature = sign(&pair, &RSA_PKCS1_SHA256, &signed)?;
        let certificate = sequence(&[signed, sequence(&[SHA256_WITH_RSA.to_vec(), NULL.to_vec()]), bits(&signature)]);
        Ok(Self { pair, certificate })
    }

    /// The certificate's DER: its public half.
    #[must_use]
    pub fn certificate(&self) -> &[u8] {
        &self.certificate
    }

    /// Certificate and private key as one PEM text.
    ///
    /// # Errors
    /// The key cannot be encoded, which it can.
    pub fn pem(&self) -> Result<String, Unspecified> {
        let private: Pkcs8V1Der<'_> = self.pair.as_der()?;
        Ok(pem("CERTIFICATE", &self.certificate) + &pem("PRIVATE KEY", private.as_ref()))
    }

    /// SHA-256 of the certificate in the form a header carries it.
    #[must_use]
    pub fn thumbprint(&self) -> String {
        thumbprint(&self.certificate)
    }

    /// A signed statement: a JSON web token with this header and these claims.
    ///
    /// # Errors
    /// Signing fails, which it does not.
    pub fn statement(&self, header: &Value, claims: &Value, with: Signature) -> Result<String, Unspecified> {
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let text = format!("{}.{}", part(header), part(claims));
        let padding: &'static dyn RsaEncoding = match with {
            Signature::Ps256 => &RSA_PSS_SHA256,
            Signature::Rs256 => &RSA_PKCS1_SHA256,
        };
        let signature = sign(&self.pair, padding, text.as_bytes())?;
        Ok(format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }
}

pub(super) fn thumbprint(certificate: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(Digest::of(certificate).as_bytes())
}

fn sign(pair: &KeyPair, padding: &'static dyn RsaEncoding, text: &[u8]) -> Result<Vec<u8>, Unspecified> {
    let mut signature = vec![0; pair.public_modulus_len()];
    pair.sign(padding, &SystemRandom::new(), text, &mut signature)?;
    Ok(signature)
}

fn pem(label: &str, der: &[u8]) -> String {
    let mut text = format!("-----BEGIN {label}-----\n");
    let encoded = STANDARD.encode(der);
    let mut rest = encoded.as_str();
    while let Some((line, more)) = rest.split_at_checked(64) {
        text.push_str(line);
        text.push('\n');
        rest = more;
    }
    if !rest.is_empty() {
        text.push_str(rest);
        text.push('\n');
    }
    text + &format!("-----END {label}-----\n")
}

// The little of DER that a certificate needs.

const SHA256_WITH_RSA: &[u8] = &[0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0b];
const COMMON_NAME: &[u8] = &[0x06, 0x03, 0x55, 0x04, 0x03];
const NULL: &[u8] = &[0x05, 0x00];
const VERSION_3: &[u8] = &[0xa0, 0x03, 0x02, 0x01, 0x02];

fn to_be_signed(name: &str, from: Timestamp, until: Timestamp, serial: &[u8], public: &[u8]) -> Vec<u8> {
    let name = element(0x0c, name.as_bytes());
    let name = sequence(&[element(0x31, &sequence(&[COMMON_NAME.to_vec(), name]))]);
    // A leading byte keeps the number positive.
    let serial: Vec<u8> = [0x01].iter().chain(serial).take(16).copied().collect();
    sequence(&[
        VERSION_3.to_vec(),
        element(0x02, &serial),
        sequence(&[SHA256_WITH_RSA.to_vec(), NULL.to_vec()]),
        name.clone(),
        sequence(&[time(from), time(until)]),
        name,
        public.to_vec(),
    ])
}

fn time(at: Timestamp) -> Vec<u8> {
    element(0x17, at.as_datetime().format("%y%m%d%H%M%SZ").to_string().as_bytes())
}

fn bits(content: &[u8]) -> Vec<u8> {
    element(0x03, &[&[0], content].concat())
}

fn sequence(parts: &[Vec<u8>]) -> Vec<u8> {
    element(0x30, &parts.concat())
}

fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut bytes = vec![tag];
    let length = content.len().to_be_bytes();
    let significant: Vec<u8> = length.into_iter().skip_while(|byte| *byte == 0).collect();
    match significant.as_slice() {
        [] => bytes.push(0),
        [short] if *short < 0x80 => bytes.push(*short),
        // Never more than eight bytes.
        long => bytes.extend([0x80 | u8::try_from(long.len()).unwrap_or(8)].iter().chain(long)),
    }
    bytes.extend_from_slice(content);
    bytes
}

/// The public key within a certificate, as it stands there. None when it is no certificate.
pub(super) fn public_key(certificate: &[u8]) -> Option<Vec<u8>> {
    let (whole, _) = take(certificate, 0x30)?;
    let (mut rest, _) = take(whole.content, 0x30).map(|(signed, after)| (signed.content, after))?;
    if let Some((_, after)) = take(rest, 0xa0) {
        rest = after;
    }
    // Serial number, algorithm, issuer, validity, subject.
    for tag in [0x02, 0x30, 0x30, 0x30, 0x30] {
        (_, rest) = take(rest, tag)?;
    }
    take(rest, 0x30).map(|(key, _)| key.whole.to_vec())
}

struct Element<'der> {
    whole: &'der [u8],
    content: &'der [u8],
}

fn take(bytes: &[u8], tag: u8) -> Option<(Element<'_>, &[u8])> {
    let [first, length, ..] = bytes else { return None };
    if *first != tag {
        return None;
    }
    let (start, length) = if *length < 0x80 {
        (2, usize::from(*length))
    } else {
        let count = usize::from(*length & 0x7f);
        let digits = bytes.get(2..2 + count).filter(|digits| digits.len() <= 4)?;
        (2 + count, digits.iter().fold(0, |sum, digit| (sum << 8) | usize::from(*digit)))
    };
    let end = start.checked_add(length)?;
    Some((Element { whole: bytes.get(..end)?, content: bytes.get(start..end)? }, bytes.get(end..)?))
}

#[cfg(test)]
mod tests {
    use super::{PretendKey, public_key};
    use aws_lc_rs::encoding::{AsDer as _, PublicKeyX509Der};
    use aws_lc_rs::signature::KeyPair as _;
    use rustls::pki_types::pem::PemObject as _;
    use rustls::pki_types::{CertificateDer, PrivateKeyDer};

    #[test]
    fn a_pretend_certificate_is_one_that_others_can_read_and_belongs_to_its_key() {
        let (from, until) = ("2026-01-01T00:00:00Z".parse().unwrap(), "2027-01-01T00:00:00Z".parse().unwrap());
        let key = PretendKey::generate("pretend application", from, until).unwrap();
        let pem = key.pem().unwrap();
        let certificate = CertificateDer::from_pem_slice(pem.as_bytes()).unwrap();
        let private = PrivateKeyDer::from_pem_slice(pem.as_bytes()).unwrap();
        let private = rustls::crypto::aws_lc_rs::sign::any_supported_type(&private).unwrap();
        rustls::sign::CertifiedKey::new(vec![certificate], private).keys_match().unwrap();
        let public: PublicKeyX509Der<'_> = key.pair.public_key().as_der().unwrap();
        assert_eq!(public_key(key.certificate()).unwrap(), public.as_ref());
    }

    #[test]
    fn what_is_no_certificate_has_no_key() {
        assert_eq!(public_key(b""), None);
        assert_eq!(public_key(b"-----BEGIN CERTIFICATE-----"), None);
        assert_eq!(public_key(&[0x30, 0x84, 0xff, 0xff, 0xff, 0xff, 0x00]), None);
    }
}
