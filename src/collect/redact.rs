//! Replaces byte ranges that must never be kept, before anything is hashed. The only place that may change collected
//! bytes; everything outside the matches stays exactly as received.
//!
//! Built-in rules always apply; a collector adds its own. Where a pattern has a group named `secret`, only that group
//! is replaced, otherwise the whole match. Start with [`Redactor`].

use bytes::Bytes;
use regex::bytes::{Regex, RegexBuilder};

use crate::catalog::collector::RedactRule;
use crate::model::evidence::Redaction;

/// What stands in the stored bytes where something was taken out.
pub const MARK: &[u8] = b"[redacted]";

/// Rules that hold for every artifact of every source.
const BUILT_IN: [(&str, &str); 4] = [
    ("bearer-token", r"(?i)\bbearer[ \t]+(?P<secret>[a-z0-9._~+/=-]{20,})"),
    ("json-web-token", r"\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{16,}"),
    ("osquery-node-key", r#""node_key"\s*:\s*"(?P<secret>(?:[^"\\]|\\.)+)""#),
    ("recovery-password", r"\b[0-9]{6}(?:-[0-9]{6}){7}\b"),
];

/// A redaction rule whose pattern cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("the pattern of redaction rule `{rule}` is not a regular expression over bytes")]
pub struct InvalidRule {
    pub rule: String,
    #[source]
    pub source: regex::Error,
}

/// The built-in rules and those of one collector, ready to use.
#[derive(Debug)]
pub struct Redactor {
    rules: Vec<(String, Regex)>,
}

impl Redactor {
    /// # Errors
    /// [`InvalidRule`] for the first pattern that is not a regular expression. Nothing may be kept then.
    pub fn new(rules: &[RedactRule]) -> Result<Self, InvalidRule> {
        let built_in = BUILT_IN.iter().map(|(id, pattern)| (*id, *pattern));
        let own = rules.iter().map(|rule| (rule.id.as_str(), rule.pattern.as_str()));
        let rules = built_in
            .chain(own)
            .map(|(id, pattern)| {
                let regex = RegexBuilder::new(pattern).unicode(false).build();
                regex.map(|regex| (id.to_owned(), regex)).map_err(|source| InvalidRule { rule: id.to_owned(), source })
            })
            .collect::<Result<_, _>>()?;
        Ok(Self { rules })
    }

    /// Takes out a secret that is known, wherever it stands from now on.
    ///
    /// # Errors
    /// [`InvalidRule`] when it is far too long to be looked for. Nothing may be kept then.
    pub fn withhold(&mut self, rule: &str, secret: &str) -> Result<(), InvalidRule> {
        let regex = RegexBuilder::new(&regex::escape(secret)).unicode(false).build();
        let regex = regex.map_err(|source| InvalidRule { rule: rule.to_owned(), source })?;
        self.rules.push((rule.to_owned(), regex));
        Ok(())
    }

    /// The bytes to store, and per rule which ranges of them are marks. Bytes without a match are handed back
    /// untouched and uncopied. Where matches overlap they become one mark, named after the rule that began first.
    #[must_use]
    pub fn apply(&self, artifact: &str, bytes: Bytes) -> (Bytes, Vec<Redaction>) {
        let found = self.matches(&bytes);
        if found.is_empty() {
            return (bytes, Vec::new());
        }
        let mut stored = Vec::with_capacity(bytes.len());
        let mut redactions: Vec<Redaction> = Vec::new();
        let mut read = 0;
        for Found { start, end, rule } in found {
            stored.extend_from_slice(bytes.get(read..start).unwrap_or_default());
            let range = [stored.len() as u64, MARK.len() as u64];
            stored.extend_from_slice(MARK);
            read = end;
            match redactions.iter_mut().find(|redaction| redaction.rule == rule) {
                Some(redaction) => redaction.ranges.push(range),
                None => redactions.push(Redaction {
                    rule: rule.to_owned(),
                    artifact: artifact.to_owned(),
                    ranges: vec![range],
                }),
            }
        }
        stored.extend_from_slice(bytes.get(read..).unwrap_or_default());
        (Bytes::from(stored), redactions)
    }

    /// All matches in order, overlapping ones merged, empty ones left out.
    fn matches(&self, bytes: &[u8]) -> Vec<Found<'_>> {
        let mut found: Vec<Found<'_>> = Vec::new();
        for (rule, regex) in &self.rules {
            for captures in regex.captures_iter(bytes) {
                let Some(matched) = captures.name("secret").or_else(|| captures.get(0)) else { continue };
                if !matched.is_empty() {
                    found.push(Found { start: matched.start(), end: matched.end(), rule });
                }
            }
        }
        found.sort_by_key(|found| (found.start, found.end));
        let mut merged: Vec<Found<'_>> = Vec::with_capacity(found.len());
        for next in found {
            match merged.last_mut() {
                Some(last) if next.start < last.end => last.end = last.end.max(next.end),
                _ => merged.push(next),
            }
        }
        merged
    }
}

struct Found<'a> {
    start: usize,
    end: usize,
    rule: &'a str,
}

#[cfg(test)]
mod tests {
    use super::{MARK, Redactor};
    use crate::catalog::collector::{CollectorDefinition, RedactRule};
    use bytes::Bytes;
    use proptest::prelude::*;

    fn rule(id: &str, pattern: &str) -> RedactRule {
        RedactRule { id: id.to_owned(), pattern: pattern.to_owned() }
    }

