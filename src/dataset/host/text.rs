//! Lines and sections of command output, with their numbers, for parsers and their error messages.

use std::borrow::Cow;

use super::ParseError;

/// A line of output; `number` is one-based.
#[derive(Debug, Clone)]
pub(super) struct Line<'a> {
    pub number: usize,
    pub text: Cow<'a, str>,
}

impl Line<'_> {
    /// The error for this line: what a reader should have found. Long lines are cut.
    pub fn expected(&self, expected: &'static str) -> ParseError {
        ParseError::Line { line: self.number, expected, text: self.text.chars().take(120).collect() }
    }
}

/// The lines that are not blank, without line ends.
pub(super) fn lines(output: &[u8]) -> impl Iterator<Item = Line<'_>> {
    output
        .split(|byte| *byte == b'\n')
        .enumerate()
        .map(|(index, bytes)| Line { number: index + 1, text: trimmed(bytes) })
        .filter(|line| !line.text.trim().is_empty())
}

fn trimmed(bytes: &[u8]) -> Cow<'_, str> {
    String::from_utf8_lossy(bytes.strip_suffix(b"\r").unwrap_or(bytes))
}

/// What collectors print before each part of an output that has several parts.
const MARK: &str = "== countersign ";

/// Part of an output: the lines after `== countersign NAME`. Lines before the first mark have the empty name.
#[derive(Debug)]
pub(super) struct Section<'a> {
    pub name: String,
    pub lines: Vec<Line<'a>>,
}

/// Splits an output at the marks its command printed. The first section always exists.
pub(super) fn sections(output: &[u8]) -> Vec<Section<'_>> {
    let mut finished = Vec::new();
    let mut current = Section { name: String::new(), lines: Vec::new() };
    for line in lines(output) {
        match line.text.strip_prefix(MARK) {
            Some(name) => {
                let next = Section { name: name.trim().to_owned(), lines: Vec::new() };
                finished.push(std::mem::replace(&mut current, next));
            }
            None => current.lines.push(line),
        }
    }
    finished.push(current);
    finished
}

/// Whether the mark is there that a collector prints after everything else: without it the output was cut.
pub(super) fn is_ended(sections: &[Section<'_>]) -> bool {
    sections.iter().any(|section| section.name == "end")
}

/// The sections of an output in which a mark stands before everything: text in front of the first mark, such as a greeting
/// of the host, is refused.
pub(super) fn marked_sections(output: &[u8]) -> Result<Vec<Section<'_>>, ParseError> {
    let mut sections = sections(output);
    let before = sections.remove(0);
    match before.lines.first() {
        Some(line) => Err(line.expected("the mark of the collector in front of everything")),
        None => Ok(sections),
    }
}
