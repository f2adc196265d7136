//! Documents folded from events, on every store.

mod shop;

use std::time::Duration;

use gesta_tests::{Place, on_every_store};

use shop::{Buy, CustomerId, Debt, Join, Leave, Sold, Trade, customer, open};

const PATIENCE: Duration = Duration::from_secs(30);

async fn documents_follow_the_log(place: &Place) {
    let shop = open(place).await;
    let (ann, bob) = (customer("ann"), customer("bob"));
    shop.create(&ann, Join("Ann")).await.unwrap();
    shop.create(&bob, Join("Bob")).await.unwrap();
    for _ in 0..5 {
        shop.execute(&ann, Buy("tea", 3)).await.unwrap();
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
    shop.execute(&ann, Buy("cup", 9)).await.unwrap();
    shop.caught_up(PATIENCE).await.unwrap();
    let anew = Some(Debt { name: None, cents: 9, events: 1 });
    assert_eq!(reader.get::<Debt>(&ann).await.unwrap(), anew, "a deleted document begins anew");
    shop.shutdown().await.unwrap();
    let _: CustomerId = ann;
}

on_every_store!(documents_follow_the_log);
