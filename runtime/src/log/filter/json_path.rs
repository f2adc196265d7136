use std::sync::Arc;

use jsonpath_rust::{parser::parse_json_path, query::js_path_process};

use super::{Filter, FilterError};

impl Filter {
    /// Events in whose payload a JSON path (RFC 9535) finds something: `$.lines[?@.sku == 'A-1']`. A condition on
    /// a field of the payload itself is `$[?$.cents > 100]`. A payload that is not JSON has nothing to find. With
    /// the feature `jsonpath`. Whole numbers in a path are at most 2^53 - 1, as in I-JSON.
    ///
    /// # Errors
    /// [`FilterError::JsonPath`] when it is not one.
    pub fn json_path(self, path: &str) -> Result<Self, FilterError> {
        let refuse = |reason: String| FilterError::JsonPath { path: path.to_owned(), reason };
        let query = parse_json_path(path).map_err(|error| refuse(error.to_string()))?;
        let finds = move |json: &_| js_path_process(&query, json).is_ok_and(|found| !found.is_empty());
        Ok(self.and_payload(path.to_owned(), Arc::new(finds)))
    }
}
