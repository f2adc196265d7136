//! Imports the books of a bank: every row of a file is a command, with the row's number as its key.
//!
//! ```sh
//! cargo run --example bank                                  # a small file that comes with it, into bank.db
//! cargo run --example bank -- trans.asc                     # a file of your own
//! cargo run --example bank -- trans.asc --store postgres://user@host/database
//! ```
//!
//! The keys make it safe to stop at any moment, even with SIGKILL, and to start again: what is stored is not
//! stored twice. At the end every account is loaded, and its balance compared with the sum of its rows.

mod books;
mod import;
mod report;

use std::{error::Error, path::PathBuf, process::ExitCode};

use gesta_examples::bank::{Bank, Deps};

const USAGE: &str = "\
usage: bank [FILE] [--store URL]
       FILE   the books, in the format of the PKDD'99 financial data set; without it a small sample
       URL    sqlite:path (sqlite:bank.db if not given), postgres://.. or memory:";

const SAMPLE: &[u8] = include_bytes!("sample.asc");

#[derive(Debug)]
struct Arguments {
    file: Option<PathBuf>,
    store: String,
}

fn arguments(mut given: impl Iterator<Item = String>) -> Option<Arguments> {
    let mut arguments = Arguments { file: None, store: "sqlite:bank.db".into() };
    while let Some(word) = given.next() {
        match word.as_str() {
            "--store" => arguments.store = given.next()?,
            option if option.starts_with('-') => return None,
            file if arguments.file.is_none() => arguments.file = Some(file.into()),
            _ => return None,
        }
    }
    Some(arguments)
}

#[tokio::main]
async fn main() -> ExitCode {
    let Some(arguments) = arguments(std::env::args().skip(1)) else {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    };
    match run(arguments).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bank: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> Result<(), Box<dyn Error>> {
    let (name, bytes) = match &arguments.file {
        Some(path) => {
            (path.display().to_string(), std::fs::read(path).map_err(|e| format!("{}: {e}", path.display()))?)
        }
        None => ("the sample".to_owned(), SAMPLE.to_vec()),
    };
    // All rows are read before the first is imported: a file with a mistake in it changes nothing.
    let books = books::read(&bytes).map_err(|mistakes| format!("{name} is not imported:\n{mistakes}"))?;
    println!("importing {name} into {}", report::without_password(&arguments.store));

    let store = gesta::connect(&arguments.store).await?;
    let app = Bank::app(store, Deps::default()).start().await?;
    let done = import::import(&app, &books).await;
    app.shutdown().await?;
    let done = done?;

    report::print_table(&books, &done);
    if done.wrong.is_empty() {
        println!("every balance is the exact sum of its rows");
        return Ok(());
    }
    Err(format!("{} accounts differ from their rows:\n{}", done.wrong.len(), done.wrong.join("\n")).into())
}
