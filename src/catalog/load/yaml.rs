//! Reads one YAML file into a type and reports everything that is wrong with it, not only the first thing.
//!
//! Never guesses a value. After a fault that leaves the rest of the file readable (an unknown key, a word of the wrong
//! kind) the block with the fault is blanked and the file is read again, so that the next fault shows. Start with [`read`].

use std::path::Path;

use serde::de::DeserializeOwned;
use serde_saphyr::Error;

use crate::catalog::fault::Faults;
use crate::catalog::files::{CatalogFile, MAX_FILE_BYTES};

/// So many faults of one file are reported; a file with more is not the file it was meant to be.
const MAX_FAULTS: usize = 40;

/// What could be read of a file.
pub(super) struct Reading<T> {
    /// None if nothing of it can be used.
    pub value: Option<T>,
    /// Blocks that were blanked. Whoever checks references must not blame others for what these blocks would have said.
    pub lost: Vec<String>,
    /// As it was read: lost blocks are blank in it.
    pub text: String,
}

impl<T> Reading<T> {
    /// True when nothing had to be left out.
    pub fn is_whole(&self) -> bool {
        self.value.is_some() && self.lost.is_empty()
    }

    /// The first line at or after `from` that names `needle`, and not only something longer or in a comment; `from` itself
    /// if there is none.
    pub fn line_of(&self, from: u64, needle: &str) -> u64 {
        let skip = usize::try_from(from.saturating_sub(1)).unwrap_or(usize::MAX);
        let found = self.text.lines().skip(skip).position(|line| names(without_comment(line), needle));
        found.map_or(from, |offset| from + offset as u64)
    }

    /// The line of the key whose value begins in the line `value`: the nearest one above, or the same.
    pub fn line_of_key(&self, key: &str, value: u64) -> u64 {
        let upto = usize::try_from(value).unwrap_or(usize::MAX);
        let above: Vec<&str> = self.text.lines().take(upto).collect();
        let is_key = |line: &&str| {
            let after = |(at, _)| line.get(at + key.len()..).unwrap_or_default().trim_start_matches(['"', '\'']);
            line.match_indices(key).map(after).any(|after| after.trim_start().starts_with(':'))
        };
        above.iter().rposition(is_key).map_or(value, |index| index as u64 + 1)
    }

    /// The same text read as something else, for the lines of what stands in it.
    pub fn again<L: DeserializeOwned>(&self) -> Option<L> {
        serde_saphyr::from_str_with_options(&self.text, options()).ok()
    }
}

/// A line up to its comment. A `#` between quotation marks is taken for none only where no blank is before it.
fn without_comment(line: &str) -> &str {
    let is_start = |at: usize| line.get(..at).is_some_and(|before| before.trim_end().len() < before.len() || at == 0);
    let comment = line.match_indices('#').map(|(at, _)| at).find(|at| is_start(*at));
    comment.and_then(|at| line.get(..at)).unwrap_or(line)
}

/// Whether a line names something, and not only something longer.
pub(super) fn names(line: &str, needle: &str) -> bool {
    let belongs = |letter: char| letter.is_alphanumeric() || "._/()[]-".contains(letter);
    line.match_indices(needle).any(|(at, _)| {
        let before = line.get(..at).and_then(|before| before.chars().next_back());
        let mut after = line.get(at + needle.len()..).unwrap_or_default().chars();
        // A list ends with a bracket, and a key with a colon.
        let (next, then) = (after.next(), after.next());
        let ends = !next.is_some_and(belongs) || (next == Some(']') && !then.is_some_and(belongs));
        !before.filter(|letter| *letter != '[').is_some_and(belongs) && ends
    })
}

/// The text of a file, unless it is empty, too large or not UTF-8.
pub(super) fn text<'file>(file: &'file CatalogFile, faults: &mut Faults) -> Option<&'file str> {
    if file.bytes.len() as u64 > MAX_FILE_BYTES {
        faults.add(&file.shown, None, format!("the file is larger than {MAX_FILE_BYTES} bytes; split it"));
        return None;
    }
    match std::str::from_utf8(&file.bytes) {
        Ok(text) if text.trim().is_empty() => {
            faults.add(&file.shown, None, "the file is empty");
            None
        }
        Ok(text) => Some(text),
        Err(error) => {
            let readable = file.bytes.get(..error.valid_up_to()).unwrap_or_default();
            let line = readable.split(|byte| *byte == b'\n').count() as u64;
            faults.add(&file.shown, Some(line), "the file is not UTF-8 text from here on; save it as UTF-8");
            None
        }
    }
}

/// True if a file's name ends with a dot and `extension`.
pub(super) fn has_extension(name: &str, extension: &str) -> bool {
    Path::new(name).extension().is_some_and(|found| found == extension)
}

