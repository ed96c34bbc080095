use proptest::prelude::*;
use serde_json::{Value, json};

use super::{MAX_CONTROLS, OfficialCatalog, OscalError, folder, read};
use crate::catalog::Catalog;
use crate::catalog::files::FileSet;

/// An invented catalog in the form NIST uses.
fn kitchen() -> Value {
    json!({"catalog": {
        "uuid": "8a6f0b3c-0000-4000-8000-000000000001",
        "metadata": {"title": "Kitchen Rules", "version": "7", "oscal-version": "1.1.2", "last-modified": "2026-01-01T00:00:00Z"},
        "groups": [{"id": "kn", "title": "Knives", "controls": [
            {"id": "kn-1", "title": "Sharp Tools",
             "params": [{"id": "kn-1_prm_1", "label": "a number of days"},
                        {"id": "kn-1_prm_2", "select": {"choice": ["daily", "every {{ insert: param, kn-1_prm_1 }}"]}}],
             "props": [{"name": "label", "value": "KN-01", "class": "zero-padded"}, {"name": "label", "value": "KN-1"}],
             "links": [{"href": "#kn-2", "rel": "related"}],
             "parts": [
                {"id": "kn-1_smt", "name": "statement", "prose": "Look after knives:", "parts": [
                    {"id": "kn-1_smt.a", "name": "item", "props": [{"name": "label", "value": "a."}],
                     "prose": "Sharpen them {{ insert: param, kn-1_prm_2 }}."}]},
                {"id": "kn-1_obj", "name": "assessment-objective", "props": [{"name": "label", "value": "KN-1"}], "parts": [
                    {"id": "kn-1_obj.a", "name": "assessment-objective", "props": [{"name": "label", "value": "KN-1[a]"}],
                     "prose": "knives are sharp"},
                    {"id": "kn-1_obj.b", "name": "assessment-objective", "prose": "knives are counted"}]}],
             "controls": [{"id": "kn-1.1", "title": "Bread Knives",
                "props": [{"name": "label", "value": "KN-1(1)"}, {"name": "status", "value": "withdrawn"}]}]},
            {"id": "kn-2", "title": "Blunt Tools", "links": [{"href": "#kn-1", "rel": "related"}]}]}],
        "back-matter": {"resources": [
            {"uuid": "a", "rlinks": [{"href": "#b"}]}, {"uuid": "b", "rlinks": [{"href": "#a"}]}]},
    }})
}

fn read_value(value: &Value) -> Result<OfficialCatalog, OscalError> {
    read(&serde_json::to_vec(value).unwrap())
}

fn refusal(value: &Value) -> String {
    read_value(value).unwrap_err().to_string()
}

fn changed(pointer: &str, to: Value) -> Value {
    let mut value = kitchen();
    *value.pointer_mut(pointer).unwrap() = to;
    value
}

#[test]
fn a_catalog_is_read_with_labels_enhancements_objectives_and_inserted_parameters() {
    let catalog = read_value(&kitchen()).unwrap();
    assert_eq!((catalog.title.as_str(), catalog.version.as_str()), ("Kitchen Rules", "7"));
    let [knives] = catalog.families.as_slice() else { panic!("{catalog:?}") };
    let ids: Vec<&str> = knives.controls.iter().map(|control| control.id.as_str()).collect();
    assert_eq!(ids, ["KN-1", "KN-1(1)", "kn-2"]);
    let [sharp, bread, _] = knives.controls.as_slice() else { panic!("{knives:?}") };
    assert_eq!(sharp.oscal_id, "kn-1");
    assert_eq!(sharp.text, "Look after knives:\n  a. Sharpen them [choose: daily; every [a number of days]].\n");
    let objectives: Vec<_> = sharp.objectives.iter().map(|one| (one.id.as_str(), one.text.trim())).collect();
    assert_eq!(objectives, [("KN-1[a]", "knives are sharp"), ("kn-1_obj.b", "knives are counted")]);
    assert!(bread.withdrawn && !sharp.withdrawn);
    assert_eq!(bread.part_of.as_ref(), Some(&sharp.id));
}

#[test]
fn versions_1_1_and_1_2_are_read_and_no_others() {
    for version in ["1.1.0", "1.1.3", "1.2.0", "1.2"] {
        assert!(read_value(&changed("/catalog/metadata/oscal-version", json!(version))).is_ok(), "{version}");
    }
    for version in ["1.0.0", "1.10.0", "1.20", "2.0.0", "", "latest"] {
        let said = refusal(&changed("/catalog/metadata/oscal-version", json!(version)));
        assert!(said.contains(&format!("`{version}`")), "{said}");
    }
}

#[test]
fn what_is_no_oscal_catalog_in_json_is_refused_with_the_reason() {
    for (bytes, word) in [
        (b"<?xml version=\"1.0\"?><!DOCTYPE c [<!ENTITY a \"b\">]><catalog/>" as &[u8], "XML"),
        (b"\n\nnot json", "line 3"),
        (b"", "line 1"),
        (b"{\"profile\": {}}", "catalog"),
        (b"[]", "line 1"),
        (b"\xff\xfe", "line 1"),
    ] {
        let said = read(bytes).unwrap_err().to_string();
        assert!(said.contains(word), "{said}");
    }
}

