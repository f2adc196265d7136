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

/// What the library that reads paths does otherwise than the standard says, of everything in the table. A test, so that a
/// release of it which does more or fewer of them is noticed.
const OTHERWISE: &[&str] = &[
    // Letters of a pair of escapes in lower case are no path to it.
    "$.o['\\ud834\\udd1e']",
    // `count` of one place from behind.
    "$.a[-2]",
    // Two things that are not there are equal, and therefore `<=`.
    "$[?@.nope <= @.nope2]",
    // 1 and 1.0 are the same number, also within objects.
    "$[?@ == $.d1]",
    // I-Regexp has no `\\s`.
    "$.s[?match(@, 'a\\\\sb')]",
];

#[test]
fn paths_find_what_the_standard_says() {
    let mut otherwise = Vec::new();
    for (path, count) in FOUND {
        let counted = format!("$[?count({path}) == {count}]");
        let read = |path: &str| Filter::new().json_path(path).is_ok();
        if !read(path) || !read(&counted) || !finds(&counted) || finds(path) != (*count > 0) {
            otherwise.push(*path);
        }
    }
    assert_eq!(otherwise, OTHERWISE);
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
fn whole_numbers_are_compared_exactly_as_far_as_the_standard_goes() {
    let big = r#"{ "big": 9007199254740991 }"#;
    assert!(finds_in("$[?@ > 9007199254740990]", big) && finds_in("$[?@ == 9007199254740991]", big));
    assert!(!finds_in("$[?@ == 9007199254740990]", big));
    assert!(finds_in("$[?@ > 9007199254740991]", r#"{ "big": 18446744073709551615 }"#));
}

#[test]
fn what_is_wrong_is_said_with_its_place() {
    let error = Filter::new().json_path("$.lines[?length(@.a)]").expect_err("no condition").to_string();
    for part in ["`$.lines[?length(@.a)]`", "function with incorrect return type", "position 9"] {
        assert!(error.contains(part), "{error}");
    }
}

/// A path from outside can use up neither the stack nor the processor.
#[test]
fn what_is_nested_too_deep_is_refused() {
    for (open, close) in [("(", ")"), ("!(", ")"), ("@[?", "]"), ("length(", ")")] {
        let nested = |times: usize| format!("$[?{}@.a{}]", open.repeat(times), close.repeat(times));
        assert!(refused(&nested(100_000)) && refused(&nested(10)), "{open}");
        assert_eq!(refused(&nested(9)), open == "length(", "{open}");
    }
    assert!(!refused(&format!("$['{}']", "[(".repeat(100))), "brackets within a name");
}
