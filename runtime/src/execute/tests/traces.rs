//! What traces say, and what they must not.

use std::{
    fmt::{self, Write},
    sync::{Arc, Mutex},
};

use tracing::{
    Event, Metadata, Subscriber,
    field::{Field, Visit},
    span::{Attributes, Id, Record},
};

/// Keeps every name and value that is traced.
#[derive(Clone, Default)]
pub(super) struct Listener(Arc<Mutex<String>>);

impl Listener {
    pub(super) fn heard(&self) -> String {
        self.0.lock().unwrap().clone()
    }
}

struct Writer<'a>(&'a mut String);

impl Visit for Writer<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let _ = write!(self.0, " {field}={value:?}");
    }
}

impl Subscriber for Listener {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        let mut heard = self.0.lock().unwrap();
        let _ = write!(heard, "\n{}", span.metadata().name());
        span.record(&mut Writer(&mut heard));
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, values: &Record<'_>) {
        values.record(&mut Writer(&mut self.0.lock().unwrap()));
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        event.record(&mut Writer(&mut self.0.lock().unwrap()));
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

#[tokio::test]
async fn traces_name_streams_and_keys_and_never_what_is_in_events() {
    let listener = Listener::default();
    let _listening = tracing::subscriber::set_default(listener.clone());
    let (store, app) = super::started().await;
    app.create(&super::id("ann"), super::Sew(1)).await.unwrap();
    app.execute(&super::id("ann"), super::Move(987_654_321)).key("k-1").correlation("c-1").await.unwrap();
    store.fail_next(&[super::Fault::Refused]);
    app.execute(&super::id("ann"), super::Move(-987_654_321)).await.unwrap();
    let heard = listener.heard();
    for told in ["gesta.execute", "purse/ann", "Move", "k-1", "c-1", "gesta.append"] {
        assert!(heard.contains(told), "{told} is not in {heard}");
    }
    assert!(!heard.contains("987654321"), "{heard}");
}
