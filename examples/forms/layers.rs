//! What stands around every command: who may do what, what is noted beside it, and what is not let in.

use gesta::{
    Builder,
    middleware::{Authorize, Enrich, JsonSchema, Logging, SchemaError, Validate},
};
use gesta_examples::forms::{Forms, Submit};
use serde_json::json;

/// Those who may publish forms and review what comes in.
const STAFF: [&str; 2] = ["erin", "omar"];

/// For whom all of this is kept.
pub(crate) const TENANT: &str = "city-hall";

/// The outermost first.
pub(crate) fn around(builder: Builder<Forms>) -> Result<Builder<Forms>, SchemaError> {
    // Whatever program stores such an event: no answer is longer than anybody reads.
    let received = json!({ "properties": { "answers": { "additionalProperties": { "maxLength": 200 } } } });
    Ok(builder
        .layer(Logging::new())
        .metrics()
        .layer(Enrich::new(|meta| {
            meta.tenant.get_or_insert_with(|| TENANT.into());
            meta.values.insert("program".into(), "forms".into());
        }))
        .layer(Authorize::new(|request| match (request.command, request.actor) {
            ("Submit", _) => Ok(()),
            (_, Some(actor)) if STAFF.contains(&actor) => Ok(()),
            (command, Some(actor)) => Err(format!("{actor} is no reviewer and may not {command}").into()),
            (command, None) => Err(format!("nobody may {command} without a name").into()),
        }))
        .layer(Validate::<Submit>::new(|submit, _| match submit.from.split_once('@') {
            Some((name, host)) if !name.is_empty() && host.contains('.') => Ok(()),
            _ => Err(format!("`{}` is no address to answer to", submit.from).into()),
        }))
        .layer(JsonSchema::new().event("submission.received", &received)?))
}
