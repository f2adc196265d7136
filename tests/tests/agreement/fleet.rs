//! Who runs.

use std::time::Duration;

use futures_util::future::join_all;
use gesta::{
    app::StartError,
    domain::Timestamp,
    store::{ReadSide, Store},
};
use gesta_tests::{Place, on_every_store};
use tokio::time::{sleep, timeout};

use crate::{
    Handles, PATIENCE,
    banks::{Deps, Open, Withdraw, first, retiring, second},
    fleet_of, found, refused, start_first, start_second,
};

on_every_store!(
    a_newer_program_waits_for_the_older_ones,
    an_older_program_does_not_start_beside_a_newer_one,
    a_program_that_only_reads_more_starts_beside_the_others,
    a_program_that_was_killed_is_believed_to_run_for_as_long_as_its_lease,
    a_program_without_workers_is_there_for_as_long_as_it_runs,
    a_program_with_workers_is_there_for_as_long_as_it_runs,
    of_many_that_start_at_once_one_version_runs,
    a_program_that_does_not_start_is_not_there,
);

async fn now(store: &Store) -> Timestamp {
    side(store).now().await.expect("the time")
}

fn side(store: &Store) -> &dyn ReadSide {
    store.port().read_side().expect("a read side")
}

async fn a_newer_program_waits_for_the_older_ones(place: &Place) {
    let place = Handles::on(place).await;
    let deps = || Deps { seen: Default::default() };
    let old =
        first::Bank::app(place.open().await, deps()).release("bank 1.0").start().await.expect("the first");
    let same = first::Bank::app(place.open().await, deps()).release("bank 1.0").commands_only().await;
    let same = same.expect("another of the same");
    let builder = async || second::Bank::app(place.open().await, ()).release("bank 2.0");
    let disagreement = refused(builder().await.start().await);
    let expected = [
        "unread by others `account.frozen` version 1 (streams `account/..`)",
        "unread by others `account.withdrawn` version 2 (streams `account/..`)",
    ];
    assert_eq!(found(&disagreement), expected);
    assert_eq!(found(&refused(builder().await.commands_only().await)), expected);
    let (text, process) = (disagreement.to_string(), std::process::id());
    let others = format!("by bank 1.0 (processes {process}, {process}, believed to run until ");
    for part in [
        "bank 2.0 (the domain `Bank`) and the store do not agree",
        "\n  this program writes what running programs cannot read:\n    `account.frozen` version 1 (streams `account/..`): \
         not known by bank 1.0 (",
        &format!("`account.withdrawn` version 2 (streams `account/..`): read up to version 1 {others}"),
        "\n    what to do: stop those programs before this one is started",
    ] {
        assert!(text.contains(part), "{part}\nis missing in\n{text}");
    }
    let allowed = builder().await.allow_older().start().await.expect("allowed");
    allowed.shutdown().await.expect("an end in order");
    old.shutdown().await.expect("an end in order");
    assert_eq!(found(&refused(builder().await.start().await)), expected, "one is still there");
    same.shutdown().await.expect("an end in order");
    builder().await.start().await.expect("nobody is").shutdown().await.expect("an end in order");
}

async fn an_older_program_does_not_start_beside_a_newer_one(place: &Place) {
    let place = Handles::on(place).await;
    let new = start_second(&place.open().await).await.expect("the second version starts");
    let disagreement = refused(start_first(&place.open().await).await);
    assert_eq!(
        found(&disagreement),
        [
            "written by others `account.frozen` version 1 (streams `account/..`)",
            "written by others `account.withdrawn` version 2 (streams `account/..`)",
        ]
    );
    let text = disagreement.to_string();
    assert!(text.contains("\n  running programs write what this one cannot read:\n"), "{text}");
    assert!(text.contains("what to do: start the release that runs, or stop those programs"), "{text}");
    new.shutdown().await.expect("an end in order");
    // Nothing of it is stored, and nobody writes it any more.
    start_first(&place.open().await).await.expect("a rollback").shutdown().await.expect("an end in order");
}

async fn a_program_that_only_reads_more_starts_beside_the_others(place: &Place) {
    let place = Handles::on(place).await;
    let old = start_first(&place.open().await).await.expect("the first version starts");
    let new = retiring::Bank::app(place.open().await, ()).start().await.expect("it writes nothing new");
    let second = refused(start_second(&place.open().await).await);
    assert_eq!(second.findings.len(), 2, "only the first is in its way: {second}");
    old.shutdown().await.expect("an end in order");
    let second = start_second(&place.open().await).await.expect("the other reads what it writes");
    second.shutdown().await.expect("an end in order");
    new.shutdown().await.expect("an end in order");
}

