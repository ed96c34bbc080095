//! Microsoft Graph bodies -> rows: `graph-collection/1` and `graph-singleton/1`; `graph-batch/1` is
//! [`super::graph_batch`]. Pure.
//!
//! Never guesses: an error body, a missing `value` or anything malformed is a [`ParseError`], never "no rows". A body
//! that names a further page which is not at hand says so in [`Rows::unread`]. Start with [`Shape`].

use serde_json::Value;

use crate::catalog::graph_errors::{Needs, classify, is_error_body};
use crate::model::evidence::CollectionOutcome;

/// What a parser of this module makes of pages.
#[derive(Debug, Clone, PartialEq)]
pub struct Rows {
    /// Objects as the source gave them, in its order.
    pub rows: Vec<Value>,
    /// True when a page, or a list inside a row, names a continuation that is not here: the dataset is partial.
    pub unread: bool,
}

/// Why bodies could not be made into rows.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParseError {
    #[error("{page} is not JSON: {cause}")]
    NotJson { page: String, cause: String },
    #[error("{page} is not what was asked for: {what}")]
    Malformed { page: String, what: String },
    #[error("there is no page to read")]
    NoPages,
    /// The body is a refusal of the source, not data.
    #[error("the source refused: {reason}")]
    Refused { outcome: CollectionOutcome, reason: String },
}

impl ParseError {
    /// The outcome of a dataset whose bodies gave this error.
    #[must_use]
    pub fn outcome(&self) -> CollectionOutcome {
        match self {
            Self::Refused { outcome, .. } => *outcome,
            Self::NotJson { .. } | Self::Malformed { .. } | Self::NoPages => CollectionOutcome::Failed,
        }
    }
}

/// The shapes of a Microsoft Graph answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// `{"value": [...]}`, in pages.
    Collection,
    /// One object.
    Singleton,
    /// Answers about many objects, several in one body.
    Batch,
}

impl Shape {
    /// The shape that a collector's `parser` names; none when the parser is not of this module.
    #[must_use]
    pub fn of_parser(parser: &str) -> Option<Self> {
        match parser {
            "graph-collection/1" => Some(Self::Collection),
            "graph-singleton/1" => Some(Self::Singleton),
            "graph-batch/1" => Some(Self::Batch),
            _ => None,
        }
    }

    /// How the names of the artifacts begin that hold the rows.
    #[must_use]
    pub fn artifacts(self) -> &'static str {
        match self {
            Self::Collection | Self::Singleton => "page-",
            Self::Batch => "batch-",
        }
    }

    /// Rows of the page bodies, in order.
    ///
    /// # Errors
    /// Any [`ParseError`]; then nothing of the dataset is known.
    pub fn parse(self, pages: &[&[u8]]) -> Result<Rows, ParseError> {
        self.rows_of(bodies_of(pages)?)
    }

    /// Rows of a file that holds one body, or a JSON array of page bodies. A byte order mark is tolerated, because
    /// editors add one to files; never in collected pages.
    ///
    /// # Errors
    /// Any [`ParseError`]; an error body is [`ParseError::Refused`] with its class of outcome.
    pub fn parse_file(self, bytes: &[u8]) -> Result<Rows, ParseError> {
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        match json("the file", bytes)? {
            Value::Array(bodies) => self.rows_of(named("page", bodies)),
            body => self.rows_of(vec![("the file".to_owned(), body)]),
        }
    }

    fn rows_of(self, bodies: Vec<(String, Value)>) -> Result<Rows, ParseError> {
        match self {
            Self::Collection => collection_of(bodies),
            Self::Singleton => singleton_of(bodies),
            Self::Batch => super::graph_batch::parse(bodies),
        }
    }
}

fn bodies_of(pages: &[&[u8]]) -> Result<Vec<(String, Value)>, ParseError> {
    let bodies = pages.iter().enumerate().map(|(index, bytes)| {
        let page = format!("page {}", index + 1);
        json(&page, bytes).map(|body| (page, body))
    });
    bodies.collect()
}

