//! Commands that sagas and process managers send, to an aggregate in another state: a refusal, as any other.

use std::fmt::Debug;

use gesta::store::DeliveryState;
use serde::{Deserialize, Serialize};
use tokio::time::{Instant, sleep};

use super::*;

on_every_store!(
    a_step_for_another_state_is_undone,
    a_reaction_for_another_state_is_parked_until_the_state_is_right
);

/// Adds to an order and has it shipped, although nobody has placed it.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Rush {
    order: OrderId,
}

#[saga(version = 1)]
impl Rush {
    #[step(no_compensation = "the line may stay")]
    fn more(&self) -> Dispatch<OrderId, AddLine> {
        self.order.send(add(1))
    }

    #[step(pivot)]
    fn shipped(&self) -> Dispatch<OrderId, Ship> {
        self.order.send(Ship)
    }
}

/// Ships what somebody has put into an order, too early.
#[derive(Default, Serialize, Deserialize)]
pub(crate) struct Eager;

#[process_manager(key = OrderId)]
impl Eager {
    #[on(OrderEvent::Noted(_))]
    fn noted(&mut self, id: &OrderId) -> Dispatch<OrderId, Ship> {
        id.send(Ship)
    }
}

async fn a_step_for_another_state_is_undone(place: &Place) {
    let app = start(&place.open().await).await;
    app.create(&id("o"), open()).await.expect("opened");
    let saga = app.start_saga("r-1", Rush { order: id("o") }).await.expect("started");
    let outcome = saga.outcome().await.expect("an outcome");
    let SagaOutcome::Compensated { failed_step, reason } = outcome else { panic!("{outcome:?}") };
    assert_eq!(failed_step, "shipped");
    assert!(reason.contains("`Ship` is for the state `Placed`, and order/o is in `Draft`"), "{reason}");
    assert_eq!(app.load::<Order>(&id("o")).await.expect("loaded").expect("exists").into_inner(), draft(1));
    app.shutdown().await.expect("shut down");
}

async fn a_reaction_for_another_state_is_parked_until_the_state_is_right(place: &Place) {
    let app = start(&place.open().await).await;
    app.create(&id("o"), open()).await.expect("opened");
    app.execute(&id("o"), add(5)).await.expect("added");
    app.execute(&id("o"), Note).await.expect("noted");
    let parked = until(
        async || app.dead_letters().list(10).await.expect("dead letters"),
        |letters| letters.len() == 1,
    )
    .await;
    assert_eq!(parked[0].state, DeliveryState::Dead, "it is not tried again by itself");
    let errors = parked[0].errors.join(" / ");
    assert!(errors.contains("`Ship` is for the state `Placed`, and order/o is in `Draft`"), "{errors}");

    app.execute(&id("o"), place_order()).await.expect("placed");
    app.dead_letters().retry("ann", "it is placed by now").await.expect("retried");
    let state = async || app.load::<Order>(&id("o")).await.expect("loaded").expect("exists").into_inner();
    until(state, |order| *order == Order::Shipped).await;
    app.shutdown().await.expect("shut down");
}

async fn until<T: Debug>(ask: impl AsyncFn() -> T, wanted: impl Fn(&T) -> bool) -> T {
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        let found = ask().await;
        if wanted(&found) {
            return found;
        }
        assert!(Instant::now() < deadline, "{found:?}");
        sleep(Duration::from_millis(20)).await;
    }
}
