//! Documents that change in the transaction of the command.

use gesta::store::Store;
use gesta_tests::Place;

use crate::{
    PATIENCE,
    shop::{Debt, Join, Leave, Owed, Shop, buy, customer, open},
};

fn owed(name: Option<&str>, cents: u64, events: u64) -> Option<Owed> {
    Some(Owed { name: name.map(Into::into), cents, events })
}

/// With the subscription paused nobody else can have done it.
pub(crate) async fn an_inline_document_is_there_with_the_receipt(place: &Place) {
    let shop = open(place).await;
    shop.pause("owed@1").await.unwrap();
    shop.pause("debt@1").await.unwrap();
    let (ann, reader) = (customer("ann"), shop.reader());
    shop.create(&ann, Join("Ann")).await.unwrap();
    assert_eq!(reader.get::<Owed>(&ann).await.unwrap(), owed(Some("Ann"), 0, 1));
    for times in 1..10_u64 {
        shop.execute(&ann, buy("tea", 3)).await.unwrap();
        assert_eq!(reader.get::<Owed>(&ann).await.unwrap(), owed(Some("Ann"), 3 * times, times + 1));
    }
    assert_eq!(reader.find::<Owed>().filter(Owed::CENTS.eq(27_u64)).count().await.unwrap(), 1);
    assert_eq!(reader.get::<Debt>(&ann).await.unwrap(), None, "one that is not inline lags");
    shop.execute(&ann, Leave).await.unwrap();
    assert_eq!(reader.get::<Owed>(&ann).await.unwrap(), None);
    assert_eq!(reader.find::<Owed>().count().await.unwrap(), 0);
    shop.execute(&ann, buy("tea", 5)).await.unwrap();
    assert_eq!(reader.get::<Owed>(&ann).await.unwrap(), owed(None, 5, 1), "begun anew");
    shop.resume("owed@1").await.unwrap();
    shop.caught_up(PATIENCE).await.unwrap_err();
    shop.resume("debt@1").await.unwrap();
    shop.caught_up(PATIENCE).await.unwrap();
    assert_eq!(reader.get::<Owed>(&ann).await.unwrap(), owed(None, 5, 1), "nothing is done twice");
    shop.shutdown().await.unwrap();
}

/// Many commands at once on one aggregate, by two applications that do not know each other's states.
pub(crate) async fn inline_documents_are_exact_under_rivals(place: &Place) {
    let (one, two) = (open(place).await, open(place).await);
    let ann = customer("ann");
    one.create(&ann, Join("Ann")).await.unwrap();
    let mut running = Vec::new();
    for number in 0..60 {
        let shop = if number % 2 == 0 { one.clone() } else { two.clone() };
        let ann = ann.clone();
        running.push(tokio::spawn(async move { shop.execute(&ann, buy("tea", 1)).await }));
    }
    for run in running {
        run.await.unwrap().unwrap();
    }
    assert_eq!(one.reader().get::<Owed>(&ann).await.unwrap(), owed(Some("Ann"), 60, 61));
    one.caught_up(PATIENCE).await.unwrap();
    assert_eq!(two.reader().get::<Owed>(&ann).await.unwrap(), owed(Some("Ann"), 60, 61));
    one.shutdown().await.unwrap();
    two.shutdown().await.unwrap();
}

/// Without the document a command goes through all the same, and the subscription fills in what is missing.
pub(crate) async fn a_missing_inline_document_is_filled_in(place: &Place) {
    let shop = open(place).await;
    let ann = customer("ann");
    shop.create(&ann, Join("Ann")).await.unwrap();
    shop.execute(&ann, buy("tea", 1)).await.unwrap();
    shop.caught_up(PATIENCE).await.unwrap();
    shop.pause("owed@1").await.unwrap();
    let store: Store = place.open().await;
    store.port().read_side().unwrap().clear_collection("owed@1").await.unwrap();
    shop.execute(&ann, buy("tea", 2)).await.unwrap();
    shop.execute(&ann, buy("tea", 3)).await.unwrap();
    assert_eq!(shop.reader().get::<Owed>(&ann).await.unwrap(), None, "not half of it");
    shop.resume("owed@1").await.unwrap();
    shop.rebuild::<Owed>().await.unwrap();
    shop.rebuilt::<Owed>().await.unwrap();
    assert_eq!(shop.reader().get::<Owed>(&ann).await.unwrap(), owed(Some("Ann"), 6, 4));
    shop.pause("owed@1").await.unwrap();
    shop.execute(&ann, buy("tea", 4)).await.unwrap();
    assert_eq!(shop.reader().get::<Owed>(&ann).await.unwrap(), owed(Some("Ann"), 10, 5), "inline again");
    shop.shutdown().await.unwrap();
    store.port().close().await;
    let _: Option<Shop> = None;
}
