use super::Route;

/// How a state is changed by the events of one type.
///
/// `#[apply(AccountEvent)]` on an impl block writes this from one method per variant; written by hand it is
/// one `match`. It must not fail, do I/O or read a clock: replaying the same events must give the same state.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not say how `{E}` changes it",
    label = "no `impl Evolve<{E}> for {Self}`",
    note = "write `#[apply({E})] impl {Self} {{ .. }}` with one method per variant"
)]
pub trait Evolve<E> {
    /// The variants that do not matter to a projection, as they are called in the source.
    const IGNORES: &'static [&'static str] = &[];
    /// The variants that end a document, as they are called in the source.
    const DELETES: &'static [&'static str] = &[];
    /// The field that names the document of a projection; none where the id of the stream does.
    const BY: Option<&'static str> = None;

    /// Changes the state by one event.
    fn evolve(&mut self, event: &E);

    /// Which documents of a projection an event changes. An aggregate is never asked: its state changes by the events
    /// of its own stream.
    #[must_use]
    fn route(_event: &E) -> Route {
        Route::Stream
    }

    /// Whether an event deletes the document of a projection, after it has changed it. An aggregate is never asked.
    #[must_use]
    fn deletes(_event: &E) -> bool {
        false
    }
}
