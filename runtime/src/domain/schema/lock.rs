//! What generated code asks, at compile time, of the shapes that are recorded in `gesta.lock`.

use super::{Field, Shape, Variant};
use crate::domain::const_text::{Text, equal};

/// The name of the scalar that stands for a shape which another error says is not known.
pub const UNKNOWN: &str = "unknown";

/// Refuses, in a `const`, a shape that is no longer what was recorded.
///
/// `what` is what was recorded, such as `` `account.opened` v1 ``, and `locked` its shape as the file has it.
///
/// # Panics
/// If the shape is another one. The text tells both, and `help`.
#[track_caller]
pub const fn check_locked(what: &str, locked: &str, now: &Shape, help: &str) {
    if !is_locked(locked, now) {
        refuse(what, locked, now, help)
    }
}

/// The same for the data of a saga, which need not have a shape that is known.
///
/// # Panics
/// If the shape is another one. The text tells both, and `help`.
#[track_caller]
pub const fn check_locked_data(what: &str, locked: &str, now: Option<&Shape>, help: &str) {
    if let Some(now) = now {
        check_locked(what, locked, now, help)
    }
}

/// Whether this is how the shape is printed. Says yes where a part of the shape is not known.
const fn is_locked(locked: &str, now: &Shape) -> bool {
    let mut out = Out { expected: locked.as_bytes(), at: 0, same: true, known: true, text: None };
    out.shape(now);
    !out.known || (out.same && out.at == out.expected.len())
}

// A panic is how a constant is refused.
#[allow(clippy::panic)]
#[track_caller]
const fn refuse(what: &str, locked: &str, now: &Shape, help: &str) -> ! {
    let mut text = Text::<8192>::new()
        .push("the stored shape of ")
        .push(what)
        .push(" changed, but some of that version may already be in a database")
        .push("\n  locked: ")
        .push(locked)
        .push("\n     now: ");
    Out { expected: &[], at: 0, same: false, known: true, text: Some(&mut text) }.shape(now);
    let text = text.push("\n  help: ").push(help);
    panic!("{}", text.as_str())
}

/// Prints a shape as its `Display` does, into a text, or against an expected one.
struct Out<'a> {
    expected: &'a [u8],
    at: usize,
    same: bool,
    known: bool,
    text: Option<&'a mut Text<8192>>,
}

impl Out<'_> {
    const fn push(&mut self, text: &str) {
        if let Some(out) = &mut self.text {
            out.append(text);
            return;
        }
        let text = text.as_bytes();
        if !self.same || self.expected.len() - self.at < text.len() {
            self.same = false;
            return;
        }
        let mut i = 0;
        while i < text.len() {
            if self.expected[self.at + i] != text[i] {
                self.same = false;
                return;
            }
            i += 1;
        }
        self.at += text.len();
    }

    const fn shape(&mut self, shape: &Shape) {
        match shape {
            Shape::Scalar(name) => {
                self.known = self.known && !equal(name, UNKNOWN);
                self.push(name);
            }
            Shape::Optional(inner) => {
                self.shape(inner);
                self.push("?");
            }
            Shape::List(inner) => self.wrapped("[", inner, "]"),
            Shape::Tuple(places) => self.places(places),
            Shape::Map(key, value) => {
                self.wrapped("map<", key, ",");
                self.wrapped("", value, ">");
            }
            Shape::Struct(fields) => self.fields(fields),
            Shape::Enum(variants) => self.variants(variants),
            Shape::Reference(name) => {
                self.push("@");
                self.name(name);
            }
        }
    }

    const fn wrapped(&mut self, before: &str, inner: &Shape, after: &str) {
        self.push(before);
        self.shape(inner);
        self.push(after);
    }

    const fn places(&mut self, places: &[&Shape]) {
        let mut i = 0;
        while i < places.len() {
            self.wrapped(if i == 0 { "(" } else { "," }, places[i], "");
            i += 1;
        }
        self.push(if i == 0 { "()" } else { ")" });
    }

    const fn fields(&mut self, fields: &[Field]) {
        let mut i = 0;
        while i < fields.len() {
            let field = &fields[i];
            self.push(if i == 0 { "{" } else { "," });
            self.name(field.name);
            self.wrapped(if field.optional { "?:" } else { ":" }, field.shape, "");
            i += 1;
        }
        self.push(if i == 0 { "{}" } else { "}" });
    }

    const fn variants(&mut self, variants: &[Variant]) {
        let mut i = 0;
        while i < variants.len() {
            let variant = &variants[i];
            self.push(if i == 0 { "enum{" } else { "," });
            self.name(variant.name);
            match variant.shape {
                Shape::Scalar(unit) if equal(unit, "unit") => {}
                shape => self.wrapped(":", shape, ""),
            }
            i += 1;
        }
        self.push(if i == 0 { "enum{}" } else { "}" });
    }

    /// A name as it is if it is a plain word, else in quotes.
    const fn name(&mut self, name: &str) {
        if super::print::is_plain_name(name) {
            self.push(name);
            return;
        }
        self.push("\"");
        let bytes = name.as_bytes();
        let (mut from, mut i) = (0, 0);
        while i < bytes.len() {
            if let Some(escaped) = super::print::escaped(bytes[i]) {
                self.push(between(name, from, i));
                self.push(escaped);
                from = i + 1;
            }
            i += 1;
        }
        self.push(between(name, from, i));
        self.push("\"");
    }
}

