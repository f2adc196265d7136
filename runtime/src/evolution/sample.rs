use serde_json::{Map, Value, json};

use super::OwnedShape;

/// A value of this shape, always the same one: all that may be absent is there, and a list has one item.
///
/// What can be seen in a shape is right; a text that must be of a certain form (a date, say) is not.
pub fn sample(shape: &OwnedShape) -> Value {
    sample_named(shape, "text")
}

/// A value for a place with this name, so that texts tell where they stand.
fn sample_named(shape: &OwnedShape, name: &str) -> Value {
    match shape {
        OwnedShape::Scalar(scalar) => of_scalar(scalar, name),
        OwnedShape::Optional(inner) if repeats(inner) => Value::Null,
        OwnedShape::Optional(inner) => sample_named(inner, name),
        OwnedShape::List(inner) if repeats(inner) => json!([]),
        OwnedShape::List(inner) => json!([sample_named(inner, name)]),
        OwnedShape::Tuple(places) => places.iter().map(|place| sample_named(place, name)).collect(),
        OwnedShape::Map(_, value) if repeats(value) => json!({}),
        OwnedShape::Map(key, value) => object([(key_of(key), sample_named(value, name))]),
        OwnedShape::Struct(fields) => {
            let stored = fields.iter().filter(|field| !(field.optional && repeats(&field.shape)));
            object(stored.map(|field| (field.name.clone(), sample_named(&field.shape, &field.name))))
        }
        OwnedShape::Enum(variants) => {
            // A variant without another value of the same type, or else the sample would have no end.
            let chosen = variants.iter().find(|variant| !repeats(&variant.shape)).or(variants.first());
            match chosen {
                Some(variant) if variant.is_unit() => json!(variant.name),
                Some(variant) => object([(variant.name.clone(), sample_named(&variant.shape, name))]),
                None => Value::Null,
            }
        }
        OwnedShape::Reference(to) => of_reference(to),
    }
}

fn object(members: impl IntoIterator<Item = (String, Value)>) -> Value {
    Value::Object(members.into_iter().collect::<Map<_, _>>())
}

fn of_scalar(scalar: &str, name: &str) -> Value {
    match scalar {
        "bool" => json!(true),
        "char" => json!("a"),
        "f32" | "f64" => json!(1.5),
        "null" | "unit" => Value::Null,
        "uuid" => json!(UUID),
        "string" | "any" => json!(name),
        _ if is_number(scalar) => json!(1),
        _ => json!(name),
    }
}

fn key_of(key: &OwnedShape) -> String {
    match key {
        OwnedShape::Scalar(scalar) if scalar == "uuid" => UUID.to_owned(),
        OwnedShape::Scalar(scalar) if scalar == "bool" => "true".to_owned(),
        OwnedShape::Scalar(scalar) if scalar == "char" => "a".to_owned(),
        OwnedShape::Scalar(scalar) if is_number(scalar) => "1".to_owned(),
        OwnedShape::Enum(variants) => variants.first().map_or_else(String::new, |first| first.name.clone()),
        _ => "key".to_owned(),
    }
}

const UUID: &str = "00000000-0000-4000-8000-000000000001";

fn is_number(scalar: &str) -> bool {
    scalar
        .strip_prefix(['u', 'i'])
        .is_some_and(|bits| !bits.is_empty() && bits.chars().all(|c| c.is_ascii_digit()))
}

/// The end of a type that contains itself, by the name of the type as it is written: as little as can be.
fn of_reference(name: &str) -> Value {
    let head = name.split('<').next().unwrap_or_default();
    match head.rsplit("::").next().unwrap_or_default() {
        "Vec" | "VecDeque" | "LinkedList" | "BTreeSet" | "HashSet" | "BinaryHeap" => json!([]),
        "BTreeMap" | "HashMap" => json!({}),
        _ => Value::Null,
    }
}

/// Whether every value of this shape holds another one of a type around it.
fn repeats(shape: &OwnedShape) -> bool {
    match shape {
        OwnedShape::Reference(name) => !name.starts_with("Option") && of_reference(name).is_null(),
        OwnedShape::Tuple(places) => places.iter().any(repeats),
        OwnedShape::Struct(fields) => fields.iter().any(|field| !field.optional && repeats(&field.shape)),
        OwnedShape::Enum(variants) => {
            !variants.is_empty() && variants.iter().all(|variant| repeats(&variant.shape))
        }
        OwnedShape::Scalar(_) | OwnedShape::Optional(_) | OwnedShape::List(_) | OwnedShape::Map(..) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sampled(text: &str) -> String {
        sample(&text.parse().unwrap()).to_string()
    }

    #[test]
    fn a_sample_has_everything_in_it() {
        assert_eq!(
            sampled("{cents:u64,reason?:string?,place:(f64,bool),tags:[string],by:map<u8,i8>,id:uuid}"),
            concat!(
                r#"{"by":{"1":1},"cents":1,"id":"00000000-0000-4000-8000-000000000001","place":[1.5,true],"#,
                r#""reason":"reason","tags":["tags"]}"#
            )
        );
        assert_eq!(sampled("enum{Nobody,At:u8}"), r#""Nobody""#);
        assert_eq!(sampled("enum{At:{x:u8}}"), r#"{"At":{"x":1}}"#);
    }

    #[test]
    fn a_sample_of_a_type_that_contains_itself_ends() {
        assert_eq!(sampled(r#"{n:u8,more:@"Vec<Node>"}"#), r#"{"more":[],"n":1}"#);
        assert_eq!(sampled(r#"{next:@"Option<Box<Node>>"}"#), r#"{"next":null}"#);
        assert_eq!(sampled(r#"{n:u8,next:@"Box<Node>"?}"#), r#"{"n":1,"next":null}"#);
        assert_eq!(
            sampled(r#"enum{Not:@"Box<Term>",Or:(@"Box<Term>",@"Box<Term>"),Is:bool}"#),
            r#"{"Is":true}"#
        );
    }
}
