//! `dpkg-query -W` or `rpm -qa`: installed packages, one row each.
//!
//! dpkg also lists packages that were removed and left settings behind: `installed` is false for them.

use serde_json::{Value, json};

use super::text::{Line, sections};
use super::{ParseError, Parsed};

pub(super) fn parse(stdout: &[u8]) -> Result<Parsed, ParseError> {
    let mut rows = Vec::new();
    for section in sections(stdout) {
        for line in &section.lines {
            rows.push(match section.name.as_str() {
                "dpkg" => dpkg(line)?,
                "rpm" => rpm(line)?,
                _ => return Err(line.expected("the list of dpkg or rpm")),
            });
        }
    }
    if rows.is_empty() {
        return Err(ParseError::Nothing("packages"));
    }
    Ok(Parsed::from(rows))
}

/// Name, version, architecture, and three letters: wished for, state, fault. `ii`, `hi` (held) are installed, `rc` is not.
fn dpkg(line: &Line<'_>) -> Result<Value, ParseError> {
    let fields: Vec<&str> = line.text.split('\t').collect();
    let [name, version, architecture, state] = fields.as_slice() else {
        return Err(line.expected("name, version, architecture and state of a package"));
    };
    let is_installed = match state.chars().nth(1) {
        Some('i' | 'W' | 't' | 'F' | 'U' | 'H') => true,
        Some('n' | 'c') => false,
        _ => return Err(line.expected("a state of dpkg such as ii")),
    };
    Ok(json!({"name": name, "version": version, "architecture": architecture, "installed": is_installed}))
}

/// Name, version with epoch, architecture. Keys that rpm lists as packages have no architecture.
fn rpm(line: &Line<'_>) -> Result<Value, ParseError> {
    let fields: Vec<&str> = line.text.split('\t').collect();
    let [name, version, architecture] = fields.as_slice() else {
        return Err(line.expected("name, version and architecture of a package"));
    };
    let version = version.strip_prefix("0:").unwrap_or(version);
    let architecture = Some(*architecture).filter(|word| *word != "(none)");
    Ok(json!({"name": name, "version": version, "architecture": architecture, "installed": true}))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::parse;

    #[test]
    fn a_real_list_has_packages_that_are_gone_beside_those_that_are_there() {
        let rows = parse(include_bytes!("../../../collectors/linux/packages/sample/stdout")).unwrap().rows;
        assert!(
            rows.contains(
                &json!({"name": "bash", "version": "5.2.15-2+b8", "architecture": "amd64", "installed": true})
            )
        );
        assert!(rows.iter().any(|row| row["installed"] == false));
    }

    #[test]
    fn packages_of_rpm_keep_their_epoch_and_keys_have_no_architecture() {
        let output = b"== countersign rpm\nopenssl\t1:3.0.7-27.el9\tx86_64\nbash\t0:5.1.8-9.el9\tx86_64\n\
            gpg-pubkey\t0:fd431d51-4ae0493b\t(none)\n";
        let rows = parse(output).unwrap().rows;
        assert_eq!((&rows[0]["version"], &rows[1]["version"]), (&json!("1:3.0.7-27.el9"), &json!("5.1.8-9.el9")));
        assert_eq!(rows[2]["architecture"], json!(null));
    }

    #[test]
    fn a_held_package_is_installed() {
        let rows = parse(b"== countersign dpkg\nlinux-image\t1\tamd64\thi \n").unwrap().rows;
        assert_eq!(rows[0]["installed"], json!(true));
    }

    #[test]
    fn no_packages_and_noise_are_errors() {
        for bad in [
            "",
            "== countersign dpkg\n",
            "== countersign dpkg\nbash 5.2 amd64 ii\n",
            "== countersign dpkg\na\t1\tb\t??\n",
        ] {
            assert!(parse(bad.as_bytes()).is_err(), "{bad}");
        }
    }
}
