use super::{Field, Shape, Variant};

/// A number that two shapes share only if they are the same, by FNV-1a over their parts.
///
/// It is the same on every machine and for every build, so it can be stored.
pub const fn fingerprint(shape: &Shape) -> u64 {
    hash_shape(FNV_OFFSET, shape)
}

const FNV_OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
const FNV_PRIME: u64 = 0x0000_0100_0000_01b3;

const fn hash_byte(hash: u64, byte: u8) -> u64 {
    (hash ^ byte as u64).wrapping_mul(FNV_PRIME)
}

/// Text with its length before it, so that `ab, c` differs from `a, bc`.
const fn hash_text(hash: u64, text: &str) -> u64 {
    let bytes = text.as_bytes();
    let mut hash = hash_length(hash, bytes.len());
    let mut i = 0;
    while i < bytes.len() {
        hash = hash_byte(hash, bytes[i]);
        i += 1;
    }
    hash
}

const fn hash_length(hash: u64, length: usize) -> u64 {
    let bytes = (length as u64).to_le_bytes();
    let mut hash = hash;
    let mut i = 0;
    while i < bytes.len() {
        hash = hash_byte(hash, bytes[i]);
        i += 1;
    }
    hash
}

/// Each form begins with a byte of its own.
const fn hash_shape(hash: u64, shape: &Shape) -> u64 {
    match shape {
        Shape::Scalar(name) => hash_text(hash_byte(hash, 1), name),
        Shape::Optional(inner) => hash_shape(hash_byte(hash, 2), inner),
        Shape::List(inner) => hash_shape(hash_byte(hash, 3), inner),
        Shape::Tuple(places) => {
            let mut hash = hash_length(hash_byte(hash, 4), places.len());
            let mut i = 0;
            while i < places.len() {
                hash = hash_shape(hash, places[i]);
                i += 1;
            }
            hash
        }
        Shape::Map(key, value) => hash_shape(hash_shape(hash_byte(hash, 5), key), value),
        Shape::Struct(fields) => hash_fields(hash_byte(hash, 6), fields),
        Shape::Enum(variants) => hash_variants(hash_byte(hash, 7), variants),
        Shape::Reference(name) => hash_text(hash_byte(hash, 8), name),
    }
}

const fn hash_fields(hash: u64, fields: &[Field]) -> u64 {
    let mut hash = hash_length(hash, fields.len());
    let mut i = 0;
    while i < fields.len() {
        hash = hash_byte(hash_text(hash, fields[i].name), fields[i].optional as u8);
        hash = hash_shape(hash, fields[i].shape);
        i += 1;
    }
    hash
}

const fn hash_variants(hash: u64, variants: &[Variant]) -> u64 {
    let mut hash = hash_length(hash, variants.len());
    let mut i = 0;
    while i < variants.len() {
        hash = hash_shape(hash_text(hash, variants[i].name), variants[i].shape);
        i += 1;
    }
    hash
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Schema;

    const NUMBER: &Shape = &Shape::Scalar("u64");

    const fn field(name: &'static str) -> Field {
        Field { name, shape: NUMBER, optional: false }
    }

    #[test]
    fn different_shapes_have_different_fingerprints() {
        let optional = Field { optional: true, ..field("a") };
        let shapes = [
            Shape::Scalar("u64"),
            Shape::Scalar("u32"),
            Shape::Reference("u64"),
            Shape::Optional(NUMBER),
            Shape::List(NUMBER),
            Shape::Tuple(&[NUMBER]),
            Shape::Tuple(&[NUMBER, NUMBER]),
            Shape::Tuple(&[]),
            Shape::Map(NUMBER, NUMBER),
            Shape::Struct(&[]),
            Shape::Struct(&[const { field("a") }]),
            Shape::Struct(Box::leak(Box::new([optional]))),
            Shape::Struct(&[const { field("ab") }, const { field("c") }]),
            Shape::Struct(&[const { field("a") }, const { field("bc") }]),
            Shape::Enum(&[]),
            Shape::Enum(&[Variant { name: "a", shape: NUMBER }]),
        ];
        let mut numbers: Vec<u64> = shapes.iter().map(fingerprint).collect();
        numbers.sort_unstable();
        numbers.dedup();
        assert_eq!(numbers.len(), shapes.len());
    }

    #[test]
    fn a_fingerprint_is_known_at_compile_time_and_stays_the_same() {
        const NUMBER: u64 = fingerprint(<Option<Vec<u64>> as Schema>::SHAPE);
        // Snapshots in databases carry these numbers: this one must never change.
        assert_eq!(NUMBER, 1_269_403_253_063_075_119);
    }
}
