//! How fields look in JSON: what serde's attributes make of them, which of these are honoured, and the shape.

mod attrs;
mod fields;
mod recursion;
mod rename;
mod shape;

pub(crate) use attrs::{ContainerAttrs, VariantAttrs, serde_stores_otherwise, shape_is_told};
use fields::WireField;
pub(crate) use fields::WireFields;
pub(crate) use recursion::{Recursion, mentions};
pub(crate) use shape::{Source, fields_shape, needs};
