//! Links to the same page with something else chosen. Pages have no form and no script: every choice is a link.

use serde::Serialize;
use url::form_urlencoded::Serializer;

/// One thing that can be chosen on a page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Choice {
    pub words: String,
    pub href: String,
    /// How many rows it would show; none where nobody counted.
    pub count: Option<usize>,
    pub is_current: bool,
}

/// `path` with those of the parameters that have a value.
#[must_use]
pub(super) fn link(path: &str, parameters: &[(&str, Option<String>)]) -> String {
    let mut query = Serializer::new(String::new());
    for (name, value) in parameters {
        if let Some(value) = value {
            query.append_pair(name, value);
        }
    }
    let query = query.finish();
    if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") }
}

/// At most `many` characters of a text, with a mark where it was cut.
#[must_use]
pub(super) fn clip(text: &str, many: usize) -> String {
    match text.char_indices().nth(many) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default().trim_end()),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::{clip, link};

    #[test]
    fn a_hostile_value_cannot_leave_its_place_in_a_link() {
        let hostile = "a&as_of=1#\"><b> é".to_owned();
        let made = link("/x", &[("party", None), ("target", Some(hostile))]);
        assert_eq!(made, "/x?target=a%26as_of%3D1%23%22%3E%3Cb%3E+%C3%A9");
        assert_eq!(link("/x", &[("party", None)]), "/x");
    }

    #[test]
    fn a_long_text_is_cut_between_characters_and_says_so() {
        assert_eq!(clip("é🦷é", 3), "é🦷é");
        assert_eq!(clip("é🦷 é", 3), "é🦷…");
    }
}
