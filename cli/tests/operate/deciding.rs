//! What operators do: dead letters, sagas, subscriptions, projections.

use std::time::Duration;

use crate::{
    kit::{PATIENCE, gesta, run, until},
    town::{CODE, Scene, is_paid, on_both},
};

on_both!(
    dead_letters_are_shown_and_retried,
    a_dead_letter_is_discarded,
    a_parked_saga_is_retried,
    a_step_is_skipped,
    a_saga_is_abandoned,
    a_saga_is_undone,
    a_saga_is_forked,
    a_subscription_is_paused_and_reset,
    a_projection_is_rebuilt,
);

/// Who and why, without being asked.
const YES: [&str; 5] = ["--yes", "--actor", "olga", "--reason", "because"];

fn with<'a>(args: &[&'a str]) -> Vec<&'a str> {
    [args, &YES].concat()
}

async fn dead_letters_are_shown_and_retried(scene: &Scene) {
    let url = scene.url();
    let listed = gesta(url, &["dead-letters", "--json"]).well().json();
    let letters = listed["dead_letters"].as_array().unwrap();
    assert_eq!(letters.len(), 1, "{listed}");
    let letter = &letters[0];
    assert_eq!((&letter["handler"], &letter["stream"]), (&"statements".into(), &"account/carl".into()));
    assert!(letter["errors"][0].as_str().unwrap().contains("the printer jams"), "{letter}");
    let human = gesta(url, &["dead-letters", "list"]).well();
    assert!(human.out.contains("account/carl") && human.out.lines().count() == 2, "{human:?}");
    let waiting = gesta(url, &["dead-letters", "--state", "waiting", "--json"]).well().json();
    assert_eq!(waiting["dead_letters"].as_array().unwrap().len(), 1);
    let position = letter["position"].to_string();
    let shown = gesta(url, &["dead-letters", "show", "--position", &position, "--json"]).well().json();
    assert_eq!(shown["content"]["payload"]["day"], "1993-01-05");
    let shown = gesta(url, &["dead-letters", "show", "--position", &position]).well();
    assert!(shown.out.contains("1993-01-05"), "{shown:?}");
    gesta(url, &["dead-letters", "show"]).fails(2, "there are several");
    gesta(url, &["dead-letters", "show", "--position", "1"]).fails(3, "no such dead letter");

    gesta(url, &["dead-letters", "retry"]).fails(2, "say which");
    gesta(url, &["dead-letters", "retry", "--all"]).fails(5, "nobody to ask");
    gesta(url, &with(&["dead-letters", "retry", "--handler", "nobody"])).fails(3, "no such dead letter");
    let retry =
        gesta(url, &with(&["dead-letters", "retry", "--handler", "statements", "--json"])).well().json();
    assert_eq!(retry["decided"], 1);
    let told = gesta(url, &["log", "--json", "-f", "event=gesta.dead_letter_decided"]).well().lines();
    assert_eq!(
        (&told[0]["payload"]["actor"], &told[0]["payload"]["reason"]),
        (&"olga".into(), &"because".into())
    );
    let (app, office, _) = scene.start().await;
    until("both are printed", || (office.printed() == 2).then_some(()));
    app.shutdown().await.unwrap();
}

async fn a_dead_letter_is_discarded(scene: &Scene) {
    let (app, office, _) = scene.start().await;
    gesta(scene.url(), &with(&["dead-letters", "discard", "--stream", "account/carl"])).well();
    until("the one behind it is printed", || (office.printed() == 1).then_some(()));
    app.shutdown().await.unwrap();
    let left = gesta(scene.url(), &["dead-letters", "--json"]).well().json();
    assert_eq!(left["dead_letters"].as_array().unwrap().len(), 0);
    let kept = gesta(scene.url(), &["dead-letters", "--state", "discarded", "--json"]).well().json();
    assert_eq!(kept["dead_letters"][0]["decided_by"], "olga");
}

