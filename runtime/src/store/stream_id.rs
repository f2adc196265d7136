use std::{fmt, sync::Arc};

use uuid::Uuid;

use crate::domain::{Aggregate, AggregateId};

/// Names a stream: the category of its aggregate and the text of its id. Cheap to clone.
#[derive(Clone)]
pub struct StreamId {
    key: Uuid,
    name: Arc<Name>,
}

/// The parts of a stream's name, behind one counter: the one of a category that all streams share would be fought over
/// by every thread that has to do with any of them.
struct Name {
    category: Arc<str>,
    id: Box<str>,
}

/// The namespace of stream keys, made once for gesta; changing it would lose every stream.
const NAMESPACE: Uuid = Uuid::from_u128(0x67_65_73_74_61_5f_53_74_92_65_61_6d_00_00_00_01);

impl StreamId {
    /// A stream by the parts of its name.
    pub fn new(category: &str, id: &str) -> Self {
        // A category holds no NUL (it is a Rust identifier or a checked name), so the pair is told apart exactly.
        let name = [category.as_bytes(), &[0], id.as_bytes()].concat();
        Self::known(Uuid::new_v5(&NAMESPACE, &name), category, id)
    }

    /// A stream whose key is known already, because it was stored beside the parts of its name. The key is not
    /// worked out again, which is most of what [`StreamId::new`] does.
    pub fn known(key: Uuid, category: impl Into<Arc<str>>, id: impl Into<Box<str>>) -> Self {
        Self { key, name: Arc::new(Name { category: category.into(), id: id.into() }) }
    }

    /// The stream of an aggregate.
    pub fn of<I: AggregateId>(id: &I) -> Self {
        Self::of_aggregate::<I::Aggregate>(id)
    }

    fn of_aggregate<A: Aggregate>(id: &A::Id) -> Self {
        Self::new(A::NAME, &id.to_string())
    }

    /// Sixteen bytes that stand for the name, the same in every process: UUIDv5 of category, NUL and id.
    pub fn key(&self) -> Uuid {
        self.key
    }

    /// The category, such as `account`.
    pub fn category(&self) -> &str {
        &self.name.category
    }

    /// The text of the id.
    pub fn id(&self) -> &str {
        &self.name.id
    }
}

impl PartialEq for StreamId {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key
    }
}

impl Eq for StreamId {}

impl std::hash::Hash for StreamId {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.key.hash(state);
    }
}

/// `account/ann`; a long id is cut, because names end in log lines.
impl fmt::Display for StreamId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const LONGEST: usize = 200;
        match self.id().char_indices().nth(LONGEST) {
            None => write!(f, "{}/{}", self.category(), self.id()),
            Some((end, _)) => {
                write!(f, "{}/{}.. ({} bytes)", self.category(), &self.id()[..end], self.id().len())
            }
        }
    }
}

impl fmt::Debug for StreamId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
