//! A host: as whom it is looked at, and which tools its collectors would miss.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::{Line, all, leaves_nothing_unknown, left_unknown, listed, unseen_lately};
use crate::app::App;
use crate::assess::unknown::Unseen;
use crate::catalog::Catalog;
use crate::model::evidence::{CollectionOutcome, Source};
use crate::model::fault::causes;
use crate::model::id::{DatasetId, FrameworkId};
use crate::model::organization::Organization;
use crate::store::OrgScope;

const AREA: &str = "host";
/// Where collectors look for their tools.
const PATH: [&str; 6] = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"];

pub(super) async fn look(app: &App, organization: &Organization) -> Vec<Line> {
    let connections = match app.store.connections(&OrgScope::of(organization)).await {
        Ok(connections) => connections,
        Err(fault) => return vec![Line::problem(AREA, organization.slug.as_str(), causes(&fault))],
    };
    let mut lines = Vec::new();
    for connection in connections.iter().filter(|connection| connection.source == Source::Host) {
        let target = connection.target.as_str();
        let (catalog, frameworks) = (app.catalog.as_ref(), organization.frameworks.as_slice());
        lines.push(rights_in_words(catalog, frameworks, target, is_root()));
        let unseen = match unseen_lately(app, organization, Source::Host, target).await {
            Ok(unseen) => unseen,
            Err(fault) => {
                lines.push(Line::problem(AREA, target, causes(&fault)));
                continue;
            }
        };
        let states = app.store.collector_states(&OrgScope::of(organization)).await.unwrap_or_default();
        let seen = states.into_iter().filter(|state| state.source == Source::Host && state.target == target);
        // What this host does not have is not missed either: a tool of another kind of system is not wanted here.
        let is_settled =
            |outcome: CollectionOutcome| outcome.is_seen_whole() || outcome == CollectionOutcome::NotOffered;
        let seen: BTreeSet<DatasetId> =
            seen.filter(|state| is_settled(state.last_outcome)).map(|state| state.dataset).collect();
        let is_there = |tool: &str| PATH.iter().any(|folder| Path::new(folder).join(tool).exists());
        lines.extend(tools_in_words(catalog, frameworks, target, &seen, is_there));
        lines.extend(unseen_in_words(catalog, frameworks, target, unseen));
    }
    lines
}

#[cfg(unix)]
fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

#[cfg(not(unix))]
fn is_root() -> bool {
    false
}

fn rights_in_words(catalog: &Catalog, frameworks: &[FrameworkId], target: &str, is_root: bool) -> Line {
    if is_root {
        return Line::ok(AREA, target, "is looked at as root, which sees everything");
    }
    let needs_root = catalog
        .collectors_for(Source::Host)
        .filter(|one| one.command.as_ref().is_some_and(|command| command.needs_root));
    let datasets: Vec<DatasetId> = needs_root.map(|one| one.id.clone()).collect();
    let line = Line::warning(AREA, target, "is not looked at as root, so the host may leave things out");
    let missing = left_unknown(catalog, frameworks, &all(&datasets, CollectionOutcome::Partial));
    Line { missing, ..line }.next("run countersign collect, or serve, for this host as root")
}

/// Tools that are not installed, with the datasets that name them and were not seen whole without them.
fn tools_in_words(
    catalog: &Catalog,
    frameworks: &[FrameworkId],
    target: &str,
    seen: &BTreeSet<DatasetId>,
    is_there: impl Fn(&str) -> bool,
) -> Vec<Line> {
    let mut missing: BTreeMap<Vec<DatasetId>, Vec<String>> = BTreeMap::new();
    let mut by_tool: BTreeMap<String, Vec<DatasetId>> = BTreeMap::new();
    for collector in catalog.collectors_for(Source::Host).filter(|collector| !seen.contains(&collector.id)) {
        let tools = collector.command.as_ref().map(|command| tools_of(&command.shell)).unwrap_or_default();
        for tool in tools.into_iter().filter(|tool| !is_there(tool)) {
            by_tool.entry(tool).or_default().push(collector.id.clone());
        }
    }
    for (tool, datasets) in by_tool {
        missing.entry(datasets).or_default().push(tool);
    }
    let line = |(datasets, tools): (Vec<DatasetId>, Vec<String>)| {
        let unseen = all(&datasets, CollectionOutcome::Failed);
        if leaves_nothing_unknown(catalog, frameworks, &unseen) {
            return None;
        }
        let says = format!("not installed: {}", listed(&tools));
        let missing = left_unknown(catalog, frameworks, &unseen);
        let line = Line::warning(AREA, target, says);
        let missing = missing.map(|missing| format!("perhaps {missing}"));
        Some(
            Line { missing, ..line }
                .next("install it, or leave it if the host does without: a collector may have another way"),
        )
    };
    missing.into_iter().filter_map(line).collect()
}

fn unseen_in_words(catalog: &Catalog, frameworks: &[FrameworkId], target: &str, unseen: Unseen) -> Option<Line> {
    if leaves_nothing_unknown(catalog, frameworks, &unseen) {
        return None;
    }
    let missing = left_unknown(catalog, frameworks, &unseen)?;
    let line = Line::warning(AREA, target, "the last attempts did not see everything").missing(missing);
    Some(line.next("countersign collect --source host says why, dataset by dataset"))
}

