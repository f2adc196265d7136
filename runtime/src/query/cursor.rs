use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::domain::IndexKey;

/// Where a page of documents ends, and the next one begins. As a text it can be given to others and taken back; what
/// is in it is nobody's business.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// The index that orders the pages; empty for the key.
    pub(super) order: String,
    pub(super) descending: bool,
    pub(super) place: IndexKey,
    pub(super) key: String,
}

/// A text that is no cursor.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this is not a cursor that `page()` has returned: begin with the first page")]
pub struct CursorError;

/// The form of the text, should there be another one some day.
const FORM: &str = "1";

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let way = if self.descending { "d" } else { "a" };
        write!(f, "{FORM}{way}")?;
        for part in [self.order.as_bytes(), self.place.as_bytes(), self.key.as_bytes()] {
            f.write_str("-")?;
            part.iter().try_for_each(|byte| write!(f, "{byte:02x}"))?;
        }
        Ok(())
    }
}

impl FromStr for Cursor {
    type Err = CursorError;

    fn from_str(text: &str) -> Result<Self, CursorError> {
        let mut parts = text.split('-');
        let descending = match parts.next().and_then(|head| head.strip_prefix(FORM)) {
            Some("a") => false,
            Some("d") => true,
            _ => return Err(CursorError),
        };
        let mut bytes = || parts.next().and_then(unhex).ok_or(CursorError);
        let (order, place, key) = (bytes()?, bytes()?, bytes()?);
        let text = |bytes| String::from_utf8(bytes).map_err(|_| CursorError);
        match parts.next() {
            None => Ok(Self {
                order: text(order)?,
                descending,
                place: IndexKey::from_bytes(place),
                key: text(key)?,
            }),
            Some(_) => Err(CursorError),
        }
    }
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let pairs = text.as_bytes().chunks(2);
    pairs.map(|pair| Some(digit(*pair.first()?)? << 4 | digit(*pair.get(1)?)?)).collect()
}

impl Serialize for Cursor {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Cursor {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Indexed;

    #[test]
    fn a_cursor_survives_as_a_text() {
        for (order, descending) in [("", false), ("owner", true)] {
            let place = "Ann-ä".index_key();
            let cursor = Cursor { order: order.into(), descending, place, key: "-a b\0".into() };
            assert_eq!(cursor.to_string().parse(), Ok(cursor.clone()));
            let json = serde_json::to_string(&cursor).unwrap();
            assert_eq!(serde_json::from_str::<Cursor>(&json).unwrap(), cursor);
        }
    }

    #[test]
    fn anything_else_is_refused() {
        for text in ["", "1a", "1a--", "1b---", "1a----", "1a--0-", "1a--0g-", "1a-ff--", "2a---"] {
            assert_eq!(text.parse::<Cursor>(), Err(CursorError), "{text}");
        }
    }
}
