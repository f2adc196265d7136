use std::fmt::{self, Display, Formatter, Write};

use super::Shape;

/// One line without spaces, such as `{cents:u64,reason?:string}`: `?` stands behind what may be absent or null.
impl Display for Shape {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Scalar(scalar) => name(f, scalar),
            Self::Optional(inner) => write!(f, "{inner}?"),
            Self::List(inner) => write!(f, "[{inner}]"),
            Self::Tuple(places) => {
                f.write_char('(')?;
                separated(f, places, |f, place| place.fmt(f))?;
                f.write_char(')')
            }
            Self::Map(key, value) => write!(f, "map<{key},{value}>"),
            Self::Struct(fields) => {
                f.write_char('{')?;
                separated(f, fields, |f, field| {
                    name(f, field.name)?;
                    write!(f, "{}:{}", if field.optional { "?" } else { "" }, field.shape)
                })?;
                f.write_char('}')
            }
            Self::Enum(variants) => {
                f.write_str("enum{")?;
                separated(f, variants, |f, variant| {
                    name(f, variant.name)?;
                    if matches!(variant.shape, Self::Scalar("unit")) {
                        return Ok(());
                    }
                    write!(f, ":{}", variant.shape)
                })?;
                f.write_char('}')
            }
            Self::Reference(to) => {
                f.write_char('@')?;
                name(f, to)
            }
        }
    }
}

/// Every item, with commas between.
pub(crate) fn separated<T>(
    f: &mut Formatter<'_>,
    items: &[T],
    mut item: impl FnMut(&mut Formatter<'_>, &T) -> fmt::Result,
) -> fmt::Result {
    for (i, each) in items.iter().enumerate() {
        if i > 0 {
            f.write_char(',')?;
        }
        item(f, each)?;
    }
    Ok(())
}

/// A name as it is if it is a plain word, else in quotes, so that no name can look like a part of the shape.
pub(crate) fn name(f: &mut Formatter<'_>, name: &str) -> fmt::Result {
    if is_plain_name(name) {
        return f.write_str(name);
    }
    f.write_char('"')?;
    for c in name.chars() {
        match u8::try_from(c).ok().and_then(escaped) {
            Some(escaped) => f.write_str(escaped)?,
            None => f.write_char(c)?,
        }
    }
    f.write_char('"')
}

/// Whether a name needs no quotes.
pub(super) const fn is_plain_name(name: &str) -> bool {
    let bytes = name.as_bytes();
    let mut i = 0;
    while i < bytes.len() {
        if bytes[i].is_ascii() && !is_plain(bytes[i] as char) {
            return false;
        }
        i += 1;
    }
    !name.is_empty()
}

/// How a byte is written between quotes, where that is not as it is.
pub(super) const fn escaped(byte: u8) -> Option<&'static str> {
    match byte {
        b'"' => Some("\\\""),
        b'\\' => Some("\\\\"),
        b'\n' => Some("\\n"),
        b'\r' => Some("\\r"),
        b'\t' => Some("\\t"),
        _ => None,
    }
}

/// Whether a name with this character stands without quotes: letters, digits, `_`, `-`, and what lies beyond ASCII.
pub(crate) const fn is_plain(c: char) -> bool {
    !c.is_ascii() || c.is_ascii_alphanumeric() || matches!(c, '_' | '-')
}

#[cfg(test)]
mod tests {
    use crate::domain::{Field, Schema, Shape, Variant};

    #[test]
    fn a_shape_reads_as_one_line() {
        let number = <u64 as Schema>::SHAPE;
        let reason = Field { name: "reason", shape: <String as Schema>::SHAPE, optional: true };
        let cents = Field { name: "cents", shape: number, optional: false };
        let strange = Field { name: "a:b", shape: <Option<u8> as Schema>::SHAPE, optional: false };
        let fields = Shape::Struct(Box::leak(Box::new([cents, reason, strange])));
        assert_eq!(fields.to_string(), r#"{cents:u64,reason?:string,"a:b":u8?}"#);
        let variants = [
            Variant { name: "None", shape: &Shape::Scalar("unit") },
            Variant { name: "Some", shape: number },
        ];
        assert_eq!(Shape::Enum(Box::leak(Box::new(variants))).to_string(), "enum{None,Some:u64}");
        assert_eq!(<(Vec<u8>, ()) as Schema>::SHAPE.to_string(), "([u8],null)");
        assert_eq!(
            <std::collections::BTreeMap<String, bool> as Schema>::SHAPE.to_string(),
            "map<string,bool>"
        );
        assert_eq!(Shape::Reference("Node").to_string(), "@Node");
        assert_eq!(Shape::Reference("Vec<Node>").to_string(), r#"@"Vec<Node>""#);
    }
}
