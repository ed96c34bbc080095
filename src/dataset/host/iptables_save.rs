//! `iptables-save` and `ip6tables-save`, of the nft and the legacy variant: the chains that the kernel calls, one row
//! each, with what they do to a packet that no particular rule speaks of.

use serde_json::{Value, json};

use super::filter_chains::{Action, Chains, Condition, Rule};
use super::text::{Line, Section, is_ended, sections};
use super::{ParseError, Parsed};

pub(super) fn parse(stdout: &[u8]) -> Result<Parsed, ParseError> {
    let sections = sections(stdout);
    if !is_ended(&sections) {
        return Err(ParseError::Nothing("mark at the end of the rules"));
    }
    let mut rows = Vec::new();
    for section in &sections {
        read_tool(section, &mut rows)?;
    }
    Ok(Parsed::from(rows))
}

/// A table that is being read: its base chains with their policies, and all chains.
struct Table {
    name: String,
    base: Vec<(String, String)>,
    chains: Chains,
    rules: Vec<(String, Rule)>,
}

fn read_tool(section: &Section<'_>, rows: &mut Vec<Value>) -> Result<(), ParseError> {
    let family = if section.name.starts_with("ip6") { "ip6" } else { "ip" };
    let variant = if section.name.contains("legacy") { "legacy" } else { "nft" };
    let mut open: Option<Table> = None;
    for line in &section.lines {
        let text = line.text.trim();
        match (text.chars().next(), &mut open) {
            (Some('#'), _) => {}
            (Some('*'), None) => {
                let name = text.trim_start_matches('*').to_owned();
                open = Some(Table { name, base: Vec::new(), chains: Chains::default(), rules: Vec::new() });
            }
            (Some(':'), Some(table)) => add_chain(table, line)?,
            (Some('-' | '['), Some(table)) => {
                let (chain, rule) = rule(line, &table.chains)?;
                table.rules.push((chain, rule));
            }
            (Some('C'), Some(_)) if text == "COMMIT" => {
                if let Some(table) = open.take() {
                    rows.extend(rows_of(table, family, variant));
                }
            }
            _ => return Err(line.expected("a table, chain or rule as iptables-save prints them")),
        }
    }
    match open {
        None => Ok(()),
        Some(table) => Err(ParseError::Item { name: format!("table `{}`", table.name), wrong: "its end is missing" }),
    }
}

/// `:INPUT DROP [0:0]`; `-` instead of a policy for chains that rules call.
fn add_chain(table: &mut Table, line: &Line<'_>) -> Result<(), ParseError> {
    let mut fields = line.text.trim().trim_start_matches(':').split_whitespace();
    let (Some(name), Some(policy)) = (fields.next(), fields.next()) else {
        return Err(line.expected("a chain and its policy"));
    };
    table.chains.add_chain(name);
    if policy != "-" {
        table.base.push((name.to_owned(), policy.to_ascii_lowercase()));
    }
    Ok(())
}

fn rows_of(table: Table, family: &str, variant: &str) -> Vec<Value> {
    let Table { name, base, mut chains, rules } = table;
    for (chain, rule) in rules {
        chains.add_rule(&chain, rule);
    }
    base.iter()
        .map(|(chain, policy)| {
            let fate = chains.fate(chain, Some(policy));
            json!({
                "variant": variant,
                "family": family,
                "table": name,
                "chain": chain,
                "hook": chain.to_ascii_lowercase(),
                "policy": policy,
                "rules": chains.count(chain),
                "end": fate.end,
                "wide_openings": fate.wide_openings,
            })
        })
        .collect()
}

/// Matches that narrow nothing by themselves.
const NEUTRAL: [&str; 5] = ["comment", "tcp", "udp", "conntrack", "state"];

/// `[1:60] -A INPUT -i lo -p tcp -m tcp --dport 22 -j ACCEPT`.
fn rule(line: &Line<'_>, chains: &Chains) -> Result<(String, Rule), ParseError> {
    let words = words(line.text.trim());
    let mut words = words.iter().map(String::as_str).peekable();
    words.next_if(|word| word.starts_with('['));
    let (Some("-A"), Some(chain)) = (words.next(), words.next()) else {
        return Err(line.expected("a rule that is added to a chain"));
    };
    if !chains.knows(chain) {
        return Err(line.expected("a chain that was announced"));
    }
    let (mut wide, mut is_narrow, mut is_negated) = (None, false, false);
    let mut action = Action::Nothing;
    while let Some(word) = words.next() {
        match word {
            "!" => {
                is_negated = true;
                continue;
            }
            "-i" | "--in-interface" => match words.next() {
                Some("lo") if !is_negated => is_narrow = true,
                Some(name) if is_negated => wide = Some(format!("everything but what comes from {name}")),
                Some(name) => wide = Some(format!("everything from {name}")),
                None => return Err(line.expected("an interface after -i")),
            },
            "-p" | "--protocol" => match words.next() {
                Some("all") => {}
                Some(name @ ("tcp" | "udp")) if !is_negated => wide = wide.or(Some(format!("all {name}"))),
                Some(name) if is_negated => wide = wide.or(Some(format!("everything but {name}"))),
                _ => is_narrow = true,
            },
            "-m" | "--match" => is_narrow |= !words.next().is_some_and(|name| NEUTRAL.contains(&name)),
            "--comment" => drop(words.next()),
            "--ctstate" | "--state" => {
                let opens_new = words.next().is_some_and(|states| states.split(',').any(|state| state == "NEW"));
                is_narrow |= !opens_new || is_negated;
            }
            "-j" | "--jump" | "-g" | "--goto" => {
                let target = words.next().ok_or_else(|| line.expected("a target after -j"))?;
                action = action_of(target, word.contains('g'), chains);
                break;
            }
            _ => is_narrow = true,
        }
        is_negated = false;
    }
    let condition = match (is_narrow, wide) {
        (true, _) => Condition::Narrow,
        (false, Some(words)) => Condition::Wide(words),
        (false, None) => Condition::Always,
    };
    Ok((chain.to_owned(), Rule { condition, action }))
}

