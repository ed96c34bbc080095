//! Where rsyslog and systemd's journal uploader send log lines, by their configuration files: one row a destination.
//!
//! Both languages of rsyslog are read: the old one (`*.* @@host:port`) and the new one (`action(type="omfwd" ...)`).
//! Files that an include names and the collector did not print are listed in `meta.other_includes`.

use serde_json::{Value, json};

use super::text::{Section, is_ended, sections};
use super::{ParseError, Parsed};

/// The folder that the collector prints.
const PRINTED: &str = "/etc/rsyslog.d/";

pub(super) fn parse(stdout: &[u8]) -> Result<Parsed, ParseError> {
    let sections = sections(stdout);
    if !is_ended(&sections) {
        return Err(ParseError::Nothing("mark at the end of the files"));
    }
    let mut rows = Vec::new();
    let mut includes = Vec::new();
    for section in &sections {
        match section.name.as_str() {
            "journal-upload" => rows.extend(journal_upload(section)),
            name if name.starts_with('/') => read_rsyslog(section, &mut rows, &mut includes)?,
            _ => {
                if let Some(line) = section.lines.first() {
                    return Err(line.expected("a part that the collector announced"));
                }
            }
        }
    }
    let mut parsed = Parsed::from(rows);
    parsed.meta.insert("other_includes".to_owned(), Value::from(includes));
    Ok(parsed)
}

/// `URL=https://logs.example:19532` of the part `[Upload]`; a later one wins.
fn journal_upload(section: &Section<'_>) -> Option<Value> {
    let url = section.lines.iter().rev().find_map(|line| line.text.trim().strip_prefix("URL=").map(str::to_owned))?;
    let (scheme, rest) = url.split_once("://").unwrap_or(("https", url.as_str()));
    let authority = rest.split('/').next().unwrap_or_default();
    let (host, port) = host_and_port(authority);
    (!host.is_empty()).then(|| {
        json!({"method": "journal-upload", "file": null, "protocol": scheme, "host": host, "port": port,
            "tls": scheme == "https"})
    })
}

fn read_rsyslog(section: &Section<'_>, rows: &mut Vec<Value>, includes: &mut Vec<String>) -> Result<(), ParseError> {
    let text = without_comments(section);
    let mut rest = text.as_str();
    let mut legacy = String::new();
    let unclosed = || ParseError::Item { name: format!("file `{}`", section.name), wrong: "an action is not closed" };
    while let Some(start) = find_block(rest) {
        legacy.push_str(rest.get(..start.at).unwrap_or_default());
        let after = rest.get(start.inside..).unwrap_or_default();
        let end = closing(after).ok_or_else(unclosed)?;
        let values = parameters(after.get(..end).unwrap_or_default());
        match start.name {
            "include" => includes.extend(values.text("file").filter(|file| !file.starts_with(PRINTED))),
            _ => rows.extend(values.destinations(&section.name)),
        }
        rest = after.get(end + 1..).unwrap_or_default();
    }
    legacy.push_str(rest);
    read_legacy(&legacy, &section.name, rows, includes);
    Ok(())
}

/// Text without `# ...` to the end of a line and `/* ... */`, both outside quotes.
fn without_comments(section: &Section<'_>) -> String {
    let mut text = String::new();
    let mut is_block = false;
    for line in &section.lines {
        let mut is_quoted = false;
        let mut characters = line.text.chars().peekable();
        while let Some(character) = characters.next() {
            let next = characters.peek().copied();
            if is_block {
                if character == '*' && next == Some('/') {
                    characters.next();
                    is_block = false;
                }
            } else if character == '"' {
                is_quoted = !is_quoted;
                text.push(character);
            } else if !is_quoted && character == '#' {
                break;
            } else if !is_quoted && character == '/' && next == Some('*') && !text.ends_with(is_of_a_path) {
                is_block = true;
            } else {
                text.push(character);
            }
        }
        text.push('\n');
    }
    text
}

/// In `/etc/rsyslog.d/*.conf` no comment begins.
fn is_of_a_path(before: char) -> bool {
    before.is_ascii_alphanumeric() || matches!(before, '.' | '_' | '-' | '/' | '*')
}

struct Block {
    name: &'static str,
    at: usize,
    /// Behind the opening parenthesis.
    inside: usize,
}

