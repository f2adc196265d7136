use std::{fmt, marker::PhantomData};

/// An index of a projection, over values of type `T`. `#[index]` on a field of a document defines one as a constant:
/// `Balance::OWNER`.
pub struct Index<P, T: ?Sized> {
    name: &'static str,
    of: PhantomData<fn(&P, &T)>,
}

impl<P, T: ?Sized> Index<P, T> {
    /// The index of this name.
    pub const fn new(name: &'static str) -> Self {
        Self { name, of: PhantomData }
    }

    /// Its name, as in [`Projection::INDEXES`](crate::domain::Projection::INDEXES).
    pub const fn name(&self) -> &'static str {
        self.name
    }
}

impl<P, T: ?Sized> Clone for Index<P, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<P, T: ?Sized> Copy for Index<P, T> {}

impl<P, T: ?Sized> fmt::Debug for Index<P, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Index").field(&self.name).finish()
    }
}
