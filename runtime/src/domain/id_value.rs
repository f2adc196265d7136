use std::{
    fmt::{self, Display},
    str::FromStr,
};

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use uuid::Uuid;

use super::{Schema, Shape};

/// What may stand inside an id: `String`, `Uuid` and the integers, whose text is the same for equal values.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the value of an id",
    label = "not `String`, `Uuid` or an integer",
    note = "the text of an id names a stream for ever, so only values with one text each may stand in it"
)]
pub trait IdValue: Sized + sealed::Sealed {
    /// The shape in JSON.
    const SHAPE: &'static Shape;

    /// Writes the value.
    ///
    /// # Errors
    /// Those of the serializer.
    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error>;

    /// Reads a value.
    ///
    /// # Errors
    /// Those of the deserializer.
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error>;

    /// The text of the value.
    ///
    /// # Errors
    /// Those of the formatter.
    fn show(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result;

    /// The value of a text.
    ///
    /// # Errors
    /// [`ParseIdError`] where the text is not that of a value.
    fn parse(text: &str) -> Result<Self, ParseIdError>;
}

/// A text that is not that of an id.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not an id: {reason}")]
pub struct ParseIdError {
    text: String,
    reason: String,
}

mod sealed {
    pub trait Sealed {}
}

macro_rules! values {
    ($($ty:ty),+ $(,)?) => {
        $(
            impl sealed::Sealed for $ty {}

            impl IdValue for $ty {
                const SHAPE: &'static Shape = <$ty as Schema>::SHAPE;

                fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                    Serialize::serialize(self, serializer)
                }

                fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                    Deserialize::deserialize(deserializer)
                }

                fn show(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                    Display::fmt(self, f)
                }

                fn parse(text: &str) -> Result<Self, ParseIdError> {
                    <$ty as FromStr>::from_str(text)
                        .map_err(|error| ParseIdError { text: text.to_owned(), reason: error.to_string() })
                }
            }
        )+
    };
}

values!(String, Uuid, u8, u16, u32, u64, u128, usize, i8, i16, i32, i64, i128, isize);
