use std::{
    collections::HashSet,
    fmt,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use tokio::time::Instant;

use super::{FindDocuments, ReadError, source::Source};
use crate::{
    domain::{Position, Projection},
    store::{Document, StoreError, generation_name},
};

use super::source::Open;

/// Reads the documents of projections.
///
/// A query handler is given one; [`App::reader`](crate::App::reader) gives one as well. It reads the generation of the
/// documents that this program's version of the projection has made, once that is ready, and until then the one that
/// is live. Nothing is kept: every call reads the store.
#[derive(Clone)]
pub struct Reader {
    source: Arc<Source>,
    call: Option<Arc<Call>>,
}

/// One query that wants to see what has happened up to a position.
#[derive(Debug)]
struct Call {
    after: Position,
    deadline: Instant,
    /// The projections that have come so far.
    reached: Mutex<HashSet<Arc<str>>>,
    behind: AtomicBool,
}

/// How often it is looked whether another generation is to be read by now.
const LOOK: Duration = Duration::from_millis(100);

impl Reader {
    pub(crate) fn new(source: Arc<Source>) -> Self {
        Self { source, call: None }
    }

    /// Before the first reading of a projection, it waits until that has come so far.
    pub(crate) fn after(mut self, position: Position, deadline: Instant) -> Self {
        let (reached, behind) = (Mutex::default(), AtomicBool::new(false));
        self.call = Some(Arc::new(Call { after: position, deadline, reached, behind }));
        self
    }

    /// Whether something that was read had not come far enough.
    pub(crate) fn was_behind(&self) -> bool {
        self.call.as_ref().is_some_and(|call| call.behind.load(Ordering::Acquire))
    }

    /// The document with this key; `None` if there is none.
    ///
    /// # Errors
    /// [`ReadError::NotKept`] when the store has never kept documents of the projection, [`ReadError::Behind`] when the
    /// query asks for a position that the projection does not come to in time, [`ReadError::Undecodable`] when the document is not one of this program's version of the projection,
    /// [`ReadError::Store`].
    pub async fn get<P: Projection>(&self, key: &P::Key) -> Result<Option<P>, ReadError> {
        Ok(self.get_many::<P>([key]).await?.pop().flatten())
    }

    /// The documents with these keys, in their order.
    ///
    /// # Errors
    /// As [`Reader::get`].
    pub async fn get_many<'k, P: Projection>(
        &self,
        keys: impl IntoIterator<Item = &'k P::Key>,
    ) -> Result<Vec<Option<P>>, ReadError> {
        let keys: Vec<String> = keys.into_iter().map(P::Key::to_string).collect();
        let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
        let collection = self.collection::<P>().await?;
        let found = self.store()?.documents()?.load_documents(&collection, &keys).await?;
        found.into_iter().map(|document| document.map_or(Ok(None), decoded)).collect()
    }

    /// Documents by the values of their indexes.
    ///
    /// ```
    /// # use gesta::{domain::Projection, query::{Index, Reader, ReadError}};
    /// # async fn rich<Balance: Projection>(reader: &Reader, cents: Index<Balance, u64>) -> Result<(), ReadError> {
    /// // `cents` is `Balance::CENTS` where the field `cents` has `#[index]`.
    /// let page = reader.find::<Balance>().filter(cents.ge(100_000_u64)).order_by(cents.descending()).page().await?;
    /// let next = reader.find::<Balance>().filter(cents.ge(100_000_u64)).order_by(cents.descending()).after(page.next);
    /// # let _ = next;
    /// # Ok(())
    /// # }
    /// ```
    pub fn find<P: Projection>(&self) -> FindDocuments<'_, P> {
        FindDocuments::new(self)
    }

    pub(super) fn store(&self) -> Result<Open, StoreError> {
        self.source.open()
    }

    /// Where the documents are, once they have come far enough.
    pub(super) async fn collection<P: Projection>(&self) -> Result<Arc<str>, ReadError> {
        let Some(call) = &self.call else {
            let version =
                self.source.generation::<P>().await?.ok_or(ReadError::NotKept { projection: P::NAME })?;
            return Ok(generation_name(P::NAME, version));
        };
        loop {
            // Whoever waits may wait for a process that is about to start.
            let version = self.source.generation::<P>().await?.unwrap_or(P::VERSION);
            let collection = generation_name(P::NAME, version);
            if call.has_reached(&collection) {
                return Ok(collection);
            }
            // While this program builds its own generation nobody may work on the live one any more.
            let look =
                if version == P::VERSION { call.deadline } else { call.deadline.min(Instant::now() + LOOK) };
            if self.source.reached(&collection, call.after, look).await? {
                call.note(&collection);
                return Ok(collection);
            }
            if Instant::now() >= call.deadline {
                call.behind.store(true, Ordering::Release);
                return Err(ReadError::Behind { projection: P::NAME, position: call.after });
            }
        }
    }
}

impl Call {
    fn has_reached(&self, collection: &Arc<str>) -> bool {
        self.reached.lock().unwrap_or_else(PoisonError::into_inner).contains(collection)
    }

    fn note(&self, collection: &Arc<str>) {
        self.reached.lock().unwrap_or_else(PoisonError::into_inner).insert(Arc::clone(collection));
    }
}

/// A document as it was written; none if it was deleted.
pub(super) fn decoded<P: Projection>(document: Document) -> Result<Option<P>, ReadError> {
    let Document { key, body, .. } = document;
    let read = body.as_deref().map(P::decode).transpose();
    read.map_err(|source| ReadError::Undecodable { projection: P::NAME, key, source })
}

impl fmt::Debug for Reader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reader").field("call", &self.call).finish_non_exhaustive()
    }
}
