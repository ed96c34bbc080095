//! Reads a query string the way the service does: what it does not know, it refuses.

use url::form_urlencoded;

use super::endpoint::{Endpoint, Filter};
use super::table::{Table, Visibility};

/// The options of one request.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Query {
    /// Empty means the default properties.
    pub select: Vec<String>,
    pub expand: Vec<String>,
    pub filter: Option<Filter>,
    pub top: Option<usize>,
    pub count: bool,
    pub skip_token: Option<String>,
}

/// Why a query is refused; becomes a 400.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct BadQuery {
    pub code: &'static str,
    pub message: String,
}

fn bad(message: String) -> BadQuery {
    BadQuery { code: "BadRequest", message }
}

pub(super) fn parse(endpoint: &Endpoint, text: &str) -> Result<Query, BadQuery> {
    let mut query = Query::default();
    let mut seen = Vec::new();
    for (name, value) in form_urlencoded::parse(text.as_bytes()) {
        let name = name.to_lowercase();
        if seen.contains(&name) {
            return Err(bad(format!(
                "Query option '{name}' was specified more than once, but it must be specified at most once."
            )));
        }
        match name.as_str() {
            "$select" if endpoint.select => query.select = select(endpoint, &value)?,
            "$filter" if !endpoint.filters.is_empty() => query.filter = Some(filter(endpoint, &value)?),
            "$expand" => query.expand = expand(endpoint, &value)?,
            "$top" => query.top = Some(top(endpoint, &value)?),
            "$count" => {
                query.count = value
                    .parse()
                    .map_err(|_| bad(format!("Invalid value '{value}' for $count query option found.")))?;
            }
            "$skiptoken" if endpoint.page.is_some() => query.skip_token = Some(value.into_owned()),
            "$select" | "$filter" | "$orderby" | "$search" | "$skip" | "$format" | "$apply" | "$compute" => {
                return Err(BadQuery {
                    code: "Request_UnsupportedQuery",
                    message: format!("The query option '{name}' is not supported by this resource."),
                });
            }
            _ => return Err(bad(format!("The query parameter '{name}' is not supported."))),
        }
        seen.push(name);
    }
    Ok(query)
}

fn select(endpoint: &Endpoint, value: &str) -> Result<Vec<String>, BadQuery> {
    let properties = endpoint.table.properties();
    let mut chosen = Vec::new();
    for name in value.split(',').map(str::trim) {
        let known = properties.iter().find(|property| {
            property.name.eq_ignore_ascii_case(name)
                && match property.visibility {
                    Visibility::Default | Visibility::OnlySelected => true,
                    // Intune wants the type named before the property.
                    Visibility::Derived => endpoint.table == Table::NamedLocations,
                    Visibility::Hidden => false,
                }
        });
        let Some(property) = known else {
            let message = format!("Parsing OData Select and Expand failed: Could not find a property named '{name}'.");
            return Err(bad(message));
        };
        chosen.push(property.name.to_owned());
    }
    Ok(chosen)
}

fn expand(endpoint: &Endpoint, value: &str) -> Result<Vec<String>, BadQuery> {
    value
        .split(',')
        .map(str::trim)
        .map(|name| {
            if endpoint.expand.contains(&name) {
                Ok(name.to_owned())
            } else {
                Err(bad(format!("Parsing OData Select and Expand failed: '{name}' cannot be expanded.")))
            }
        })
        .collect()
}

/// The text must be one of those the endpoint knows, to the letter.
fn filter(endpoint: &Endpoint, value: &str) -> Result<Filter, BadQuery> {
    endpoint.filters.iter().find(|filter| filter.text == value).copied().ok_or_else(|| BadQuery {
        code: "Request_UnsupportedQuery",
        message: format!("The filter '{value}' is not supported by this resource."),
    })
}

fn top(endpoint: &Endpoint, value: &str) -> Result<usize, BadQuery> {
    let Some(limits) = endpoint.page.filter(|limits| limits.max > 0) else {
        return Err(bad("The query option '$top' is not supported by this resource.".to_owned()));
    };
    match value.parse::<usize>() {
        Ok(top) if (1..=limits.max).contains(&top) => Ok(top),
        _ => Err(BadQuery {
            code: "Request_UnsupportedQuery",
            message: format!("Invalid page size specified: '{value}'. Must be between 1 and {} inclusive.", limits.max),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::parse;
    use crate::demo::tenant::endpoint::find;

    fn parse_users(text: &str) -> Result<super::Query, super::BadQuery> {
        parse(find("/users").unwrap().0, text)
    }

    #[test]
    fn a_property_that_does_not_exist_cannot_be_selected() {
        assert!(parse_users("$select=id,acountEnabled").unwrap_err().message.contains("acountEnabled"));
    }

    #[test]
    fn a_page_above_the_documented_maximum_is_refused_and_the_maximum_is_not() {
        assert!(parse_users("$top=1000").is_err());
        assert_eq!(parse_users("$top=999").unwrap().top, Some(999));
        assert!(parse_users("$top=0").is_err());
    }

    #[test]
    fn an_option_given_twice_or_unknown_is_refused() {
        assert!(parse_users("$top=5&$top=6").is_err());
        assert!(parse_users("top=5").is_err());
        assert!(parse_users("$selct=id").is_err());
    }

    #[test]
    fn a_filter_is_taken_in_its_documented_form_only() {
        let parse_groups = |text: &str| parse(find("/groups").unwrap().0, text);
        assert!(parse_groups("$filter=isAssignableToRole%20eq%20true").unwrap().filter.is_some());
        for other in ["isAssignableToRole eq false", "isAssignableToRole  eq true", "displayName eq 'x'"] {
            assert!(parse_groups(&format!("$filter={other}")).is_err(), "{other}");
        }
        assert!(parse_users("$filter=isAssignableToRole eq true").is_err());
    }

    #[test]
    fn the_registration_report_takes_neither_select_nor_top() {
        let parse_report =
            |text: &str| parse(find("/reports/authenticationMethods/userRegistrationDetails").unwrap().0, text);
        assert!(parse_report("$select=id").is_err() && parse_report("$top=5").is_err());
        assert!(parse_report("").is_ok());
    }

    #[test]
    fn a_property_of_one_type_of_policy_cannot_be_selected_without_naming_the_type() {
        let policies = find("/deviceManagement/deviceCompliancePolicies").unwrap().0;
        assert!(parse(policies, "$select=id,bitLockerEnabled").is_err());
        assert!(parse(policies, "$select=id,version&$expand=assignments").is_ok());
    }

    #[test]
    fn a_simulator_note_cannot_be_read_through_select() {
        assert!(parse(find("/groups").unwrap().0, "$select=members").is_err());
    }
}
