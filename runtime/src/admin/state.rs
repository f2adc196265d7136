use std::{any::type_name, ops::ControlFlow};

use futures_util::{FutureExt, future::BoxFuture};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    app::Register,
    domain::{Aggregate, CommandHandlers},
    log::decode_event,
    model::{Describe, Shown},
    store::{Item, ReadStream, Store, StoreError, StreamId},
};

/// The state of an aggregate, as the code of its domain folds it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StateReport {
    /// The stream.
    pub stream: String,
    /// The version of its last event.
    pub version: u64,
    /// The state that it is in, where states are declared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state_name: Option<String>,
    /// The state as JSON, where the aggregate is `Serialize`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<Value>,
    /// The state as text, where it is not there as JSON and the aggregate is `Debug`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub debug: Option<String>,
    /// Why the state is not there as JSON, and what to do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lacks: Option<String>,
}

/// The state of an aggregate of a domain, after its first `at` events or all of them.
///
/// # Errors
/// In words: when the domain has no such aggregate, the stream is shorter, or one of its events
/// cannot be read.
pub async fn state_of<D: Register>(
    store: &Store,
    stream: &str,
    at: Option<u64>,
) -> Result<StateReport, String> {
    let (category, id) = stream
        .split_once('/')
        .ok_or_else(|| format!("`{stream}` is no stream; write its category and id: account/ann"))?;
    let mut wanted = Wanted { store: store.clone(), stream: StreamId::new(category, id), at, found: None };
    D::describe(&mut wanted);
    match wanted.found {
        Some(reading) => reading.await,
        None => Err(format!("the domain `{}` has no aggregate `{category}`", D::NAME)),
    }
}

/// The one aggregate that is looked for among all those of a domain.
struct Wanted {
    store: Store,
    stream: StreamId,
    at: Option<u64>,
    found: Option<BoxFuture<'static, Result<StateReport, String>>>,
}

impl Describe for Wanted {
    fn aggregate<A: CommandHandlers>(&mut self) {
        if A::NAME == self.stream.category() {
            // What keeps snapshots can be written, whatever else is known of its type.
            self.look(Shown::<A> { json: None, text: None });
        }
    }

    fn shows<A: CommandHandlers>(&mut self, shown: Shown<A>) {
        if A::NAME == self.stream.category() {
            self.look(shown);
        }
    }
}

impl Wanted {
    fn look<A: Aggregate>(&mut self, shown: Shown<A>) {
        self.found = Some(read(self.store.clone(), self.stream.clone(), self.at, shown).boxed());
    }
}

async fn read<A: Aggregate>(
    store: Store,
    stream: StreamId,
    at: Option<u64>,
    shown: Shown<A>,
) -> Result<StateReport, String> {
    let (mut state, mut version, mut wrong) = (None::<A>, 0, None::<String>);
    let mut visit = |item: Item<'_>| {
        let Item::Event(event) = item else { return ControlFlow::Continue(()) };
        let folded = decode_event::<A::Event>(&stream, event).map_err(|error: StoreError| error.to_string());
        let folded =
            folded.and_then(|event| A::fold(&mut state, &event).map_err(|misfit| misfit.to_string()));
        if let Err(error) = folded {
            wrong = Some(format!("{stream} version {}: {error}", event.version));
            return ControlFlow::Break(());
        }
        version = event.version;
        ControlFlow::Continue(())
    };
    let reading = ReadStream { limit: at, ..ReadStream::all(stream.clone()) };
    store.port().read_stream(&reading, &mut visit).await.map_err(|error| error.to_string())?;
    if let Some(wrong) = wrong {
        return Err(wrong);
    }
    let name = format!("{}/{}", stream.category(), stream.id());
    let state = state.ok_or_else(|| format!("there is no stream {name}"))?;
    if at.is_some_and(|at| at != version) {
        return Err(format!("{name} has only {version} events"));
    }
    Ok(report(name, version, &state, shown))
}

/// The state as the type of its aggregate can be shown.
fn report<A: Aggregate>(stream: String, version: u64, state: &A, shown: Shown<A>) -> StateReport {
    let json = shown.json.map(|json| json(state).map_err(|error| error.to_string()));
    let (state_json, lacks) = match json.or_else(|| snapshot(state)) {
        Some(Ok(json)) => (Some(json), None),
        Some(Err(error)) => (None, Some(format!("the state cannot be written as JSON: {error}"))),
        None => {
            let name = type_name::<A>();
            let name = name.rsplit("::").next().unwrap_or(name);
            (None, Some(lacks(name, shown.text.is_some())))
        }
    };
    let debug = shown.text.filter(|_| state_json.is_none()).map(|text| text(state));
    let state_name = state.state_name().map(str::to_owned);
    StateReport { stream, version, state_name, state: state_json, debug, lacks }
}

/// As snapshots have it, where they are kept.
fn snapshot<A: Aggregate>(state: &A) -> Option<Result<Value, String>> {
    let json = (A::SNAPSHOT?.save)(state).map_err(|error| error.to_string());
    Some(json.and_then(|json| serde_json::from_slice(&json).map_err(|error| error.to_string())))
}

fn lacks(name: &str, has_text: bool) -> String {
    if has_text {
        return format!("`{name}` is shown by its `Debug`; write #[derive(serde::Serialize)] on it for JSON");
    }
    format!(
        "`{name}` is neither `Serialize` nor `Debug`, so its state cannot be shown: write \
         #[derive(serde::Serialize)] or #[derive(Debug)] on it"
    )
}
