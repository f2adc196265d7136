//! The shape of what is stored, known at compile time.

mod fingerprint;
mod impls;
mod json_schema;
mod lock;
mod print;

pub use fingerprint::fingerprint;
pub use json_schema::json_schema;
#[doc(hidden)]
pub use lock::{UNKNOWN, check_locked, check_locked_data};
pub(crate) use print::{is_plain, name as print_name, separated as print_separated};

/// A type whose stored shape is known. `#[derive(Schema)]` and `#[derive(Id)]` write this.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is stored inside an event but its shape is unknown",
    label = "not a known schema type",
    note = "write `#[derive(Serialize, Deserialize, Schema)]` on `{Self}`"
)]
pub trait Schema {
    /// The shape in JSON.
    const SHAPE: &'static Shape;
}

/// The shape of a JSON value.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Shape {
    /// A scalar: `bool`, `u8` .. `u128`, `i8` .. `i128`, `f32`, `f64`, `char`, `string`, `uuid`, `null`, `any`, and `unit`
    /// for a variant that holds nothing.
    Scalar(&'static str),
    /// A value or null.
    Optional(&'static Shape),
    /// A list of any length.
    List(&'static Shape),
    /// A list of fixed length with a shape for each place.
    Tuple(&'static [&'static Shape]),
    /// An object with any keys.
    Map(&'static Shape, &'static Shape),
    /// An object with these fields.
    Struct(&'static [Field]),
    /// One of several.
    Enum(&'static [Variant]),
    /// A type that contains itself, by name.
    Reference(&'static str),
}

/// A field of a stored object.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Field {
    /// Its name in JSON.
    pub name: &'static str,
    /// Its shape.
    pub shape: &'static Shape,
    /// Whether it may be absent.
    pub optional: bool,
}

/// A variant of a stored enum.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Variant {
    /// Its name in JSON.
    pub name: &'static str,
    /// The shape of what it holds.
    pub shape: &'static Shape,
}
