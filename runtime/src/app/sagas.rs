use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use super::{App, registry::WeakApp};
use crate::{
    domain::{Domain, Supply},
    saga::{Instances, Post, RunsIn, Saga, SagaHandle, StartSaga, World, start_saga},
    store::StreamId,
};

/// What those who start sagas and those who run them tell each other, by the name of the saga.
#[derive(Default)]
pub(super) struct Posts(Mutex<HashMap<&'static str, Post>>);

impl Posts {
    pub(super) fn of<S: Saga>(&self) -> Post {
        self.named(S::NAME)
    }

    pub(super) fn look_at(&self, saga: &str, stream: &StreamId) {
        if let Some(post) = self.0.lock().unwrap_or_else(PoisonError::into_inner).get(saga) {
            post.look_at(stream);
        }
    }

    pub(super) fn named(&self, saga: &'static str) -> Post {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(saga).or_default().clone()
    }
}

impl fmt::Debug for Posts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Posts")
    }
}

impl<D: Domain> App<D> {
    /// Starts a saga. Nothing happens until the result is awaited; then it is stored, and goes on in whichever process
    /// works on it, also after this one is gone.
    ///
    /// The id names the instance for ever: started again with the same data, it is the one that there is.
    pub fn start_saga<S: Saga + RunsIn<D>>(&self, id: impl Into<String>, saga: S) -> StartSaga<S> {
        let (app, id) = (self.clone(), id.into());
        StartSaga::new(move |meta| {
            Box::pin(async move {
                let post = app.shared.posts.of::<S>();
                start_saga(Arc::new(app), &post, &id, &saga, meta).await
            })
        })
    }

    /// The instances of all sagas in the store: what they are at, to be listed and counted by their operators.
    pub fn sagas(&self) -> Instances {
        Instances::new(self.shared.executor.store().clone())
    }

    /// The instance of a saga with this id, whether or not there is one.
    pub fn saga<S: Saga>(&self, id: &str) -> SagaHandle<S> {
        let stream = StreamId::new(&format!("saga.{}", S::NAME), id);
        SagaHandle::new(Arc::new(self.clone()), stream, self.shared.posts.of::<S>())
    }
}

impl<D: Domain, S: Saga> World<S> for WeakApp<D>
where
    for<'d> S::Deps<'d>: Supply<'d, D::Deps>,
{
    type Held = App<D>;

    fn hold(&self) -> Option<App<D>> {
        self.upgrade()
    }

    fn deps(app: &App<D>) -> S::Deps<'_> {
        Supply::supply(&app.shared.deps)
    }
}
