use std::ops::ControlFlow;

use futures_util::{FutureExt, future::BoxFuture};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    app::Register,
    domain::{Aggregate, CommandHandlers},
    log::decode_event,
    model::Describe,
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
    /// The state as JSON, where the aggregate can write it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<Value>,
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
            self.found = Some(read::<A>(self.store.clone(), self.stream.clone(), self.at).boxed());
        }
    }
}

async fn read<A: Aggregate>(store: Store, stream: StreamId, at: Option<u64>) -> Result<StateReport, String> {
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
    let json =
        A::SNAPSHOT.map(|policy| (policy.save)(&state)).transpose().map_err(|error| error.to_string())?;
    let json =
        json.map(|json| serde_json::from_slice(&json)).transpose().map_err(|error| error.to_string())?;
    Ok(StateReport { stream: name, version, state_name: state.state_name().map(str::to_owned), state: json })
}
