//! A form platform, told as a story that checks itself: a form is published, filled in and closed; plugins look at what
//! comes in, reviewers move it on, and an audit trail follows.
//!
//! `cargo run --example forms` runs on SQLite in a file that is removed afterwards. With `--store URL` it runs on any
//! store; told there once more, it stores nothing more.

mod audit;
mod check;
mod layers;
mod plugins;
mod story;

use std::{error::Error, path::PathBuf, process::ExitCode};

use gesta_examples::forms::Forms;

const USAGE: &str = "usage: forms [--store URL]

  --store URL   sqlite:forms.db, sqlite::memory:, memory:, or postgres://.. ; by default SQLite in a temporary file";

/// A database in a file that is gone in the end.
struct Temporary(PathBuf);

impl Temporary {
    fn new() -> Self {
        Self(std::env::temp_dir().join(format!("gesta_forms_{}.db", std::process::id())))
    }

    fn url(&self) -> String {
        format!("sqlite:{}", self.0.display())
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        for ending in ["", "-wal", "-shm"] {
            // Not all of them need be there.
            let _ = std::fs::remove_file(format!("{}{ending}", self.0.display()));
        }
    }
}

/// The store that was asked for, if any; none at all for other words.
fn store(mut given: impl Iterator<Item = String>) -> Option<Option<String>> {
    match (given.next().as_deref(), given.next(), given.next()) {
        (None, ..) => Some(None),
        (Some("--store"), Some(url), None) => Some(Some(url)),
        _ => None,
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    let Some(given) = store(std::env::args().skip(1)) else {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    };
    let temporary = Temporary::new();
    match run(&given.unwrap_or_else(|| temporary.url())).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("forms: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(url: &str) -> Result<(), Box<dyn Error>> {
    let store = gesta::connect(url).await?;
    let app = layers::around(Forms::app(store, ()))?.start().await?;
    let told = story::tell(&app).await;
    app.shutdown().await?;
    told
}
