//! The audit trail: who has moved what, as a subscription with a filter.

use std::{
    convert::Infallible,
    sync::{Arc, Mutex, PoisonError},
};

use gesta::{
    App,
    domain::Start,
    log::{Filter, LogEntry},
    subscription::{Subscription, SubscriptionError},
};
use gesta_examples::forms::Forms;

use crate::layers::TENANT;

/// What was done by people, in the order of the log.
#[derive(Clone, Debug, Default)]
pub(crate) struct Trail(Arc<Mutex<Vec<String>>>);

/// Forms, and what reviewers do; not what comes in, and not what plugins find.
pub(crate) fn filter() -> Filter {
    Filter::new().event("form.published").event("form.closed").event("submission.moved").tenant(TENANT)
}

impl Trail {
    /// Follows the log from its beginning.
    pub(crate) async fn follow(&self, app: &App<Forms>) -> Result<Subscription, SubscriptionError> {
        let trail = self.clone();
        let note = move |event: Arc<LogEntry>| {
            trail.0.lock().unwrap_or_else(PoisonError::into_inner).push(line(&event));
            async { Ok::<_, Infallible>(()) }
        };
        app.subscribe(filter(), note).from(Start::Beginning).await
    }

    /// What it has noted.
    pub(crate) fn lines(&self) -> Vec<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// One event in the words of the trail.
pub(crate) fn line(event: &LogEntry) -> String {
    let meta = event.meta().unwrap_or_default();
    let json = event.json().unwrap_or_default();
    let what = ["title", "reason", "to"].iter().find_map(|field| json[field].as_str()).unwrap_or_default();
    let (actor, request) = (meta.actor.unwrap_or_default(), meta.correlation.unwrap_or_default());
    format!("{actor} {} {} `{what}` ({request})", event.name, event.stream)
}