fn json(page: &str, bytes: &[u8]) -> Result<Value, ParseError> {
    serde_json::from_slice(bytes)
        .map_err(|fault| ParseError::NotJson { page: page.to_owned(), cause: fault.to_string() })
}

fn named(kind: &str, bodies: Vec<Value>) -> Vec<(String, Value)> {
    bodies.into_iter().enumerate().map(|(index, body)| (format!("{kind} {}", index + 1), body)).collect()
}

/// `graph-collection/1`: the `value` lists of all pages, one after the other. One bad page spoils all, because what it
/// held is not known.
fn collection_of(bodies: Vec<(String, Value)>) -> Result<Rows, ParseError> {
    if bodies.is_empty() {
        return Err(ParseError::NoPages);
    }
    let mut rows = Vec::new();
    let mut unread = false;
    for (page, mut body) in bodies {
        refuse_error_body(&body)?;
        unread = body.get("@odata.nextLink").is_some_and(|link| !link.is_null());
        match body.get_mut("value").map(Value::take) {
            Some(Value::Array(items)) => rows.extend(items),
            Some(_) => return Err(malformed(&page, "its `value` is not a list")),
            None => return Err(malformed(&page, "it has no `value` list")),
        }
        if rows.iter().any(|row| !row.is_object()) {
            return Err(malformed(&page, "its `value` holds something that is not an object"));
        }
    }
    unread = unread || rows.iter().any(holds_a_continuation);
    Ok(Rows { rows, unread })
}

/// `graph-singleton/1`: one row, the object itself without its `@odata.context`.
fn singleton_of(bodies: Vec<(String, Value)>) -> Result<Rows, ParseError> {
    let mut bodies = bodies.into_iter();
    let Some((page, body)) = bodies.next() else { return Err(ParseError::NoPages) };
    if bodies.next().is_some() {
        return Err(malformed(&page, "one object was expected, and there are several bodies"));
    }
    refuse_error_body(&body)?;
    if body.get("@odata.nextLink").is_some_and(|link| !link.is_null()) {
        return Err(malformed(&page, "one object was expected, and it has further pages"));
    }
    let Value::Object(object) = body else { return Err(malformed(&page, "it is not an object")) };
    let mut fields = object.clone();
    fields.retain(|name, _| !name.starts_with("@odata."));
    // Some policies are wrapped in `value` in the beta version, alone or as a list of one.
    let row = match (fields.len(), fields.remove("value")) {
        (1, Some(Value::Object(inner))) => Value::Object(inner),
        (1, Some(Value::Array(items))) => match <[Value; 1]>::try_from(items) {
            Ok([inner @ Value::Object(_)]) => inner,
            _ => return Err(malformed(&page, "one object was expected, and it is a list")),
        },
        (0, _) => return Err(malformed(&page, "it has no fields")),
        _ => {
            let mut object = object;
            object.remove("@odata.context");
            Value::Object(object)
        }
    };
    let unread = holds_a_continuation(&row);
    Ok(Rows { rows: vec![row], unread })
}

fn malformed(page: &str, what: &str) -> ParseError {
    ParseError::Malformed { page: page.to_owned(), what: what.to_owned() }
}

fn refuse_error_body(body: &Value) -> Result<(), ParseError> {
    if !is_error_body(body) {
        return Ok(());
    }
    let error = classify(None, body.to_string().as_bytes());
    Err(ParseError::Refused { outcome: error.outcome(), reason: error.reason(Needs::default()) })
}

