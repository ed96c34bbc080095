//! The answer to a batch as far as the client must know it: which items were answered and how, where they go on. Reads
//! without building the rows, which are the parser's business.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use super::skim::ItemBody;

/// One item's answer.
#[derive(Debug, Deserialize)]
pub(super) struct ItemAnswer {
    pub(super) id: String,
    pub(super) status: u16,
    #[serde(default)]
    headers: Option<BTreeMap<String, Value>>,
    #[serde(default)]
    pub(super) body: ItemBody,
}

impl ItemAnswer {
    /// A header's text, whatever its spelling.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        let headers = self.headers.as_ref()?;
        headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name))?.1.as_str()
    }

    /// The refusal as a body of its own.
    pub(super) fn error_body(&self) -> Vec<u8> {
        let error = self.body.0.as_ref().and_then(|body| body.error.as_ref());
        error.map(|error| json!({"error": error}).to_string().into_bytes()).unwrap_or_default()
    }
}

/// Reads a body that came with status 200.
///
/// # Errors
/// A sentence that says how the body differs from what was asked for.
pub(super) fn read(body: &[u8]) -> Result<Vec<ItemAnswer>, String> {
    #[derive(Deserialize)]
    struct Answer {
        responses: Vec<ItemAnswer>,
    }
    if body.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'<') {
        return Err(
            "the answer to a batch was a web page and not JSON: check any proxy between here and there".to_owned()
        );
    }
    let answer: Answer = serde_json::from_slice(body).map_err(|fault| {
        format!("the answer to a batch is not of the expected form (line {}, column {})", fault.line(), fault.column())
    })?;
    Ok(answer.responses)
}

#[cfg(test)]
mod tests {
    use super::read;

    #[test]
    fn an_item_is_read_with_its_status_headers_and_where_it_goes_on() {
        let body = br#"{"responses": [
            {"id": "a", "status": 200, "headers": {"Request-Id": "r"},
             "body": {"value": [{}, {}], "@odata.nextLink": "https://x/2"}},
            {"id": "b", "status": 429, "headers": null, "body": {"error": {"code": "TooManyRequests"}}},
            {"id": "c", "status": 502, "body": "<html>"},
            {"id": "d", "status": 204}
        ]}"#;
        let answers = read(body).unwrap();
        let first = answers[0].body.0.as_ref().unwrap();
        assert_eq!((first.rows(), first.next_link.as_deref()), (Some(2), Some("https://x/2")));
        assert_eq!(answers[0].header("request-id"), Some("r"));
        assert_eq!(answers[1].error_body(), br#"{"error":{"code":"TooManyRequests"}}"#);
        assert!(answers[2].error_body().is_empty() && answers[3].body.0.is_none());
    }

    #[test]
    fn what_is_no_answer_to_a_batch_is_named() {
        for body in [b"{}".as_slice(), b"[]", b"<html>", br#"{"responses": {}}"#, br#"{"responses": [{"id": 1}]}"#] {
            assert!(read(body).unwrap_err().contains("batch"), "{}", String::from_utf8_lossy(body));
        }
    }
}