async fn a_program_that_was_killed_is_believed_to_run_for_as_long_as_its_lease(place: &Place) {
    let place = Handles::on(place).await;
    let store = place.open().await;
    let lease = Duration::from_secs(2);
    let old = first::Bank::app(place.open().await, Deps { seen: Default::default() });
    let old = old.lease(lease).start().await.expect("the first version starts");
    refused(start_second(&store).await);
    let before = now(&store).await;
    drop(old);
    let started = timeout(PATIENCE, async {
        loop {
            match start_second(&store).await {
                Ok(app) => break app,
                Err(StartError::Disagreement(_)) => sleep(Duration::from_millis(20)).await,
                Err(other) => panic!("{other}"),
            }
        }
    });
    let app = started.await.expect("it starts once the time has run out");
    let waited = now(&store).await.as_micros() - before.as_micros();
    assert!(waited > 0, "{waited}");
    app.create(&second::Bank::id(), Open { owner: "Ann".into() }).await.expect("it works");
    app.shutdown().await.expect("an end in order");
}

/// Waits until the member that is there would be gone if nothing was heard of it.
async fn outlive(store: &Store) {
    let good_until = async || {
        let running = fleet_of(store).survey(&[]).await.expect("a survey").running;
        running.iter().map(|running| running.good_until).max().expect("somebody is there")
    };
    let first = good_until().await;
    let outlived = timeout(PATIENCE, async {
        while now(store).await <= first {
            sleep(Duration::from_millis(50)).await;
        }
    });
    outlived.await.expect("time goes on");
    assert!(good_until().await > first, "it is there for longer");
}

async fn a_program_without_workers_is_there_for_as_long_as_it_runs(place: &Place) {
    let place = Handles::on(place).await;
    let store = place.open().await;
    let old = first::Bank::app(place.open().await, Deps { seen: Default::default() });
    let old = old.lease(Duration::from_secs(3)).commands_only().await.expect("the first version starts");
    outlive(&store).await;
    refused(start_second(&store).await);
    old.shutdown().await.expect("an end in order");
    start_second(&store).await.expect("nobody is there").shutdown().await.expect("an end in order");
}

async fn a_program_with_workers_is_there_for_as_long_as_it_runs(place: &Place) {
    let place = Handles::on(place).await;
    let store = place.open().await;
    let old = first::Bank::app(place.open().await, Deps { seen: Default::default() });
    let old = old.lease(Duration::from_secs(3)).start().await.expect("the first version starts");
    outlive(&store).await;
    refused(start_second(&store).await);
    old.shutdown().await.expect("an end in order");
    start_second(&store).await.expect("nobody is there").shutdown().await.expect("an end in order");
}

async fn of_many_that_start_at_once_one_version_runs(place: &Place) {
    let place = Handles::on(place).await;
    let stores = [place.open().await, place.open().await];
    for round in 0..3 {
        let firsts = (0..6).map(|n| {
            let store = stores[n % 2].clone();
            tokio::spawn(async move { start_first(&store).await })
        });
        let seconds = (0..6).map(|n| {
            let store = stores[n % 2].clone();
            tokio::spawn(async move { start_second(&store).await })
        });
        let (firsts, seconds): (Vec<_>, Vec<_>) = (firsts.collect(), seconds.collect());
        let (firsts, seconds) = (join_all(firsts).await, join_all(seconds).await);
        let (mut old, mut new) = (Vec::new(), Vec::new());
        for started in firsts {
            match started.expect("it ends") {
                Ok(app) => old.push(app),
                Err(error) => assert!(matches!(error, StartError::Disagreement(_)), "{error}"),
            }
        }
        for started in seconds {
            match started.expect("it ends") {
                Ok(app) => new.push(app),
                Err(error) => assert!(matches!(error, StartError::Disagreement(_)), "{error}"),
            }
        }
        let counts = (old.len(), new.len());
        assert!(matches!(counts, (6, 0) | (0, 6)), "round {round}: {counts:?}");
        for app in old {
            app.shutdown().await.expect("an end in order");
        }
        for app in new {
            app.shutdown().await.expect("an end in order");
        }
    }
    let app = start_first(&stores[0]).await.expect("nothing newer is stored");
    app.create(&first::Bank::id(), Open { owner: "Ann".into() }).await.expect("opened");
    app.execute(&first::Bank::id(), Withdraw { cents: 1 }).await.expect("withdrawn");
    app.shutdown().await.expect("an end in order");
}

/// It fails after it has joined, and leaves again.
async fn a_program_that_does_not_start_is_not_there(place: &Place) {
    let place = Handles::on(place).await;
    let store = place.open().await;
    let builder = first::Bank::app(store.clone(), Deps { seen: Default::default() });
    let broken = builder.sql_projection(crate::banks::Twice).sql_projection(crate::banks::Twice);
    let error = broken.start().await.expect_err("two of one name");
    assert!(!matches!(error, StartError::Disagreement(_)), "{error}");
    start_second(&store).await.expect("nobody is there").shutdown().await.expect("an end in order");
}
