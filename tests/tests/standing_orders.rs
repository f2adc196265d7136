//! The standing orders, as a program that is started, started again, and killed; with its clearing house.

use std::{
    collections::BTreeMap,
    fs,
    io::{BufRead, BufReader},
    process::{Command, Output, Stdio},
    time::{Duration, Instant},
};

use gesta::prelude::*;
use gesta_examples::bank::{Account, AccountId, Bank, Deps};
use gesta_tests::{Database, Folder, Kind};

const SAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/transfers/sample.asc");

/// A bank and a clearing house of a test's own.
struct Place {
    database: Database,
    folder: Folder,
}

impl Place {
    async fn new(kind: Kind) -> Self {
        Self { database: Database::new(kind).await, folder: Folder::new() }
    }

    fn program(&self, more: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_transfers-under-test"));
        let clearing = self.folder.path("clearing");
        command.args(["--store", self.database.url(), "--clearing"]).arg(clearing);
        // Seldom enough that no order uses up its attempts by chance.
        command.args(["--failures", "10"]).args(more);
        command.stdin(Stdio::null());
        command
    }

    /// Runs it to its end, and returns what it prints in the end, without the spaces and without how fast it was.
    fn run(&self, more: &[&str]) -> Vec<String> {
        let output = self.program(more).output().expect("the program runs");
        assert!(output.status.success(), "{}", printed(&output));
        let told = printed(&output);
        let words = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
        let table = told.lines().map(words).skip_while(|line| !line.starts_with("accounts"));
        table.filter(|line| !line.contains("per second")).collect()
    }

    /// Starts it and kills it with SIGKILL, once it has printed so many lines after the first one.
    fn kill_after(&self, lines: usize, moment: Duration) {
        let mut running = self.program(&[]).stdout(Stdio::piped()).spawn().expect("the program starts");
        let mut output = BufReader::new(running.stdout.take().expect("its output")).lines();
        output.by_ref().take(lines + 1).for_each(|line| drop(line.expect("a line")));
        // Not a wait for something: the moment of the kill is what is varied here.
        std::thread::sleep(moment);
        running.kill().expect("SIGKILL");
        running.wait().expect("it is gone");
    }

    /// The lines of the clearing house's file, by their keys.
    fn book(&self) -> BTreeMap<String, usize> {
        let mut keys = BTreeMap::new();
        let text = fs::read_to_string(self.folder.path("clearing")).unwrap_or_default();
        for line in text.lines() {
            let entry: serde_json::Value = serde_json::from_str(line).expect("a line of the book");
            *keys.entry(entry["key"].as_str().expect("a key").to_owned()).or_default() += 1;
        }
        keys
    }

    async fn app(&self) -> App<Bank> {
        let store = gesta::connect(self.database.url()).await.expect("a store");
        Bank::app(store, Deps::default()).commands_only().await.expect("an application")
    }

    /// How many sagas there are in each status.
    async fn sagas(&self) -> BTreeMap<&'static str, u64> {
        let app = self.app().await;
        let counted = app.sagas().count().await.expect("a count");
        app.shutdown().await.expect("a clean end");
        counted.into_iter().map(|(_, status, count)| (status.name(), count)).collect()
    }

    /// What is on every account that an order speaks of.
    async fn balances(&self) -> BTreeMap<String, i64> {
        let app = self.app().await;
        let mut balances = BTreeMap::new();
        for order in sample() {
            for name in [order.account, format!("bank-{}", order.bank)] {
                let account = app.load::<Account>(&AccountId(name.clone())).await.expect("readable");
                balances.insert(name, account.map_or(0, |account| account.balance()));
            }
        }
        app.shutdown().await.expect("a clean end");
        balances
    }
}

