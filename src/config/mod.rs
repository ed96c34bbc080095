//! Settings of an installation: one TOML file with documented defaults, then the environment.
//!
//! Unknown keys are refused. Secrets are never written here, only references to them ([`secret`]). Every environment
//! variable is listed in [`environment`]. Start with [`Config::load`].

pub mod data_folder;
pub mod environment;
pub mod limited;
pub mod presence;
pub mod secret;
pub mod secret_key;
pub mod seed_files;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use secret::{SecretFault, SecretReference};

/// Name of the settings file inside the data folder.
pub const FILE_NAME: &str = "countersign.toml";

/// What `init` writes: every setting with its default.
pub const TEMPLATE: &str = include_str!("countersign.toml");

/// All settings; what is left out has the default stated at the field.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    pub database: DatabaseConfig,
    pub vault: VaultConfig,
    pub catalog: CatalogConfig,
    pub collect: CollectConfig,
    pub spool: SpoolConfig,
    pub serve: ServeConfig,
    pub keys: KeysConfig,
}

/// `[database]`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DatabaseConfig {
    /// `sqlite` (the default: a file in the data folder), `env:NAME` or `file:PATH` holding a `postgres://` URL, or
    /// a `postgres://` URL without a password.
    pub url: String,
    /// Connections for reading. Default 4.
    pub read_connections: u32,
}

impl Default for DatabaseConfig {
    fn default() -> Self {
        Self { url: "sqlite".to_owned(), read_connections: 4 }
    }
}

/// `[vault]`
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct VaultConfig {
    /// Folder of the archives. Default: `vault` in the data folder.
    pub folder: Option<PathBuf>,
    /// Bytes already kept for the same organization are stored again once their archive is this old, so that whole
    /// archives can age out. Default 90.
    pub store_again_after_days: Option<u32>,
}

/// `[catalog]`
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CatalogConfig {
    /// Folders with further `controls/` and `collectors/`; relative ones begin at this file's folder. Default: none.
    pub folders: Vec<PathBuf>,
}

/// `[collect]`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CollectConfig {
    /// Targets read side by side. Default 4.
    pub targets_at_once: usize,
    /// Datasets of one target read side by side. Default 4.
    pub datasets_at_once: usize,
    /// How fast Microsoft Graph is asked. Default: documented.
    pub graph_pace: GraphPace,
}

/// How fast Microsoft Graph is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GraphPace {
    /// Never faster than the service documents for each kind of data.
    #[default]
    Documented,
    /// As fast as it answers; for a service of one's own that has no limits.
    Unlimited,
}

impl Default for CollectConfig {
    fn default() -> Self {
        Self { targets_at_once: 4, datasets_at_once: 4, graph_pace: GraphPace::Documented }
    }
}

/// `[spool]`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SpoolConfig {
    /// What arrives continuously is sealed this often. Default 10.
    pub seal_after_minutes: u32,
    /// Or when this much waits, in millions of bytes. Default 64.
    pub seal_after_megabytes: u32,
}

impl Default for SpoolConfig {
    fn default() -> Self {
        Self { seal_after_minutes: 10, seal_after_megabytes: 64 }
    }
}

/// `[serve]`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ServeConfig {
    /// Address of the pages; loopback only. Default `127.0.0.1:7311`.
    pub listen: SocketAddr,
}

impl Default for ServeConfig {
    fn default() -> Self {
        Self { listen: SocketAddr::from(([127, 0, 0, 1], 7311)) }
    }
}

/// `[keys]`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct KeysConfig {
    /// File of the key that seals secrets in the database; mode 0600. Default: `secret.key` in the data folder.
    pub secret_key_file: Option<PathBuf>,
    /// So many days before a certificate or client secret ends, alarms begin. Default 30.
    pub warn_days_before_end: u32,
}

impl Default for KeysConfig {
    fn default() -> Self {
        Self { secret_key_file: None, warn_days_before_end: 30 }
    }
}

