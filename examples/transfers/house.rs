//! The clearing house: a service of its own, in a process of its own, that fails at random.
//!
//! `POST /clearances` with an `Idempotency-Key` reserves an amount, once for each key: the same key again is answered as
//! it was before. What it has done stands in a file, a line each, so that it survives its end too.

use std::{
    collections::HashMap,
    error::Error,
    fs::{File, OpenOptions},
    io::{self, BufRead, BufReader, Read, Write},
    path::Path,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use gesta_examples::{bank::Cleared, http};
use serde::{Deserialize, Serialize};
use tokio::net::{TcpListener, TcpStream};

/// How the service behaves.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Manners {
    /// Decides what goes wrong.
    pub(crate) seed: u64,
    /// Of a hundred calls, so many fail: half of them before anything has happened, half of them after it.
    pub(crate) failures: u64,
    /// Of a hundred keys, so many are refused for good.
    pub(crate) refusals: u64,
}

/// What the service has answered to a key, and always will.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Entry {
    pub(crate) key: String,
    pub(crate) cents: u64,
    /// What it calls the reservation; none if it has refused.
    pub(crate) reference: Option<String>,
}

/// Reads what a service has done. Nothing, if there is no file yet.
pub(crate) fn read(book: &Path) -> io::Result<Vec<Entry>> {
    match File::open(book) {
        Ok(file) => BufReader::new(file).lines().map(|line| Ok(serde_json::from_str(&line?)?)).collect(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

struct House {
    manners: Manners,
    book: Mutex<Book>,
}

struct Book {
    file: File,
    entries: HashMap<String, Entry>,
    calls: u64,
}

/// Runs the service on a free port, whose address it prints, until its input ends: with the program that has started it.
pub(crate) async fn serve(book: &Path, manners: Manners) -> Result<(), Box<dyn Error>> {
    let file = OpenOptions::new().create(true).append(true).open(book)?;
    // One that is still there from a program that was killed may have something to finish.
    file.lock()?;
    let entries = read(book)?.into_iter().map(|entry| (entry.key.clone(), entry)).collect();
    let book = Mutex::new(Book { file, entries, calls: 0 });
    let house: &'static House = Box::leak(Box::new(House { manners, book }));
    std::thread::spawn(|| {
        let _ = io::stdin().read_to_end(&mut Vec::new());
        std::process::exit(0);
    });
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("{}", listener.local_addr()?);
    loop {
        let (connection, _) = listener.accept().await?;
        tokio::spawn(house.answer(connection));
    }
}

impl House {
    /// Answers one call, or does not: whoever has called sees that.
    async fn answer(&self, mut connection: TcpStream) -> io::Result<()> {
        let request = http::read(&mut connection).await?;
        let Some(key) = request.headers.get("idempotency-key") else {
            return http::write(&mut connection, "HTTP/1.1 400 Bad Request", &[], "a key is missing").await;
        };
        let asked: serde_json::Value = serde_json::from_str(&request.body)?;
        let cents = asked["cents"].as_u64().ok_or_else(|| io::Error::other("no cents"))?;
        let dice = self.roll();
        tokio::time::sleep(Duration::from_millis(dice % 8)).await;
        let fails = dice / 8 % 100 < self.manners.failures;
        let happens = (dice / 800).is_multiple_of(2);
        if fails && !happens {
            return http::write(&mut connection, "HTTP/1.1 503 Service Unavailable", &[], "").await;
        }
        let entry = self.clear(key, cents)?;
        if fails {
            // It has happened, and the answer is lost.
            return Ok(());
        }
        match entry.reference {
            Some(reference) => {
                let body = serde_json::to_string(&Cleared { reference })?;
                http::write(&mut connection, "HTTP/1.1 200 OK", &[], &body).await
            }
            None => http::write(&mut connection, "HTTP/1.1 422 Refused", &[], "no such account").await,
        }
    }

    /// Decides what becomes of a key, unless that was decided before.
    fn clear(&self, key: &str, cents: u64) -> io::Result<Entry> {
        let mut book = self.book.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(entry) = book.entries.get(key) {
            return Ok(entry.clone());
        }
        let is_refused = mixed(key.bytes().fold(self.manners.seed, |sum, byte| mixed(sum ^ u64::from(byte))))
            % 100
            < self.manners.refusals;
        let reference = (!is_refused).then(|| format!("C-{}", book.entries.len() + 1));
        let entry = Entry { key: key.to_owned(), cents, reference };
        book.file.write_all(format!("{}\n", serde_json::to_string(&entry)?).as_bytes())?;
        book.entries.insert(key.to_owned(), entry.clone());
        Ok(entry)
    }

    fn roll(&self) -> u64 {
        let mut book = self.book.lock().unwrap_or_else(PoisonError::into_inner);
        book.calls += 1;
        mixed(self.manners.seed ^ mixed(book.calls))
    }
}

/// A number that looks like nothing of the one given (splitmix64).
fn mixed(number: u64) -> u64 {
    let z = number.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}
