//! Requests from a command line to a compiled domain.
//!
//! `gesta::domain!` writes a test that is called `gesta_probe_<Domain>`. Run as a test like any other, it builds the
//! [`Model`] and passes. Run with an argument `gesta:{..}`, which holds a [`Request`] as JSON, it prints one line
//! `gesta-answer:{..}` with a [`Reply`]. So a program can ask a domain without the domain being built into it: it
//! compiles the domain's tests and runs this one.

use std::io::{self, Write};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Operations, compensate, decode_all, fork, migrate_events, plan, state_of};
use crate::{
    app::{Register, connect, model_of},
    model::Model,
    store::Store,
};

/// What the argument that holds a request begins with.
pub const REQUEST: &str = "gesta:";
/// What stands before an answer in its line.
pub const ANSWER: &str = "gesta-answer:";
/// What stands before a report of how far something has come in its line.
pub const PROGRESS: &str = "gesta-progress:";
/// What the name of a probe begins with, before that of the domain.
pub const PROBE: &str = "gesta_probe_";

/// What can be asked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum Request {
    /// The whole domain as data: a [`Model`].
    Model {},
    /// What would happen if the program were started on a store: a [`Plan`](super::Plan).
    Plan {
        /// The address of the store, which must be there.
        store: String,
    },
    /// To copy the events of a store into another one: [`MigratedEvents`](super::MigratedEvents), and
    /// [`MigrationProgress`](super::MigrationProgress) on the way.
    MigrateEvents {
        /// The address of the store that is read.
        from: String,
        /// The address of the store that is written.
        to: String,
    },
    /// The state of an aggregate in a store: a [`StateReport`](super::StateReport).
    State {
        /// The address of the store, which must be there.
        store: String,
        /// The stream: `account/ann`.
        stream: String,
        /// After so many events; after all where it is missing.
        #[serde(default)]
        at: Option<u64>,
    },
    /// Which events and snapshots of a store the domain can read: [`Decoded`](super::Decoded), and
    /// [`DecodeProgress`](super::DecodeProgress) on the way.
    Decode {
        /// The address of the store, which must be there.
        store: String,
    },
    /// To undo what an instance of a saga has done: nothing more is answered.
    Compensate {
        /// The address of the store, which must be there.
        store: String,
        /// The saga.
        saga: String,
        /// The instance.
        id: String,
        /// Who wants it.
        actor: String,
        /// Why.
        reason: String,
    },
    /// To start another instance of a saga at a step of one: nothing more is answered.
    Fork {
        /// The address of the store, which must be there.
        store: String,
        /// The saga.
        saga: String,
        /// The instance.
        id: String,
        /// The new instance.
        to: String,
        /// The step that it begins with.
        step: String,
        /// Who wants it.
        actor: String,
        /// Why.
        reason: String,
    },
}

/// What a domain answers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Reply {
    /// The name of the domain, as written in `domain!`.
    pub domain: String,
    /// The package in whose source it is.
    pub package: String,
    /// The version of gesta that it was built with.
    pub framework: String,
    /// What was asked for, or why it cannot be told.
    pub result: Result<Value, String>,
}

/// Answers the request among the arguments of this program, if there is one. Without one, the model is built and
/// dropped: that it can be built is then tested.
///
/// # Panics
/// When the request cannot be answered, so that the test fails.
pub fn probe<D: Register>() {
    let asked = std::env::args().find_map(|argument| Some(argument.strip_prefix(REQUEST)?.to_owned()));
    let Some(request) = asked else {
        let _ = model_of::<D>();
        return;
    };
    let result = answer::<D>(&request);
    let reply = Reply {
        domain: D::NAME.to_owned(),
        package: D::PACKAGE.to_owned(),
        framework: env!("CARGO_PKG_VERSION").to_owned(),
        result,
    };
    let told = tell(ANSWER, &reply);
    // A test fails by a panic; the program that asks is told the reason by the answer.
    assert!(told.is_ok() && reply.result.is_ok(), "the request {request} is not answered: {reply:?}");
}

fn answer<D: Register>(text: &str) -> Result<Value, String> {
    let request: Request = serde_json::from_str(text).map_err(|error| {
        let version = env!("CARGO_PKG_VERSION");
        format!(
            "gesta {version} does not know the request {text}: {error}; is the program that asks a newer one?"
        )
    })?;
    match request {
        Request::Model {} => as_json::<Model>(&model_of::<D>()),
        Request::Plan { store } => run(async {
            let store = existing(&store).await?;
            let found = plan::<D>(&store).await.map_err(|error| told(&error));
            store.port().close().await;
            as_json(&found?)
        }),
        Request::MigrateEvents { from, to } => run(async {
            let (from, to) = (existing(&from).await?, open(&to).await?);
            // What cannot be told is of no use to anybody, and changes nothing.
            let mut report = |progress| drop(tell(PROGRESS, &progress));
            let done = migrate_events::<D>(&from, &to, &mut report).await.map_err(|error| told(&error));
            from.port().close().await;
            to.port().close().await;
            as_json(&done?)
        }),
        Request::State { store, stream, at } => run(async {
            let store = existing(&store).await?;
            let state = state_of::<D>(&store, &stream, at).await;
            store.port().close().await;
            as_json(&state?)
        }),
        Request::Decode { store } => run(async {
            let store = existing(&store).await?;
            // What cannot be told is of no use to anybody, and changes nothing.
            let report = |progress| drop(tell(PROGRESS, &progress));
            let decoded = decode_all::<D>(&store, report).await.map_err(|error| told(&error));
            store.port().close().await;
            as_json(&decoded?)
        }),
        Request::Compensate { store, saga, id, actor, reason } => run(async {
            let store = existing(&store).await?;
            let done = compensate::<D>(&store, (&saga, &id), (&actor, &reason)).await;
            store.port().close().await;
            as_json(&done?)
        }),
        Request::Fork { store, saga, id, to, step, actor, reason } => run(async {
            let store = existing(&store).await?;
            let done = fork::<D>(&store, (&saga, &id), (&to, &step), (&actor, &reason)).await;
            store.port().close().await;
            as_json(&done?)
        }),
    }
}

/// Waits for what takes a store. The test has a thread of its own.
fn run(work: impl Future<Output = Result<Value, String>>) -> Result<Value, String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.map_err(|error| format!("no runtime can be started: {error}"))?.block_on(work)
}

async fn open(url: &str) -> Result<Store, String> {
    connect(url).await.map_err(|error| told(&error))
}

/// What is only looked at must be there, and stays as it is.
async fn existing(url: &str) -> Result<Store, String> {
    let opened = Operations::open(url, None).await;
    opened.map(|operations| operations.store().clone()).map_err(|error| told(&error))
}

/// An error and what caused it, unless it has said that itself.
fn told(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let said = error.to_string();
        if !text.contains(&said) {
            text = format!("{text}: {said}");
        }
        cause = error.source();
    }
    text
}

fn as_json<T: Serialize>(value: &T) -> Result<Value, String> {
    serde_json::to_value(value).map_err(|error| error.to_string())
}

/// One line of its own, whatever the harness of the tests has begun to print.
fn tell(what: &str, said: &impl Serialize) -> io::Result<()> {
    let line = format!("\n{what}{}\n", serde_json::to_string(said)?);
    let mut out = io::stdout().lock();
    out.write_all(line.as_bytes())?;
    out.flush()
}
