//! One type per kind of identifier, so that a dataset's id cannot be passed as a check's.
//!
//! Ids of rows are `UUIDv7`. Ids of catalog items are text with a fixed alphabet, safe in URLs, file names and logs.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// A text that cannot be an identifier of the kind named.
#[derive(Debug, Clone, thiserror::Error, PartialEq, Eq)]
#[error("`{text}` is not a {kind}: {rule}")]
pub struct InvalidId {
    pub kind: &'static str,
    pub text: String,
    pub rule: &'static str,
}

macro_rules! row_id {
    ($(#[$meta:meta])* $name:ident, $kind:literal) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl $name {
            /// A fresh, time-ordered id (`UUIDv7`).
            #[must_use]
            pub fn fresh() -> Self {
                Self(Uuid::now_v7())
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.hyphenated().fmt(formatter)
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, InvalidId> {
                Uuid::parse_str(text).map(Self).map_err(|_| InvalidId {
                    kind: $kind,
                    text: text.to_owned(),
                    rule: "it must be a UUID",
                })
            }
        }
    };
}

row_id!(/// An organization: all data belongs to exactly one.
    OrgId, "organization id");
row_id!(/// One execution of collectors for an organization.
    RunId, "run id");
row_id!(/// One fault that is tracked until evidence shows it closed.
    GapId, "gap id");
row_id!(/// One thing that somebody still has to show.
    RequestId, "request id");
row_id!(/// A connection to a tenant or host.
    ConnectionId, "connection id");
row_id!(/// A written report or package.
    ReportId, "report id");

macro_rules! text_id {
    ($(#[$meta:meta])* $name:ident, $kind:literal, $rule:literal, $valid:expr) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str(&self.0)
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, InvalidId> {
                let valid: fn(&str) -> bool = $valid;
                if valid(text) {
                    Ok(Self(text.to_owned()))
                } else {
                    Err(InvalidId { kind: $kind, text: text.chars().take(80).collect(), rule: $rule })
                }
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidId;

            fn try_from(text: String) -> Result<Self, InvalidId> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.0
            }
        }
    };
}

fn is_word(text: &str, extra: &[u8]) -> bool {
    (1..=80).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || extra.contains(&byte))
        && text.starts_with(|first: char| first.is_ascii_alphanumeric())
}

fn is_source_path(text: &str) -> bool {
    text.split_once('/').is_some_and(|(source, name)| is_word(source, b"_") && is_word(name, b"_"))
}

fn is_catalog_id(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-_()[]".contains(&byte))
        && text.starts_with(|first: char| first.is_ascii_alphanumeric())
}

text_id!(/// The short name of an organization in commands, paths and URLs.
    OrgSlug, "organization name", "use 1 to 63 lower-case letters, digits and hyphens, beginning with a letter or digit",
    |text| text.len() <= 63 && is_word(text, b"-"));
text_id!(/// What a collector fetches: `m365/users`, `linux/sshd_config`.
    DatasetId, "dataset id", "write it as source/name in lower case, such as m365/users", is_source_path);
text_id!(/// A rule over datasets: `m365/mfa_for_all_users`.
    CheckId, "check id", "write it as source/name in lower case, such as m365/mfa_for_all_users", is_source_path);
text_id!(/// A framework: `hipaa-security`, `cmmc-l2`, `pci-dss-4.0.1`.
    FrameworkId, "framework id", "use lower-case letters, digits, dots and hyphens", |text| is_word(text, b"-."));
text_id!(/// What a framework numbers: `164.312(d)`, `AC.L2-3.1.1`, `8.4.2`.
    ControlId, "control id", "use the framework's own number", is_catalog_id);
text_id!(/// A part of a control that is judged on its own: `3.1.1[a]`.
    ObjectiveId, "objective id", "use the framework's own number", is_catalog_id);
text_id!(/// A person of an organization in commands: `dana.reyes`.
    PersonHandle, "person's short name", "use 1 to 63 lower-case letters, digits, dots and hyphens, beginning with a letter or digit",
    |text| text.len() <= 63 && is_word(text, b"-."));
text_id!(/// A questionnaire of a framework: `saq-d-merchant`.
    QuestionnaireId, "questionnaire", "use lower-case letters, digits and hyphens, such as saq-d-merchant", |text| is_word(text, b"-"));
text_id!(/// A form that statements are made on: `hipaa-addressable`.
    FormId, "form", "use lower-case letters, digits and hyphens, such as hipaa-addressable", |text| is_word(text, b"-"));
text_id!(/// Somebody outside who provides a service to an organization: `card-processor`.
    ProviderId, "provider's short name", "use lower-case letters, digits and hyphens, such as card-processor",
    |text| text.len() <= 63 && is_word(text, b"-"));

impl FrameworkId {
    /// Whether it is PCI DSS, in whatever version: its words and forms are the same.
    #[must_use]
    pub fn is_pci_dss(&self) -> bool {
        self.as_str().starts_with("pci-dss-")
    }
}

#[cfg(test)]
mod tests {
    use super::{ControlId, DatasetId, OrgSlug};

    #[test]
    fn a_slug_that_could_leave_its_folder_is_refused() {
        for text in ["", "..", "a/b", "-a", "Ä", "a b", &"x".repeat(64)] {
            assert!(text.parse::<OrgSlug>().is_err(), "{text:?} must be refused");
        }
        assert!("northwind-dental".parse::<OrgSlug>().is_ok());
    }

    #[test]
    fn framework_numbers_of_all_three_kinds_are_control_ids() {
        for text in ["164.308(a)(1)(ii)(A)", "AC.L2-3.1.1", "AC.L1-b.1.i", "A3.3.1.1", "3.1.1[a]"] {
            assert!(text.parse::<ControlId>().is_ok(), "{text}");
        }
    }

    #[test]
    fn a_dataset_id_carries_its_source() {
        assert!("m365/users".parse::<DatasetId>().is_ok());
        assert!("users".parse::<DatasetId>().is_err());
        assert!("m365/../users".parse::<DatasetId>().is_err());
    }
}
