//! Imports the books of a bank: every row of a file is a command, with the row's number as its key.
//!
//! ```sh
//! cargo run --example bank                                  # a small file that comes with it, into bank.db
//! cargo run --example bank -- trans.asc                     # a file of your own
//! cargo run --example bank -- trans.asc --store postgres://user@host/database
//! cargo run --example bank -- --fail 900011                 # the statements of an account cannot be printed at first
//! cargo run --example bank -- --rebuild                     # builds the balances anew from the log
//! ```
//!
//! The keys make it safe to stop at any moment, even with SIGKILL, and to start again: what is stored is not
//! stored twice. At the end every account is loaded, and its balance compared with the sum of its rows, and so is the
//! balance in the projection, which follows the log while the import runs.
//!
//! A handler prints a statement for every row. With `--fail ACCOUNT` those of one account cannot be printed: after three
//! attempts the first becomes a dead letter, the others of the account wait behind it, and those of all other accounts
//! are printed. The dead letter is shown, what was wrong is repaired, the letter is retried, and the statements follow in
//! their order. `--rebuild` folds the balances anew after the import, and shows how far it is.

mod books;
mod import;
mod letters;
mod rebuild;
mod report;

use std::{error::Error, path::PathBuf, process::ExitCode, sync::Arc, time::Duration};

use gesta::App;
use gesta_examples::{
    bank::{Bank, Deps, PrintOffice},
    show::without_password,
};

const USAGE: &str = "\
usage: bank [FILE] [--store URL] [--fail ACCOUNT] [--rebuild] [--allow-older]
       FILE      the books, in the format of the PKDD'99 financial data set; without it a small sample
       URL       sqlite:path (sqlite:bank.db if not given), postgres://.. or memory:
       ACCOUNT   its statements cannot be printed at first
       --rebuild builds the balances anew from the log, after the import
       --allow-older starts even where this program and the store, or others that run on it, do not agree";

/// How long an application that was killed keeps its share of the work from the next one.
const LEASE: Duration = Duration::from_secs(1);

/// How long the read side may take to come to the end of the log.
const PATIENCE: Duration = Duration::from_secs(3600);

const SAMPLE: &[u8] = include_bytes!("sample.asc");

#[derive(Debug)]
struct Arguments {
    file: Option<PathBuf>,
    store: String,
    fail: Option<String>,
    rebuild: bool,
    allow_older: bool,
}

fn arguments(mut given: impl Iterator<Item = String>) -> Option<Arguments> {
    let store = "sqlite:bank.db".into();
    let mut arguments = Arguments { file: None, store, fail: None, rebuild: false, allow_older: false };
    while let Some(word) = given.next() {
        match word.as_str() {
            "--store" => arguments.store = given.next()?,
            "--fail" => arguments.fail = Some(given.next()?),
            "--rebuild" => arguments.rebuild = true,
            "--allow-older" => arguments.allow_older = true,
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
    println!("importing {name} into {}", without_password(&arguments.store));

    let office = Arc::new(PrintOffice::default());
    let deps = Deps { office: Arc::clone(&office), ..Deps::default() };
    if let Some(account) = &arguments.fail {
        office.jam(account);
    }
    let store = gesta::connect(&arguments.store).await?;
    let builder = Bank::app(store, deps).lease(LEASE);
    let builder = if arguments.allow_older { builder.allow_older() } else { builder };
    let app = builder.start().await?;
    let done = everything(&app, &books, &arguments, &office).await;
    app.shutdown().await?;
    let done = done?;

    report::print_table(&books, &done, office.printed());
    if done.wrong.is_empty() {
        println!("every balance is the exact sum of its rows");
        return Ok(());
    }
    Err(format!("{} accounts differ from their rows:\n{}", done.wrong.len(), done.wrong.join("\n")).into())
}

async fn everything(
    app: &App<Bank>,
    books: &books::Books,
    arguments: &Arguments,
    office: &PrintOffice,
) -> Result<import::Done, Box<dyn Error>> {
    let (stored, took) = import::import(app, books).await?;
    app.caught_up(PATIENCE).await?;
    if let Some(account) = &arguments.fail {
        letters::retry(app, account, office).await?;
    }
    if arguments.rebuild {
        rebuild::rebuild(app).await?;
    }
    let mut done = import::check(app, books).await?;
    (done.stored, done.already_there, done.took) = (stored, done.rows - stored, took);
    Ok(done)
}
