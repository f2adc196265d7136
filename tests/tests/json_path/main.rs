//! Filters by a JSON path mean what RFC 9535 says: what paths find in a document, and which ones are none.

mod found;
mod none;

use found::FOUND;
use gesta::{
    domain::{Position, Timestamp},
    log::Filter,
    store::{EventRef, LogEventRef, StreamId},
};
use none::NONE;

const PAYLOAD: &str = r#"{
    "o": {
        "j": 1, "k": 2, "j j": { "k.k": 3 }, "'": { "@": 2 }, "\"": 5, "\\": 6, "/": 7, "\b": 8, "\n": 9, "☺": 10,
        "𝄞": 11, "_": 12, "true": 13, "null": 14, "and": 15, "": 16, "$": 17, "a-b": 18, "1": 19
    },
    "a": [3, 5, 1, 2, 4, 6, { "b": "j" }, { "b": "k" }, { "b": {} }, { "b": "kilo" }],
    "e": "f", "n": null, "z": 0, "nz": -0.0, "f": 1.5, "t": true, "x": [[1, 2], [3, [4]]],
    "s": ["ab", "a.b", "äö", "a\nb", "a\rb", "😀"],
    "big": 1e300, "emptyo": {}, "emptya": [], "es": "",
    "d1": { "a": 1, "b": { "c": [1, 2] } }, "d2": { "b": { "c": [1.0, 2] }, "a": 1.0 }
}"#;

fn finds_in(path: &str, payload: &str) -> bool {
    let filter = Filter::new().json_path(path).unwrap_or_else(|error| panic!("{error}"));
    let event = EventRef {
        position: Position::START,
        version: 1,
        recorded_at: Timestamp::default(),
        name: "shop.stocked",
        type_version: 1,
        meta: b"",
        payload: payload.as_bytes(),
    };
    filter.matches(LogEventRef { stream: &StreamId::new("shop", "1"), event })
}

fn finds(path: &str) -> bool {
    finds_in(path, PAYLOAD)
}

fn refused(path: &str) -> bool {
    Filter::new().json_path(path).is_err()
}

#[test]
fn paths_find_what_the_standard_says() {
    let mut wrong = Vec::new();
    for (path, count) in FOUND {
        let counted = format!("$[?count({path}) == {count}]");
        if !finds(&counted) || finds(path) != (*count > 0) {
            wrong.push(counted);
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn what_is_no_path_is_refused() {
    let wrong: Vec<_> = NONE.iter().filter(|path| !refused(path)).collect();
    assert!(wrong.is_empty(), "taken: {wrong:#?}");
}

#[test]
fn names_may_have_any_letters() {
    for name in ["a\u{a0}b", "\u{3000}", "ünï", "\u{10FFFF}"] {
        assert!(finds_in(&format!("$.{name}"), &serde_json::json!({ name: 1 }).to_string()), "{name}");
    }
}

#[test]
fn whole_numbers_are_compared_exactly() {
    let big = r#"{ "big": 18446744073709551615 }"#;
    assert!(finds_in("$[?@ > 9007199254740991]", big) && finds_in("$[?@ == 18446744073709551615]", big));
    assert!(!finds_in("$[?@ == 18446744073709551614]", big));
}

#[test]
fn what_is_wrong_is_said_with_its_place() {
    let error = Filter::new().json_path("$.lines[?length(@.a)]").expect_err("no condition").to_string();
    for part in ["`$.lines[?length(@.a)]`", "a comparison is missing", "character 21"] {
        assert!(error.contains(part), "{error}");
    }
}

/// A path from outside cannot use up the stack.
#[test]
fn what_is_nested_too_deep_is_refused() {
    for (open, close) in [("(", ")"), ("!(", ")"), ("@[?", "]"), ("length(", ")")] {
        let nested = |times: usize| format!("$[?{}@.a{}]", open.repeat(times), close.repeat(times));
        assert!(refused(&nested(100_000)), "{open}");
        assert_eq!(refused(&nested(20)), open == "length(", "{open}");
    }
}