/// The next `action(` or `include(`, in any case and with spaces before the parenthesis.
fn find_block(text: &str) -> Option<Block> {
    let lower = text.to_ascii_lowercase();
    let find = |name: &'static str| {
        lower.match_indices(name).find_map(|(at, _)| {
            let is_word = !lower.get(..at)?.ends_with(|before: char| before.is_ascii_alphanumeric() || before == '$');
            let after = lower.get(at + name.len()..)?;
            let spaces = after.len() - after.trim_start().len();
            let opens = after.trim_start().starts_with('(') && is_word;
            opens.then_some(Block { name, at, inside: at + name.len() + spaces + 1 })
        })
    };
    [find("action"), find("include")].into_iter().flatten().min_by_key(|block| block.at)
}

/// Where the parenthesis closes, outside quotes.
fn closing(text: &str) -> Option<usize> {
    let mut is_quoted = false;
    text.char_indices().find_map(|(at, character)| {
        is_quoted ^= character == '"';
        (character == ')' && !is_quoted).then_some(at)
    })
}

struct Parameters(Vec<(String, Vec<String>)>);

/// `name="value"`, `name=["value", "value"]`, names in any case.
fn parameters(text: &str) -> Parameters {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('=') {
        let name = before.split_whitespace().last().unwrap_or_default().to_ascii_lowercase();
        let after = after.trim_start();
        let (body, is_list) = after.strip_prefix('[').map_or((after, false), |body| (body, true));
        let mut values = Vec::new();
        let mut remaining = body;
        while let Some((value, behind)) =
            remaining.trim_start().strip_prefix('"').and_then(|inner| inner.split_once('"'))
        {
            values.push(value.to_owned());
            remaining = behind;
            match behind.trim_start().strip_prefix(',') {
                Some(more) if is_list => remaining = more,
                _ => break,
            }
        }
        rest = remaining;
        found.push((name, values));
    }
    Parameters(found)
}

impl Parameters {
    fn values(&self, name: &str) -> &[String] {
        self.0.iter().find(|(known, _)| known == name).map(|(_, values)| values.as_slice()).unwrap_or_default()
    }

    fn text(&self, name: &str) -> Option<String> {
        self.values(name).first().cloned()
    }

    fn destinations(&self, file: &str) -> Vec<Value> {
        let kind = self.text("type").unwrap_or_default().to_ascii_lowercase();
        let (protocol, tls) = match kind.as_str() {
            "omfwd" => {
                let protocol = self.text("protocol").unwrap_or_else(|| "udp".to_owned()).to_ascii_lowercase();
                (protocol, self.text("streamdrivermode").is_some_and(|mode| mode != "0"))
            }
            "omrelp" => ("relp".to_owned(), self.text("tls").is_some_and(|tls| tls.eq_ignore_ascii_case("on"))),
            _ => return Vec::new(),
        };
        let port = self.text("port");
        let hosts = self.values("target").iter();
        hosts
            .map(|host| {
                json!({"method": "rsyslog", "file": file, "protocol": protocol, "host": host, "port": port, "tls": tls})
            })
            .collect()
    }
}

/// The old language: the last word of a line says where to.
fn read_legacy(text: &str, file: &str, rows: &mut Vec<Value>, includes: &mut Vec<String>) {
    let mut tls = false;
    for line in text.lines() {
        let mut words = line.split_whitespace();
        let (first, last) = (words.next().unwrap_or_default(), line.split_whitespace().last().unwrap_or_default());
        if first.eq_ignore_ascii_case("$IncludeConfig") {
            includes.extend((!last.starts_with(PRINTED)).then(|| last.to_owned()));
        } else if first.eq_ignore_ascii_case("$ActionSendStreamDriverMode") {
            tls = last != "0";
        }
        let (protocol, address, tls) = if let Some(address) = last.strip_prefix("@@") {
            ("tcp", address, tls)
        } else if let Some(address) = last.strip_prefix('@') {
            ("udp", address, false)
        } else if let Some(address) = last.strip_prefix(":omrelp:") {
            ("relp", address, false)
        } else {
            continue;
        };
        // `(o,z9)` before the host are options, `;name` behind it is a template.
        let address =
            address.strip_prefix('(').and_then(|options| options.split_once(')')).map_or(address, |(_, host)| host);
        let (host, port) = host_and_port(address.split(';').next().unwrap_or_default());
        if !host.is_empty() {
            rows.push(json!({"method": "rsyslog", "file": file, "protocol": protocol, "host": host, "port": port, "tls": tls}));
        }
    }
}

