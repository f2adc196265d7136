//! What `#[aggregate(snapshot_every = ..)]` calls.

use std::marker::PhantomData;

use serde::{Serialize, de::DeserializeOwned};

use crate::{
    codec::{DecodeError, EncodeError},
    domain::{self, Schema, Shape, SnapshotPolicy},
};

/// A state that can be kept beside its events.
#[diagnostic::on_unimplemented(
    message = "the state `{Self}` cannot be kept as a snapshot",
    label = "`snapshot_every` needs a state that serde can write and read",
    note = "write `#[derive(Serialize, Deserialize)]` on `{Self}`, or leave `snapshot_every` out"
)]
pub trait Snapshot: Sized {
    /// Writes the state.
    fn save(&self) -> Result<Vec<u8>, EncodeError>;
    /// Reads a state that was written.
    fn restore(bytes: &[u8]) -> Result<Self, DecodeError>;
}

#[diagnostic::do_not_recommend]
impl<T: Serialize + DeserializeOwned> Snapshot for T {
    fn save(&self) -> Result<Vec<u8>, EncodeError> {
        Ok(serde_json::to_vec(self)?)
    }

    fn restore(bytes: &[u8]) -> Result<Self, DecodeError> {
        Ok(serde_json::from_slice(bytes)?)
    }
}

/// The policy of a state that serde can write and read.
pub const fn snapshot<A: Snapshot>(every: u64, fingerprint: u64) -> SnapshotPolicy<A> {
    SnapshotPolicy { every, fingerprint, save: A::save, restore: A::restore }
}

/// Asks for the shape of a type where it has one: the constant of a type that is `Schema` wins over [`NoShape`].
#[derive(Debug)]
pub struct Probe<T>(PhantomData<T>);

impl<T: Schema> Probe<T> {
    /// The shape of the type.
    pub const SHAPE: Option<&'static Shape> = Some(T::SHAPE);
}

/// The answer for all other types.
pub trait NoShape {
    /// Nothing is known.
    const SHAPE: Option<&'static Shape> = None;
}

impl<T> NoShape for Probe<T> {}

/// The shape of a state, folded into one number: another shape, another number.
///
/// The types inside a state need not be `Schema`, so a field counts with all that is known of it: its name, its
/// type and serde attributes as written, its size, and its shape where it has one.
#[derive(Debug)]
pub struct StateShape(u64);

/// FNV-1a, 64 bits.
const OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
const PRIME: u64 = 0x0000_0100_0000_01b3;

impl StateShape {
    /// A state with these serde attributes.
    pub const fn new(attributes: &str) -> Self {
        Self(OFFSET).text(attributes)
    }

    /// One variant of a state that is an enum.
    pub const fn variant(self, name: &str) -> Self {
        self.text(name)
    }

    /// One field.
    pub const fn field(self, name: &str, text: &str, shape: Option<&Shape>, size: usize) -> Self {
        let field = self.text(name).text(text).number(size as u64);
        match shape {
            Some(shape) => field.number(domain::fingerprint(shape)),
            None => field,
        }
    }

    /// The number.
    pub const fn fingerprint(self) -> u64 {
        self.0
    }

    /// With its length, so that `ab` and `c` differ from `a` and `bc`.
    const fn text(mut self, text: &str) -> Self {
        let bytes = text.as_bytes();
        let mut i = 0;
        while i < bytes.len() {
            self.0 = (self.0 ^ bytes[i] as u64).wrapping_mul(PRIME);
            i += 1;
        }
        self.number(bytes.len() as u64)
    }

    const fn number(mut self, number: u64) -> Self {
        let bytes = number.to_le_bytes();
        let mut i = 0;
        while i < bytes.len() {
            self.0 = (self.0 ^ bytes[i] as u64).wrapping_mul(PRIME);
            i += 1;
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Shapeless;

    struct Known;

    impl Schema for Known {
        const SHAPE: &'static Shape = &Shape::Scalar("u64");
    }

    #[test]
    fn a_shape_is_asked_for_where_there_is_one() {
        assert_eq!(Probe::<Shapeless>::SHAPE, None);
        assert_eq!(Probe::<Known>::SHAPE, Some(&Shape::Scalar("u64")));
    }

    #[test]
    fn every_change_of_a_field_is_another_shape() {
        let of = |name, text, shape, size| StateShape::new("").field(name, text, shape, size).fingerprint();
        let shape = &Shape::Scalar("u64");
        let shapes = [
            of("a", "u64", Some(shape), 8),
            of("b", "u64", Some(shape), 8),
            of("a", "Cents", Some(shape), 8),
            of("a", "u64", None, 8),
            of("a", "u64", Some(shape), 16),
            of("au", "64", Some(shape), 8),
            StateShape::new("").variant("a").field("a", "u64", Some(shape), 8).fingerprint(),
            StateShape::new("x").field("a", "u64", Some(shape), 8).fingerprint(),
        ];
        for (i, one) in shapes.iter().enumerate() {
            assert!(!shapes[..i].contains(one), "{i} is not told apart");
        }
        assert_eq!(of("a", "u64", Some(shape), 8), shapes[0]);
    }
}
