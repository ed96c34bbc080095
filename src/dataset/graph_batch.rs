//! Answers to Microsoft Graph batches -> rows: `graph-batch/1`. Pure.
//!
//! One row an id that was asked about: `{"id", "status": 200, "items": [...]}` with the objects of all its pages, or
//! `{"id", "status": 404, "code", "items": null}` for a thing that is gone. Sorted by id. An id whose last answer is a
//! refusal, or one of whose pages is missing, has no row, and then [`Rows::unread`] says that not all was read.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::graph::{ParseError, Rows};

/// Everything that was answered about one id.
#[derive(Debug, Default)]
struct Answers {
    /// By page, counted from 1: the answer that counts.
    pages: BTreeMap<u32, Page>,
}

#[derive(Debug)]
enum Page {
    Read { items: Vec<Value>, goes_on: bool },
    Gone { code: String },
    Refused,
}

/// Rows of batch answers in the order in which they came.
///
/// An item that was refused may be answered by a later batch, so the last answer to it counts, but never a refusal after
/// a good one.
///
/// # Errors
/// Any [`ParseError`]; one bad body spoils all, because what it held is not known.
pub fn parse(bodies: Vec<(String, Value)>) -> Result<Rows, ParseError> {
    if bodies.is_empty() {
        return Err(ParseError::NoPages);
    }
    let mut asked: BTreeMap<String, Answers> = BTreeMap::new();
    for (name, mut body) in bodies {
        let Some(Value::Array(responses)) = body.get_mut("responses").map(Value::take) else {
            return Err(malformed(&name, "it has no `responses` list"));
        };
        for response in responses {
            let (id, number, page) = read(&name, response)?;
            let pages = &mut asked.entry(id).or_default().pages;
            if !matches!((&page, pages.get(&number)), (Page::Refused, Some(Page::Read { .. } | Page::Gone { .. }))) {
                pages.insert(number, page);
            }
        }
    }
    let mut unread = false;
    let mut rows = Vec::with_capacity(asked.len());
    for (id, answers) in asked {
        match answers.into_row(&id) {
            Some(row) => rows.push(row),
            None => unread = true,
        }
    }
    Ok(Rows { rows, unread })
}

impl Answers {
    /// None when not all of it was read.
    fn into_row(self, id: &str) -> Option<Value> {
        let mut all = Vec::new();
        let mut expected = 1;
        let mut goes_on = true;
        for (number, page) in self.pages {
            match page {
                Page::Gone { code } if number == 1 => {
                    return Some(json!({"id": id, "status": 404, "code": code, "items": null}));
                }
                Page::Read { items, goes_on: more } if number == expected && goes_on => {
                    all.extend(items);
                    goes_on = more;
                    expected += 1;
                }
                Page::Read { .. } | Page::Gone { .. } | Page::Refused => return None,
            }
        }
        (!goes_on).then(|| json!({"id": id, "status": 200, "items": all}))
    }
}

/// The id an answer is about, its page counted from 1, and what it says.
fn read(name: &str, response: Value) -> Result<(String, u32, Page), ParseError> {
    let Value::Object(mut response) = response else {
        return Err(malformed(name, "its `responses` hold something that is not an object"));
    };
    let item = response.get("id").and_then(Value::as_str).unwrap_or_default();
    let (id, number) = match item.split_once('/') {
        Some((id, number)) => (id, number.parse().ok().filter(|number| *number > 1)),
        None => (item, Some(1)),
    };
    let (Some(number), false) = (number, id.is_empty()) else {
        return Err(malformed(name, "an answer does not say what it answers"));
    };
    let Some(status) = response.get("status").and_then(Value::as_u64) else {
        return Err(malformed(name, "an answer has no status"));
    };
    let id = id.to_owned();
    let body = response.remove("body").unwrap_or(Value::Null);
    let page = match status {
        200 => page_of(name, body)?,
        404 => Page::Gone { code: body.pointer("/error/code").and_then(Value::as_str).unwrap_or_default().to_owned() },
        _ => Page::Refused,
    };
    Ok((id, number, page))
}

/// A list in pages, or one object, which is a list of one.
fn page_of(name: &str, body: Value) -> Result<Page, ParseError> {
    let Value::Object(mut body) = body else { return Err(malformed(name, "a good answer has no object in its body")) };
    let goes_on = body.get("@odata.nextLink").is_some_and(|link| !link.is_null());
    let items = match body.remove("value") {
        Some(Value::Array(items)) => items,
        Some(_) => return Err(malformed(name, "a `value` in it is not a list")),
        None => vec![Value::Object(without_context(body))],
    };
    if items.iter().any(|item| !item.is_object()) {
        return Err(malformed(name, "a `value` in it holds something that is not an object"));
    }
    Ok(Page::Read { items, goes_on })
}

