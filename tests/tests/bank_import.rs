//! The bank's import, as a program that is started, started again, started twice at a time, and killed.

use std::{
    collections::BTreeMap,
    fs,
    io::{BufRead, BufReader},
    process::{Command, Output, Stdio},
    time::Duration,
};

use futures_util::TryStreamExt;
use gesta::prelude::*;
use gesta_examples::bank::{Account, AccountEvent, AccountId, BalanceOf, Bank, Deposit, Deps, Open};
use gesta_tests::{Database, Kind};

const SAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/bank/sample.asc");

/// Everything that an import leaves in a database: the events of each account.
type State = BTreeMap<String, Vec<AccountEvent>>;

fn program(database: &Database) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bank-under-test"));
    command.args(["--store", database.url()]).stdin(Stdio::null());
    command
}

fn finished(command: &mut Command) -> Output {
    command.output().expect("the program runs")
}

fn printed(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// Runs an import to its end, and returns the table that it prints, without the spaces.
fn import(database: &Database) -> Vec<String> {
    let output = finished(&mut program(database));
    assert!(output.status.success(), "{}", printed(&output));
    printed(&output).lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect()
}

/// The amounts of the sample in hundredths by account, in the order of the file; read in another way than the
/// program does.
fn sample() -> BTreeMap<String, Vec<i64>> {
    let bytes = fs::read(SAMPLE).expect("the sample");
    let text: String = bytes.iter().map(|byte| char::from(*byte)).filter(|c| *c != '"').collect();
    let mut amounts: BTreeMap<String, Vec<i64>> = BTreeMap::new();
    for line in text.lines().skip(1) {
        let columns: Vec<&str> = line.split(';').collect();
        let amount: i64 = columns[5].replace('.', "").parse().expect("an amount");
        let signed = if columns[3] == "PRIJEM" { amount } else { -amount };
        amounts.entry(columns[1].to_owned()).or_default().push(signed);
    }
    amounts
}

async fn app(database: &Database) -> App<Bank> {
    let store = gesta::connect(database.url()).await.expect("a store");
    // The programs under test do the work.
    Bank::app(store, Deps::default()).commands_only().await.expect("an application")
}

/// What the projection says of each account of the sample.
async fn shown(database: &Database) -> BTreeMap<String, Option<i64>> {
    let app = app(database).await;
    let mut shown = BTreeMap::new();
    for account in sample().into_keys() {
        let cents = app.query(BalanceOf(AccountId(account.clone()))).await.expect("an answer");
        shown.insert(account, cents);
    }
    app.shutdown().await.expect("a clean end");
    shown
}

fn sums() -> BTreeMap<String, Option<i64>> {
    sample().into_iter().map(|(account, amounts)| (account, Some(amounts.iter().sum()))).collect()
}

fn line(output: &str, words: &str) -> bool {
    output.lines().any(|line| line.split_whitespace().collect::<Vec<_>>().join(" ").contains(words))
}

async fn state(database: &Database) -> State {
    let app = app(database).await;
    let mut state = State::new();
    for account in sample().into_keys() {
        let history = app.history::<Account>(&AccountId(account.clone()));
        let events: Vec<_> =
            history.map_ok(|recorded| recorded.event).try_collect().await.expect("its history");
        if !events.is_empty() {
            state.insert(account, events);
        }
    }
    app.shutdown().await.expect("a clean end");
    state
}

/// Nothing but the events that the file asks for, once each and in its order.
fn assert_complete(state: &State) {
    let sample = sample();
    assert_eq!(state.len(), sample.len());
    for (account, amounts) in sample {
        let events = &state[&account];
        assert_eq!(events[0], AccountEvent::Opened { owner: format!("account {account}") });
        let booked: Vec<i64> = events[1..]
            .iter()
            .map(|event| match event {
                AccountEvent::Booked { cents, .. } => *cents,
                other => panic!("{other:?} in account {account}"),
            })
            .collect();
        assert_eq!(booked, amounts, "account {account}");
    }
}

async fn every_balance_is_the_exact_sum_and_a_second_import_stores_nothing(kind: Kind) {
    let database = Database::new(kind).await;
    let first = import(&database);
    for line in ["accounts 12", "rows 302", "stored now 302", "already there 0"] {
        assert!(first.iter().any(|printed| printed == line), "no `{line}` in {first:#?}");
    }
    let stored = state(&database).await;
    assert_complete(&stored);
    assert_eq!(shown(&database).await, sums());
    let bank = app(&database).await;
    for (account, amounts) in sample() {
        let account = bank.load::<Account>(&AccountId(account)).await.expect("readable").expect("there");
        assert_eq!(account.balance(), amounts.iter().sum::<i64>());
    }
    bank.shutdown().await.expect("a clean end");

    let second = import(&database);
    for line in ["stored now 0", "already there 302"] {
        assert!(second.iter().any(|printed| printed == line), "no `{line}` in {second:#?}");
    }
    assert_eq!(state(&database).await, stored);
    database.remove().await;
}

/// Starts an import and kills it with SIGKILL once it has printed so many lines, and a moment later.
fn kill_after(database: &Database, lines: usize, moment: Duration) {
    let mut running = program(database).stdout(Stdio::piped()).spawn().expect("the program starts");
    let mut output = BufReader::new(running.stdout.take().expect("its output")).lines();
    output.by_ref().take(lines).for_each(|line| drop(line.expect("a line")));
    // Not a wait for something: the moment of the kill is what is varied here.
    std::thread::sleep(moment);
    running.kill().expect("SIGKILL");
    running.wait().expect("it is gone");
}

async fn an_import_killed_at_any_moment_ends_in_the_same_state(kind: Kind) {
    let (mut midway, mut total) = (0, 0);
    for lines in 0..=9 {
        // A server's databases take long to make, so there each step has one moment, another for the next.
        let moments: &[u64] = if kind == Kind::Sqlite { &[0, 2, 5] } else { &[[0, 2, 5][lines % 3]] };
        for moment in moments.iter().copied().map(Duration::from_millis) {
            let database = Database::new(kind).await;
            kill_after(&database, lines, moment);
            let rows: usize = state(&database).await.values().map(Vec::len).sum();
            midway += usize::from(rows > 0 && rows < 302 + 12);
            total += 1;
            import(&database);
            assert_complete(&state(&database).await);
            database.remove().await;
        }
    }
    assert!(midway * 3 > total, "only {midway} of {total} kills came while the import was storing");
}

async fn an_import_killed_again_and_again_ends_in_the_same_state(kind: Kind) {
    let database = Database::new(kind).await;
    for lines in [1, 0, 2, 3, 1, 5, 2, 8] {
        kill_after(&database, lines, Duration::ZERO);
    }
    import(&database);
    assert_complete(&state(&database).await);
    assert_eq!(shown(&database).await, sums());
    database.remove().await;
}

async fn a_dead_letter_is_shown_and_retried(kind: Kind) {
    let database = Database::new(kind).await;
    let output = finished(program(&database).args(["--fail", "900011"]));
    let told = printed(&output);
    assert!(output.status.success(), "{told}");
    for words in [
        "dead letter: account.booked of account/900011 at version 2",
        "3 attempts; the printer jams at the statements of account 900011",
        "26 more of the account wait behind it",
        "retried 1: 27 statements of account 900011 are printed now",
        "statements 302",
        "every balance is the exact sum of its rows",
    ] {
        assert!(line(&told, words), "no `{words}` in {told}");
    }
    let app = app(&database).await;
    assert_eq!(app.dead_letters().count().await.expect("a count"), 0);
    app.shutdown().await.expect("a clean end");
    database.remove().await;
}

async fn balances_that_are_built_anew_are_the_same(kind: Kind) {
    let database = Database::new(kind).await;
    import(&database);
    assert_eq!(shown(&database).await, sums());
    let output = finished(program(&database).arg("--rebuild"));
    let told = printed(&output);
    assert!(output.status.success(), "{told}");
    for words in ["building the balances anew", "100 %", "stored now 0", "every balance is the exact sum"] {
        assert!(line(&told, words), "no `{words}` in {told}");
    }
    assert_eq!(shown(&database).await, sums());
    database.remove().await;
}

async fn two_imports_at_a_time_store_every_row_once(kind: Kind) {
    let database = Database::new(kind).await;
    let start =
        || program(&database).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
    for running in [start(), start()] {
        let output = running.wait_with_output().expect("it ends");
        assert!(output.status.success(), "{}", printed(&output));
    }
    assert_complete(&state(&database).await);
    database.remove().await;
}

async fn a_balance_that_is_not_the_sum_is_noticed(kind: Kind) {
    let database = Database::new(kind).await;
    let app = app(&database).await;
    let id = AccountId(sample().into_keys().next().expect("an account"));
    app.create(&id, Open { owner: "account".into() }).key(format!("open-{id}")).await.expect("an account");
    app.execute(&id, Deposit { cents: 1 }).await.expect("a cent too much");
    app.shutdown().await.expect("a clean end");
    let output = finished(&mut program(&database));
    assert_eq!(output.status.code(), Some(1), "{}", printed(&output));
    assert!(printed(&output).contains(&format!("account {id} has ")), "{}", printed(&output));
    database.remove().await;
}

async fn a_file_with_a_mistake_changes_nothing(kind: Kind) {
    let database = Database::new(kind).await;
    let mut bytes = fs::read(SAMPLE).expect("the sample");
    bytes.extend_from_slice(b"9999999;900011;930230;\"PRIJEM\";\"VKLAD\";1.00;1.00;\"\";;\r\n");
    let file = std::env::temp_dir().join(format!("gesta_mistake_{}_{kind:?}.asc", std::process::id()));
    fs::write(&file, bytes).expect("a file");
    let output = finished(program(&database).arg(&file));
    fs::remove_file(&file).expect("the file goes");
    assert_eq!(output.status.code(), Some(1), "{}", printed(&output));
    assert!(printed(&output).contains("line 304: the date `930230` is not a day"), "{}", printed(&output));
    assert_eq!(state(&database).await, State::new());
    database.remove().await;
}

macro_rules! on_both {
    ($($test:ident)*) => {
        mod sqlite { $(#[tokio::test] async fn $test() { super::$test(super::Kind::Sqlite).await; })* }
        mod postgres { $(#[tokio::test] async fn $test() { super::$test(super::Kind::Postgres).await; })* }
    };
}

on_both! {
    every_balance_is_the_exact_sum_and_a_second_import_stores_nothing
    an_import_killed_at_any_moment_ends_in_the_same_state
    an_import_killed_again_and_again_ends_in_the_same_state
    a_dead_letter_is_shown_and_retried
    balances_that_are_built_anew_are_the_same
    two_imports_at_a_time_store_every_row_once
    a_balance_that_is_not_the_sum_is_noticed
    a_file_with_a_mistake_changes_nothing
}
