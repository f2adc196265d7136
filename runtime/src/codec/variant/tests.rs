use serde::{Deserialize, Serialize};

use super::*;
use crate::codec::{decode_json, encode_json};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
enum Fact {
    Opened {
        owner: String,
        #[serde(default)]
        limit: Option<u64>,
        #[serde(rename = "in", alias = "inside", default, skip_serializing_if = "Vec::is_empty")]
        inside: Vec<Inner>,
    },
    Counted(u64),
    Placed(i8, String),
    Nested(Inner),
    Closed,
    Measured {
        rate: f64,
        missing: Option<f32>,
    },
    Deep(Deep),
}

/// Its own variants keep their names: only the outermost is dropped.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
enum Inner {
    Left,
    Right { by: u128 },
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Deep(Vec<Deep>);

fn write(fact: &Fact) -> String {
    let mut out = Vec::new();
    encode_variant(fact, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

fn read(index: usize, payload: &str) -> Result<Fact, String> {
    decode_variant(index, payload.as_bytes()).map_err(|error| error.to_string())
}

fn opened(owner: &str) -> Fact {
    Fact::Opened { owner: owner.into(), limit: None, inside: Vec::new() }
}

#[test]
fn every_form_of_a_variant_is_written_without_its_name_and_read_back() {
    let inside = vec![Inner::Left, Inner::Right { by: u128::MAX }];
    let facts = [
        (
            0,
            Fact::Opened { owner: "Ann".into(), limit: Some(u64::MAX), inside },
            r#"{"owner":"Ann","limit":18446744073709551615,"in":["Left",{"Right":{"by":340282366920938463463374607431768211455}}]}"#,
        ),
        (0, opened("a\0\"\u{1F600}"), "{\"owner\":\"a\\u0000\\\"\u{1F600}\",\"limit\":null}"),
        (1, Fact::Counted(7), "7"),
        (2, Fact::Placed(-1, "x".into()), r#"[-1,"x"]"#),
        (3, Fact::Nested(Inner::Left), r#""Left""#),
        (4, Fact::Closed, "{}"),
        (5, Fact::Measured { rate: 0.1, missing: None }, r#"{"rate":0.1,"missing":null}"#),
    ];
    for (index, fact, json) in facts {
        assert_eq!(write(&fact), json);
        assert_eq!(read(index, json), Ok(fact));
    }
}

#[test]
fn what_serde_is_told_about_fields_holds() {
    assert_eq!(read(0, r#"{"owner":"a"}"#), Ok(opened("a")));
    let inside = Fact::Opened { owner: "a".into(), limit: None, inside: vec![Inner::Left] };
    assert_eq!(read(0, r#"{"inside":["Left"],"owner":"a"}"#), Ok(inside));
    assert_eq!(read(0, r#"{"owner":"a","unknown":{"x":[1e400000]}}"#), Ok(opened("a")));
}

#[test]
fn a_variant_without_fields_reads_any_object_and_nothing_else() {
    assert_eq!(read(4, " { } "), Ok(Fact::Closed));
    assert_eq!(read(4, r#"{"reason":[{"was":"once here"}]}"#), Ok(Fact::Closed));
    for other in ["null", "[]", "\"Closed\"", "", "{", "{}{}", "{} x"] {
        assert!(read(4, other).is_err(), "{other}");
    }
}

#[test]
fn payloads_of_another_form_are_refused() {
    for (index, payload) in [
        (0, "[\"Ann\",null]"),
        (0, "{}"),
        (0, r#"{"owner":1}"#),
        (0, r#"{"owner":"a","owner":"b"}"#),
        (0, r#"{"owner":"a"} trailing"#),
        (1, "-1"),
        (1, "18446744073709551616"),
        (1, "1.5"),
        (2, "[1]"),
        (2, "[1,\"x\",2]"),
        (7, "{}"),
        (usize::MAX, "{}"),
    ] {
        assert!(read(index, payload).is_err(), "{index} {payload}");
    }
}

#[test]
fn bytes_that_are_no_text_or_number_are_refused() {
    let lone = read(0, r#"{"owner":"\ud800"}"#).unwrap_err();
    assert!(lone.contains("surrogate") || lone.contains("hex escape"), "{lone}");
    let huge = read(5, r#"{"rate":1e400000}"#).unwrap_err();
    assert!(huge.contains("out of range"), "{huge}");
    let control = read(0, "{\"owner\":\"a\0b\"}").unwrap_err();
    assert!(control.contains("control character"), "{control}");
    assert!(decode_variant::<Fact>(0, b"{\"owner\":\"\xff\"}").is_err());
}

#[test]
fn a_number_that_is_not_finite_is_refused_and_not_stored_as_null() {
    for rate in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        // The naive way keeps silent and loses the number.
        let naive = serde_json::to_string(&Fact::Measured { rate, missing: None }).unwrap();
        assert_eq!(naive, r#"{"Measured":{"rate":null,"missing":null}}"#);

        let mut out = b"before".to_vec();
        let error = encode_variant(&Fact::Measured { rate, missing: None }, &mut out).unwrap_err();
        assert!(error.to_string().contains("has no form in JSON"), "{error}");
        assert_eq!(out, b"before");
    }
    let hidden = Fact::Measured { rate: 1.0, missing: Some(f32::NAN) };
    assert!(encode_variant(&hidden, &mut Vec::new()).is_err());
    let map = std::collections::BTreeMap::from([("a", vec![(1, Some(f64::NAN))])]);
    assert!(encode_json(&map, &mut Vec::new()).is_err());
    assert!(encode_json(&(None::<u8>, ()), &mut Vec::new()).is_ok());
}

fn nested(levels: usize) -> Deep {
    (1..levels).fold(Deep(Vec::new()), |inner, _| Deep(vec![inner]))
}

#[test]
fn what_is_nested_too_deeply_is_an_error_both_ways() {
    let payload = "[".repeat(10_000) + &"]".repeat(10_000);
    let error = read(6, &payload).unwrap_err();
    assert!(error.contains("recursion limit"), "{error}");

    let mut out = Vec::new();
    encode_variant(&Fact::Deep(nested(127)), &mut out).unwrap();
    assert_eq!(decode_variant::<Fact>(6, &out).unwrap(), Fact::Deep(nested(127)));
    let error = encode_variant(&Fact::Deep(nested(128)), &mut out).unwrap_err();
    assert!(error.to_string().contains("more than 127 deep"), "{error}");
    assert!(encode_variant(&Fact::Deep(nested(1_000)), &mut out).is_err());
    assert!(decode_json::<Deep>(payload.as_bytes()).is_err());
}

#[test]
fn what_is_no_enum_is_refused() {
    assert!(encode_variant(&5, &mut Vec::new()).is_err());
    assert!(encode_variant(&("a", 1), &mut Vec::new()).is_err());
    assert!(encode_variant(&Some(1), &mut Vec::new()).is_err());
    assert!(decode_variant::<u64>(0, b"5").is_err());
}
