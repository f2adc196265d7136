//! Reading documents by their indexes, and asking for what has happened.

#[path = "../projections/shop.rs"]
mod shop;

use std::time::Duration;

use gesta::{
    app::Builder,
    query::{Cursor, QueryError, ReadError},
};
use gesta_tests::{Place, on_every_store};

use shop::{Debt, DebtOf, Join, Shop, buy, customer, open};

const PATIENCE: Duration = Duration::from_secs(30);

/// Customers `c00` to `c29` with debts 0, 1, 2, 0, 1, .. and one who has bought without a name.
async fn thirty(place: &Place) -> gesta::App<Shop> {
    let shop = open(place).await;
    for number in 0..30_u64 {
        let id = customer(&format!("c{number:02}"));
        let name: &'static str = if number < 15 { "Ann" } else { "Änne" };
        shop.create(&id, Join(name)).await.unwrap();
        shop.execute(&id, buy("tea", number % 3)).await.unwrap();
    }
    shop.create(&customer("x"), Join("Bob")).await.unwrap();
    shop.execute(&customer("x"), shop::Leave).await.unwrap();
    shop.execute(&customer("x"), buy("tea", 100)).await.unwrap();
    shop.caught_up(PATIENCE).await.unwrap();
    shop
}

async fn documents_are_found_by_their_indexes(place: &Place) {
    let shop = thirty(place).await;
    let reader = shop.reader();
    let count = async |condition| reader.find::<Debt>().filter(condition).count().await.unwrap();
    assert_eq!(reader.find::<Debt>().count().await.unwrap(), 31);
    assert_eq!(count(Debt::CENTS.eq(1_u64)).await, 10);
    assert_eq!(count(Debt::CENTS.lt(1_u64)).await, 10);
    assert_eq!(count(Debt::CENTS.le(1_u64)).await, 20);
    assert_eq!(count(Debt::CENTS.gt(1_u64)).await, 11);
    assert_eq!(count(Debt::CENTS.ge(1_u64)).await, 21);
    assert_eq!(count(Debt::CENTS.between(1_u64, 99_u64)).await, 20);
    assert_eq!(count(Debt::NAMED.eq("Ann")).await, 15);
    assert_eq!(count(Debt::NAMED.is_none()).await, 1);
    assert_eq!(count(Debt::NAMED.is_some()).await, 30);
    assert_eq!(count(Debt::NAMED.lt("B")).await, 15);
    assert_eq!(count(Debt::NAMED.starts_with("A")).await, 15);
    assert_eq!(count(Debt::NAMED.starts_with("Än")).await, 15);
    assert_eq!(count(Debt::NAMED.starts_with("")).await, 30);
    assert_eq!(count(Debt::NAMED.starts_with("Anne")).await, 0);
    let both = reader.find::<Debt>().filter(Debt::NAMED.eq("Ann")).filter(Debt::CENTS.eq(2_u64));
    assert_eq!(both.count().await.unwrap(), 5);
    shop.shutdown().await.unwrap();
}

async fn pages_are_whole_and_in_order(place: &Place) {
    let shop = thirty(place).await;
    let reader = shop.reader();
    for descending in [false, true] {
        let (mut keys, mut cents, mut cursor, mut pages) = (Vec::new(), Vec::new(), None::<Cursor>, 0);
        loop {
            let order = if descending { Debt::CENTS.descending() } else { Debt::CENTS.ascending() };
            let page = reader.find::<Debt>().order_by(order).after(cursor).limit(7).page().await.unwrap();
            pages += 1;
            for (key, debt) in page.documents {
                cents.push(debt.cents);
                keys.push((debt.cents, key));
            }
            // As a text, the way through a browser.
            cursor = page.next.map(|next| next.to_string().parse().unwrap());
            if cursor.is_none() {
                break;
            }
        }
        let mut sorted = keys.clone();
        sorted.sort();
        sorted.dedup();
        if descending {
            sorted.reverse();
        }
        assert_eq!((pages, keys.len()), (5, 31));
        assert_eq!(keys, sorted);
    }
    let page = reader.find::<Debt>().limit(1).page().await.unwrap();
    assert_eq!(page.documents[0].0, "c00", "by key, unless it is said otherwise");
    let other = reader.find::<Debt>().order_by(Debt::CENTS.ascending()).after(page.next).page().await;
    assert!(matches!(other, Err(ReadError::OtherOrder { .. })), "{other:?}");
    let all = reader.find::<Debt>().limit(31).page().await.unwrap();
    assert_eq!((all.documents.len(), all.next), (31, None), "a full last page has no next one");
    shop.shutdown().await.unwrap();
}

/// With the projection paused an answer without a position is old, one with a position is not given.
async fn a_query_sees_what_its_position_says(place: &Place) {
    let shop = open(place).await;
    let ann = customer("ann");
    let first = shop.create(&ann, Join("Ann")).await.unwrap();
    assert_eq!(shop.query(DebtOf(ann.clone())).after(first.position).await.unwrap(), Some(0));
    shop.pause("debt@1").await.unwrap();
    let bought = shop.execute(&ann, buy("tea", 3)).await.unwrap();
    assert_eq!(shop.query(DebtOf(ann.clone())).await.unwrap(), Some(0), "it lags");
    let short = Duration::from_millis(100);
    let late = shop.query(DebtOf(ann.clone())).after(bought.position).timeout(short).await;
    assert!(matches!(late, Err(QueryError::Timeout)), "{late:?}");
    let swallowed = shop.query(shop::DebtOrNothing(ann.clone())).after(bought.position).timeout(short).await;
    assert!(matches!(swallowed, Err(QueryError::Timeout)), "whatever its handler makes of it: {swallowed:?}");
    let asked = shop.query(DebtOf(ann.clone())).after(bought.position).timeout(PATIENCE);
    let resumed = async {
        tokio::task::yield_now().await;
        shop.resume("debt@1").await.unwrap();
    };
    let (answer, ()) = tokio::join!(asked, resumed);
    assert_eq!(answer.unwrap(), Some(3));
    for cents in 4..40 {
        let bought = shop.execute(&ann, buy("tea", 1)).await.unwrap();
        assert_eq!(shop.query(DebtOf(ann.clone())).after(bought.position).await.unwrap(), Some(cents));
    }
    shop.shutdown().await.unwrap();
}

/// A process without workers answers by what others keep.
async fn a_process_without_workers_answers(place: &Place) {
    let store = place.open().await;
    let asking = Builder::<Shop>::new(store, ()).commands_only().await.unwrap();
    let ann = customer("ann");
    let receipt = asking.create(&ann, Join("Ann")).await.unwrap();
    let short = Duration::from_millis(100);
    let nobody = asking.query(DebtOf(ann.clone())).after(receipt.position).timeout(short).await;
    assert!(matches!(nobody, Err(QueryError::Timeout)), "{nobody:?}");
    let unkept = asking.query(DebtOf(ann.clone())).await;
    assert!(matches!(unkept, Err(QueryError::Failed(ReadError::NotKept { .. }))), "{unkept:?}");
    let working = open(place).await;
    let answer = asking.query(DebtOf(ann.clone())).after(receipt.position).timeout(PATIENCE).await;
    assert_eq!(answer.unwrap(), Some(0));
    working.shutdown().await.unwrap();
    asking.shutdown().await.unwrap();
}

on_every_store!(
    documents_are_found_by_their_indexes,
    pages_are_whole_and_in_order,
    a_query_sees_what_its_position_says,
    a_process_without_workers_answers,
);