/// True when an expanded list inside a row was cut by the source (`members@odata.nextLink`).
fn holds_a_continuation(value: &Value) -> bool {
    match value {
        Value::Object(fields) => fields.iter().any(|(name, field)| {
            (name.ends_with("@odata.nextLink") && !field.is_null()) || holds_a_continuation(field)
        }),
        Value::Array(items) => items.iter().any(holds_a_continuation),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::{ParseError, Shape};
    use crate::model::evidence::CollectionOutcome;
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn the_rows_of_all_pages_follow_each_other_and_an_empty_middle_page_is_fine() {
        let pages: [&[u8]; 3] = [
            br#"{"value": [{"id": "1"}], "@odata.nextLink": "https://x/2"}"#,
            br#"{"value": [], "@odata.nextLink": "https://x/3"}"#,
            br#"{"value": [{"id": "2"}]}"#,
        ];
        let rows = Shape::Collection.parse(&pages).unwrap();
        assert_eq!(rows.rows, [json!({"id": "1"}), json!({"id": "2"})]);
        assert!(!rows.unread);
    }

    #[test]
    fn a_last_page_that_names_another_one_is_not_taken_for_the_whole() {
        assert!(Shape::Collection.parse_file(br#"{"value": [], "@odata.nextLink": "https://x/2"}"#).unwrap().unread);
    }

    #[test]
    fn an_expanded_list_that_was_cut_is_not_taken_for_the_whole() {
        let page = br#"{"value": [{"id": "r", "members": [], "members@odata.nextLink": "https://x"}]}"#;
        assert!(Shape::Collection.parse(&[page]).unwrap().unread);
    }

    #[test]
    fn a_body_that_is_not_the_expected_shape_is_an_error_and_never_no_rows() {
        let bad: [&[u8]; 9] = [
            b"",
            b"<html>",
            b"{",
            b"[]",
            b"{}",
            b"null",
            br#"{"id": "1"}"#,
            br#"{"value": null}"#,
            br#"{"value": [1]}"#,
        ];
        for body in bad {
            let fault = Shape::Collection.parse(&[body]).unwrap_err();
            assert_eq!(fault.outcome(), CollectionOutcome::Failed, "{}", String::from_utf8_lossy(body));
        }
        assert_eq!(Shape::Collection.parse(&[]).unwrap_err(), ParseError::NoPages);
        assert_eq!(Shape::Collection.parse_file(b"[]").unwrap_err(), ParseError::NoPages);
    }

    #[test]
    fn an_error_body_carries_the_class_of_its_outcome() {
        let denied = br#"{"error": {"code": "Authorization_RequestDenied", "message": "Insufficient privileges"}}"#;
        let unlicensed = br#"[{"error": {"code": "AadPremiumLicenseRequired", "message": "P2"}}]"#;
        for shape in [Shape::Collection, Shape::Singleton] {
            assert_eq!(shape.parse_file(denied).unwrap_err().outcome(), CollectionOutcome::Denied);
            assert_eq!(shape.parse_file(unlicensed).unwrap_err().outcome(), CollectionOutcome::Unlicensed);
        }
    }

    #[test]
    fn a_file_may_hold_a_list_of_pages_and_a_byte_order_mark() {
        let file = b"\xef\xbb\xbf[{\"value\": [{\"id\": 1}]}, {\"value\": [{\"id\": 2}]}]";
        assert_eq!(Shape::Collection.parse_file(file).unwrap().rows.len(), 2);
    }

    #[test]
    fn a_singleton_is_one_row_in_both_of_its_spellings() {
        let plain = br#"{"@odata.context": "c", "@odata.type": "t", "id": "p", "isEnabled": true}"#;
        let row = json!({"@odata.type": "t", "id": "p", "isEnabled": true});
        assert_eq!(Shape::Singleton.parse(&[plain]).unwrap().rows, [row]);
        let wrapped = br#"{"@odata.context": "c", "value": [{"id": "p"}]}"#;
        assert_eq!(Shape::Singleton.parse(&[wrapped]).unwrap().rows, [json!({"id": "p"})]);
        for bad in [
            br#"{"value": []}"#.as_slice(),
            br#"{"value": [{}, {}]}"#,
            br#"{"value": [{"id": "p"}], "@odata.nextLink": "https://x/2"}"#,
            b"[{}, {}]",
            b"3",
            br#"{"@odata.context": "c"}"#,
        ] {
            assert!(Shape::Singleton.parse(&[bad]).is_err(), "{}", String::from_utf8_lossy(bad));
        }
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_parsers_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            for shape in [Shape::Collection, Shape::Singleton, Shape::Batch] {
                let _ = shape.parse(&[&bytes]);
                let _ = shape.parse_file(&bytes);
            }
        }
    }
}
