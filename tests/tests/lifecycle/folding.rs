//! What events make of a state, and what is said of one that does not fit.

use gesta::{
    domain::{Domain, Goal, Misfit, Origin, States},
    test::given,
};

use super::*;

on_every_store!(
    a_stream_is_folded_through_its_states,
    a_state_that_does_not_exist_needs_no_default,
    a_stream_that_begins_with_another_event_names_it,
    an_impossible_event_in_a_stream_names_itself_and_loses_nothing,
);

#[test]
fn the_states_are_known_as_data() {
    let found = Order::LIFECYCLE.expect("states");
    let states: Vec<_> = found.states.iter().map(|state| (state.name, state.doc)).collect();
    assert_eq!(
        states,
        [
            ("Draft", "Being put together."),
            ("Placed", ""),
            ("Shipped", "On its way, or there."),
            ("Returned", "")
        ]
    );
    let transitions: Vec<_> =
        found.transitions.iter().map(|found| (found.event, found.from, found.to)).collect();
    assert_eq!(
        transitions,
        [
            ("Opened", Origin::Nothing, Goal::States(&["Draft"])),
            ("LineAdded", Origin::States(&["Draft"]), Goal::Same),
            ("Placed", Origin::States(&["Draft"]), Goal::States(&["Placed"])),
            ("Shipped", Origin::States(&["Placed"]), Goal::States(&["Shipped"])),
            ("Returned", Origin::States(&["Draft", "Placed", "Shipped"]), Goal::States(&["Returned"])),
        ]
    );
    assert_eq!(found.transitions[0].doc, "Somebody has begun.");
    let impossible: Vec<_> = found.impossible.iter().map(|found| (found.state, found.events)).collect();
    assert_eq!(impossible[1], ("Placed", Some(&["LineAdded", "Placed"][..])));
    assert_eq!(impossible[3], ("Returned", None));
    assert_eq!(Order::STATES, found.states);
    assert_eq!(draft(1).state(), "Draft");

    let part = Shop::PARTS[0];
    assert_eq!(part.lifecycle, Some(found));
    let command = |name: &str| part.commands.iter().find(|command| command.name == name).expect("a command");
    assert!(command("Open").creates && command("Open").states.is_empty());
    assert_eq!(command("PlaceOrder").states, ["Draft"]);
    assert_eq!(
        (command("Return").states, command("Return").doc),
        (&["Placed", "Shipped"][..], "Sends it back.")
    );
    assert!(command("ShipAnyway").states.is_empty() && !command("ShipAnyway").creates);

    let ledger = Ledger::LIFECYCLE.expect("what makes the first state");
    assert!(ledger.states.is_empty());
    assert_eq!((ledger.transitions[0].from, ledger.transitions[2].from), (Origin::Nothing, Origin::Any));
    assert_eq!(gesta_tests::post::Parcel::LIFECYCLE, None, "all fits that begins as its default");
}

#[test]
fn an_event_that_does_not_fit_leaves_the_state_as_it_was() {
    let mut order = None;
    assert_eq!(Order::fold(&mut order, &placed()), Err(Misfit::NotFirst));
    assert_eq!(order, None);
    Order::fold(&mut order, &opened()).unwrap();
    assert_eq!(Order::fold(&mut order, &opened()), Err(Misfit::NotAgain));
    assert_eq!(Order::fold(&mut order, &OrderEvent::Shipped), Err(Misfit::Impossible { state: "Draft" }));
    Order::fold(&mut order, &OrderEvent::Noted("hurry".into())).unwrap();
    Order::fold(&mut order, &line(5)).unwrap();
    assert_eq!(order, Some(draft(5)));
    Order::fold(&mut order, &OrderEvent::Returned { reason: "no".into() }).unwrap();
    assert_eq!(Order::fold(&mut order, &line(5)), Err(Misfit::Impossible { state: "Returned" }));
    assert_eq!(order, Some(Order::Returned { cents: 5 }));
}

#[test]
fn an_event_may_make_the_first_state_and_change_it_later() {
    let mut ledger = None;
    for pages in [2, 3] {
        Ledger::fold(&mut ledger, &LedgerEvent::Bound { pages }).unwrap();
    }
    assert_eq!(ledger.map(|ledger| ledger.pages.get()), Some(5));
}

#[test]
#[should_panic(expected = "these events cannot have happened to `Order`: `OrderEvent::Shipped` does not fit")]
fn the_test_kit_refuses_a_history_that_cannot_be() {
    let _ = given::<Order>([opened(), OrderEvent::Shipped]).when(Ship);
}

