//! `stat` over the files that decide about access: owner, group and rights, one row a file.
//!
//! Rights are octal text of four digits, such as `0640`. Links were followed. Access lists and attributes are not seen.

use serde_json::{Value, json};

use super::text::{Line, lines};
use super::{ParseError, Parsed};

pub(super) fn parse(stdout: &[u8]) -> Result<Parsed, ParseError> {
    let rows = lines(stdout).map(|line| row(&line)).collect::<Result<Vec<_>, _>>()?;
    if rows.is_empty() {
        return Err(ParseError::Nothing("files that decide about access"));
    }
    Ok(Parsed::from(rows))
}

/// `MODE UID GID OWNER GROUP RIGHTS PATH`. An owner without a name is called `UNKNOWN` by the tool.
fn row(line: &Line<'_>) -> Result<Value, ParseError> {
    let fields: Vec<&str> = line.text.splitn(7, ' ').collect();
    let [mode, uid, gid, owner, group, rights, path] = fields.as_slice() else {
        return Err(line.expected("rights, owner and path of a file"));
    };
    let number = |text: &str| text.parse::<u32>().map_err(|_| line.expected("the number of an owner and of a group"));
    let kind = match rights.chars().next() {
        Some('-') => "file",
        Some('d') => "folder",
        Some('l' | 'c' | 'b' | 'p' | 's') => "other",
        _ => return Err(line.expected("rights as ten letters")),
    };
    let mode = octal(mode).ok_or_else(|| line.expected("rights as an octal number"))?;
    if !path.starts_with('/') {
        return Err(line.expected("a path from the root"));
    }
    Ok(json!({
        "path": path,
        "kind": kind,
        "mode": mode,
        "uid": number(uid)?,
        "gid": number(gid)?,
        "owner": owner,
        "group": group,
    }))
}

/// Four octal digits, as `chmod` takes them.
pub(super) fn octal(text: &str) -> Option<String> {
    let mode = u32::from_str_radix(text, 8).ok().filter(|mode| *mode <= 0o7777)?;
    Some(format!("{mode:04o}"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::parse;

    #[test]
    fn a_real_host_keeps_its_hashes_from_others() {
        let rows = parse(include_bytes!("../../../collectors/linux/file_permissions/sample/stdout")).unwrap().rows;
        let shadow = rows.iter().find(|row| row["path"] == "/etc/shadow").unwrap();
        assert_eq!(shadow["mode"], json!("0640"));
        assert_eq!((&shadow["uid"], &shadow["group"]), (&json!(0), &json!("shadow")));
        let folder = rows.iter().find(|row| row["path"] == "/etc/pam.d").unwrap();
        assert_eq!(folder["kind"], json!("folder"));
    }

    #[test]
    fn no_rights_at_all_the_sticky_bit_and_blanks_in_a_path_are_read() {
        let output =
            b"0 0 0 root root ---------- /etc/shadow\n1730 0 108 root crontab drwx-wx--T /var/spool/cron/crontabs\n\
            644 1000 1000 UNKNOWN UNKNOWN -rw-r--r-- /etc/cron.d/a b\n";
        let rows = parse(output).unwrap().rows;
        assert_eq!((&rows[0]["mode"], &rows[1]["mode"]), (&json!("0000"), &json!("1730")));
        assert_eq!((&rows[2]["path"], &rows[2]["owner"]), (&json!("/etc/cron.d/a b"), &json!("UNKNOWN")));
    }

    #[test]
    fn a_line_of_another_shape_is_refused_with_its_number_and_no_file_is_an_error() {
        for bad in [
            "644 0 0 root root",
            "888 0 0 root root -rw-r--r-- /etc/x",
            "644 a 0 root root -rw-r--r-- /etc/x",
            "644 0 0 root root ?rw-r--r-- /etc/x",
            "644 0 0 root root -rw-r--r-- etc/x",
        ] {
            let fault = parse(format!("644 0 0 root root -rw-r--r-- /etc/passwd\n{bad}\n").as_bytes()).unwrap_err();
            assert!(fault.to_string().contains("line 2"), "{fault}");
        }
        assert!(parse(b"").is_err());
    }
}
