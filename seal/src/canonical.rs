//! The one way a statement is written down: RFC 8785 JSON, restricted so that there is nothing left to choose.
//!
//! Keys are printable ASCII in byte order, numbers are integers of magnitude below 2^53, there is no white space, and
//! bytes that are not UTF-8 are written as `{"b64": "…"}`. A text that is not its own canonical form is refused, so that
//! one meaning has exactly one sequence of bytes and therefore one hash. This module never repairs anything it reads.
//! Start at [`to_bytes`] and [`parse`].

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use serde_json::{Map, Value};

/// The largest magnitude of an integer: 2^53 - 1, which every JSON reader keeps exactly.
pub const MAX_INTEGER: u64 = (1 << 53) - 1;

/// How deep lists and objects may be nested; the outermost is the first level.
pub const MAX_DEPTH: usize = 64;

/// Why a value or a text has no canonical form, or is not its own.
#[derive(Debug, thiserror::Error)]
pub enum CanonicalError {
    #[error("this is not JSON")]
    NotJson(#[source] serde_json::Error),
    #[error("key `{0}` has a character outside printable ASCII; rename it")]
    Key(String),
    #[error("`{0}` is not an integer below 2^53; write it as text")]
    Number(String),
    #[error("lists and objects are nested more than {MAX_DEPTH} deep")]
    TooDeep,
    #[error(
        "byte {0} differs from the canonical form: keys in byte order, once each, no white space, shortest escapes"
    )]
    NotCanonical(usize),
}

/// The canonical bytes of anything that serialises to JSON.
///
/// # Errors
/// When it holds a number that is no integer below 2^53, a key outside printable ASCII, or is nested too deep.
pub fn to_bytes(value: &impl Serialize) -> Result<Vec<u8>, CanonicalError> {
    value_bytes(&serde_json::to_value(value).map_err(CanonicalError::NotJson)?)
}

/// The canonical bytes of a value.
pub(crate) fn value_bytes(value: &Value) -> Result<Vec<u8>, CanonicalError> {
    let mut out = Vec::with_capacity(256);
    write_value(value, 0, &mut out)?;
    Ok(out)
}

/// Reads bytes that must be their own canonical form.
///
/// # Errors
/// When they are not JSON or differ in any byte from the canonical form of what they say.
pub fn parse(bytes: &[u8]) -> Result<Value, CanonicalError> {
    let value: Value = serde_json::from_slice(bytes).map_err(CanonicalError::NotJson)?;
    let mut again = Vec::with_capacity(bytes.len());
    write_value(&value, 0, &mut again)?;
    if again == bytes {
        return Ok(value);
    }
    let same = again.iter().zip(bytes).take_while(|(left, right)| left == right).count();
    Err(CanonicalError::NotCanonical(same))
}

/// Bytes as a value: text where they are UTF-8, else `{"b64": "…"}`.
#[must_use]
pub fn text_or_b64(bytes: &[u8]) -> Value {
    match std::str::from_utf8(bytes) {
        Ok(text) => Value::String(text.to_owned()),
        Err(_) => Value::Object(Map::from_iter([("b64".to_owned(), Value::String(STANDARD.encode(bytes)))])),
    }
}

fn write_value(value: &Value, depth: usize, out: &mut Vec<u8>) -> Result<(), CanonicalError> {
    if depth >= MAX_DEPTH && matches!(value, Value::Array(_) | Value::Object(_)) {
        return Err(CanonicalError::TooDeep);
    }
    match value {
        Value::Null => out.extend_from_slice(b"null"),
        Value::Bool(true) => out.extend_from_slice(b"true"),
        Value::Bool(false) => out.extend_from_slice(b"false"),
        Value::Number(number) => write_number(number, out)?,
        Value::String(text) => write_text(text, out),
        Value::Array(items) => {
            out.push(b'[');
            for (position, item) in items.iter().enumerate() {
                if position > 0 {
                    out.push(b',');
                }
                write_value(item, depth + 1, out)?;
            }
            out.push(b']');
        }
        Value::Object(map) => {
            // Sorted here, because a feature of `serde_json` that any crate may switch on keeps insertion order instead.
            let mut members: Vec<(&String, &Value)> = map.iter().collect();
            members.sort_unstable_by(|left, right| left.0.as_bytes().cmp(right.0.as_bytes()));
            out.push(b'{');
            for (position, (key, item)) in members.into_iter().enumerate() {
                if position > 0 {
                    out.push(b',');
                }
                if !key.bytes().all(|byte| (0x20..0x7f).contains(&byte)) {
                    return Err(CanonicalError::Key(key.chars().take(80).collect()));
                }
                write_text(key, out);
                out.push(b':');
                write_value(item, depth + 1, out)?;
            }
            out.push(b'}');
        }
    }
    Ok(())
}