async fn a_stream_is_folded_through_its_states(place: &Place) {
    let store = place.open().await;
    let app = start(&store).await;
    let order = id("o");
    app.create(&order, open()).await.expect("opened");
    app.execute(&order, add(5)).await.expect("added");
    app.execute(&order, add(7)).await.expect("added");
    app.execute(&order, place_order()).await.expect("placed");
    assert_eq!(app.execute(&order, Ship).await.expect("shipped").version, 5);
    assert_eq!(
        app.load::<Order>(&order).await.expect("loaded").expect("exists").into_inner(),
        Order::Shipped
    );
    assert_eq!(
        app.load_at::<Order>(&order, 3).await.expect("loaded").expect("exists").into_inner(),
        draft(12)
    );
    app.shutdown().await.expect("shut down");

    // Another process has nothing in memory; it begins with a snapshot, where there is one.
    let app = start(&place.open().await).await;
    assert_eq!(app.execute(&order, Return { reason: "broken".into() }).await.expect("returned").version, 6);
    let loaded = app.load::<Order>(&order).await.expect("loaded").expect("exists");
    assert_eq!(loaded.into_inner(), Order::Returned { cents: 0 });
    assert!(app.load::<Order>(&id("nobody")).await.expect("loaded").is_none());
    app.shutdown().await.expect("shut down");
}

async fn a_state_that_does_not_exist_needs_no_default(place: &Place) {
    let app = start(&place.open().await).await;
    let ledger = LedgerId(7);
    let missing = app.execute(&ledger, Write { line: "nowhere" }).await;
    assert!(matches!(missing, Err(ExecuteError::NotFound)), "{missing:?}");
    assert_eq!(app.create(&ledger, OpenLedger { pages: 3 }).await.expect("opened").version, 2);
    app.execute(&ledger, Write { line: "more" }).await.expect("written");
    let again = app.create(&ledger, OpenLedger { pages: 3 }).await;
    assert!(matches!(again, Err(ExecuteError::AlreadyExists)), "{again:?}");
    let loaded = app.load::<Ledger>(&ledger).await.expect("loaded").expect("exists");
    assert_eq!((loaded.pages.get(), &loaded.lines[..]), (3, &["begun".to_owned(), "more".to_owned()][..]));
    app.shutdown().await.expect("shut down");
}

async fn a_stream_that_begins_with_another_event_names_it(place: &Place) {
    let store = place.open().await;
    let app = start(&store).await;
    smuggle(&store, StreamId::new("ledger", "1"), &[("ledger.written", r#"{"line":"lost"}"#)]).await;
    let error = app.load::<Ledger>(&LedgerId(1)).await.expect_err("nothing makes it");
    let StoreError::OutOfPlace { stream, version: 1, event: "ledger.written", source: Misfit::NotFirst } =
        &error
    else {
        panic!("{error:?}")
    };
    assert_eq!(*stream, StreamId::new("ledger", "1"));
    assert!(
        error.to_string().starts_with("cannot fold ledger/1 at version 1: `ledger.written` does not fit"),
        "{error}"
    );
    let refused = app.execute(&LedgerId(1), Write { line: "more" }).await.expect_err("nothing to decide on");
    assert!(matches!(refused, ExecuteError::Store(StoreError::OutOfPlace { version: 1, .. })), "{refused:?}");
    assert!(!refused.is_retryable());
    app.shutdown().await.expect("shut down");
}

async fn an_impossible_event_in_a_stream_names_itself_and_loses_nothing(place: &Place) {
    let store = place.open().await;
    let app = start(&store).await;
    app.create(&id("o"), open()).await.expect("opened");
    app.execute(&id("o"), add(5)).await.expect("added");
    // Behind the back of the application, whose state in memory is true up to here.
    smuggle(&store, StreamId::new("order", "o"), &[("order.shipped", "{}")]).await;
    let error = app.load::<Order>(&id("o")).await.expect_err("a draft is not shipped");
    assert!(
        matches!(
            error,
            StoreError::OutOfPlace {
                version: 3,
                event: "order.shipped",
                source: Misfit::Impossible { state: "Draft" },
                ..
            }
        ),
        "{error:?}"
    );
    let refused = app.execute(&id("o"), add(5)).await.expect_err("the stream does not fit");
    assert!(matches!(refused, ExecuteError::Store(StoreError::OutOfPlace { version: 3, .. })), "{refused:?}");
    assert_eq!(
        app.load_at::<Order>(&id("o"), 2).await.expect("loaded").expect("exists").into_inner(),
        draft(5)
    );
    // The neighbours are not concerned, and neither is the log.
    app.create(&id("p"), open()).await.expect("opened");
    assert_eq!(app.execute(&id("p"), add(5)).await.expect("added").version, 2);
    app.shutdown().await.expect("shut down");
}
