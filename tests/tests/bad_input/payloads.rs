//! What commands may want to store, at its limits.

use super::*;

on_every_store!(
    a_command_without_events_stores_nothing,
    a_payload_over_the_limit_is_refused_alone,
    the_limit_of_a_payload_can_be_raised,
    odd_texts_and_numbers_are_kept,
);

async fn a_command_without_events_stores_nothing(place: &Place) {
    let store = place.open().await;
    let app = start(&store).await;
    let nothing = Register { to: "Ann".into(), grams: 0 };
    let receipt = app.create(&id("p"), nothing.clone()).await.expect("accepted");
    assert_eq!((receipt.version, receipt.events), (0, 0));
    assert!(app.load::<Parcel>(&id("p")).await.expect("loaded").is_none(), "no event, no parcel");
    app.create(&id("p"), nothing).key("empty").await.expect("accepted");

    let created = app.create(&id("p"), register("Ann")).await.expect("it does not exist yet");
    let none = Scan { depots: Vec::new() };
    for key in ["once", "once", "twice"] {
        let receipt = app.execute(&id("p"), none.clone()).key(key).await.expect("accepted");
        assert_eq!((receipt.version, receipt.events), (1, 0));
    }
    let receipt = app.execute(&id("p"), none).await.expect("accepted");
    assert_eq!((receipt.version, receipt.events), (1, 0));
    assert_eq!(log(&app).await.len(), 1);
    assert_eq!(log(&app).await[0].position, created.position);
    app.shutdown().await.expect("shut down");
}

async fn a_payload_over_the_limit_is_refused_alone(place: &Place) {
    let store = place.open().await;
    let app = start(&store).await;
    let frame = r#"{"to":"","grams":1}"#.len();
    let fits = "x".repeat(1_000_000 - frame);
    app.create(&id("fits"), register(fits.as_str())).await.expect("the limit itself is allowed");

    let commands = (0..9).map(|n| {
        let to = if n == 4 { format!("{fits}x") } else { "small".to_owned() };
        let (app, id) = (&app, id(&format!("p-{n}")));
        async move { app.create(&id, register(to)).await }
    });
    let results = join_all(commands).await;
    for (n, result) in results.iter().enumerate() {
        assert_eq!(result.is_ok(), n != 4, "{n}: {result:?}");
    }
    let Err(ExecuteError::Store(error)) = &results[4] else { panic!("{:?}", results[4]) };
    assert!(!error.is_retryable());
    assert_eq!(
        error.to_string(),
        "`parcel.registered` for parcel/p-4 is 1000001 bytes long, and at most 1000000 are allowed; keep large \
         things elsewhere and store a reference, or raise the limit with `.payload_limit(..)`"
    );
    assert!(app.load::<Parcel>(&id("p-4")).await.expect("loaded").is_none());
    app.create(&id("p-4"), register("small")).await.expect("the stream is free for a smaller one");
    app.shutdown().await.expect("shut down");
}

async fn the_limit_of_a_payload_can_be_raised(place: &Place) {
    let store = place.open().await;
    let builder = Builder::<Post>::new(store, deps()).payload_limit(8_000_000);
    let app = builder.start().await.expect("an application");
    let to = "é".repeat(3_000_000);
    app.create(&id("p"), register(to.as_str())).await.expect("below the limit");
    let events: Vec<_> = app.history::<Parcel>(&id("p")).try_collect().await.expect("readable");
    assert_eq!(events[0].event, ParcelEvent::Registered { to, grams: 1 });
    app.shutdown().await.expect("shut down");
}

async fn odd_texts_and_numbers_are_kept(place: &Place) {
    let store = place.open().await;
    let app = start(&store).await;
    let texts = [
        "",
        "a\0b",
        "\0",
        "\u{FFFD}\u{FFFF}\u{10FFFF}",
        r"\u0000 \ud800",
        "1e400000",
        "\u{1F9D1}\u{200D}\u{1F680} e\u{301} \u{202E}rtl",
        "\"'`\\;--\r\n\t\u{7F}\u{85}\u{2028}",
    ];
    for (n, text) in texts.iter().enumerate() {
        let id = id(&format!("p-{n}"));
        let command = Register { to: (*text).to_owned(), grams: u64::MAX };
        let receipt = app.create(&id, command).by(*text).correlation(*text).meta("text", *text).await;
        receipt.unwrap_or_else(|error| panic!("{text:?}: {error}"));
        let recorded: Vec<_> = app.history::<Parcel>(&id).try_collect().await.expect("readable");
        let expected = ParcelEvent::Registered { to: (*text).to_owned(), grams: u64::MAX };
        assert_eq!(recorded[0].event, expected);
        assert_eq!(recorded[0].meta.actor.as_deref(), Some(*text));
        assert_eq!(recorded[0].meta.values["text"], *text);
        assert_eq!(app.load::<Parcel>(&id).await.expect("loaded").expect("exists").grams, u64::MAX);
    }
    app.shutdown().await.expect("shut down");
}
