//! `catalog import oscal`: a published catalog becomes a framework, or texts beside ours; or nothing is written at all.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::command::{Installation, Told, countersign, entries, program, scratch, told};

/// An invented catalog in the form that publishers use.
fn garden(version: &str) -> Value {
    json!({"catalog": {
        "uuid": "3f0d8c1e-0000-4000-8000-000000000001",
        "metadata": {"title": "Garden Rules (fictional)", "version": "2", "oscal-version": version},
        "groups": [
            {"id": "wa", "title": "Water", "controls": [
                {"id": "wa-1", "title": "Beds are watered",
                 "params": [{"id": "wa-1_prm_1", "label": "a number of days"}],
                 "props": [{"name": "label", "value": "WA-1"}],
                 "links": [{"href": "#wa-2", "rel": "related"}],
                 "parts": [
                    {"id": "wa-1_smt", "name": "statement", "prose": "Water every bed within {{ insert: param, wa-1_prm_1 }}."},
                    {"id": "wa-1_obj", "name": "assessment-objective", "parts": [
                        {"id": "wa-1_obj.a", "name": "assessment-objective", "prose": "beds are known",
                         "props": [{"name": "label", "value": "WA-1[a]"}]},
                        {"id": "wa-1_obj.b", "name": "assessment-objective", "prose": "beds are wet",
                         "props": [{"name": "label", "value": "WA-1[b]"}]}]}]},
                {"id": "wa-2", "title": "Cans are put away", "links": [{"href": "#wa-1", "rel": "related"}],
                 "parts": [{"id": "wa-2_smt", "name": "statement", "prose": "Put cans away."}]}]},
            {"id": "fe", "title": "Fences", "controls": [
                {"id": "fe-1", "title": "The gate is shut",
                 "parts": [{"id": "fe-1_smt", "name": "statement", "prose": "Shut the gate."}]}]}],
        "back-matter": {"resources": [
            {"uuid": "a", "rlinks": [{"href": "#b"}]}, {"uuid": "b", "rlinks": [{"href": "#a"}]}]},
    }})
}

/// A place to import from and to.
struct Desk(TempDir);

