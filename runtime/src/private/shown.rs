//! What `domain!` calls to show the state of an aggregate.

use std::{fmt::Debug, marker::PhantomData};

use serde::Serialize;

use crate::model::ToJson;

/// Asks how a state can be shown: what a type has by `Serialize` wins over what [`NoJson`] has, and what it has by `Debug`
/// over what [`NoText`] has.
#[derive(Debug)]
pub struct ShownProbe<T>(PhantomData<T>);

impl<T: Serialize> ShownProbe<T> {
    /// As JSON; a key of a map that is no text cannot be.
    pub const JSON: Option<ToJson<T>> = Some(|state| serde_json::to_value(state));
}

impl<T: Debug> ShownProbe<T> {
    /// As the text for those who look for mistakes.
    pub const TEXT: Option<fn(&T) -> String> = Some(|state| format!("{state:#?}"));
}

/// The answer for all types that serde cannot write.
pub trait NoJson<T> {
    /// It cannot.
    const JSON: Option<ToJson<T>> = None;
}

/// The answer for all types without a `Debug` text.
pub trait NoText<T> {
    /// There is none.
    const TEXT: Option<fn(&T) -> String> = None;
}

impl<T> NoJson<T> for ShownProbe<T> {}
impl<T> NoText<T> for ShownProbe<T> {}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    #[derive(Debug, Serialize)]
    struct Both(u8);
    #[derive(Debug)]
    struct Text(#[allow(dead_code, reason = "shown")] u8);
    struct Neither;

    #[test]
    fn a_type_is_shown_as_it_can_be() {
        let json = ShownProbe::<Both>::JSON.map(|json| json(&Both(1)).unwrap());
        assert_eq!((json, ShownProbe::<Both>::TEXT.is_some()), (Some(Value::from(1)), true));
        assert!(ShownProbe::<Text>::JSON.is_none());
        assert_eq!(ShownProbe::<Text>::TEXT.map(|text| text(&Text(1))).as_deref(), Some("Text(\n    1,\n)"));
        assert!(ShownProbe::<Neither>::JSON.is_none() && ShownProbe::<Neither>::TEXT.is_none());
    }
}
