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
    (saga, id): (&str, &str),
    (actor, reason): (&str, &str),
) -> Result<(), String> {
    let instances = Instances::new(store.clone());
    let version = instances.definition(saga, id).await.map_err(|error| error.to_string())?;
    let mut wanted = Wanted {
        instances,
        saga: saga.to_owned(),
        version,
        id: id.to_owned(),
        actor: actor.to_owned(),
        reason: reason.to_owned(),
        found: None,
    };
    D::describe(&mut wanted);
    match wanted.found {
        Some(deciding) => deciding.await.map_err(|error| error.to_string()),
        None => Err(format!(
            "the domain `{}` has no saga `{saga}` of version {version}, by which {id} runs",
            D::NAME
        )),
    }
}

/// The one saga that is looked for among all those of a domain.
struct Wanted {
    instances: Instances,
    saga: String,
    version: u16,
    id: String,
    actor: String,
    reason: String,
    found: Option<BoxFuture<'static, Result<(), SagaError>>>,
}

impl Describe for Wanted {
    fn saga<S: Saga>(&mut self) {
        if S::NAME == self.saga && S::VERSION == self.version {
            let (instances, id) = (self.instances.clone(), self.id.clone());
            let (actor, reason) = (self.actor.clone(), self.reason.clone());
            self.found = Some(async move { instances.compensate::<S>(&id, &actor, &reason).await }.boxed());
        }
    }
}