/// `&text[from..to]`, which constants do not have. Both lie beside characters of one byte.
const fn between(text: &str, from: usize, to: usize) -> &str {
    let (head, _) = text.split_at(to);
    let (_, middle) = head.split_at(from);
    middle
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeMap, panic::catch_unwind, time::Duration};

    use super::*;
    use crate::domain::{Meta, Receipt, Schema};

    const STRANGE: &Shape = &Shape::Struct(&[
        Field { name: "a:b", shape: <Option<u8>>::SHAPE, optional: true },
        Field { name: "say \"\\\n\t\u{1}ä\"", shape: <()>::SHAPE, optional: false },
        Field { name: "", shape: &Shape::Reference("Tree<Node>"), optional: false },
        Field { name: "straße", shape: &Shape::Reference("Node"), optional: false },
    ]);

    const CHOICE: &Shape = &Shape::Enum(&[
        Variant { name: "None", shape: &Shape::Scalar("unit") },
        Variant { name: "Some", shape: STRANGE },
        Variant { name: "Two", shape: <(u8, [bool; 2])>::SHAPE },
    ]);

    #[test]
    fn constants_print_shapes_as_everybody_does() {
        let shapes = [
            STRANGE,
            CHOICE,
            Meta::SHAPE,
            Receipt::SHAPE,
            Duration::SHAPE,
            <Vec<BTreeMap<String, Option<Vec<u8>>>>>::SHAPE,
            &Shape::Struct(&[]),
            &Shape::Enum(&[]),
            &Shape::Tuple(&[]),
        ];
        for (i, shape) in shapes.into_iter().enumerate() {
            let mut text = Text::new();
            Out { expected: &[], at: 0, same: false, known: true, text: Some(&mut text) }.shape(shape);
            assert_eq!(text.as_str(), shape.to_string());
            for (j, other) in shapes.into_iter().enumerate() {
                assert_eq!(is_locked(&shape.to_string(), other), i == j, "{shape} and {other}");
            }
            assert!(!is_locked(&format!("{shape},"), shape) && !is_locked("", shape));
        }
    }

    #[test]
    fn what_is_not_known_is_not_compared() {
        assert!(is_locked("{cents:u64}", &Shape::List(&Shape::Scalar(UNKNOWN))));
    }

    #[test]
    fn both_shapes_are_told() {
        let change = || check_locked("`account.opened` v1", "{cents:u64}", CHOICE, "undo the change");
        let panic = catch_unwind(change).unwrap_err();
        assert_eq!(
            *panic.downcast_ref::<String>().unwrap(),
            format!(
                "the stored shape of `account.opened` v1 changed, but some of that version may already be in a \
                 database\n  locked: {{cents:u64}}\n     now: {CHOICE}\n  help: undo the change"
            )
        );
    }
}
