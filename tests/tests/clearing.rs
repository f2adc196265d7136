//! The clearing house of the tests does what its callers rely on: nothing twice by one key, whatever becomes of an answer.

use gesta::domain::{Classify, FailureClass, IdempotencyKey};
use gesta_tests::clearing::{Clearing, ClearingHouse, Manners, Moment};

fn key(text: &str) -> IdempotencyKey {
    IdempotencyKey::new(text)
}

#[tokio::test]
async fn the_same_key_again_has_no_effect_and_the_same_answer() {
    let clearing = Clearing::start(Manners::good()).await;
    let house = ClearingHouse::at(clearing.address());
    let first = house.order("reserve", &key("a"), "t-1").await.unwrap();
    assert_eq!(house.order("reserve", &key("a"), "t-1").await.unwrap(), first);
    assert_ne!(house.order("reserve", &key("b"), "t-1").await.unwrap(), first);
    let account = house.effects().await.unwrap();
    assert_eq!((account.effects.len(), account.calls["a"], account.calls["b"]), (2, 2, 1));
}

#[tokio::test]
async fn what_was_not_reserved_can_be_released() {
    let clearing = Clearing::start(Manners::good()).await;
    let house = ClearingHouse::at(clearing.address());
    house.order("release", &key("a"), "t-1").await.unwrap();
    assert!(clearing.account().effects.is_empty());
    house.order("reserve", &key("b"), "t-1").await.unwrap();
    house.order("release", &key("c"), "t-1").await.unwrap();
    assert_eq!(clearing.account().effects.len(), 2);
}

#[tokio::test]
async fn with_bad_manners_every_order_is_done_once_or_refused_in_the_end() {
    let manners = Manners { latest: std::time::Duration::from_millis(3), ..Manners::bad(7) };
    let clearing = Clearing::start(manners).await;
    let house = ClearingHouse::at(clearing.address());
    let (mut refused, mut failed, mut known) = (0, 0, 0);
    for number in 0..200 {
        let (key, transfer) = (key(&format!("k-{number}")), format!("t-{number}"));
        loop {
            let before = clearing.account().effects.len();
            match house.order("reserve", &key, &transfer).await {
                Ok(_) => break,
                Err(error) if error.class() == FailureClass::Permanent => {
                    assert!(manners.refuses("reserve", &transfer));
                    refused += 1;
                    break;
                }
                Err(_) => failed += 1,
            }
            // It failed, and it has happened all the same.
            known += clearing.account().effects.len() - before;
        }
    }
    assert_eq!(clearing.account().effects.len(), 200 - refused);
    assert!(refused > 20 && failed > 40 && known > 15, "{refused} {failed} {known}");
}

#[tokio::test]
async fn a_call_can_be_held_up_before_and_after_its_effect() {
    let clearing = Clearing::start(Manners::good()).await;
    let house = ClearingHouse::at(clearing.address());
    let mut before = clearing.hold("reserve", "t-1", Moment::BeforeEffect);
    let mut after = clearing.hold("reserve", "t-1", Moment::AfterEffect);
    let calling = tokio::spawn(async move { house.order("reserve", &key("a"), "t-1").await });
    before.reached().await;
    assert!(clearing.account().effects.is_empty());
    before.go();
    after.reached().await;
    assert_eq!(clearing.account().effects.len(), 1);
    // The caller is gone, and what was ordered has happened.
    calling.abort();
    after.go();
    assert_eq!(clearing.account().effects.len(), 1);
}
