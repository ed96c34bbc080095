//! `ss -H -lntup`: sockets that wait for others to connect.
//!
//! The program is missing for an ordinary user, and for processes of another namespace even as root.

use serde_json::{Value, json};

use super::text::{Line, lines};
use super::{ParseError, Parsed};

pub(super) fn parse(stdout: &[u8]) -> Result<Parsed, ParseError> {
    lines(stdout).map(|line| row(&line)).collect::<Result<Vec<_>, _>>().map(Parsed::from)
}

fn row(line: &Line<'_>) -> Result<Value, ParseError> {
    let fields: Vec<&str> = line.text.split_whitespace().take(6).collect();
    let [protocol @ ("tcp" | "udp"), _state, receive_queue, send_queue, local, _peer] = fields.as_slice() else {
        return Err(line.expected("a tcp or udp socket with state, queues, own and other address"));
    };
    if receive_queue.parse::<u64>().is_err() || send_queue.parse::<u64>().is_err() {
        return Err(line.expected("two queue lengths after the state"));
    }
    let (address, port) = address_and_port(local).ok_or_else(|| line.expected("an address and a port"))?;
    Ok(json!({"protocol": protocol, "address": address, "port": port, "process": process(&line.text)}))
}

/// `0.0.0.0:22`, `[::]:22`, `*:22`, `127.0.0.53%lo:53`, `[fe80::1]%eth0:546`; `*` listens on every address of both
/// families and is given as `::`, an IPv4 address inside IPv6 as IPv4.
fn address_and_port(local: &str) -> Option<(String, u16)> {
    let (address, port) = local.rsplit_once(':')?;
    let port = if port == "*" { 0 } else { port.parse().ok()? };
    let address: String = address.chars().filter(|character| !matches!(character, '[' | ']')).collect();
    let address = address.split('%').next().unwrap_or_default();
    let address = if address == "*" { "::" } else { address };
    let parsed: std::net::IpAddr = address.parse().ok()?;
    Some((parsed.to_canonical().to_string(), port))
}

/// The first program in `users:(("sshd",pid=1,fd=3),("systemd",pid=1,fd=4))`; its name may hold any character.
fn process(text: &str) -> Option<&str> {
    let (_, users) = text.split_once("users:((\"")?;
    users.split_once("\",pid=").map(|(name, _)| name)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::parse;

    #[test]
    fn a_real_host_has_sockets_with_and_without_a_program() {
        let rows = parse(include_bytes!("../../../collectors/linux/listening_ports/sample/stdout")).unwrap().rows;
        assert!(rows.contains(&json!({"protocol": "tcp", "address": "0.0.0.0", "port": 22, "process": "sshd"})));
        assert!(rows.iter().any(|row| row["process"].is_null()));
    }

    #[test]
    fn interfaces_brackets_and_wildcards_become_plain_addresses() {
        let output = b"udp UNCONN 0 0 127.0.0.53%lo:53 0.0.0.0:* users:((\"systemd-resolve\",pid=5,fd=1))\n\
            tcp LISTEN 0 128 [::]:22 [::]:*\n\
            tcp LISTEN 0 128 *:80 *:* users:((\"my (odd) prog\",pid=9,fd=1),(\"other\",pid=8,fd=2))\n\
            udp UNCONN 0 0 [fe80::1]%eth0:546 [::]:*\n\
            tcp LISTEN 0 128 [::ffff:127.0.0.1]:8080 *:*\n";
        let rows = parse(output).unwrap().rows;
        assert_eq!(
            rows,
            [
                json!({"protocol": "udp", "address": "127.0.0.53", "port": 53, "process": "systemd-resolve"}),
                json!({"protocol": "tcp", "address": "::", "port": 22, "process": null}),
                json!({"protocol": "tcp", "address": "::", "port": 80, "process": "my (odd) prog"}),
                json!({"protocol": "udp", "address": "fe80::1", "port": 546, "process": null}),
                json!({"protocol": "tcp", "address": "127.0.0.1", "port": 8080, "process": null}),
            ]
        );
    }

    #[test]
    fn a_line_that_is_no_socket_is_refused_with_its_number() {
        for bad in ["Netid State Recv-Q Send-Q Local Peer", "tcp LISTEN 0 128 nonsense *:*", "tcp LISTEN 0", "hello"] {
            let fault = parse(format!("tcp LISTEN 0 1 1.2.3.4:5 *:*\n{bad}\n").as_bytes()).unwrap_err();
            assert!(fault.to_string().contains("line 2"), "{fault}");
        }
    }

    #[test]
    fn a_host_that_listens_nowhere_has_no_rows() {
        assert!(parse(b"").unwrap().rows.is_empty());
    }
}
