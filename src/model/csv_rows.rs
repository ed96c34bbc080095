//! The rows of a CSV file from outside, each with the line in which it begins.
//!
//! Stricter than what most programs read: a quotation mark that is not closed would swallow the rows below it, so it is a
//! fault with its own line, and reading goes on with the line after it. Lines are counted alike for LF, CRLF and CR. Start
//! with [`Rows`].

/// One row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// In which it begins, counted from 1.
    pub line: u64,
    pub cells: Vec<String>,
}

impl Row {
    /// A cell by its place, counted from 0.
    #[must_use]
    pub fn get(&self, place: usize) -> Option<&str> {
        self.cells.get(place).map(String::as_str)
    }
}

/// What is wrong with a row's quotation marks, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowFault {
    /// Where the quotation mark opens, counted from 1.
    pub line: u64,
    pub what: String,
}

/// Gives row by row what a text holds; empty lines are no rows.
#[derive(Debug, Clone)]
pub struct Rows<'text> {
    rest: &'text str,
    /// The line in which `rest` begins.
    line: u64,
    comment: Option<char>,
    one_line: bool,
}

impl<'text> Rows<'text> {
    /// Reads a text; a byte order mark before it is not part of it.
    #[must_use]
    pub fn of(text: &'text str) -> Self {
        let rest = text.strip_prefix('\u{feff}').unwrap_or(text);
        Self { rest, line: 1, comment: None, one_line: false }
    }

    /// Lines that begin with this sign are no rows.
    #[must_use]
    pub fn with_comments(self, sign: char) -> Self {
        Self { comment: Some(sign), ..self }
    }

    /// A cell holds no line break, not even between quotation marks.
    #[must_use]
    pub fn on_one_line_each(self) -> Self {
        Self { one_line: true, ..self }
    }

    /// The row at the beginning of `rest`, and what follows it with its line.
    fn row(&self) -> Result<(Row, &'text str, u64), RowFault> {
        let (mut rest, mut line) = (self.rest, self.line);
        let mut cells = Vec::new();
        loop {
            let cell = if let Some(quoted) = rest.strip_prefix('"') {
                let (cell, after, breaks) = self.quoted(quoted, line)?;
                (rest, line) = (after, line + breaks);
                cell
            } else {
                let end = rest.find([',', '\n', '\r']).unwrap_or(rest.len());
                let (cell, after) = rest.split_at_checked(end).unwrap_or((rest, ""));
                rest = after;
                cell.to_owned()
            };
            cells.push(cell);
            match rest.strip_prefix(',') {
                Some(after) => rest = after,
                None => break,
            }
        }
        if let Some(after) = without_break(rest) {
            (rest, line) = (after, line + 1);
        }
        Ok((Row { line: self.line, cells }, rest, line))
    }

    /// A cell after its opening quotation mark, what follows its closing one, and how many line breaks it holds.
    fn quoted(&self, text: &'text str, line: u64) -> Result<(String, &'text str, u64), RowFault> {
        let fault = |what: &str| RowFault { line, what: what.to_owned() };
        let (mut cell, mut rest, mut breaks) = (String::new(), text, 0);
        loop {
            let Some((before, from)) = rest.find(['"', '\n', '\r']).and_then(|at| rest.split_at_checked(at)) else {
                return Err(fault("the quotation mark that opens here is never closed"));
            };
            cell.push_str(before);
            if let Some(after) = without_break(from) {
                if self.one_line {
                    return Err(fault(
                        "the quotation mark that opens here is not closed in the same line; close it, or take the line break out of the cell",
                    ));
                }
                cell.push_str(from.strip_suffix(after).unwrap_or_default());
                (rest, breaks) = (after, breaks + 1);
                continue;
            }
            let after = from.strip_prefix('"').unwrap_or_default();
            if let Some(more) = after.strip_prefix('"') {
                cell.push('"');
                rest = more;
                continue;
            }
            if after.is_empty() || after.starts_with([',', '\n', '\r']) {
                return Ok((cell, after, breaks));
            }
            let closed = if breaks == 0 { String::new() } else { format!(" in line {}", line + breaks) };
            return Err(RowFault {
                line,
                what: format!(
                    "the quotation mark that opens here is closed{closed} and more text follows; is one missing? Within a cell it is written twice"
                ),
            });
        }
    }

    fn skip_line(&mut self) {
        let end = self.rest.find(['\n', '\r']).unwrap_or(self.rest.len());
        let from = self.rest.get(end..).unwrap_or_default();
        self.rest = without_break(from).unwrap_or_default();
        self.line += 1;
    }
}

