use std::{any::type_name, collections::BTreeMap, fmt::Debug};

use super::columns;
use crate::domain::{Aggregate, AggregateId, Event, Evolve, Projection, Route};

/// Begins a test of a projection: there are no documents yet. `and` says what has happened so far, `when` what happens
/// now, and `then` what has become of a document.
///
/// ```
/// # use gesta::{codec::{DecodeError, EncodeError}, domain::Projection, prelude::*};
/// # use serde::{Deserialize, Serialize};
/// # #[derive(Clone, Debug, PartialEq, Eq, Hash, Id)]
/// # pub struct DoorId(pub u32);
/// # #[event]
/// # #[derive(Clone, Debug, PartialEq)]
/// # pub enum DoorEvent { Opened, Closed }
/// # #[aggregate(id = DoorId, event = DoorEvent)]
/// # #[derive(Default)]
/// # pub struct Door;
/// # #[apply(DoorEvent)]
/// # impl Door { fn opened(&mut self) {} fn closed(&mut self) {} }
/// # #[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
/// # pub struct Wear { times: u64 }
/// # impl Projection for Wear {
/// #     type Key = DoorId;
/// #     const NAME: &'static str = "wear";
/// #     const VERSION: u32 = 1;
/// #     fn initial() -> Self { Self::default() }
/// #     fn encode(&self) -> Result<Vec<u8>, EncodeError> { Ok(serde_json::to_vec(self)?) }
/// #     fn decode(json: &[u8]) -> Result<Self, DecodeError> { Ok(serde_json::from_slice(json)?) }
/// # }
/// # #[apply(DoorEvent)]
/// # impl Wear { fn opened(&mut self) { self.times += 1; } fn closed(&mut self) {} }
/// use gesta::test::given_documents;
///
/// given_documents::<Wear>()
///     .and(&DoorId(1), [DoorEvent::Opened, DoorEvent::Closed])
///     .when(&DoorId(1), [DoorEvent::Opened])
///     .then(&DoorId(1), Wear { times: 2 })
///     .then_none(&DoorId(2));
/// ```
pub fn given_documents<P: Projection>() -> GivenDocuments<P> {
    GivenDocuments { kept: BTreeMap::new() }
}

/// The documents as they are so far.
#[derive(Clone, Debug)]
#[must_use = "nothing is tested until something happens with `.when(..)`"]
pub struct GivenDocuments<P> {
    kept: BTreeMap<String, P>,
}

/// The documents after what has happened, to be compared with what was expected.
#[derive(Clone, Debug)]
#[must_use = "nothing is checked until `.then(..)` or `.then_none(..)`"]
pub struct WhenDocuments<P> {
    kept: BTreeMap<String, P>,
}

impl<P: Projection> GivenDocuments<P> {
    /// This has happened to an aggregate too, after what was said before.
    pub fn and<I, E>(mut self, id: &I, events: impl IntoIterator<Item = E>) -> Self
    where
        I: AggregateId<Aggregate: Aggregate<Id = I, Event = E>> + ToString,
        E: Event,
        P: Evolve<E>,
    {
        for event in events {
            let keys = match P::route(&event) {
                Route::Stream => vec![id.to_string()],
                Route::Documents(keys) => keys,
            };
            for (at, key) in keys.iter().enumerate() {
                if !keys[..at].contains(key) {
                    self.change(key, &event);
                }
            }
        }
        self
    }

    /// This happens to an aggregate now.
    pub fn when<I, E>(self, id: &I, events: impl IntoIterator<Item = E>) -> WhenDocuments<P>
    where
        I: AggregateId<Aggregate: Aggregate<Id = I, Event = E>> + ToString,
        E: Event,
        P: Evolve<E>,
    {
        WhenDocuments { kept: self.and(id, events).kept }
    }

    fn change<E>(&mut self, key: &str, event: &E)
    where
        P: Evolve<E>,
    {
        self.kept.entry(key.to_owned()).or_insert_with(P::initial).evolve(event);
        if P::deletes(event) {
            self.kept.remove(key);
        }
    }
}

impl<P: Projection + Debug + PartialEq> WhenDocuments<P> {
    /// The document with this key is like this, also after it was written and read again.
    ///
    /// # Panics
    /// When it is not, or there is none.
    #[track_caller]
    pub fn then(self, key: &P::Key, expected: P) -> Self {
        let actual = self.kept.get(&key.to_string());
        if actual != Some(&expected) {
            self.fail(key, &format!("{expected:?}"), actual);
        }
        let read = expected.encode().map_err(|error| error.to_string());
        let read = read.and_then(|json| P::decode(&json).map_err(|error| error.to_string()));
        if read.as_ref() != Ok(&expected) {
            panic!("written as JSON and read again, {expected:?} has become {read:?}");
        }
        self
    }

    /// There is no document with this key.
    ///
    /// # Panics
    /// When there is one.
    #[track_caller]
    pub fn then_none(self, key: &P::Key) -> Self {
        if let Some(actual) = self.kept.get(&key.to_string()) {
            self.fail(key, "no document", Some(actual));
        }
        self
    }

    #[track_caller]
    fn fail(&self, key: &P::Key, expected: &str, actual: Option<&P>) -> ! {
        let actual = actual.map_or_else(|| "no document".to_owned(), |actual| format!("{actual:?}"));
        let table = columns::texts(&[expected.to_owned()], &[actual]);
        let keys: Vec<&str> = self.kept.keys().map(String::as_str).collect();
        panic!(
            "another document than expected\n\n  {} with the key {key}, of {}\n\n{table}\n",
            type_name::<P>(),
            keys.join(", ")
        );
    }
}
