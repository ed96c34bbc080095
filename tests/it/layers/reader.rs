//! Reads Rust source and says what it uses: every path, written out from the crate's root.
//!
//! Aliases, groups, `self`, `super::super`, paths in expressions, types, macro calls and `serde(with = "…")` are followed.
//! Comments, doc links and other strings are not paths. Code for tests (`#[cfg(test)]`) is left out: a test may look
//! anywhere. What cannot be followed (a glob over the crate's root, `#[path]`, `include!`) is reported as a fault.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use proc_macro2::{TokenStream, TokenTree};
use syn::parse::Parser;
use syn::spanned::Spanned;
use syn::visit::{self, Visit};

/// The name that stands for the crate's root in a written-out path.
pub const ROOT: &str = "crate";

/// A path that a file uses: `["crate", "store", "Store"]` for the crate's own, `["sea_orm", "Set"]` for others.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Use {
    pub path: Vec<String>,
    pub line: usize,
}

/// What one file of a crate uses.
#[derive(Debug, Default)]
pub struct Source {
    /// Relative to the crate's folder.
    pub file: PathBuf,
    /// `["pipeline", "commit"]`; `["lib"]` and `["main"]` for the two roots.
    pub module: Vec<String>,
    pub uses: Vec<Use>,
    /// String literals outside attributes, with their line.
    pub texts: Vec<(String, usize)>,
    pub faults: Vec<String>,
}

impl Source {
    /// The top-level module this file belongs to.
    pub fn top(&self) -> &str {
        self.module.first().map_or("", String::as_str)
    }

    /// Own paths below the root, without the word `crate`.
    pub fn own(&self) -> impl Iterator<Item = (&[String], usize)> {
        self.uses.iter().filter_map(|used| match used.path.split_first() {
            Some((first, rest)) if first == ROOT && !rest.is_empty() => Some((rest, used.line)),
            _ => None,
        })
    }
}

/// Reads every file below `<folder>/src` that is not only compiled for tests. `crate_name` is what `main.rs` calls the
/// library.
pub fn read_crate(folder: &Path, crate_name: &str) -> Vec<Source> {
    let root = folder.join("src");
    let mut files = Vec::new();
    list(&root, &mut files);
    files.sort();
    let parsed: Vec<(PathBuf, Vec<String>, syn::File)> = files
        .into_iter()
        .map(|file| {
            let text = std::fs::read_to_string(&file).unwrap();
            let tree = syn::parse_file(&text).unwrap_or_else(|fault| panic!("{}: {fault}", file.display()));
            let inside = file.strip_prefix(&root).unwrap().to_owned();
            (inside.clone(), module_of(&inside), tree)
        })
        .collect();
    let for_tests: BTreeSet<Vec<String>> =
        parsed.iter().flat_map(|(_, module, tree)| test_modules(module, &tree.items)).collect();
    parsed
        .into_iter()
        .filter(|(_, module, _)| !(1..=module.len()).any(|many| for_tests.contains(&module[..many])))
        .map(|(file, module, tree)| read(Path::new("src").join(file), module, &tree, crate_name))
        .collect()
}

/// Reads one text as if it were the file of `module`.
pub fn read_text(module: &[&str], text: &str) -> Source {
    let tree = syn::parse_file(text).unwrap();
    read(PathBuf::from("text.rs"), module.iter().map(ToString::to_string).collect(), &tree, "countersign")
}

fn read(file: PathBuf, module: Vec<String>, tree: &syn::File, crate_name: &str) -> Source {
    let is_root = matches!(module.as_slice(), [only] if only == "lib" || only == "main");
    let here = if is_root { Vec::new() } else { module.clone() };
    let source = Source { file, module, ..Source::default() };
    let mut reader = Reader { here, crate_name, aliases: BTreeMap::new(), source };
    // Twice, so that an alias is known wherever in the file it stands.
    reader.visit_file(tree);
    reader.source.uses.clear();
    reader.source.texts.clear();
    reader.source.faults.clear();
    reader.visit_file(tree);
    reader.source
}