impl Iterator for Rows<'_> {
    type Item = Result<Row, RowFault>;

    fn next(&mut self) -> Option<Self::Item> {
        while self.rest.starts_with(['\n', '\r']) || self.comment.is_some_and(|sign| self.rest.starts_with(sign)) {
            self.skip_line();
        }
        if self.rest.is_empty() {
            return None;
        }
        match self.row() {
            Ok((row, rest, line)) => {
                (self.rest, self.line) = (rest, line);
                Some(Ok(row))
            }
            Err(fault) => {
                // Up to the quotation mark that opens, and the line it stands in.
                while self.line <= fault.line {
                    self.skip_line();
                }
                Some(Err(fault))
            }
        }
    }
}

/// What follows the line break at the beginning of a text; none if there is none.
fn without_break(text: &str) -> Option<&str> {
    text.strip_prefix("\r\n").or_else(|| text.strip_prefix(['\n', '\r']))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Row, Rows};

    fn told(rows: Rows<'_>) -> Vec<String> {
        rows.map(|row| match row {
            Ok(Row { line, cells }) => format!("{line}: {}", cells.join("|")),
            Err(fault) => format!("{}! {}", fault.line, fault.what),
        })
        .collect()
    }

    #[test]
    fn a_row_has_the_line_in_which_an_editor_shows_it_whatever_ends_the_lines() {
        let text = "a,b\n\n# no row\nc,\"d\"\n\"e\nf\",g\nh,\n";
        let wanted = ["1: a|b", "4: c|d", "5: e\nf|g", "7: h|"].map(str::to_owned);
        for end in ["\n", "\r\n", "\r"] {
            for mark in ["", "\u{feff}"] {
                let text = format!("{mark}{}", text.replace('\n', end));
                let rows = told(Rows::of(&text).with_comments('#'));
                assert_eq!(rows, wanted.clone().map(|row| row.replace('\n', end)), "{end:?} {mark:?}");
            }
        }
    }

    #[test]
    fn a_quotation_mark_that_is_not_closed_is_told_where_it_opens_and_swallows_no_row() {
        let rows = told(Rows::of("a,b\r\nc,\"cut\r\nd,e\r\nf,\"g\"\r\n").on_one_line_each());
        assert_eq!((rows.len(), rows[2].as_str(), rows[3].as_str()), (4, "3: d|e", "4: f|g"), "{rows:?}");
        assert!(rows[1].starts_with("2! ") && rows[1].contains("not closed in the same line"), "{rows:?}");
        let rows = told(Rows::of("c,\"cut\nd,e\nf,\"g\"\nh,\"open\ni,j"));
        assert!(rows[0].starts_with("1! ") && rows[0].contains("closed in line 3 and more text follows"), "{rows:?}");
        assert_eq!((rows[1].as_str(), rows[2].as_str(), rows[4].as_str()), ("2: d|e", "3: f|g", "5: i|j"), "{rows:?}");
        assert!(rows[3].starts_with("4! ") && rows[3].contains("never closed"), "{rows:?}");
        let rows = told(Rows::of("\"one\nmore\",\"b\"c\nd"));
        assert!(rows[0].starts_with("2! ") && rows[1] == "3: d", "{rows:?}");
    }

    proptest! {
        #[test]
        fn what_is_written_as_csv_is_read_back(
            rows in proptest::collection::vec(proptest::collection::vec("[ab,\"\r\n ]{0,6}", 2..5), 1..6),
        ) {
            let ends = csv::Terminator::CRLF;
            let mut writer = csv::WriterBuilder::new().flexible(true).terminator(ends).from_writer(Vec::new());
            for row in &rows {
                writer.write_record(row).unwrap();
            }
            let text = String::from_utf8(writer.into_inner().unwrap()).unwrap();
            let read: Vec<_> = Rows::of(&text).map(|row| row.unwrap().cells).collect();
            prop_assert_eq!(read, rows);
        }

        #[test]
        fn no_text_brings_the_reader_down_and_each_line_is_told_once(text in "[a,\"\r\n#\u{feff}]{0,60}") {
            let lines: Vec<u64> = Rows::of(&text).map(|row| row.map_or_else(|fault| fault.line, |row| row.line)).collect();
            prop_assert!(lines.windows(2).all(|pair| pair[0] < pair[1]), "{:?}", lines);
        }
    }
}
