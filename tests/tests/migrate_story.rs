//! A bank moves to another database in the middle of its work, and nothing is lost, done twice or forgotten.

#![allow(missing_docs, reason = "a domain of a test needs no documentation")]

use std::{
    collections::HashSet,
    convert::Infallible,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use gesta::{
    App, Builder,
    admin::{MigrateError, MigratedEvents, migrate_events},
    log::Filter,
    prelude::*,
    saga::SagaOutcome,
    store::{
        Append, Due, Expected, Outcome, ProcessWrites, SagaFilter, SagaStatus, Store, StreamId, TimerWrite,
    },
};
use gesta_tests::{Kind, Place};
use serde::{Deserialize, Serialize};

const PATIENCE: Duration = Duration::from_secs(60);

#[derive(Clone, Debug, PartialEq, Eq, Hash, Id)]
pub struct AccountId(pub String);

#[event]
#[derive(Clone, Debug, PartialEq)]
pub enum AccountEvent {
    Opened {},
    Deposited { cents: u64 },
    Withdrawn { cents: u64 },
    Warned {},
}

#[aggregate(id = AccountId, event = AccountEvent)]
#[derive(Debug, Default)]
pub struct Account {
    cents: u64,
    warnings: u64,
}

#[apply(AccountEvent, ignore(Opened))]
impl Account {
    fn deposited(&mut self, cents: &u64) {
        self.cents += cents;
    }
    fn withdrawn(&mut self, cents: &u64) {
        self.cents -= cents;
    }
    fn warned(&mut self) {
        self.warnings += 1;
    }
}

#[derive(Clone, Debug)]
pub struct Open;

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Deposit {
    pub cents: u64,
}

#[derive(Clone, Debug)]
pub struct Withdraw {
    pub cents: u64,
}

#[derive(Clone, Debug)]
pub struct Warn;

#[command_handler]
impl Account {
    fn open(_: Open) -> Result<AccountEvent, Infallible> {
        Ok(AccountEvent::Opened {})
    }
    fn deposit(&self, cmd: Deposit) -> Result<AccountEvent, Infallible> {
        Ok(AccountEvent::Deposited { cents: cmd.cents })
    }
    fn withdraw(&self, cmd: Withdraw) -> Result<AccountEvent, Infallible> {
        Ok(AccountEvent::Withdrawn { cents: cmd.cents })
    }
    fn warn(&self, _: Warn) -> Result<AccountEvent, Infallible> {
        Ok(AccountEvent::Warned {})
    }
}

/// The clearing house, and the post: neither is there at first.
#[derive(Debug, Default)]
pub struct World {
    is_up: AtomicBool,
    /// The keys and the receipts that it was asked with.
    asked: Mutex<Vec<(String, Receipt)>>,
    letters: Mutex<Vec<u64>>,
}

#[derive(Debug, thiserror::Error)]
#[error("nobody answers")]
pub struct Down;

/// What is kept of the debit: the output of a step that is no command, with a receipt in it.
#[derive(Clone, Debug, Serialize, Deserialize, Schema)]
pub struct Noted {
    pub receipt: Receipt,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Transfer {
    pub from: AccountId,
    pub to: AccountId,
    pub cents: u64,
}

#[saga(version = 1)]
impl Transfer {
    #[step(compensate = refund)]
    fn debit(&self) -> Dispatch<AccountId, Withdraw> {
        self.from.send(Withdraw { cents: self.cents })
    }

    fn refund(&self) -> Dispatch<AccountId, Deposit> {
        self.from.send(Deposit { cents: self.cents })
    }

    #[step(no_compensation = "it is only noted")]
    async fn note(&self, debit: &Receipt) -> Result<Noted, Infallible> {
        Ok(Noted { receipt: *debit })
    }

    #[step(no_compensation = "an unused clearance expires", attempts = 100_000, backoff = fixed("20ms"))]
    async fn clear(
        &self,
        debit: &Receipt,
        note: &Noted,
        key: &IdempotencyKey,
        world: &Arc<World>,
    ) -> Result<(), Down> {
        assert_eq!(*debit, note.receipt, "both are of the store that it runs on");
        world.asked.lock().unwrap().push((key.as_str().to_owned(), *debit));
        if world.is_up.load(Ordering::SeqCst) { Ok(()) } else { Err(Down) }
    }

    #[step(pivot)]
    fn credit(&self) -> Dispatch<AccountId, Deposit> {
        self.to.send(Deposit { cents: self.cents })
    }
}

#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Dormancy {
    warned: bool,
}

#[process_manager(key = AccountId)]
impl Dormancy {
    #[on(AccountEvent::Opened)]
    fn opened(&mut self) -> Timer<Self> {
        Self::QUIET.after(Duration::from_secs(3_600))
    }

    #[deadline]
    fn quiet(&mut self, key: &AccountId) -> Dispatch<AccountId, Warn> {
        self.warned = true;
        key.send(Warn)
    }
}

pub struct Letters;

#[event_handler(name = "letters", attempts = 2, backoff = fixed("1ms"))]
impl Letters {
    #[on(AccountEvent::Deposited { cents })]
    async fn deposited(cents: &u64, world: &Arc<World>) -> Result<(), Down> {
        if *cents == 13 && !world.is_up.load(Ordering::SeqCst) {
            return Err(Down);
        }
        world.letters.lock().unwrap().push(*cents);
        Ok(())
    }
}

#[derive(Debug, Provide)]
pub struct Deps {
    pub world: Arc<World>,
}

gesta::domain! {
    pub Bank {
        deps: Deps,
        aggregates: [Account],
        sagas: [Transfer],
        process_managers: [Dormancy],
        event_handlers: [Letters],
    }
}

fn account(name: &str) -> AccountId {
    AccountId(name.into())
}

async fn start(store: &Store, world: &Arc<World>) -> App<Bank> {
    let deps = Deps { world: Arc::clone(world) };
    Builder::<Bank>::new(store.clone(), deps).start().await.expect("an app")
}

async fn until<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let waiting = async {
        loop {
            if let Some(found) = look().await {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(PATIENCE, waiting).await.unwrap_or_else(|_| panic!("{what} has not happened"))
}

async fn migrate(from: &Store, to: &Store) -> Result<MigratedEvents, MigrateError> {
    migrate_events::<Bank>(from, to, &mut |_| ()).await
}

/// A transfer that waits, an armed deadline, a dead letter with another one behind it, a scheduled command, and the
/// receipt of a command with a key.
async fn work(store: &Store, world: &Arc<World>) -> Receipt {
    let app = start(store, world).await;
    for name in ["ann", "bob"] {
        app.create(&account(name), Open).await.expect("an account");
    }
    let deposit = app.execute(&account("ann"), Deposit { cents: 500 }).key("salary");
    let receipt = deposit.await.expect("a deposit");
    app.execute(&account("bob"), Deposit { cents: 13 }).await.expect("a deposit");
    app.execute(&account("bob"), Deposit { cents: 14 }).await.expect("a deposit");
    app.schedule(Duration::from_secs(3_600), account("bob").send(Deposit { cents: 7 }))
        .key("rent")
        .await
        .expect("scheduled");
    let transfer = Transfer { from: account("ann"), to: account("bob"), cents: 200 };
    app.start_saga("t-1", transfer).await.expect("a saga");
    until("an attempt to clear", async || (world.asked.lock().unwrap().len() > 1).then_some(())).await;
    app.caught_up(PATIENCE).await.expect("all of it");
    until("the dead letter", async || (app.dead_letters().count().await.ok() == Some(1)).then_some(())).await;

    // Whoever runs there would go on with all of this as well.
    let elsewhere = Store::from(gesta::store::Memory::new());
    let error = migrate(store, &elsewhere).await.expect_err("it runs");
    let told = matches!(error, MigrateError::SourceInUse { .. } | MigrateError::Grown { .. });
    assert!(told, "{error}");
    app.shutdown().await.expect("the end");
    receipt
}

/// As if the time had come at which a timer fires.
async fn comes_now(store: &Store, stream: StreamId) {
    let side = store.port().read_side().expect("a read side");
    let timer = side.timers_of(&stream).await.expect("timers").remove(0);
    let due = Due::At(side.now().await.expect("the time"));
    let arm = TimerWrite::Arm { name: timer.name, armed: timer.armed, shard: timer.shard, due };
    let mut append = Append::new(stream, Expected::Any, Vec::new());
    append.process = Some(Box::new(ProcessWrites { timers: vec![arm], ..ProcessWrites::default() }));
    let outcome = store.port().append(&[append]).await.expect("an answer").remove(0);
    assert!(matches!(outcome, Outcome::Appended(_)), "{outcome:?}");
}

async fn events(app: &App<Bank>, filter: Filter) -> usize {
    app.log().filter(filter).page(10_000).await.expect("the log").events.len()
}

/// Everything goes on where it was.
async fn go_on(store: &Store, world: &Arc<World>, before: Receipt) {
    let told: HashSet<String> = world.asked.lock().unwrap().drain(..).map(|(key, _)| key).collect();
    let app = start(store, world).await;
    // The same command again: the same receipt, and nothing is stored.
    let deposits = || Filter::new().event("account.deposited");
    let count = events(&app, deposits()).await;
    let again = app.execute(&account("ann"), Deposit { cents: 500 }).key("salary").await;
    let again = again.expect("a receipt");
    assert_eq!((again.version, again.events), (before.version, before.events));
    let entry = app.log().filter(deposits()).page(1).await.expect("the log").events.remove(0);
    assert_eq!((entry.position, entry.version), (again.position, again.version));
    assert_eq!(events(&app, deposits()).await, count);

    // The transfer is still at the far side, with the same key, and with the receipt of this store.
    let asked = until("another attempt", async || world.asked.lock().unwrap().last().cloned()).await;
    assert_eq!(HashSet::from([asked.0]), told);
    let withdrawn =
        app.log().filter(Filter::new().event("account.withdrawn")).page(10).await.expect("the log");
    let [withdrawn] = &withdrawn.events[..] else { panic!("it was withdrawn {withdrawn:?}") };
    assert_eq!((asked.1.position, asked.1.version), (withdrawn.position, withdrawn.version));
    // The letters wait, and are not sent again.
    assert_eq!(app.dead_letters().count().await.expect("a count"), 1);
    assert_eq!(*world.letters.lock().unwrap(), [500]);

    world.is_up.store(true, Ordering::SeqCst);
    let saga = app.saga::<Transfer>("t-1");
    let outcome = tokio::time::timeout(PATIENCE, saga.outcome()).await.expect("an end").expect("an outcome");
    assert_eq!(outcome, SagaOutcome::Completed);
    assert_eq!(app.dead_letters().retry("ann", "the post is there").await.expect("a retry"), 1);
    until("the letters", async || (world.letters.lock().unwrap().len() == 4).then_some(())).await;
    let mut letters = world.letters.lock().unwrap().clone();
    letters.sort_unstable();
    assert_eq!(letters, [13, 14, 200, 500]);

    let ann = app.load::<Account>(&account("ann")).await.expect("loaded").expect("an account");
    let bob = app.load::<Account>(&account("bob")).await.expect("loaded").expect("an account");
    assert_eq!((ann.cents, bob.cents, ann.warnings), (300, 227, 0));
    app.shutdown().await.expect("the end");
}

/// The hour of the deadline and of the scheduled command comes.
async fn the_hour_comes(store: &Store, world: &Arc<World>) {
    comes_now(store, StreamId::new("process.dormancy", "ann")).await;
    comes_now(store, StreamId::new("schedule", "rent")).await;
    for _ in 0..2 {
        let app = start(store, world).await;
        let warned =
            async || app.load::<Account>(&account("ann")).await.ok().flatten().filter(|it| it.warnings > 0);
        until("the warning", warned).await;
        let paid =
            async || app.load::<Account>(&account("bob")).await.ok().flatten().filter(|it| it.cents > 227);
        until("the rent", paid).await;
        app.caught_up(PATIENCE).await.expect("all of it");
        app.shutdown().await.expect("the end");
    }
    let app = start(store, world).await;
    assert_eq!(events(&app, Filter::new().event("account.warned")).await, 1, "the deadline comes once");
    assert_eq!(events(&app, Filter::new().event("schedule.done")).await, 1);
    let ann = app.process_manager::<Dormancy>(&account("ann")).await.expect("loaded").expect("an instance");
    assert!(ann.warned && ann.deadlines.is_empty());
    let bob = app.process_manager::<Dormancy>(&account("bob")).await.expect("loaded").expect("an instance");
    assert!(!bob.warned && bob.deadlines.len() == 1 && bob.deadlines[0].due_at.is_some());
    let ended = app.sagas().list(&SagaFilter::default(), 10).await.expect("a list");
    assert!(ended.iter().all(|saga| saga.status == SagaStatus::Completed), "{ended:?}");
    app.shutdown().await.expect("the end");
}

async fn a_bank_moves(from: Option<Kind>, to: Option<Kind>) {
    let (from, to) = (Place::new(from).await, Place::new(to).await);
    let (source, target, world) = (from.open().await, to.open().await, Arc::<World>::default());
    let receipt = work(&source, &world).await;
    let done = migrate(&source, &target).await.expect("a copy");
    assert_eq!((done.sagas, done.sagas_unfinished, done.deliveries), (1, 1, 2));
    assert_eq!((done.instances, done.timers), (3, 3), "two accounts and a scheduled command");
    assert!(done.keys > 1, "{done:?}");
    go_on(&target, &world, receipt).await;
    the_hour_comes(&target, &world).await;
    from.remove().await;
    to.remove().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn from_a_file_to_a_server() {
    a_bank_moves(Some(Kind::Sqlite), Some(Kind::Postgres)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn from_a_server_to_a_file() {
    a_bank_moves(Some(Kind::Postgres), Some(Kind::Sqlite)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn from_memory_to_a_file() {
    a_bank_moves(None, Some(Kind::Sqlite)).await;
}
