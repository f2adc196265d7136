use std::{
    collections::{BTreeMap, HashMap},
    convert::Infallible,
    future::Ready,
    sync::{Arc, Mutex},
    time::Duration,
};

use gesta::{
    App, Builder,
    domain::{Meta, Position},
    log::LogEntry,
    store::{Append, Expected, NewEvent, Outcome, Store, StreamId},
};
use gesta_tests::post::{Deps, Post};
use tokio::time::Instant;

/// Nothing takes so long unless it is broken.
pub(crate) const SOON: Duration = Duration::from_secs(30);

/// An application that renews its leases so often that a test can wait for one to run out.
pub(crate) async fn app(store: Store) -> App<Post> {
    leased_for(store, Duration::from_secs(1)).await
}

/// An application whose leases are good for so long.
pub(crate) async fn leased_for(store: Store, lease: Duration) -> App<Post> {
    let builder = Builder::<Post>::new(store, Deps::default()).lease(lease);
    builder.start().await.expect("an application")
}

/// Appends events of one type, and says where the last of them is.
pub(crate) async fn append(store: &Store, id: &str, name: &'static str, count: usize) -> Position {
    let event = NewEvent { name, version: 1, payload: b"{}".to_vec() };
    let append = Append {
        stream: StreamId::new("parcel", id),
        expected: Expected::Any,
        key: None,
        meta: Meta::default(),
        events: vec![event; count],
        documents: Vec::new(),
        process: None,
        together: None,
    };
    match &store.port().append(&[append]).await.expect("an outcome")[..] {
        [Outcome::Appended(receipt)] => receipt.position,
        other => panic!("{other:?}"),
    }
}

/// What handlers were called with.
#[derive(Clone, Debug, Default)]
pub(crate) struct Seen(Arc<Mutex<Vec<Arc<LogEntry>>>>);

impl Seen {
    pub(crate) fn note(&self, event: Arc<LogEntry>) {
        self.0.lock().expect("not poisoned").push(event);
    }

    /// A handler that notes its events.
    pub(crate) fn handler(
        &self,
    ) -> impl Fn(Arc<LogEntry>) -> Ready<Result<(), Infallible>> + Send + Sync + 'static {
        let seen = self.clone();
        move |event| {
            seen.note(event);
            std::future::ready(Ok(()))
        }
    }

    pub(crate) fn events(&self) -> Vec<Arc<LogEntry>> {
        self.0.lock().expect("not poisoned").clone()
    }

    pub(crate) fn len(&self) -> usize {
        self.0.lock().expect("not poisoned").len()
    }

    /// `id@version` of each event, in the order of the calls.
    pub(crate) fn names(&self) -> Vec<String> {
        self.events().iter().map(|event| format!("{}@{}", event.stream.id(), event.version)).collect()
    }

    /// Fails if a stream was not seen from its first to its last event, in order, none of them twice.
    pub(crate) fn assert_exactly(&self, last: &BTreeMap<String, u64>) {
        let mut next: HashMap<String, u64> = HashMap::new();
        for event in self.events() {
            let expected = next.entry(event.stream.id().to_owned()).or_insert(1);
            assert_eq!(event.version, *expected, "of {}", event.stream);
            *expected += 1;
        }
        let seen: BTreeMap<String, u64> = next.into_iter().map(|(id, next)| (id, next - 1)).collect();
        assert_eq!(&seen, last);
    }
}

/// Waits for something to become true.
pub(crate) async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let deadline = Instant::now() + SOON;
    while !holds().await {
        assert!(Instant::now() < deadline, "not in time: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