fn list(folder: &Path, into: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            list(&path, into);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            into.push(path);
        }
    }
}

fn module_of(inside: &Path) -> Vec<String> {
    let mut parts: Vec<String> =
        inside.with_extension("").components().map(|part| part.as_os_str().to_string_lossy().into_owned()).collect();
    if parts.len() > 1 && parts.last().is_some_and(|last| last == "mod") {
        parts.pop();
    }
    parts
}

fn test_modules(module: &[String], items: &[syn::Item]) -> Vec<Vec<String>> {
    let base = if matches!(module, [only] if only == "lib" || only == "main") { &[] } else { module };
    let mut found = Vec::new();
    for item in items {
        let syn::Item::Mod(inner) = item else { continue };
        let path = [base, &[inner.ident.to_string()]].concat();
        if is_for_tests(&inner.attrs) {
            found.push(path);
        } else if let Some((_, items)) = &inner.content {
            found.extend(test_modules(&path, items));
        }
    }
    found
}

fn is_for_tests(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().any(|attribute| match &attribute.meta {
        syn::Meta::List(list) if list.path.is_ident("cfg") => list.tokens.to_string() == "test",
        _ => false,
    })
}

struct Reader<'a> {
    /// The module the visitor stands in, from the crate's root.
    here: Vec<String>,
    crate_name: &'a str,
    /// Names that `use` brought into this file, written out. Kept for the whole file: too many rather than too few.
    aliases: BTreeMap<String, Vec<String>>,
    source: Source,
}

impl Reader<'_> {
    /// Writes a path out from the root; other crates' paths and local names are left as they are.
    fn resolve(&self, segments: &[String]) -> Vec<String> {
        let root = || vec![ROOT.to_owned()];
        let Some((first, rest)) = segments.split_first() else { return Vec::new() };
        let (mut base, mut rest) = match first.as_str() {
            "crate" => (root(), rest),
            name if name == self.crate_name => (root(), rest),
            "self" => ([root(), self.here.clone()].concat(), rest),
            "super" => {
                let outer = self.here.len().saturating_sub(1);
                ([root(), self.here[..outer].to_vec()].concat(), rest)
            }
            name => match self.aliases.get(name) {
                Some(known) => (known.clone(), rest),
                None => (vec![name.to_owned()], rest),
            },
        };
        while let Some((next, after)) = rest.split_first() {
            match next.as_str() {
                "self" => {}
                "super" if base.len() > 1 => {
                    base.pop();
                }
                _ => break,
            }
            rest = after;
        }
        base.extend(rest.iter().cloned());
        base
    }

    fn note(&mut self, segments: &[String], line: usize) {
        let path = self.resolve(segments);
        if !path.is_empty() {
            self.source.uses.push(Use { path, line });
        }
    }

    fn fault(&mut self, line: usize, message: &str) {
        self.source.faults.push(format!("{}:{line}: {message}", self.source.file.display()));
    }

    fn walk_use(&mut self, tree: &syn::UseTree, before: &[String]) {
        let line = tree.span().start().line;
        match tree {
            syn::UseTree::Path(part) => self.walk_use(&part.tree, &[before, &[part.ident.to_string()]].concat()),
            syn::UseTree::Group(group) => group.items.iter().for_each(|item| self.walk_use(item, before)),
            syn::UseTree::Glob(_) => {
                if self.resolve(before) == [ROOT] {
                    self.fault(line, "a glob over the crate's root hides what is imported; name the modules");
                }
                self.note(before, line);
            }
            syn::UseTree::Name(name) => self.bring(before, &name.ident, None, line),
            syn::UseTree::Rename(rename) => self.bring(before, &rename.ident, Some(&rename.rename), line),
        }
    }

    fn bring(&mut self, before: &[String], name: &syn::Ident, called: Option<&syn::Ident>, line: usize) {
        let segments = [before, &[name.to_string()]].concat();
        let resolved = self.resolve(&segments);
        let called = called.map_or_else(|| resolved.last().cloned().unwrap_or_default(), ToString::to_string);
        if called != "_" && called != ROOT {
            self.aliases.insert(called, resolved);
        }
        self.note(&segments, line);
    }

    /// Paths and texts among the tokens of a macro call.
    fn walk_tokens(&mut self, tokens: TokenStream) {
        let mut segments: Vec<String> = Vec::new();
        let mut colons = 0;
        let mut line = 0;
        for token in tokens {
            match &token {
                TokenTree::Ident(ident) => {
                    if colons != 2 {
                        self.close(&mut segments, line);
                        line = ident.span().start().line;
                    }
                    segments.push(ident.to_string());
                    colons = 0;
                }
                TokenTree::Punct(punct) if punct.as_char() == ':' && !segments.is_empty() && colons < 2 => colons += 1,
                other => {
                    self.close(&mut segments, line);
                    colons = 0;
                    match other {
                        TokenTree::Group(group) => self.walk_tokens(group.stream()),
                        TokenTree::Literal(literal) => {
                            if let syn::Lit::Str(text) = syn::Lit::new(literal.clone()) {
                                self.source.texts.push((text.value(), literal.span().start().line));
                            }
                        }
                        TokenTree::Ident(_) | TokenTree::Punct(_) => {}
                    }
                }
            }
        }
        self.close(&mut segments, line);
    }

    fn close(&mut self, segments: &mut Vec<String>, line: usize) {
        let path = std::mem::take(segments);
        if path.len() > 1 {
            self.note(&path, line);
        }
    }
}

