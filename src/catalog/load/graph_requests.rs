//! Checks the Microsoft Graph request of a collector file: a read of one address below the service's own root, or of one
//! address for each object of a list. Nothing here can name a host or a method.

use std::collections::BTreeMap;

use super::collectors::Lint;
use crate::catalog::collector::GraphRequest;

/// Reads answers about many objects; only such a collector has `each`.
const BATCH_PARSER: &str = "graph-batch/1";
/// Where a path names the object that is asked about.
const ID_PLACE: &str = "{id}";

impl Lint<'_> {
    pub(super) fn request(&mut self, request: &GraphRequest, parser: &str) {
        if !matches!(request.version.as_str(), "v1.0" | "beta") {
            self.fault("version:", format!("the version `{}` is neither v1.0 nor beta", request.version));
        }
        self.question(&request.path, &request.select, &request.query);
        if (parser == BATCH_PARSER) != request.each.is_some() {
            self.fault("parser:", format!("the parser {BATCH_PARSER} and the key `each` go together"));
        }
        let places = request.path.matches(ID_PLACE).count();
        let braces = |path: &str| path.replace(ID_PLACE, "").contains(['{', '}']);
        match &request.each {
            None if places == 0 && !braces(&request.path) => {}
            None => self.fault("path:", "`{id}` in the path needs `each`, which says where ids come from"),
            Some(each) => {
                if places != 1 || braces(&request.path) {
                    self.fault("path:", "with `each` the path holds `{id}` once, and no other braces");
                }
                self.question(&each.path, &each.select, &each.query);
                if each.path.contains(['{', '}']) {
                    self.fault("each:", format!("the path `{}` of `each` cannot hold an id", each.path));
                }
                if each.ids.is_empty() || !each.ids.iter().all(|path| is_property_path(path)) {
                    self.fault(
                        "ids:",
                        "`ids` names properties of the list's rows, such as [id] or [conditions.users.includeGroups]",
                    );
                }
            }
        }
    }

    /// One address with its parameters.
    fn question(&mut self, path: &str, select: &[String], query: &BTreeMap<String, String>) {
        if let Err(rule) = check_path(path) {
            self.fault("path:", format!("the path `{path}` {rule}"));
        }
        let is_field = |field: &&String| {
            !field.is_empty() && field.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_./@".contains(&byte))
        };
        for field in select.iter().filter(|field| !is_field(field)) {
            self.fault("select:", format!("`{field}` is not the name of a property"));
        }
        for key in query.keys() {
            let lower = key.to_ascii_lowercase();
            if lower == "$select" {
                self.fault(key, "write the properties under `select`, not as a query parameter");
            } else if lower.contains("skiptoken") || lower == "$skip" {
                self.fault(key, format!("`{key}` is for paging, which follows the source's own links"));
            } else if key.is_empty() || !key.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"$_-".contains(&byte))
            {
                self.fault("query:", format!("`{key}` is not a query parameter"));
            }
        }
    }
}

/// Property names joined by dots.
fn is_property_path(path: &str) -> bool {
    path.split('.')
        .all(|name| !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_'))
}

/// A path below the service's own host, and nothing that could leave it.
fn check_path(path: &str) -> Result<(), &'static str> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"/-_.()$'=,@{}".contains(&byte);
    if !path.starts_with('/') || path.starts_with("//") || path.len() < 2 {
        return Err("must begin with one `/` and name something");
    }
    if path.contains('?') || path.contains('#') {
        return Err("holds a query; write its parameters under `select` and `query`");
    }
    if path.contains("://") || path.contains('\\') || path.split('/').any(|part| part == ".." || part == ".") {
        return Err("names a host or leaves its folder");
    }
    if path.split('/').skip(1).any(str::is_empty) || !path.bytes().all(allowed) {
        return Err("holds an empty part or a character that a path does not need");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::check_path;
    use crate::catalog::load::tests::{assert_fault, demo_with, faults};

    const PLACE: &str = "collectors/m365/members/collector.yaml";
    const MEMBERS: &str = "id: m365/members\ntitle: Members\nsource: graph\nrequest:\n  version: v1.0\n  path: /groups/{id}/members\n  paged: true\n  each:\n    path: /groups\n    ids: [id]\npermission: GroupMember.Read.All\nclouds: [global]\nschedule: 15 3 * * *\ntimeout_seconds: 60\nmax_bytes: 1000000\ntime_to_live_hours: 48\nparser: graph-batch/1\nproves: Who is in which group.\n";

    #[track_caller]
    fn assert_refused(from: &str, to: &str, words: &str) {
        assert!(MEMBERS.contains(from), "{from}");
        assert_fault(&demo_with(PLACE, MEMBERS.replace(from, to)), PLACE, words);
    }

    #[test]
    fn a_collector_may_ask_about_each_object_of_a_list() {
        assert_eq!(faults(&demo_with(PLACE, MEMBERS)), Vec::<String>::new());
    }

    #[test]
    fn what_is_asked_about_each_object_must_say_where_its_id_comes_from_and_goes() {
        assert_refused("  each:\n    path: /groups\n    ids: [id]\n", "", "needs `each`");
        assert_refused("/groups/{id}/members", "/groups/members", "holds `{id}` once");
        assert_refused("/groups/{id}/members", "/groups/{id}/{id}", "holds `{id}` once");
        assert_refused("/groups/{id}/members", "/groups/{id}/{other}", "no other braces");
        assert_refused("    path: /groups\n", "    path: /groups/{id}\n", "cannot hold an id");
        assert_refused("ids: [id]", "ids: []", "`ids` names properties");
        assert_refused("ids: [id]", "ids: [a..b]", "`ids` names properties");
        assert_refused("graph-batch/1", "graph-collection/1", "go together");
        assert_refused("    path: /groups\n", "    path: //evil.example/groups\n", "must begin with one `/`");
    }

    #[test]
    fn a_file_that_names_a_method_or_a_host_is_refused_when_it_is_read() {
        for line in ["method: POST", "method: GET", "body: '{}'", "host: evil.example", "url: https://evil.example/"] {
            assert_refused("  paged: true\n", &format!("  paged: true\n  {line}\n"), "unknown field");
        }
        assert_refused("/groups/{id}/members", "https://evil.example/{id}", "must begin with one `/`");
    }

    #[test]
    fn a_path_that_could_reach_another_host_is_refused() {
        for path in [
            "",
            "/",
            "users",
            "//evil.example/users",
            "/users?$top=1",
            "https://evil.example/",
            "/a/../b",
            "/a//b",
            "/a b",
            "/a\\b",
            "/a%2f",
            "/a#b",
        ] {
            assert!(check_path(path).is_err(), "{path:?} must be refused");
        }
        assert_eq!(check_path("/identity/conditionalAccess/policies"), Ok(()));
        assert_eq!(check_path("/reports/getOffice365ActiveUserDetail(period='D7')"), Ok(()));
    }
}
