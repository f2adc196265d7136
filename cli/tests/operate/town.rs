//! An application that has something for its operators: accounts, a saga that is parked, and a dead letter.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use gesta::{App, prelude::*, store::SagaStatus};
use gesta_examples::bank::{
    Account, AccountId, Balance, Book, Deposit, FraudCheck, Open, PrintOffice, Statements, Withdraw,
};
use gesta_tests::{Database, Kind};
use serde::{Deserialize, Serialize};
use tokio::time::timeout;

use crate::{gate::Gate, kit::PATIENCE};

gesta::domain! {
    pub Town {
        deps: Deps,
        aggregates: [Account, Gate],
        sagas: [Payment],
        projections: [Balance],
        event_handlers: [Statements],
    }
}

/// What the town needs.
#[derive(Debug, Provide)]
pub struct Deps {
    fraud: FraudCheck,
    office: Arc<PrintOffice>,
    line: Arc<Line>,
}

/// A line to another town, which is down at first.
#[derive(Debug, Default)]
pub struct Line(AtomicBool);

/// The line is down.
#[derive(Debug, thiserror::Error)]
#[error("the line is down")]
pub struct Down;

impl gesta::domain::Classify for Down {
    fn class(&self) -> gesta::domain::FailureClass {
        gesta::domain::FailureClass::Retryable
    }
}

/// What the other town says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Schema)]
pub struct Heard {
    /// Its words.
    pub word: String,
}

/// Money that leaves the town.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Payment {
    /// Whose.
    pub from: AccountId,
    /// To whom.
    pub to: AccountId,
    /// How much.
    pub cents: u64,
}

#[saga(version = 1)]
impl Payment {
    #[step(compensate = refund)]
    fn debit(&self) -> Dispatch<AccountId, Withdraw> {
        self.from.send(Withdraw { cents: self.cents, reason: "payment".into() })
    }

    fn refund(&self) -> Dispatch<AccountId, Deposit> {
        self.from.send(Deposit { cents: self.cents })
    }

    #[step(no_compensation = "nothing is kept there", attempts = 1, timeout = "1s")]
    async fn tell(&self, line: &Arc<Line>) -> Result<Heard, Down> {
        if line.0.load(Ordering::SeqCst) {
            return Ok(Heard { word: "yes".into() });
        }
        // Nobody knows whether the other town has heard it.
        std::future::pending().await
    }

    #[step(pivot)]
    fn credit(&self, tell: &Heard) -> Dispatch<AccountId, Deposit> {
        let _ = &tell.word;
        self.to.send(Deposit { cents: self.cents })
    }
}

/// A store that the town has written: 3 accounts, a payment `p-1` that is parked, and a dead letter of `carl`.
pub(crate) struct Scene {
    database: Database,
}

pub(crate) fn id(name: &str) -> AccountId {
    AccountId(name.into())
}

async fn write(app: &App<Town>) {
    for name in ["ann", "bob", "carl"] {
        app.create(&id(name), Open { owner: name.to_uppercase() }).by("clerk").await.expect("an account");
    }
    for cents in [500, 70] {
        app.execute(&id("ann"), Deposit { cents }).by("clerk").await.expect("a deposit");
    }
    for day in ["1993-01-05", "1993-01-06"] {
        let entry = Book { cents: 100, day: day.into(), text: "x".into() };
        app.execute(&id("carl"), entry).await.expect("an entry");
    }
    let payment = Payment { from: id("ann"), to: id("bob"), cents: 200 };
    let handle = app.start_saga("p-1", payment).by("ann").await.expect("a payment");
    let outcome = timeout(PATIENCE, handle.outcome()).await.expect("an outcome in time").expect("an outcome");
    assert!(matches!(outcome, SagaOutcome::Parked { .. }), "{outcome:?}");
    let dead = async {
        while app.dead_letters().count().await.expect("a count") == 0 {
            tokio::task::yield_now().await;
        }
    };
    timeout(PATIENCE, dead).await.expect("a dead letter");
    app.caught_up(PATIENCE).await.expect("everything is done");
}

impl Scene {
    pub(crate) async fn new(kind: Kind) -> Self {
        let scene = Self { database: Database::new(kind).await };
        let (app, office, _) = scene.start().await;
        office.jam("carl");
        write(&app).await;
        app.shutdown().await.expect("the end");
        scene
    }

    /// The town, with its office and its line, which is down.
    pub(crate) async fn start(&self) -> (App<Town>, Arc<PrintOffice>, Arc<Line>) {
        let (office, line) = (Arc::<PrintOffice>::default(), Arc::<Line>::default());
        let deps = Deps { fraud: FraudCheck { most: 1_000_000 }, office: office.clone(), line: line.clone() };
        let store = gesta::connect(self.url()).await.expect("a store");
        (Town::app(store, deps).start().await.expect("the town"), office, line)
    }

    pub(crate) fn url(&self) -> &str {
        self.database.url()
    }

    pub(crate) async fn remove(self) {
        self.database.remove().await;
    }
}

impl Line {
    /// It works again.
    pub(crate) fn repair(&self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

/// Where the code of the town is: in these tests.
pub(crate) const CODE: [&str; 6] = [
    "--manifest-path",
    concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"),
    "--test",
    "operate",
    "--domain",
    "Town",
];

/// Whether the payment is done.
pub(crate) async fn is_paid(app: &App<Town>) -> bool {
    app.saga::<Payment>("p-1").status().await.expect("its status").status == SagaStatus::Completed
}

/// Makes a test of each `async fn(&Scene)` for every database.
macro_rules! on_both {
    ($($test:ident),+ $(,)?) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $test() {
                let scene = $crate::town::Scene::new(gesta_tests::Kind::Sqlite).await;
                super::$test(&scene).await;
                scene.remove().await;
            })+
        }
        mod postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $test() {
                let scene = $crate::town::Scene::new(gesta_tests::Kind::Postgres).await;
                super::$test(&scene).await;
                scene.remove().await;
            })+
        }
    };
}
pub(crate) use on_both;
