//! What `#[query_handler]` calls.

/// What a query handler returns.
#[diagnostic::on_unimplemented(
    message = "a query handler cannot return `{Self}`",
    label = "expected `Result<Answer, ReadError>`",
    note = "an error of your own that is `From<ReadError>` does as well"
)]
pub trait Answered {
    /// What is answered.
    type Answer;
    /// Why there is no answer.
    type Error;
    /// This, as a result.
    fn answered(self) -> Result<Self::Answer, Self::Error>;
}

impl<T, E> Answered for Result<T, E> {
    type Answer = T;
    type Error = E;
    fn answered(self) -> Self {
        self
    }
}
