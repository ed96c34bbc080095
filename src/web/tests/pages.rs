//! Every page of a firm that was read once, whose every name is hostile, beside a firm that nobody has read.

use std::collections::{BTreeSet, VecDeque};

use reqwest::StatusCode;

use super::{HOSTILE, Site};
use crate::catalog::Catalog;
use crate::model::evidence::Source;
use crate::model::id::GapId;
use crate::model::organization::Organization;
use crate::model::responsibility::EngagementModel;
use crate::pipeline::enrol::{OrganizationRequest, add_organization};
use crate::pipeline::{self, RunRequest};
use crate::schedule::tests::Installation;
use crate::store::{NewConnection, OrgScope};

pub(super) const FIRM: &str = "/organizations/quarry-works";
const OTHER: &str = "/organizations/pine-hill-clinic";

/// Quarry Works has a hostile name and a host of a hostile name, on which one check fails and one dataset is refused.
pub(super) struct Story {
    pub here: Installation,
    pub firm: Organization,
    site: Site,
}

impl Story {
    pub async fn told() -> Self {
        let mut catalog = Catalog::embedded().unwrap();
        catalog.collectors.retain(|id, collector| {
            collector.source == Source::Import || id.as_str() == "linux/host_identity" || id.as_str() == "linux/sysctl"
        });
        let settings = catalog.collectors.get_mut(&"linux/sysctl".parse().unwrap()).unwrap();
        settings.command.as_mut().unwrap().shell = "echo net.ipv4.tcp_syncookies = 0".to_owned();
        let refused = catalog.collectors.get_mut(&"linux/host_identity".parse().unwrap()).unwrap();
        refused.command.as_mut().unwrap().shell = "echo '<img src=x> \u{202E}no' >&2; exit 9".to_owned();
        let frameworks = ["cmmc-l2", "hipaa-security", "pci-dss-4.0.1"].map(|id| id.parse().unwrap()).to_vec();
        let here = Installation::of(catalog, frameworks.clone()).await;
        let request = OrganizationRequest {
            slug: "quarry-works".parse().unwrap(),
            name: format!("{HOSTILE}{}", "W".repeat(300)),
            model: EngagementModel::CoManaged,
            frameworks,
            time_zone: "Europe/London".to_owned(),
            settings: serde_json::json!({}),
        };
        let firm = add_organization(&here.app, request).await.unwrap();
        let target = HOSTILE.to_owned();
        let new = NewConnection { source: Source::Host, target, settings: serde_json::json!({}), secret: None };
        let scope = OrgScope::of(&firm);
        here.app.store.add_connection(&scope, &new, "2026-11-23".parse().unwrap()).await.unwrap();
        let request = RunRequest { cause: "collect".to_owned(), ..RunRequest::default() };
        pipeline::run(&here.app, &firm, &request, &|_| {}).await.unwrap();
        let site = Site::of(here.app.clone()).await.let_in().await;
        Self { here, firm, site }
    }

    pub async fn ok(&self, path: &str) -> String {
        let (status, page) = self.site.get(path).await;
        assert_eq!(status, StatusCode::OK, "{path}: {page}");
        page
    }

    async fn refused(&self, path: &str, with: StatusCode) {
        let (status, page) = self.site.get(path).await;
        assert_eq!(status, with, "{path}");
        assert!(page.contains("<h1>"), "{path}: {page}");
    }

    pub async fn gap(&self) -> GapId {
        self.here.app.store.gaps(&OrgScope::of(&self.firm)).await.unwrap()[0].id
    }
}

/// Addresses on this site that a page links to.
fn links(page: &str) -> BTreeSet<String> {
    let all = page.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next());
    all.filter(|link| link.starts_with('/')).map(|link| link.replace("&amp;", "&")).collect()
}

#[tokio::test]
async fn every_link_leads_to_a_page_and_no_name_becomes_markup() {
    let story = Story::told().await;
    let mut kinds = BTreeSet::new();
    let (mut seen, mut open) = (BTreeSet::from(["/".to_owned()]), VecDeque::from(["/".to_owned()]));
    // One page of each kind of address is read; what it links to is read in turn.
    while let Some(path) = open.pop_front() {
        let page = story.ok(&path).await;
        assert!(!page.contains("<script") && !page.contains("<img"), "{path}");
        assert!(!page.contains("style=\"") && !page.contains("<form"), "the policy would block it: {path}");
        if path.starts_with("/assets/") {
            continue;
        }
        let headings = page.matches("<h1").count();
        assert!(path == "/" || headings == 1, "{path}: {headings} first headings");
        assert_eq!(page.matches("<table").count(), page.matches("<caption").count(), "a table without caption: {path}");
        for link in links(&page) {
            // Numbers, ids and choices make no new kind of page.
            let kind: String = link
                .split(['/', '?', '='])
                .map(|part| if part.contains(|letter: char| letter.is_ascii_digit()) { "#" } else { part })
                .collect::<Vec<_>>()
                .join("/");
            if kinds.insert(kind) && seen.insert(link.clone()) {
                open.push_back(link);
            }
        }
    }
    for page in ["frameworks", "controls", "responsibilities", "gaps", "evidence", "runs", "verification"] {
        assert!(seen.iter().any(|path| path.contains(page)), "nothing leads to {page}: {seen:?}");
    }
    let asked = format!("{FIRM}/gaps/{}", story.gap().await);
    assert!(story.ok(&asked).await.contains("&lt;script&gt;alert"), "the target is not shown");
}

