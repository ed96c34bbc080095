//! The borders between modules, checked against the source. The table below is the rule; a deviation needs a reason.
//!
//! It answers "who may know whom": the stages stay pure, SQL stays in one place, the clock is read where it may be, and
//! the verifier shares no code with what it verifies. Reading the source is [`reader`]'s work. Why each deviation is
//! right is told at length in `docs/decisions/0001-module-borders.md`.

mod reader;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::process::Command;

use reader::{Source, read_crate, read_text};

/// A module and the modules it may import; `*` means all. Modules in the order of the data flow.
const MAY_IMPORT: &[(&str, &str)] = &[
    ("lib", ""),
    ("main", "cli telemetry"),
    ("model", ""),
    ("telemetry", ""),
    ("config", "model"),
    ("catalog", "model"),
    ("store", "model"),
    ("vault", "model config"),
    ("spool", "model config"),
    ("dataset", "model catalog"),
    ("assess", "model catalog"),
    ("track", "model catalog"),
    ("evaluate", "model catalog dataset"),
    ("collect", "model catalog config"),
    ("render", "model config"),
    ("report", "model catalog render"),
    ("app", "model config catalog store vault spool collect evaluate"),
    ("pipeline", "model catalog store vault spool app collect dataset evaluate assess track"),
    ("recovery", "model config catalog store vault app pipeline"),
    ("deliver", "model catalog store vault app pipeline render report"),
    ("schedule", "model catalog store spool app pipeline deliver"),
    ("web", "model catalog store render report app pipeline schedule track deliver"),
    ("demo", "model config catalog store app pipeline deliver"),
    ("doctor", "model config catalog store vault spool app collect assess pipeline schedule"),
    ("cli", "*"),
];

/// Imports beyond the table: module (or one file of it), what it imports, and why that is right.
#[rustfmt::skip]
const DEVIATIONS: &[(&str, &str, &str)] = &[
    ("store", "config::secret_key", "a sealed secret is kept as the key module made it; the store never opens it"),
    ("pipeline", "config::secret_key", "a run names a secret that cannot be opened, by the fault of the key module"),
    ("deliver", "config::data_folder", "reports lie in folders that only their owner can read; one function makes such"),
    ("demo", "report::tally", "the demo counts statuses by the report's own rule, so that both tell the same number"),
    ("demo", "track::responsibilities", "the pretend parties act by the functions of `pipeline`, whose requests are values of these rules"),
    ("demo", "collect::host", "the demo's real endpoint is this machine, named as `connect host` names it"),
    ("deliver", "assess::verdict", "what reports are made from holds the verdict, from `pipeline` to `report`; plain values pass through"),
    ("report", "assess::verdict", "a verdict by a framework's own law is decided in `assess` and only worded in `report`; plain values cross"),
    ("web", "assess::verdict", "a page names a status as the verdict does and hands it the answers it read; plain values cross"),
    ("main", "config::environment", "what to log is read before there is a data folder or a settings file"),
];

/// Crates that only some modules may use, so that a stage cannot grow a network or a database unseen. `cli::serve` ties
/// the life of the pages and of the schedule to Ctrl-C.
const CRATES: &[(&str, &str)] = &[
    ("sea_orm", "store"),
    ("sqlx", "store"),
    ("migrations", "store"),
    ("object_store", "vault"),
    ("aws_lc_rs", "collect demo"),
    ("zip", "recovery"),
    ("axum", "web demo cli::serve"),
    ("reqwest", "collect"),
    ("regorus", "catalog evaluate"),
    ("tera", "render"),
    ("clap", "cli main"),
    ("indicatif", "cli"),
    ("anyhow", "cli main"),
    ("chacha20poly1305", "config"),
    ("tokio", "main app pipeline recovery collect vault spool deliver schedule web demo doctor cli"),
];

/// Who may read the machine's clock. Everyone else is handed a time or a `Clock`.
const MAY_READ_THE_CLOCK: &str = "model::time main cli schedule::runner demo";

/// Who may measure how long something takes. The pure stages may not: they would not be repeatable.
const MAY_NOT_MEASURE_TIME: &str = "model catalog store dataset evaluate assess track render report";

