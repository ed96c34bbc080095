//! What is wrong with a data file, where, and what to do.

use std::fmt;

/// One fault in one data file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fault {
    /// Path as the user knows it: `controls/checks/m365/x/check.rego` or a path below a configured folder.
    pub file: String,
    /// One-based; none where the fault is about the file as a whole.
    pub line: Option<u64>,
    pub message: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(formatter, "{}:{line}: {}", self.file, self.message),
            None => write!(formatter, "{}: {}", self.file, self.message),
        }
    }
}

/// All faults of all files; never empty when returned as an error.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Faults(pub Vec<Fault>);

impl Faults {
    pub fn add(&mut self, file: impl Into<String>, line: Option<u64>, message: impl Into<String>) {
        self.0.push(Fault { file: file.into(), line, message: message.into() });
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Display for Faults {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let many = if self.0.len() == 1 { "fault" } else { "faults" };
        write!(formatter, "the data files have {} {many}:", self.0.len())?;
        let mut faults = self.0.clone();
        faults.sort();
        faults.iter().try_for_each(|fault| write!(formatter, "\n  {fault}"))
    }
}

impl std::error::Error for Faults {}
