/// Hands out one dependency of the handlers. `#[derive(Provide)]` writes this for every field of a struct.
#[diagnostic::on_unimplemented(
    message = "the application does not provide a `{T}`",
    label = "a handler needs `&{T}`, `{Self}` does not provide it",
    note = "add a field of type `{T}` to `{Self}`, which derives `Provide`; where this is `()`, the domain needs `deps: Deps`"
)]
pub trait Provide<T: ?Sized> {
    /// The dependency.
    fn provide(&self) -> &T;
}

/// A tuple of references that can be borrowed from `D`: implemented where `D` provides every one of them.
pub trait Supply<'d, D: ?Sized>: Sized {
    /// Borrows every dependency.
    fn supply(from: &'d D) -> Self;
}

impl<'d, D: ?Sized> Supply<'d, D> for () {
    fn supply(_: &'d D) -> Self {}
}

macro_rules! supply_tuples {
    ($($t:ident)+) => {
        impl<'d, Deps: ?Sized, $($t: ?Sized),+> Supply<'d, Deps> for ($(&'d $t,)+)
        where
            $(Deps: Provide<$t>),+
        {
            fn supply(from: &'d Deps) -> Self {
                ($(<Deps as Provide<$t>>::provide(from),)+)
            }
        }
    };
}

supply_tuples!(A);
supply_tuples!(A B);
supply_tuples!(A B C);
supply_tuples!(A B C D);
supply_tuples!(A B C D E);
supply_tuples!(A B C D E F);
supply_tuples!(A B C D E F G);
supply_tuples!(A B C D E F G H);
supply_tuples!(A B C D E F G H I);
supply_tuples!(A B C D E F G H I J);
supply_tuples!(A B C D E F G H I J K);
supply_tuples!(A B C D E F G H I J K L);
supply_tuples!(A B C D E F G H I J K L M);
supply_tuples!(A B C D E F G H I J K L M N);
supply_tuples!(A B C D E F G H I J K L M N O);
supply_tuples!(A B C D E F G H I J K L M N O P);