#[test]
fn a_catalog_cut_at_any_byte_is_refused() {
    let whole = serde_json::to_vec(&kitchen()).unwrap();
    for end in 0..whole.len() {
        assert!(read(&whole[..end]).is_err(), "cut after {end} bytes");
    }
}

#[test]
fn a_double_id_is_refused_with_both_places() {
    let said = refusal(&changed("/catalog/groups/0/controls/1/id", json!("kn-1")));
    assert!(said.contains("/catalog/groups/0/controls/1:") && said.contains("/catalog/groups/0/controls/0"), "{said}");
    let said = refusal(&changed("/catalog/groups/0/controls/0/params/1/id", json!("kn-1_prm_1")));
    assert!(said.contains("parameter") && said.contains("params/1"), "{said}");
}

#[test]
fn parameters_that_insert_each_other_are_refused_and_named() {
    let said =
        refusal(&changed("/catalog/groups/0/controls/0/params/0/label", json!("{{ insert: param, kn-1_prm_2 }}")));
    assert!(said.contains("kn-1_prm_1") && said.contains("kn-1_prm_2"), "{said}");
}

#[test]
fn a_parameter_bomb_is_refused_at_once_whether_its_text_grows_or_not() {
    for seed in ["", "boom"] {
        let mut params = vec![json!({"id": "p0", "values": [seed]})];
        for level in 1..23 {
            let twice = format!("{{{{ insert: param, p{} }}}}", level - 1).repeat(4);
            params.push(json!({"id": format!("p{level}"), "values": [twice]}));
        }
        let mut value = changed("/catalog/groups/0/controls/0/params", json!(params));
        value["catalog"]["groups"][0]["controls"][0]["parts"][0]["prose"] = json!("{{ insert: param, p22 }}");
        assert!(refusal(&value).contains("too long"));
    }
}

#[test]
fn too_many_controls_and_too_deep_ones_are_refused_with_a_pointer() {
    let many: Vec<Value> = (0..=MAX_CONTROLS).map(|at| json!({"id": format!("c-{at}"), "title": "C"})).collect();
    assert!(refusal(&changed("/catalog/groups/0/controls", json!(many))).contains("/controls/5000"));
    let mut deep = json!({"id": "d", "title": "D"});
    for at in 0..30 {
        deep = json!({"id": format!("d{at}"), "title": "D", "controls": [deep]});
    }
    assert!(refusal(&changed("/catalog/groups/0/controls", json!([deep]))).contains("levels deep"));
    let brackets = format!("{{\"catalog\": {}", "[".repeat(1_000_000));
    assert!(read(brackets.as_bytes()).is_err());
    assert_eq!(refusal(&changed("/catalog/groups", json!([]))), "/catalog: the catalog has no controls");
}

#[test]
fn an_id_that_could_leave_its_folder_is_refused() {
    assert!(refusal(&changed("/catalog/groups/0/controls/1/id", json!("../x"))).contains("`../x`"));
}

fn loaded(files: &folder::Files) -> Catalog {
    let set = files.iter().fold(FileSet::embedded(), |set, (path, text)| set.with_file(path, text.as_bytes()));
    Catalog::load(&set).unwrap()
}

#[test]
fn an_imported_catalog_loads_as_a_framework_with_its_texts_apart() {
    let files = folder::framework(&read_value(&kitchen()).unwrap(), &"kitchen".parse().unwrap());
    assert!(!files["controls/kitchen/group-01.yaml"].contains("Sharpen"), "texts stay in their own file");
    let catalog = loaded(&files);
    let framework = catalog.framework("kitchen").unwrap();
    assert_eq!((framework.controls.len(), framework.objective_count()), (3, 2));
    assert!(framework.controls[0].official.as_ref().unwrap().contains("Sharpen them"));
    assert!(!framework.controls[1].assessable, "a withdrawn control is not judged");
    assert_eq!(catalog.templates.keys().filter(|(id, _)| id.as_str() == "kitchen").count(), 3);
}

#[test]
fn texts_stand_beside_controls_of_the_very_same_id_and_never_of_another_revision() {
    let official = read_value(&changed("/catalog/groups/0/controls/0/props/1/value", json!("3.1.1"))).unwrap();
    let ours = Catalog::embedded().unwrap();
    let level_two = ours.framework("cmmc-l2").unwrap();
    let (files, found) = folder::beside(&official, level_two);
    assert_eq!(found, 1);
    let catalog = loaded(&files);
    let control = &catalog.framework("cmmc-l2").unwrap().controls[0];
    assert!(control.official.as_ref().unwrap().contains("Sharpen them"));
    let third = read_value(&changed("/catalog/groups/0/controls/0/props/1/value", json!("03.01.01"))).unwrap();
    assert_eq!(folder::beside(&third, level_two).1, 0);
}

