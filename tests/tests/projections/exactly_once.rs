//! Every event changes a document once, whoever dies meanwhile.

use std::time::Duration;

use gesta::{
    app::Builder,
    store::{Advance, Claim, Commit, DocumentWrite, StoreError},
};
use gesta_tests::Place;

use crate::{
    PATIENCE,
    shop::{Debt, Join, Shop, Sold, Trade, buy, customer},
    until,
};

const CUSTOMERS: u64 = 10;
const ROUNDS: u64 = 30;
const LEASE: Duration = Duration::from_millis(400);

/// Applications are dropped in the middle of their work, as a crash would, and others take over; two share the shards.
pub(crate) async fn sums_are_exact_whoever_dies(place: &Place) {
    let writing = Builder::<Shop>::new(place.open().await, ()).commands_only().await.unwrap();
    let start = async || Builder::<Shop>::new(place.open().await, ()).lease(LEASE).start().await.unwrap();
    let staying = start().await;
    let mut dying = start().await;
    for round in 0..ROUNDS {
        for number in 0..CUSTOMERS {
            let id = customer(&format!("c{number}"));
            if round == 0 {
                writing.create(&id, Join("N")).await.unwrap();
            } else if round % 3 == 0 {
                let other = customer(&format!("c{}", (number + 1) % CUSTOMERS));
                writing.execute(&id, Trade(other, 1)).await.unwrap();
            } else {
                writing.execute(&id, buy("tea", round)).await.unwrap();
            }
        }
        if round % 10 == 5 {
            drop(dying);
            dying = start().await;
        }
    }
    staying.caught_up(PATIENCE).await.unwrap();
    let (trades, buys) = ((ROUNDS - 1) / 3, (1..ROUNDS).filter(|round| round % 3 != 0));
    let bought: u64 = buys.clone().sum();
    let reader = writing.reader();
    for number in 0..CUSTOMERS {
        let debt = reader.get::<Debt>(&customer(&format!("c{number}"))).await.unwrap();
        assert_eq!(debt, Some(Debt { name: Some("N".into()), cents: bought + trades, events: ROUNDS }));
        let brought = reader.get::<Sold>(&format!("c{number}")).await.unwrap();
        assert_eq!(brought, Some(Sold { times: trades, cents: trades }), "by a key of another stream");
    }
    let sold = async |key: &str| reader.get::<Sold>(&key.to_owned()).await;
    let teas = CUSTOMERS * buys.count() as u64;
    assert_eq!(sold("tea").await.unwrap(), Some(Sold { times: teas, cents: CUSTOMERS * bought }));
    let all = CUSTOMERS * trades;
    assert_eq!(sold("trades").await.unwrap(), Some(Sold { times: all, cents: all }));
    drop(dying);
    staying.shutdown().await.unwrap();
    writing.shutdown().await.unwrap();
}

/// What makes it so: a commit whose shard is not where it was is refused, with its documents. Written without that
/// fence, the same documents are there, and what is folded twice is counted twice.
pub(crate) async fn without_the_fence_a_batch_counts_twice(place: &Place) {
    let store = place.open().await;
    let port = store.port().read_side().unwrap();
    let shop = Builder::<Shop>::new(place.open().await, ()).lease(LEASE).start().await.unwrap();
    let ann = customer("ann");
    shop.create(&ann, Join("Ann")).await.unwrap();
    shop.execute(&ann, buy("tea", 3)).await.unwrap();
    shop.caught_up(PATIENCE).await.unwrap();
    drop(shop);

    // A worker that has slept through the loss of its lease, with a batch that somebody else has done already.
    let worker = uuid::Uuid::now_v7();
    let name: std::sync::Arc<str> = "debt@1".into();
    let names = [name.clone()];
    let leases = until(async || {
        let claim = Claim { worker, subscriptions: &names, ttl: PATIENCE };
        let leases = port.claim(claim).await.unwrap().remove(0).leases;
        (!leases.is_empty()).then_some(leases)
    });
    let lease = leases.await.remove(0);
    let twice = Debt { name: Some("Ann".into()), cents: 6, events: 4 };
    let write = DocumentWrite {
        collection: name.clone(),
        key: "ann".into(),
        body: Some(serde_json::to_vec(&twice).unwrap()),
        indexes: vec![],
        revision: 1,
        expected: None,
    };
    let advance = |token, from| Advance {
        subscription: name.clone(),
        shard: lease.shard,
        token,
        from,
        to: lease.position,
    };
    let with =
        |advance| Commit { advances: vec![advance], documents: vec![write.clone()], ..Commit::default() };
    for late in
        [advance(lease.token - 1, lease.position), advance(lease.token, gesta::domain::Position::START)]
    {
        let refused = port.commit(&with(late)).await;
        assert!(matches!(refused, Err(StoreError::Fenced { .. })), "{refused:?}");
    }
    let body =
        async || port.load_documents("debt@1", &["ann"]).await.unwrap().remove(0).unwrap().body.unwrap();
    let once: Debt = serde_json::from_slice(&body().await).unwrap();
    assert_eq!(once, Debt { name: Some("Ann".into()), cents: 3, events: 2 }, "nothing of it was stored");
    // The teeth: without the fence, here with the token and the place of today, it would have been.
    port.commit(&with(advance(lease.token, lease.position))).await.unwrap();
    let wrong: Debt = serde_json::from_slice(&body().await).unwrap();
    assert_eq!(wrong, twice);
    store.port().close().await;
}
