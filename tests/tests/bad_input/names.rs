//! Ids, keys and numbers at the end of what they can be.

use super::*;

on_every_store!(
    any_text_is_an_id,
    a_nul_in_a_name_is_refused,
    sql_in_names_is_text,
    a_key_for_two_streams_is_refused,
    numbers_at_the_end_of_their_range_are_refused_in_words,
);

/// Ids that differ, however alike they look.
fn odd_ids() -> Vec<String> {
    let mut ids: Vec<String> = [
        "",
        " ",
        "  ",
        "a",
        "A",
        "a ",
        " a",
        "a/b",
        "a//b",
        "/",
        "..",
        "'",
        "''",
        "\"",
        "`",
        "\\",
        "%",
        "_",
        "*",
        "\u{e9}",
        "e\u{301}",
        "\u{1F600}",
        "\u{1F9D1}\u{200D}\u{1F680}",
        "\n",
        "\t",
        "\u{7f}",
        "null",
        "0",
        "00",
        "{}",
        "$1",
        ":id",
        "@p",
        "?",
        "--",
        ";",
        "\u{FEFF}",
        "\u{202E}",
    ]
    .map(str::to_owned)
    .into();
    ids.extend(["x".repeat(10_000), format!("{}y", "x".repeat(10_000)), "\u{1F600}".repeat(2_500)]);
    ids
}

async fn any_text_is_an_id(place: &Place) {
    let store = place.open().await;
    let app = start(&store).await;
    let ids = odd_ids();
    for text in &ids {
        app.create(&id(text), register(text.as_str())).await.unwrap_or_else(|e| panic!("{text:?}: {e}"));
    }
    let another = start(&place.open().await).await;
    for text in &ids {
        another.execute(&id(text), scan(text.as_str())).await.unwrap_or_else(|e| panic!("{text:?}: {e}"));
        assert_eq!(depots(&another, &id(text)).await, [text.as_str()], "{text:?}");
    }
    let seen: BTreeSet<String> = log(&app).await.iter().map(|entry| entry.stream.id().to_owned()).collect();
    assert_eq!(seen, ids.iter().cloned().collect(), "the log has every id whole");
    let long = app.create(&id(&"x".repeat(10_000)), register("x")).await.expect_err("exists");
    assert!(matches!(long, ExecuteError::AlreadyExists));
    app.shutdown().await.expect("shut down");
    another.shutdown().await.expect("shut down");
}

async fn a_nul_in_a_name_is_refused(place: &Place) {
    let store = place.open().await;
    let app = start(&store).await;
    let refused = app.create(&id("a\0b"), register("Ann")).await.expect_err("refused");
    assert!(matches!(refused, ExecuteError::Store(StoreError::InvalidName { .. })), "{refused:?}");
    assert!(!refused.is_retryable());
    let refused = app.create(&id("a"), register("Ann")).key("k\0").await.expect_err("refused");
    assert!(matches!(refused, ExecuteError::Store(StoreError::InvalidName { .. })), "{refused:?}");
    assert!(app.load::<Parcel>(&id("a\0b")).await.is_err());

    let commands = ["a", "a\0", "b"].map(|text| {
        let app = &app;
        async move { app.create(&id(text), register("Ann")).await.is_ok() }
    });
    assert_eq!(join_all(commands).await, [true, false, true], "neighbours are stored");
    app.shutdown().await.expect("shut down");
}

async fn sql_in_names_is_text(place: &Place) {
    let store = place.open().await;
    let app = start(&store).await;
    app.create(&id("safe"), register("Ann")).key("first").await.expect("registered");
    for sql in [
        "'; DROP TABLE gesta.events; --",
        "x'); DELETE FROM events; --",
        "' OR '1'='1",
        "\"; DROP SCHEMA gesta CASCADE; --",
        "$$; DROP TABLE events; $$",
        "\\'; DROP TABLE events; --",
    ] {
        let receipt = app.create(&id(sql), register(sql)).key(sql).by(sql).tenant(sql).meta(sql, sql).await;
        let receipt = receipt.unwrap_or_else(|error| panic!("{sql}: {error}"));
        assert_eq!(app.create(&id(sql), register(sql)).key(sql).await.expect("the same"), receipt);
        let recorded: Vec<_> = app.history::<Parcel>(&id(sql)).try_collect().await.expect("readable");
        assert_eq!(recorded[0].meta.values[sql], sql);
    }
    let another = start(&place.open().await).await;
    assert_eq!(log(&another).await.len(), 7);
    another.execute(&id("safe"), scan("York")).await.expect("everything is still there");
    app.shutdown().await.expect("shut down");
    another.shutdown().await.expect("shut down");
}

async fn a_key_for_two_streams_is_refused(place: &Place) {
    let store = place.open().await;
    let app = start(&store).await;
    let first = app.create(&id("one"), register("Ann")).key("k").await.expect("registered");
    let refused = app.create(&id("two"), register("Bob")).key("k").await.expect_err("refused");
    assert_eq!(
        refused.to_string(),
        "the idempotency key `k` was used for parcel/one before and cannot be used for parcel/two"
    );
    assert!(!refused.is_retryable());
    assert!(app.load::<Parcel>(&id("two")).await.expect("loaded").is_none());
    assert_eq!(app.create(&id("one"), register("Ann")).key("k").await.expect("the same"), first);
    app.create(&id("two"), register("Bob")).key("another").await.expect("the stream is free");

    // At once, and beside commands that have nothing to do with it.
    let commands = (0..8).map(|n| {
        let (app, id) = (&app, id(&format!("race-{n}")));
        async move { app.create(&id, register("Ann")).key(if n < 4 { "race" } else { id.0.as_str() }).await }
    });
    let results = join_all(commands).await;
    assert_eq!(results[..4].iter().filter(|result| result.is_ok()).count(), 1, "one stream gets the key");
    assert!(results[4..].iter().all(Result::is_ok), "{results:?}");
    app.shutdown().await.expect("shut down");
}

async fn numbers_at_the_end_of_their_range_are_refused_in_words(place: &Place) {
    let store = place.open().await;
    let app = start(&store).await;
    app.create(&id("p"), register("Ann")).await.expect("registered");
    for version in [0, 2, 1 << 53, i64::MAX as u64, i64::MAX as u64 + 1, u64::MAX] {
        let refused = app.execute(&id("p"), scan("York")).expect_version(version).await;
        assert!(
            matches!(refused, Err(ExecuteError::Conflict { expected, actual: 1 }) if expected == version),
            "{version}: {refused:?}"
        );
        assert!(app.load_at::<Parcel>(&id("p"), version).await.expect("loaded").is_none(), "{version}");
    }
    for position in [1 << 53, i64::MAX as u64, i64::MAX as u64 + 1, u64::MAX] {
        let page = app.log().after(Position::from_raw(position)).page(usize::MAX).await.expect("a page");
        assert!(page.events.is_empty(), "{position}");
    }
    app.shutdown().await.expect("shut down");
}
