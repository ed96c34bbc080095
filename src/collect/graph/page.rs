//! What the client must know of a page to go on: how many rows, where the next page is, whether a list inside was cut.
//! Reads without building the rows, which are the parsers' business.

use std::collections::BTreeSet;

use serde_json::Value;

use super::skim::{List, envelope};

/// A page of a collection, or one object.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Page {
    pub(super) rows: usize,
    pub(super) next_link: Option<String>,
    /// A list inside a row names a continuation of its own, which is not followed.
    pub(super) holds_cut_lists: bool,
}

/// Reads a body that came with status 200.
///
/// # Errors
/// A sentence that says how the body differs from what was asked for.
pub(super) fn read(body: &[u8], paged: bool) -> Result<Page, String> {
    let first = body.iter().find(|byte| !byte.is_ascii_whitespace());
    match first {
        None => return Err("the answer was empty".to_owned()),
        Some(b'<') => {
            return Err(
                "the answer was a web page and not JSON, so something answers in Microsoft Graph's place: check \
                        any proxy between here and there"
                    .to_owned(),
            );
        }
        Some(_) => {}
    }
    let envelope = envelope(body).map_err(|fault| match fault.classify() {
        serde_json::error::Category::Eof => "the answer ends in the middle of the JSON document".to_owned(),
        serde_json::error::Category::Data => "the answer is JSON, but not an object of the expected form".to_owned(),
        _ => format!("the answer is not JSON (line {}, column {})", fault.line(), fault.column()),
    })?;
    if envelope.error.is_some() && envelope.value == List::Absent {
        return Err("the answer says it is fine (status 200) and holds an error".to_owned());
    }
    match (paged, envelope.value) {
        (true, List::Rows(rows)) => {
            Ok(Page { rows, next_link: envelope.next_link, holds_cut_lists: envelope.holds_cut_lists })
        }
        (true, List::Absent) => Err("the answer has no `value` list".to_owned()),
        (true, List::Other) => Err("the answer's `value` is not a list of objects".to_owned()),
        (false, _) if envelope.next_link.is_some() => {
            Err("one object was expected and the answer has pages".to_owned())
        }
        (false, _) if envelope.fields == 0 => Err("the answer is an object without any field".to_owned()),
        (false, List::Rows(rows)) if envelope.fields == 1 && rows != 1 => {
            Err(format!("one object was expected and the answer is a list of {rows}"))
        }
        (false, _) => Ok(Page { rows: 1, next_link: None, holds_cut_lists: envelope.holds_cut_lists }),
    }
}

/// The ids that a list's rows name, at dotted paths to a text or a list of texts. What is null or absent names none.
///
/// # Errors
/// A sentence, when something else is found there: whom it means is not known.
pub(super) fn collect_ids(body: &[u8], paths: &[String], ids: &mut BTreeSet<String>) -> Result<(), String> {
    #[derive(serde::Deserialize)]
    struct List {
        value: Vec<Value>,
    }
    let list: List = serde_json::from_slice(body).map_err(|_| "the answer has no `value` list".to_owned())?;
    for row in &list.value {
        for path in paths {
            let found = path.split('.').try_fold(row, |value, name| value.get(name));
            let texts = match found {
                None | Some(Value::Null) => continue,
                Some(Value::Array(items)) => items.iter().map(Value::as_str).collect::<Option<Vec<_>>>(),
                Some(value) => value.as_str().map(|text| vec![text]),
            };
            let Some(texts) = texts else {
                return Err(format!("`{path}` in a row of the list is no id and no list of ids"));
            };
            ids.extend(texts.into_iter().map(str::to_owned));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{Page, collect_ids, read};
    use std::collections::BTreeSet;

    #[test]
    fn rows_are_counted_and_the_next_link_is_found() {
        let body = br#"{"@odata.nextLink": "https://x/2", "value": [{"a": [1, null, {"b": 1.5}]}, {}]}"#;
        let page = Page { rows: 2, next_link: Some("https://x/2".to_owned()), holds_cut_lists: false };
        assert_eq!(read(body, true).unwrap(), page);
    }

    #[test]
    fn a_cut_list_inside_a_row_is_noticed_but_not_in_a_text() {
        let cut = br#"{"value": [{"a": {"members": [], "members@odata.nextLink": "https://x"}}]}"#;
        assert!(read(cut, true).unwrap().holds_cut_lists);
        let text = br#"{"value": [{"displayName": "members@odata.nextLink\":"}]}"#;
        assert!(!read(text, true).unwrap().holds_cut_lists);
    }

    #[test]
    fn ids_are_found_where_the_collector_says_and_what_is_no_id_is_not_passed_over() {
        let ids = |body: &[u8], path: &str| {
            let mut ids = BTreeSet::new();
            collect_ids(body, &[path.to_owned()], &mut ids).map(|()| ids.into_iter().collect::<Vec<_>>())
        };
        let body = br#"{"value": [{"id": "b", "c": {"g": ["y", "x"]}}, {"id": "a", "c": {"g": null}}, {"id": "a", "c": null}]}"#;
        assert_eq!(ids(body, "id").unwrap(), ["a", "b"]);
        assert_eq!(ids(body, "c.g").unwrap(), ["x", "y"]);
        assert!(ids(body, "c").is_err());
        assert!(ids(br#"{"value": [{"id": 3}]}"#, "id").is_err());
        assert!(ids(br#"{"value": [{"id": ["a", 3]}]}"#, "id").is_err());
    }

    #[test]
    fn a_body_that_is_not_a_page_is_named_for_what_it_is() {
        let named: [(&[u8], &str); 9] = [
            (b" ", "empty"),
            (b"<!DOCTYPE html>", "web page"),
            (b"{\"value\": [{", "middle"),
            (b"hello", "not JSON"),
            (b"[]", "expected form"),
            (b"{\"value\": 3}", "not a list"),
            (b"{\"value\": [3]}", "not a list of objects"),
            (b"{\"error\": {}}", "holds an error"),
            (b"{\"id\": 1}", "no `value`"),
        ];
        for (body, words) in named {
            let reason = read(body, true).unwrap_err();
            assert!(reason.contains(words), "{reason} should say {words}");
        }
        assert!(read(b"{}", false).is_err());
        assert!(read(b"{\"value\": [], \"value\": []}", true).is_err());
    }
}
