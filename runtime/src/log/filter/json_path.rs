use std::sync::Arc;

use serde_json_path::JsonPath;

use super::{Filter, FilterError};

/// How deep the brackets and parentheses of a path may lie in each other. It is parsed by recursion, in a time that
/// doubles with each condition within a condition: 50 ms at ten. A path from outside must use up neither the stack nor
/// the processor.
const DEEPEST: usize = 10;

impl Filter {
    /// Events in whose payload a JSON path (RFC 9535) finds something: `$.lines[?@.sku == 'A-1']`. A condition on
    /// a field of the payload itself is `$[?$.cents > 100]`. A payload that is not JSON has nothing to find. With
    /// the feature `jsonpath`. Whole numbers are exact up to 2^53 - 1, as in I-JSON. The functions are
    /// those of the standard: `length`, `count`, `value`, `match` and `search`.
    ///
    /// # Errors
    /// [`FilterError::JsonPath`] when it is not one, or is nested more than 10 deep.
    pub fn json_path(self, path: &str) -> Result<Self, FilterError> {
        let refuse = |reason: String| FilterError::JsonPath { path: path.to_owned(), reason };
        if depth(path) > DEEPEST {
            return Err(refuse(format!("it is nested more than {DEEPEST} deep")));
        }
        let parsed = JsonPath::parse(path).map_err(|error| refuse(error.to_string()))?;
        let finds = move |json: &_| !parsed.query(json).is_empty();
        Ok(self.and_payload(path.to_owned(), Arc::new(finds)))
    }
}

/// How deep brackets and parentheses lie in each other, outside of what is quoted.
fn depth(path: &str) -> usize {
    let (mut now, mut deepest) = (0_usize, 0);
    let (mut quote, mut escaped) = (None, false);
    for letter in path.chars() {
        match (quote, letter) {
            (Some(_), _) if escaped => escaped = false,
            (Some(_), '\\') => escaped = true,
            (Some(open), letter) if open == letter => quote = None,
            (Some(_), _) => {}
            (None, '\'' | '"') => quote = Some(letter),
            (None, '(' | '[') => now += 1,
            (None, ')' | ']') => now = now.saturating_sub(1),
            (None, _) => {}
        }
        deepest = deepest.max(now);
    }
    deepest
}
