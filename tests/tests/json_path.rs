//! Filters by a JSON path mean what RFC 9535 says: a sample of its rules, each with a path that finds something and
//! one that does not.

use gesta::{
    domain::{Position, Timestamp},
    log::Filter,
    store::{EventRef, LogEventRef, StreamId},
};

const PAYLOAD: &str = r#"{
    "store": {
        "book": [
            { "category": "reference", "author": "Nigel Rees", "price": 8.95 },
            { "category": "fiction", "author": "Evelyn Waugh", "price": 12.99, "isbn": null },
            { "category": "fiction", "author": "J. R. R. Tolkien", "price": 22, "isbn": "0-395-19395-8" }
        ],
        "a b": true,
        "": 1,
        "ünï": "\u00fc",
        "'": false
    },
    "empty": [],
    "big": 18446744073709551615,
    "seven": 7
}"#;

fn finds(path: &str) -> bool {
    let filter = Filter::new().json_path(path).unwrap_or_else(|error| panic!("{error}"));
    let event = EventRef {
        position: Position::START,
        version: 1,
        recorded_at: Timestamp::default(),
        name: "shop.stocked",
        type_version: 1,
        meta: b"",
        payload: PAYLOAD.as_bytes(),
    };
    filter.matches(LogEventRef { stream: &StreamId::new("shop", "1"), event })
}

#[test]
fn names_and_places_are_found() {
    for path in [
        "$",
        "$.store.book",
        "$['store']['book']",
        "$[\"store\"]",
        "$.store['a b']",
        "$.store['']",
        "$.store['\\'']",
        "$.store.ünï",
        "$.store['\\u00fcn\\u00ef']",
        "$.store.book[0]",
        "$.store.book[-1]",
        "$.store.book[1:]",
        "$.store.book[::-1]",
        "$.store.book[0,7]",
        "$.*",
        "$..isbn",
        "$..[2]",
        "$.store.book[1].isbn",
        "$ .store",
    ] {
        assert!(finds(path), "{path}");
    }
    for path in [
        "$.book",
        "$.Store",
        "$.store.book[3]",
        "$.store.book[-4]",
        "$.store.book[1:1]",
        "$.empty[*]",
        "$.seven[0]",
    ] {
        assert!(!finds(path), "{path}");
    }
}

#[test]
fn conditions_are_decided() {
    for path in [
        "$.store.book[?@.price < 10]",
        "$.store.book[?@.price >= 22]",
        "$.store.book[?@.isbn]",
        "$.store.book[?@.isbn == null]",
        "$.store.book[?!@.isbn]",
        "$.store.book[?@.category == 'fiction' && @.price < 13]",
        "$.store.book[?@.author == 'Nobody' || @.price == 8.95]",
        "$[?$.seven == 7]",
        "$[?@ > 9007199254740991]",
        "$.store.book[?@.absent == @.absent_too]",
        "$[?length(@) == 0]",
        "$[?count(@.*) > 4]",
        "$.store.book[?match(@.author, 'J.*n')]",
        "$.store.book[?search(@.author, 'Waugh')]",
        "$.store.book[?value(@.price) == 22]",
    ] {
        assert!(finds(path), "{path}");
    }
    for path in [
        "$.store.book[?@.price > 22]",
        "$.store.book[?@.price < '10']",
        "$.store.book[?@.category == 'Fiction']",
        "$.store.book[?match(@.author, 'Waugh')]",
        "$[?$.seven == '7']",
        "$.store.book[?@.isbn == 'null']",
        "$[?length(@) == 1]",
    ] {
        assert!(!finds(path), "{path}");
    }
}