fn printed(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

struct Order {
    account: String,
    bank: String,
    cents: i64,
}

/// The orders of the sample, read in another way than the program does.
fn sample() -> Vec<Order> {
    let text = fs::read_to_string(SAMPLE).expect("the sample").replace('"', "");
    let orders = text.lines().skip(1).map(|line| {
        let columns: Vec<&str> = line.split(';').collect();
        let cents = columns[4].replace('.', "").parse().expect("an amount");
        Order { account: columns[1].into(), bank: columns[2].into(), cents }
    });
    orders.collect()
}

/// Of the accounts, every twentieth begins with nothing; each of the others with what its orders need.
fn begun() -> i64 {
    let has_funds = |order: &Order| !order.account.parse::<u64>().expect("a number").is_multiple_of(20);
    sample().into_iter().filter(has_funds).map(|order| order.cents).sum()
}

/// What is the same for every run of the sample with the same seed, whatever happens to it meanwhile.
const END: [&str; 5] = [
    "orders 184",
    "171 completed",
    "7 undone at clear: the clearing house refuses: no such account",
    "6 undone at debit: only 0 left",
    "not a cent is lost or made, and the clearing house has done nothing twice",
];

fn assert_end(table: &[String]) {
    for line in END {
        assert!(table.iter().any(|printed| printed == line), "no `{line}` in {table:#?}");
    }
}

async fn every_order_is_carried_out_or_undone(kind: Kind) {
    let place = Place::new(kind).await;
    let first = place.run(&[]);
    assert_end(&first);
    let sagas = place.sagas().await;
    assert_eq!(sagas, BTreeMap::from([("compensated", 13), ("completed", 171)]));
    let book = place.book();
    assert_eq!(book.len(), 171 + 7, "every order that came so far was cleared or refused");
    assert!(book.values().all(|lines| *lines == 1), "a key has more than one effect: {book:?}");
    let balances = place.balances().await;
    let thanks = place.thanks().await;
    assert_eq!(balances.values().sum::<i64>(), begun() + thanks);

    assert_eq!(place.run(&[]), first, "a second run finds everything done");
    assert_eq!(place.balances().await, balances);
    assert_eq!(place.book(), book);
    place.database.remove().await;
}

impl Place {
    /// What the bank has given as thanks: a hundredth for each large withdrawal.
    async fn thanks(&self) -> i64 {
        let app = self.app().await;
        let filter = gesta::log::Filter::new().event("account.withdrawn");
        let withdrawn = app.log().filter(filter).page(10_000).await.expect("the log").events;
        app.shutdown().await.expect("a clean end");
        let cents = |event: &gesta::log::LogEntry| event.json().expect("JSON")["cents"].as_u64();
        let large = withdrawn.iter().filter(|event| cents(event) > Some(1_000_000)).count();
        i64::try_from(large).expect("few")
    }
}

async fn a_run_that_is_killed_at_any_moment_goes_on_and_ends_with_the_same_sums(kind: Kind) {
    let whole = Place::new(kind).await;
    let expected = (whole.run(&[]), whole.balances().await);
    whole.database.remove().await;

    let (mut midway, moments) = (0, [(0, 50), (0, 200), (1, 0), (3, 20), (6, 5)]);
    for (round, (lines, millis)) in moments.into_iter().cycle().enumerate() {
        // Where the machine is busy, a kill may come before anything is under way, or after all of it.
        if round >= moments.len() && midway >= 3 {
            return;
        }
        assert!(round < 30, "only {midway} of {round} kills came while orders were under way");
        let place = Place::new(kind).await;
        place.kill_after(lines, Duration::from_millis(millis));
        let sagas = place.sagas().await;
        midway += usize::from(sagas.contains_key("running") || sagas.contains_key("compensating"));
        assert_eq!((place.run(&[]), place.balances().await), expected, "killed after {lines} lines");
        assert!(place.book().values().all(|lines| *lines == 1), "a key has more than one effect");
        place.database.remove().await;
    }
}

async fn a_run_that_is_killed_again_and_again_ends_with_the_same_sums(kind: Kind) {
    let place = Place::new(kind).await;
    for (lines, millis) in [(0, 100), (1, 0), (2, 10), (4, 0), (7, 3)] {
        place.kill_after(lines, Duration::from_millis(millis));
    }
    assert_end(&place.run(&[]));
    assert!(place.book().values().all(|lines| *lines == 1), "a key has more than one effect");
    place.database.remove().await;
}

/// A service that never answers: what was under way when the program was killed may have happened, so it is neither
/// taken for failed nor for done. It is parked, and goes on when somebody has decided so.
async fn what_nobody_knows_is_parked_until_somebody_decides(kind: Kind) {
    let place = Place::new(kind).await;
    let mut running =
        place.program(&["--failures", "100"]).stdout(Stdio::null()).spawn().expect("the program starts");
    let begin = Instant::now();
    while place.book().len() < 20 {
        assert!(begin.elapsed() < Duration::from_secs(60), "nothing comes to the clearing house");
        std::thread::sleep(Duration::from_millis(2));
    }
    running.kill().expect("SIGKILL");
    running.wait().expect("it is gone");

    place.run(&["--failures", "100"]);
    let parked = place.sagas().await;
    assert!(parked.get("parked") > Some(&0) && !parked.contains_key("completed"), "{parked:?}");
    place.run(&["--retry"]);
    let retried = place.sagas().await;
    assert!(retried.get("completed") > Some(&0) && !retried.contains_key("parked"), "{retried:?}");
    assert!(place.book().values().all(|lines| *lines == 1), "a key has more than one effect");
    place.database.remove().await;
}

macro_rules! on_both {
    ($($test:ident)*) => {
        mod sqlite { $(#[tokio::test] async fn $test() { super::$test(super::Kind::Sqlite).await; })* }
        mod postgres { $(#[tokio::test] async fn $test() { super::$test(super::Kind::Postgres).await; })* }
    };
}

on_both! {
    every_order_is_carried_out_or_undone
    a_run_that_is_killed_at_any_moment_goes_on_and_ends_with_the_same_sums
    a_run_that_is_killed_again_and_again_ends_with_the_same_sums
    what_nobody_knows_is_parked_until_somebody_decides
}

#[test]
fn a_file_with_a_mistake_changes_nothing() {
    let folder = Folder::new();
    let file = folder.path("orders.asc");
    let sample = fs::read_to_string(SAMPLE).expect("the sample");
    fs::write(&file, sample + "94999;900001;\"YZ\";\"1\";1,00;\"\"\r\n").expect("a file");
    let mut command = Command::new(env!("CARGO_BIN_EXE_transfers-under-test"));
    let output = command.arg(&file).args(["--store", "memory:"]).output().expect("the program runs");
    assert_eq!(output.status.code(), Some(1), "{}", printed(&output));
    assert!(printed(&output).contains("line 186: the amount `1,00` is not a number"), "{}", printed(&output));
}
