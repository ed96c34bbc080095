//! `lsblk -J -b`: disks, partitions and what lies on them, flattened; each row knows the devices it lies on.
//!
//! A device on several others (a mirror, a volume group) has one row per way to it. Encryption by the drive itself or
//! by a cloud's storage cannot be seen here.

use serde::Deserialize;
use serde_json::{Value, json};

use super::{ParseError, Parsed};

#[derive(Deserialize)]
struct Listing {
    blockdevices: Vec<Device>,
}

#[derive(Deserialize)]
struct Device {
    name: String,
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    fstype: Option<String>,
    #[serde(default)]
    size: Value,
    /// Of newer tools; holds null when not mounted.
    #[serde(default)]
    mountpoints: Option<Vec<Option<String>>>,
    /// Of older tools.
    #[serde(default)]
    mountpoint: Option<String>,
    #[serde(default)]
    children: Vec<Device>,
}

pub(super) fn parse(stdout: &[u8]) -> Result<Parsed, ParseError> {
    if stdout.iter().all(u8::is_ascii_whitespace) {
        return Ok(Parsed::default());
    }
    let listing: Listing = serde_json::from_str(&String::from_utf8_lossy(stdout)).map_err(ParseError::Json)?;
    let mut rows = Vec::new();
    for device in &listing.blockdevices {
        flatten(device, &mut Vec::new(), &mut rows)?;
    }
    Ok(Parsed::from(rows))
}

/// The depth is bounded: the JSON reader refuses deep nesting.
fn flatten<'a>(device: &'a Device, parents: &mut Vec<&'a Device>, rows: &mut Vec<Value>) -> Result<(), ParseError> {
    let names: Vec<&str> = parents.iter().map(|parent| parent.name.as_str()).collect();
    let types: Vec<&str> = parents.iter().map(|parent| parent.kind.as_str()).collect();
    rows.push(json!({
        "name": device.name,
        "type": device.kind,
        "fstype": device.fstype,
        "size": size(device)?,
        "mountpoints": mountpoints(device),
        "parents": names,
        "parent_types": types,
    }));
    parents.push(device);
    for child in &device.children {
        flatten(child, parents, rows)?;
    }
    parents.pop();
    Ok(())
}

fn mountpoints(device: &Device) -> Vec<&str> {
    match &device.mountpoints {
        Some(several) => several.iter().flatten().map(String::as_str).collect(),
        None => device.mountpoint.iter().map(String::as_str).collect(),
    }
}

/// Bytes; older tools print the number as text.
fn size(device: &Device) -> Result<Option<u64>, ParseError> {
    let wrong = |wrong| ParseError::Item { name: format!("device `{}`", device.name), wrong };
    match &device.size {
        Value::Null => Ok(None),
        Value::Number(number) => number.as_u64().map(Some).ok_or_else(|| wrong("the size is not a count of bytes")),
        Value::String(text) => text.trim().parse().map(Some).map_err(|_| wrong("the size is not a count of bytes")),
        _ => Err(wrong("the size is neither a number nor text")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::parse;

    #[test]
    fn a_real_listing_gives_a_row_per_device() {
        let rows = parse(include_bytes!("../../../collectors/linux/block_devices/sample/stdout")).unwrap().rows;
        assert!(rows.iter().any(|row| row["type"] == "disk" && row["mountpoints"] == json!(["/"])));
        assert!(rows.iter().any(|row| row["mountpoints"] == json!([])));
    }

    #[test]
    fn a_mounted_volume_knows_every_layer_it_lies_on() {
        let output = br#"{"blockdevices": [{"name": "sda", "type": "disk", "size": 10, "children": [
            {"name": "sda1", "type": "part", "fstype": "crypto_LUKS", "size": 9, "mountpoints": [null], "children": [
              {"name": "luks", "type": "crypt", "fstype": "LVM2_member", "size": 8, "mountpoints": [null], "children": [
                {"name": "root", "type": "lvm", "fstype": "ext4", "size": 7, "mountpoints": ["/", "/srv"]}]}]}]}]}"#;
        let rows = parse(output).unwrap().rows;
        assert_eq!(rows[3]["parents"], json!(["sda", "sda1", "luks"]));
        assert_eq!(rows[3]["parent_types"], json!(["disk", "part", "crypt"]));
        assert_eq!(rows[3]["mountpoints"], json!(["/", "/srv"]));
    }

    #[test]
    fn an_old_tool_with_text_for_numbers_and_one_mountpoint_is_read() {
        let output = br#"{"blockdevices": [{"name": "sda", "type": "disk", "fstype": null, "size": "274877906944",
            "mountpoint": "/"}, {"name": "sdb", "type": "disk", "size": null, "mountpoint": null}]}"#;
        let rows = parse(output).unwrap().rows;
        assert_eq!(rows[0]["size"], json!(274_877_906_944_u64));
        assert_eq!(rows[0]["mountpoints"], json!(["/"]));
        assert_eq!(rows[1]["size"], json!(null));
        assert_eq!(rows[1]["mountpoints"], json!([]));
    }

    #[test]
    fn a_size_with_a_unit_names_the_device() {
        let fault = parse(br#"{"blockdevices": [{"name": "sda", "type": "disk", "size": "256G"}]}"#).unwrap_err();
        assert!(fault.to_string().contains("`sda`"), "{fault}");
    }

    #[test]
    fn a_cut_listing_is_an_error_and_no_listing_is_empty() {
        assert!(parse(br#"{"blockdevices": [{"name": "sda""#).is_err());
        assert!(parse(b"").unwrap().rows.is_empty());
    }
}