fn action_of(target: &str, goes: bool, chains: &Chains) -> Action {
    match target {
        "ACCEPT" => Action::Accept,
        "DROP" => Action::Drop,
        "REJECT" => Action::Reject,
        "RETURN" => Action::Return,
        "QUEUE" | "NFQUEUE" => Action::Unclear,
        chain if chains.knows(chain) && goes => Action::Goto(chain.to_owned()),
        chain if chains.knows(chain) => Action::Jump(chain.to_owned()),
        _ => Action::Nothing,
    }
}

/// Words of a rule; text in double quotes is one word.
fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let (mut word, mut is_quoted, mut is_escaped) = (String::new(), false, false);
    for character in text.chars() {
        match character {
            _ if is_escaped => {
                word.push(character);
                is_escaped = false;
            }
            '\\' => is_escaped = true,
            '"' => is_quoted = !is_quoted,
            ' ' if !is_quoted => {
                if !word.is_empty() {
                    words.push(std::mem::take(&mut word));
                }
            }
            _ => word.push(character),
        }
    }
    if !word.is_empty() {
        words.push(word);
    }
    words
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::parse;

    fn rows(rules: &str) -> Vec<Value> {
        let tables = "*filter\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:z - [0:0]\n";
        let output = format!("== countersign iptables-nft-save\n{tables}{rules}COMMIT\n== countersign end\n");
        parse(output.as_bytes()).unwrap().rows
    }

    #[test]
    fn the_rules_that_ufw_makes_deny_by_default_in_both_families() {
        let rows = parse(include_bytes!("../../../collectors/linux/iptables/sample/stdout")).unwrap().rows;
        let input: Vec<_> = rows.iter().filter(|row| row["hook"] == "input" && row["table"] == "filter").collect();
        assert_eq!(input.len(), 2);
        for (row, family) in input.iter().zip(["ip", "ip6"]) {
            assert_eq!((&row["family"], &row["end"]), (&json!(family), &json!("drop")), "{row}");
            assert_eq!(row["wide_openings"], json!([]));
        }
    }

    #[test]
    fn new_connections_let_in_by_their_state_are_everything() {
        let accepted = |states: &str| {
            rows(&format!("-A INPUT -m conntrack --ctstate {states} -j ACCEPT\n-A INPUT -j DROP\n"))[0]["end"].clone()
        };
        assert_eq!(accepted("NEW,RELATED,ESTABLISHED"), "accept");
        assert_eq!(accepted("RELATED,ESTABLISHED"), "drop");
    }

    #[test]
    fn whole_interfaces_and_protocols_are_named_and_quotes_hide_nothing() {
        let rules = "[5:300] -A INPUT -i eth0 -m comment --comment \"-j DROP is \\\"below\\\"\" -j z\n\
            -A INPUT -p tcp -j ACCEPT\n-A INPUT ! -i lo -j ACCEPT\n-A INPUT -i lo -j ACCEPT\n\
            -A INPUT -p icmp -j ACCEPT\n-A INPUT -j DROP\n-A z -j ACCEPT\n";
        let row = rows(rules)[0].clone();
        let wide = json!(["all tcp", "everything but what comes from lo", "everything from eth0"]);
        assert_eq!((&row["end"], &row["wide_openings"]), (&json!("drop"), &wide));
    }

    #[test]
    fn variants_are_told_apart_and_warnings_are_no_rules() {
        let output = "== countersign iptables-nft-save\n# Warning: iptables-legacy tables present, use iptables-legacy-save\n\
            == countersign ip6tables-legacy-save\n*filter\n:INPUT DROP [0:0]\nCOMMIT\n== countersign end\n";
        let rows = parse(output.as_bytes()).unwrap().rows;
        assert_eq!((&rows[0]["variant"], &rows[0]["family"]), (&json!("legacy"), &json!("ip6")));
    }

    #[test]
    fn rules_that_were_cut_off_are_an_error() {
        let mark = "== countersign iptables-nft-save\n";
        for cut in ["", "*filter\n:INPUT DROP [0:0]\n", "*filter\n:INPUT DROP [0:0]\n== countersign end\n"] {
            assert!(parse(format!("{mark}{cut}").as_bytes()).is_err(), "{cut}");
        }
        for bad in ["iptables v1.8.9", "-A nowhere -j DROP", "-A INPUT -i"] {
            let output = format!("{mark}*filter\n:INPUT DROP [0:0]\n{bad}\nCOMMIT\n== countersign end\n");
            let fault = parse(output.as_bytes()).unwrap_err();
            assert!(fault.to_string().contains("line 4"), "{fault}");
        }
    }
}