    /// Per rule its ranges.
    type Marks = Vec<(String, Vec<[u64; 2]>)>;

    fn redact(rules: &[RedactRule], text: &str) -> (String, Marks) {
        let (bytes, redactions) = Redactor::new(rules).unwrap().apply("a", Bytes::from(text.to_owned()));
        let ranges = redactions.into_iter().map(|redaction| (redaction.rule, redaction.ranges)).collect();
        (String::from_utf8(bytes.to_vec()).unwrap(), ranges)
    }

    #[test]
    fn the_first_characters_of_an_applications_secret_are_never_kept() {
        for collector in ["applications", "service_principals"] {
            let file = format!("{}/collectors/m365/{collector}/collector.yaml", env!("CARGO_MANIFEST_DIR"));
            let definition: CollectorDefinition =
                serde_saphyr::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
            let text = r#"[{"hint": "a\"b", "keyId": "1"}, {"hint":null,"keyId":"2"}, {"hint":"Xy~"}]"#;
            let (stored, redactions) = redact(&definition.redact, text);
            let kept = r#"[{"hint": "[redacted]", "keyId": "1"}, {"hint":null,"keyId":"2"}, {"hint":"[redacted]"}]"#;
            assert_eq!(stored, kept, "{collector}");
            assert_eq!(redactions, [("secret-hint".to_owned(), vec![[11, 10], [75, 10]])], "{collector}");
        }
    }

    #[test]
    fn a_recovery_password_is_never_kept() {
        let text = r#"{"key": "123456-234567-345678-456789-567890-678901-789012-890123", "id": 1}"#;
        let (stored, redactions) = redact(&[], text);
        assert_eq!(stored, r#"{"key": "[redacted]", "id": 1}"#);
        assert_eq!(redactions, [("recovery-password".to_owned(), vec![[9, 10]])]);
    }

    #[test]
    fn tokens_and_node_keys_are_never_kept() {
        let text = r#"Authorization: Bearer abcdefghijklmnop0123 {"node_key": "s3cr\"et", "x": "eyJhbGciOiJub25l.eyJzdWIiOiIxIn0.c2lnbmF0dXJlLWJ5dGVz"}"#;
        let (stored, redactions) = redact(&[], text);
        assert_eq!(stored, r#"Authorization: Bearer [redacted] {"node_key": "[redacted]", "x": "[redacted]"}"#);
        assert_eq!(redactions.len(), 3);
    }

    #[test]
    fn a_secret_that_is_known_is_taken_out_whatever_it_looks_like() {
        let mut redactor = Redactor::new(&[]).unwrap();
        redactor.withhold("access-token", "opaque.token+1").unwrap();
        let (bytes, redactions) = redactor.apply("a", Bytes::from_static(b"<p>opaque.token+1</p> opaqueXtoken+1"));
        assert_eq!(bytes.as_ref(), b"<p>[redacted]</p> opaqueXtoken+1");
        assert_eq!(redactions[0].rule, "access-token");
    }

    #[test]
    fn bytes_without_a_match_are_handed_back_unchanged_even_if_they_are_not_text() {
        let bytes = Bytes::from_static(b"\xff\xfe\0 no secret \r\n");
        let (stored, redactions) = Redactor::new(&[]).unwrap().apply("a", bytes.clone());
        assert_eq!(stored.as_ptr(), bytes.as_ptr());
        assert!(redactions.is_empty());
    }

    #[test]
    fn overlapping_matches_become_one_mark() {
        let (stored, redactions) = redact(&[rule("first", "abcd"), rule("second", "cdef")], "--abcdef--");
        assert_eq!(stored, "--[redacted]--");
        assert_eq!(redactions, [("first".to_owned(), vec![[2, 10]])]);
    }

    #[test]
    fn only_the_group_named_secret_is_replaced() {
        let (stored, _) = redact(&[rule("password", "password=(?P<secret>[^ ]+)")], "user=a password=hunter2 end");
        assert_eq!(stored, "user=a password=[redacted] end");
    }

    #[test]
    fn a_pattern_that_is_no_regular_expression_is_named() {
        let fault = Redactor::new(&[rule("broken", "(")]).unwrap_err();
        assert!(fault.to_string().contains("`broken`"));
    }

    proptest! {
        #[test]
        fn every_range_holds_the_mark_and_everything_else_is_as_received(text in "[a-c0-9 ]{0,80}") {
            let redactor = Redactor::new(&[rule("letters", "a+b"), rule("digits", "[0-9]{2}")]).unwrap();
            let (stored, redactions) = redactor.apply("a", Bytes::from(text.clone()));
            let mut ranges: Vec<[u64; 2]> = redactions.into_iter().flat_map(|redaction| redaction.ranges).collect();
            ranges.sort_unstable();
            let mut kept = Vec::new();
            let mut at = 0;
            for [start, length] in ranges {
                let (start, length) = (usize::try_from(start).unwrap(), usize::try_from(length).unwrap());
                prop_assert_eq!(&stored[start..start + length], MARK);
                kept.extend_from_slice(&stored[at..start]);
                at = start + length;
            }
            kept.extend_from_slice(&stored[at..]);
            let mut rest = text.bytes();
            prop_assert!(kept.iter().all(|byte| rest.any(|other| other == *byte)), "kept bytes are a subsequence");
        }
    }
}
