//! Whether a restart is waiting: the running kernel beside those installed, Debian's mark, and `needs-restarting`.
//! One row.

use std::cmp::Ordering;

use serde_json::{Value, json};

use super::text::{Line, is_ended, sections};
use super::{ParseError, Parsed};

pub(super) fn parse(stdout: &[u8]) -> Result<Parsed, ParseError> {
    let (mut running, mut marker, mut restarting) = (None, false, Value::Null);
    let (mut kernels, mut packages) = (Vec::new(), Vec::new());
    let sections = sections(stdout);
    for section in &sections {
        for line in &section.lines {
            let text = line.text.trim().to_owned();
            match section.name.as_str() {
                "running-kernel" => running = Some(text),
                "installed-kernels" => kernels.push(kernel(line)?),
                "marker" => marker = true,
                "marker-packages" => packages.push(text),
                "needs-restarting" => restarting = needs_restarting(line)?,
                _ => return Err(line.expected("a part that the collector announced")),
            }
        }
    }
    let (Some(running), true) = (running, is_ended(&sections)) else {
        return Err(ParseError::Nothing("running kernel"));
    };
    let alike = |kernel: &&String| flavour(kernel) == flavour(&running);
    let newest = kernels.iter().filter(alike).max_by(|one, other| by_version(one, other));
    packages.sort();
    packages.dedup();
    Ok(Parsed::from(vec![json!({
        "running_kernel": running,
        "newest_kernel": newest,
        "installed_kernels": kernels,
        "marker": marker,
        "marker_packages": packages,
        "needs_restarting": restarting,
    })]))
}

/// `/boot/vmlinuz-6.1.0-40-amd64`. A rescue image is no kernel that a restart would choose.
fn kernel(line: &Line<'_>) -> Result<String, ParseError> {
    let (_, version) = line.text.trim().split_once("vmlinuz-").ok_or_else(|| line.expected("a kernel below /boot"))?;
    Ok(version.to_owned())
}

/// `exit 0`: no; `exit 1`: yes. Any other end says nothing.
fn needs_restarting(line: &Line<'_>) -> Result<Value, ParseError> {
    match line.text.trim() {
        "exit 0" => Ok(Value::Bool(false)),
        "exit 1" => Ok(Value::Bool(true)),
        text if text.starts_with("exit ") => Ok(Value::Null),
        _ => Err(line.expected("how needs-restarting ended")),
    }
}

/// What is no number of a version: `amd64`, `cloud-amd64`, `generic`; of Red Hat's names what follows `+`. A host that
/// runs one kind is not asked to restart into another.
fn flavour(kernel: &str) -> String {
    let (kernel, kind) = kernel.split_once('+').unwrap_or((kernel, ""));
    let words = kernel.split('-').filter(|part| !part.starts_with(|first: char| first.is_ascii_digit()));
    words.chain([kind]).collect::<Vec<_>>().join("-")
}

/// Digits are compared as numbers, everything else as text, so that 6.1.0-9 is older than 6.1.0-40.
fn by_version(one: &str, other: &str) -> Ordering {
    let pieces = |text: &str| -> Vec<(u64, String)> {
        let mut pieces = Vec::new();
        let mut rest = text;
        while !rest.is_empty() {
            let digits = rest.find(|character: char| !character.is_ascii_digit()).unwrap_or(rest.len());
            let (number, behind) = rest.split_at(digits);
            let words = behind.find(|character: char| character.is_ascii_digit()).unwrap_or(behind.len());
            let (word, behind) = behind.split_at(words);
            pieces.push((number.parse().unwrap_or(u64::MAX), word.to_owned()));
            rest = behind;
        }
        pieces
    };
    pieces(one).cmp(&pieces(other))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::parse;

    fn row(running: &str, installed: &[&str], more: &str) -> Value {
        let installed: Vec<_> = installed.iter().map(|kernel| format!("/boot/vmlinuz-{kernel}\n")).collect();
        let installed = installed.concat();
        let output = format!(
            "== countersign running-kernel\n{running}\n== countersign installed-kernels\n{installed}{more}== countersign end\n"
        );
        parse(output.as_bytes()).unwrap().rows.remove(0)
    }

    #[test]
    fn a_real_host_whose_kernel_comes_from_outside_has_none_installed() {
        let rows = parse(include_bytes!("../../../collectors/linux/reboot_required/sample/stdout")).unwrap().rows;
        assert_eq!((&rows[0]["newest_kernel"], &rows[0]["installed_kernels"]), (&json!(null), &json!([])));
        assert_eq!((&rows[0]["marker"], &rows[0]["needs_restarting"]), (&json!(false), &json!(null)));
    }

    #[test]
    fn the_newest_kernel_is_found_by_number_among_its_own_kind() {
        let debian = row("6.1.0-9-amd64", &["6.1.0-9-amd64", "6.1.0-40-amd64", "6.1.0-41-cloud-amd64"], "");
        assert_eq!(debian["newest_kernel"], json!("6.1.0-40-amd64"));
        let red_hat = row(
            "5.14.0-427.13.1.el9_4.x86_64",
            &[
                "5.14.0-427.9.1.el9_4.x86_64",
                "5.14.0-427.13.1.el9_4.x86_64",
                "0-rescue-3d1219c7c4c5404aaa1f6d2a48adfda4",
                "5.14.0-503.el9.x86_64+debug",
            ],
            "",
        );
        assert_eq!(red_hat["newest_kernel"], json!("5.14.0-427.13.1.el9_4.x86_64"));
    }

    #[test]
    fn marks_of_both_families_are_read() {
        let more = "== countersign marker\nyes\n== countersign marker-packages\nlinux-image-6.1.0-40-amd64\nlibc6\nlibc6\n\
            == countersign needs-restarting\nexit 1\n";
        let row = row("6.1.0-9-amd64", &[], more);
        assert_eq!(row["marker_packages"], json!(["libc6", "linux-image-6.1.0-40-amd64"]));
        assert_eq!((&row["marker"], &row["needs_restarting"]), (&json!(true), &json!(true)));
    }

    #[test]
    fn an_answer_that_was_cut_off_is_an_error() {
        for cut in ["", "== countersign running-kernel\n6.1.0-9-amd64\n", "== countersign end\n"] {
            assert!(parse(cut.as_bytes()).is_err(), "{cut}");
        }
    }
}
