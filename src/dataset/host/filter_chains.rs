//! What a packet filter does with a packet that no particular rule speaks of: the shared part of reading nftables and
//! iptables.
//!
//! Start with [`Chains::fate`]. A rule about addresses or ports is an exception and does not count; a rule that reaches
//! everything of one interface or protocol is named as a wide opening. A chain that some packets leave early is followed
//! on both ways, and the more open one counts.

use std::collections::{BTreeMap, BTreeSet};

/// Which packets a rule reaches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Condition {
    Always,
    /// Everything of one interface or protocol, in words.
    Wide(String),
    /// Certain addresses, ports or states.
    Narrow,
}

/// What a rule does with them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Action {
    Accept,
    Drop,
    Reject,
    Return,
    Jump(String),
    Goto(String),
    /// It decides, but it cannot be told how.
    Unclear,
    /// It only counts, logs or marks.
    Nothing,
}

#[derive(Debug, Clone)]
pub(super) struct Rule {
    pub condition: Condition,
    pub action: Action,
}

/// Chains of one table by name.
#[derive(Debug, Default)]
pub(super) struct Chains {
    rules: BTreeMap<String, Vec<Rule>>,
}

/// How a packet ends that no particular rule speaks of.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Fate {
    /// `accept`, `drop`, `reject` or `unclear`.
    pub end: &'static str,
    /// What is let in as a whole before that, in words.
    pub wide_openings: BTreeSet<String>,
}

/// Deeper chains are not followed; the kernel allows sixteen.
const MAX_DEPTH: usize = 16;

#[derive(Debug, Default, Clone)]
struct Ends {
    accept: bool,
    drop: bool,
    reject: bool,
    unclear: bool,
    /// Goes on behind the place from which the chain was called.
    through: bool,
    wide: BTreeSet<String>,
}

impl Ends {
    fn unclear() -> Self {
        Self { unclear: true, ..Self::default() }
    }

    fn add(&mut self, other: Self) {
        self.accept |= other.accept;
        self.drop |= other.drop;
        self.reject |= other.reject;
        self.unclear |= other.unclear;
        self.through |= other.through;
        self.wide.extend(other.wide);
    }
}

impl Chains {
    /// Makes the chain known, also when it has no rules.
    pub fn add_chain(&mut self, name: &str) {
        self.rules.entry(name.to_owned()).or_default();
    }

    /// False when the chain is not known.
    pub fn add_rule(&mut self, chain: &str, rule: Rule) -> bool {
        self.rules.get_mut(chain).map(|rules| rules.push(rule)).is_some()
    }

    pub fn knows(&self, chain: &str) -> bool {
        self.rules.contains_key(chain)
    }

    pub fn count(&self, chain: &str) -> usize {
        self.rules.get(chain).map_or(0, Vec::len)
    }

    /// What happens in a base chain whose policy is `policy` (none: accept).
    pub fn fate(&self, chain: &str, policy: Option<&str>) -> Fate {
        let mut ends = self.walk(chain, 0, &mut BTreeMap::new());
        if ends.through {
            match policy.map(str::to_ascii_lowercase).as_deref() {
                None | Some("accept") => ends.accept = true,
                Some("drop") => ends.drop = true,
                Some(_) => ends.unclear = true,
            }
        }
        let end = match ends {
            Ends { accept: true, .. } => "accept",
            Ends { unclear: true, .. } => "unclear",
            Ends { reject: true, .. } => "reject",
            Ends { .. } => "drop",
        };
        Fate { end, wide_openings: ends.wide }
    }

    fn walk(&self, chain: &str, depth: usize, known: &mut BTreeMap<String, Ends>) -> Ends {
        if let Some(ends) = known.get(chain) {
            return ends.clone();
        }
        let (Some(rules), true) = (self.rules.get(chain), depth <= MAX_DEPTH) else { return Ends::unclear() };
        // A chain that calls itself is refused by the kernel; should one be read, it is unclear.
        known.insert(chain.to_owned(), Ends::unclear());
        let ends = self.walk_rules(rules, depth, known);
        known.insert(chain.to_owned(), ends.clone());
        ends
    }

