//! The split of work between the parties: how a version comes into force, how a row changes, what a table must be, and
//! what is wrong with a split. Pure; `pipeline::responsibilities` saves. Start with [`life`].

pub mod change;
pub mod life;
pub mod lint;
pub mod table;

/// Longest text of one cell, in characters.
pub const LONGEST_TEXT: usize = 4_000;
/// Longest reason, in characters.
pub const LONGEST_REASON: usize = 2_000;

/// Why a text cannot be kept; none when it can.
#[must_use]
pub fn unfit(text: &str, longest: usize) -> Option<String> {
    let length = text.chars().count();
    if length > longest {
        return Some(format!("is {length} characters long; {longest} are allowed"));
    }
    let steers = |sign: char| sign.is_control() && !matches!(sign, '\n' | '\r' | '\t');
    text.contains(steers).then(|| "holds control characters, which no text needs; take them out".to_owned())
}
