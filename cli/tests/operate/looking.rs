//! What there is: streams, events, the log, counts.

use gesta_examples::bank::Deposit;

use crate::{
    kit::{Running, gesta, read_a_little},
    town::{Scene, id, on_both},
};

on_both!(
    streams_are_listed,
    a_stream_is_shown,
    the_log_is_filtered,
    the_log_is_followed,
    everything_is_counted,
    whoever_stops_reading_is_no_failure,
    what_is_in_a_store_cannot_command_a_terminal,
);

async fn streams_are_listed(scene: &Scene) {
    let all = gesta(scene.url(), &["streams", "--json"]).well().json();
    let names: Vec<&str> =
        all["streams"].as_array().unwrap().iter().map(|row| row["stream"].as_str().unwrap()).collect();
    assert!(names.is_sorted(), "{names:?}");
    for name in ["account/ann", "account/bob", "account/carl", "saga.payment/p-1"] {
        assert!(names.contains(&name), "{names:?}");
    }
    let of = gesta(scene.url(), &["streams", "--category", "account", "--id", "a"]).well();
    assert_eq!(of.out.lines().count(), 2, "{of:?}");
    assert!(of.out.lines().nth(1).unwrap().starts_with("account/ann        4  20"), "{of:?}");
    let ann =
        gesta(scene.url(), &["streams", "--category", "account", "--id", "ann", "--json"]).well().json();
    assert_eq!(ann["streams"][0]["version"], 4, "opened, twice paid in, withdrawn: {ann}");
    assert!(ann["streams"][0]["changed_at"].as_str().unwrap().ends_with('Z'));
    gesta(scene.url(), &["streams", "--category", "nobody"]).well();
    // Page by page, each is there once.
    let (mut seen, mut after) = (Vec::new(), None::<String>);
    loop {
        let mut args = vec!["streams", "--json", "-n", "1"];
        args.extend(after.iter().flat_map(|key| ["--after", key]));
        let page = gesta(scene.url(), &args).well().json();
        seen.extend(
            page["streams"].as_array().unwrap().iter().map(|row| row["stream"].as_str().unwrap().to_owned()),
        );
        match page["next"].as_str() {
            Some(next) => after = Some(next.to_owned()),
            None => break,
        }
    }
    seen.sort();
    assert_eq!(seen, names);
}

