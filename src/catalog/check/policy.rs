//! Compiles a rule together with the shared library.
//!
//! Never evaluates it. Start with [`compile`].

use std::fmt;

use regorus::Engine;

use super::RegoModule;

/// Why Rego text was refused, with the place where it could be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleFault {
    /// The file that is at fault; the rule's own unless a library file is.
    pub file: Option<String>,
    pub line: Option<u64>,
    pub message: String,
}

impl fmt::Display for RuleFault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.file, self.line) {
            (Some(file), Some(line)) => write!(formatter, "{file}:{line}: {}", self.message),
            _ => formatter.write_str(&self.message),
        }
    }
}

impl std::error::Error for RuleFault {}

/// Compiles `rule` and what it uses of `library` so that `data.<package>.findings` can be evaluated. The engine is
/// prepared: a clone shares the compiled rule and is cheap.
pub fn compile(package: &str, rule: &RegoModule, library: &[RegoModule]) -> Result<Engine, RuleFault> {
    let mut engine = Engine::new();
    for module in used_by(rule, library).into_iter().chain([rule]) {
        engine.add_policy(module.file.clone(), module.text.clone()).map_err(|error| located(&error.to_string()))?;
    }
    let entry = format!("data.{package}.findings");
    engine.compile_with_entrypoint(&entry.as_str().into()).map_err(|error| located(&error.to_string()))?;
    Ok(engine)
}

/// The library files a rule names, directly or through one another. Reading the others would cost most of the time it
/// takes to load a catalog.
fn used_by<'a>(rule: &'a RegoModule, library: &'a [RegoModule]) -> Vec<&'a RegoModule> {
    let mut used: Vec<&RegoModule> = Vec::new();
    let mut unread = vec![rule];
    while let Some(reader) = unread.pop() {
        for module in library {
            // A file without a package is kept: the engine then says what is wrong with it.
            let package = module.text.lines().find_map(|line| line.strip_prefix("package "));
            let is_named = package.is_none_or(|package| reader.text.contains(&format!("data.{}", package.trim())));
            if is_named && !used.iter().any(|known| std::ptr::eq(*known, module)) {
                used.push(module);
                unread.push(module);
            }
        }
    }
    used
}

/// The engine prints `--> file:line:column`, the source line and `error: message`; keep place and message.
pub(super) fn located(text: &str) -> RuleFault {
    let place = text.lines().find_map(|line| line.trim_start().strip_prefix("--> "));
    let mut parts = place.map(|place| place.rsplitn(3, ':')).into_iter().flatten();
    let (_column, line, file) = (parts.next(), parts.next(), parts.next());
    let message = text.lines().rev().find_map(|line| line.trim().strip_prefix("error: ")).unwrap_or(text.trim());
    RuleFault {
        file: file.map(str::to_owned),
        line: line.and_then(|line| line.parse().ok()),
        message: message.to_owned(),
    }
}
