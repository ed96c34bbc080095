//! `findmnt -J`: everything that is mounted, one row each.
//!
//! Where one thing is mounted over another, only the last one is seen by programs; the others are marked as hidden.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use super::{ParseError, Parsed};

#[derive(Deserialize)]
struct Listing {
    filesystems: Vec<Mount>,
}

#[derive(Deserialize)]
struct Mount {
    target: String,
    #[serde(default)]
    source: Option<String>,
    #[serde(default)]
    fstype: Option<String>,
    #[serde(default)]
    options: Option<String>,
    #[serde(default)]
    children: Vec<Mount>,
}

pub(super) fn parse(stdout: &[u8]) -> Result<Parsed, ParseError> {
    let listing: Listing = serde_json::from_str(&String::from_utf8_lossy(stdout)).map_err(ParseError::Json)?;
    let mut mounts = Vec::new();
    for mount in &listing.filesystems {
        flatten(mount, &mut mounts);
    }
    if !mounts.iter().any(|mount| mount.target == "/") {
        return Err(ParseError::Nothing("root file system"));
    }
    let last: BTreeMap<&str, usize> =
        mounts.iter().enumerate().map(|(place, mount)| (mount.target.as_str(), place)).collect();
    let rows = mounts.iter().enumerate().map(|(place, mount)| {
        let (source, folder) = mount.source.as_deref().map_or((None, None), source_and_folder);
        let options = mount.options.as_deref().map(|options| options.split(',').collect::<Vec<_>>());
        json!({
            "target": mount.target,
            "source": source,
            "folder": folder,
            "fstype": mount.fstype,
            "options": options,
            "hidden": last.get(mount.target.as_str()) != Some(&place),
        })
    });
    Ok(Parsed::from(rows.collect::<Vec<Value>>()))
}

/// The order is that of mounting, as far as one lies on the other. The JSON reader bounds the depth.
fn flatten<'a>(mount: &'a Mount, into: &mut Vec<&'a Mount>) {
    into.push(mount);
    for child in &mount.children {
        flatten(child, into);
    }
}

/// `/dev/sda2[/srv/data]` is a part of a file system mounted elsewhere: a bind mount or a subvolume.
fn source_and_folder(source: &str) -> (Option<&str>, Option<&str>) {
    match source.strip_suffix(']').and_then(|source| source.split_once('[')) {
        Some((device, folder)) => (Some(device), Some(folder)),
        None => (Some(source), None),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::parse;

    #[test]
    fn children_of_children_are_rows_too() {
        let rows = parse(include_bytes!("../../../collectors/linux/mounts/sample/stdout")).unwrap().rows;
        assert_eq!((&rows[0]["target"], &rows[0]["fstype"]), (&json!("/"), &json!("ext4")));
        let deep = rows.iter().find(|row| row["target"] == "/sys/fs/cgroup/cpu").unwrap();
        assert_eq!(deep["options"], json!(["rw", "relatime", "cpu"]));
    }

    #[test]
    fn a_bind_mount_names_the_folder_and_the_upper_of_two_mounts_counts() {
        let output = br#"{"filesystems": [{"target": "/", "source": "/dev/sda2", "fstype": "ext4", "options": "rw", "children": [
            {"target": "/tmp", "source": "tmpfs", "fstype": "tmpfs", "options": "rw,nosuid,nodev,noexec", "children": [
              {"target": "/tmp", "source": "/dev/sda2[/srv/tmp]", "fstype": "ext4", "options": "rw"}]},
            {"target": "/srv", "source": null, "fstype": null, "options": null}]}]}"#;
        let rows = parse(output).unwrap().rows;
        assert_eq!((&rows[1]["hidden"], &rows[2]["hidden"]), (&json!(true), &json!(false)));
        assert_eq!((&rows[2]["source"], &rows[2]["folder"]), (&json!("/dev/sda2"), &json!("/srv/tmp")));
        assert_eq!(rows[3]["options"], json!(null));
    }

    #[test]
    fn an_answer_that_was_cut_off_or_has_no_root_is_an_error() {
        for bad in
            [&b""[..], b"{\"filesystems\": [{\"target\": \"/\"", b"{\"filesystems\": []}", b"TARGET SOURCE\n/ x\n"]
        {
            assert!(parse(bad).is_err());
        }
    }

    #[test]
    fn a_name_that_is_no_utf8_does_not_lose_the_rest() {
        let output = b"{\"filesystems\": [{\"target\": \"/\", \"source\": \"a\"}, {\"target\": \"/\xff\"}]}";
        assert_eq!(parse(output).unwrap().rows.len(), 2);
    }
}
