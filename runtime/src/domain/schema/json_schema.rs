use serde_json::{Map, Value, json};

use super::{Field, Shape, Variant};

/// The JSON Schema (draft 2020-12) of a shape: what is written with this shape, and nothing else, fits it.
///
/// A type that contains itself is described down to its first repetition; inside of that, anything fits.
///
/// ```
/// # use gesta::domain::{Schema, json_schema};
/// let schema = json_schema(<(u8, Option<String>)>::SHAPE);
/// assert_eq!(schema["prefixItems"][0], serde_json::json!({ "type": "integer", "minimum": 0, "maximum": 255 }));
/// ```
pub fn json_schema(shape: &Shape) -> Value {
    let mut schema = schema_of(shape);
    if let Value::Object(members) = &mut schema {
        members.insert("$schema".into(), "https://json-schema.org/draft/2020-12/schema".into());
    }
    schema
}

fn schema_of(shape: &Shape) -> Value {
    match shape {
        Shape::Scalar(name) => scalar(name),
        Shape::Optional(inner) => json!({ "anyOf": [schema_of(inner), { "type": "null" }] }),
        Shape::List(inner) => json!({ "type": "array", "items": schema_of(inner) }),
        Shape::Tuple(places) => tuple(places),
        Shape::Map(key, value) => map(key, value),
        Shape::Struct(fields) => structure(fields),
        Shape::Enum(variants) => choice(variants),
        Shape::Reference(name) => json!({ "$comment": format!("a {name}") }),
    }
}

fn scalar(name: &str) -> Value {
    match name {
        "bool" => json!({ "type": "boolean" }),
        "string" => json!({ "type": "string" }),
        "char" => json!({ "type": "string", "minLength": 1, "maxLength": 1 }),
        "uuid" => json!({ "type": "string", "format": "uuid", "pattern": UUID }),
        "f32" | "f64" => json!({ "type": "number" }),
        "null" | "unit" => json!({ "type": "null" }),
        "u8" => integer(0, u8::MAX.into()),
        "u16" => integer(0, u16::MAX.into()),
        "u32" => integer(0, u32::MAX.into()),
        "u64" => integer(0, u64::MAX),
        "u128" => json!({ "type": "integer", "minimum": 0 }),
        "i8" => integer(i8::MIN.into(), i8::MAX as u64),
        "i16" => integer(i16::MIN.into(), i16::MAX as u64),
        "i32" => integer(i32::MIN.into(), i32::MAX as u64),
        "i64" => integer(i64::MIN, i64::MAX as u64),
        "i128" => json!({ "type": "integer" }),
        _ => json!({}),
    }
}

const UUID: &str = "^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$";

fn integer(least: i64, most: u64) -> Value {
    json!({ "type": "integer", "minimum": least, "maximum": most })
}

fn tuple(places: &[&Shape]) -> Value {
    let schemas: Vec<Value> = places.iter().map(|place| schema_of(place)).collect();
    json!({ "type": "array", "prefixItems": schemas, "items": false, "minItems": places.len() })
}

/// The keys of an object are texts, those of numbers and truth values too.
fn map(key: &Shape, value: &Shape) -> Value {
    let pattern = match key {
        Shape::Scalar("uuid") => Some(UUID),
        Shape::Scalar("bool") => Some("^(true|false)$"),
        Shape::Scalar("u8" | "u16" | "u32" | "u64" | "u128") => Some("^[0-9]+$"),
        Shape::Scalar("i8" | "i16" | "i32" | "i64" | "i128") => Some("^-?[0-9]+$"),
        _ => None,
    };
    let mut schema = json!({ "type": "object", "additionalProperties": schema_of(value) });
    if let (Some(pattern), Value::Object(members)) = (pattern, &mut schema) {
        members.insert("propertyNames".into(), json!({ "pattern": pattern }));
    }
    schema
}

fn structure(fields: &[Field]) -> Value {
    let properties: Map<String, Value> =
        fields.iter().map(|field| (field.name.to_owned(), schema_of(field.shape))).collect();
    let required: Vec<&str> = fields.iter().filter(|field| !field.optional).map(|field| field.name).collect();
    json!({
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": false,
    })
}

/// A variant that holds nothing is its name; another one is an object with its name as the only key.
fn choice(variants: &[Variant]) -> Value {
    let schemas: Vec<Value> = variants
        .iter()
        .map(|variant| match variant.shape {
            Shape::Scalar("unit") => json!({ "const": variant.name }),
            shape => structure(&[Field { name: variant.name, shape, optional: false }]),
        })
        .collect();
    json!({ "oneOf": schemas })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::domain::Schema;

    #[test]
    fn a_struct_asks_for_its_fields_and_no_others() {
        const SHAPE: &Shape = &Shape::Struct(&[
            Field { name: "cents", shape: u64::SHAPE, optional: false },
            Field { name: "reason", shape: Option::<String>::SHAPE, optional: true },
        ]);
        assert_eq!(
            json_schema(SHAPE),
            json!({
                "$schema": "https://json-schema.org/draft/2020-12/schema",
                "type": "object",
                "properties": {
                    "cents": { "type": "integer", "minimum": 0, "maximum": u64::MAX },
                    "reason": { "anyOf": [{ "type": "string" }, { "type": "null" }] },
                },
                "required": ["cents"],
                "additionalProperties": false,
            })
        );
    }

    #[test]
    fn an_enum_is_one_of_its_variants() {
        const SHAPE: &Shape = &Shape::Enum(&[
            Variant { name: "Nobody", shape: &Shape::Scalar("unit") },
            Variant { name: "At", shape: bool::SHAPE },
        ]);
        let schema = json_schema(SHAPE);
        assert_eq!(schema["oneOf"][0], json!({ "const": "Nobody" }));
        assert_eq!(schema["oneOf"][1]["properties"]["At"], json!({ "type": "boolean" }));
        assert_eq!(schema["oneOf"][1]["required"], json!(["At"]));
    }

    #[test]
    fn keys_of_a_map_are_texts() {
        let schema = json_schema(<BTreeMap<u8, bool>>::SHAPE);
        assert_eq!(schema["propertyNames"]["pattern"], "^[0-9]+$");
        assert_eq!(schema["additionalProperties"], json!({ "type": "boolean" }));
    }
}