/// What a shell itself does, and what every system has.
const ALWAYS_THERE: &str = "! [ [[ { } ( ) : . break case cat cd command continue cut do done echo elif else env esac \
    eval exec exit export expr false fi for grep head id if in ls local mkdir printf pwd read readlink return rm sed \
    set sh shift sort stat tail test then tr trap true type uname uniq unset until wait wc while xargs awk basename \
    dirname find tee sleep date seq umask";

/// The programs a shell text names where a command may begin. Text in quotes and comments is not looked into, so a tool that
/// is only named there is missed; none is invented.
fn tools_of(shell: &str) -> BTreeSet<String> {
    let bare = without_quotes(shell);
    let own = functions_of(&bare);
    let commands = bare.split(['\n', '|', ';', '&', '(', ')', '`', '{', '}']);
    let words = commands.filter_map(first_word).filter(|word| is_tool(word) && !own.contains(word));
    words.map(str::to_owned).collect()
}

/// Names that the text gives to parts of itself: `name() {`.
fn functions_of(bare: &str) -> BTreeSet<&str> {
    let before = bare.match_indices("()").filter_map(|(at, _)| bare.get(..at));
    before.filter_map(|text| text.rsplit(|letter: char| letter.is_whitespace() || letter == ';').next()).collect()
}

/// The word in the place of a command, behind keywords and settings of variables.
fn first_word(command: &str) -> Option<&str> {
    const BEFORE_COMMANDS: [&str; 10] = ["if", "then", "else", "elif", "do", "while", "until", "!", "exec", "$"];
    command.split_whitespace().find(|word| !BEFORE_COMMANDS.contains(word) && !word.contains('='))
}

fn is_tool(word: &str) -> bool {
    let is_name = |letter: char| letter.is_ascii_alphanumeric() || letter == '-' || letter == '_' || letter == '.';
    word.len() > 1
        && word.chars().all(is_name)
        && word.starts_with(|letter: char| letter.is_ascii_lowercase())
        && !ALWAYS_THERE.split_whitespace().any(|known| known == word)
}

/// The text without comments, and with nothing between its quotes.
fn without_quotes(shell: &str) -> String {
    let (mut kept, mut quote, mut before) = (String::new(), None, ' ');
    let mut letters = shell.chars();
    while let Some(letter) = letters.next() {
        match (quote, letter) {
            (Some(open), _) if open == letter => quote = None,
            (Some('"') | None, '\\') => {
                // What is escaped begins nothing; a line that goes on is one line.
                letters.next();
            }
            (Some(_), _) => {}
            (None, '\'' | '"') => {
                quote = Some(letter);
                kept.push('"');
            }
            (None, '#') if before.is_whitespace() => {
                letters.by_ref().find(|letter| *letter == '\n');
                kept.push('\n');
            }
            (None, _) => kept.push(letter),
        }
        before = letter;
    }
    kept
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{rights_in_words, tools_in_words, tools_of};
    use crate::catalog::Catalog;
    use crate::doctor::Level;

    fn tools(shell: &str) -> Vec<String> {
        tools_of(shell).into_iter().collect()
    }

    #[test]
    fn the_programs_of_a_shell_text_are_those_that_stand_where_a_command_begins() {
        assert_eq!(tools("ss -H -lntup"), ["ss"]);
        assert_eq!(tools("LC_ALL=C timedatectl show 2>/dev/null || chronyc tracking"), ["chronyc", "timedatectl"]);
        assert_eq!(
            tools("if command -v nft; then nft list ruleset; else iptables-save | grep -v '^#'; fi"),
            ["iptables-save", "nft"]
        );
        assert_eq!(tools("ask() { sshd -T; }; show() (\n cvtsudoers\n)\nask && show"), ["cvtsudoers", "sshd"]);
        assert_eq!(tools("printf '%s | dangerous' x\necho \"mount\""), [""; 0]);
        assert_eq!(
            tools("awk '{\n  kind = length(x)\n print kind }' # it isn't a tool: lsof\nfindmnt \\\n  parts"),
            ["findmnt"]
        );
    }

    #[test]
    fn without_root_and_tools_a_host_shows_less_and_what_was_seen_without_them_is_not_missed() {
        let catalog = Catalog::embedded().unwrap();
        let frameworks: Vec<_> = catalog.frameworks.keys().cloned().collect();
        assert_eq!(rights_in_words(&catalog, &frameworks, "h", true).level, Level::Ok);
        let line = rights_in_words(&catalog, &frameworks, "h", false);
        assert!(line.missing.as_ref().unwrap().contains("linux/"), "{line:?}");

        let without = |seen: &BTreeSet<_>| {
            tools_in_words(&catalog, &frameworks, "h", seen, |tool| tool != "sshd" && tool != "ss")
        };
        let lines = without(&BTreeSet::new());
        assert!(lines.iter().any(|line| line.says.contains("sshd")), "{lines:?}");
        let all = catalog.collectors.keys().cloned().collect();
        assert!(without(&all).is_empty());
        // Where another way is open to every check, a tool of another kind of system is not asked for.
        let no_dnf = tools_in_words(&catalog, &frameworks, "h", &BTreeSet::new(), |tool| tool != "dnf");
        assert_eq!(no_dnf, []);
    }
}
