//! The log and the history of one aggregate, on every store.

use futures_util::TryStreamExt;
use gesta::{
    domain::{Meta, Position},
    log::{Filter, FilterError, Log, LogEntry, history},
    store::{Append, Expected, NewEvent, Outcome, Store, StoreError, StreamId},
};
use gesta_tests::{
    Place, on_every_store,
    post::{Parcel, ParcelEvent, ParcelId},
};

on_every_store!(
    the_log_is_read_in_pages_and_as_a_stream,
    a_page_goes_past_what_does_not_fit,
    filters_pick_by_name_and_place,
    filters_pick_by_time,
    filters_pick_by_metadata,
    filters_pick_by_payload,
    entries_are_read_as_what_they_are,
    a_history_goes_on_after_events_that_cannot_be_read,
    a_long_history_is_whole,
    a_closed_store_is_the_last_item,
);

fn event(name: &'static str, version: u16, payload: impl Into<Vec<u8>>) -> NewEvent {
    NewEvent { name, version, payload: payload.into() }
}

fn scanned(depot: u64) -> NewEvent {
    event("parcel.scanned", 2, format!(r#"{{"depot":"{depot}"}}"#))
}

async fn append(store: &Store, category: &str, id: &str, meta: Meta, events: Vec<NewEvent>) {
    let stream = StreamId::new(category, id);
    let append = Append {
        stream,
        expected: Expected::Any,
        key: None,
        meta,
        events,
        documents: vec![],
        process: None,
        together: None,
    };
    let outcomes = store.port().append(&[append]).await.expect("an outcome");
    assert!(matches!(outcomes[..], [Outcome::Appended(_)]), "{outcomes:?}");
}

async fn parcel(store: &Store, id: &str, events: Vec<NewEvent>) {
    append(store, "parcel", id, Meta::default(), events).await;
}

/// What a filter lets through, as `id@version`.
async fn picked(store: &Store, filter: Filter) -> Vec<String> {
    let entries: Vec<LogEntry> =
        Log::new(store.clone()).filter(filter).stream().try_collect().await.expect("the log");
    entries.iter().map(|entry| format!("{}@{}", entry.stream.id(), entry.version)).collect()
}

async fn the_log_is_read_in_pages_and_as_a_stream(place: &Place) {
    let store = place.open().await;
    for chunk in 0..17 {
        parcel(&store, &format!("p-{}", chunk % 2), (0..500).map(|n| scanned(chunk * 500 + n)).collect())
            .await;
    }
    let log = Log::new(store.clone());
    let all: Vec<LogEntry> = log.clone().stream().try_collect().await.expect("the log");
    assert_eq!(all.len(), 8_500);
    assert!(all.windows(2).all(|pair| pair[0].position < pair[1].position));

    let (mut paged, mut after) = (Vec::new(), Position::START);
    loop {
        let page = log.clone().after(after).page(999).await.expect("a page");
        assert!(page.events.len() <= 999);
        if page.events.is_empty() {
            assert_eq!(page.next, after);
            break;
        }
        assert_eq!(page.events.last().map(|last| last.position), Some(page.next));
        after = page.next;
        paged.extend(page.events);
    }
    let places = |entries: &[LogEntry]| entries.iter().map(|entry| entry.position).collect::<Vec<_>>();
    assert_eq!(places(&paged), places(&all));

    let nothing = log.clone().page(0).await.expect("a page");
    assert!(nothing.events.is_empty() && nothing.next == Position::START);
    let rest = log.after(all[1_999].position).page(10_000).await.expect("a page");
    assert_eq!(places(&rest.events), places(&all[2_000..]));
    store.port().close().await;
}

async fn a_page_goes_past_what_does_not_fit(place: &Place) {
    let store = place.open().await;
    for _ in 0..3 {
        parcel(&store, "p-1", (0..3_000).map(scanned).collect()).await;
        parcel(&store, "p-1", vec![event("parcel.delivered", 1, "{}")]).await;
    }
    let log = Log::new(store.clone()).filter(Filter::new().event("parcel.delivered"));
    let first = log.page(2).await.expect("a page");
    assert_eq!(versions(&first.events), [3_001, 6_002]);
    let second = log.clone().after(first.next).page(2).await.expect("a page");
    assert_eq!(versions(&second.events), [9_003]);
    assert_eq!(second.next, store.port().last_position().await.expect("a position"));

    let never = log.filter(Filter::new().category("letter"));
    let page = never.page(1).await.expect("a page");
    assert!(page.events.is_empty(), "both filters must hold");
    assert_eq!(page.next, second.next, "what was looked at is not looked at again");
    store.port().close().await;
}

fn versions(entries: &[LogEntry]) -> Vec<u64> {
    entries.iter().map(|entry| entry.version).collect()
}

async fn filters_pick_by_name_and_place(place: &Place) {
    let store = place.open().await;
    parcel(&store, "p-1", vec![event("parcel.registered", 1, "{}"), scanned(1)]).await;
    parcel(&store, "p-2", vec![event("parcel.registered", 1, "{}")]).await;
    append(&store, "letter", "p-1", Meta::default(), vec![event("letter.sent", 1, "{}")]).await;

    assert_eq!(picked(&store, Filter::new()).await, ["p-1@1", "p-1@2", "p-2@1", "p-1@1"]);
    assert_eq!(picked(&store, Filter::new().event("parcel.scanned")).await, ["p-1@2"]);
    assert_eq!(picked(&store, Filter::new().event("parcel.scan")).await, [""; 0]);
    let either = Filter::new().event("parcel.scanned").event("letter.sent");
    assert_eq!(picked(&store, either).await, ["p-1@2", "p-1@1"]);
    let like = Filter::new().event_like("parcel.*").expect("a pattern");
    assert_eq!(picked(&store, like).await, ["p-1@1", "p-1@2", "p-2@1"]);
    let regex = Filter::new().event_regex(r"\w+\.(scanned|sent)").expect("an expression");
    assert_eq!(picked(&store, regex).await, ["p-1@2", "p-1@1"]);
    let part = Filter::new().event_regex("scanned").expect("an expression");
    assert_eq!(picked(&store, part).await, [""; 0], "an expression is about the whole name");
    assert_eq!(picked(&store, Filter::new().events_of::<ParcelEvent>()).await, ["p-1@1", "p-1@2", "p-2@1"]);

    assert_eq!(picked(&store, Filter::new().aggregate::<Parcel>()).await, ["p-1@1", "p-1@2", "p-2@1"]);
    assert_eq!(picked(&store, Filter::new().category("letter")).await, ["p-1@1"]);
    assert_eq!(picked(&store, Filter::new().id("p-1")).await, ["p-1@1", "p-1@2", "p-1@1"]);
    assert_eq!(picked(&store, Filter::new().of(&ParcelId("p-1".into()))).await, ["p-1@1", "p-1@2"]);
    let both = Filter::new().of(&ParcelId("p-1".into())).event("parcel.registered");
    assert_eq!(picked(&store, both).await, ["p-1@1"]);
    let second = Filter::new().when(|event| event.event.version == 2);
    assert_eq!(picked(&store, second).await, ["p-1@2"]);
    store.port().close().await;
}

async fn filters_pick_by_time(place: &Place) {
    let store = place.open().await;
    parcel(&store, "p-1", vec![scanned(1)]).await;
    let first = Log::new(store.clone()).page(1).await.expect("a page").events[0].recorded_at;
    // The clock of the database decides; wait for it, not for ours.
    let mut number = 2;
    let later = loop {
        parcel(&store, "p-2", vec![scanned(number)]).await;
        let all: Vec<LogEntry> = Log::new(store.clone()).stream().try_collect().await.expect("the log");
        match all.last() {
            Some(last) if last.recorded_at > first => break last.recorded_at,
            _ => number += 1,
        }
    };
    assert!(picked(&store, Filter::new().recorded(..later)).await.contains(&"p-1@1".to_owned()));
    assert!(!picked(&store, Filter::new().recorded(later..)).await.contains(&"p-1@1".to_owned()));
    assert_eq!(picked(&store, Filter::new().recorded(later..=later)).await.len(), 1);
    assert_eq!(picked(&store, Filter::new().recorded(first..first)).await.len(), 0);
    store.port().close().await;
}

async fn filters_pick_by_metadata(place: &Place) {
    let store = place.open().await;
    let text = |text: &str| Some(text.to_owned());
    let full = Meta {
        actor: text("ann"),
        tenant: text("north"),
        correlation: text("req-1"),
        causation: text("cmd-1"),
        values: [("shift".to_owned(), "night".to_owned())].into(),
        ..Meta::default()
    };
    append(&store, "parcel", "full", full.clone(), vec![scanned(1)]).await;
    append(&store, "parcel", "actor", Meta { actor: text("ann"), ..Meta::default() }, vec![scanned(1)]).await;
    append(&store, "parcel", "none", Meta::default(), vec![scanned(1)]).await;

    assert_eq!(picked(&store, Filter::new().actor("ann")).await, ["full@1", "actor@1"]);
    assert_eq!(picked(&store, Filter::new().actor("ann").tenant("north")).await, ["full@1"]);
    assert_eq!(picked(&store, Filter::new().correlation("req-1")).await, ["full@1"]);
    assert_eq!(picked(&store, Filter::new().causation("cmd-1")).await, ["full@1"]);
    assert_eq!(picked(&store, Filter::new().meta("shift", "night")).await, ["full@1"]);
    assert_eq!(picked(&store, Filter::new().meta("shift", "day")).await, [""; 0]);
    assert_eq!(picked(&store, Filter::new().actor("Ann")).await, [""; 0]);
    let page = Log::new(store.clone()).page(3).await.expect("a page");
    assert_eq!(page.events[0].meta().expect("metadata"), full);
    assert_eq!(page.events[2].meta().expect("metadata"), Meta::default());
    store.port().close().await;
}

async fn filters_pick_by_payload(place: &Place) {
    let store = place.open().await;
    parcel(&store, "a", vec![event("parcel.registered", 1, r#"{"to":"Ann","grams":700,"tags":["red"]}"#)])
        .await;
    parcel(&store, "b", vec![event("parcel.registered", 1, r#"{"to":"Bob","grams":20,"tags":[]}"#)]).await;
    parcel(&store, "c", vec![event("parcel.registered", 1, "not JSON")]).await;
    parcel(&store, "d", vec![event("parcel.registered", 1, r#"{"grams":1e400000}"#)]).await;
    parcel(&store, "e", vec![event("parcel.registered", 1, r#"{"to":"\ud800","grams":700}"#)]).await;

    for (path, expected) in [
        ("$.grams", &["a@1", "b@1"][..]),
        ("$[?$.grams > 100]", &["a@1"]),
        ("$.tags[?@ == 'red']", &["a@1"]),
        ("$.tags[*]", &["a@1"]),
        ("$[?match($.to, 'B.b')]", &["b@1"]),
        ("$.absent", &[]),
        ("$", &["a@1", "b@1"]),
    ] {
        let filter = Filter::new().json_path(path).expect("a path");
        assert_eq!(picked(&store, filter).await, expected, "{path}");
    }
    let closure = Filter::new().payload(|json| json["to"] == "Bob");
    assert_eq!(picked(&store, closure).await, ["b@1"]);
    store.port().close().await;
}

async fn entries_are_read_as_what_they_are(place: &Place) {
    let store = place.open().await;
    let events = vec![
        event("parcel.scanned", 1, r#"{"depot":7}"#),
        event("parcel.scanned", 3, r#"{"depot":7}"#),
        event("parcel.scanned", 2, "{"),
        event("parcel.lost", 1, r#"{"why":"?"}"#),
        event("parcel.scanned", 0, r#"{"depot":"York"}"#),
    ];
    parcel(&store, "p-1", events).await;
    let page = Log::new(store.clone()).page(10).await.expect("a page");
    let [old, newer, broken, unknown, zero] = &page.events[..] else { panic!("five events: {page:?}") };

    assert_eq!((old.stream.to_string(), old.type_version), ("parcel/p-1".into(), 1));
    assert_eq!(old.payload, br#"{"depot":7}"#, "byte for byte");
    assert_eq!(
        old.decode::<ParcelEvent>().expect("upcast"),
        ParcelEvent::Scanned { depot: "depot 7".into() }
    );
    assert_eq!(newer.json().expect("JSON")["depot"], 7);
    assert_eq!(
        newer.decode::<ParcelEvent>().expect_err("a newer version").to_string(),
        "cannot read parcel/p-1 at version 2: `parcel.scanned` (version 3 of its shape): it was stored at version \
         3, and this program knows versions up to 2"
    );
    for error in [broken.json().expect_err("no JSON"), broken.decode::<ParcelEvent>().expect_err("no JSON")] {
        assert!(matches!(error, StoreError::Undecodable { version: 3, type_version: 2, .. }), "{error}");
    }
    assert!(matches!(
        unknown.decode::<ParcelEvent>().expect_err("unknown"),
        StoreError::UnknownEvent { version: 4, ref name, .. } if name == "parcel.lost"
    ));
    let error = zero.decode::<ParcelEvent>().expect_err("no shape has the version 0");
    assert!(matches!(error, StoreError::Undecodable { version: 5, type_version: 0, .. }), "{error}");
    store.port().close().await;
}

async fn a_history_goes_on_after_events_that_cannot_be_read(place: &Place) {
    let store = place.open().await;
    let events = vec![
        scanned(1),
        event("parcel.lost", 1, "{}"),
        event("parcel.scanned", 9, "{}"),
        event("parcel.scanned", 2, "\u{1F600}"),
        scanned(5),
    ];
    parcel(&store, "p-1", events).await;
    parcel(&store, "p-2", vec![scanned(6)]).await;

    let mut history = history::<Parcel>(&store, &ParcelId("p-1".into()));
    let mut seen = Vec::new();
    while let Some(item) = history.next().await {
        seen.push(match item {
            Ok(recorded) => format!("{} {:?}", recorded.version, recorded.event),
            Err(error @ (StoreError::UnknownEvent { .. } | StoreError::Undecodable { .. })) => {
                let text = error.to_string();
                assert!(text.contains("parcel/p-1"), "{text}");
                text.split(": ").next().unwrap_or_default().to_owned()
            }
            Err(other) => panic!("{other}"),
        });
    }
    assert_eq!(
        seen,
        [
            "1 Scanned { depot: \"1\" }",
            "cannot read parcel/p-1 at version 2",
            "cannot read parcel/p-1 at version 3",
            "cannot read parcel/p-1 at version 4",
            "5 Scanned { depot: \"5\" }",
        ]
    );
    store.port().close().await;
}

async fn a_long_history_is_whole(place: &Place) {
    let store = place.open().await;
    for count in [1_000, 1_001, 0] {
        let id = format!("p-{count}");
        for start in (0..count).step_by(500) {
            parcel(&store, &id, (start..count.min(start + 500)).map(scanned).collect()).await;
        }
        let events: Vec<_> = history::<Parcel>(&store, &ParcelId(id)).try_collect().await.expect("a history");
        let versions: Vec<u64> = events.iter().map(|recorded| recorded.version).collect();
        assert_eq!(versions, (1..=count).collect::<Vec<_>>());
    }
    store.port().close().await;
}

async fn a_closed_store_is_the_last_item(place: &Place) {
    let store = place.open().await;
    parcel(&store, "p-1", vec![scanned(1)]).await;
    store.port().close().await;
    let log = Log::new(store.clone());
    assert!(matches!(log.page(1).await, Err(StoreError::Closed)));
    let mut stream = log.stream();
    assert!(matches!(stream.next().await, Some(Err(StoreError::Closed))));
    assert!(stream.next().await.is_none());
    let mut events = history::<Parcel>(&store, &ParcelId("p-1".into()));
    assert!(matches!(events.next().await, Some(Err(StoreError::Closed))));
    assert!(events.next().await.is_none());
}

#[test]
fn bad_patterns_are_refused_when_a_filter_is_made() {
    for pattern in ["(", "a)|(b", "[", r"\p{Nonsense}", "(a{9999}){9999}"] {
        let error = Filter::new().event_regex(pattern).expect_err(pattern);
        assert!(matches!(error, FilterError::Regex { .. }), "{error}");
    }
    let deep = format!("$[?{}@.a{}]", "(".repeat(5_000), ")".repeat(5_000));
    for path in ["", "grams", "$.", "$[", "$[?@.a ==]", "$[?unknown(@)]", &deep] {
        let error = Filter::new().json_path(path).expect_err(path);
        assert!(matches!(error, FilterError::JsonPath { .. }), "{error}");
    }
    assert!(matches!(Filter::new().event_like("a?"), Err(FilterError::Wildcard { .. })));
    let filter =
        Filter::new().event_regex("a.*").and_then(|filter| filter.json_path("$.x")).expect("a filter");
    let shown = format!("{filter:?}");
    assert!(shown.contains("/a.*/") && shown.contains("$.x"), "a filter shows what was asked for: {shown}");
}
