//! `getent passwd`: accounts of the host, from every source it is set to ask.

use serde_json::{Value, json};

use super::text::{Line, lines};
use super::{ParseError, Parsed};

pub(super) fn parse(stdout: &[u8]) -> Result<Parsed, ParseError> {
    let rows = lines(stdout).map(|line| row(&line)).collect::<Result<Vec<_>, _>>()?;
    if rows.is_empty() {
        return Err(ParseError::Nothing("accounts"));
    }
    Ok(Parsed::from(rows))
}

fn row(line: &Line<'_>) -> Result<Value, ParseError> {
    let fields: Vec<&str> = line.text.split(':').collect();
    let [name, _password, uid, gid, _full_name, home, shell] = fields.as_slice() else {
        return Err(line.expected("seven fields separated by colons"));
    };
    let (Ok(uid), Ok(gid)) = (uid.parse::<u32>(), gid.parse::<u32>()) else {
        return Err(line.expected("a user number and a group number"));
    };
    if name.is_empty() {
        return Err(line.expected("an account name"));
    }
    Ok(json!({"name": name, "uid": uid, "gid": gid, "home": home, "shell": shell}))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::parse;

    #[test]
    fn a_real_listing_has_root() {
        let rows = parse(include_bytes!("../../../collectors/linux/accounts/sample/stdout")).unwrap().rows;
        assert_eq!(rows[0], json!({"name": "root", "uid": 0, "gid": 0, "home": "/root", "shell": "/bin/bash"}));
        assert!(rows.len() > 15);
    }

    #[test]
    fn an_empty_shell_stays_empty_and_bytes_that_are_not_utf_8_do_not_hide_the_account() {
        let rows = parse(b"old:x:5:5:Andr\xe9:/home/old:\n").unwrap().rows;
        assert_eq!(rows, [json!({"name": "old", "uid": 5, "gid": 5, "home": "/home/old", "shell": ""})]);
    }

    #[test]
    fn a_damaged_line_is_refused_with_its_number() {
        for bad in ["broken", "a:x:one:1::/:/bin/sh", ":x:1:1::/:/bin/sh", "a:x:1:1::/:/bin/sh:more"] {
            let fault = parse(format!("root:x:0:0::/:/bin/sh\n{bad}\n").as_bytes()).unwrap_err();
            assert!(fault.to_string().contains("line 2"), "{fault}");
        }
    }

    #[test]
    fn a_host_without_any_account_is_an_error() {
        assert!(parse(b"").is_err());
    }
}
