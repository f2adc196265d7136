use std::fmt::{self, Display, Formatter, Write};

use crate::domain::{Shape, print_name, print_separated};

/// A [`Shape`] that is known while the program runs: read from a file, or copied from the code.
///
/// Its text is that of the [`Shape`], and is read back by [`str::parse`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum OwnedShape {
    /// A scalar, by its name.
    Scalar(String),
    /// A value or null.
    Optional(Box<OwnedShape>),
    /// A list of any length.
    List(Box<OwnedShape>),
    /// A list of fixed length with a shape for each place.
    Tuple(Vec<OwnedShape>),
    /// An object with any keys.
    Map(Box<OwnedShape>, Box<OwnedShape>),
    /// An object with these fields.
    Struct(Vec<OwnedField>),
    /// One of several.
    Enum(Vec<OwnedVariant>),
    /// A type that contains itself, by name.
    Reference(String),
}

/// A field of a stored object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnedField {
    /// Its name in JSON.
    pub name: String,
    /// Its shape.
    pub shape: OwnedShape,
    /// Whether it may be absent.
    pub optional: bool,
}

/// A variant of a stored enum.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnedVariant {
    /// Its name in JSON.
    pub name: String,
    /// The shape of what it holds; the scalar `unit` where it holds nothing.
    pub shape: OwnedShape,
}

/// What a variant holds that holds nothing.
pub(super) const UNIT: &str = "unit";

impl From<&Shape> for OwnedShape {
    fn from(shape: &Shape) -> Self {
        let boxed = |shape: &Shape| Box::new(Self::from(shape));
        match shape {
            Shape::Scalar(name) => Self::Scalar((*name).to_owned()),
            Shape::Optional(inner) => Self::Optional(boxed(inner)),
            Shape::List(inner) => Self::List(boxed(inner)),
            Shape::Tuple(places) => Self::Tuple(places.iter().map(|place| Self::from(*place)).collect()),
            Shape::Map(key, value) => Self::Map(boxed(key), boxed(value)),
            Shape::Struct(fields) => {
                let field = |field: &crate::domain::Field| OwnedField {
                    name: field.name.to_owned(),
                    shape: Self::from(field.shape),
                    optional: field.optional,
                };
                Self::Struct(fields.iter().map(field).collect())
            }
            Shape::Enum(variants) => {
                let variant = |variant: &crate::domain::Variant| OwnedVariant {
                    name: variant.name.to_owned(),
                    shape: Self::from(variant.shape),
                };
                Self::Enum(variants.iter().map(variant).collect())
            }
            Shape::Reference(name) => Self::Reference((*name).to_owned()),
        }
    }
}

impl OwnedVariant {
    /// Whether it holds nothing.
    pub fn is_unit(&self) -> bool {
        matches!(&self.shape, OwnedShape::Scalar(name) if name == UNIT)
    }
}

/// As a [`Shape`] prints itself.
impl Display for OwnedShape {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Scalar(scalar) => print_name(f, scalar),
            Self::Optional(inner) => write!(f, "{inner}?"),
            Self::List(inner) => write!(f, "[{inner}]"),
            Self::Tuple(places) => {
                f.write_char('(')?;
                print_separated(f, places, |f, place| place.fmt(f))?;
                f.write_char(')')
            }
            Self::Map(key, value) => write!(f, "map<{key},{value}>"),
            Self::Struct(fields) => {
                f.write_char('{')?;
                print_separated(f, fields, |f, field| {
                    print_name(f, &field.name)?;
                    write!(f, "{}:{}", if field.optional { "?" } else { "" }, field.shape)
                })?;
                f.write_char('}')
            }
            Self::Enum(variants) => {
                f.write_str("enum{")?;
                print_separated(f, variants, |f, variant| {
                    print_name(f, &variant.name)?;
                    if variant.is_unit() { Ok(()) } else { write!(f, ":{}", variant.shape) }
                })?;
                f.write_char('}')
            }
            Self::Reference(to) => {
                f.write_char('@')?;
                print_name(f, to)
            }
        }
    }
}
