//! As much of HTTP/1.1 as two sides need that know each other: one request and one answer for each connection.

use std::io;

use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::TcpStream,
};

/// A request or an answer.
#[derive(Debug)]
pub(super) struct Message {
    /// `POST /reserve HTTP/1.1` or `HTTP/1.1 200 OK`.
    pub(super) first: String,
    /// What comes after the headers.
    pub(super) body: Vec<u8>,
}

/// Reads a message.
pub(super) async fn read(stream: &mut TcpStream) -> io::Result<Message> {
    let mut stream = BufReader::new(stream);
    let first = line(&mut stream).await?;
    let mut length = 0;
    loop {
        let header = line(&mut stream).await?;
        if header.is_empty() {
            break;
        }
        if let Some((name, value)) = header.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            length = value.trim().parse().map_err(io::Error::other)?;
        }
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await?;
    Ok(Message { first, body })
}

async fn line(stream: &mut BufReader<&mut TcpStream>) -> io::Result<String> {
    let mut line = String::new();
    if stream.read_line(&mut line).await? == 0 {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(line.trim_end().to_owned())
}

/// Writes a message.
pub(super) async fn write(stream: &mut TcpStream, first: &str, body: &[u8]) -> io::Result<()> {
    let head = format!(
        "{first}\r\nHost: clearing\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    stream.write_all(&[head.as_bytes(), body].concat()).await?;
    stream.flush().await
}