/// Who may ask for all organizations at once. `web::source` lists them on the overview, for whoever runs the installation;
/// `pipeline::sealer` empties the one spool of all organizations.
const MAY_SEE_ALL_ORGANIZATIONS: &str = "app cli schedule demo doctor web::source pipeline::sealer";

/// Modules of the evidence crate that write; the verifier shares none of their code.
const WRITERS: &[&str] = &["archive", "package"];

/// What the evidence crate must never depend on, at any depth.
const NOT_IN_SEAL: &[&str] = &["tokio", "async-std", "smol", "futures-executor", "sea-orm", "sqlx", "reqwest", "hyper"];

fn home() -> PathBuf {
    std::env::var_os("CARGO_MANIFEST_DIR").map_or_else(|| env!("CARGO_MANIFEST_DIR").into(), PathBuf::from)
}

fn product() -> Vec<Source> {
    read_crate(&home(), "countersign")
}

fn words(list: &str) -> BTreeSet<&str> {
    list.split_whitespace().collect()
}

/// True when `path` is `prefix` or lies below it.
fn is_below(path: &[String], prefix: &str) -> bool {
    let prefix: Vec<&str> = prefix.split("::").collect();
    path.len() >= prefix.len() && prefix.iter().zip(path).all(|(wanted, found)| wanted == found)
}

/// True when the module is one of those listed, or lies in one.
fn is_one_of(module: &[String], listed: &str) -> bool {
    listed.split_whitespace().any(|prefix| is_below(module, prefix))
}

fn fail_with(faults: &[String], rule: &str) {
    assert!(faults.is_empty(), "{rule}:\n  {}\n", faults.join("\n  "));
}

/// Every import across a border that neither the table nor a deviation allows; deviations that were used are noted.
fn crossings(sources: &[Source], used: &mut BTreeSet<usize>) -> Vec<String> {
    let table: BTreeMap<&str, BTreeSet<&str>> =
        MAY_IMPORT.iter().map(|(module, allowed)| (*module, words(allowed))).collect();
    let mut faults = Vec::new();
    for source in sources {
        faults.extend(source.faults.iter().cloned());
        let Some(allowed) = table.get(source.top()) else {
            faults.push(format!("{}: `{}` has no row in the table", source.file.display(), source.top()));
            continue;
        };
        for (path, line) in source.own() {
            let target = path[0].as_str();
            if target == source.top() || allowed.contains(target) || allowed.contains("*") {
                continue;
            }
            let deviation = DEVIATIONS
                .iter()
                .position(|(module, import, _)| is_below(&source.module, module) && is_below(path, import));
            match deviation {
                Some(number) => {
                    used.insert(number);
                }
                None => faults.push(format!(
                    "{}:{line}: `{}` may not import `{}`",
                    source.file.display(),
                    source.module.join("::"),
                    path.join("::")
                )),
            }
        }
    }
    faults
}

#[test]
fn every_module_imports_only_what_the_table_allows() {
    let mut used = BTreeSet::new();
    fail_with(&crossings(&product(), &mut used), "a border was crossed; change the code, or the table with a reason");
    let idle: Vec<String> = (0..DEVIATIONS.len())
        .filter(|number| !used.contains(number))
        .map(|number| format!("{} -> {}", DEVIATIONS[number].0, DEVIATIONS[number].1))
        .collect();
    fail_with(&idle, "these deviations are no longer needed; remove them");
}

#[test]
fn every_deviation_is_told_in_the_decision_about_borders() {
    let told = std::fs::read_to_string(home().join("docs/decisions/0001-module-borders.md")).unwrap();
    let missing: Vec<String> = DEVIATIONS
        .iter()
        .map(|(module, import, _)| format!("`{module}` imports `{import}`"))
        .filter(|sentence| !told.contains(sentence.as_str()))
        .collect();
    fail_with(&missing, "write these sentences and their reasons into docs/decisions/0001-module-borders.md");
}

#[test]
fn the_library_root_exports_modules_and_nothing_else() {
    let lib = product().into_iter().find(|source| source.top() == "lib").unwrap();
    let exported: Vec<String> = lib.uses.iter().map(|used| used.path.join("::")).collect();
    fail_with(&exported, "src/lib.rs uses or re-exports something");
}

