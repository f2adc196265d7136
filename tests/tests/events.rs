//! `#[event]` from the outside: names, versions, payloads, and what happens to bad ones.

use gesta::{
    codec::{DecodeError, EncodeError},
    domain::{Event, Schema},
    event,
};
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Note {
    text: String,
}

impl Schema for Note {
    const SHAPE: &'static gesta::domain::Shape = <String as Schema>::SHAPE;
}

#[event]
#[derive(Clone, Debug, PartialEq)]
enum AccountEvent {
    Opened {
        owner: String,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        notes: Vec<Note>,
    },
    #[serde(rename_all = "camelCase")]
    MoneyDeposited {
        in_cents: u64,
        #[serde(rename = "what")]
        reason: Option<String>,
        rate: Option<f64>,
    },
    #[event(version = 3, from(WithdrawnV1, WithdrawnV2))]
    Withdrawn(u64, String),
    #[event(name = "account.baptised")]
    Renamed(Note),
    /// The last one.
    ///
    /// Nothing follows.
    #[event(retired)]
    Closed,
}

#[derive(Deserialize)]
struct WithdrawnV1 {
    cents: u64,
}

#[derive(Deserialize)]
struct WithdrawnV2 {
    cents: u64,
    reason: String,
}

impl Schema for WithdrawnV1 {
    const SHAPE: &'static gesta::domain::Shape = <String as Schema>::SHAPE;
}
impl Schema for WithdrawnV2 {
    const SHAPE: &'static gesta::domain::Shape = <String as Schema>::SHAPE;
}

impl From<WithdrawnV1> for WithdrawnV2 {
    fn from(old: WithdrawnV1) -> Self {
        Self { cents: old.cents, reason: "not recorded".into() }
    }
}

impl From<WithdrawnV2> for AccountEvent {
    fn from(old: WithdrawnV2) -> Self {
        Self::Withdrawn(old.cents, old.reason)
    }
}

fn written(event: &AccountEvent) -> String {
    let mut out = Vec::new();
    event.encode(&mut out).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn names_are_made_from_the_source_or_given() {
    let names: Vec<&str> = AccountEvent::TYPES.iter().map(|ty| ty.name).collect();
    assert_eq!(
        names,
        [
            "account.opened",
            "account.money_deposited",
            "account.withdrawn",
            "account.baptised",
            "account.closed"
        ]
    );
    assert_eq!(AccountEvent::TYPES[2].version, 3);
    assert_eq!(AccountEvent::TYPES[1].source, "AccountEvent::MoneyDeposited");
    assert_eq!(AccountEvent::TYPES[1].shape.to_string(), "{inCents:u64,what:string?,rate:f64?}");
}

#[test]
fn older_versions_comments_and_the_package_are_known() {
    let older: Vec<(u16, String)> =
        AccountEvent::TYPES[2].older.iter().map(|old| (old.version, old.shape.to_string())).collect();
    assert_eq!(older, [(1, "string".into()), (2, "string".into())]);
    assert!(AccountEvent::TYPES[0].older.is_empty());
    assert_eq!(AccountEvent::TYPES[4].doc, "The last one.\n\nNothing follows.");
    assert!(AccountEvent::TYPES[4].retired && !AccountEvent::TYPES[3].retired);
    assert!(AccountEvent::TYPES.iter().all(|ty| ty.package == env!("CARGO_PKG_NAME")));
}

#[test]
fn every_variant_is_written_without_its_name_and_read_back() {
    let events = [
        (AccountEvent::Opened { owner: "Ann\0".into(), notes: Vec::new() }, r#"{"owner":"Ann\u0000"}"#),
        (
            AccountEvent::MoneyDeposited { in_cents: u64::MAX, reason: None, rate: None },
            r#"{"inCents":18446744073709551615,"what":null,"rate":null}"#,
        ),
        (AccountEvent::Withdrawn(5, "rent".into()), r#"[5,"rent"]"#),
        (AccountEvent::Renamed(Note { text: "x".into() }), r#"{"text":"x"}"#),
    ];
    for (index, (event, json)) in events.into_iter().enumerate() {
        assert_eq!(event.index(), index);
        assert_eq!(written(&event), json);
        let version = AccountEvent::TYPES[index].version;
        assert_eq!(AccountEvent::decode(index, version, json.as_bytes()).unwrap(), event);
    }
}

#[test]
fn older_payloads_become_todays() {
    let first = AccountEvent::decode(2, 1, br#"{"cents":5}"#).unwrap();
    assert_eq!(first, AccountEvent::Withdrawn(5, "not recorded".into()));
    let second = AccountEvent::decode(2, 2, br#"{"cents":5,"reason":"rent"}"#).unwrap();
    assert_eq!(second, AccountEvent::Withdrawn(5, "rent".into()));
}

#[test]
fn a_number_that_json_cannot_hold_is_refused() {
    let event = AccountEvent::MoneyDeposited { in_cents: 1, reason: None, rate: Some(f64::NAN) };
    let mut out = b"before".to_vec();
    let error: EncodeError = event.encode(&mut out).unwrap_err();
    assert!(error.to_string().contains("NaN"), "{error}");
    assert_eq!(out, b"before");
}

#[test]
fn versions_that_are_not_known_are_refused() {
    let newer = AccountEvent::decode(2, 4, b"[]").unwrap_err();
    assert!(matches!(newer, DecodeError::NewerVersion { stored: 4, known: 3 }), "{newer}");
    assert!(matches!(AccountEvent::decode(2, 0, b"[]").unwrap_err(), DecodeError::Malformed(_)));
    assert!(matches!(AccountEvent::decode(9, 1, b"[]").unwrap_err(), DecodeError::Malformed(_)));
}

#[derive(Deserialize, gesta::Schema)]
struct ShutV1;

#[event]
#[derive(Clone, Debug, PartialEq)]
enum DoorEvent {
    #[event(version = 2, from(ShutV1))]
    Shut { by: String },
}

impl From<ShutV1> for DoorEvent {
    fn from(_: ShutV1) -> Self {
        Self::Shut { by: "nobody".into() }
    }
}

#[test]
fn a_variant_that_held_nothing_is_kept_as_a_struct_that_holds_nothing() {
    let nobody = DoorEvent::Shut { by: "nobody".into() };
    // A variant without fields was stored as an empty object.
    assert_eq!(DoorEvent::decode(0, 1, b"{}").unwrap(), nobody);
    assert_eq!(DoorEvent::TYPES[0].older[0].shape.to_string(), "{}");
}
