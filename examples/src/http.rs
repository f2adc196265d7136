//! As much of HTTP/1.1 as the examples need: one request and one answer for each connection.

use std::{collections::HashMap, io};

use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::TcpStream,
};

/// A request or an answer.
#[derive(Debug)]
pub struct Message {
    /// `POST /clearances HTTP/1.1` or `HTTP/1.1 200 OK`.
    pub first: String,
    /// By their names in lower case.
    pub headers: HashMap<String, String>,
    /// What comes after them.
    pub body: String,
}

/// More is not read: nobody here has so much to say.
const LONGEST: usize = 1 << 20;

/// Reads a message.
///
/// # Errors
/// When the connection breaks, or what comes is no HTTP.
pub async fn read(connection: &mut TcpStream) -> io::Result<Message> {
    let mut connection = BufReader::new(connection);
    let first = line(&mut connection).await?;
    let mut headers = HashMap::new();
    loop {
        let header = line(&mut connection).await?;
        let Some((name, value)) = header.split_once(':') else { break };
        headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
    }
    let length = headers.get("content-length").map_or(Ok(0), |length| length.parse::<usize>());
    let length = length.map_err(io::Error::other)?;
    if length > LONGEST {
        return Err(io::Error::other(format!("a body of {length} bytes is too long")));
    }
    let mut body = vec![0; length];
    connection.read_exact(&mut body).await?;
    let body = String::from_utf8(body).map_err(io::Error::other)?;
    Ok(Message { first, headers, body })
}

async fn line(connection: &mut BufReader<&mut TcpStream>) -> io::Result<String> {
    let mut line = String::new();
    if connection.read_line(&mut line).await? == 0 {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(line.trim_end().to_owned())
}

/// Writes a message.
///
/// # Errors
/// When the connection breaks.
pub async fn write(
    connection: &mut TcpStream,
    first: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> io::Result<()> {
    let headers: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let length = body.len();
    let head = format!("{first}\r\n{headers}Content-Length: {length}\r\nConnection: close\r\n\r\n");
    connection.write_all(format!("{head}{body}").as_bytes()).await?;
    connection.flush().await
}