#[test]
fn only_the_modules_named_use_the_heavy_crates() {
    let mut faults = Vec::new();
    for source in product() {
        for used in &source.uses {
            for (name, allowed) in CRATES {
                if used.path[0] == *name && !is_one_of(&source.module, allowed) {
                    faults.push(format!("{}:{}: uses `{}`", source.file.display(), used.line, used.path.join("::")));
                }
            }
        }
    }
    fail_with(&faults, "a crate is used where it may not be");
}

#[test]
fn sql_is_spoken_in_the_store_and_the_migrations_only() {
    let sql = regex::Regex::new(
        r"(?is)^\s*(select\b.+\bfrom\b|insert\s+(or\s+\w+\s+)?into\b|update\s+\S+\s+set\b|delete\s+from\b|(create|drop|alter)\s+(table|index|trigger|view|database)\b|pragma\s+\w+|begin\s+(immediate|exclusive)|vacuum\b)",
    )
    .unwrap();
    assert!(sql.is_match("SELECT a\nFROM b") && !sql.is_match("Select the tenant, then update it."));
    let faults: Vec<String> = product()
        .iter()
        .filter(|source| source.top() != "store")
        .flat_map(|source| source.texts.iter().map(move |(text, line)| (source, text, line)))
        .filter(|(_, text, _)| sql.is_match(text))
        .map(|(source, text, line)| format!("{}:{line}: {text}", source.file.display()))
        .collect();
    fail_with(&faults, "SQL outside the store");
}

#[test]
fn the_clock_is_read_only_where_it_may_be() {
    let mut faults = Vec::new();
    for source in product() {
        let may_read = is_one_of(&source.module, MAY_READ_THE_CLOCK);
        let may_measure = !is_one_of(&source.module, MAY_NOT_MEASURE_TIME);
        for used in &source.uses {
            let end: Vec<&str> = used.path.iter().rev().take(2).rev().map(String::as_str).collect();
            let reads = matches!(end.as_slice(), ["Timestamp" | "Utc" | "Local" | "SystemTime", "now"])
                || (end.last() == Some(&"SystemClock"));
            let measures = matches!(end.as_slice(), ["Instant", "now"]);
            if (reads && !may_read) || (measures && !may_measure) {
                faults.push(format!("{}:{}: {}", source.file.display(), used.line, used.path.join("::")));
            }
        }
    }
    fail_with(&faults, "the clock is read where time must be handed in");
}

#[test]
fn only_the_start_the_commands_and_the_schedule_see_all_organizations() {
    let mut faults = Vec::new();
    for source in product() {
        let asks =
            source.uses.iter().filter(|used| used.path.last().is_some_and(|last| last == "of_this_installation"));
        if !is_one_of(&source.module, MAY_SEE_ALL_ORGANIZATIONS) {
            faults.extend(asks.map(|used| format!("{}:{}", source.file.display(), used.line)));
        }
    }
    fail_with(&faults, "`InstanceScope::of_this_installation` is called where only one organization may be seen");
}

#[test]
fn the_verifier_shares_no_code_with_the_writers() {
    let mut imports: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for source in read_crate(&home().join("seal"), "countersign_seal") {
        fail_with(&source.faults, "the verifier's imports cannot be followed");
        let of = imports.entry(source.top().to_owned()).or_default();
        of.extend(source.own().map(|(path, _)| path[0].clone()));
    }
    let mut reached = BTreeSet::from(["verify".to_owned()]);
    let mut next = vec!["verify".to_owned()];
    while let Some(module) = next.pop() {
        for import in imports.get(&module).into_iter().flatten() {
            assert!(!WRITERS.contains(&import.as_str()), "`{module}`, which `verify` rests on, imports `{import}`");
            if reached.insert(import.clone()) {
                next.push(import.clone());
            }
        }
    }
    assert!(reached.len() > 3, "the verifier's imports were not seen: {reached:?}");
}

#[test]
fn the_evidence_crate_has_no_runtime_and_no_database_and_the_migrations_know_no_product() {
    let graph = Graph::read();
    let below_seal = graph.below("countersign-seal");
    let banned: Vec<&&str> = NOT_IN_SEAL.iter().filter(|name| below_seal.contains(**name)).collect();
    assert!(banned.is_empty(), "countersign-seal depends on {banned:?}");
    assert!(below_seal.contains("sha2"), "the dependencies of countersign-seal were not seen: {below_seal:?}");
    let below_migrations = graph.below("migrations");
    assert!(!below_migrations.contains("countersign") && !below_migrations.contains("countersign-seal"));
    assert!(below_migrations.contains("sea-orm-migration"));
}

