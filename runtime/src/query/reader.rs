use crate::store::Store;

/// Reads the documents of projections.
#[derive(Clone, Debug)]
pub struct Reader {
    #[expect(dead_code, reason = "reading follows")]
    store: Store,
}
