//! The files of `/etc/pam.d`, includes resolved: one row per module that PAM asks for a service, in its order.
//!
//! Every file counts as a service, also those that are only included. A file in the first folder hides one of the same
//! name in a later one. Controls are kept as written (`required`, `[success=1 default=ignore]`), not executed. An include
//! of a file that was not printed is a row without a module, because PAM refuses there. Start with [`parse`];
//! [`Stack::resolve`] follows the includes.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::text::{Line, marked_sections};
use super::{ParseError, Parsed};

/// PAM itself gives up at this depth.
const DEEPEST: usize = 16;
/// More rows than any real host has; includes of includes could multiply without end.
const MOST_ROWS: usize = 20_000;

const TYPES: [&str; 4] = ["auth", "account", "password", "session"];

pub(super) fn parse(stdout: &[u8]) -> Result<Parsed, ParseError> {
    let mut files: BTreeMap<String, File> = BTreeMap::new();
    for section in marked_sections(stdout)? {
        let name = base_name(&section.name).to_owned();
        let statements = statements(&section.lines)?;
        files.entry(name).or_insert(File { path: section.name, statements });
    }
    if files.is_empty() {
        return Err(ParseError::Nothing("files of PAM"));
    }
    let mut rows = Vec::new();
    for (service, file) in &files {
        let mut stack = Stack { files: &files, service, rows: &mut rows, orders: BTreeMap::new() };
        stack.resolve(file, None, &mut Vec::new())?;
    }
    Ok(Parsed::from(rows))
}

struct File {
    path: String,
    statements: Vec<Statement>,
}

enum Statement {
    Module {
        kind: String,
        optional: bool,
        control: String,
        module: String,
        arguments: Vec<String>,
    },
    /// Without a kind it is Debian's `@include`, which takes in every kind.
    Include {
        kind: Option<String>,
        control: String,
        file: String,
    },
}

/// What PAM makes of one service.
struct Stack<'a> {
    files: &'a BTreeMap<String, File>,
    service: &'a str,
    rows: &'a mut Vec<Value>,
    /// Rows so far per kind.
    orders: BTreeMap<String, u64>,
}

impl Stack<'_> {
    /// Adds the rows of a file; `only` is the kind that an include asked for, `through` the files that led here.
    fn resolve(&mut self, file: &File, only: Option<&str>, through: &mut Vec<String>) -> Result<(), ParseError> {
        let wrong = |wrong| ParseError::Item { name: format!("the PAM service `{}`", self.service), wrong };
        if through.len() >= DEEPEST {
            return Err(wrong("its includes go in a circle or too deep"));
        }
        if self.rows.len() > MOST_ROWS {
            return Err(wrong("its includes come to more modules than a host can have"));
        }
        for statement in &file.statements {
            match statement {
                Statement::Module { kind, optional, control, module, arguments }
                    if only.is_none_or(|only| only == kind) =>
                {
                    let row =
                        json!({"module": module, "control": control, "arguments": arguments, "optional": optional});
                    self.add(Some(kind), file, through, row);
                }
                Statement::Module { .. } => {}
                Statement::Include { kind, control, file: name } => {
                    if let (Some(kind), Some(only)) = (kind, only)
                        && kind != only
                    {
                        continue;
                    }
                    let kind = kind.as_deref().or(only);
                    let Some(next) = self.files.get(base_name(name)) else {
                        let row = json!({"module": null, "control": control, "arguments": [name], "optional": false});
                        self.add(kind, file, through, row);
                        continue;
                    };
                    through.push(format!("{control} {name}"));
                    self.resolve(next, kind, through)?;
                    through.pop();
                }
            }
        }
        Ok(())
    }

    fn add(&mut self, kind: Option<&str>, file: &File, through: &[String], mut row: Value) {
        let order = self.orders.entry(kind.unwrap_or_default().to_owned()).or_insert(0);
        *order += 1;
        if let Some(row) = row.as_object_mut() {
            row.insert("service".to_owned(), self.service.into());
            row.insert("type".to_owned(), kind.into());
            row.insert("order".to_owned(), (*order).into());
            row.insert("file".to_owned(), file.path.as_str().into());
            row.insert("through".to_owned(), through.into());
        }
        self.rows.push(row);
    }
}

/// Joins lines that end in a backslash and reads each; comments are never joined.
fn statements(lines: &[Line<'_>]) -> Result<Vec<Statement>, ParseError> {
    let mut statements = Vec::new();
    let mut begun: Option<Line<'_>> = None;
    for line in lines {
        let text = line.text.split('#').next().unwrap_or_default().trim();
        let (text, goes_on) = text.strip_suffix('\\').map_or((text, false), |text| (text.trim_end(), true));
        let whole = match begun.take() {
            Some(first) => Line { number: first.number, text: format!("{} {text}", first.text).into() },
            None => Line { number: line.number, text: text.to_owned().into() },
        };
        if goes_on {
            begun = Some(whole);
        } else if !whole.text.trim().is_empty() {
            statements.push(statement(&whole)?);
        }
    }
    begun.filter(|line| !line.text.trim().is_empty()).map(|line| statement(&line)).transpose().map(|last| {
        statements.extend(last);
        statements
    })
}

fn statement(line: &Line<'_>) -> Result<Statement, ParseError> {
    let words = words(&line.text).ok_or_else(|| line.expected("brackets that are closed"))?;
    let mut words = words.into_iter();
    let first = words.next().unwrap_or_default();
    if first == "@include" {
        let file = words.next().ok_or_else(|| line.expected("the name of a file to include"))?;
        return Ok(Statement::Include { kind: None, control: first, file });
    }
    let optional = first.starts_with('-');
    let kind = first.trim_start_matches('-').to_ascii_lowercase();
    if !TYPES.contains(&kind.as_str()) {
        return Err(line.expected("auth, account, password or session"));
    }
    let (Some(control), Some(module)) = (words.next(), words.next()) else {
        return Err(line.expected("a control and a module"));
    };
    let control = if control.starts_with('[') { control } else { control.to_ascii_lowercase() };
    if control == "include" || control == "substack" {
        return Ok(Statement::Include { kind: Some(kind), control, file: module });
    }
    let module = base_name(&module).to_owned();
    Ok(Statement::Module { kind, optional, control, module, arguments: words.collect() })
}

/// Words apart by blanks; `[several words]` is one. Brackets stay around a control and are taken off an argument. None
/// when a bracket is not closed.
fn words(text: &str) -> Option<Vec<String>> {
    let mut words = Vec::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let end = match rest.strip_prefix('[') {
            Some(inside) => {
                let mut before = ' ';
                1 + inside.find(|sign: char| std::mem::replace(&mut before, sign) != '\\' && sign == ']')? + 1
            }
            None => rest.find(char::is_whitespace).unwrap_or(rest.len()),
        };
        let (word, next) = rest.split_at_checked(end)?;
        let joined = word.split_whitespace().collect::<Vec<_>>().join(" ");
        let is_argument = words.len() > 2;
        let inner = joined.strip_prefix('[').and_then(|word| word.strip_suffix(']')).filter(|_| is_argument);
        words.push(inner.map_or(joined.clone(), |word| word.replace("\\]", "]")));
        rest = next.trim_start();
    }
    Some(words)
}

fn base_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

#[cfg(test)]
mod tests;
