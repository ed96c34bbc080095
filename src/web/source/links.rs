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

#[cfg(test)]
mod tests {
    use super::link;

    #[test]
    fn a_hostile_value_cannot_leave_its_place_in_a_link() {
        let hostile = "a&as_of=1#\"><b> é".to_owned();
        let made = link("/x", &[("party", None), ("target", Some(hostile))]);
        assert_eq!(made, "/x?target=a%26as_of%3D1%23%22%3E%3Cb%3E+%C3%A9");
        assert_eq!(link("/x", &[("party", None)]), "/x");
    }
}
