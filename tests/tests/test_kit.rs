//! Given, when, then: what passes, and what the failure of a test says.

use std::{
    panic::{AssertUnwindSafe, Location, catch_unwind},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use gesta::test::{given, given_creating, given_creating_with};
use gesta_tests::post::{
    Couriers, Deliver, Deps, Parcel, ParcelEvent, ParcelId, PostError, Register, Scan, Tariff,
};

fn registered() -> ParcelEvent {
    ParcelEvent::Registered { to: "Ann".into(), grams: 500 }
}

fn scanned(depot: &str) -> ParcelEvent {
    ParcelEvent::Scanned { depot: depot.into() }
}

fn delivered(by: Option<&str>, number: &str) -> ParcelEvent {
    ParcelEvent::Delivered { by: by.map(Into::into), number: number.into() }
}

fn scan<const N: usize>(depots: [&str; N]) -> Scan {
    Scan { depots: depots.map(Into::into).into() }
}

fn register(grams: u64) -> Register {
    Register { to: "Ann".into(), grams }
}

/// A second domain: an id that is a number, and a creating command that needs nothing.
mod lamps {
    use std::convert::Infallible;

    use gesta::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, Hash, Id)]
    pub(super) struct LampId(pub(super) u32);

    #[event]
    #[derive(Clone, Debug, PartialEq)]
    pub(super) enum LampEvent {
        Hung { number: u32 },
        Lit,
    }

    #[aggregate(id = LampId, event = LampEvent)]
    #[derive(Debug, Default)]
    pub(super) struct Lamp {
        lit: bool,
    }

    #[apply(LampEvent)]
    impl Lamp {
        fn hung(&mut self) {}
        fn lit(&mut self) {
            self.lit = true;
        }
    }

    #[derive(Clone)]
    pub(super) struct Hang;
    pub(super) struct Light;

    #[command_handler]
    impl Lamp {
        fn hang(_: Hang, id: &LampId) -> Result<LampEvent, Infallible> {
            Ok(LampEvent::Hung { number: id.0 })
        }

        fn light(&self, _: Light) -> Result<[LampEvent; 1], Infallible> {
            Ok([LampEvent::Lit])
        }
    }
}

/// The text of the panic, and the line that it names.
fn failure(test: impl FnOnce()) -> (String, u32) {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _guard = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let seen = Arc::new(Mutex::new(None));
    let (writer, standard) = (Arc::clone(&seen), std::panic::take_hook());
    std::panic::set_hook(Box::new(move |panic| {
        let line = panic.location().filter(|at| at.file() == file!()).map_or(0, Location::line);
        let text = panic.payload_as_str().unwrap_or("no text").to_owned();
        *writer.lock().unwrap_or_else(PoisonError::into_inner) = Some((text, line));
    }));
    let result = catch_unwind(AssertUnwindSafe(test));
    std::panic::set_hook(standard);
    assert!(result.is_err(), "the test should have failed");
    seen.lock().unwrap_or_else(PoisonError::into_inner).take().expect("a panic")
}

#[test]
fn a_command_is_accepted_with_its_events() {
    given::<Parcel>([registered()]).when(scan(["Leeds", "York"])).then([scanned("Leeds"), scanned("York")]);
    given::<Parcel>(vec![registered()]).when(scan(["Leeds"])).then(vec![scanned("Leeds")]);
    given::<Parcel>([registered()]).when(scan([])).then([]);
    given::<Parcel>([registered()]).when(scan([])).then_nothing();
}

#[test]
fn a_command_needs_only_what_its_own_handler_asks_for() {
    struct OnlyTariff(Tariff);
    impl gesta::domain::Provide<Tariff> for OnlyTariff {
        fn provide(&self) -> &Tariff {
            &self.0
        }
    }
    let deps = OnlyTariff(Tariff { heaviest: 100 });
    given_creating_with(register(100), &deps)
        .then([ParcelEvent::Registered { to: "Ann".into(), grams: 100 }]);
    given::<Parcel>([])
        .when_with(register(101), &deps)
        .rejects(PostError::TooHeavy { grams: 101, heaviest: 100 });
}

#[test]
fn a_creating_command_is_given_nothing() {
    use lamps::{Hang, Lamp, LampEvent, LampId, Light};
    given_creating(Hang).then([LampEvent::Hung { number: 1 }]);
    given::<Lamp>([]).when(Hang).then([LampEvent::Hung { number: 1 }]);
    let seventh = LampId(7);
    given::<Lamp>([]).id(&seventh).when(Hang).then([LampEvent::Hung { number: 7 }]);
    given::<Lamp>([LampEvent::Hung { number: 1 }]).when(Light).then([LampEvent::Lit]);
}

#[test]
fn a_command_is_rejected_with_its_error() {
    let history = [registered(), delivered(None, "test")];
    given::<Parcel>(history.clone()).when(scan(["York"])).rejects(PostError::Delivered);
    given::<Parcel>(history.clone())
        .when(scan(["York"]))
        .rejects_with(|error| assert_eq!(error.to_string(), "it was delivered already"));
    assert_eq!(given::<Parcel>(history).when(scan(["York"])).into_result(), Err(PostError::Delivered));
}

#[test]
fn an_async_handler_runs_to_its_end_in_a_plain_test() {
    let deps = slow();
    given::<Parcel>([registered()])
        .id(ParcelId("p-1".into()))
        .by("courier-7")
        .when_with(Deliver, &deps)
        .then([delivered(Some("courier-7"), "p-1")]);
    given::<Parcel>([registered()]).when_with(Deliver, &deps).then([delivered(None, "test")]);
}

