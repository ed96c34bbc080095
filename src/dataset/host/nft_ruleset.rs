//! `nft -j list ruleset`: the chains that the kernel calls, one row each, with what they do to a packet that no
//! particular rule speaks of.
//!
//! Rules made by iptables show here with parts that nft cannot read; where such a part decides, the chain's end is
//! `unclear`, and iptables-save tells more.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::filter_chains::{Action, Chains, Condition, Rule};
use super::{ParseError, Parsed};

type TableName = (String, String);

pub(super) fn parse(stdout: &[u8]) -> Result<Parsed, ParseError> {
    let document: Value = serde_json::from_slice(stdout).or_else(|_| lossy(stdout)).map_err(ParseError::Json)?;
    let objects = document.get("nftables").and_then(Value::as_array).ok_or(ParseError::Nothing("list of rules"))?;
    if !objects.iter().any(|object| object.get("metainfo").is_some()) {
        return Err(ParseError::Nothing("version of the tool"));
    }
    let mut dormant = BTreeSet::new();
    let mut base = Vec::new();
    let mut chains: BTreeMap<TableName, Chains> = BTreeMap::new();
    for object in objects {
        if let Some(table) = object.get("table").filter(|table| is_dormant(table)) {
            dormant.insert((text(table, "family")?, text(table, "name")?));
        }
        if let Some(chain) = object.get("chain") {
            let table = (text(chain, "family")?, text(chain, "table")?);
            let name = text(chain, "name")?;
            chains.entry(table.clone()).or_default().add_chain(&name);
            if chain.get("hook").is_some() {
                base.push((table, name, chain));
            }
        }
    }
    for rule in objects.iter().filter_map(|object| object.get("rule")) {
        add_rule(rule, &mut chains)?;
    }
    let rows = base.iter().map(|(table, name, chain)| {
        let fate = chains.get(table).map(|chains| chains.fate(name, chain.get("policy").and_then(Value::as_str)));
        json!({
            "family": table.0,
            "table": table.1,
            "chain": name,
            "type": chain.get("type"),
            "hook": chain.get("hook"),
            "priority": chain.get("prio"),
            "policy": chain.get("policy"),
            "rules": chains.get(table).map_or(0, |chains| chains.count(name)),
            "dormant": dormant.contains(table),
            "end": fate.as_ref().map(|fate| fate.end),
            "wide_openings": fate.map(|fate| fate.wide_openings),
        })
    });
    Ok(Parsed::from(rows.collect::<Vec<_>>()))
}

/// Comments and names may hold any bytes.
fn lossy(stdout: &[u8]) -> Result<Value, serde_json::Error> {
    serde_json::from_str(&String::from_utf8_lossy(stdout))
}

fn text(object: &Value, key: &str) -> Result<String, ParseError> {
    let wrong = "a chain, rule or table has no name";
    let value = object.get(key).and_then(Value::as_str);
    value.map(str::to_owned).ok_or_else(|| ParseError::Item { name: format!("`{key}`"), wrong })
}

/// Old versions print one flag as text, newer ones a list. A dormant table is loaded and does nothing.
fn is_dormant(table: &Value) -> bool {
    match table.get("flags") {
        Some(Value::String(flag)) => flag == "dormant",
        Some(Value::Array(flags)) => flags.iter().any(|flag| flag == "dormant"),
        _ => false,
    }
}

fn add_rule(rule: &Value, chains: &mut BTreeMap<TableName, Chains>) -> Result<(), ParseError> {
    let chain = text(rule, "chain")?;
    let table = (text(rule, "family")?, text(rule, "table")?);
    let no_expression = ParseError::Item { name: format!("a rule of chain `{chain}`"), wrong: "it has no expression" };
    let expression = rule.get("expr").and_then(Value::as_array).ok_or(no_expression)?;
    for rule in read_rule(expression) {
        if !chains.get_mut(&table).is_some_and(|chains| chains.add_rule(&chain, rule)) {
            return Err(ParseError::Item { name: format!("chain `{chain}`"), wrong: "it has rules but is not listed" });
        }
    }
    Ok(())
}

/// One rule, or several where a map of verdicts speaks of new connections or of interfaces.
fn read_rule(expression: &[Value]) -> Vec<Rule> {
    let mut reading = Reading::default();
    let mut rules = Vec::new();
    for statement in expression {
        let Some((name, value)) = statement.as_object().and_then(|object| object.iter().next()) else {
            reading.action = Action::Unclear;
            continue;
        };
        match name.as_str() {
            "vmap" => rules.extend(verdict_map(value, &reading)),
            _ => reading.take(name, value),
        }
    }
    let action = std::mem::replace(&mut reading.action, Action::Nothing);
    rules.push(Rule { condition: reading.condition(), action });
    rules
}

struct Reading {
    wide: Option<String>,
    is_narrow: bool,
    action: Action,
}

impl Default for Reading {
    fn default() -> Self {
        Self { wide: None, is_narrow: false, action: Action::Nothing }
    }
}