impl Desk {
    fn new() -> Self {
        Self(scratch())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn lay(&self, name: &str, bytes: impl AsRef<[u8]>) -> String {
        std::fs::write(self.path(name), bytes).unwrap();
        self.path(name).display().to_string()
    }

    fn import(&self, file: &str, to: &str, further: &[&str]) -> Told {
        let to = self.path(to).display().to_string();
        countersign(&[&["catalog", "import", "oscal", file, "--to", &to], further].concat())
    }

    /// Runs a command with the folders of these names in use.
    fn with(&self, folders: &[&str], arguments: &[&str]) -> Told {
        let folders: Vec<PathBuf> = folders.iter().map(|name| self.path(name)).collect();
        let settings = self.lay("countersign.toml", format!("[catalog]\nfolders = {folders:?}\n"));
        countersign(&[arguments, &["--config", &settings]].concat())
    }

    /// What lies here, but for files that were laid here.
    fn folders(&self) -> Vec<PathBuf> {
        entries(self.0.path()).into_iter().filter(|path| path.is_dir()).collect()
    }
}

#[test]
fn a_published_catalog_of_either_version_becomes_a_framework_that_is_used_like_a_shipped_one() {
    for version in ["1.1.2", "1.2.0"] {
        let desk = Desk::new();
        let file = desk.lay("garden.json", garden(version).to_string());
        let told = desk.import(&file, "mine", &["--id", "garden", "--json"]).fine().json();
        assert_eq!(told["controls"], 3, "{told:#}");
        desk.with(&["mine"], &["catalog", "lint"]).fine();
        let listed = desk.with(&["mine"], &["catalog", "list", "--json"]).fine().list();
        let garden = listed.iter().find(|framework| framework["id"] == "garden").unwrap();
        assert_eq!((&garden["controls"], &garden["objectives"]), (&json!(3), &json!(2)));
        let shown = desk.with(&["mine"], &["catalog", "show", "garden", "WA-1"]).fine().stdout;
        for words in [
            "WA-1 Beds are watered",
            "Official text (imported):",
            "Water every bed within [a number of days].",
            "WA-1[b]",
        ] {
            assert!(shown.contains(words), "{words}: {shown}");
        }
        assert!(!shown.contains("Asks:"), "nothing of ours is there: {shown}");
        let by_number = desk.with(&["mine"], &["catalog", "show", "garden", "wa-1", "--json"]).fine().json();
        assert_eq!(by_number["id"], "WA-1");
    }
}

#[test]
fn official_text_stands_beside_ours_and_neither_in_place_of_the_other() {
    let desk = Desk::new();
    let mut catalog = garden("1.1.2");
    catalog["catalog"]["groups"][0]["controls"][0]["props"][0]["value"] = json!("3.1.1");
    let file = desk.lay("garden.json", catalog.to_string());
    desk.import(&file, "texts", &["--beside", "cmmc-l2"]).fine();
    let ours = countersign(&["catalog", "show", "cmmc-l2", "3.1.1", "--json"]).fine().json();
    let both = desk.with(&["texts"], &["catalog", "show", "cmmc-l2", "3.1.1", "--json"]).fine().json();
    assert_eq!(
        (&both["guidance"], &both["title"], &both["facts"]),
        (&ours["guidance"], &ours["title"], &ours["facts"])
    );
    assert!(both["official"].as_str().unwrap().contains("Water every bed"), "{both:#}");
    assert!(ours.get("official").is_none());
    let shown = desk.with(&["texts"], &["catalog", "show", "cmmc-l2", "3.1.1"]).fine().stdout;
    let (asks, official) = (shown.find("Asks:").unwrap(), shown.find("Official text (imported):").unwrap());
    assert!(asks < official, "{shown}");
}

#[test]
fn texts_can_stand_beside_a_framework_that_was_imported_itself() {
    let desk = Desk::new();
    let file = desk.lay("garden.json", garden("1.1.2").to_string());
    desk.import(&file, "mine", &["--id", "garden"]).fine();
    let without_texts = desk.path("mine/controls/garden/texts");
    std::fs::remove_dir_all(without_texts).unwrap();
    let to = desk.path("texts").display().to_string();
    let import = ["catalog", "import", "oscal", &file, "--to", &to, "--beside", "garden"];
    desk.with(&["mine"], &import).fine();
    let shown = desk.with(&["mine", "texts"], &["catalog", "show", "garden", "fe-1"]).fine().stdout;
    assert!(shown.contains("Shut the gate."), "{shown}");
}

#[test]
fn without_a_place_it_is_the_current_folder_and_the_printed_line_of_settings_can_be_used() {
    let desk = Desk::new();
    let file = desk.lay("garden.json", garden("1.1.2").to_string());
    let mut import = program(env!("CARGO_BIN_EXE_countersign"));
    import.args(["catalog", "import", "oscal", &file, "--id", "garden"]).current_dir(desk.path(""));
    let printed = told(&mut import).fine().stdout;
    let folders = printed.lines().find_map(|line| line.trim().strip_prefix("folders = ")).unwrap();
    let settings = desk.lay("countersign.toml", format!("[catalog]\nfolders = {folders}\n"));
    let shown = countersign(&["catalog", "show", "garden", "fe-1", "--config", &settings]).fine().stdout;
    assert!(shown.contains("Shut the gate."), "{shown}");
    assert_eq!(desk.folders(), [desk.path("garden")]);
}

#[test]
fn a_second_import_replaces_nothing() {
    let desk = Desk::new();
    let file = desk.lay("garden.json", garden("1.1.2").to_string());
    desk.import(&file, "mine", &["--id", "garden"]).fine();
    let before = contents(&desk.path("mine"));
    desk.import(&file, "mine", &["--id", "other"]).refused(&["mine", "exists already"]);
    let to = desk.path("again").display().to_string();
    let again = ["catalog", "import", "oscal", &file, "--to", &to];
    desk.with(&["mine"], &[&again[..], &["--id", "garden"]].concat()).refused(&["a framework `garden` already"]);
    desk.with(&["mine"], &[&again[..], &["--beside", "garden"]].concat()).refused(&["has an official text already"]);
    desk.import(&file, "again", &["--id", "cmmc-l2"]).refused(&["a framework `cmmc-l2` already"]);
    desk.import(&file, "again", &["--beside", "cmmc-l2"]).refused(&["nothing was imported"]);
    assert_eq!(contents(&desk.path("mine")), before);
    assert_eq!(desk.folders(), [desk.path("mine")]);
}

fn contents(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let files = crate::support::command::files_below(folder);
    files.into_iter().map(|path| (path.clone(), std::fs::read(path).unwrap())).collect()
}

fn changed(pointer: &str, to: Value) -> Vec<u8> {
    let mut value = garden("1.1.2");
    *value.pointer_mut(pointer).unwrap() = to;
    value.to_string().into_bytes()
}

#[test]
fn what_cannot_be_read_whole_is_refused_with_its_place_and_nothing_is_written() {
    let whole = format!("{:#}", garden("1.1.2"));
    let cut = whole.get(..whole.find("Cans").unwrap()).unwrap();
    let line = format!("line {}:", cut.lines().count());
    let mut bomb = vec![json!({"id": "p0", "values": ["boom"]})];
    for level in 1..20 {
        let ten = format!("{{{{ insert: param, p{} }}}}", level - 1).repeat(10);
        bomb.push(json!({"id": format!("p{level}"), "values": [ten]}));
    }
    let mut exploding = garden("1.1.2");
    exploding["catalog"]["params"] = json!(bomb);
    exploding["catalog"]["groups"][1]["controls"][0]["parts"][0]["prose"] = json!("{{ insert: param, p19 }}");
    let circle =
        json!([{"id": "x", "label": "{{ insert: param, y }}"}, {"id": "y", "label": "{{ insert: param, x }}"}]);
    let mut circling = garden("1.1.2");
    circling["catalog"]["groups"][1]["params"] = circle;
    circling["catalog"]["groups"][1]["controls"][0]["parts"][0]["prose"] = json!("{{ insert: param, x }}");
    let mut deep = json!({"name": "item", "prose": "deep"});
    for _ in 0..30 {
        deep = json!({"name": "item", "parts": [deep]});
    }
    let entities =
        "<?xml version=\"1.0\"?>\n<!DOCTYPE c [<!ENTITY a \"aaaa\"><!ENTITY b \"&a;&a;&a;\">]>\n<catalog>&b;</catalog>";
    let aliases = "a: &a [x, x, x]\nb: &b [*a, *a, *a]\ncatalog: *b\n";
    let huge = [b"{\"catalog\": \"".as_slice(), &vec![b'x'; 33 * 1024 * 1024]].concat();
    let second = "/catalog/groups/0/controls/1";
    for (what, bytes, words) in [
        ("cut", cut.as_bytes().to_vec(), &[line.as_str(), "if it was cut"] as &[&str]),
        ("empty", Vec::new(), &["line 1:"]),
        ("no text", b"\xff\xfe\x00".to_vec(), &["line 1:"]),
        ("huge", huge, &["more than 33554432 bytes"]),
        ("nested", format!("{{\"catalog\": {}", "[".repeat(100_000)).into_bytes(), &["line 1:"]),
        ("entities", entities.as_bytes().to_vec(), &["XML", "JSON"]),
        ("aliases", aliases.as_bytes().to_vec(), &["line 1:"]),
        ("exploding", exploding.to_string().into_bytes(), &["/catalog/groups/1/controls/0/parts/0:", "too long"]),
        ("circling", circling.to_string().into_bytes(), &["/catalog/groups/1/controls/0/parts/0:", "inserts itself"]),
        (
            "deep",
            changed("/catalog/groups/1/controls/0/parts", json!([{"name": "statement", "parts": [deep]}])),
            &["levels deep", "/catalog/groups/1/controls/0"],
        ),
        (
            "double",
            changed(&format!("{second}/id"), json!("wa-1")),
            &["/catalog/groups/0/controls/1: ", "duplicate", "/catalog/groups/0/controls/0"],
        ),
        (
            "climbing",
            changed(&format!("{second}/id"), json!("../../etc/passwd")),
            &["/catalog/groups/0/controls/1: ", "`../../etc/passwd`"],
        ),
        ("old", garden("1.0.4").to_string().into_bytes(), &["/catalog/metadata/oscal-version: ", "`1.0.4`"]),
        ("no controls", changed("/catalog/groups", json!([])), &["has no controls"]),
        ("a profile", b"{\"profile\": {}}".to_vec(), &["line 1:", "catalog"]),
    ] {
        let desk = Desk::new();
        let file = desk.lay("garden.json", bytes);
        let told = desk.import(&file, what, &[]).refused(&[&["garden.json"], words].concat());
        assert!(!told.stderr.contains('\u{1b}'), "{what}");
        assert!(desk.folders().is_empty(), "{what}: {:?}", desk.folders());
    }
}

#[test]
fn no_name_leads_out_of_the_folder_or_drives_the_terminal() {
    let desk = Desk::new();
    let file = desk.lay("garden.json", garden("1.1.2").to_string());
    for id in ["../garden", "a/b", "..", "/etc", "", "garden\n"] {
        desk.import(&file, "mine", &["--id", id]).ends(2);
        assert!(desk.folders().is_empty(), "{id:?}");
    }
    // Groups give files their content, never their name; titles are printed without what drives a terminal.
    let mut hostile = garden("1.1.2");
    hostile["catalog"]["groups"][0]["id"] = json!("../../climb");
    hostile["catalog"]["groups"][0]["title"] = json!("../Water\u{1b}[2J\u{202e} <script>");
    hostile["catalog"]["groups"][0]["controls"][1]["title"] =
        json!("{{ __tera }} \u{7}: [*x] 'quoted' \u{2028}# no comment");
    let file = desk.lay("garden.json", hostile.to_string());
    desk.import(&file, "mine", &["--id", "garden"]).fine();
    let names: Vec<String> = crate::support::command::files_below(&desk.path("mine/controls/garden"))
        .iter()
        .map(|path| path.strip_prefix(desk.path("mine/controls/garden")).unwrap().display().to_string())
        .collect();
    assert_eq!(
        names,
        ["framework.yaml", "group-01.yaml", "group-02.yaml", "texts/group-01.yaml", "texts/group-02.yaml"]
    );
    let shown = desk.with(&["mine"], &["catalog", "show", "garden", "wa-2"]).fine().stdout;
    assert!(shown.contains("# no comment") && !shown.contains(['\u{1b}', '\u{202e}', '\u{7}']), "{shown:?}");
}

#[test]
fn a_group_too_large_for_one_file_becomes_several() {
    let desk = Desk::new();
    let controls: Vec<Value> = (0..12)
        .map(|at| {
            let prose = format!("Rule {at}. {}", "Water \"well\". ".repeat(12_000));
            json!({"id": format!("wa-{at}"), "title": "T", "parts": [{"name": "statement", "prose": prose}]})
        })
        .collect();
    let mut catalog = garden("1.2.0");
    catalog["catalog"]["groups"][0]["controls"] = json!(controls);
    let file = desk.lay("garden.json", catalog.to_string());
    desk.import(&file, "mine", &["--id", "garden"]).fine();
    let shown = desk.with(&["mine"], &["catalog", "show", "garden", "--json"]).fine().json();
    let ids: Vec<&str> = shown["controls"].as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap()).collect();
    let expected: Vec<String> = (0..12).map(|at| format!("wa-{at}")).chain(["fe-1".to_owned()]).collect();
    assert_eq!(ids, expected, "whole and in order");
    assert!(shown["controls"][11]["official"].as_str().unwrap().starts_with("Rule 11. "));
}

