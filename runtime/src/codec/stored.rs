use std::marker::PhantomData;

use serde::{Serialize, Serializer, de::DeserializeOwned};

use super::{DecodeError, EncodeError, decode_json, decode_variant, encode_variant};
use crate::domain::{Event, Schema, Shape, UNKNOWN, const_text::equal};

/// What can stand in an event: written, read back, and of a known shape. Implemented for all that is.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be stored in an event",
    label = "an event is written, read back and checked by its shape, and this cannot be",
    note = "write `#[derive(Serialize, Deserialize, Schema)]` on it, or `#[derive(Id)]` if it is an identity",
    note = "for a type of another crate, put it into a newtype of your own"
)]
pub trait Stored: Serialize + DeserializeOwned + Schema {}

#[diagnostic::do_not_recommend]
impl<T: Serialize + DeserializeOwned + Schema> Stored for T {}

/// Refuses, in a `const`, a type that cannot be stored.
pub const fn check_stored<T: Stored>() {}

/// What can stand in an event where its shape is said to be another type's: written and read back.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be stored in an event",
    label = "an event is written and read back, and this cannot be",
    note = "`#[schema(as = ..)]` only says what the JSON of `{Self}` looks like: implement `serde::Serialize` and `serde::Deserialize` for it",
    note = "or say how in place: `#[serde(with = \"..\")]`"
)]
pub trait StoredOtherwise: Serialize + DeserializeOwned {}

#[diagnostic::do_not_recommend]
impl<T: Serialize + DeserializeOwned> StoredOtherwise for T {}

/// Refuses, in a `const`, a type that cannot be written or read.
pub const fn check_stored_otherwise<T: StoredOtherwise>() {}

/// A payload as an older version of the program has stored it. Implemented for all that can be read.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be read as an older payload",
    label = "an older payload is read from the store, and its shape is kept",
    note = "write `#[derive(Deserialize, Schema)]` on `{Self}`"
)]
pub trait OldPayload: DeserializeOwned + Schema {}

#[diagnostic::do_not_recommend]
impl<T: DeserializeOwned + Schema> OldPayload for T {}

/// Reads an older payload. A struct that holds nothing stands for a variant that held nothing, which was stored as `{}`.
///
/// # Errors
/// As [`decode_json`].
pub fn decode_old<T: OldPayload>(payload: &[u8]) -> Result<T, DecodeError> {
    // serde reads such a struct from null only.
    if holds_nothing(T::SHAPE) && payload.trim_ascii() == b"{}" {
        return decode_json(b"null");
    }
    decode_json(payload)
}

/// How an older payload was stored: `struct OldV1;` as the variant without fields that it was.
pub const fn old_shape(shape: &'static Shape) -> &'static Shape {
    if holds_nothing(shape) { &Shape::Struct(&[]) } else { shape }
}

const fn holds_nothing(shape: &Shape) -> bool {
    matches!(shape, Shape::Scalar(name) if equal(name, "null"))
}

/// Refuses a version of a type of event that this program does not know.
///
/// # Errors
/// [`DecodeError::NewerVersion`], and [`DecodeError::Malformed`] where there is no such type.
pub fn check_version<E: Event>(index: usize, version: u16) -> Result<(), DecodeError> {
    let known = E::TYPES.get(index).map(|found| found.version);
    match known {
        Some(known) if version == known => Ok(()),
        Some(known) if version > known => Err(DecodeError::NewerVersion { stored: version, known }),
        Some(known) => Err(DecodeError::Malformed(format!(
            "there is no version {version}; the first is 1 and today's is {known}"
        ))),
        None => Err(DecodeError::Malformed(format!("there is no type of event number {index}"))),
    }
}

/// Refuses, in a `const`, to leave out a field that could then not be read.
#[track_caller]
pub const fn check_can_be_absent(shape: &Shape) {
    // A const cannot fail in any other way.
    #[expect(clippy::panic, reason = "evaluated by the compiler only")]
    if !matches!(shape, Shape::Optional(_)) {
        panic!(
            "a field that is not always written must be readable without it\n  \
             help: add `default`: `#[serde(default, skip_serializing_if = \"..\")]`, or make it an `Option`"
        );
    }
}

/// Uses what a type implements, where it does.
///
/// Where it does not, [`ProbeOtherwise`] steps in with the same names. Generated code asks for a type's traits
/// in one place, which is where the compiler reports that one is missing; everywhere else it goes through here,
/// so that the same mistake is not reported again.
#[derive(Debug)]
pub struct Probe<T>(PhantomData<T>);

impl<T: Serialize> Probe<T> {
    /// [`encode_variant`].
    ///
    /// # Errors
    /// As there.
    pub fn encode(event: &T, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        encode_variant(event, out)
    }

    /// [`Serialize::serialize`].
    ///
    /// # Errors
    /// As there.
    pub fn write<S: Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error> {
        value.serialize(serializer)
    }
}

impl<T: DeserializeOwned> Probe<T> {
    /// [`decode_variant`].
    ///
    /// # Errors
    /// As there.
    pub fn decode(index: usize, payload: &[u8]) -> Result<T, DecodeError> {
        decode_variant(index, payload)
    }
}

impl<T: Schema> Probe<T> {
    /// The shape.
    pub const SHAPE: &'static Shape = T::SHAPE;
}

/// What [`Probe`] has to offer for a type without the traits: in a program that compiles, nothing of it is used.
pub trait ProbeOtherwise {
    /// The type in question.
    type Value;
    /// No shape.
    const SHAPE: &'static Shape = &Shape::Scalar(UNKNOWN);

    /// Fails.
    ///
    /// # Errors
    /// Always.
    fn encode(_: &Self::Value, _: &mut Vec<u8>) -> Result<(), EncodeError> {
        Err(EncodeError::new("the type has no serde::Serialize"))
    }

    /// Fails.
    ///
    /// # Errors
    /// Always.
    fn write<S: Serializer>(_: &Self::Value, _: S) -> Result<S::Ok, S::Error> {
        Err(serde::ser::Error::custom("the type has no serde::Serialize"))
    }

    /// Fails.
    ///
    /// # Errors
    /// Always.
    fn decode(_: usize, _: &[u8]) -> Result<Self::Value, DecodeError> {
        Err(DecodeError::Malformed("the type has no serde::Deserialize".into()))
    }
}

impl<T> ProbeOtherwise for Probe<T> {
    type Value = T;
}
