//! Compiles rules together with the shared library.
//!
//! Never evaluates one. Start with [`Library::compile`]; [`Library::compile_together`] asks about many at the price of one.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use countersign_seal::digest::Digest;
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

/// The shared library as rules are compiled with it. Each of its files is parsed once, however many rules use it.
#[derive(Debug)]
pub struct Library {
    files: Vec<LibraryFile>,
    /// The lines that every check's digest takes in.
    digests: String,
    /// Engines that have parsed some files, by the places of these in `files`: a clone shares what was parsed.
    parsed: BTreeMap<Vec<usize>, Engine>,
}

#[derive(Debug)]
struct LibraryFile {
    module: RegoModule,
    /// What a text that uses it says: `data.` and its package. A file without a package is used by all, so that the
    /// engine says what is wrong with it.
    named: Option<String>,
}

impl LibraryFile {
    fn is_named_in(&self, text: &str) -> bool {
        self.named.as_ref().is_none_or(|named| text.contains(named))
    }
}

impl Library {
    /// Takes the library's files; nothing is parsed before a rule uses it.
    #[must_use]
    pub fn new(modules: &[RegoModule]) -> Self {
        let files = modules.iter().map(|module| {
            let package = module.text.lines().find_map(|line| line.strip_prefix("package "));
            let named = package.map(|package| format!("data.{}", package.trim()));
            LibraryFile { module: module.clone(), named }
        });
        let digests: BTreeSet<Digest> = modules.iter().map(|module| Digest::of(module.text.as_bytes())).collect();
        let digests = digests.iter().map(|digest| format!("library {digest}\n")).collect::<Vec<_>>().concat();
        Self { files: files.collect(), digests, parsed: BTreeMap::new() }
    }

    /// Digest of a rule's bytes and of every library file; independent of where the files lie and of their order.
    #[must_use]
    pub fn digest_with(&self, rule: &RegoModule) -> Digest {
        Digest::of(format!("rule {}\n{}", Digest::of(rule.text.as_bytes()), self.digests).as_bytes())
    }

    /// Compiles `rule` and what it uses of the library so that `data.<package>.findings` can be evaluated. The engine holds
    /// no other rule and is prepared: a clone shares the compiled rule and is cheap.
    ///
    /// # Errors
    /// The first fault of the rule or of a library file it uses.
    pub fn compile(&mut self, package: &str, rule: &RegoModule) -> Result<Engine, RuleFault> {
        let mut engine = self.engine_with(&self.used_by(rule))?;
        parse(&mut engine, rule)?;
        let entry = format!("data.{package}.findings");
        engine.compile_with_entrypoint(&entry.as_str().into()).map_err(|error| located(&error.to_string()))?;
        Ok(engine)
    }

    /// Those of `rules`, each with its package, that are known to compile, found out at a fraction of what an engine for each
    /// costs: they are put side by side into one. If anything is wrong with any of them none is known to. What is wrong, and
    /// where, only [`Library::compile`] tells, as it does of a rule that is not fit for this ([`is_plain`]).
    #[must_use]
    pub fn compile_together<'a>(&self, rules: &'a [(String, RegoModule)]) -> BTreeSet<&'a str> {
        let plain: Vec<_> = rules.iter().filter(|(_, rule)| is_plain(rule)).collect();
        let mut engine = Engine::new();
        let library = self.files.iter().all(|file| parse(&mut engine, &file.module).is_ok());
        let is_in_place = |engine: &mut Engine, package: &str, rule: &RegoModule| {
            parse(engine, rule).is_ok_and(|found| found.strip_prefix("data.") == Some(package))
        };
        // An engine finds faults when it is prepared to answer; what it is asked here has to do with no rule.
        let compiles = library
            && plain.iter().all(|(package, rule)| is_in_place(&mut engine, package, rule))
            && engine.eval_query("true".to_owned(), false).is_ok();
        if compiles { plain.into_iter().map(|(package, _)| package.as_str()).collect() } else { BTreeSet::new() }
    }

    /// The places of the files a rule names, directly or through one another. Reading the others would cost most of the time
    /// it takes to compile a rule, and slow its evaluation down.
    fn used_by(&self, rule: &RegoModule) -> Vec<usize> {
        let mut is_used = vec![false; self.files.len()];
        let mut unread = vec![rule];
        while let Some(reader) = unread.pop() {
            for (file, is_used) in self.files.iter().zip(&mut is_used) {
                if !*is_used && file.is_named_in(&reader.text) {
                    *is_used = true;
                    unread.push(&file.module);
                }
            }
        }
        is_used.iter().enumerate().filter(|(_, is_used)| **is_used).map(|(place, _)| place).collect()
    }

    /// An engine that has parsed these files. It begins with one that has parsed the most of them.
    fn engine_with(&mut self, used: &[usize]) -> Result<Engine, RuleFault> {
        let Some((last, others)) = used.split_last() else { return Ok(Engine::new()) };
        if let Some(engine) = self.parsed.get(used) {
            return Ok(engine.clone());
        }
        let mut engine = self.engine_with(others)?;
        if let Some(file) = self.files.get(*last) {
            parse(&mut engine, &file.module)?;
        }
        self.parsed.insert(used.to_vec(), engine.clone());
        Ok(engine)
    }
}

/// Whether a rule compiles beside others as it does alone: it says `findings` in the usual way and names no other check.
fn is_plain(rule: &RegoModule) -> bool {
    rule.text.lines().any(|line| line.starts_with("findings contains ")) && !rule.text.contains("data.checks")
}

/// Answers with the package that the text says it is in, after `data.`.
fn parse(engine: &mut Engine, module: &RegoModule) -> Result<String, RuleFault> {
    engine.add_policy(module.file.clone(), module.text.clone()).map_err(|error| located(&error.to_string()))
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
