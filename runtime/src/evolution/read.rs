//! The text of a shape, read back.

use std::{iter::Peekable, str::CharIndices, str::FromStr};

use super::{OwnedField, OwnedShape, OwnedVariant, shape::UNIT};
use crate::domain::is_plain;

/// A text that is no shape.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("column {column}: {message}")]
#[non_exhaustive]
pub struct ShapeError {
    /// Where the mistake is: the number of the character, from 1.
    pub column: usize,
    /// What is wrong.
    pub message: String,
}

impl FromStr for OwnedShape {
    type Err = ShapeError;

    fn from_str(text: &str) -> Result<Self, ShapeError> {
        let mut reader = Reader::new(text);
        let shape = reader.shape(0)?;
        match reader.peek() {
            None => Ok(shape),
            Some(c) => Err(reader.error(format!("`{c}` stands behind the end of the shape"))),
        }
    }
}

/// Deeper shapes are refused: the JSON of one could not be read either.
const DEEPEST: usize = 127;

/// Reads a text from left to right.
pub(super) struct Reader<'t> {
    text: &'t str,
    rest: Peekable<CharIndices<'t>>,
}

impl<'t> Reader<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Self { text, rest: text.char_indices().peekable() }
    }

    pub(super) fn peek(&mut self) -> Option<char> {
        self.rest.peek().map(|(_, c)| *c)
    }

    /// How many bytes were read.
    pub(super) fn at(&mut self) -> usize {
        self.rest.peek().map_or(self.text.len(), |(at, _)| *at)
    }

    fn error(&mut self, message: impl Into<String>) -> ShapeError {
        let at = self.at();
        ShapeError { column: self.text[..at].chars().count() + 1, message: message.into() }
    }

    fn take(&mut self, wanted: char) -> bool {
        self.rest.next_if(|(_, c)| *c == wanted).is_some()
    }

    fn expect(&mut self, wanted: char) -> Result<(), ShapeError> {
        if self.take(wanted) {
            return Ok(());
        }
        let found = self.peek().map_or_else(|| "the text ends".to_owned(), |c| format!("`{c}` stands"));
        Err(self.error(format!("{found} where `{wanted}` is expected")))
    }

    /// A shape with all that stands behind it; `depth` shapes are around it.
    pub(super) fn shape(&mut self, depth: usize) -> Result<OwnedShape, ShapeError> {
        if depth > DEEPEST {
            return Err(self.error(format!("shapes are nested at most {DEEPEST} deep")));
        }
        let mut shape = match self.peek() {
            Some('[') => {
                self.expect('[')?;
                let inner = self.shape(depth + 1)?;
                self.expect(']')?;
                OwnedShape::List(Box::new(inner))
            }
            Some('(') => OwnedShape::Tuple(self.listed('(', ')', |reader| reader.shape(depth + 1))?),
            Some('{') => OwnedShape::Struct(self.listed('{', '}', |reader| reader.field(depth + 1))?),
            Some('@') => {
                self.expect('@')?;
                OwnedShape::Reference(self.name()?)
            }
            Some('"') => OwnedShape::Scalar(self.quoted()?),
            _ => self.word(depth)?,
        };
        let mut marks = depth;
        while self.take('?') {
            marks += 1;
            if marks > DEEPEST {
                return Err(self.error(format!("shapes are nested at most {DEEPEST} deep")));
            }
            shape = OwnedShape::Optional(Box::new(shape));
        }
        Ok(shape)
    }

    /// What begins with a word: an enum, a map, or a scalar.
    fn word(&mut self, depth: usize) -> Result<OwnedShape, ShapeError> {
        let word = self.name()?;
        Ok(match (word.as_str(), self.peek()) {
            ("enum", Some('{')) => {
                OwnedShape::Enum(self.listed('{', '}', |reader| reader.variant(depth + 1))?)
            }
            ("map", Some('<')) => {
                self.expect('<')?;
                let key = self.shape(depth + 1)?;
                self.expect(',')?;
                let value = self.shape(depth + 1)?;
                self.expect('>')?;
                OwnedShape::Map(Box::new(key), Box::new(value))
            }
            _ => OwnedShape::Scalar(word),
        })
    }

    fn field(&mut self, depth: usize) -> Result<OwnedField, ShapeError> {
        let name = self.name()?;
        let optional = self.take('?');
        self.expect(':')?;
        Ok(OwnedField { name, optional, shape: self.shape(depth)? })
    }

    fn variant(&mut self, depth: usize) -> Result<OwnedVariant, ShapeError> {
        let name = self.name()?;
        let shape = if self.take(':') { self.shape(depth)? } else { OwnedShape::Scalar(UNIT.to_owned()) };
        Ok(OwnedVariant { name, shape })
    }

    /// Items between an opening and a closing sign, divided by commas.
    fn listed<T>(
        &mut self,
        open: char,
        close: char,
        mut item: impl FnMut(&mut Self) -> Result<T, ShapeError>,
    ) -> Result<Vec<T>, ShapeError> {
        self.expect(open)?;
        let mut items = Vec::new();
        if self.take(close) {
            return Ok(items);
        }
        loop {
            items.push(item(self)?);
            if self.take(close) {
                return Ok(items);
            }
            if !self.take(',') {
                let found = self.peek().map_or_else(|| "the text ends".into(), |c| format!("`{c}` stands"));
                return Err(self.error(format!("{found} where `,` or `{close}` is expected")));
            }
        }
    }

    fn name(&mut self) -> Result<String, ShapeError> {
        if self.peek() == Some('"') {
            return self.quoted();
        }
        let mut name = String::new();
        while let Some((_, c)) = self.rest.next_if(|(_, c)| is_plain(*c)) {
            name.push(c);
        }
        match (name.is_empty(), self.peek()) {
            (false, _) => Ok(name),
            (true, Some(c)) => Err(self.error(format!("`{c}` stands where a name is expected"))),
            (true, None) => Err(self.error("the text ends where a name is expected")),
        }
    }

    /// A text in quotes, with the escapes of Rust.
    fn quoted(&mut self) -> Result<String, ShapeError> {
        self.expect('"')?;
        let mut text = String::new();
        loop {
            match self.rest.next() {
                Some((_, '"')) => return Ok(text),
                Some((_, '\\')) => text.push(self.escaped()?),
                Some((_, c)) => text.push(c),
                None => return Err(self.error("the text ends within quotes")),
            }
        }
    }

    fn escaped(&mut self) -> Result<char, ShapeError> {
        Ok(match self.rest.next().map(|(_, c)| c) {
            Some('n') => '\n',
            Some('r') => '\r',
            Some('t') => '\t',
            Some('0') => '\0',
            Some(c @ ('\\' | '"' | '\'')) => c,
            Some('u') => {
                self.expect('{')?;
                let mut digits = String::new();
                while let Some((_, c)) = self.rest.next_if(|(_, c)| c.is_ascii_hexdigit()) {
                    digits.push(c);
                }
                self.expect('}')?;
                let found = u32::from_str_radix(&digits, 16).ok().and_then(char::from_u32);
                found.ok_or_else(|| self.error(format!("`\\u{{{digits}}}` is no character")))?
            }
            _ => return Err(self.error("this is no escape: they are \\n \\r \\t \\0 \\\\ \\\" and \\u{..}")),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers that look as if they were thrown, the same in every run.
    struct Dice(u64);

    impl Dice {
        fn roll(&mut self, bound: u64) -> u64 {
            self.0 ^= self.0 >> 12;
            self.0 ^= self.0 << 25;
            self.0 ^= self.0 >> 27;
            (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 32) % bound
        }

        fn name(&mut self) -> String {
            const SIGNS: [char; 24] = [
                'a', 'z', '_', '-', '0', 'ä', '漢', ' ', ':', ',', '?', '{', '}', '<', '>', '@', '"', '\\',
                '\'', '\n', '\t', '\u{0}', '\u{1b}', '\u{301}',
            ];
            let words = ["enum", "map", "unit", "u64", "", "owner"];
            if self.roll(2) == 0 {
                return words[self.roll(words.len() as u64) as usize].to_owned();
            }
            (0..self.roll(6)).map(|_| SIGNS[self.roll(SIGNS.len() as u64) as usize]).collect()
        }

        fn shape(&mut self, depth: u64) -> OwnedShape {
            let forms = if depth == 0 { 2 } else { 8 };
            let some = |dice: &mut Self| dice.roll(4);
            match self.roll(forms) {
                0 => OwnedShape::Scalar(self.name()),
                1 => OwnedShape::Reference(self.name()),
                2 => OwnedShape::Optional(Box::new(self.shape(depth - 1))),
                3 => OwnedShape::List(Box::new(self.shape(depth - 1))),
                4 => OwnedShape::Tuple((0..some(self)).map(|_| self.shape(depth - 1)).collect()),
                5 => OwnedShape::Map(Box::new(self.shape(depth - 1)), Box::new(self.shape(depth - 1))),
                6 => {
                    let fields = (0..some(self)).map(|_| OwnedField {
                        name: self.name(),
                        shape: self.shape(depth - 1),
                        optional: self.roll(2) == 0,
                    });
                    OwnedShape::Struct(fields.collect())
                }
                _ => {
                    let variants = (0..some(self))
                        .map(|_| OwnedVariant { name: self.name(), shape: self.shape(depth - 1) });
                    OwnedShape::Enum(variants.collect())
                }
            }
        }
    }

    #[test]
    fn whatever_is_printed_reads_back() {
        let mut dice = Dice(0x9E37_79B9_7F4A_7C15);
        for _ in 0..20_000 {
            let depth = dice.roll(5);
            let shape = dice.shape(depth);
            let text = shape.to_string();
            assert_eq!(text.parse(), Ok(shape), "{text}");
        }
    }

    /// The same shape, made to last, as the code would know it.
    fn known(shape: &OwnedShape) -> crate::domain::Shape {
        use crate::domain::{Field, Shape, Variant};
        fn kept<T>(value: T) -> &'static T {
            Box::leak(Box::new(value))
        }
        let text = |text: &String| -> &'static str { String::leak(text.clone()) };
        match shape {
            OwnedShape::Scalar(name) => Shape::Scalar(text(name)),
            OwnedShape::Optional(inner) => Shape::Optional(kept(known(inner))),
            OwnedShape::List(inner) => Shape::List(kept(known(inner))),
            OwnedShape::Tuple(places) => {
                Shape::Tuple(Vec::leak(places.iter().map(|place| kept(known(place))).collect()))
            }
            OwnedShape::Map(key, value) => Shape::Map(kept(known(key)), kept(known(value))),
            OwnedShape::Struct(fields) => Shape::Struct(Vec::leak(
                fields
                    .iter()
                    .map(|field| Field {
                        name: text(&field.name),
                        shape: kept(known(&field.shape)),
                        optional: field.optional,
                    })
                    .collect(),
            )),
            OwnedShape::Enum(variants) => Shape::Enum(Vec::leak(
                variants
                    .iter()
                    .map(|variant| Variant { name: text(&variant.name), shape: kept(known(&variant.shape)) })
                    .collect(),
            )),
            OwnedShape::Reference(name) => Shape::Reference(text(name)),
        }
    }

    #[test]
    fn what_the_code_prints_is_what_is_read() {
        let mut dice = Dice(77);
        for _ in 0..500 {
            let owned = dice.shape(3);
            let shape = known(&owned);
            assert_eq!(OwnedShape::from(&shape), owned);
            assert_eq!(shape.to_string(), owned.to_string());
            assert_eq!(shape.to_string().parse(), Ok(owned));
        }
    }

    #[test]
    fn a_mistake_is_told_with_its_place() {
        for (text, column, part) in [
            ("", 1, "ends where a name"),
            ("{cents:u64", 11, "`,` or `}`"),
            ("{cents}", 7, "where `:`"),
            ("{cents:u64}x", 12, "behind the end"),
            ("[u8", 4, "where `]`"),
            ("map<string>", 11, "where `,`"),
            ("{ä,b:u8}", 3, "where `:`"),
            ("\"a", 3, "within quotes"),
            ("\"\\q\"", 4, "no escape"),
            ("\"\\u{110000}\"", 12, "no character"),
            ("{a:u8,}", 7, "where a name"),
        ] {
            let error = text.parse::<OwnedShape>().unwrap_err();
            assert_eq!(error.column, column, "{text}: {error}");
            assert!(error.message.contains(part), "{text}: {error}");
        }
    }

    #[test]
    fn what_is_nested_too_deep_is_refused_and_nothing_overflows() {
        let deep = |n: usize| format!("{}u8{}", "[".repeat(n), "]".repeat(n));
        assert!(deep(DEEPEST).parse::<OwnedShape>().is_ok());
        assert!(deep(DEEPEST + 1).parse::<OwnedShape>().is_err());
        assert!(deep(1_000_000).parse::<OwnedShape>().is_err());
        assert!(format!("u8{}", "?".repeat(1_000_000)).parse::<OwnedShape>().is_err());
    }
}
