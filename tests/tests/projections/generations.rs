//! A raised version is built beside the live one and takes its place.

use std::{collections::BTreeSet, future::IntoFuture, sync::Mutex, time::Duration};

use gesta::{
    app::{Builder, Register, Registry},
    codec::{DecodeError, EncodeError},
    domain::{CommandHandlers, Domain, IndexKey, PartInfo, PartOf, Projection},
    prelude::*,
    query::{Query, QueryHandlers, ReadIn},
    store::GenerationState::{Building, Live, Superseded},
};
use gesta_tests::Place;
use serde::{Deserialize, Serialize};

use crate::{
    PATIENCE,
    shop::{Customer, CustomerEvent, CustomerId, Debt, Join, Shop, buy, customer, folds, open, projection},
    until,
};

/// The next version of [`Debt`]: it counts in another unit.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct NewDebt {
    euros: u64,
}

projection!(NewDebt, crate::shop::CustomerId, "debt", version 2, inline false,);

/// The items that the new version cannot stand.
static HATED: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());

impl Evolve<CustomerEvent> for NewDebt {
    fn evolve(&mut self, event: &CustomerEvent) {
        if let CustomerEvent::Bought { item, cents } = event {
            let hated = HATED.lock().unwrap().contains(item);
            assert!(!hated, "the new version cannot do this");
            self.euros += cents / 100;
        }
    }
}

/// The shop with the next version of its code.
#[derive(Clone, Copy, Debug)]
enum NewShop {}

impl Domain for NewShop {
    type Deps = ();
    const NAME: &'static str = "NewShop";
    const PARTS: &'static [PartInfo] = &[];
}

impl PartOf<NewShop> for Customer {
    fn supply(_: &()) -> <Self as CommandHandlers>::Deps<'_> {}
}

impl ReadIn<NewShop> for NewDebt {}

struct EurosOf(CustomerId);

impl QueryHandlers for NewDebt {
    type Deps<'d> = ();
}

impl Query for EurosOf {
    type Projection = NewDebt;
    type Answer = Option<u64>;
    type Error = ReadError;
    type Deps<'d> = ();

    async fn answer(self, reader: &Reader, (): Self::Deps<'_>) -> Result<Option<u64>, ReadError> {
        Ok(reader.get::<NewDebt>(&self.0).await?.map(|debt| debt.euros))
    }
}

impl Register for NewShop {
    fn register(registry: &mut Registry<Self>) {
        registry.projection(folds::<NewDebt>());
    }
}

async fn states(shop: &App<Shop>) -> Vec<(u32, gesta::store::GenerationState)> {
    let all = shop.projections().await.unwrap();
    let debt = all.into_iter().find(|found| found.name == "debt").unwrap();
    debt.generations.into_iter().map(|found| (found.version, found.state)).collect()
}

