use futures_util::{FutureExt, future::BoxFuture};

use crate::{
    app::Register,
    model::Describe,
    saga::{Instances, Saga, SagaError},
    store::Store,
};

/// Undoes what an instance of a saga of a domain has done: of the version by which it runs.
///
/// # Errors
/// In words: when the domain has no such saga, or not that version; and what
/// [`Instances::compensate`](crate::saga::Instances::compensate) says.
pub async fn compensate<D: Register>(
    store: &Store,
    about: (&str, &str),
    by: (&str, &str),
) -> Result<(), String> {
    decide::<D>(store, about, by, What::Compensate).await
}

/// Starts another instance of a saga of a domain at a step of one: see
/// [`Instances::fork`](crate::saga::Instances::fork).
///
/// # Errors
/// In words: when the domain has no such saga, or not the version by which that one runs; and what
/// [`Instances::fork`](crate::saga::Instances::fork) says.
pub async fn fork<D: Register>(
    store: &Store,
    about: (&str, &str),
    (to, step): (&str, &str),
    by: (&str, &str),
) -> Result<(), String> {
    decide::<D>(store, about, by, What::Fork { to: to.to_owned(), step: step.to_owned() }).await
}

/// Decides about an instance of a saga by the code of the domain.
async fn decide<D: Register>(
    store: &Store,
    (saga, id): (&str, &str),
    (actor, reason): (&str, &str),
    what: What,
) -> Result<(), String> {
    let instances = Instances::new(store.clone());
    let version = instances.definition(saga, id).await.map_err(|error| error.to_string())?;
    let (actor, reason) = (actor.to_owned(), reason.to_owned());
    let decision = Decision { instances, id: id.to_owned(), actor, reason, what };
    let mut wanted = Wanted { saga: saga.to_owned(), version, decision: Some(decision), found: None };
    D::describe(&mut wanted);
    match wanted.found {
        Some(deciding) => deciding.await.map_err(|error| error.to_string()),
        None => Err(format!(
            "the domain `{}` has no saga `{saga}` of version {version}, by which {id} runs",
            D::NAME
        )),
    }
}

/// What needs the code of a saga to be decided.
enum What {
    Compensate,
    Fork { to: String, step: String },
}

/// What is to be done about an instance, by whom, and why.
struct Decision {
    instances: Instances,
    id: String,
    actor: String,
    reason: String,
    what: What,
}

impl Decision {
    async fn carry_out<S: Saga>(self) -> Result<(), SagaError> {
        let Self { instances, id, actor, reason, what } = self;
        match what {
            What::Compensate => instances.compensate::<S>(&id, &actor, &reason).await,
            What::Fork { to, step } => instances.fork::<S>(&id, &to, &step, &actor, &reason).await,
        }
    }
}

/// The one saga that is looked for among all those of a domain.
struct Wanted {
    saga: String,
    version: u16,
    decision: Option<Decision>,
    found: Option<BoxFuture<'static, Result<(), SagaError>>>,
}

impl Describe for Wanted {
    fn saga<S: Saga>(&mut self) {
        if S::NAME == self.saga && S::VERSION == self.version {
            self.found =
                self.decision.take().map(|decision| decision.carry_out::<S>().boxed()).or(self.found.take());
        }
    }
}
