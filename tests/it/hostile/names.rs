//! Names from a tenant are text and nothing else: not markup, not direction, not a formula, not a terminal command.

use countersign::demo::tenant::firm::Firm;
use countersign::demo::tenant::throttle::Throttle;
use countersign::demo::tenant::{Tenant, TenantOptions};

use crate::support::command::{Installation, ORG};

const MARKUP: &str = "<script>alert('1')</script><img src=x onerror=alert(2)>";
const TURNED: &str = "PC-\u{202e}gnp.exe \u{1f9b7}";
const FORMULA: &str = "=HYPERLINK(\"http://evil.example\",\"open\")";
const STEERING: &str = "PC\u{1b}[2J\u{7}";

#[tokio::test(flavor = "multi_thread")]
async fn names_from_a_tenant_are_shown_as_text_in_reports_and_lists() {
    let mut text = Firm::embedded_text("larkspur").unwrap().to_owned();
    for (known, hostile) in
        [("LDG-XRAY-01", MARKUP), ("LDG-SPARE-02", TURNED), ("LDG-OWNER-01", FORMULA), ("LDG-MAC-DESIGN", STEERING)]
    {
        let known = format!("deviceName: {known},");
        assert!(text.contains(&known));
        text = text.replace(&known, &format!("deviceName: {},", serde_json::json!(hostile)));
    }
    let options = TenantOptions { throttle: Throttle::Off, ..TenantOptions::default() };
    let tenant = Tenant::start(Firm::parse(&text).unwrap(), options).await.unwrap();
    let installation = Installation::new();
    installation.connect(&tenant).fine();
    installation.run(&["collect", "--org", ORG, "m365/managed_devices", "--json"]).fine();

    let written = installation.run(&["report", "--org", ORG, "--framework", "cmmc-l2", "--json"]).fine().list();
    let read = |ending: &str| {
        let path = written.iter().map(|one| one["path"].as_str().unwrap()).find(|path| path.ends_with(ending)).unwrap();
        std::fs::read_to_string(path).unwrap()
    };

    let html = read("-readiness.html");
    assert!(!html.contains("<script") && !html.contains("<img"), "markup of a device name is live");
    assert!(html.contains("&lt;script&gt;"), "the name is not shown at all");
    assert!(html.contains('\u{1f9b7}'), "an emoji was lost");
    for (at, _) in html.match_indices('\u{202e}') {
        let (before, _) = html.split_at(at);
        // `<bdi>` and `dir` both isolate: the text around is not turned.
        let is_isolated = before.rfind("<bdi") > before.rfind("</bdi>")
            || before.rfind("dir=\"auto\"")
                > before.rfind("</span>").max(before.rfind("</p>")).max(before.rfind("</dd>"));
        let nearby = before.rsplit('\n').next().unwrap();
        assert!(is_isolated, "text after the name is turned around: {nearby}");
    }

    let (gaps, controls) = (read("-gaps.csv"), read("-controls.csv"));
    for file in [&gaps, &controls] {
        let mut rows = csv::Reader::from_reader(file.as_bytes());
        for row in rows.records().map(Result::unwrap) {
            for cell in &row {
                assert!(!cell.starts_with(['=', '+', '-', '@', '\t', '\r']), "a spreadsheet would run `{cell}`");
            }
        }
    }
    assert!(gaps.contains("evil.example"), "the name is not there at all");

    let listed = installation.run(&["gap", "list", "--org", ORG]).fine().stdout;
    assert!(listed.contains("script"), "{listed}");
    assert!(!listed.contains(['\u{1b}', '\u{7}', '\u{202e}']), "a name steers the terminal: {listed:?}");
    let json = installation.run(&["gap", "list", "--org", ORG, "--json"]).fine().list();
    let resources = json.iter().flat_map(|gap| gap["resources"].as_array().unwrap()).filter_map(|one| one.as_str());
    let resources: Vec<&str> = resources.collect();
    for name in [MARKUP, TURNED, FORMULA, STEERING] {
        assert!(resources.contains(&name), "JSON keeps names as they are: {name:?} in {resources:?}");
    }
}

#[test]
fn a_formula_in_a_task_is_text_in_the_matrix_of_a_spreadsheet() {
    let installation = Installation::new();
    let path = "controls/responsibilities/co-managed/hipaa-breach.yaml";
    let shipped = std::fs::read_to_string(std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap();
    let hostile = serde_json::json!("=cmd|' /C calc'!A0").to_string();
    let (before, rest) = shipped.split_once("internal_tasks: ").unwrap();
    let (_, after) = rest.split_once('\n').unwrap();
    let changed = format!("# override: a story\n{before}internal_tasks: {hostile}\n{after}");
    installation.file(&format!("extra/{path}"), changed);
    let folders = format!("[catalog]\nfolders = [{:?}]\n", installation.beside("extra"));
    std::fs::write(installation.data().join("countersign.toml"), folders).unwrap();
    installation.run(&["org", "add", "fabrikam", "--name", "@SUM(1)", "--frameworks", "hipaa-breach"]).fine();

    let written = installation.run(&["report", "--org", "fabrikam", "--json"]).fine().list();
    let paths = written.iter().map(|one| one["path"].as_str().unwrap());
    let matrix = paths.clone().find(|path| path.ends_with("-responsibilities.csv")).unwrap();
    let mut rows = csv::Reader::from_path(matrix).unwrap();
    let column = rows.headers().unwrap().iter().position(|name| name == "internal_tasks").unwrap();
    let cells: Vec<String> = rows.records().map(|row| row.unwrap()[column].to_owned()).collect();
    assert!(cells.iter().any(|cell| cell == "'=cmd|' /C calc'!A0"), "{cells:?}");
    assert!(!cells.iter().any(|cell| cell.starts_with('=')), "{cells:?}");
}