#[tokio::test]
async fn nothing_of_one_organization_is_found_under_another() {
    let story = Story::told().await;
    let scope = OrgScope::of(&story.firm);
    let gap = story.gap().await;
    let run = story.here.app.store.latest_runs(&scope, "2100-01-01".parse().unwrap(), 1).await.unwrap()[0].id;
    let leaf = story.here.app.store.head(&scope).await.unwrap().unwrap().size - 1;
    for part in [format!("gaps/{gap}"), format!("runs/{run}"), format!("evidence/{leaf}")] {
        story.ok(&format!("{FIRM}/{part}")).await;
        story.refused(&format!("{OTHER}/{part}"), StatusCode::NOT_FOUND).await;
    }
    // A number that both ledgers have is a record of each.
    assert_ne!(story.ok(&format!("{FIRM}/evidence/1")).await, story.ok(&format!("{OTHER}/evidence/1")).await);
    for list in ["gaps?state=open", "evidence", "evidence?all=true", "runs", "verification"] {
        let page = story.ok(&format!("{OTHER}/{list}")).await;
        assert!(!page.contains("&lt;script"), "{list} shows another firm's target or name");
        assert!(!page.contains(&run.to_string()) && !page.contains(&gap.to_string()), "{list}");
    }
}

#[tokio::test]
async fn what_does_not_exist_is_not_found_and_a_choice_that_makes_no_sense_is_said_to_be_none() {
    let story = Story::told().await;
    for part in [
        "frameworks/soc-2",
        "frameworks/hipaa-breach",
        "frameworks/%3Cscript%3E",
        "frameworks/cmmc-l2/controls/99.9",
        "frameworks/cmmc-l2/controls/%00",
        "responsibilities/hipaa-breach",
        "gaps/7",
        "gaps/00000000-0000-0000-0000-000000000007",
        "evidence/999999",
        "evidence/-1",
        "evidence/99999999999999999999999",
        "runs/x",
        "runs/00000000-0000-0000-0000-000000000007",
        "controls",
    ] {
        story.refused(&format!("{FIRM}/{part}"), StatusCode::NOT_FOUND).await;
    }
    story.refused("/organizations/nobody/gaps", StatusCode::NOT_FOUND).await;
    story.refused("/organizations/UPPER/evidence", StatusCode::NOT_FOUND).await;
    for part in [
        "frameworks/cmmc-l2?status=fine",
        "frameworks/cmmc-l2?as_of=yesterday",
        "frameworks/cmmc-l2/controls/AC.L2-3.1.1?as_of=1",
        "responsibilities/cmmc-l2?party=everybody",
        "gaps?severity=terrible",
        "evidence?before=x",
        "evidence?dataset=..%2F..",
        "runs?before=soon",
    ] {
        story.refused(&format!("{FIRM}/{part}"), StatusCode::BAD_REQUEST).await;
    }
}

#[tokio::test]
async fn a_choice_shows_as_many_rows_as_it_says() {
    let story = Story::told().await;
    let path = format!("{FIRM}/frameworks/hipaa-security");
    let whole = story.ok(&path).await;
    // What the law makes of it, above the list, stays as it is whatever is chosen.
    let listed = |page: &str| {
        let (_, list) = page.split_once("<h2>Controls</h2>").unwrap();
        list.matches("<th scope=\"row\">").count()
    };
    let choices: Vec<String> = links(&whole).into_iter().filter(|link| link.contains("status=")).collect();
    assert!(choices.len() >= 4, "{choices:?}");
    let mut shown = 0;
    for choice in &choices {
        let page = story.ok(choice).await;
        let rows = listed(&page);
        let current = page.split("aria-current=\"true\"").nth(1).unwrap();
        let said = current.split("class=\"n\">").nth(1).unwrap().split('<').next().unwrap().to_owned();
        assert_eq!(said, rows.to_string(), "{choice}");
        shown += rows;
    }
    // Parents are shown when nothing is chosen, and counted by no choice.
    assert!(whole.contains(&format!("of which {shown} are counted")), "{shown}");
    assert!(listed(&whole) > shown);
}

