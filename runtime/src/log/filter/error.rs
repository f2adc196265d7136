/// Why a filter cannot be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FilterError {
    /// Not a pattern with wildcards.
    #[error("`{pattern}` is not a pattern for names of events: {reason}")]
    Wildcard {
        /// What was given.
        pattern: String,
        /// What is wrong with it.
        reason: String,
    },
    /// Not a regular expression, or one that would take too much memory.
    #[error("`{pattern}` cannot be used as a regular expression: {reason}")]
    Regex {
        /// What was given.
        pattern: String,
        /// What is wrong with it.
        reason: String,
    },
    /// Not a JSON path.
    #[error("`{path}` is not a JSON path as in RFC 9535: {reason}")]
    JsonPath {
        /// What was given.
        path: String,
        /// What is wrong with it.
        reason: String,
    },
}
