//! Service providers: what is kept of them, and what falls due.

use serde_json::Value;

use crate::forms::{DANA, FAR_AWAY, with_dana};
use crate::support::command::ORG;

#[test]
fn service_providers_are_kept_with_what_falls_due_and_what_cmmc_asks_of_them() {
    let installation = with_dana();
    let provider = |arguments: &[&str]| {
        let command = ["provider", "add", "card-host", "--org", ORG, "--by", DANA];
        installation.run(&[&command[..], arguments].concat())
    };
    provider(&["--agreement", FAR_AWAY, "--document-until", FAR_AWAY, "--service", "\u{7}"]).refused(&[
        "its name (--name) is missing",
        "which party looks after it (--managed-by) is missing",
        "what it does must have",
        "the day of the agreement is still to come",
        "no document is given",
    ]);
    let name = "Card Host <i>\u{202e}GmbH";
    provider(&["--name", name, "--service", "Web shop", "--managed-by", "provider", "--cloud", "--handles", "cui"])
        .fine();
    let other = installation.run(&["provider", "list", "--org", ORG, "--json"]).fine().list();
    assert_eq!(other[0]["due"], serde_json::json!([]), "12.8 asks only of those that get card data");
    provider(&["--handles", "cui", "--handles", "card_data"]).fine();
    provider(&["--document", "plan.pdf"]).fine();
    let words = installation.run(&["provider", "list", "--org", ORG]).fine().stdout;
    assert!(words.contains("end not said: Card Host") && words.contains("nobody said until when"), "{words:?}");
    assert!(words.contains("never done: Card Host"), "{words:?}");
    provider(&["--checked", "2026-03-01", "--document", "matrix.pdf", "--document-until", FAR_AWAY]).fine();
    let listed = installation.run(&["provider", "list", "--org", ORG, "--json"]).fine().list();
    let [one] = listed.as_slice() else { panic!("{listed:#?}") };
    assert_eq!((one["name"].as_str(), one["document"]["name"].as_str()), (Some(name), Some("matrix.pdf")));
    assert!(one["cmmc"].as_str().unwrap().contains("FedRAMP"), "{one:#}");
    let due: Vec<(&str, &Value)> =
        one["due"].as_array().unwrap().iter().map(|due| (due["paragraph"].as_str().unwrap(), &due["on"])).collect();
    assert!(due.contains(&("PCI DSS 12.8.2", &Value::Null)), "{due:?}");
    assert!(due.contains(&("PCI DSS 12.8.4", &"2027-03-01".into())), "{due:?}");
    let words = installation.run(&["provider", "list", "--org", ORG]).fine().stdout;
    assert!(words.contains("missing: Card Host") && !words.contains('\u{202e}'), "{words:?}");
    assert!(words.contains("CMMC: Card Host") && words.contains("FedRAMP"), "{words:?}");

    let remove = ["provider", "remove", "card-host", "--org", ORG, "--by", DANA, "--because", "Moved."];
    installation.run(&remove).fine();
    installation.run(&remove).refused(&["there is no provider `card-host`"]);
    assert!(installation.run(&["provider", "list", "--org", ORG, "--json"]).fine().list().is_empty());
    assert_eq!(installation.run(&["provider", "list", "--all", "--org", ORG, "--json"]).fine().list().len(), 1);
    installation.run(&["verify"]).fine();
}
