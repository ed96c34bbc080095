//! Printing: plain tables for people, JSON for scripts. Text from outside never reaches the terminal raw.

use std::fmt;
use std::io::Write;
use std::path::Path;

use anyhow::Context;
use serde::Serialize;

use crate::config::data_folder::write_whole;

/// Prints a value as JSON.
pub fn json<T: Serialize + ?Sized>(value: &T) -> anyhow::Result<()> {
    let text = serde_json::to_string_pretty(value)?;
    line(&text)
}

/// Prints one line of the result.
pub fn line(text: &str) -> anyhow::Result<()> {
    match writeln!(std::io::stdout().lock(), "{text}") {
        // A reader that went away (`| head`) is not a failure.
        Err(fault) if fault.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        other => Ok(other?),
    }
}

/// Tells the user something beside the result, on stderr. Where nobody can be told, because the reader went away (`2>&1 |
/// head`) or the disk of the file is full, nothing is told: the exit code still says how it ended.
pub fn note(words: fmt::Arguments<'_>) {
    tell(&mut std::io::stderr().lock(), words);
}

fn tell(to: &mut dyn Write, words: fmt::Arguments<'_>) {
    let _ = writeln!(to, "{words}");
}

/// Prints text that may come from outside, line by line.
pub fn text(text: &str) -> anyhow::Result<()> {
    line(&plain_lines(text))
}

/// Writes a file that must not be there yet, whole or not at all.
pub fn new_file(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    let path = std::path::absolute(path).with_context(|| format!("{} is no path", path.display()))?;
    if path.try_exists().with_context(|| format!("cannot look at {}", path.display()))? {
        anyhow::bail!("{} is there already; name another file", path.display());
    }
    write_whole(&path, bytes).with_context(|| format!("cannot write {}", path.display()))
}

/// Prints rows under headings, columns aligned; the last column may be long.
pub fn table<const N: usize>(headings: [&str; N], rows: &[[String; N]]) -> anyhow::Result<()> {
    let mut widths = headings.map(|heading| heading.chars().count());
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(plain(cell).chars().count());
        }
    }
    let print = |cells: [String; N]| -> anyhow::Result<()> {
        let mut text = String::new();
        for (position, (cell, width)) in cells.iter().zip(widths).enumerate() {
            text.push_str(cell);
            if position + 1 < N {
                text.extend(std::iter::repeat_n(' ', width.saturating_sub(cell.chars().count()) + 2));
            }
        }
        line(text.trim_end())
    };
    print(headings.map(str::to_uppercase))?;
    for row in rows {
        print(std::array::from_fn(|position| row.get(position).map(|cell| plain(cell)).unwrap_or_default()))?;
    }
    Ok(())
}

/// Text without control characters, so that a name from a tenant cannot drive the terminal.
#[must_use]
pub fn plain(text: &str) -> String {
    let steers = |letter: char| {
        letter.is_control()
            || matches!(letter, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    text.chars().map(|letter| if steers(letter) { ' ' } else { letter }).collect()
}

/// As [`plain`], but lines stay lines.
#[must_use]
pub fn plain_lines(text: &str) -> String {
    text.split('\n').map(plain).collect::<Vec<_>>().join("\n")
}

/// `1 gap`, `2 gaps`.
#[must_use]
pub fn count(number: usize, one: &str) -> String {
    if number == 1 { format!("1 {one}") } else { format!("{number} {one}s") }
}

/// `1 line is`, `2 lines are`.
#[must_use]
pub fn count_of(number: u64, one: &str, more: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { more })
}

#[cfg(test)]
mod tests {
    use super::{new_file, plain, tell};

    #[test]
    fn a_new_file_is_whole_and_what_is_there_already_stays_as_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("proof.txt");
        new_file(&path, b"first").unwrap();
        let refused = new_file(&path, b"second").unwrap_err();
        assert!(refused.to_string().contains("is there already"), "{refused}");
        assert_eq!(std::fs::read(&path).unwrap(), b"first");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "something half written is left beside it");
    }

    #[test]
    fn a_name_cannot_drive_the_terminal() {
        assert_eq!(plain("a\u{1b}[2Jb\u{202e}c\n"), "a [2Jb c ");
    }

    #[test]
    fn what_nobody_reads_on_stderr_brings_no_command_down() {
        struct Gone;
        impl std::io::Write for Gone {
            fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
                Err(std::io::ErrorKind::BrokenPipe.into())
            }
            fn flush(&mut self) -> std::io::Result<()> {
                Ok(())
            }
        }
        tell(&mut Gone, format_args!("a long error"));
        let mut kept = Vec::new();
        tell(&mut kept, format_args!("a long error"));
        assert_eq!(kept, b"a long error\n");
    }
}
