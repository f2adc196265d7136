use std::{
    path::PathBuf,
    time::{Duration, Instant},
};

use gesta::{
    App, Builder,
    store::{SagaFilter, SagaStatus, Store},
};

use super::{AccountId, Bank, Deps, End, Journal, Lost, Oracle, Town, Transfer, Worker, Workers};
use crate::{
    Fault,
    clearing::{Clearing, ClearingHouse, Manners},
};

/// A store with accounts, a clearing house, and somebody who watches; the workers are processes.
#[derive(Debug)]
pub struct Scene {
    /// The clearing house.
    pub clearing: Clearing,
    /// How workers are started.
    pub workers: Workers,
    /// An application without workers, on a store that nothing is done to.
    pub app: App<Bank>,
    url: String,
    store: Store,
    lost: Lost,
    oracle: Oracle,
    transfers: Vec<(Transfer, End)>,
    looks: u64,
}

/// How long a transfer may take until its end.
const PATIENCE: Duration = Duration::from_secs(60);

impl Scene {
    /// Sets it up. The workers reach the store at an address of their own.
    ///
    /// # Panics
    /// When that is not possible.
    pub async fn new(program: &str, url: &str, workers_url: &str, lease: Duration, manners: Manners) -> Self {
        let clearing = Clearing::start(manners).await;
        let (store, app) = open(url, &clearing).await;
        Town::open(&app).await;
        let (house, lost) = (clearing.address(), Lost::at(url));
        let program = PathBuf::from(program);
        let workers =
            Workers { program, url: workers_url.to_owned(), house, lease, flaw: None, version: None };
        Self {
            clearing,
            workers,
            app,
            url: url.to_owned(),
            store,
            lost,
            oracle: Oracle::default(),
            transfers: Vec::new(),
            looks: 0,
        }
    }

    /// Lets go of the store while something is done to it, and looks at it anew: what was seen in it before does not count
    /// any more. The clearing house stays as it is.
    ///
    /// # Panics
    /// When the store cannot be opened afterwards.
    pub async fn while_it_is_shut(&mut self, what: impl FnOnce()) {
        self.app.shutdown().await.expect("the end");
        self.lost.close().await;
        self.store.port().close().await;
        tokio::task::block_in_place(what);
        (self.store, self.app) = open(&self.url, &self.clearing).await;
        (self.lost, self.oracle) = (Lost::at(&self.url), Oracle::default());
    }

    /// Expects a transfer to end like this.
    pub fn expect(&mut self, transfer: &Transfer, end: End) {
        self.transfers.push((transfer.clone(), end));
    }

    /// Starts a worker that works.
    pub async fn worker(&self) -> Worker {
        self.workers.start().ready().await
    }

    /// Starts a worker to which something will happen.
    pub async fn doomed(&self, fault: &Fault) -> Worker {
        self.workers.start_with(Some(fault)).ready().await
    }

    /// Looks at everything as it is now.
    ///
    /// # Panics
    /// When the store does not answer.
    pub async fn look(&mut self) {
        self.oracle.follow(&self.store).await;
        // Where the database is just being crashed, the next look tells.
        if let Ok(lost) = self.lost.all().await {
            assert!(lost.is_empty(), "nobody will ever look at these: {lost:#?}");
            self.looks += 1;
        }
    }

    /// Looks until something is so in the stream of a transfer.
    ///
    /// # Panics
    /// When it does not come to that.
    pub async fn until(&mut self, id: &str, what: &str, so: impl Fn(&Journal) -> bool) {
        let start = Instant::now();
        loop {
            self.look().await;
            if self.oracle.journal(id).is_some_and(&so) {
                return;
            }
            let journal = self.oracle.journal(id);
            assert!(start.elapsed() < PATIENCE, "{id} is not {what}: {journal:#?} {:#?}", self.wrong());
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// Somebody wants a transfer undone.
    ///
    /// # Panics
    /// When that is refused.
    pub async fn compensate(&self, id: &str) {
        let handle = self.app.saga::<Transfer>(id);
        handle.compensate("operator", "a change of mind").await.expect("it is undone");
    }

    /// Looks until a transfer has ended.
    ///
    /// # Panics
    /// When it does not end.
    pub async fn until_ended(&mut self, id: &str) {
        self.until(id, "ended", |journal| journal.end().is_some()).await;
    }

    /// What was wrong so far.
    pub fn wrong(&self) -> &[String] {
        self.oracle.wrong()
    }

    /// How often everything was looked at.
    pub fn looks(&self) -> u64 {
        self.looks
    }

    /// The transfers that were expected and have no event yet.
    pub fn unseen(&self) -> Vec<Transfer> {
        let unseen = self.transfers.iter().filter(|(found, _)| self.oracle.journal(&found.name).is_none());
        unseen.map(|(transfer, _)| transfer.clone()).collect()
    }

    /// What the oracle has seen.
    pub fn oracle(&self) -> &Oracle {
        &self.oracle
    }

    /// What is wrong in the end.
    pub async fn verdict(&mut self) -> Vec<String> {
        self.look().await;
        self.oracle.verdict(&self.transfers, &self.clearing.account())
    }

    /// How the transfers that have not ended stand, and who is to work on them.
    ///
    /// # Panics
    /// When the store does not answer.
    pub async fn standing(&self) -> String {
        let side = self.store.port().read_side().expect("a store with a read side");
        let status = vec![SagaStatus::Running, SagaStatus::Compensating, SagaStatus::Parked];
        let filter = SagaFilter { status, ..SagaFilter::default() };
        let sagas = side.list_sagas(&filter, 1_000).await.expect("the sagas");
        let shards = side.subscriptions(None).await.expect("the shards");
        let now = side.now().await.expect("the time");
        format!("now {now:?}\n{sagas:#?}\n{shards:#?}")
    }

    /// Ends it.
    ///
    /// # Panics
    /// When something is wrong.
    pub async fn is_right(mut self) {
        let wrong = self.verdict().await;
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
        self.app.shutdown().await.expect("the end");
        self.lost.close().await;
        self.store.port().close().await;
    }
}

async fn open(url: &str, clearing: &Clearing) -> (Store, App<Bank>) {
    let store = gesta::connect(url).await.expect("a store");
    let deps = Deps { house: ClearingHouse::at(clearing.address()) };
    let app = Builder::<Bank>::new(store.clone(), deps).commands_only().await.expect("an app");
    (store, app)
}

/// A transfer that arrives.
pub fn arriving(name: &str) -> (Transfer, End) {
    (between(name, "rich-1", "rich-2"), End::Completed)
}

/// A transfer that is undone because the other account takes nothing in.
pub fn returning(name: &str) -> (Transfer, End) {
    (between(name, "rich-1", "closed-1"), End::Compensated("credit".into()))
}

fn between(name: &str, from: &str, to: &str) -> Transfer {
    Transfer { name: name.into(), from: AccountId(from.into()), to: AccountId(to.into()), cents: 700 }
}