fn without_context(mut object: Map<String, Value>) -> Map<String, Value> {
    object.remove("@odata.context");
    object
}

fn malformed(page: &str, what: &str) -> ParseError {
    ParseError::Malformed { page: page.to_owned(), what: what.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::parse;
    use crate::dataset::graph::{ParseError, Rows};
    use serde_json::{Value, json};

    fn rows(bodies: &[Value]) -> Result<Rows, ParseError> {
        parse(bodies.iter().enumerate().map(|(index, body)| (format!("batch {}", index + 1), body.clone())).collect())
    }

    fn answer(id: &str, status: u16, body: &Value) -> Value {
        json!({"id": id, "status": status, "headers": {}, "body": body})
    }

    fn gone() -> Value {
        json!({"error": {"code": "Request_ResourceNotFound", "message": "no such object"}})
    }

    #[test]
    fn the_pages_of_one_id_become_one_row_in_whatever_order_they_were_answered() {
        let second = answer("a/2", 200, &json!({"value": [{"id": "3"}]}));
        let first =
            answer("a", 200, &json!({"value": [{"id": "1"}, {"id": "2"}], "@odata.nextLink": "https://x/a?p=2"}));
        let other = answer("b", 200, &json!({"value": []}));
        let read = rows(&[json!({"responses": [other, second]}), json!({"responses": [first]})]).unwrap();
        let expected = [
            json!({"id": "a", "status": 200, "items": [{"id": "1"}, {"id": "2"}, {"id": "3"}]}),
            json!({"id": "b", "status": 200, "items": []}),
        ];
        assert_eq!((read.rows, read.unread), (expected.to_vec(), false));
    }

    #[test]
    fn a_thing_that_is_gone_is_a_row_of_its_own_and_never_an_empty_list() {
        let read = rows(&[json!({"responses": [answer("a", 404, &gone())]})]).unwrap();
        let expected = json!({"id": "a", "status": 404, "code": "Request_ResourceNotFound", "items": null});
        assert_eq!((read.rows, read.unread), (vec![expected], false));
    }

    #[test]
    fn an_item_that_was_asked_to_wait_counts_by_its_later_answer() {
        let wait = answer("a", 429, &json!({"error": {"code": "TooManyRequests"}}));
        let good = answer("a", 200, &json!({"value": [{"id": "1"}]}));
        for bodies in [[&wait, &good], [&good, &wait]] {
            let read = rows(&bodies.map(|body| json!({"responses": [body]}))).unwrap();
            assert_eq!((read.rows.len(), read.unread), (1, false));
        }
    }

    #[test]
    fn an_id_that_was_refused_or_whose_pages_are_missing_has_no_row_and_is_known_to_be_unread() {
        let more = json!({"value": [], "@odata.nextLink": "https://x/a?p=2"});
        let cut = [
            vec![answer("a", 403, &json!({"error": {"code": "Forbidden"}}))],
            vec![answer("a", 200, &more)],
            vec![answer("a/2", 200, &json!({"value": []}))],
            vec![answer("a", 200, &more), answer("a/3", 200, &json!({"value": []}))],
            vec![answer("a", 200, &more), answer("a/2", 404, &gone())],
            vec![answer("a", 200, &json!({"value": []})), answer("a/2", 200, &json!({"value": []}))],
        ];
        for responses in cut {
            let read = rows(&[json!({"responses": responses})]).unwrap();
            assert_eq!((read.rows.len(), read.unread), (0, true), "{responses:?}");
        }
    }

    #[test]
    fn a_body_that_is_no_batch_answer_is_an_error_and_never_no_rows() {
        let good = json!({"value": []});
        for body in [
            json!({}),
            json!({"responses": null}),
            json!({"responses": [3]}),
            json!({"responses": [{"status": 200, "body": good}]}),
            json!({"responses": [{"id": "a", "body": good}]}),
            json!({"responses": [answer("a/1", 200, &good)]}),
            json!({"responses": [answer("a/x", 200, &good)]}),
            json!({"responses": [answer("/2", 200, &good)]}),
            json!({"responses": [answer("a", 200, &json!("text"))]}),
            json!({"responses": [answer("a", 200, &json!({"value": 3}))]}),
            json!({"responses": [answer("a", 200, &json!({"value": [3]}))]}),
        ] {
            assert!(matches!(rows(std::slice::from_ref(&body)), Err(ParseError::Malformed { .. })), "{body}");
        }
        assert_eq!(rows(&[]), Err(ParseError::NoPages));
    }
}
