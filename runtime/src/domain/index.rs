use uuid::Uuid;

use super::{Id, Timestamp};

/// A value in the form in which indexes keep it: bytes whose order is that of the values.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IndexKey(Vec<u8>);

impl IndexKey {
    /// The first key of the texts that begin like this, as far as keys of texts go.
    pub(crate) fn beginning(text: &str) -> Self {
        let bytes = text.as_bytes();
        key(&bytes[..bytes.len().min(LONGEST)])
    }

    /// A key that a store has kept.
    pub fn from_bytes(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// The bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

/// A value that documents can be found and ordered by: numbers, texts, truth values, times, ids, and `Option` of
/// these, whose `None` comes before everything else.
///
/// ```
/// use gesta::domain::Indexed;
///
/// assert!((-5_i64).index_key() < 3_i64.index_key());
/// assert!("ann".to_owned().index_key() < "bob".to_owned().index_key());
/// assert!(None::<u64>.index_key() < Some(0_u64).index_key());
/// ```
#[diagnostic::on_unimplemented(
    message = "documents cannot be found by a `{Self}`",
    label = "not a number, text, truth value, time, id or `Option` of these"
)]
pub trait Indexed {
    /// The bytes that stand for the value.
    fn index_key(&self) -> IndexKey;
}

/// Before everything that is there.
const ABSENT: u8 = 0;
const PRESENT: u8 = 1;

fn key(bytes: &[u8]) -> IndexKey {
    IndexKey([&[PRESENT], bytes].concat())
}

macro_rules! unsigned {
    ($($ty:ty),+) => {
        $(impl Indexed for $ty {
            fn index_key(&self) -> IndexKey {
                key(&u64::from(*self).to_be_bytes())
            }
        })+
    };
}

macro_rules! signed {
    ($($ty:ty),+) => {
        $(impl Indexed for $ty {
            fn index_key(&self) -> IndexKey {
                // With the sign turned round, negative numbers come first.
                key(&(i64::from(*self).cast_unsigned() ^ (1 << 63)).to_be_bytes())
            }
        })+
    };
}

unsigned!(u8, u16, u32, u64);
signed!(i8, i16, i32, i64);

impl Indexed for bool {
    fn index_key(&self) -> IndexKey {
        key(&[u8::from(*self)])
    }
}

impl Indexed for f64 {
    /// In the order of [`f64::total_cmp`].
    fn index_key(&self) -> IndexKey {
        let bits = self.to_bits();
        let ordered = if bits >> 63 == 0 { bits | (1 << 63) } else { !bits };
        key(&ordered.to_be_bytes())
    }
}

/// How many bytes of a text an index keeps. A page of an index in a database holds few keys that are longer, or none.
const LONGEST: usize = 1_000;

impl Indexed for str {
    /// Of a text of more than 1,000 bytes the beginning decides about the order; equal texts, and only they, have equal
    /// keys.
    fn index_key(&self) -> IndexKey {
        match self.as_bytes() {
            whole if whole.len() <= LONGEST => key(whole),
            whole => key(&[&whole[..LONGEST], Uuid::new_v5(&Uuid::NAMESPACE_OID, whole).as_bytes()].concat()),
        }
    }
}

impl Indexed for String {
    fn index_key(&self) -> IndexKey {
        self.as_str().index_key()
    }
}

impl Indexed for Uuid {
    fn index_key(&self) -> IndexKey {
        key(self.as_bytes())
    }
}

impl Indexed for Timestamp {
    fn index_key(&self) -> IndexKey {
        self.as_micros().index_key()
    }
}

impl<T: Indexed> Indexed for Option<T> {
    fn index_key(&self) -> IndexKey {
        self.as_ref().map_or_else(|| IndexKey(vec![ABSENT]), Indexed::index_key)
    }
}

impl<I: Id> Indexed for I {
    /// In the order of the texts.
    fn index_key(&self) -> IndexKey {
        self.to_string().index_key()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_of_the_bytes_is_that_of_the_values() {
        fn sorted<T: Indexed>(values: &[T]) {
            for pair in values.windows(2) {
                assert!(pair[0].index_key() < pair[1].index_key());
            }
        }
        sorted(&[0_u64, 1, 255, 256, u64::MAX]);
        sorted(&[i64::MIN, -256, -1, 0, 1, i64::MAX]);
        sorted(&[f64::NEG_INFINITY, -1.5, -0.0, 0.0, 1e-9, 2.0, f64::INFINITY]);
        sorted(&["", "a", "ab", "b"].map(str::to_owned));
        sorted(&[None, Some(false), Some(true)]);
        sorted(&[Timestamp::from_micros(-1), Timestamp::from_micros(0)]);
    }

    #[test]
    fn long_texts_have_short_keys_that_tell_them_apart() {
        let (long, longer) = ("a".repeat(5_000), "a".repeat(5_001));
        assert_ne!(long.index_key(), longer.index_key());
        assert_eq!(long.index_key(), long.clone().index_key());
        assert!(long.index_key().as_bytes().len() < 1_100);
        assert!(long.index_key() < "b".index_key());
    }
}