/// Reads a file; every fault found is in `faults`.
pub(super) fn read<T: DeserializeOwned>(file: &CatalogFile, faults: &mut Faults) -> Reading<T> {
    let Some(original) = text(file, faults) else {
        return Reading { value: None, lost: Vec::new(), text: String::new() };
    };
    let mut reading = Reading { value: None, lost: Vec::new(), text: original.to_owned() };
    let mut remaining = original.to_owned();
    for found in 0..=MAX_FAULTS {
        let error = match serde_saphyr::from_str_with_options::<T>(&remaining, options()) {
            Ok(value) => {
                reading.value = Some(value);
                reading.text = remaining;
                return reading;
            }
            Err(error) => error,
        };
        let error = error.without_snippet();
        let line = error.location().map(|location| location.line()).filter(|line| *line > 0);
        if found == MAX_FAULTS {
            faults.add(&file.shown, line, "from here on there are more faults in this file; mend these first");
            break;
        }
        let missing = matches!(error, Error::SerdeMissingField { .. });
        // A key that is missing because its block was blanked is no fault of its own.
        let follows = missing && !reading.lost.is_empty() && !original.trim_start().starts_with("- ");
        if !follows {
            faults.add(&file.shown, line, message(error));
        }
        let in_list = remaining.lines().any(|line| line.starts_with("- "));
        let Some(line) = line.filter(|_| leaves_the_rest_readable(error) && (in_list || !missing)) else {
            break;
        };
        let Some((shorter, block)) = blank_block(&remaining, line) else { break };
        reading.lost.push(block);
        if shorter.trim().is_empty() {
            break;
        }
        remaining = shorter;
    }
    reading
}

fn options() -> serde_saphyr::Options {
    let mut options = serde_saphyr::Options::default();
    options.with_snippet = false;
    options.strict_booleans = true;
    options
}

/// What is wrong, without the position, which the fault carries by itself. The library's words where they are no programmer's.
fn message(error: &Error) -> String {
    match error {
        Error::DuplicateMappingKey { key: Some(key), .. } => {
            return format!("the key `{key}` is a duplicate; keep one of the two");
        }
        Error::DuplicateMappingKey { .. } => return "a key is a duplicate; keep one of the two".to_owned(),
        Error::MultipleDocuments { .. } => {
            return "a second document begins here; keep one in a file, without a line `---` between two".to_owned();
        }
        Error::Budget { .. } => {
            return "the file holds more text, deeper lists or more repeats than are read; split it or write it plainly"
                .to_owned();
        }
        Error::SerdeInvalidLength { .. } => return "a list stands here where single keys are expected".to_owned(),
        Error::BinaryNotUtf8 { .. } => return "what is marked `!!binary` here is no text; write it as text".to_owned(),
        Error::AliasError { error, .. } => return message(error),
        _ => {}
    }
    let text = error.to_string();
    let text = text.lines().next().unwrap_or_default();
    let end = text.find(" at line ").or_else(|| text.find(": line ")).unwrap_or(text.len());
    text.get(..end).unwrap_or(text).to_owned()
}

fn leaves_the_rest_readable(error: &Error) -> bool {
    matches!(
        error,
        Error::Message { .. }
            | Error::Unexpected { .. }
            | Error::InvalidBooleanStrict { .. }
            | Error::NullIntoString { .. }
            | Error::InvalidScalar { .. }
            | Error::SerdeInvalidType { .. }
            | Error::SerdeInvalidValue { .. }
            | Error::SerdeUnknownVariant { .. }
            | Error::SerdeUnknownField { .. }
            | Error::SerdeMissingField { .. }
            | Error::DuplicateMappingKey { .. }
            | Error::SerdeVariantId { .. }
    )
}

/// Blanks the block around a line: from the nearest line above that is not indented to the next one below.
/// Lines keep their numbers. None if there is nothing left to blank.
fn blank_block(text: &str, line: u64) -> Option<(String, String)> {
    let lines: Vec<&str> = text.lines().collect();
    let at = usize::try_from(line.checked_sub(1)?).ok()?.min(lines.len().checked_sub(1)?);
    let opens = |line: &str| line.starts_with(|first: char| !first.is_whitespace() && first != '#');
    let first = (0..=at).rev().find(|index| lines.get(*index).is_some_and(|line| opens(line)))?;
    let after = (first + 1..lines.len()).find(|index| lines.get(*index).is_some_and(|line| opens(line)));
    let after = after.unwrap_or(lines.len());
    let block = lines.get(first..after)?.join("\n");
    let kept: Vec<&str> =
        lines.iter().enumerate().map(|(index, line)| if (first..after).contains(&index) { "" } else { line }).collect();
    Some((kept.join("\n") + "\n", block))
}

#[cfg(test)]
mod tests;
