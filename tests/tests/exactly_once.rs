//! Sums are right because documents and checkpoints are stored together: stores that tear them apart get them wrong when
//! something fails in between.

use std::{collections::BTreeMap, time::Duration};

use gesta::{
    app::{App, Builder, Register, Registry},
    domain::{Domain, PartInfo, Projection},
    projection::Folds,
    store::{Find, Store, generation_name},
};
use gesta_tests::{
    First, Place, Torn, on_every_store,
    tills::{Tally, TillEvent, TillSum, Truth, Writer},
};

const PATIENCE: Duration = Duration::from_secs(30);

#[derive(Clone, Copy, Debug)]
enum Sums {}

impl Domain for Sums {
    type Deps = ();
    const NAME: &'static str = "Sums";
    const PARTS: &'static [PartInfo] = &[];
}

impl Register for Sums {
    fn register(registry: &mut Registry<Self>) {
        let mut folds = Folds::<TillSum>::new();
        folds.on::<TillEvent>();
        registry.projection(folds);
    }
}

on_every_store!(
    a_whole_commit_counts_once_though_its_answer_is_lost,
    documents_before_the_checkpoint_count_twice,
    a_checkpoint_before_the_documents_forgets,
);

async fn sums(store: &Store) -> BTreeMap<String, Tally> {
    let find = Find {
        collection: generation_name(TillSum::NAME, TillSum::VERSION),
        conditions: vec![],
        order: None,
        descending: false,
        after: None,
        limit: 10_000,
    };
    let side = store.port().read_side().expect("a read side");
    let found = side.find_documents(&find).await.expect("documents");
    let sum = |body: Option<Vec<u8>>| TillSum::decode(&body.expect("a body")).expect("a sum").0;
    found.into_iter().map(|found| (found.document.key, sum(found.document.body))).collect()
}

/// What becomes of the sums when the commit fails that follows upon `before` others: how many events are counted in the
/// end, and how many there are.
async fn counted(place: &Place, first: First, before: u32) -> (u64, u64) {
    let store = place.open().await;
    let mut writer = Writer::new(store.clone(), 7, 20);
    let app: App<Sums> =
        Builder::new(Torn::of(store.clone(), first, before), ()).start().await.expect("an app");
    for _ in 0..4 {
        writer.ring().await;
        app.caught_up(PATIENCE).await.expect("all of it, in the end");
    }
    let (truth, sums) = (Truth::of(&store).await, sums(&store).await);
    app.shutdown().await.expect("the end");
    let counted = sums.values().map(|tally| tally.events).sum();
    assert_eq!(counted == truth.events(), sums == truth.tills, "the same number, and other sums");
    (counted, truth.events())
}

async fn a_whole_commit_counts_once_though_its_answer_is_lost(place: &Place) {
    let (counted, events) = counted(place, First::Whole, 2).await;
    assert!(events > 100, "{events}");
    assert_eq!(counted, events);
}

async fn documents_before_the_checkpoint_count_twice(place: &Place) {
    let (counted, events) = counted(place, First::Documents, 2).await;
    assert!(counted > events, "{counted} of {events}: a fault in between has done no harm");
}

async fn a_checkpoint_before_the_documents_forgets(place: &Place) {
    let (counted, events) = counted(place, First::Checkpoint, 2).await;
    assert!(counted < events, "{counted} of {events}: a fault in between has done no harm");
}
