//! Commands that are not for the state that an aggregate is in, and events that cannot follow on it.

use gesta::{
    domain::Misfit,
    test::{given, given_creating},
};

use super::*;

on_every_store!(
    a_command_for_another_state_is_refused,
    a_refusal_is_not_made_on_a_state_that_is_not_true_any_more,
    an_event_that_cannot_follow_is_not_stored,
    a_creating_command_begins_with_a_creating_event,
    a_command_that_was_done_is_not_refused_for_the_state_it_has_led_to,
);

#[test]
fn the_test_kit_tells_for_which_state_a_command_is() {
    given::<Order>([opened(), line(5)])
        .when(place_order())
        .then([OrderEvent::Placed { address: "here for test".into() }]);
    given::<Order>([opened()]).when(place_order()).rejects(OrderError::Empty);
    given::<Order>([opened()]).when(Ship).rejects_in_state("Draft");
    given::<Order>([opened(), line(5), placed()]).when(add(5)).rejects_in_state("Placed");
    given::<Order>([opened(), line(5), placed()])
        .when(Ship)
        .then_state(|order| assert_eq!(*order, Order::Shipped));
    given::<Order>([]).when(Ship).not_found();
    given_creating::<Order, _>(open()).then([opened()]);
}

#[test]
#[should_panic(expected = "wrong state: the aggregate is in `Draft`")]
fn the_test_kit_shows_the_state_of_a_refusal() {
    given::<Order>([opened()]).when(Ship).then([OrderEvent::Shipped]);
}

#[test]
#[should_panic(expected = "decided `OrderEvent::Shipped`, which does not fit:")]
fn the_test_kit_shows_an_event_that_cannot_follow() {
    given::<Order>([opened()])
        .when(ShipAnyway)
        .then([OrderEvent::Noted("anyway".into()), OrderEvent::Shipped]);
}

async fn a_command_for_another_state_is_refused(place: &Place) {
    let app = start(&place.open().await).await;
    app.create(&id("o"), open()).await.expect("opened");
    let error = app.execute(&id("o"), Return { reason: "no".into() }).await.expect_err("a draft");
    let ExecuteError::WrongState { aggregate, id: of, state, needs, command } = &error else {
        panic!("{error:?}")
    };
    assert_eq!((*aggregate, &of[..], *state, *command), ("order", "o", "Draft", "Return"));
    assert_eq!(*needs, ["Placed", "Shipped"]);
    assert_eq!(
        error.to_string(),
        "`Return` is for the state `Placed` or `Shipped`, and order/o is in `Draft`"
    );
    assert!(!error.is_retryable());
    // Nothing was stored, and what is for this state is accepted.
    assert_eq!(app.execute(&id("o"), add(5)).await.expect("added").version, 2);
    app.execute(&id("o"), place_order()).await.expect("placed");
    let late = app.execute(&id("o"), add(5)).await;
    assert!(
        matches!(late, Err(ExecuteError::WrongState { state: "Placed", needs: ["Draft"], .. })),
        "{late:?}"
    );
    app.shutdown().await.expect("shut down");
}

async fn a_refusal_is_not_made_on_a_state_that_is_not_true_any_more(place: &Place) {
    let store = place.open().await;
    let (one, other) = (start(&store).await, start(&place.open().await).await);
    one.create(&id("o"), open()).await.expect("opened");
    one.execute(&id("o"), add(5)).await.expect("added");
    smuggle(&store, StreamId::new("order", "o"), &[("order.placed", r#"{"address":"there"}"#)]).await;
    // In memory it is a draft; the store knows better.
    other.execute(&id("o"), Ship).await.expect("placed, so it is shipped");
    one.shutdown().await.expect("shut down");
    other.shutdown().await.expect("shut down");
}

async fn an_event_that_cannot_follow_is_not_stored(place: &Place) {
    let app = start(&place.open().await).await;
    app.create(&id("o"), open()).await.expect("opened");
    let error = app.execute(&id("o"), ShipAnyway).await.expect_err("a draft is not shipped");
    let ExecuteError::OutOfPlace {
        command: "ShipAnyway",
        stream,
        version: 3,
        event: "order.shipped",
        source,
    } = &error
    else {
        panic!("{error:?}")
    };
    assert_eq!((stream, *source), (&StreamId::new("order", "o"), Misfit::Impossible { state: "Draft" }));
    assert!(!error.is_retryable());
    assert_eq!(app.execute(&id("o"), add(5)).await.expect("nothing was stored of it").version, 2);
    assert_eq!(app.load::<Order>(&id("o")).await.expect("loaded").expect("exists").into_inner(), draft(5));
    app.create(&LedgerId(1), OpenLedger { pages: 2 }).await.expect("opened");
    let again = app.execute(&LedgerId(1), Reopen).await;
    assert!(matches!(again, Err(ExecuteError::OutOfPlace { source: Misfit::NotAgain, .. })), "{again:?}");
    app.shutdown().await.expect("shut down");
}

async fn a_creating_command_begins_with_a_creating_event(place: &Place) {
    let app = start(&place.open().await).await;
    let error = app.create(&id("o"), OpenWrongly).await.expect_err("nothing is there to be shipped");
    assert!(
        matches!(error, ExecuteError::OutOfPlace { version: 1, source: Misfit::NotFirst, .. }),
        "{error:?}"
    );
    assert!(app.load::<Order>(&id("o")).await.expect("loaded").is_none());
    assert_eq!(app.create(&id("o"), open()).await.expect("opened").version, 1);
    app.shutdown().await.expect("shut down");
}

async fn a_command_that_was_done_is_not_refused_for_the_state_it_has_led_to(place: &Place) {
    let app = start(&place.open().await).await;
    app.create(&id("o"), open()).await.expect("opened");
    app.execute(&id("o"), add(5)).await.expect("added");
    let first = app.execute(&id("o"), place_order()).key("place-1").await.expect("placed");
    let again = app.execute(&id("o"), place_order()).key("place-1").await.expect("the same once more");
    assert_eq!(first, again);
    let other = app.execute(&id("o"), place_order()).key("place-2").await;
    assert!(matches!(other, Err(ExecuteError::WrongState { .. })), "{other:?}");
    app.shutdown().await.expect("shut down");
}
