//! Which machine this is and who looks at it, for the provenance of evidence.
//!
//! Everything is read from files; what cannot be read is left out.

use std::collections::BTreeMap;
use std::fs;

use serde_json::{Map, Value};

/// Read once when a target is made.
#[derive(Debug, Clone, Default)]
pub(super) struct HostFacts {
    /// Effective user number; 0 is root.
    pub uid: Option<u32>,
    host_name: Option<String>,
    kernel: Option<String>,
    os_id: Option<String>,
    os_version: Option<String>,
}

impl HostFacts {
    pub fn read() -> Self {
        let release = read("/etc/os-release").or_else(|| read("/usr/lib/os-release")).unwrap_or_default();
        let release = os_release(&release);
        Self {
            uid: read("/proc/self/status").as_deref().and_then(effective_uid),
            host_name: kernel_host_name(),
            kernel: read("/proc/sys/kernel/osrelease").map(|text| text.trim().to_owned()),
            os_id: release.get("ID").cloned(),
            os_version: release.get("VERSION_ID").cloned(),
        }
    }

    pub fn provenance(&self) -> Map<String, Value> {
        let texts = [
            ("hostname", &self.host_name),
            ("kernel", &self.kernel),
            ("os_id", &self.os_id),
            ("os_version", &self.os_version),
        ];
        let texts = texts.into_iter().filter_map(|(name, value)| Some((name, Value::from(value.clone()?))));
        let uid = self.uid.map(|uid| ("uid", Value::from(uid)));
        texts.chain(uid).map(|(name, value)| (name.to_owned(), value)).collect()
    }
}

/// The name this machine has given itself; `localhost` when it has none.
#[must_use]
pub fn local_host_name() -> String {
    kernel_host_name().unwrap_or_else(|| "localhost".to_owned())
}

fn kernel_host_name() -> Option<String> {
    ["/proc/sys/kernel/hostname", "/etc/hostname"]
        .into_iter()
        .filter_map(read)
        .map(|name| name.trim().to_owned())
        .find(|name| !name.is_empty() && name != "(none)")
}

fn read(path: &str) -> Option<String> {
    fs::read(path).ok().map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
}

/// `Uid:\treal\teffective\tsaved\tfilesystem`.
fn effective_uid(status: &str) -> Option<u32> {
    status.lines().find_map(|line| line.strip_prefix("Uid:"))?.split_whitespace().nth(1)?.parse().ok()
}

fn os_release(text: &str) -> BTreeMap<&str, String> {
    text.lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split_once('='))
        .map(|(name, value)| (name, value.trim_matches(['"', '\'']).to_owned()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{effective_uid, local_host_name, os_release};

    #[test]
    fn the_effective_user_counts_not_the_real_one() {
        assert_eq!(effective_uid("Name:\tx\nUid:\t1000\t0\t0\t0\n"), Some(0));
        assert_eq!(effective_uid("Name:\tx\n"), None);
    }

    #[test]
    fn quotes_around_a_release_are_taken_off() {
        let release = os_release("# x\nID=debian\nVERSION_ID=\"12\"\n");
        assert_eq!((release["ID"].as_str(), release["VERSION_ID"].as_str()), ("debian", "12"));
    }

    #[test]
    fn a_machine_always_has_a_name() {
        assert!(!local_host_name().trim().is_empty());
    }
}
