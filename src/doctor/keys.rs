//! The key that seals secrets, and the seeds of the keys that sign ledgers: there, right, and kept twice.

use super::{Bench, Line};
use crate::app::App;
use crate::model::fault::causes;
use crate::model::organization::Organization;
use crate::store::OrgScope;

const AREA: &str = "keys";

pub(super) async fn look(bench: &Bench) -> Vec<Line> {
    let mut lines = vec![secret_key_in_words(&bench.key, &bench.sealed_with)];
    if let Some(app) = &bench.app {
        for organization in &bench.organizations {
            lines.push(signing_key(app, organization).await);
        }
    }
    lines
}

fn secret_key_in_words(key: &Result<String, String>, sealed_with: &Result<Option<String>, String>) -> Line {
    let lost = "every connection's sign-in, and every ledger: they cannot be opened or continued";
    let back = "put the right key file back from where it is kept apart, or correct keys.secret_key_file";
    match (key, sealed_with) {
        (Err(fault), _) => Line::problem(AREA, "", fault.clone()).missing(lost).next(back),
        (Ok(found), Ok(Some(expected))) if found != expected => {
            let says = format!("the key file holds key {found}, but secrets were sealed with key {expected}");
            Line::problem(AREA, "", says).missing(lost).next(back)
        }
        (Ok(found), Ok(Some(_))) => {
            Line::ok(AREA, "", format!("secret key {found} is the one that sealed the secrets"))
        }
        (Ok(found), Ok(None)) => Line::warning(AREA, "", format!("secret key {found} is there; the database is empty"))
            .next("put the database back, or finish with: countersign init"),
        (Ok(found), Err(_)) => Line::warning(
            AREA,
            "",
            format!("secret key {found} is there; whether it is the right one only the database tells"),
        ),
    }
}

async fn signing_key(app: &App, organization: &Organization) -> Line {
    let scope = OrgScope::of(organization);
    let slug = organization.slug.as_str();
    let key = match app.signing_key(&scope).await {
        Ok(key) => key.verifying_key(),
        Err(fault) => {
            return Line::problem(AREA, slug, causes(&fault))
                .missing("everything that is collected: its ledger cannot be continued")
                .next("put the seed's file or the database's backup back");
        }
    };
    let id = hex::encode(key.id());
    match app.kept_seed(organization.id, &id) {
        Ok(Some(_)) => Line::ok(AREA, slug, format!("its ledger is signed by key {id}")),
        Ok(None) => Line::warning(AREA, slug, format!("the seed of key {id} is in the database only"))
            .missing("the ledger's continuation, if the database is lost")
            .next("countersign backup writes the missing file and a backup"),
        Err(fault) => {
            Line::warning(AREA, slug, causes(&fault)).next("remove the file; the next backup writes it again")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::secret_key_in_words;
    use crate::doctor::Level;

    #[test]
    fn another_secret_key_than_the_one_that_sealed_is_a_problem() {
        let found = Ok("a".to_owned());
        let level = |sealed: Option<&str>| secret_key_in_words(&found, &Ok(sealed.map(str::to_owned))).level;
        assert_eq!((level(Some("a")), level(Some("b")), level(None)), (Level::Ok, Level::Problem, Level::Warning));
        assert_eq!(secret_key_in_words(&Err("gone".to_owned()), &Ok(None)).level, Level::Problem);
    }
}
