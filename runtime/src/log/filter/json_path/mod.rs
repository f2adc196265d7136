//! JSON paths as in RFC 9535: parsed and checked when a filter is made, and asked of each payload.

mod decide;
mod expression;
mod find;
mod i_regexp;
mod literal;
mod path;
mod scan;

use std::sync::Arc;

use self::{find::nodes, path::Path};
use super::{Filter, FilterError};

impl Filter {
    /// Events in whose payload a JSON path (RFC 9535) finds something: `$.lines[?@.sku == 'A-1']`. A condition on
    /// a field of the payload itself is `$[?$.cents > 100]`. A payload that is not JSON has nothing to find. With
    /// the feature `jsonpath`. Whole numbers that name places are at most 2^53 - 1, as in I-JSON. The functions are
    /// those of the standard: `length`, `count`, `value`, `match` and `search`.
    ///
    /// # Errors
    /// [`FilterError::JsonPath`] when it is not one, or is nested more than 64 deep.
    pub fn json_path(self, path: &str) -> Result<Self, FilterError> {
        let refuse = |reason| FilterError::JsonPath { path: path.to_owned(), reason };
        let parsed = Path::parse(path).map_err(refuse)?;
        let finds = move |json: &_| !nodes(&parsed, json, json).is_empty();
        Ok(self.and_payload(path.to_owned(), Arc::new(finds)))
    }
}