#[tokio::test]
async fn before_the_first_run_there_is_no_evidence_rather_than_a_count_of_nothing() {
    let story = Story::told().await;
    for path in [format!("{FIRM}/frameworks/cmmc-l2?as_of=2026-11-01"), format!("{OTHER}/frameworks/cmmc-l2")] {
        let page = story.ok(&path).await;
        assert!(page.contains("No evidence then."), "{path}");
        assert!(page.contains("110 controls"), "{path}");
    }
    let now = story.ok(&format!("{FIRM}/frameworks/cmmc-l2")).await;
    assert!(!now.contains("No evidence then.") && !now.contains("As it was known"));
    let then = story.ok(&format!("{FIRM}/frameworks/cmmc-l2?as_of=2026-11-01")).await;
    assert!(then.contains("As it was known at 2026-11-01 23:59 UTC"));
    assert!(
        links(&then)
            .iter()
            .any(|link| link.contains("controls/") && link.ends_with("as_of=2026-11-01T23%3A59%3A59.999999Z")),
        "links leave that moment"
    );
    let gaps = story.ok(&format!("{FIRM}/gaps?as_of=2026-11-01")).await;
    assert!(gaps.contains("0 gaps fit this choice"), "{gaps}");
}

#[tokio::test]
async fn a_record_says_what_covers_it_what_read_it_and_which_hash_its_bytes_have() {
    let story = Story::told().await;
    let scope = OrgScope::of(&story.firm);
    let latest = story.here.app.store.latest_evidence(&scope, "2100-01-01".parse().unwrap()).await.unwrap();
    let record = &latest.iter().find(|row| row.sealed.dataset.as_str() == "linux/sysctl").unwrap().sealed;
    let page = story.ok(&format!("{FIRM}/evidence/{}", record.leaf)).await;
    let (head, archive) = story.here.app.store.first_head_over(&scope, record.leaf).await.unwrap().unwrap();
    assert!(record.leaf < head.size);
    for part in [
        &record.record_hash.to_string(),
        &record.artifacts[0].sha256.to_string(),
        &head.root.to_string(),
        &archive,
        "linux/kernel_network_settings",
        "countersign prove --org quarry-works --leaf",
    ] {
        assert!(page.contains(part), "{part} is missing: {page}");
    }
    // A refusal is a record too, with its reason and nothing made of it.
    let refused = &latest.iter().find(|row| row.sealed.dataset.as_str() == "linux/host_identity").unwrap().sealed;
    let page = story.ok(&format!("{FIRM}/evidence/{}", refused.leaf)).await;
    assert!(page.contains("failed") && page.contains("&lt;img src=x&gt;"), "{page}");
}

#[tokio::test]
async fn a_run_says_in_plain_words_what_was_not_collected_and_who_can_help() {
    let story = Story::told().await;
    let scope = OrgScope::of(&story.firm);
    let run = story.here.app.store.latest_runs(&scope, "2100-01-01".parse().unwrap(), 1).await.unwrap()[0].id;
    let page = story.ok(&format!("{FIRM}/runs/{run}")).await;
    for part in ["What would help", "could not be read", "Who: ", "&lt;img src=x&gt;", "countersign collect"] {
        assert!(page.contains(part), "{part} is missing: {page}");
    }
    let list = story.ok(&format!("{FIRM}/runs")).await;
    assert!(list.contains("1 run, newest first") && list.contains(&run.to_string()));
}

#[tokio::test]
async fn verification_is_a_command_and_the_page_claims_nothing() {
    let story = Story::told().await;
    let scope = OrgScope::of(&story.firm);
    let head = story.here.app.store.head(&scope).await.unwrap().unwrap();
    let key = story.here.app.verifying_key(&scope).await.unwrap();
    let page = story.ok(&format!("{FIRM}/verification")).await;
    let data = story.here.app.data.path().display().to_string();
    for part in [&head.root.to_string(), &key.fingerprint(), &key.vkey(), &format!("countersign verify --data {data}")]
    {
        assert!(page.contains(part.as_str()), "{part} is missing: {page}");
    }
    assert!(page.contains("This page verifies nothing."));
    for claim in ["is verified", "was verified", "unaltered", "authentic"] {
        assert!(!page.contains(claim), "it claims to be {claim}");
    }
}

#[tokio::test]
async fn lists_end_and_lead_to_the_rest() {
    let story = Story::told().await;
    let request = RunRequest { cause: "collect".to_owned(), ..RunRequest::default() };
    for _ in 0..26 {
        pipeline::run(&story.here.app, &story.firm, &request, &|_| {}).await.unwrap();
    }
    // 27 runs of two datasets.
    let first = story.ok(&format!("{FIRM}/evidence?all=true")).await;
    assert!(first.contains("50 records"), "{first}");
    let older = links(&first).into_iter().find(|link| link.contains("before=")).expect("no link to older records");
    let rest = story.ok(&older).await;
    assert!(rest.contains("4 records") && !links(&rest).iter().any(|link| link.contains("before=")), "{rest}");
    let narrowed = story.ok(&format!("{FIRM}/evidence?all=true&dataset=linux/sysctl")).await;
    assert!(narrowed.contains("27 records") && !narrowed.contains("linux/host_identity"));
    let newest = story.ok(&format!("{FIRM}/evidence")).await;
    assert!(newest.contains("2 records"));
}
