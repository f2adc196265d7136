//! How fields look in JSON: what serde's attributes make of them, which of these are honoured, and the shape.

mod attrs;
mod fields;
mod rename;
mod shape;

pub(crate) use attrs::{ContainerAttrs, VariantAttrs};
pub(crate) use fields::{WireField, WireFields};
pub(crate) use shape::{Source, fields_shape, needs};