/// Why settings cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigFault {
    #[error("cannot read {path}")]
    Read { path: PathBuf, source: std::io::Error },
    #[error("{path}: {message}")]
    Parse { path: PathBuf, message: String },
    #[error("{name}: {message}")]
    Environment { name: &'static str, message: String },
    #[error(
        "serve.listen is {0}, which others on the network could reach; use a loopback address such as 127.0.0.1:7311"
    )]
    NotLoopback(SocketAddr),
    #[error("database.url holds a password; put the URL into a file or variable and write file:PATH or env:NAME")]
    PasswordInFile,
    #[error("{name} must be between 1 and {most}")]
    OutOfRange { name: &'static str, most: usize },
    #[error("database.url")]
    Secret(#[from] SecretFault),
}

impl Config {
    /// Reads `path` if it exists, then applies the environment.
    pub fn load(path: &Path) -> Result<Self, ConfigFault> {
        match std::fs::read_to_string(path) {
            Ok(text) => Self::of_text(&text, path),
            Err(fault) if fault.kind() == std::io::ErrorKind::NotFound => Self::of_text("", path),
            Err(source) => Err(ConfigFault::Read { path: path.to_owned(), source }),
        }
    }

    /// Reads settings that stand, or will stand, in `path`; then applies the environment.
    pub fn of_text(text: &str, path: &Path) -> Result<Self, ConfigFault> {
        let mut config = Self::from_toml(text, path)?;
        if let Some(beside) = path.parent() {
            config.catalog.folders.iter_mut().for_each(|folder| *folder = beside.join(&folder));
        }
        environment::apply(&mut config, |name| std::env::var(name).ok())?;
        config.check()?;
        Ok(config)
    }

    /// Parses TOML; `path` is for messages only.
    pub fn from_toml(text: &str, path: &Path) -> Result<Self, ConfigFault> {
        toml::from_str(text)
            .map_err(|fault| ConfigFault::Parse { path: path.to_owned(), message: fault.to_string().trim().to_owned() })
    }

    fn check(&self) -> Result<(), ConfigFault> {
        if !self.serve.listen.ip().is_loopback() {
            return Err(ConfigFault::NotLoopback(self.serve.listen));
        }
        let has_password = url::Url::parse(&self.database.url).is_ok_and(|url| url.password().is_some());
        if has_password {
            return Err(ConfigFault::PasswordInFile);
        }
        for (name, value, most) in [
            ("collect.targets_at_once", self.collect.targets_at_once, 64),
            ("collect.datasets_at_once", self.collect.datasets_at_once, 64),
            ("database.read_connections", self.database.read_connections as usize, 64),
            ("spool.seal_after_minutes", self.spool.seal_after_minutes as usize, 1440),
            ("keys.warn_days_before_end", self.keys.warn_days_before_end as usize, 365),
            ("spool.seal_after_megabytes", self.spool.seal_after_megabytes as usize, 256),
        ] {
            if !(1..=most).contains(&value) {
                return Err(ConfigFault::OutOfRange { name, most });
            }
        }
        Ok(())
    }

    /// The PostgreSQL URL, or none for SQLite in the data folder.
    pub fn postgres_url(&self) -> Result<Option<secrecy::SecretString>, ConfigFault> {
        match self.database.url.as_str() {
            "sqlite" => Ok(None),
            text => match text.parse::<SecretReference>() {
                Ok(reference) => Ok(Some(reference.resolve()?)),
                Err(_) => Ok(Some(text.to_owned().into())),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{Config, TEMPLATE};

    fn read(text: &str) -> Result<Config, super::ConfigFault> {
        Config::from_toml(text, Path::new("countersign.toml"))
    }

    #[test]
    fn the_file_that_init_writes_states_exactly_the_defaults() {
        assert_eq!(read(TEMPLATE).unwrap(), Config::default());
    }

    #[test]
    fn an_unknown_key_is_refused_with_its_line() {
        let fault = read("[serve]\nlissten = \"127.0.0.1:1\"\n").unwrap_err().to_string();
        assert!(fault.contains("line 2") && fault.contains("lissten"), "{fault}");
    }

    #[test]
    fn pages_are_not_served_to_the_network() {
        let config = read("[serve]\nlisten = \"0.0.0.0:80\"\n").unwrap();
        assert!(config.check().unwrap_err().to_string().contains("loopback"));
    }

    #[test]
    fn a_password_in_the_settings_file_is_refused() {
        let config = read("[database]\nurl = \"postgres://app:hunter2@db/countersign\"\n").unwrap();
        let fault = config.check().unwrap_err().to_string();
        assert!(fault.contains("file:PATH") && !fault.contains("hunter2"));
    }
}
