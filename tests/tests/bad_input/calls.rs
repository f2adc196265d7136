//! Calls that are dropped, come too late, or find the store closed.

use super::*;

on_every_store!(
    a_dropped_command_is_told_by_its_key,
    a_store_closed_underneath_says_so,
    a_handler_that_does_not_end_is_a_timeout,
);

/// Numbers that look random and are the same in every run.
fn dice(seed: &mut u64) -> u64 {
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    *seed
}

/// Polls a command for a random while and drops it; its answer if it was done by then.
async fn dropped(
    command: gesta::execute::Execute<PostError>,
    seed: &mut u64,
) -> Option<Result<Receipt, ExecuteError<PostError>>> {
    let while_ = Duration::from_micros(dice(seed) % 1_500);
    if dice(seed).is_multiple_of(4) {
        return command.into_future().now_or_never();
    }
    tokio::time::timeout(while_, command).await.ok()
}

async fn a_dropped_command_is_told_by_its_key(place: &Place) {
    const COMMANDS: u64 = 150;
    let store = place.open().await;
    let app = start(&store).await;
    let another = start(&place.open().await).await;
    for parcel in ["keyed", "naive"] {
        app.create(&id(parcel), register("Ann")).await.expect("registered");
    }
    let (mut seed, mut given_up) = (4_711, 0);
    for n in 0..COMMANDS {
        let key = format!("scan-{n}");
        let answered =
            dropped(app.execute(&id("keyed"), scan(n.to_string())).key(key.as_str()), &mut seed).await;
        let retry = app.execute(&id("keyed"), scan(n.to_string())).key(key.as_str()).await.expect("told");
        assert_eq!((retry.version, retry.events), (n + 2, 1), "stored once, by whichever call");
        match answered {
            Some(first) => assert_eq!(first.expect("stored"), retry),
            None => given_up += 1,
        }
        assert_eq!(another.execute(&id("keyed"), scan("other")).key(key).await.expect("told"), retry);

        // The naive way: give up and try again, without a key.
        if dropped(app.execute(&id("naive"), scan(n.to_string())), &mut seed).await.is_none() {
            app.execute(&id("naive"), scan(n.to_string())).await.expect("scanned");
        }
    }
    // In memory a command is done when it is first looked at, so there is no moment in which it could be dropped.
    let can_be_dropped = !place.in_memory();
    assert!(
        !can_be_dropped || given_up > 10,
        "only {given_up} of the calls were dropped before they were done"
    );
    let expected: Vec<String> = (0..COMMANDS).map(|n| n.to_string()).collect();
    assert_eq!(depots(&app, &id("keyed")).await, expected);
    let naive = depots(&app, &id("naive")).await;
    assert!(
        !can_be_dropped || naive.len() as u64 > COMMANDS,
        "without keys, some commands must have been stored twice"
    );
    app.shutdown().await.expect("shut down");
    another.shutdown().await.expect("shut down");
}

async fn a_store_closed_underneath_says_so(place: &Place) {
    let store = place.open().await;
    let app = start(&store).await;
    app.create(&id("p"), register("Ann")).await.expect("registered");
    store.port().close().await;
    for _ in 0..2 {
        let error = app.execute(&id("p"), scan("York")).await.expect_err("closed");
        assert!(matches!(error, ExecuteError::Store(StoreError::Closed)), "{error:?}");
        assert_eq!(error.to_string(), "the store is closed");
        let error = app.create(&id("q"), register("Ann")).await.expect_err("closed");
        assert!(matches!(error, ExecuteError::Store(StoreError::Closed)), "{error:?}");
    }
    assert!(matches!(app.load::<Parcel>(&id("p")).await, Err(StoreError::Closed)));
    assert!(matches!(app.history::<Parcel>(&id("p")).next().await, Some(Err(StoreError::Closed))));
    assert!(matches!(app.log().page(1).await, Err(StoreError::Closed)));
    assert!(
        Builder::<Post>::new(store, deps()).start().await.is_err(),
        "it does not start on a closed store"
    );
    app.shutdown().await.expect("shutting down is still possible");
}

async fn a_handler_that_does_not_end_is_a_timeout(place: &Place) {
    let deps = Deps { couriers: Couriers { patience: Duration::from_secs(86_400) }, ..deps() };
    let app = Builder::<Post>::new(place.open().await, deps).start().await.expect("an application");
    app.create(&id("p"), register("Ann")).timeout(Duration::MAX).await.expect("no end of patience");
    for limit in [Duration::ZERO, Duration::from_millis(5)] {
        let result = app.execute(&id("p"), Deliver).key("late").timeout(limit).await;
        assert!(matches!(result, Err(ExecuteError::Timeout)), "{result:?}");
    }
    let receipt = app.execute(&id("p"), scan("York")).await.expect("the parcel is not held by it");
    assert_eq!((receipt.version, receipt.events), (2, 1));
    app.shutdown().await.expect("shut down");
}
