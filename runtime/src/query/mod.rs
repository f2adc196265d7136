//! Questions to projections.
//!
//! A query is answered by a handler with a [`Reader`], which reads the documents of projections and, where the caller
//! asks for it, waits until they have come as far as a position of the log.

mod error;
mod index;
mod question;
mod reader;

pub use error::{QueryError, ReadError};
pub use index::Index;
pub use question::{Query, QueryHandlers, ReadIn};
pub use reader::Reader;
