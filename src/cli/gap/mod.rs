//! `countersign gap list|show|assign|note`

mod hand;
mod list;
mod show;

use anyhow::bail;
use clap::{Args, Subcommand};

use super::{Common, Ending, output};
use crate::model::gap::Gap;

#[derive(Debug, Args)]
pub struct GapArguments {
    #[command(subcommand)]
    command: GapCommand,
}

#[derive(Debug, Subcommand)]
enum GapCommand {
    /// List open gaps, of one party or of one person
    List(list::ListArguments),
    /// Everything about one gap: what is wrong, whose turn it is and why, what to do, how it will be seen to be mended
    Show(show::ShowArguments),
    /// Hand a gap to a person or a party, with a day by which it is to be mended
    Assign(hand::AssignArguments),
    /// Keep what you have to say about a gap
    Note(hand::NoteArguments),
}

pub async fn run(common: &Common, arguments: GapArguments) -> anyhow::Result<Ending> {
    match arguments.command {
        GapCommand::List(arguments) => list::run(common, arguments).await,
        GapCommand::Show(arguments) => show::run(common, arguments).await,
        GapCommand::Assign(arguments) => hand::assign(common, arguments).await,
        GapCommand::Note(arguments) => hand::note(common, arguments).await,
    }
}

/// Fewest characters of an id that are looked for.
const SHORTEST: usize = 4;

/// The gap whose id begins, or ends, with these characters. Ids begin with the time they were made, so that those of one
/// run differ only at the end; `gap list` prints the end.
fn find<'a>(gaps: &'a [Gap], asked: &str) -> anyhow::Result<&'a Gap> {
    let asked = asked.trim().to_lowercase();
    let is_part = asked.chars().all(|letter| letter.is_ascii_hexdigit() || letter == '-');
    if asked.len() < SHORTEST || !is_part {
        bail!(
            "`{}` is not the id of a gap nor a part of one; countersign gap list prints ids, and {SHORTEST} or more \
             characters of its beginning or end are enough",
            output::plain(&asked)
        );
    }
    let is_meant = |gap: &&Gap| {
        let id = gap.id.to_string();
        id.starts_with(&asked) || id.ends_with(&asked)
    };
    let found: Vec<&Gap> = gaps.iter().filter(is_meant).collect();
    match found.as_slice() {
        [] => bail!("there is no gap {asked}; countersign gap list --all shows those there are"),
        [one] => Ok(one),
        many => {
            let shown = many.iter().take(10).map(|gap| format!("\n  {} {}", gap.id, output::plain(&gap.title)));
            let more = if many.len() > 10 { format!("\n  and {} more", many.len() - 10) } else { String::new() };
            bail!(
                "{} gaps have ids that begin or end with {asked}; give more of it:{}{more}",
                many.len(),
                shown.collect::<String>()
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use super::find;
    use crate::model::gap::Gap;

    fn gap(id: &str) -> Gap {
        serde_json::from_value(serde_json::json!({
            "id": id,
            "check": "m365/mfa_for_admins",
            "target": "contoso.example",
            "title": "Administrators sign in without a second factor",
            "severity": "high",
            "state": "open",
            "party": "provider",
            "because": "1 account",
            "remediation": "",
            "resources": [],
            "controls": [],
            "opened_at": "2026-03-02T09:00:00.000000Z",
            "last_seen_at": "2026-03-02T09:00:00.000000Z",
            "closed_at": null,
            "reopened": 0,
            "evidence": [],
        }))
        .unwrap()
    }

    #[test]
    fn a_part_of_an_id_is_enough_if_it_is_the_beginning_or_end_of_one_only() {
        let gaps = [gap("0192f0c1-2345-7abc-8def-0123456789ab"), gap("0192f0c1-2345-7abc-8def-ffff456789ab")];
        assert_eq!(find(&gaps, "0192F0C1-2345-7abc-8def-0").unwrap().id, gaps[0].id);
        assert_eq!(find(&gaps, "ffff456789ab").unwrap().id, gaps[1].id);
        let fault = find(&gaps, "0192f0c1").unwrap_err().to_string();
        assert!(fault.contains("0123456789ab") && fault.contains("ffff456789ab"), "{fault}");
        for wrong in ["", "9ab", "\u{202e}ab12", "<b>abcd", "00000000"] {
            assert!(find(&gaps, wrong).is_err(), "{wrong:?}");
        }
    }
}
