//! Documents folded from events, on every store.

mod exactly_once;
mod generations;
mod inline;
mod shop;
mod tables;

use std::time::Duration;

use gesta::query::QueryError;
use gesta_tests::{Place, on_every_store};

use exactly_once::{sums_are_exact_whoever_dies, without_the_fence_a_batch_counts_twice};
use generations::{
    a_new_version_takes_the_place_of_the_old_one, a_rebuild_makes_the_same_documents,
    who_waits_reads_the_new_version_once_it_is_built,
};
use inline::{
    a_missing_inline_document_is_filled_in, an_inline_document_is_there_with_the_receipt,
    inline_documents_are_exact_under_rivals,
};
use shop::{CustomerId, Debt, DebtOf, Join, Leave, Sold, Trade, arm, buy, customer, open};
use tables::tables_change_exactly_once;

const PATIENCE: Duration = Duration::from_secs(30);

async fn documents_follow_the_log(place: &Place) {
    let shop = open(place).await;
    let (ann, bob) = (customer("ann"), customer("bob"));
    shop.create(&ann, Join("Ann")).await.unwrap();
    shop.create(&bob, Join("Bob")).await.unwrap();
    for _ in 0..5 {
        shop.execute(&ann, buy("tea", 3)).await.unwrap();
    }
    shop.execute(&bob, Trade(ann.clone(), 7)).await.unwrap();
    shop.caught_up(PATIENCE).await.unwrap();
    let reader = shop.reader();
    let debt = |name: &str, cents, events| Some(Debt { name: Some(name.into()), cents, events });
    assert_eq!(reader.get::<Debt>(&ann).await.unwrap(), debt("Ann", 15, 6));
    assert_eq!(
        reader.get_many::<Debt>([&bob, &customer("eve"), &ann]).await.unwrap(),
        vec![debt("Bob", 7, 2), None, debt("Ann", 15, 6)]
    );
    for (key, times, cents) in [("tea", 5, 15), ("trades", 1, 7), ("ann", 1, 7)] {
        assert_eq!(reader.get::<Sold>(&key.to_owned()).await.unwrap(), Some(Sold { times, cents }), "{key}");
    }
    shop.execute(&ann, Leave).await.unwrap();
    shop.caught_up(PATIENCE).await.unwrap();
    assert_eq!(reader.get::<Debt>(&ann).await.unwrap(), None);
    shop.execute(&ann, buy("cup", 9)).await.unwrap();
    shop.caught_up(PATIENCE).await.unwrap();
    let anew = Some(Debt { name: None, cents: 9, events: 1 });
    assert_eq!(reader.get::<Debt>(&ann).await.unwrap(), anew, "a deleted document begins anew");
    shop.shutdown().await.unwrap();
}

/// An event that cannot be folded stops its projection there and no other; nothing before it is lost, nothing is skipped.
async fn a_panic_stops_the_projection_until_it_is_mended(place: &Place) {
    let bomb = format!("bomb {:p}", place);
    arm(&bomb, true);
    let shop = open(place).await;
    let (ann, bob) = (customer("ann"), customer("bob"));
    shop.create(&ann, Join("Ann")).await.unwrap();
    let before = shop.execute(&ann, buy("tea", 3)).await.unwrap();
    shop.execute(&ann, buy(&bomb, 4)).await.unwrap();
    shop.create(&bob, Join("Bob")).await.unwrap();
    let last = shop.execute(&bob, buy("tea", 5)).await.unwrap();
    let ask = |id: &CustomerId| shop.query(DebtOf(id.clone()));
    assert_eq!(ask(&ann).after(before.position).await.unwrap(), Some(3), "what comes before is kept");
    let late = ask(&ann).after(last.position).timeout(Duration::from_millis(300)).await;
    assert!(matches!(late, Err(QueryError::Timeout)), "{late:?}");
    let reader = shop.reader();
    assert_eq!(reader.get::<Debt>(&bob).await.unwrap(), None, "nothing beyond is kept");
    let told = until(async || {
        let all = shop.subscriptions().await.unwrap();
        let debt = all.into_iter().find(|found| &*found.name == "debt@1").unwrap();
        debt.trouble.map(|trouble| trouble.message).filter(|text| text.contains("boom"))
    });
    let told = told.await;
    for part in ["debt@1", "customer/ann", "version 3", "customer.bought", "tried again"] {
        assert!(told.contains(part), "{told}");
    }
    arm(&bomb, false);
    assert_eq!(ask(&bob).after(last.position).timeout(PATIENCE).await.unwrap(), Some(5));
    let whole = Some(Debt { name: Some("Ann".into()), cents: 7, events: 3 });
    assert_eq!(reader.get::<Debt>(&ann).await.unwrap(), whole, "each event once");
    shop.shutdown().await.unwrap();
}

/// A key that no index of a database holds stops its projection before the database is asked, and is named.
async fn a_key_that_is_too_long_is_told(place: &Place) {
    let shop = open(place).await;
    let ann = customer("ann");
    shop.create(&ann, Join("Ann")).await.unwrap();
    let before = shop.execute(&ann, buy("tea", 3)).await.unwrap();
    let last = shop.execute(&ann, buy(&"tea".repeat(1_000), 4)).await.unwrap();
    let told = until(async || {
        let all = shop.subscriptions().await.unwrap();
        let sold = all.into_iter().find(|found| &*found.name == "sold@1").unwrap();
        sold.trouble.map(|trouble| trouble.message)
    });
    let told = told.await;
    for part in
        ["the key \"teatea", "3000 bytes", "sold@1", "customer/ann", "version 3", "customer.bought", "hash"]
    {
        assert!(told.contains(part), "{told}");
    }
    let tea = shop.reader().get::<Sold>(&"tea".to_owned()).await.unwrap();
    assert_eq!(tea, Some(Sold { times: 1, cents: 3 }), "what comes before is kept");
    let debt = shop.query(DebtOf(ann.clone())).after(last.position).await.unwrap();
    assert_eq!((debt, before.version), (Some(7), 2), "other projections go on");
    shop.shutdown().await.unwrap();
}

/// Waits until there is something.
async fn until<T>(mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let deadline = tokio::time::Instant::now() + PATIENCE;
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(tokio::time::Instant::now() < deadline, "it does not come");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

on_every_store!(
    documents_follow_the_log,
    sums_are_exact_whoever_dies,
    without_the_fence_a_batch_counts_twice,
    tables_change_exactly_once,
    a_panic_stops_the_projection_until_it_is_mended,
    a_key_that_is_too_long_is_told,
    an_inline_document_is_there_with_the_receipt,
    inline_documents_are_exact_under_rivals,
    a_missing_inline_document_is_filled_in,
    a_new_version_takes_the_place_of_the_old_one,
    who_waits_reads_the_new_version_once_it_is_built,
    a_rebuild_makes_the_same_documents,
);