/// `host`, `host:514`, `[2001:db8::1]:514`.
fn host_and_port(address: &str) -> (&str, Option<&str>) {
    if let Some((host, rest)) = address.strip_prefix('[').and_then(|inner| inner.split_once(']')) {
        return (host, rest.strip_prefix(':'));
    }
    match address.rsplit_once(':') {
        Some((host, port)) if !host.contains(':') => (host, Some(port)),
        _ => (address, None),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{Parsed, parse};

    fn read(text: &str) -> Parsed {
        parse(format!("== countersign /etc/rsyslog.conf\n{text}\n== countersign end\n").as_bytes()).unwrap()
    }

    fn hosts(text: &str) -> Vec<String> {
        let shown = |row: &Value| {
            format!("{} {} {} {}", row["protocol"].as_str().unwrap(), row["host"], row["port"], row["tls"])
        };
        read(text).rows.iter().map(|row| shown(row).replace('"', "")).collect()
    }

    #[test]
    fn a_real_configuration_with_one_forward_gives_one_row() {
        let parsed = parse(include_bytes!("../../../collectors/linux/log_forwarding/sample/stdout")).unwrap();
        assert_eq!(
            parsed.rows,
            [json!({"method": "rsyslog", "file": "/etc/rsyslog.d/60-central.conf", "protocol": "tcp",
                "host": "logs.rx-central.example", "port": "6514", "tls": true})]
        );
        assert_eq!(parsed.meta["other_includes"], json!([]));
    }

    #[test]
    fn the_old_language_is_read_with_options_templates_and_addresses() {
        let text = "*.*;auth.none @192.0.2.5\n*.* @@(o,z9)logs.example:10514;RSYSLOG_Format\n& @@[2001:db8::1]:514\n\
            $ActionSendStreamDriverMode 1\nauth.* @@tls.example:6514\n*.* :omrelp:relp.example:2514\n\
            :msg,contains,\"[UFW \" /var/log/ufw.log\n";
        assert_eq!(
            hosts(text),
            [
                "udp 192.0.2.5 null false",
                "tcp logs.example 10514 false",
                "tcp 2001:db8::1 514 false",
                "tcp tls.example 6514 true",
                "relp relp.example 2514 false"
            ]
        );
    }

    #[test]
    fn the_new_language_is_read_over_several_lines_and_in_any_case() {
        let text = "if $msg contains \"a)\" then {\n  Action (Type=\"omfwd\"\n   Target=[\"a.example\", \"b.example\"] # both\n\
            port=\"6514\" protocol=\"TCP\" StreamDriver=\"gtls\" StreamDriverMode=\"1\")\n}\n\
            action(type=\"omfile\" file=\"/var/log/x\")\naction(type=\"omrelp\" target=\"c.example\" tls=\"on\")\n";
        assert_eq!(hosts(text), ["tcp a.example 6514 true", "tcp b.example 6514 true", "relp c.example null true"]);
    }

    #[test]
    fn a_destination_in_a_comment_is_none() {
        let text = "#*.* @@old.example\n/* action(type=\"omfwd\"\n target=\"old.example\") */\n  # action(type=\"omfwd\" target=\"x\")\n\
            *.* /var/log/a # then @@old.example\n";
        assert!(hosts(text).is_empty());
    }

    #[test]
    fn files_that_were_not_printed_are_named() {
        let text = "$IncludeConfig /etc/rsyslog.d/*.conf\n$IncludeConfig /opt/agent/rsyslog.conf\n\
            include(file=\"/srv/logs/*.conf\" mode=\"optional\")\n";
        let parsed = read(text);
        assert!(parsed.rows.is_empty());
        assert_eq!(parsed.meta["other_includes"], json!(["/srv/logs/*.conf", "/opt/agent/rsyslog.conf"]));
    }

    #[test]
    fn the_journal_sends_where_its_last_address_says() {
        let output =
            b"== countersign journal-upload\n# /etc/systemd/journal-upload.conf\n[Upload]\n# URL=https://no.example\n\
            URL=https://logs.example:19532\n== countersign end\n";
        let rows = parse(output).unwrap().rows;
        assert_eq!(
            (&rows[0]["host"], &rows[0]["port"], &rows[0]["tls"]),
            (&json!("logs.example"), &json!("19532"), &json!(true))
        );
    }

    #[test]
    fn files_that_were_cut_off_are_an_error() {
        assert!(parse(b"== countersign /etc/rsyslog.conf\n*.* @x\n").is_err());
        assert!(parse(b"== countersign /etc/rsyslog.conf\naction(type=\"omfwd\"\n== countersign end\n").is_err());
        assert!(parse(b"== countersign end\n").unwrap().rows.is_empty());
    }
}
