//! What is stored comes back, byte for byte.

use super::{Fixture, Subject, kit::*};
use crate::{
    codec::decode_meta,
    domain::Meta,
    store::{Append, Expected, NewEvent},
};

/// Payloads that databases with types of their own like to change or refuse.
const PAYLOADS: [&[u8]; 18] = [
    b"{}",
    b"",
    b"null",
    b"{\"b\":1,\"a\":2,\"a\":3}",
    b"[-0, 1e2, 1.0, 1e400000, 18446744073709551615, 9223372036854775808]",
    b"{\"cents\":18446744073709551615}",
    br#""a \u0000 escaped""#,
    br#""a lone \ud800 surrogate""#,
    b"\"a NUL \0 itself\"",
    b"\0",
    b"\0\0behind",
    b"\xed\xa0\x80 a surrogate in bytes",
    b"\xff\xfe not text at all",
    "\"\u{1F980} \u{202E} \u{FFFF}\"".as_bytes(),
    b" {\n \"spaces\" : 1 }\t\n",
    b"'); DROP TABLE events; --",
    b"\\x00 \\ \\\\ $1 ?1 :name @p",
    b"{not json",
];

fn with_payloads(append: Append, payloads: impl IntoIterator<Item = Vec<u8>>) -> Append {
    let event = |payload| NewEvent { name: "contract.happened", version: 1, payload };
    Append { events: payloads.into_iter().map(event).collect(), ..append }
}

/// The store does not read payloads: what was given comes back, from the stream and from the log.
pub async fn payloads_are_kept_byte_for_byte<F: Fixture>(subject: &Subject<F>) {
    let store = subject.open().await;
    let ann = stream("ann");
    let each_byte: Vec<u8> = (0..=255).collect();
    let given: Vec<_> = PAYLOADS.iter().map(|payload| payload.to_vec()).chain([each_byte]).collect();
    stored(&store, with_payloads(at(&ann, 0, []), given.clone())).await;

    for seen in [events(&store, &ann).await, log(&store, 4).await] {
        assert_eq!(seen.len(), given.len());
        for (event, given) in seen.iter().zip(&given) {
            assert_eq!(event.payload, *given, "{}", String::from_utf8_lossy(given));
        }
    }
}

/// 900 kB in one payload, beside small ones.
pub async fn a_large_payload_is_kept<F: Fixture>(subject: &Subject<F>) {
    let store = subject.open().await;
    let ann = stream("ann");
    let mut dice = Dice::new(9);
    let large: Vec<u8> = (0..900_000).map(|_| dice.roll(256).to_le_bytes()[0]).collect();
    let given = [b"1".to_vec(), large, b"3".to_vec()];
    stored(&store, with_payloads(at(&ann, 0, []), given.clone())).await;

    for seen in [events(&store, &ann).await, log(&store, 1).await] {
        let seen: Vec<_> = seen.into_iter().map(|event| event.payload).collect();
        assert!(seen == given, "a large payload came back changed");
    }
}

/// Who asked and what it belongs to stands beside every event of the append.
pub async fn metadata_is_kept<F: Fixture>(subject: &Subject<F>) {
    let store = subject.open().await;
    let ann = stream("ann");
    let odd = "it's \"odd\" \0 \u{1F980} \\u0000 '); DROP TABLE events; --";
    let full = Meta {
        actor: Some("teller-7".into()),
        tenant: Some("".into()),
        correlation: Some(odd.into()),
        causation: Some("c".repeat(10_000)),
        traceparent: Some("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".into()),
        tracestate: Some("vendor=value".into()),
        values: [("desk".to_owned(), "4".to_owned()), (odd.to_owned(), odd.to_owned())].into(),
    };
    let partly = Meta { actor: Some("teller-8".into()), ..Meta::default() };
    let batch = [
        Append { meta: full.clone(), ..at(&ann, 0, ["1", "2"]) },
        at(&ann, 2, ["3"]),
        Append { meta: partly.clone(), ..at(&ann, 3, ["4"]) },
    ];
    for outcome in send(&store, &batch).await {
        receipt(&outcome);
    }

    for seen in [events(&store, &ann).await, log(&store, 10).await] {
        let metas: Vec<_> = seen.iter().map(|e| decode_meta(&e.meta).expect("metadata is JSON")).collect();
        assert_eq!(metas, [full.clone(), full.clone(), Meta::default(), partly.clone()]);
        assert!(seen[2].meta.is_empty(), "no metadata is no bytes");
    }
}

/// Each event keeps the name and the version of its type, whatever they are.
pub async fn event_types_are_kept<F: Fixture>(subject: &Subject<F>) {
    const LONG: &str = match std::str::from_utf8(&[b'n'; 2_000]) {
        Ok(name) => name,
        Err(_) => "not reached: ASCII is text",
    };
    let types = [
        ("contract.happened", 1),
        ("contract.happened", u16::MAX),
        ("Contract.Happened", 1),
        ("", 0),
        ("it's", 2),
        ("x'); DROP TABLE events; --", 3),
        ("\"quoted\" \\ {json} %s $1 ?1", i16::MAX as u16 + 1),
        ("\u{1F980}.gestaltet", 4),
        (LONG, 5),
    ];
    let store = subject.open().await;
    let ann = stream("ann");
    let event = |(name, version)| NewEvent { name, version, payload: b"1".to_vec() };
    let given = Append { events: types.map(event).into(), ..append(&ann, Expected::Any, []) };
    stored(&store, given).await;

    let other = subject.open().await;
    for seen in [events(&store, &ann).await, log(&store, 10).await, log(&other, 3).await] {
        let seen: Vec<_> = seen.iter().map(|event| (event.name.as_str(), event.type_version)).collect();
        assert_eq!(seen, types);
    }
}