    fn walk_rules(&self, rules: &[Rule], depth: usize, known: &mut BTreeMap<String, Ends>) -> Ends {
        let mut ends = Ends::default();
        for rule in rules {
            let mut reached = Ends::default();
            match &rule.action {
                Action::Nothing => continue,
                Action::Accept => reached.accept = true,
                Action::Drop => reached.drop = true,
                Action::Reject => reached.reject = true,
                Action::Unclear => reached.unclear = true,
                Action::Return => reached.through = true,
                Action::Jump(target) | Action::Goto(target) => reached = self.walk(target, depth + 1, known),
            }
            let comes_back = matches!(rule.action, Action::Jump(_)) && reached.through;
            let leaves_early = reached.through && !comes_back;
            match &rule.condition {
                Condition::Always => {
                    reached.through = leaves_early;
                    ends.add(reached);
                    if !comes_back {
                        return ends;
                    }
                }
                Condition::Wide(words) => {
                    if reached.accept || reached.unclear {
                        ends.wide.insert(words.clone());
                    }
                    ends.through |= leaves_early;
                }
                Condition::Narrow => ends.through |= leaves_early,
            }
        }
        ends.through = true;
        ends
    }
}

#[cfg(test)]
mod tests {
    use super::{Action, Chains, Condition, Rule};

    fn chains(rules: &[(&str, Condition, Action)]) -> Chains {
        let mut chains = Chains::default();
        for (chain, ..) in rules {
            chains.add_chain(chain);
        }
        for (chain, condition, action) in rules {
            assert!(chains.add_rule(chain, Rule { condition: condition.clone(), action: action.clone() }));
        }
        chains
    }

    fn end(rules: &[(&str, Condition, Action)], policy: &str) -> &'static str {
        chains(rules).fate("input", Some(policy)).end
    }

    #[test]
    fn a_policy_of_drop_is_worth_nothing_behind_a_rule_that_lets_everything_in() {
        assert_eq!(end(&[("input", Condition::Always, Action::Accept)], "drop"), "accept");
        assert_eq!(end(&[("input", Condition::Narrow, Action::Accept)], "drop"), "drop");
    }

    #[test]
    fn a_last_rule_that_rejects_everything_is_as_good_as_a_policy() {
        assert_eq!(end(&[("input", Condition::Always, Action::Reject)], "accept"), "reject");
    }

    #[test]
    fn chains_that_are_called_are_followed_and_come_back() {
        let jump = || Action::Jump("zone".to_owned());
        let goto = || Action::Goto("zone".to_owned());
        let open = [("input", Condition::Always, jump()), ("zone", Condition::Always, Action::Accept)];
        assert_eq!(end(&open, "drop"), "accept");
        let returns = [("input", Condition::Always, jump()), ("zone", Condition::Narrow, Action::Accept)];
        assert_eq!(end(&returns, "drop"), "drop");
        let gone = [
            ("input", Condition::Always, goto()),
            ("input", Condition::Always, Action::Drop),
            ("zone", Condition::Narrow, Action::Accept),
        ];
        assert_eq!(end(&gone, "accept"), "accept", "behind a goto the rest of the chain is not reached");
    }

    #[test]
    fn packets_that_leave_a_denying_chain_early_reach_the_policy() {
        let rules = [
            ("input", Condition::Always, Action::Jump("not-local".to_owned())),
            ("not-local", Condition::Narrow, Action::Return),
            ("not-local", Condition::Always, Action::Drop),
        ];
        assert_eq!(end(&rules, "accept"), "accept");
        assert_eq!(end(&rules, "drop"), "drop");
    }

    #[test]
    fn an_interface_that_is_let_in_whole_is_named() {
        let wide = Condition::Wide("everything from eth0".to_owned());
        let rules =
            [("input", wide, Action::Goto("trusted".to_owned())), ("trusted", Condition::Always, Action::Accept)];
        let fate = chains(&rules).fate("input", Some("drop"));
        assert_eq!(fate.wide_openings.into_iter().collect::<Vec<_>>(), ["everything from eth0"]);
    }

    #[test]
    fn loops_and_chains_that_are_missing_are_unclear() {
        assert_eq!(end(&[("input", Condition::Always, Action::Jump("input".to_owned()))], "drop"), "unclear");
        assert_eq!(end(&[("input", Condition::Always, Action::Jump("gone".to_owned()))], "drop"), "unclear");
    }

    #[test]
    fn many_chains_that_call_each_other_twice_are_read_in_no_time() {
        let names: Vec<String> = (0..15).map(|number| format!("c{number}")).collect();
        let mut rules = vec![("input", Condition::Always, Action::Jump("c0".to_owned()))];
        for (name, next) in names.iter().zip(names.iter().skip(1)) {
            for _ in 0..40 {
                rules.push((name, Condition::Always, Action::Jump(next.clone())));
            }
        }
        rules.push(("c14", Condition::Narrow, Action::Accept));
        assert_eq!(end(&rules, "drop"), "drop");
    }
}