pub(crate) async fn a_new_version_takes_the_place_of_the_old_one(place: &Place) {
    let old = open(place).await;
    let ann = customer("ann");
    let item = format!("hated {place:p}");
    HATED.lock().unwrap().insert(item.clone());
    old.create(&ann, Join("Ann")).await.unwrap();
    old.execute(&ann, buy("tea", 300)).await.unwrap();
    old.execute(&ann, buy(&item, 400)).await.unwrap();
    old.caught_up(PATIENCE).await.unwrap();

    let new = Builder::<NewShop>::new(place.open().await, ()).start().await.unwrap();
    let failing = until(async || {
        let debt = new.projections().await.unwrap().remove(0);
        debt.generations.into_iter().find(|found| found.version == 2).filter(|found| found.error.is_some())
    });
    let failing = failing.await;
    assert_eq!(failing.state, Building);
    assert!(failing.progress < 1.0, "{failing:?}");
    assert!(failing.error.as_ref().unwrap().contains("the new version cannot do this"), "{failing:?}");
    // The live one goes on, and a new process reads it, by whichever fields they share.
    old.execute(&ann, buy("tea", 100)).await.unwrap();
    old.caught_up(PATIENCE).await.unwrap();
    assert_eq!(old.reader().get::<Debt>(&ann).await.unwrap().map(|debt| debt.cents), Some(800));
    assert_eq!(states(&old).await, [(1, Live), (2, Building)]);
    assert!(!new.drop_generation::<NewDebt>(1).await.unwrap(), "the live one is not dropped");

    HATED.lock().unwrap().remove(&item);
    tokio::time::timeout(PATIENCE, new.rebuilt::<NewDebt>()).await.unwrap().unwrap();
    assert_eq!(new.reader().get::<NewDebt>(&ann).await.unwrap(), Some(NewDebt { euros: 8 }));
    assert_eq!(states(&old).await, [(1, Superseded), (2, Live)]);
    let built = new.projections().await.unwrap().remove(0).generations.pop().unwrap();
    assert_eq!((built.position, built.progress, built.remaining), (built.head, 1.0, Some(Duration::ZERO)));
    // An old process goes on with what it knows.
    let receipt = old.execute(&ann, buy("tea", 100)).await.unwrap();
    let answer = old.query(crate::shop::DebtOf(ann.clone())).after(receipt.position).await.unwrap();
    assert_eq!(answer, Some(900));
    old.shutdown().await.unwrap();
    assert!(new.drop_generation_of("debt", 1).await.unwrap());
    assert!(!new.drop_generation_of("debt", 1).await.unwrap(), "once");
    let names = new.subscriptions().await.unwrap();
    assert!(names.iter().all(|found| &*found.name != "debt@1"), "its subscription is gone too");
    new.shutdown().await.unwrap();
}

pub(crate) async fn who_waits_reads_the_new_version_once_it_is_built(place: &Place) {
    let old = open(place).await;
    let ann = customer("ann");
    let item = format!("awaited {place:p}");
    HATED.lock().unwrap().insert(item.clone());
    old.create(&ann, Join("Ann")).await.unwrap();
    old.execute(&ann, buy(&item, 400)).await.unwrap();
    old.caught_up(PATIENCE).await.unwrap();
    // As if nobody were left who works on it.
    old.pause("debt@1").await.unwrap();

    let new = Builder::<NewShop>::new(place.open().await, ()).start().await.unwrap();
    let receipt = new.execute(&ann, buy("tea", 300)).await.unwrap();
    // The new version is not ready before it has got over what it hates.
    let asked = new.query(EurosOf(ann.clone())).after(receipt.position).timeout(PATIENCE);
    let mended = async {
        until(async || {
            let debt = new.projections().await.unwrap().remove(0);
            debt.generations.into_iter().find(|found| found.version == 2 && found.error.is_some())
        })
        .await;
        HATED.lock().unwrap().remove(&item);
    };
    let (answer, ()) = tokio::join!(asked.into_future(), mended);
    assert_eq!(answer.unwrap(), Some(7));
    old.shutdown().await.unwrap();
    new.shutdown().await.unwrap();
}

pub(crate) async fn a_rebuild_makes_the_same_documents(place: &Place) {
    let shop = open(place).await;
    let ann = customer("ann");
    shop.create(&ann, Join("Ann")).await.unwrap();
    for _ in 0..20 {
        shop.execute(&ann, buy("tea", 1)).await.unwrap();
    }
    shop.caught_up(PATIENCE).await.unwrap();
    let before = shop.reader().get::<Debt>(&ann).await.unwrap();
    // What should not be there goes with it.
    for _ in 0..3 {
        shop.rebuild::<Debt>().await.unwrap();
        let last = shop.execute(&ann, buy("tea", 0)).await.unwrap();
        shop.query(crate::shop::DebtOf(ann.clone())).after(last.position).timeout(PATIENCE).await.unwrap();
    }
    let after = shop.reader().get::<Debt>(&ann).await.unwrap();
    assert_eq!(after, before.map(|debt| Debt { events: debt.events + 3, ..debt }));
    shop.shutdown().await.unwrap();
}
