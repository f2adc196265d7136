//! Events in the log that this program cannot read.

use super::*;

on_every_store!(
    an_event_that_cannot_be_read_names_itself,
    an_event_that_cannot_be_read_is_no_conflict,
    odd_json_in_the_log_harms_nobody_else,
);

/// What cannot be read, and how its error begins.
const UNREADABLE: [((&str, u16, &str), &str); 3] = [
    (("parcel.lost", 1, "{}"), "cannot read parcel/p at version 3: this program has no event `parcel.lost`"),
    (
        ("parcel.scanned", 3, r#"{"depot":"York"}"#),
        "cannot read parcel/p at version 3: `parcel.scanned` (version 3 of its shape): it was stored at version 3, \
         and this program knows versions up to 2",
    ),
    (
        ("parcel.scanned", 2, r#"{"depot":7}"#),
        "cannot read parcel/p at version 3: `parcel.scanned` (version 2 of its shape): invalid type: integer `7`",
    ),
];

async fn an_event_that_cannot_be_read_names_itself(place: &Place) {
    for (event, expected) in UNREADABLE {
        let store = place.open().await;
        let app = start(&store).await;
        let name = format!("p{}{}", event.0, event.1);
        let (bad, neighbour) = (id(&name), id(&format!("{name}-neighbour")));
        let expected = expected.replace("parcel/p ", &format!("parcel/{name} "));
        app.create(&bad, register("Ann")).await.expect("registered");
        app.execute(&bad, scan("Leeds")).await.expect("scanned");
        smuggle(&store, &name, [event]).await;
        smuggle(&store, &name, [("parcel.scanned", 2, r#"{"depot":"Hull"}"#)]).await;
        app.create(&neighbour, register("Bob")).await.expect("a neighbour is not concerned");

        let error = app.load::<Parcel>(&bad).await.expect_err("unreadable").to_string();
        assert!(error.starts_with(&expected), "{error}");
        assert_eq!(app.load_at::<Parcel>(&bad, 2).await.expect("loaded").expect("exists").depots, ["Leeds"]);
        let mut readable = Vec::new();
        let mut history = app.history::<Parcel>(&bad);
        while let Some(item) = history.next().await {
            match item {
                Ok(recorded) => readable.push(recorded.version),
                Err(error) => assert!(error.to_string().starts_with(&expected), "{error}"),
            }
        }
        assert_eq!(readable, [1, 2, 4], "the neighbours are readable");
        let log = log(&app).await;
        let entry =
            log.iter().find(|entry| entry.stream.id() == name && entry.version == 3).expect("in the log");
        assert_eq!(entry.payload, event.2.as_bytes());
        app.shutdown().await.expect("shut down");
    }
}

async fn an_event_that_cannot_be_read_is_no_conflict(place: &Place) {
    let store = place.open().await;
    let app = start(&store).await;
    // The application knows the state, and somebody else stores what it cannot read.
    app.create(&id("p"), register("Ann")).await.expect("registered");
    app.execute(&id("p"), scan("Leeds")).await.expect("scanned");
    smuggle(&store, "p", [("parcel.lost", 1, "{}")]).await;
    let error = app.execute(&id("p"), scan("York")).await.expect_err("unreadable");
    assert!(
        matches!(error, ExecuteError::Store(StoreError::UnknownEvent { version: 3, .. })),
        "not what is wrong: {error:?}"
    );
    assert!(!error.is_retryable());
    assert_eq!(log(&app).await.len(), 3, "nothing was stored");
    app.shutdown().await.expect("shut down");
}

async fn odd_json_in_the_log_harms_nobody_else(place: &Place) {
    let store = place.open().await;
    let app = start(&store).await;
    let payloads = [
        r#"{"depot":"\ud800"}"#,
        r#"{"depot":1e400000}"#,
        r#"{"depot":"a","depot":"b"}"#,
        "{\"depot\":\"\0\"}",
        "",
        "null",
        "[[[[",
    ];
    app.create(&id("p"), register("Ann")).await.expect("registered");
    for payload in payloads {
        smuggle(&store, "p", [("parcel.scanned", 2, payload)]).await;
    }
    let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
    smuggle(&store, "p", [("parcel.scanned", 2, &deep)]).await;
    smuggle(&store, "p", [("parcel.scanned", 2, r#"{"depot":"York"}"#)]).await;

    let mut readable = Vec::new();
    let mut history = app.history::<Parcel>(&id("p"));
    while let Some(item) = history.next().await {
        readable.extend(item.ok().map(|recorded| recorded.version));
    }
    assert_eq!(readable, [1, 10]);
    let entries = log(&app).await;
    assert_eq!(entries.len(), 10);
    assert_eq!(entries[1].payload, payloads[0].as_bytes(), "byte for byte");
    assert!(entries[2].json().is_err() && entries[8].json().is_err() && entries[9].json().is_ok());
    app.shutdown().await.expect("shut down");
}