#[tokio::test]
async fn an_async_handler_runs_to_its_end_in_an_async_test() {
    given::<Parcel>([registered()]).when_with(Deliver, &slow()).then([delivered(None, "test")]);
    tokio::time::sleep(Duration::from_millis(1)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn an_async_handler_runs_to_its_end_beside_other_threads() {
    given::<Parcel>([registered()]).when_with(Deliver, &slow()).then([delivered(None, "test")]);
    let task = tokio::spawn(async {
        given::<Parcel>([registered()]).when_with(Deliver, &slow()).then([delivered(None, "test")]);
    });
    task.await.expect("also in a task");
}

fn slow() -> Deps {
    Deps { couriers: Couriers { patience: Duration::from_millis(20) }, ..Deps::default() }
}

#[test]
fn existing_and_creating_commands_are_told_apart() {
    given::<Parcel>([]).when(scan(["York"])).not_found();
    given::<Parcel>([registered()]).when_with(register(1), &Deps::default()).already_exists();
}

#[test]
fn the_state_after_the_events_can_be_looked_at() {
    given::<Parcel>([registered()])
        .when(scan(["York"]))
        .then_state(|parcel| assert_eq!((parcel.grams, &parcel.depots[..]), (500, &["York".to_owned()][..])));
}

#[test]
fn other_events_are_shown_side_by_side_with_the_history() {
    let (text, line) = failure(|| {
        given::<Parcel>([registered()])
            .when(scan(["Leeds", "Hull", "York"]))
            .then([scanned("Leeds"), scanned("York")]);
    });
    assert_eq!(line, line!() - 2, "the panic names the line of the test");
    assert_eq!(
        text,
        "\
other events than expected

  given, of Parcel
    Registered { to: \"Ann\", grams: 500 }

  when Scan

    expected                     actual
    Scanned { depot: \"Leeds\" }   Scanned { depot: \"Leeds\" }
  ≠ -                            Scanned { depot: \"Hull\" }
    Scanned { depot: \"York\" }    Scanned { depot: \"York\" }
"
    );
}

#[test]
fn a_long_history_is_shown_by_its_end() {
    let history = (0..50).map(|n| scanned(&n.to_string()));
    let begun = given::<Parcel>([registered()].into_iter().chain(history));
    let (text, _) = failure(|| begun.clone().when(scan(["York"])).then([]));
    assert!(
        text.contains("given, of Parcel\n    .. 31 events before\n    Scanned { depot: \"30\" }\n"),
        "{text}"
    );
    assert!(text.contains("    Scanned { depot: \"49\" }\n\n  when Scan\n"), "{text}");
    begun.when(scan(["York"])).then([scanned("York")]);
}

#[test]
fn a_rejection_in_place_of_events_is_shown() {
    let (text, _) = failure(|| {
        given::<Parcel>([registered(), delivered(None, "test")]).when(scan(["York"])).then([scanned("York")]);
    });
    assert!(text.starts_with("events were expected\n"), "{text}");
    assert!(text.contains("≠ Scanned { depot: \"York\" }   rejected: Delivered\n"), "{text}");
    assert!(text.contains("\"it was delivered already\""), "{text}");
}

#[test]
fn events_in_place_of_a_rejection_are_shown() {
    let (text, line) = failure(|| {
        given::<Parcel>([registered()]).when(scan(["York"])).rejects(PostError::Delivered);
    });
    assert_eq!(line, line!() - 2);
    assert!(text.starts_with("a rejection was expected\n"), "{text}");
    assert!(text.contains("≠ rejected: Delivered"), "{text}");
    assert!(text.contains("Scanned { depot: \"York\" }\n"), "{text}");
}

#[test]
fn another_rejection_is_shown_beside_the_expected_one() {
    let (text, _) = failure(|| {
        given_creating_with(register(50_000), &Deps::default())
            .rejects(PostError::TooHeavy { grams: 50_000, heaviest: 20_000 });
    });
    assert!(text.starts_with("rejected with another error than expected\n"), "{text}");
    assert!(text.contains("    nothing\n\n  when Register\n"), "{text}");
    assert!(text.contains("heaviest: 20000 }") && text.contains("heaviest: 30000 }"), "{text}");
    assert!(text.contains("50000 g are more than 20000 g"), "{text}");
}

#[test]
fn a_command_that_no_handler_was_asked_about_says_so() {
    let (text, _) = failure(|| given::<Parcel>([]).when(scan(["York"])).then([scanned("York")]));
    assert!(text.contains("the aggregate does not exist:"), "{text}");
    let (text, _) = failure(|| {
        given::<Parcel>([registered()]).when_with(register(1), &Deps::default()).then([registered()]);
    });
    assert!(text.contains("the aggregate exists already:"), "{text}");
    let (text, _) = failure(|| drop(given::<Parcel>([]).when(scan(["York"])).into_result()));
    assert!(text.starts_with("a decision was expected\n"), "{text}");
}

#[test]
fn every_other_expectation_can_fail() {
    let when = || given::<Parcel>([registered()]).when(scan(["York"]));
    assert!(failure(|| when().then_nothing()).0.starts_with("no events were expected\n"));
    assert!(failure(|| when().not_found()).0.starts_with("the aggregate was not to exist\n"));
    assert!(failure(|| when().already_exists()).0.starts_with("the aggregate was to exist already\n"));
    assert!(failure(|| when().rejects_with(|_| ())).0.starts_with("a rejection was expected\n"));
    assert!(failure(|| when().then_state(|_| panic!("of the closure"))).0.starts_with("of the closure"));
    let rejected = || given::<Parcel>([registered(), delivered(None, "1")]).when(scan(["York"]));
    assert!(failure(|| rejected().then_state(|_| ())).0.starts_with("the command was to be accepted\n"));
    assert!(failure(|| rejected().then([])).0.contains("≠ no events   rejected: Delivered"));
}
