//! Every environment variable Countersign reads, in one place.

use std::path::PathBuf;

use super::{Config, ConfigFault};

/// A variable and what it does; shown by `--help`.
pub struct Variable {
    pub name: &'static str,
    pub meaning: &'static str,
}

pub const DATA: &str = "COUNTERSIGN_DATA";
pub const CONFIG: &str = "COUNTERSIGN_CONFIG";
pub const LOG: &str = "COUNTERSIGN_LOG";
const DATABASE_URL: &str = "COUNTERSIGN_DATABASE_URL";
const VAULT_FOLDER: &str = "COUNTERSIGN_VAULT_FOLDER";
const LISTEN: &str = "COUNTERSIGN_LISTEN";
const SECRET_KEY_FILE: &str = "COUNTERSIGN_SECRET_KEY_FILE";

pub const VARIABLES: &[Variable] = &[
    Variable { name: DATA, meaning: "the data folder, as --data" },
    Variable { name: CONFIG, meaning: "the settings file; default countersign.toml in the data folder" },
    Variable { name: LOG, meaning: "what is logged to stderr, such as info or countersign=debug" },
    Variable { name: DATABASE_URL, meaning: "database.url: sqlite, env:NAME, file:PATH or a postgres:// URL" },
    Variable { name: VAULT_FOLDER, meaning: "vault.folder: where archives are kept" },
    Variable { name: LISTEN, meaning: "serve.listen: loopback address of the pages" },
    Variable { name: SECRET_KEY_FILE, meaning: "keys.secret_key_file: key that seals secrets in the database" },
];

/// Overrides settings by the environment as `lookup` sees it.
pub fn apply(config: &mut Config, lookup: impl Fn(&str) -> Option<String>) -> Result<(), ConfigFault> {
    if let Some(url) = lookup(DATABASE_URL) {
        // A URL with a password is fine here: the environment is where secrets may live.
        config.database.url = match url::Url::parse(&url) {
            Ok(parsed) if parsed.password().is_some() => format!("env:{DATABASE_URL}"),
            _ => url,
        };
    }
    if let Some(folder) = lookup(VAULT_FOLDER) {
        config.vault.folder = Some(PathBuf::from(folder));
    }
    if let Some(listen) = lookup(LISTEN) {
        config.serve.listen = listen.parse().map_err(|_| ConfigFault::Environment {
            name: LISTEN,
            message: format!("`{listen}` is not an address such as 127.0.0.1:7311"),
        })?;
    }
    if let Some(file) = lookup(SECRET_KEY_FILE) {
        config.keys.secret_key_file = Some(PathBuf::from(file));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{Config, apply};

    #[test]
    fn a_database_password_from_the_environment_stays_out_of_the_settings() {
        let mut config = Config::default();
        let lookup = |name: &str| (name == "COUNTERSIGN_DATABASE_URL").then(|| "postgres://a:hunter2@db/c".to_owned());
        apply(&mut config, lookup).unwrap();
        assert_eq!(config.database.url, "env:COUNTERSIGN_DATABASE_URL");
        assert!(!format!("{config:?}").contains("hunter2"));
    }
}
