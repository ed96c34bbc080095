//! A web service on raw sockets that says what a story tells it to; it shares nothing with the client or the simulator.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};

/// What was asked.
pub struct Asked {
    /// Path and query.
    pub path: String,
    pub body: Vec<u8>,
}

/// Answers every request with the status and JSON that `answer` makes of it, until the tests end; returns the address.
pub fn serve(answer: impl Fn(&Asked) -> (u16, serde_json::Value) + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || listener.incoming().flatten().for_each(|stream| drop(exchange(stream, &answer))));
    address
}

fn exchange(stream: TcpStream, answer: &impl Fn(&Asked) -> (u16, serde_json::Value)) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream);
    let mut first = String::new();
    reader.read_line(&mut first)?;
    let mut length = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
        if line.trim().is_empty() {
            break;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    let path = first.split_whitespace().nth(1).unwrap_or_default().to_owned();
    let (status, body) = answer(&Asked { path, body });
    let body = body.to_string();
    write!(
        reader.into_inner(),
        "HTTP/1.1 {status} Said\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
}
