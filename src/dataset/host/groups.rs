//! `getent group`: groups of the host with the members they name, from every source it is set to ask.
//!
//! An account whose own (first) group this is need not be named here; it is in the accounts by its group number.

use serde_json::{Value, json};

use super::text::{Line, lines};
use super::{ParseError, Parsed};

pub(super) fn parse(stdout: &[u8]) -> Result<Parsed, ParseError> {
    let rows = lines(stdout).map(|line| row(&line)).collect::<Result<Vec<_>, _>>()?;
    if rows.is_empty() {
        return Err(ParseError::Nothing("groups"));
    }
    Ok(Parsed::from(rows))
}

fn row(line: &Line<'_>) -> Result<Value, ParseError> {
    let fields: Vec<&str> = line.text.split(':').collect();
    let [name, _password, gid, members] = fields.as_slice() else {
        return Err(line.expected("four fields separated by colons"));
    };
    let Ok(gid) = gid.parse::<u32>() else {
        return Err(line.expected("a group number"));
    };
    if name.is_empty() {
        return Err(line.expected("the name of a group"));
    }
    let members: Vec<&str> = members.split(',').map(str::trim).filter(|member| !member.is_empty()).collect();
    Ok(json!({"name": name, "gid": gid, "members": members}))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::parse;

    #[test]
    fn a_real_listing_names_the_members_of_the_administrators() {
        let rows = parse(include_bytes!("../../../collectors/linux/groups/sample/stdout")).unwrap().rows;
        assert_eq!(rows[0], json!({"name": "root", "gid": 0, "members": []}));
        let sudo = rows.iter().find(|row| row["name"] == "sudo").unwrap();
        assert_eq!(sudo["members"], json!(["alice", "bob"]));
    }

    #[test]
    fn names_from_a_directory_with_blanks_and_other_scripts_are_kept() {
        let rows = parse("EXAMPLE\\domain admins:*:10512:EXAMPLE\\zo\u{eb}, admin\n".as_bytes()).unwrap().rows;
        assert_eq!(rows[0]["name"], json!("EXAMPLE\\domain admins"));
        assert_eq!(rows[0]["members"], json!(["EXAMPLE\\zo\u{eb}", "admin"]));
        assert_eq!(parse(b"old:x:5:Andr\xe9\n").unwrap().rows[0]["gid"], json!(5));
    }

    #[test]
    fn a_damaged_line_is_refused_with_its_number_and_no_group_is_an_error() {
        for bad in ["broken", "a:x:one:", ":x:1:", "a:x:1:b:more"] {
            let fault = parse(format!("root:x:0:\n{bad}\n").as_bytes()).unwrap_err();
            assert!(fault.to_string().contains("line 2"), "{fault}");
        }
        assert!(parse(b"").is_err());
    }
}
