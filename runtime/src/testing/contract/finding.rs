//! Finding documents by their indexes: ranges, order, and page by page.

use std::ops::{Bound, RangeBounds};

use super::{Fixture, Subject, follow::*, kit::Dice};
use crate::{
    domain::{IndexKey, Indexed},
    store::{Condition, DocumentWrite, Find, Found, Store},
};

const INDEXES: [&str; 3] = ["owner", "cents", "closed"];

/// Few values, so that many documents have the same.
fn value(index: &str, dice: &mut Dice) -> IndexKey {
    match index {
        "owner" => ["", "ann", "anna", "ann\0", "Bob", "é", "\u{10FFFF}"][dice.roll(7) as usize].index_key(),
        "cents" => (dice.roll(12) as i64 - 6).index_key(),
        _ => [None, Some(false), Some(true)][dice.roll(3) as usize].index_key(),
    }
}

fn drawn(number: usize, dice: &mut Dice) -> DocumentWrite {
    let keys = ["é", "a", "b", "A", "'", "%_"];
    let key = format!("{}{}", keys[dice.roll(6) as usize], number);
    let indexes = INDEXES.map(|index| (index, value(index, dice))).into();
    DocumentWrite { indexes, ..document(&key, &format!("{number}"), number as u64) }
}

fn condition(dice: &mut Dice) -> Condition {
    let index = INDEXES[dice.roll(3) as usize];
    let (a, b) = (value(index, dice), value(index, dice));
    let (low, high) = if a <= b { (a, b) } else { (b, a) };
    let mut bound = |value| match dice.roll(4) {
        0 => Bound::Unbounded,
        1 => Bound::Excluded(value),
        _ => Bound::Included(value),
    };
    let range = match (bound(low), bound(high)) {
        // Nothing lies between, and not every map can be asked that.
        (Bound::Excluded(low), Bound::Excluded(high)) if low == high => {
            (Bound::Included(low), Bound::Included(high))
        }
        range => range,
    };
    Condition { index, range }
}

/// What a search must answer, found by looking at every document.
fn by_hand(documents: &[DocumentWrite], find: &Find) -> Vec<(IndexKey, String)> {
    let index = |document: &DocumentWrite, name: &str| {
        document
            .indexes
            .iter()
            .find(|(own, _)| *own == name)
            .map(|(_, value)| value.clone())
            .unwrap_or_default()
    };
    let mut found: Vec<_> = documents
        .iter()
        .filter(|document| find.conditions.iter().all(|c| c.range.contains(&index(document, c.index))))
        .map(|document| {
            (find.order.map(|order| index(document, order)).unwrap_or_default(), document.key.clone())
        })
        .collect();
    found.sort();
    if find.descending {
        found.reverse();
    }
    if let Some(after) = &find.after {
        found.retain(|place| if find.descending { place < after } else { place > after });
    }
    found.truncate(find.limit as usize);
    found
}

fn places(found: &[Found]) -> Vec<(IndexKey, String)> {
    found.iter().map(|found| (found.place.clone(), found.document.key.clone())).collect()
}

async fn library(store: &Store, dice: &mut Dice) -> Vec<DocumentWrite> {
    let lease = leased(store, "s").await;
    let documents: Vec<_> = (0..150).map(|number| drawn(number, dice)).collect();
    write(store, &lease, documents.clone()).await;
    let elsewhere = documents.iter().map(|d| DocumentWrite { collection: "things@2".into(), ..d.clone() });
    write(store, &lease, elsewhere.collect()).await;
    documents
}

/// Hundreds of searches by chance answer what somebody finds who looks at every document.
pub async fn searches_find_what_there_is<F: Fixture>(subject: &Subject<F>) {
    let store = subject.open().await;
    let mut dice = Dice::new(11);
    let documents = library(&store, &mut dice).await;
    for _ in 0..300 {
        let order = [None, Some("owner"), Some("cents"), Some("closed")][dice.roll(4) as usize];
        let mut find = Find {
            conditions: (0..dice.roll(4)).map(|_| condition(&mut dice)).collect(),
            order,
            descending: dice.roll(2) == 0,
            limit: [0, 1, 5, 20, 1_000][dice.roll(5) as usize],
            ..everything("things@1")
        };
        if dice.roll(2) == 0 {
            // Any place will do, whether a document stands there or not.
            let place = order.map(|order| value(order, &mut dice)).unwrap_or_default();
            find.after = Some((place, drawn(dice.roll(150) as usize, &mut dice).key));
        }
        let found = side(&store).find_documents(&find).await.expect("documents can be found");
        assert_eq!(places(&found), by_hand(&documents, &find), "{find:?}");
        for found in &found {
            let given = documents.iter().find(|d| d.key == found.document.key).expect("it was given");
            assert_eq!((&found.document.body, found.document.revision), (&given.body, given.revision));
        }
        let counted = side(&store).count_documents(&find).await.expect("documents can be counted");
        let all = Find { after: None, limit: 1_000, ..find };
        assert_eq!(counted, by_hand(&documents, &all).len() as u64, "{all:?}");
    }
}

/// Page by page, in both directions and in every order, each document comes once.
pub async fn pages_have_every_document_once<F: Fixture>(subject: &Subject<F>) {
    let store = subject.open().await;
    let mut dice = Dice::new(12);
    let documents = library(&store, &mut dice).await;
    let some = Condition { index: "cents", range: (Bound::Excluded((-5_i64).index_key()), Bound::Unbounded) };
    for order in [None, Some("owner"), Some("closed")] {
        for (descending, limit) in [(false, 7), (true, 7), (false, 1), (true, 150)] {
            let conditions = vec![some.clone()];
            let all = Find { conditions, order, descending, ..everything("things@1") };
            let (mut seen, mut page) = (Vec::new(), Find { limit, ..all.clone() });
            loop {
                let found = side(&store).find_documents(&page).await.expect("a page");
                let Some(last) = found.last() else { break };
                page.after = Some((last.place.clone(), last.document.key.clone()));
                seen.extend(places(&found));
                assert!(seen.len() <= documents.len(), "the pages have some documents twice");
            }
            assert_eq!(
                seen,
                by_hand(&documents, &all),
                "by {order:?}, descending: {descending}, {limit} each"
            );
        }
    }
}

/// Where nothing is, nothing is found.
pub async fn nothing_is_found_where_nothing_is<F: Fixture>(subject: &Subject<F>) {
    let store = subject.open().await;
    let mut dice = Dice::new(13);
    library(&store, &mut dice).await;
    let value = "nobody".index_key();
    let nobody =
        Condition { index: "owner", range: (Bound::Included(value.clone()), Bound::Included(value)) };
    for nothing in [
        everything("unknown"),
        Find { limit: 0, ..everything("things@1") },
        Find { conditions: vec![nobody], ..everything("things@1") },
        Find { order: Some("unknown"), ..everything("things@1") },
        Find { after: Some((IndexKey::default(), "\u{10FFFF}".repeat(9))), ..everything("things@1") },
    ] {
        assert_eq!(find(&store, &nothing).await, Vec::<String>::new(), "{nothing:?}");
    }
}
