//! Which scalars can be read as which.

/// Whether every JSON value that is written as the scalar `from` can be read as the scalar `to`, and means the same.
pub(super) fn scalar_reads(from: &str, to: &str) -> bool {
    if from == to || (to == "any" && from != "unit") {
        return true;
    }
    match (number(from), number(to)) {
        (Some(from), Some(to)) => from.fits(to),
        (None, None) => matches!((from, to), ("char" | "uuid", "string")),
        _ => false,
    }
}

/// The numbers that a scalar can hold.
#[derive(Clone, Copy)]
enum Number {
    Unsigned(u32),
    Signed(u32),
    /// With this many digits of two that are exact.
    Float(u32),
}

fn number(name: &str) -> Option<Number> {
    match name {
        "f32" => return Some(Number::Float(24)),
        "f64" => return Some(Number::Float(53)),
        _ => {}
    }
    let (kind, bits) = name.split_at_checked(1)?;
    match (kind, bits) {
        ("u", "8" | "16" | "32" | "64" | "128") => Some(Number::Unsigned(bits.parse().ok()?)),
        ("i", "8" | "16" | "32" | "64" | "128") => Some(Number::Signed(bits.parse().ok()?)),
        _ => None,
    }
}

impl Number {
    fn fits(self, to: Self) -> bool {
        match (self, to) {
            (Self::Unsigned(from), Self::Unsigned(to))
            | (Self::Signed(from), Self::Signed(to))
            | (Self::Float(from), Self::Float(to))
            | (Self::Unsigned(from), Self::Float(to)) => from <= to,
            (Self::Unsigned(from), Self::Signed(to)) => from < to,
            // One bit is the sign, which a float has beside its digits.
            (Self::Signed(from), Self::Float(to)) => from - 1 <= to,
            (Self::Signed(_), Self::Unsigned(_)) | (Self::Float(_), _) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_may_grow_and_not_shrink() {
        for (from, to) in [
            ("u8", "u16"),
            ("u32", "i64"),
            ("i8", "i128"),
            ("u32", "f64"),
            ("i32", "f64"),
            ("f32", "f64"),
            ("u64", "any"),
            ("uuid", "string"),
            ("char", "string"),
        ] {
            assert!(scalar_reads(from, to), "{from} as {to}");
            assert!(!scalar_reads(to, from), "{to} as {from}");
        }
        for (a, b) in [("u64", "i64"), ("u64", "f64"), ("string", "u8"), ("bool", "u8"), ("null", "unit")] {
            assert!(!scalar_reads(a, b) && !scalar_reads(b, a), "{a} and {b}");
        }
    }
}