#[test]
fn a_text_for_a_control_that_is_not_there_is_a_fault_with_its_line() {
    let set = FileSet::embedded().with_file("controls/cmmc-l2/texts/mine.yaml", "AC.L2-3.1.1: a\nAC.L2-9.9.9: b\n");
    let faults = Catalog::load(&set).unwrap_err().to_string();
    assert!(faults.contains("texts/mine.yaml:2: there is no control with the id `AC.L2-9.9.9`"), "{faults}");
}

proptest! {
    #[test]
    fn no_bytes_make_reading_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let _ = read(&bytes);
    }

    #[test]
    fn no_damage_to_a_catalog_makes_reading_panic(at in any::<prop::sample::Index>(), many in 0usize..40, with in ".{0,20}") {
        let mut bytes = serde_json::to_vec(&kitchen()).unwrap();
        let at = at.index(bytes.len());
        let end = (at + many).min(bytes.len());
        bytes.splice(at..end, with.into_bytes());
        let _ = read(&bytes);
    }

    #[test]
    fn no_prose_makes_inserting_panic(prose in "(\\{\\{|\\}\\}| insert: param,|kn-1_prm_2|.){0,12}") {
        let value = changed("/catalog/groups/0/controls/0/parts/0/prose", json!(prose));
        let _ = read_value(&value);
    }
}

#[test]
fn a_catalog_of_more_groups_than_a_folder_may_hold_files_stays_one_that_is_read() {
    let groups: Vec<Value> = (0..1_000)
        .map(|at| json!({"id": format!("g{at}"), "title": format!("G{at}"), "controls": [{"id": format!("c-{at}"), "title": "T"}]}))
        .collect();
    let official = read_value(&changed("/catalog/groups", json!(groups))).unwrap();
    let id = "imp".parse().unwrap();
    let files = folder::framework(&official, &id);
    assert!(files.len() < 20, "{:?}", files.keys());
    let set = files.iter().fold(FileSet::embedded(), |set, (path, text)| set.with_file(path, text.as_bytes()));
    let catalog = Catalog::load(&set).unwrap_or_else(|faults| panic!("{faults}"));
    let controls = &catalog.frameworks[&id].controls;
    assert_eq!((controls.len(), controls[999].id.as_str(), controls[999].family.as_str()), (1_000, "c-999", "G999"));
}

#[test]
fn texts_of_other_controls_stand_in_files_of_other_names_and_a_fault_names_the_control() {
    let level_two = "cmmc-l2".parse().unwrap();
    let embedded = Catalog::embedded().unwrap();
    let texts = |control: &str| {
        let official = read_value(&changed("/catalog/groups/0/controls/0/props/1/value", json!(control))).unwrap();
        folder::beside(&official, &embedded.frameworks[&level_two]).0
    };
    let (one, other) = (texts("3.1.1"), texts("3.1.2"));
    let add = |set: FileSet, files: &folder::Files| {
        files.iter().fold(set, |set, (path, text)| set.with_file(path, text.as_bytes()))
    };
    let both = Catalog::load(&add(add(FileSet::embedded(), &one), &other)).unwrap_or_else(|faults| panic!("{faults}"));
    let official = |name: &str| both.control(&level_two, name).unwrap().official.is_some();
    assert!(official("3.1.1") && official("3.1.2") && !official("3.1.3"));
    let (path, _) = other.first_key_value().unwrap();
    assert_eq!(folder::place_of(&other, path, Some(2)).unwrap(), "the control `AC.L2-3.1.2`");
    assert_eq!(folder::place_of(&other, path, None).unwrap(), "the control `AC.L2-3.1.2`");
    assert_eq!(folder::place_of(&other, "controls/x.yaml", None), None);
    let files = folder::framework(&read_value(&kitchen()).unwrap(), &"imp".parse().unwrap());
    let (path, text) = files.iter().find(|(path, _)| path.ends_with("imp/group-01.yaml")).unwrap();
    let line = text.lines().position(|line| line.contains("Blunt Tools")).unwrap() as u64 + 1;
    assert_eq!(folder::place_of(&files, path, Some(line)).unwrap(), "the control `kn-2`");
    assert_eq!(folder::place_of(&files, path, None).unwrap(), "the controls `KN-1` to `kn-2`");
}

#[test]
fn what_is_no_catalog_is_told_without_the_words_of_a_programmer() {
    for (text, words) in [
        ("[]", "a list stands here where an object is expected"),
        ("{\"catalog\": \"x\"}", "expected an object"),
        ("{\"catalog\": {\"metadata\": {\"title\": \"a\", \"title\": \"b\"}}}", "`title` is there twice in one object"),
        ("{\"profile\": {}}", "`catalog` is missing"),
    ] {
        let told = read(text.as_bytes()).unwrap_err().to_string();
        assert!(told.contains(words) && !told.contains("struct") && !told.contains("cut"), "{told}");
    }
    assert!(read(b"{\"catalog\": {").unwrap_err().to_string().contains("take the file again if it was cut"));
}