impl Reading {
    fn condition(&self) -> Condition {
        match (self.is_narrow, &self.wide) {
            (true, _) => Condition::Narrow,
            (false, Some(words)) => Condition::Wide(words.clone()),
            (false, None) => Condition::Always,
        }
    }

    fn take(&mut self, name: &str, value: &Value) {
        match name {
            "match" => self.take_match(value),
            "counter" | "log" | "comment" | "notrack" | "mangle" | "meter" | "set" | "last" => {}
            "limit" | "quota" | "ct count" | "connlimit" => self.is_narrow = true,
            "xt" => self.take_extension(value),
            _ => self.action = action_of(name, value).unwrap_or(Action::Unclear),
        }
    }

    /// A part made by iptables. Newer versions name it, older ones print null, which may be a condition or a verdict.
    fn take_extension(&mut self, value: &Value) {
        match (value.get("type").and_then(Value::as_str), value.get("name").and_then(Value::as_str)) {
            (Some("match"), Some("conntrack" | "state")) => {
                self.wide = Some("connections in states that nft does not show".to_owned());
            }
            (Some("target"), Some("REJECT")) => self.action = Action::Reject,
            (Some("match"), Some("comment" | "tcp" | "udp"))
            | (Some("target"), Some("LOG" | "NFLOG" | "MARK" | "CONNMARK" | "TRACE")) => {}
            (Some("match"), Some(_)) => self.is_narrow = true,
            _ => self.action = Action::Unclear,
        }
    }

    fn take_match(&mut self, value: &Value) {
        let is_equal = matches!(value.get("op").and_then(Value::as_str), Some("==" | "in"));
        let right: Vec<&str> = value.get("right").map(words).unwrap_or_default();
        match key_of(value.get("left")) {
            Some("state") if is_equal && right.contains(&"new") => {}
            Some("iif" | "iifname") if right == ["lo"] && is_equal => self.is_narrow = true,
            Some("iif" | "iifname") if is_equal => self.wide = Some(format!("everything from {}", right.join(", "))),
            Some("iif" | "iifname") => {
                self.wide = Some(format!("everything but what comes from {}", right.join(", ")));
            }
            Some("l4proto" | "protocol" | "nexthdr") if right.iter().any(|name| matches!(*name, "tcp" | "udp")) => {
                self.wide.get_or_insert_with(|| format!("all {}", right.join(", ")));
            }
            Some("nfproto") => drop(self.wide.get_or_insert_with(|| format!("all {}", right.join(", ")))),
            _ => self.is_narrow = true,
        }
    }
}

/// `{"meta": {"key": "iifname"}}`, `{"ct": {"key": "state"}}`, `{"payload": {"protocol": "ip", "field": "protocol"}}`.
fn key_of(left: Option<&Value>) -> Option<&str> {
    let inner: &Map<String, Value> = left?.as_object()?.values().next()?.as_object()?;
    inner.get("key").or_else(|| inner.get("field")).and_then(Value::as_str)
}

/// The texts of `"lo"`, `["new", "related"]` or `{"set": [...]}`; names of sets stay as `@name`.
fn words(value: &Value) -> Vec<&str> {
    match value {
        Value::String(text) => vec![text],
        Value::Array(list) => list.iter().flat_map(words).collect(),
        Value::Object(object) => object.values().flat_map(words).collect(),
        _ => Vec::new(),
    }
}

fn action_of(name: &str, value: &Value) -> Option<Action> {
    let target = || value.get("target").and_then(Value::as_str).map(str::to_owned);
    match name {
        "accept" => Some(Action::Accept),
        "drop" => Some(Action::Drop),
        "reject" => Some(Action::Reject),
        "return" => Some(Action::Return),
        "continue" => Some(Action::Nothing),
        "jump" => target().map(Action::Jump),
        "goto" => target().map(Action::Goto),
        _ => None,
    }
}

/// Of a map of verdicts only two kinds are wide: one by state that speaks of new connections, one by interface.
fn verdict_map(value: &Value, so_far: &Reading) -> Vec<Rule> {
    let key = key_of(value.get("key"));
    let (Some(key @ ("state" | "iif" | "iifname")), false) = (key, so_far.is_narrow) else {
        return Vec::new();
    };
    let Some(elements) = value.pointer("/data/set").and_then(Value::as_array) else {
        // A named map: what is in it is not followed.
        return vec![Rule { condition: so_far.condition(), action: Action::Unclear }];
    };
    let pairs = elements.iter().filter_map(|element| {
        let (names, verdict) = (element.get(0)?, element.get(1)?.as_object()?.iter().next()?);
        Some((words(names), action_of(verdict.0, verdict.1).unwrap_or(Action::Unclear)))
    });
    pairs
        .filter_map(|(names, action)| match (key, names.as_slice()) {
            ("state", ["new"]) => Some(Rule { condition: so_far.condition(), action }),
            ("state", _) | (_, ["lo"]) => None,
            (_, names) => {
                Some(Rule { condition: Condition::Wide(format!("everything from {}", names.join(", "))), action })
            }
        })
        .collect()
}

#[cfg(test)]
mod tests;