async fn paid(scene: &Scene) {
    let (app, _, line) = scene.start().await;
    line.repair();
    let paid = async {
        while !is_paid(&app).await {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, paid).await.expect("it is paid");
    app.shutdown().await.unwrap();
}

async fn a_parked_saga_is_retried(scene: &Scene) {
    let url = scene.url();
    let listed = gesta(url, &["sagas", "--state", "parked", "--json"]).well().json();
    assert_eq!(listed["sagas"].as_array().unwrap().len(), 1, "{listed}");
    assert_eq!((&listed["sagas"][0]["id"], &listed["sagas"][0]["step"]), (&"p-1".into(), &"tell".into()));
    for none in [&["--state", "running"][..], &["--older", "1d"], &["--step", "debit"], &["--error", "xyz"]] {
        let listed = gesta(url, &[&["sagas", "--json"], none].concat()).well().json();
        assert_eq!(listed["sagas"].as_array().unwrap().len(), 0, "{none:?}");
    }
    let timeline = gesta(url, &["sagas", "timeline", "payment/p-1"]).well();
    assert!(timeline.out.contains("parked at tell"), "{timeline:?}");
    gesta(url, &["sagas", "timeline", "payment/p-9"]).fails(3, "there is no saga");
    gesta(url, &["sagas", "timeline", "p-1"]).fails(2, "write the saga and the id");

    gesta(url, &["sagas", "retry", "payment/p-1"]).fails(5, "nobody to ask");
    gesta(url, &with(&["sagas", "retry", "payment/p-9"])).fails(3, "there is no saga");
    gesta(url, &with(&["sagas", "reschedule", "payment/p-1", "--in", "1m"])).fails(6, "goes on with a retry");
    gesta(url, &with(&["sagas", "compensate", "payment/p-9"])).fails(3, "there is no saga");
    gesta(url, &with(&["sagas", "retry", "payment/p-1"])).well();
    gesta(url, &with(&["sagas", "retry", "payment/p-1"])).fails(6, "it is not parked");
    gesta(url, &with(&["sagas", "reschedule", "payment/p-1", "--in", "0"])).well();
    paid(scene).await;
    let timeline = gesta(url, &["sagas", "timeline", "payment/p-1", "--json"]).well().json();
    let entries = timeline["entries"].as_array().unwrap();
    assert!(entries.iter().any(|entry| entry["text"] == "retried by olga: because"), "{timeline}");
    assert_eq!(entries.last().unwrap()["kind"], "completed");
    gesta(url, &with(&["sagas", "abandon", "payment/p-1"])).fails(6, "it has ended");
}

async fn a_step_is_skipped(scene: &Scene) {
    gesta(scene.url(), &with(&["sagas", "skip-with", "payment/p-1", "{"])).fails(2, "not JSON");
    gesta(scene.url(), &with(&["sagas", "skip-with", "payment/p-1", r#"{"word":"by telephone"}"#])).well();
    paid(scene).await;
    let bob = gesta(scene.url(), &["stream", "account/bob", "--json"]).well().lines();
    assert_eq!(bob.last().unwrap()["payload"]["cents"], 200);
}

async fn a_saga_is_abandoned(scene: &Scene) {
    let (app, _, line) = scene.start().await;
    line.repair();
    gesta(scene.url(), &with(&["sagas", "abandon", "payment/p-1"])).well();
    let listed = gesta(scene.url(), &["sagas", "--json"]).well().json();
    assert_eq!(listed["sagas"][0]["state"], "abandoned");
    app.shutdown().await.unwrap();
}

async fn a_saga_is_undone(scene: &Scene) {
    let undo = || gesta(scene.url(), &[&with(&["sagas", "compensate", "payment/p-1"])[..], &CODE].concat());
    undo().well();
    undo().fails(6, "it undoes what it has done already");
    let (app, _, line) = scene.start().await;
    line.repair();
    let end = || gesta(scene.url(), &["sagas", "--json"]).well().json()["sagas"][0]["state"].clone();
    until("it is undone", || (end() == "compensated").then_some(()));
    app.shutdown().await.unwrap();
    let ann = gesta(scene.url(), &["stream", "account/ann", "--json"]).well().lines();
    assert_eq!(ann.last().unwrap()["payload"]["cents"], 200, "the money came back");
    undo().fails(6, "has ended");
}

async fn a_saga_is_forked(scene: &Scene) {
    let url = scene.url();
    let fork = |name: &str, to: &str, step: &str| {
        gesta(url, &[&with(&["sagas", "fork", name, to, "--step", step])[..], &CODE].concat())
    };
    gesta(url, &["sagas", "fork", "payment/p-1", "p-2"]).fails(2, "--step");
    gesta(url, &["sagas", "fork", "payment/p-1", "p-2", "--step", "tell"]).fails(5, "nobody to ask");
    fork("payment/p-9", "p-2", "tell").fails(3, "there is no saga");
    fork("payment/p-1", "p-2", "tel").fails(6, "it has no step `tel`");
    fork("payment/p-1", "p-2", "credit").fails(6, "its step `tell` is not done");
    let done = fork("payment/p-1", "p-2", "tell").well();
    assert!(done.out.contains("payment/p-2 is started"), "{done:?}");
    fork("payment/p-1", "payment/p-2", "tell").fails(6, "was started before");
    let timeline = gesta(url, &["sagas", "timeline", "payment/p-2", "--json"]).well().json();
    assert_eq!(timeline["entries"][0]["actor"], "olga", "{timeline}");
    let stored = gesta(url, &["stream", "saga.payment/p-2", "--json"]).well().lines();
    let forked = &stored[0]["payload"]["forked"];
    assert_eq!((&forked["from"], &forked["reason"]), (&"p-1".into(), &"because".into()), "{stored:?}");

    let (app, _, line) = scene.start().await;
    line.repair();
    let state = |id: &str| {
        let listed = gesta(url, &["sagas", "--json"]).well().json();
        let found = listed["sagas"].as_array().unwrap().iter().find(|saga| saga["id"] == id);
        found.map(|saga| saga["state"].clone()).unwrap_or_default()
    };
    until("the other one is done", || (state("p-2") == "completed").then_some(()));
    app.shutdown().await.unwrap();
    assert_eq!(state("p-1"), "parked", "it stays as it is");
    let bob = gesta(url, &["stream", "account/bob", "--json"]).well().lines();
    assert_eq!(bob.last().unwrap()["payload"]["cents"], 200);
    let ann = gesta(url, &["stream", "account/ann", "--json"]).well().lines();
    assert_eq!(ann.len(), 4, "the money was taken once: {ann:?}");
}

async fn a_subscription_is_paused_and_reset(scene: &Scene) {
    let url = scene.url();
    let stands = |name: &str| {
        let all = gesta(url, &["subscriptions", "--json"]).well().json();
        let found = all["subscriptions"].as_array().unwrap().iter().find(|row| row["name"] == name);
        found.unwrap_or_else(|| panic!("{all}")).clone()
    };
    assert_eq!(stands("statements")["paused"], false);
    gesta(url, &["subscriptions", "pause", "statements"]).fails(5, "nobody to ask");
    gesta(url, &with(&["subscriptions", "pause", "nobody"])).fails(3, "no subscription `nobody`");
    gesta(url, &with(&["subscriptions", "pause", "statements"])).well();
    assert_eq!(stands("statements")["paused"], true);
    assert!(gesta(url, &["subscriptions"]).well().out.contains("paused"));
    gesta(url, &with(&["subscriptions", "reset", "statements", "--to", "soon"])).fails(2, "is not a time");
    gesta(url, &with(&["subscriptions", "reset", "statements", "--to", "start"])).well();
    assert_eq!(stands("statements")["position"], 0);
    assert!(
        gesta(url, &["dead-letters", "--json"]).well().json()["dead_letters"].as_array().unwrap().is_empty()
    );
    let (app, office, _) = scene.start().await;
    assert_eq!(office.printed(), 0, "it is paused");
    gesta(url, &with(&["subscriptions", "resume", "statements"])).well();
    until("all is printed", || (office.printed() == 2).then_some(()));
    let leased =
        until("somebody works on it", || Some(stands("statements")).filter(|row| row["workers"] == 1));
    assert!(leased["shards"][0]["owner"].is_string(), "{leased}");
    gesta(url, &["subscriptions", "show", "statements"]).well();
    app.shutdown().await.unwrap();
    let told = gesta(url, &["log", "--json", "-f", "event=gesta.subscription_changed"]).well().lines();
    let changes: Vec<_> = told.iter().map(|event| event["payload"]["change"].as_str().unwrap()).collect();
    assert_eq!(changes, ["paused", "reset", "resumed"]);
    assert_eq!(told[0]["payload"]["actor"], "olga");
}

async fn a_projection_is_rebuilt(scene: &Scene) {
    let url = scene.url();
    let listed = gesta(url, &["projections", "--json"]).well().json();
    assert_eq!(listed["projections"][0]["projection"], "balance");
    assert_eq!(listed["projections"][0]["state"], "live");
    gesta(url, &with(&["projections", "rebuild", "nothing"])).fails(3, "no projection `nothing`");
    gesta(url, &with(&["projections", "drop", "balance@1"])).fails(2, "answers queries");
    gesta(url, &with(&["subscriptions", "reset", "balance@1", "--to", "now"])).fails(2, "from the beginning");
    gesta(url, &with(&["projections", "rebuild", "balance", "--no-wait"])).well();
    let behind = gesta(url, &["projections", "--json"]).well().json();
    assert_eq!(behind["projections"][0]["position"], 0);
    assert!(gesta(url, &["projections"]).well().out.contains("stands still"));
    let (app, ..) = scene.start().await;
    let done = gesta(url, &with(&["projections", "rebuild", "balance@1"])).well();
    assert!(done.out.contains("is rebuilt"), "{done:?}");
    let balance = app.query(gesta_examples::bank::BalanceOf(crate::town::id("bob"))).await.unwrap();
    assert_eq!(balance, Some(0));
    app.shutdown().await.unwrap();
    run(&["projections"]).fails(2, "say which store");
}
