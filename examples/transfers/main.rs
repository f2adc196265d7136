//! Carries out the standing orders of a bank: every order is a saga that moves money to another bank by way of a clearing
//! house, which fails at random.
//!
//! ```sh
//! cargo run --example transfers                              # a small file that comes with it, into transfers.db
//! cargo run --example transfers -- order.asc --orders 1000   # the first thousand orders of a file of your own
//! cargo run --example transfers -- --store postgres://user@host/database
//! cargo run --example transfers -- --failures 60             # of a hundred calls to the clearing house, so many fail
//! ```
//!
//! Stop it at any moment, with Ctrl-C or SIGKILL, and start it again: every order goes on where it was. At the end it is
//! proved that not a cent is lost or made, and that the clearing house has done nothing twice.
//!
//! The clearing house is a service over HTTP in a process of its own, which this program starts. What it has done stands
//! in a file beside the database (`--clearing FILE`).

mod house;
mod orders;
mod proof;
mod run;

use std::{
    collections::BTreeMap,
    error::Error,
    path::{Path, PathBuf},
    process::{ExitCode, Stdio},
    time::{Duration, Instant},
};

use gesta::prelude::*;
use gesta_examples::{
    bank::{Bank, Clearing, Deps},
    show::{grouped, money, without_password},
};
use house::Manners;
use orders::Order;
use proof::Proof;
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
};

const USAGE: &str = "\
usage: transfers [FILE] [--store URL] [--orders N] [--failures PERCENT] [--refusals PERCENT] [--seed N]
                 [--clearing FILE] [--retry]
       FILE       standing orders, in the format of the PKDD'99 financial data set; without it a small sample
       URL        sqlite:path (sqlite:transfers.db if not given), postgres://.. or memory:
       --orders   the first so many of them
       --failures of a hundred calls to the clearing house so many fail (20)
       --refusals of a hundred orders it refuses so many for good (5)
       --seed     decides which (1)
       --clearing where the clearing house keeps what it has done (transfers.clearing)
       --retry    tries again what is parked, because nobody knows what the clearing house has done";

/// How long an application that was killed keeps its share of the work from the next one.
const LEASE: Duration = Duration::from_secs(1);

const SAMPLE: &str = include_str!("sample.asc");

/// The word by which this program starts itself as the clearing house.
const HOUSE: &str = "--clearing-house";

#[derive(Debug)]
struct Arguments {
    is_house: bool,
    file: Option<PathBuf>,
    store: String,
    orders: usize,
    manners: Manners,
    clearing: PathBuf,
    retry: bool,
}

fn arguments(mut given: impl Iterator<Item = String>) -> Option<Arguments> {
    let mut arguments = Arguments {
        is_house: false,
        file: None,
        store: "sqlite:transfers.db".into(),
        orders: usize::MAX,
        manners: Manners { seed: 1, failures: 20, refusals: 5 },
        clearing: "transfers.clearing".into(),
        retry: false,
    };
    while let Some(word) = given.next() {
        match word.as_str() {
            HOUSE => arguments.is_house = true,
            "--store" => arguments.store = given.next()?,
            "--orders" => arguments.orders = given.next()?.parse().ok().filter(|orders| *orders > 0)?,
            "--failures" => arguments.manners.failures = given.next()?.parse().ok()?,
            "--refusals" => arguments.manners.refusals = given.next()?.parse().ok()?,
            "--seed" => arguments.manners.seed = given.next()?.parse().ok()?,
            "--clearing" => arguments.clearing = given.next()?.into(),
            "--retry" => arguments.retry = true,
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
    let done = match arguments.is_house {
        true => house::serve(&arguments.clearing, arguments.manners).await,
        false => run(arguments).await,
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("transfers: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> Result<(), Box<dyn Error>> {
    let (name, text) = match &arguments.file {
        Some(path) => {
            let text =
                std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
            (path.display().to_string(), text)
        }
        None => ("the sample".to_owned(), SAMPLE.to_owned()),
    };
    let mut orders = orders::read(&text).map_err(|mistakes| format!("{name}: {mistakes}"))?;
    orders.truncate(arguments.orders);
    println!("carrying out {name} on {}", without_password(&arguments.store));

    let (house, address) = start_house(&arguments.clearing, arguments.manners).await?;
    let store = gesta::connect(&arguments.store).await?;
    let deps = Deps { clearing: Clearing::at(address), ..Deps::default() };
    let app = Bank::app(store, deps).lease(LEASE).start().await?;
    let done = everything(&app, &orders, &arguments).await;
    app.shutdown().await?;
    drop(house);
    done
}

/// Starts the clearing house, which ends when its input does: when this program has ended, however that comes.
async fn start_house(book: &Path, manners: Manners) -> Result<(Child, String), Box<dyn Error>> {
    let mut house = Command::new(std::env::current_exe()?)
        .args([HOUSE, "--clearing"])
        .arg(book)
        .args(["--seed", &manners.seed.to_string()])
        .args(["--failures", &manners.failures.to_string()])
        .args(["--refusals", &manners.refusals.to_string()])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()?;
    let mut lines = BufReader::new(house.stdout.take().ok_or("no output")?).lines();
    let address = lines.next_line().await?.ok_or("the clearing house does not start")?;
    Ok((house, address))
}

async fn everything(app: &App<Bank>, orders: &[Order], arguments: &Arguments) -> Result<(), Box<dyn Error>> {
    let begin = Instant::now();
    if arguments.retry {
        println!("{} parked orders are tried again", run::retry(app).await?);
    }
    let funds = run::funds(orders);
    run::open(app, &funds).await?;
    let outcomes = run::transfer(app, orders).await?;
    let took = begin.elapsed();

    // The thanks for large withdrawals follow from the log, a moment later.
    run::settle(app).await?;
    let book = house::read(&arguments.clearing)?;
    let proof = proof::check(app, orders, &funds, &outcomes, &book).await?;
    report(orders, &outcomes, &proof, took);
    if proof.wrong.is_empty() {
        println!("not a cent is lost or made, and the clearing house has done nothing twice");
        return Ok(());
    }
    Err(format!("{} things are wrong:\n  {}", proof.wrong.len(), proof.wrong.join("\n  ")).into())
}

fn report(orders: &[Order], outcomes: &BTreeMap<String, SagaOutcome>, proof: &Proof, took: Duration) {
    for (name, value) in [
        ("accounts", grouped(proof.accounts as u128)),
        ("orders", grouped(orders.len() as u128)),
        ("moved", money(proof.moved)),
        ("thanks", money(proof.thanks)),
        ("on all accounts", money(proof.sum)),
        ("clearances", grouped(proof.cleared as u128)),
        ("orders per second", grouped((orders.len() as f64 / took.as_secs_f64()) as u128)),
    ] {
        println!("  {name:<20}{value:>20}");
    }
    for (what, count) in reasons(outcomes) {
        println!("  {:>7} {what}", grouped(count as u128));
    }
}

/// How the orders have ended, and how many of them so.
fn reasons(outcomes: &BTreeMap<String, SagaOutcome>) -> BTreeMap<String, usize> {
    let mut reasons = BTreeMap::new();
    for outcome in outcomes.values() {
        let reason = match outcome {
            SagaOutcome::Completed => "completed".to_owned(),
            SagaOutcome::Compensated { failed_step, reason } => format!("undone at {failed_step}: {reason}"),
            SagaOutcome::Parked { step, reason } => format!("parked at {step}: {reason}"),
            _ => "abandoned".to_owned(),
        };
        *reasons.entry(reason).or_default() += 1;
    }
    reasons
}