fn cargo(arguments: &[&str]) -> Vec<u8> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo).args(arguments).current_dir(home()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

/// Normal dependencies of every package, by name, as cargo resolved them.
struct Graph(BTreeMap<String, BTreeSet<String>>);

impl Graph {
    fn read() -> Self {
        // Of this platform only: what other platforms need was never downloaded.
        let version = String::from_utf8(cargo(&["-vV"])).unwrap();
        let platform = version.lines().find_map(|line| line.strip_prefix("host: ")).unwrap();
        let metadata =
            cargo(&["metadata", "--format-version", "1", "--offline", "--locked", "--filter-platform", platform]);
        let metadata: serde_json::Value = serde_json::from_slice(&metadata).unwrap();
        let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
        let names: BTreeMap<String, String> = metadata["packages"]
            .as_array()
            .unwrap()
            .iter()
            .map(|package| (text(&package["id"]), text(&package["name"])))
            .collect();
        let mut graph: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for node in metadata["resolve"]["nodes"].as_array().unwrap() {
            let below = graph.entry(names[&text(&node["id"])].clone()).or_default();
            for dependency in node["deps"].as_array().unwrap() {
                let kinds = dependency["dep_kinds"].as_array().unwrap();
                if kinds.iter().any(|kind| kind["kind"].is_null()) {
                    below.insert(names[&text(&dependency["pkg"])].clone());
                }
            }
        }
        Self(graph)
    }

    fn below(&self, package: &str) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        let mut next = vec![package.to_owned()];
        while let Some(name) = next.pop() {
            for below in self.0.get(&name).into_iter().flatten() {
                if found.insert(below.clone()) {
                    next.push(below.clone());
                }
            }
        }
        found
    }
}

/// What `module` imports of the crate, according to the reader.
fn imports_of(module: &[&str], text: &str) -> BTreeSet<String> {
    read_text(module, text).own().map(|(path, _)| path.join("::")).collect()
}

#[test]
fn an_import_cannot_hide_from_the_checker() {
    for (what, text) in [
        ("an alias of a module", "use crate::store as shop; fn f(s: shop::Store) {}"),
        ("an alias of the root", "use crate as root; fn f() { root::store::Store::open(); }"),
        ("super::super", "use super::super::store::Store;"),
        ("a nested group", "use crate::{model::{id::OrgId, time}, store::{self as kept, Store}};"),
        ("a path in an expression", "fn f() { crate::store::Store::open() }"),
        ("a path in a type", "struct A(Vec<crate::store::Store>);"),
        ("the name of the crate", "use countersign::store::Store;"),
        ("a macro call", "fn f() { println!(\"{}\", crate::store::NAME); }"),
        ("an inner module", "mod inner { use super::super::super::store::Store; }"),
        ("a path in an attribute", "struct A { #[serde(with = \"crate::store::times\")] a: u8 }"),
        ("a block inside a function", "fn f() { { use crate::store::Store; } }"),
    ] {
        let seen = imports_of(&["track", "gaps"], text);
        assert!(seen.iter().any(|path| path.starts_with("store")), "{what} hid the import: {seen:?}");
        let source = read_text(&["track", "gaps"], text);
        assert!(!crossings(&[source], &mut BTreeSet::new()).is_empty(), "{what} was let through");
    }
    let glob = read_text(&["track"], "use super::*;");
    assert_eq!(glob.faults.len(), 1, "a glob over the root was let through");
}

#[test]
fn words_in_comments_doc_links_and_texts_are_no_imports() {
    let text = r#"
        //! Uses nothing of [`crate::store`].
        // use crate::store::Store;
        /// See [`crate::store::Store`] and `use crate::store`.
        pub fn f() -> &'static str { "use crate::store::Store" }
        fn g() { println!("crate::store::Store"); }
        #[cfg(test)]
        mod tests { use crate::store::Store; }
    "#;
    assert_eq!(imports_of(&["track", "gaps"], text), BTreeSet::new());
}
