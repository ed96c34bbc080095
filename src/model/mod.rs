//! Plain values shared by every stage: ids, times, evidence, findings, controls, responsibilities, gaps.
//!
//! Nothing here does I/O, reads a clock or knows a database. Start with [`evidence`] (what was seen), then
//! [`finding`] (what it means), [`control`] (what a framework asks) and [`responsibility`] (who owns it).

/// An enum of fixed words: the same text is stored, printed as JSON and typed by people.
macro_rules! words {
    ($(#[$meta:meta])* $name:ident, $kind:literal: $($(#[$doc:meta])* $variant:ident = $word:literal),+ $(,)?) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        pub enum $name {
            $($(#[$doc])* #[serde(rename = $word)] $variant),+
        }

        impl $name {
            /// The word for it.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $word),+
                }
            }
        }

        impl std::str::FromStr for $name {
            type Err = String;

            fn from_str(text: &str) -> Result<Self, String> {
                match text {
                    $($word => Ok(Self::$variant),)+
                    _ => Err(format!("`{text}` is not a {}; use one of {}", $kind, [$($word),+].join(", "))),
                }
            }
        }
    };
}

pub(crate) use words;

pub mod attestation;
pub mod cell;
pub mod change;
pub mod control;
pub mod csv_rows;
pub mod days;
pub mod decision;
pub mod evidence;
pub mod fault;
pub mod finding;
pub mod gap;
pub mod id;
pub mod matrix;
pub mod moment;
pub mod organization;
pub mod person;
pub mod provider;
pub mod responsibility;
pub mod retention;
pub mod scope;
pub mod time;
pub mod turn;