async fn a_stream_is_shown(scene: &Scene) {
    let shown = gesta(scene.url(), &["stream", "account/ann"]).well();
    let lines: Vec<&str> = shown.out.lines().collect();
    assert_eq!(lines.len(), 5, "{shown:?}");
    assert!(lines[0].starts_with("VERSION"), "{shown:?}");
    assert!(lines[1].contains("account.opened") && lines[1].contains(r#"{"owner":"ANN"}"#), "{shown:?}");
    assert!(lines[1].contains("clerk"), "{shown:?}");
    let events =
        gesta(scene.url(), &["stream", "account/ann", "--json", "--after", "1", "-n", "2"]).well().lines();
    assert_eq!(events.len(), 2);
    assert_eq!(events[0]["version"], 2);
    assert_eq!(events[0]["payload"]["cents"], 500);
    assert_eq!(events[0]["meta"]["actor"], "clerk");
    assert_eq!(events[0]["schema"], 1);
    gesta(scene.url(), &["stream", "account/nobody"]).fails(3, "there is no stream account/nobody");
    // Beyond the end there is nothing, and the stream is there all the same.
    let beyond = gesta(scene.url(), &["stream", "account/ann", "--after", "4"]).well().out;
    assert_eq!(beyond, "nothing after version 4: account/ann is at version 4\n");
    assert_eq!(gesta(scene.url(), &["stream", "account/ann", "--after", "4", "--json"]).well().out, "");
    gesta(scene.url(), &["stream", "account/nobody", "--after", "4"]).fails(3, "there is no stream");
    let all = gesta(scene.url(), &["stream", "account/ann", "--json"]).well().lines();
    for last in [0, 1, 2, 4, 9] {
        let some = gesta(scene.url(), &["stream", "account/ann", "--json", "--last", &last.to_string()]);
        assert_eq!(some.well().lines()[..], all[4_usize.saturating_sub(last)..], "{last}");
    }
}

async fn the_log_is_filtered(scene: &Scene) {
    let count = |args: &[&str]| {
        let all: Vec<&str> =
            ["log", "--json"].into_iter().chain(args.iter().flat_map(|arg| ["--filter", arg])).collect();
        gesta(scene.url(), &all).well().lines().len()
    };
    assert_eq!(count(&["event=account.opened"]), 3);
    assert_eq!(count(&["event=account.opened", "event=account.deposited"]), 5);
    assert_eq!(count(&["event=account.*", "id=ann"]), 4);
    assert_eq!(count(&["regex=account\\.(opened|booked)"]), 5);
    assert_eq!(count(&["stream=account/carl", "aggregate=account"]), 3);
    assert_eq!(count(&["actor=clerk", "aggregate=account"]), 5);
    assert_eq!(count(&["path=$[?$.cents > 100]"]), 2);
    assert_eq!(count(&["aggregate=account", "since=1h"]), 8);
    assert_eq!(count(&["aggregate=account", "until=1h"]), 0);
    assert_eq!(count(&["meta.colour=red"]), 0);
    let all = gesta(scene.url(), &["log", "--json"]).well().lines();
    let positions: Vec<u64> = all.iter().map(|event| event["position"].as_u64().unwrap()).collect();
    assert!(positions.is_sorted() && positions.len() > 9);
    let behind = positions[3].to_string();
    let some = gesta(scene.url(), &["log", "--json", "--after", &behind, "-n", "2"]).well().lines();
    assert_eq!(some[..], all[4..6]);
    for last in [0, 1, 2, 5, all.len(), all.len() + 7] {
        let some = gesta(scene.url(), &["log", "--json", "--last", &last.to_string()]).well().lines();
        assert_eq!(some[..], all[all.len().saturating_sub(last)..], "{last}");
    }
    let none = gesta(scene.url(), &["log", "--filter", "id=nobody"]).well();
    assert_eq!(none.out, "no such events\n");
    let human = gesta(scene.url(), &["log", "-f", "event=account.booked"]).well();
    assert_eq!(human.out.lines().count(), 2, "{human:?}");
}

async fn the_log_is_followed(scene: &Scene) {
    let following = Running::start(&[
        "--store",
        scene.url(),
        "log",
        "--follow",
        "--json",
        "--filter",
        "event=account.deposited",
    ]);
    let cents =
        |line: String| serde_json::from_str::<serde_json::Value>(&line).unwrap()["payload"]["cents"].as_u64();
    assert_eq!((cents(following.line()), cents(following.line())), (Some(500), Some(70)));
    let (app, ..) = scene.start().await;
    app.execute(&id("bob"), Deposit { cents: 11 }).await.unwrap();
    assert_eq!(cents(following.line()), Some(11));
    app.execute(&id("bob"), Deposit { cents: 12 }).await.unwrap();
    assert_eq!(cents(following.line()), Some(12));
    app.shutdown().await.unwrap();
}

async fn everything_is_counted(scene: &Scene) {
    let stats = gesta(scene.url(), &["stats", "--json"]).well().json();
    let log = gesta(scene.url(), &["log", "--json"]).well().lines();
    assert_eq!(stats["events"], log.len());
    assert_eq!(stats["last_position"], log.last().unwrap()["position"]);
    assert_eq!(stats["streams"]["account"], 3);
    assert_eq!(stats["first_at"], log[0]["recorded_at"]);
    let types = stats["types"].as_array().unwrap();
    let opened = types.iter().find(|of| of["name"] == "account.opened").unwrap();
    assert_eq!((&opened["events"], &opened["schema"]), (&3.into(), &1.into()));
    assert_eq!(
        opened["bytes"],
        [r#"{"owner":"ANN"}"#, r#"{"owner":"BOB"}"#, r#"{"owner":"CARL"}"#].concat().len()
    );
    let sagas = stats["sagas"].as_array().unwrap();
    assert_eq!(
        (&sagas[0]["name"], &sagas[0]["state"], &sagas[0]["count"]),
        (&"payment".into(), &"parked".into(), &1.into())
    );
    let letters = stats["dead_letters"].as_array().unwrap();
    assert!(
        letters.iter().any(|of| of["name"] == "statements" && of["state"] == "dead" && of["count"] == 1),
        "{letters:?}"
    );
    let names: Vec<_> =
        stats["subscriptions"].as_array().unwrap().iter().map(|at| at["name"].as_str().unwrap()).collect();
    assert!(names.contains(&"balance@1") && names.contains(&"statements"), "{names:?}");
    assert!(stats["bytes"].as_object().unwrap().values().any(|bytes| bytes.as_u64() > Some(1000)));
    let human = gesta(scene.url(), &["stats"]).well();
    assert!(human.out.contains("account.opened") && human.out.contains("SUBSCRIPTION"), "{human:?}");
}

async fn whoever_stops_reading_is_no_failure(scene: &Scene) {
    let (app, ..) = scene.start().await;
    for cents in 1..300 {
        app.execute(&id("bob"), Deposit { cents }).await.unwrap();
    }
    app.shutdown().await.unwrap();
    for command in
        [&["log"][..], &["log", "--json"], &["stream", "account/bob"], &["stream", "account/bob", "--json"]]
    {
        let ran = read_a_little(&[&["--store", scene.url()], command].concat());
        assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""), "{ran:?}");
    }
}

async fn what_is_in_a_store_cannot_command_a_terminal(scene: &Scene) {
    let (app, ..) = scene.start().await;
    let name = "evil\u{1b}[2J\u{9b}31m\u{7}";
    let open = gesta_examples::bank::Open { owner: "\u{1b}]0;title\u{7}\u{9b}1m\u{7f}".into() };
    app.create(&id(name), open).by("\u{1b}[31m").await.unwrap();
    app.shutdown().await.unwrap();
    let stream = format!("account/{name}");
    for command in [
        &["log"][..],
        &["log", "--json"],
        &["streams"],
        &["streams", "--json"],
        &["stream", &stream],
        &["stream", &stream, "--json"],
    ] {
        let ran = gesta(scene.url(), command).well();
        let bad = ran.out.chars().find(|c| c.is_control() && *c != '\n');
        assert_eq!(bad, None, "{command:?} {:?}", ran.out);
        assert!(ran.out.contains("evil") || ran.out.contains("title"), "{ran:?}");
    }
}

/// The code of the town is in these tests, and is asked.
#[tokio::test(flavor = "multi_thread")]
async fn the_state_of_an_aggregate_is_shown() {
    let scene = Scene::new(gesta_tests::Kind::Sqlite).await;
    let state = |name: &str, more: &[&str]| {
        gesta(scene.url(), &[&["state", name], &crate::town::CODE[..], more].concat())
    };
    let now = state("account/ann", &["--json"]).well().json();
    let state_now = (&now["version"], &now["state"]["balance"], &now["state"]["owner"]);
    assert_eq!(state_now, (&4.into(), &370.into(), &"ANN".into()));
    let then = state("account/ann", &["--at", "2"]).well();
    assert!(then.out.contains("version 2") && then.out.contains("\"balance\": 500"), "{then:?}");
    state("account/nobody", &[]).fails(3, "there is no stream");
    state("account/ann", &["--at", "9"]).fails(3, "has only 4 events");
    state("gesta/statements", &[]).fails(6, "has no aggregate `gesta`");
    let (app, ..) = scene.start().await;
    app.create(&crate::gate::GateId("north".into()), crate::gate::Build).await.expect("a gate");
    app.shutdown().await.expect("the end");
    let gate = state("gate/north", &[]).well();
    assert!(gate.out.contains("version 2\nstate Open\nOpen {\n    width: 4,\n}\n"), "{gate:?}");
    let gate = state("gate/north", &["--at", "1", "--json"]).well().json();
    assert_eq!((&gate["state_name"], &gate["debug"]), (&"Shut".into(), &"Shut".into()), "{gate}");
    let nowhere = ["state", "account/ann", "--manifest-path", "/nowhere/Cargo.toml"];
    assert_ne!(gesta(scene.url(), &nowhere).code, Some(0));
    scene.remove().await;
}

/// What is measured stays in streams of its own.
#[tokio::test(flavor = "multi_thread")]
async fn a_store_is_measured() {
    let scene = Scene::new(gesta_tests::Kind::Sqlite).await;
    gesta(scene.url(), &["bench"]).fails(5, "nobody to ask");
    let args = ["bench", "--events", "40", "--writers", "4", "--yes", "--json"];
    let measured = gesta(scene.url(), &args).well().json();
    let rows = measured["rows"].as_array().unwrap();
    assert_eq!(rows[0]["times"], 40);
    assert!(rows.iter().all(|row| row["p50_ms"].as_f64() <= row["p99_ms"].as_f64()), "{measured}");
    assert!(rows.iter().any(|row| row["what"] == "flush of a page to the disk"), "{measured}");
    let streams = gesta(scene.url(), &["streams", "--category", "gesta-bench", "--json"]).well().json();
    assert_eq!(streams["streams"].as_array().unwrap().len(), 4);
    gesta(scene.url(), &["verify"]).well();
    scene.remove().await;
}
