use std::{
    any::{Any, TypeId},
    collections::HashMap,
    fmt,
    sync::{Arc, PoisonError, RwLock},
};

use async_trait::async_trait;
use jsonschema::Validator;
use serde::Serialize;
use serde_json::Value;

use super::{CommandCall, Completed, Middleware, NextCommand, ProposedCall, ProposedEvent, Refusal};
use crate::domain::{EventType, Schema, json_schema};

/// Validates events that are about to be stored against the JSON schema of their shape, and commands against the
/// schema of theirs or one that is given. Needs the feature `jsonschema`.
///
/// ```
/// # fn main() -> Result<(), gesta::middleware::SchemaError> {
/// use gesta::{middleware::JsonSchema, prelude::*};
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Serialize, Deserialize, Schema)]
/// struct Rename { name: String }
///
/// let layer = JsonSchema::new().command::<Rename>()?.event(
///     "account.renamed",
///     &serde_json::json!({ "properties": { "name": { "minLength": 1, "maxLength": 80 } } }),
/// )?;
/// # let _ = layer;
/// # Ok(())
/// # }
/// ```
#[derive(Default)]
pub struct JsonSchema {
    commands: HashMap<TypeId, CheckCommand>,
    events: HashMap<String, Validator>,
    shapes: RwLock<HashMap<(&'static str, u16), Arc<Validator>>>,
}

type CheckCommand = Box<dyn Fn(&CommandCall) -> Result<(), Refusal> + Send + Sync>;

/// A JSON schema that is not one.
#[derive(Debug, thiserror::Error)]
#[error("the JSON schema of `{of}` cannot be used: {reason}")]
pub struct SchemaError {
    of: String,
    reason: String,
}

impl JsonSchema {
    /// Events against the schemas of their shapes; no commands yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Commands of this type too, against the schema of its shape.
    ///
    /// # Errors
    /// None for a shape that a macro wrote; otherwise [`SchemaError`].
    pub fn command<C: Any + Serialize + Schema>(self) -> Result<Self, SchemaError> {
        self.command_with::<C>(&json_schema(C::SHAPE))
    }

    /// Commands of this type too, against a schema of one's own.
    ///
    /// # Errors
    /// [`SchemaError`] when it is not a JSON schema.
    pub fn command_with<C: Any + Serialize>(mut self, schema: &Value) -> Result<Self, SchemaError> {
        let validator = compile(std::any::type_name::<C>(), schema)?;
        let check = move |call: &CommandCall| {
            let Some(command) = call.command::<C>() else { return Ok(()) };
            let json = serde_json::to_value(command)
                .map_err(|error| Refusal::new(format!("the command cannot be written as JSON: {error}")))?;
            validate(&validator, &json, "the command")
        };
        self.commands.insert(TypeId::of::<C>(), Box::new(check));
        Ok(self)
    }

    /// Events of this name against a schema of one's own too.
    ///
    /// # Errors
    /// [`SchemaError`] when it is not a JSON schema.
    pub fn event(mut self, name: &str, schema: &Value) -> Result<Self, SchemaError> {
        self.events.insert(name.to_owned(), compile(name, schema)?);
        Ok(self)
    }

    /// The validator of a type of event; made once.
    fn shape(&self, found: &'static EventType) -> Result<Arc<Validator>, Refusal> {
        let key = (found.name, found.version);
        if let Some(known) = self.shapes.read().unwrap_or_else(PoisonError::into_inner).get(&key) {
            return Ok(known.clone());
        }
        let made = compile(found.name, &json_schema(found.shape)).map_err(|error| error.to_string())?;
        let mut shapes = self.shapes.write().unwrap_or_else(PoisonError::into_inner);
        Ok(shapes.entry(key).or_insert_with(|| Arc::new(made)).clone())
    }
}

#[async_trait]
impl Middleware for JsonSchema {
    fn name(&self) -> &str {
        "json schema"
    }

    async fn command(&self, call: &mut CommandCall, next: NextCommand<'_>) -> Result<Completed, Refusal> {
        if let Some(check) = call.type_id_of_command().and_then(|id| self.commands.get(&id)) {
            check(call)?;
        }
        next.run(call).await
    }

    fn events(&self, _: &ProposedCall<'_>, events: &[ProposedEvent<'_>]) -> Result<(), Refusal> {
        for event in events {
            let name = event.event_type.name;
            let json = serde_json::from_slice(event.payload)
                .map_err(|error| Refusal::new(format!("the event `{name}` is not JSON: {error}")))?;
            let what = format!("the event `{name}`");
            validate(&*self.shape(event.event_type)?, &json, &what)?;
            if let Some(own) = self.events.get(name) {
                validate(own, &json, &what)?;
            }
        }
        Ok(())
    }
}

fn compile(of: &str, schema: &Value) -> Result<Validator, SchemaError> {
    jsonschema::draft202012::new(schema)
        .map_err(|error| SchemaError { of: of.to_owned(), reason: error.to_string() })
}

/// Every mistake, with its place; the values themselves may be secrets and are not told.
fn validate(validator: &Validator, json: &Value, what: &str) -> Result<(), Refusal> {
    let mistakes: Vec<String> = validator
        .iter_errors(json)
        .map(|error| format!("at `{}`: {}", error.instance_path(), error.masked()))
        .collect();
    match mistakes.is_empty() {
        true => Ok(()),
        false => Err(Refusal::new(format!("{what} does not fit its schema: {}", mistakes.join("; ")))),
    }
}

impl fmt::Debug for JsonSchema {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JsonSchema")
            .field("commands", &self.commands.len())
            .field("events", &self.events.keys())
            .finish_non_exhaustive()
    }
}
