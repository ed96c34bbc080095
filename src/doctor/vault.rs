//! The vault: an object can be created once, is refused a second time, comes back as it was, and can be removed.

use super::{Bench, Line};
use crate::model::fault::causes;
use crate::vault::{Rehearsal, Vault, VaultFault};

const AREA: &str = "vault";
const LOST: &str = "everything that is collected: nothing can be sealed";

pub(super) async fn look(bench: &Bench) -> Vec<Line> {
    let folder = bench.vault_folder();
    if !folder.is_dir() {
        let says = format!("its folder {} is not there", folder.display());
        let next = "mount or put it back, or correct vault.folder; a new, empty one would begin no ledger again";
        return vec![Line::problem(AREA, "", says).missing(LOST).next(next)];
    }
    let name = format!("doctor-{}", uuid::Uuid::now_v7());
    let rehearsed = match &bench.app {
        Some(app) => app.vault.rehearse(&name).await,
        None => match Vault::local(&folder) {
            Ok(vault) => vault.rehearse(&name).await,
            Err(fault) => Err(fault),
        },
    };
    vec![in_words(&folder.display().to_string(), rehearsed)]
}

fn in_words(place: &str, rehearsed: Result<Rehearsal, VaultFault>) -> Line {
    match rehearsed {
        Ok(Rehearsal::Fit) => Line::ok(AREA, "", format!("{place} keeps, refuses and gives back as it must")),
        Ok(Rehearsal::ReadsOtherBytes) => {
            Line::problem(AREA, "", format!("{place} gave back other bytes than were kept"))
                .missing(LOST)
                .next("do not seal into it; see the system's log for errors of the disk")
        }
        Ok(Rehearsal::Overwrites) => {
            Line::problem(AREA, "", format!("{place} lets an object be created that exists already"))
                .missing("the certainty that two writers never both believe they committed")
                .next("use a file system or object store that can create only if absent")
        }
        Err(fault) => Line::problem(AREA, "", format!("{place} does not keep: {}", causes(&fault)))
            .missing(LOST)
            .next("see whether the disk is full, read-only or owned by another user"),
    }
}

#[cfg(test)]
mod tests {
    use super::in_words;
    use crate::doctor::Level;
    use crate::vault::Rehearsal;

    #[test]
    fn a_store_that_overwrites_or_forgets_is_a_problem() {
        let level = |rehearsal| in_words("/vault", Ok(rehearsal)).level;
        assert_eq!(level(Rehearsal::Fit), Level::Ok);
        assert_eq!(level(Rehearsal::Overwrites), Level::Problem);
        assert_eq!(level(Rehearsal::ReadsOtherBytes), Level::Problem);
    }
}
