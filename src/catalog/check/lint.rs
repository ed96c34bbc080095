//! What a rule's text must not say: anything that makes a verdict depend on more than the evidence.
//!
//! Works on the text with strings and comments blanked out, so that neither hides nor fakes a finding; never judges
//! whether a rule is right. Start with [`code_of`], then [`forbidden`].

use crate::catalog::fault::Faults;

/// Builtins whose answer is not in the evidence, or that reach outside.
const FORBIDDEN: [&str; 12] = [
    "time.now_ns",
    "rand.",
    "uuid.",
    "opa.runtime",
    "http.",
    "net.",
    "io.",
    "trace(",
    "print(",
    "rego.parse_module",
    "rego.metadata",
    "providers.",
];

/// The text with every comment and every character inside a string replaced by a blank; lines stay lines.
pub(super) fn code_of(rego: &str) -> String {
    let mut code = String::with_capacity(rego.len());
    let mut inside: Option<char> = None;
    let mut characters = rego.chars();
    while let Some(character) = characters.next() {
        match (inside, character) {
            (Some('"' | '#'), '\n') => {
                inside = None;
                code.push('\n');
            }
            (None | Some(_), '\n') => code.push('\n'),
            (Some('"'), '\\') => {
                characters.next();
                code.push_str("  ");
            }
            (Some(quote), _) if quote == character && quote != '#' => {
                inside = None;
                code.push(quote);
            }
            (Some(_), _) => code.push(' '),
            (None, '"' | '`') => {
                inside = Some(character);
                code.push(character);
            }
            (None, '#') => {
                inside = Some('#');
                code.push(' ');
            }
            (None, _) => code.push(character),
        }
    }
    code
}

/// Reports every use of a forbidden builtin.
pub(super) fn forbidden(file: &str, code: &str, faults: &mut Faults) {
    let named: Vec<&str> = FORBIDDEN.into_iter().filter(|name| code.contains(name)).collect();
    if named.is_empty() {
        return;
    }
    for (index, line) in code.lines().enumerate() {
        for name in &named {
            if is_used(line, name) {
                let shown = name.trim_end_matches(['.', '(']);
                let message = format!(
                    "`{shown}` may not be used in a rule: a verdict rests on the evidence and `input.now` alone"
                );
                faults.add(file, Some(index as u64 + 1), message);
            }
        }
    }
}

fn is_used(line: &str, name: &str) -> bool {
    line.match_indices(name).any(|(at, _)| {
        let before = line.get(..at).and_then(|text| text.chars().next_back());
        !before.is_some_and(|character| character.is_alphanumeric() || character == '_' || character == '.')
    })
}

/// Reports every `default` rule that would answer `pass` where the rule said nothing.
pub(super) fn default_pass(file: &str, rego: &str, code: &str, faults: &mut Faults) {
    let raw: Vec<&str> = rego.lines().collect();
    let lines: Vec<&str> = code.lines().collect();
    for (index, line) in lines.iter().enumerate() {
        if !line.trim_start().starts_with("default ") {
            continue;
        }
        // The statement ends where its brackets are closed again and a value has been given.
        let mut depth = 0_i64;
        for (code_line, raw_line) in lines.iter().zip(&raw).skip(index) {
            depth +=
                code_line.chars().map(|c| i64::from("{[(".contains(c)) - i64::from("}])".contains(c))).sum::<i64>();
            if raw_line.contains("pass") {
                let message = "a `default` may not be `pass`: what was not looked at is `unknown`; remove the default";
                faults.add(file, Some(index as u64 + 1), message);
                break;
            }
            let waits_for_value = code_line.trim_end().ends_with([':', '=', ',']);
            if depth <= 0 && !waits_for_value {
                break;
            }
        }
    }
}

/// The package the rule is in, with the line it is named on.
pub(super) fn package(code: &str) -> Option<(u64, &str)> {
    code.lines()
        .enumerate()
        .find_map(|(index, line)| line.strip_prefix("package ").map(|name| (index as u64 + 1, name.trim())))
}
