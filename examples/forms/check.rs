//! Whether everything that follows from the log is what the log says.

use std::{collections::BTreeMap, error::Error};

use gesta::{App, domain::Meta, log::Filter};
use gesta_examples::forms::{CountsOf, FormId, Forms, Status, SubmissionEvent};

use crate::{
    audit::{self, Trail},
    layers::TENANT,
};

/// What is known of a submission from its events alone.
#[derive(Default)]
struct Known {
    status: Status,
    meta: Meta,
    scores: Vec<Meta>,
}

/// What does not agree.
pub(crate) async fn check(
    app: &App<Forms>,
    form: &FormId,
    trail: &Trail,
) -> Result<Vec<String>, Box<dyn Error>> {
    let (mut mistakes, mut known) = (Vec::new(), BTreeMap::<String, Known>::new());
    let events = app.log().filter(Filter::new().category("submission")).page(10_000).await?.events;
    for event in &events {
        let (meta, one) = (event.meta()?, known.entry(event.stream.id().to_owned()).or_default());
        if meta.tenant.as_deref() != Some(TENANT) {
            mistakes.push(format!("{} of {} is of no tenant", event.name, event.stream));
        }
        match event.decode()? {
            SubmissionEvent::Received { .. } => one.meta = meta,
            SubmissionEvent::Scored { .. } => one.scores.push(meta),
            SubmissionEvent::Moved { to, .. } => one.status = to,
        }
    }
    for (id, one) in &known {
        mistakes.extend(scored_once(id, one));
    }

    let counted = app.query(CountsOf(form.clone())).await?;
    let expected = Status::ALL.map(|status| known.values().filter(|one| one.status == status).count() as u64);
    if counted != expected {
        mistakes.push(format!("the documents say {counted:?} and the log says {expected:?}"));
    }

    let audited = app.log().filter(audit::filter()).page(10_000).await?.events;
    let expected: Vec<String> = audited.iter().map(audit::line).collect();
    if trail.lines() != expected {
        mistakes.push(format!("the audit trail is {:#?} and should be {expected:#?}", trail.lines()));
    }
    Ok(mistakes)
}

/// The scorer has stored one event, and it belongs to what the submission belongs to.
fn scored_once(id: &str, known: &Known) -> Option<String> {
    let [score] = known.scores.as_slice() else {
        return Some(format!("{id} has {} scores instead of one", known.scores.len()));
    };
    let cause = format!("submission/{id}@1");
    let right = score.correlation == known.meta.correlation
        && score.causation.as_deref() == Some(&*cause)
        && score.actor.as_deref() == Some("scorer");
    (!right).then(|| format!("the score of {id} does not follow from {cause}: {score:?}"))
}
