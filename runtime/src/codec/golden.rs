//! Samples of what was stored, read by the program as it is.

use std::marker::PhantomData;

use serde_json::Value;

use super::decode_value;
use crate::domain::Event;

/// One line of `gesta.golden`.
#[derive(Clone, Copy, Debug)]
pub struct Sample {
    line: usize,
    name: &'static str,
    version: u16,
    json: &'static str,
}

impl Sample {
    /// A payload of this version of a type of event; version 0 for a line that is not one of a sample.
    pub const fn new(line: usize, name: &'static str, version: u16, json: &'static str) -> Self {
        Self { line, name, version, json }
    }
}

/// The samples of an enum of events.
#[derive(Debug)]
pub struct Golden<E>(PhantomData<E>);

impl<E: Event> Golden<E> {
    /// Reads every sample, and writes those of today's versions again, as a test.
    ///
    /// # Panics
    /// If one cannot be read, or is not written as it was. The text tells all of them.
    pub fn check(samples: &[Sample]) {
        let wrong: Vec<String> = samples.iter().filter_map(|sample| check::<E>(sample).err()).collect();
        #[expect(clippy::panic, reason = "called by tests alone")]
        if !wrong.is_empty() {
            panic!("{}", wrong.join("\n"));
        }
    }
}

/// The answer for a type that stands in for an enum which cannot be named: nobody can call its test.
pub trait NoEvents {
    /// Reads nothing.
    fn check(_: &[Sample]) {}
}

impl<T> NoEvents for Golden<T> {}

fn check<E: Event>(sample: &Sample) -> Result<(), String> {
    let Sample { line, name, version, json } = *sample;
    let failed = |what: &str, help: &str| {
        format!("line {line} of gesta.golden, `{name}` v{version} {json}: {what}\n  help: {help}")
    };
    if version == 0 {
        return Err(format!(
            "line {line} of gesta.golden is not one of a sample: `{name} ..`\n  \
             help: write it such as `account.opened v1 {{\"owner\":\"Ann\"}}`"
        ));
    }
    let known = E::TYPES.iter().enumerate().find(|(_, known)| known.name == name);
    let (index, known) = known.ok_or_else(|| {
        failed("no event has this name any more", "keep its variant, with `#[event(retired)]` on it")
    })?;
    let event = E::decode(index, version, json.as_bytes()).map_err(|error| {
        let help = if version < known.version {
            "stored ones look like this: change the older payload or its upcaster until it is read"
        } else {
            "stored ones look like this: undo the change of the type, or raise the version"
        };
        failed(&format!("it cannot be read: {error}"), help)
    })?;
    if version != known.version || known.retired {
        return Ok(());
    }
    let help = "what is read must be what was stored: look for an attribute of serde's or an impl of \
                `Serialize` or `Deserialize` by hand, or correct the sample";
    let again = written(&event).map_err(|reason| failed(&format!("it cannot be written: {reason}"), help))?;
    let before = decode_value(json.as_bytes()).map_err(|error| failed(&error.to_string(), help))?;
    if again == before {
        return Ok(());
    }
    Err(failed(&format!("read and written again it is {again}"), help))
}

fn written<E: Event>(event: &E) -> Result<Value, String> {
    let mut json = Vec::new();
    event.encode(&mut json).map_err(|error| error.to_string())?;
    decode_value(&json).map_err(|error| error.to_string())
}