impl<'ast> Visit<'ast> for Reader<'_> {
    fn visit_item(&mut self, item: &'ast syn::Item) {
        if !is_for_tests(attributes_of(item)) {
            visit::visit_item(self, item);
        }
    }

    fn visit_impl_item_fn(&mut self, function: &'ast syn::ImplItemFn) {
        if !is_for_tests(&function.attrs) {
            visit::visit_impl_item_fn(self, function);
        }
    }

    fn visit_item_mod(&mut self, module: &'ast syn::ItemMod) {
        if module.attrs.iter().any(|attribute| attribute.path().is_ident("path")) {
            self.fault(module.span().start().line, "#[path] moves a module to where its borders cannot be seen");
        }
        self.here.push(module.ident.to_string());
        visit::visit_item_mod(self, module);
        self.here.pop();
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        self.walk_use(&item.tree, &[]);
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let segments: Vec<String> = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        self.note(&segments, path.span().start().line);
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        if call.path.is_ident("include") {
            self.fault(call.span().start().line, "include! brings in code whose borders cannot be seen");
        }
        self.visit_path(&call.path);
        self.walk_tokens(call.tokens.clone());
    }

    fn visit_lit_str(&mut self, text: &'ast syn::LitStr) {
        self.source.texts.push((text.value(), text.span().start().line));
    }

    /// Doc comments are attributes too and say nothing about imports; `serde(with = "crate::…")` does.
    fn visit_attribute(&mut self, attribute: &'ast syn::Attribute) {
        if attribute.path().is_ident("doc") {
            return;
        }
        self.visit_path(attribute.path());
        let syn::Meta::List(list) = &attribute.meta else { return };
        let before = self.source.texts.len();
        self.walk_tokens(list.tokens.clone());
        for (text, line) in self.source.texts.split_off(before) {
            if let Ok(path) = syn::Path::parse_mod_style.parse_str(&text) {
                let segments: Vec<String> = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
                if segments.len() > 1 {
                    self.note(&segments, line);
                }
            }
        }
    }
}

fn attributes_of(item: &syn::Item) -> &[syn::Attribute] {
    match item {
        syn::Item::Const(item) => &item.attrs,
        syn::Item::Fn(item) => &item.attrs,
        syn::Item::Impl(item) => &item.attrs,
        syn::Item::Macro(item) => &item.attrs,
        syn::Item::Mod(item) => &item.attrs,
        syn::Item::Static(item) => &item.attrs,
        syn::Item::Struct(item) => &item.attrs,
        syn::Item::Type(item) => &item.attrs,
        syn::Item::Use(item) => &item.attrs,
        _ => &[],
    }
}
