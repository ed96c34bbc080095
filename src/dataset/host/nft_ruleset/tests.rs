use serde_json::{Value, json};

use super::parse;

fn ruleset(policy: &str, more: &str) -> Vec<Value> {
    let text = format!(
        r#"{{"nftables": [{{"metainfo": {{"version": "1.0.6", "json_schema_version": 1}}}},
        {{"table": {{"family": "inet", "name": "f", "handle": 1}}}},
        {{"chain": {{"family": "inet", "table": "f", "name": "in", "type": "filter", "hook": "input", "prio": 0,
            "policy": "{policy}"}}}},
        {{"chain": {{"family": "inet", "table": "f", "name": "zone", "handle": 4}}}}{more}]}}"#
    );
    parse(text.as_bytes()).unwrap().rows
}

fn rule(chain: &str, expression: &str) -> String {
    format!(r#",{{"rule": {{"family": "inet", "table": "f", "chain": "{chain}", "expr": [{expression}]}}}}"#)
}

fn end(policy: &str, expressions: &[&str]) -> (Value, Value) {
    let rules: String = expressions.iter().map(|expression| rule("in", expression)).collect();
    let row = ruleset(policy, &rules).remove(0);
    (row["end"].clone(), row["wide_openings"].clone())
}

#[test]
fn a_real_ruleset_that_drops_by_policy_is_read_with_its_exceptions() {
    let rows = parse(include_bytes!("../../../../collectors/linux/nftables/sample/stdout")).unwrap().rows;
    let input = rows.iter().find(|row| row["hook"] == "input").unwrap();
    assert_eq!(
        input,
        &json!({"family": "inet", "table": "filter", "chain": "input", "type": "filter", "hook": "input",
            "priority": 0, "policy": "drop", "rules": 6, "dormant": false, "end": "drop", "wide_openings": []})
    );
    assert_eq!(rows.iter().find(|row| row["hook"] == "output").unwrap()["end"], "accept");
}

#[test]
fn rules_made_by_iptables_show_states_that_nft_cannot_read() {
    let output = include_bytes!("../../../../collectors/linux/nftables/sample/made_by_iptables.json");
    let rows = parse(output).unwrap().rows;
    assert_eq!(rows[0]["end"], "drop");
    assert_eq!(rows[0]["wide_openings"], json!(["connections in states that nft does not show"]));
}

#[test]
fn firewalld_denies_by_its_last_rule_though_its_policy_accepts() {
    let chains = r#",{"chain": {"family": "inet", "table": "f", "name": "trusted", "handle": 5}}"#;
    let zone = |target: &str| rule("zone", &format!(r#"{{"goto": {{"target": "{target}"}}}}"#));
    let last = rule("in", r#"{"reject": {"type": "icmpx", "expr": "admin-prohibited"}}"#);
    let jump = rule("in", r#"{"jump": {"target": "zone"}}"#);
    let public = ruleset("accept", &format!("{jump}{last}")).remove(0);
    assert_eq!(public["end"], "reject");
    let accept = rule("trusted", r#"{"accept": null}"#);
    let trusted = ruleset("accept", &format!("{chains}{jump}{}{accept}{last}", zone("trusted"))).remove(0);
    assert_eq!(trusted["end"], "accept", "the trusted zone is open");
    let bound = rule(
        "zone",
        r#"{"match": {"op": "==", "left": {"meta": {"key": "iifname"}}, "right": "eth0"}},
            {"goto": {"target": "trusted"}}"#,
    );
    let bound = ruleset("accept", &format!("{chains}{jump}{bound}{accept}{last}")).remove(0);
    assert_eq!((&bound["end"], &bound["wide_openings"]), (&json!("reject"), &json!(["everything from eth0"])));
}

#[test]
fn a_drop_policy_behind_an_open_rule_is_open() {
    let new = r#"{"match": {"op": "in", "left": {"ct": {"key": "state"}}, "right": ["established", "new"]}}, {"accept": null}"#;
    let map = r#"{"vmap": {"key": {"ct": {"key": "state"}}, "data": {"set": [["established", {"accept": null}],
        ["new", {"accept": null}]]}}}"#;
    for open in [r#"{"counter": {"packets": 1, "bytes": 2}}, {"accept": null}"#, new, map] {
        assert_eq!(end("drop", &[open]).0, "accept", "{open}");
    }
}

#[test]
fn whole_interfaces_and_protocols_are_named() {
    let from = r#"{"match": {"op": "!=", "left": {"meta": {"key": "iifname"}}, "right": "lo"}}, {"accept": null}"#;
    let tcp = r#"{"match": {"op": "==", "left": {"meta": {"key": "l4proto"}}, "right": {"set": ["tcp", "udp"]}}}, {"accept": null}"#;
    let map = r#"{"vmap": {"key": {"meta": {"key": "iifname"}}, "data": {"set": [["lo", {"accept": null}],
        ["wg0", {"accept": null}]]}}}"#;
    let (end, wide) = end("drop", &[from, tcp, map]);
    assert_eq!(end, "drop");
    assert_eq!(wide, json!(["all tcp, udp", "everything but what comes from lo", "everything from wg0"]));
}

#[test]
fn what_cannot_be_read_is_unclear_not_closed() {
    for part in [r#"{"xt": null}"#, r#"{"queue": {"num": 0}}"#, r#"{"something new": {}}"#] {
        assert_eq!(end("drop", &[part]).0, "unclear", "{part}");
    }
    let narrow = r#"{"match": {"op": "==", "left": {"payload": {"protocol": "tcp", "field": "dport"}}, "right": 22}}, {"xt": null}"#;
    assert_eq!(end("drop", &[narrow]).0, "drop");
}

#[test]
fn a_dormant_table_is_marked() {
    for flags in [r#""dormant""#, r#"["dormant"]"#] {
        let text = format!(
            r#"{{"nftables": [{{"metainfo": {{}}}}, {{"table": {{"family": "ip", "name": "f", "flags": {flags}}}}},
            {{"chain": {{"family": "ip", "table": "f", "name": "in", "hook": "input", "policy": "drop"}}}}]}}"#
        );
        assert_eq!(parse(text.as_bytes()).unwrap().rows[0]["dormant"], json!(true));
    }
}

#[test]
fn no_rules_are_no_rows_and_a_cut_answer_is_an_error() {
    let none = br#"{"nftables": [{"metainfo": {"version": "1.0.6", "json_schema_version": 1}}]}"#;
    assert!(parse(none).unwrap().rows.is_empty());
    for bad in [&b""[..], b"{}", b"{\"nftables\": []}", b"{\"nftables\": [{\"metainfo\"", b"Operation not permitted"] {
        assert!(parse(bad).is_err());
    }
    let lost =
        br#"{"nftables": [{"metainfo": {}}, {"rule": {"family": "ip", "table": "f", "chain": "in", "expr": []}}]}"#;
    assert!(parse(lost).unwrap_err().to_string().contains("`in`"));
}

#[test]
fn bytes_that_are_no_utf8_in_a_comment_do_not_lose_the_rules() {
    let output = b"{\"nftables\": [{\"metainfo\": {}}, {\"chain\": {\"family\": \"ip\", \"table\": \"f\", \
        \"name\": \"in\", \"hook\": \"input\", \"policy\": \"drop\", \"comment\": \"\xff\"}}]}";
    assert_eq!(parse(output).unwrap().rows[0]["end"], "drop");
}
