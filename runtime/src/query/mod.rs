//! Questions to projections.
//!
//! A query is answered by a handler with a [`Reader`], which reads the documents of projections and, where the caller
//! asks for it, waits until they have come as far as a position of the log.

mod ask;
mod condition;
mod cursor;
mod error;
mod find;
mod index;
mod question;
mod reader;
mod source;

pub use ask::Ask;
pub(crate) use ask::answer;
pub use condition::{Condition, Order, Text, ValueOf};
pub use cursor::{Cursor, CursorError};
pub use error::{QueryError, ReadError};
pub use find::{FindDocuments, FoundPage};
pub use index::Index;
pub use question::{Query, QueryHandlers, QueryInfo, ReadIn};
pub use reader::Reader;
pub(crate) use source::Source;