fn write_number(number: &serde_json::Number, out: &mut Vec<u8>) -> Result<(), CanonicalError> {
    match number.as_i64() {
        Some(integer) if integer.unsigned_abs() <= MAX_INTEGER => {
            out.extend_from_slice(integer.to_string().as_bytes());
            Ok(())
        }
        _ => Err(CanonicalError::Number(number.to_string())),
    }
}

fn write_text(text: &str, out: &mut Vec<u8>) {
    out.push(b'"');
    for byte in text.bytes() {
        match byte {
            b'"' => out.extend_from_slice(b"\\\""),
            b'\\' => out.extend_from_slice(b"\\\\"),
            0x08 => out.extend_from_slice(b"\\b"),
            0x09 => out.extend_from_slice(b"\\t"),
            0x0a => out.extend_from_slice(b"\\n"),
            0x0c => out.extend_from_slice(b"\\f"),
            0x0d => out.extend_from_slice(b"\\r"),
            0x00..0x20 => {
                out.extend_from_slice(b"\\u00");
                out.extend_from_slice(hex::encode([byte]).as_bytes());
            }
            _ => out.push(byte),
        }
    }
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::{CanonicalError, parse, text_or_b64, to_bytes};
    use serde_json::json;

    #[test]
    fn keys_are_written_in_byte_order_and_without_white_space() {
        let bytes = to_bytes(&json!({"b": [1, -2, null, true], "a": "x\u{7f}é\n\u{1}", "B": {}})).unwrap();
        assert_eq!(String::from_utf8(bytes).unwrap(), "{\"B\":{},\"a\":\"x\u{7f}é\\n\\u0001\",\"b\":[1,-2,null,true]}");
    }

    #[test]
    fn a_fraction_an_exponent_and_a_number_beyond_2_to_53_are_refused() {
        for text in ["1.0", "1e2", "-0", "9007199254740992", "-9007199254740992", "18446744073709551616"] {
            assert!(parse(text.as_bytes()).is_err(), "{text} was accepted");
        }
        assert!(parse(b"9007199254740991").is_ok());
        assert!(parse(b"-9007199254740991").is_ok());
    }

    #[test]
    fn a_text_that_is_not_its_own_canonical_form_is_refused_with_the_place() {
        for text in
            [r#"{"a":1,"a":1}"#, r#"{"b":1,"a":1}"#, r#"{ "a":1}"#, "{}\n", r#""\u0041""#, r#""\/""#, r#""\u000A""#]
        {
            assert!(matches!(parse(text.as_bytes()), Err(CanonicalError::NotCanonical(_))), "{text} was accepted");
        }
    }

    #[test]
    fn nesting_without_end_is_refused_and_not_a_crash() {
        let deep = "[".repeat(100_000);
        assert!(parse(deep.as_bytes()).is_err());
        for (levels, inner) in [(100, ""), (65, ""), (65, "1")] {
            let closed = format!("{}{inner}{}", "[".repeat(levels), "]".repeat(levels));
            assert!(matches!(parse(closed.as_bytes()), Err(CanonicalError::TooDeep)), "{levels} levels");
        }
        for inner in ["", "1"] {
            assert!(parse(format!("{}{inner}{}", "[".repeat(64), "]".repeat(64)).as_bytes()).is_ok());
        }
    }

    #[test]
    fn a_key_outside_ascii_is_refused_by_name() {
        let fault = to_bytes(&json!({"schlüssel": 1})).unwrap_err();
        assert!(fault.to_string().contains("schlüssel"));
    }

    #[test]
    fn bytes_that_are_not_text_are_carried_as_base64() {
        assert_eq!(text_or_b64(b"ok"), json!("ok"));
        assert_eq!(text_or_b64(&[0xff, 0x00]), json!({"b64": "/wA="}));
    }
}