#[test]
fn a_folder_that_cannot_be_written_leaves_nothing_behind() {
    let desk = Desk::new();
    let file = desk.lay("garden.json", garden("1.1.2").to_string());
    desk.lay("a file", "");
    desk.import(&file, "a file/mine", &["--id", "garden"]).refused(&["nothing was imported"]);
    desk.import(&file, "nowhere/mine", &["--id", "garden"]).refused(&["nothing was imported"]);
    desk.import(&desk.path("missing.json").display().to_string(), "mine", &[])
        .refused(&["missing.json cannot be read"]);
    assert!(desk.folders().is_empty());
}

#[test]
fn a_framework_whose_folder_was_taken_away_is_named_everywhere_and_keeps_no_other_report_back() {
    let installation = Installation::new();
    let file = installation.file("garden.json", garden("1.1.2").to_string());
    let to = installation.beside("mine").display().to_string();
    countersign(&["catalog", "import", "oscal", file.to_str().unwrap(), "--to", &to, "--id", "garden"]).fine();
    let settings = installation.data().join("countersign.toml");
    let without = std::fs::read_to_string(&settings).unwrap();
    std::fs::write(&settings, format!("[catalog]\nfolders = [{to:?}]\n")).unwrap();
    installation.run(&["org", "add", "shop", "--frameworks", "garden,cmmc-l1"]).fine();
    installation.run(&["report", "--org", "shop"]).fine();
    std::fs::write(&settings, without).unwrap();

    let words = ["garden is a framework of shop, but the catalog no longer has it", "under [catalog]"];
    for command in [
        &["report", "--org", "shop", "--framework", "garden"] as &[&str],
        &["package", "--org", "shop", "--framework", "garden"],
        &["status", "--org", "shop", "--framework", "garden"],
        &["findings", "--org", "shop", "garden"],
        &["attest", "garden", "WA-1", "--org", "shop", "--statement", "It is so.", "--by", "sam"],
    ] {
        let told = installation.run(command).ends(2);
        assert!(words.iter().all(|words| told.stderr.contains(words)), "{command:?}: {told:#?}");
    }
    let told = installation.run(&["report", "--org", "shop"]).ends(2);
    assert!(told.stdout.contains("cmmc-l1-readiness.html") && !told.stdout.contains("garden"), "{told:#?}");
    assert!(words.iter().all(|words| told.stderr.contains(words)), "{told:#?}");
    let told = installation.run(&["status", "--org", "shop"]).fine();
    assert!(words.iter().all(|words| told.stderr.contains(words)), "{told:#?}");
}

#[cfg(unix)]
#[test]
fn an_error_that_nobody_reads_ends_with_the_code_of_an_error_and_not_in_a_panic() {
    let desk = Desk::new();
    let missing = desk.path("missing.json").display().to_string();
    let command = || {
        let mut command = program(env!("CARGO_BIN_EXE_countersign"));
        command.args(["catalog", "import", "oscal", &missing]);
        command
    };
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full");
    if let Ok(full) = full {
        assert_eq!(command().stderr(full).status().unwrap().code(), Some(2), "a full disk");
    }
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    assert_eq!(command().stderr(writer).status().unwrap().code(), Some(2), "a reader that went away");
}
