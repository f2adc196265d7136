use std::{fmt, marker::PhantomData, ops::Bound};

use super::Index;
use crate::{
    domain::{IndexKey, Indexed},
    store,
};

/// What must hold for a document to be found. Made by the methods of an [`Index`].
pub struct Condition<P> {
    pub(super) condition: store::Condition,
    of: PhantomData<fn(&P)>,
}

/// In which order documents are found. Made by [`Index::ascending`] and [`Index::descending`].
pub struct Order<P> {
    pub(super) index: &'static str,
    pub(super) descending: bool,
    of: PhantomData<fn(&P)>,
}

/// A value that an index over `T` can be asked for: a `T` or a borrowed one, a `&str` for a `String`, and what is
/// inside of an `Option`.
#[diagnostic::on_unimplemented(
    message = "an index over `{T}` cannot be asked for a `{Self}`",
    label = "expected a `{T}`"
)]
pub trait ValueOf<T> {
    /// The bytes that stand for it.
    fn key(&self) -> IndexKey;
}

#[diagnostic::do_not_recommend]
impl<T: Indexed> ValueOf<T> for T {
    fn key(&self) -> IndexKey {
        Indexed::index_key(self)
    }
}

#[diagnostic::do_not_recommend]
impl<T: Indexed> ValueOf<T> for &T {
    fn key(&self) -> IndexKey {
        Indexed::index_key(*self)
    }
}

#[diagnostic::do_not_recommend]
impl<T: Indexed> ValueOf<Option<T>> for T {
    fn key(&self) -> IndexKey {
        Indexed::index_key(self)
    }
}

impl ValueOf<String> for &str {
    fn key(&self) -> IndexKey {
        Indexed::index_key(*self)
    }
}

impl ValueOf<Option<String>> for &str {
    fn key(&self) -> IndexKey {
        Indexed::index_key(*self)
    }
}

/// A text, which has a beginning.
#[diagnostic::on_unimplemented(
    message = "a `{Self}` is not a text",
    label = "not a `String` or `Option<String>`"
)]
pub trait Text {}

impl Text for String {}
impl Text for Option<String> {}

/// What stands for a value that is not there; everything else comes after it.
fn absent() -> IndexKey {
    None::<u64>.index_key()
}

impl<P, T> Index<P, T> {
    /// Exactly this value.
    pub fn eq(self, value: impl ValueOf<T>) -> Condition<P> {
        let key = value.key();
        self.within(Bound::Included(key.clone()), Bound::Included(key))
    }

    /// A smaller value, and not none.
    pub fn lt(self, value: impl ValueOf<T>) -> Condition<P> {
        self.within(Bound::Excluded(absent()), Bound::Excluded(value.key()))
    }

    /// This value or a smaller one, and not none.
    pub fn le(self, value: impl ValueOf<T>) -> Condition<P> {
        self.within(Bound::Excluded(absent()), Bound::Included(value.key()))
    }

    /// A greater value.
    pub fn gt(self, value: impl ValueOf<T>) -> Condition<P> {
        self.within(Bound::Excluded(value.key()), Bound::Unbounded)
    }

    /// This value or a greater one.
    pub fn ge(self, value: impl ValueOf<T>) -> Condition<P> {
        self.within(Bound::Included(value.key()), Bound::Unbounded)
    }

    /// One of these two values, or one between them.
    pub fn between(self, least: impl ValueOf<T>, greatest: impl ValueOf<T>) -> Condition<P> {
        self.within(Bound::Included(least.key()), Bound::Included(greatest.key()))
    }

    /// A text that begins like this; only the first 1,000 bytes count.
    pub fn starts_with(self, beginning: &str) -> Condition<P>
    where
        T: Text,
    {
        let least = IndexKey::beginning(beginning);
        let mut end = least.as_bytes().to_vec();
        // No byte of UTF-8 is the greatest one, nor is the first, which says that there is a value.
        if let Some(last) = end.last_mut() {
            *last += 1;
        }
        self.within(Bound::Included(least), Bound::Excluded(IndexKey::from_bytes(end)))
    }

    /// From the smallest value to the greatest.
    pub fn ascending(self) -> Order<P> {
        Order { index: self.name(), descending: false, of: PhantomData }
    }

    /// From the greatest value to the smallest.
    pub fn descending(self) -> Order<P> {
        Order { index: self.name(), descending: true, of: PhantomData }
    }

    fn within(self, least: Bound<IndexKey>, greatest: Bound<IndexKey>) -> Condition<P> {
        let condition = store::Condition { index: self.name(), range: (least, greatest) };
        Condition { condition, of: PhantomData }
    }
}

impl<P, T> Index<P, Option<T>> {
    /// No value.
    pub fn is_none(self) -> Condition<P> {
        self.within(Bound::Included(absent()), Bound::Included(absent()))
    }

    /// Some value.
    pub fn is_some(self) -> Condition<P> {
        self.within(Bound::Excluded(absent()), Bound::Unbounded)
    }
}

impl<P> fmt::Debug for Condition<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.condition.fmt(f)
    }
}

impl<P> fmt::Debug for Order<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Order").field("index", &self.index).field("descending", &self.descending).finish()
    }
}
