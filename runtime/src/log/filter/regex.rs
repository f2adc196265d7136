use std::sync::Arc;

use regex::RegexBuilder;

use super::{Filter, FilterError, Test};

/// What a compiled expression may take. Names are short, so this is plenty, and a hostile `(a{9999}){9999}` is
/// refused before it eats the memory.
const SIZE_LIMIT: usize = 1 << 20;

impl Filter {
    /// Events whose whole name fits a regular expression: `account\.(opened|closed)`. Matching takes linear time
    /// whatever the expression. With the feature `regex`.
    ///
    /// # Errors
    /// [`FilterError::Regex`] when it is not one, or would take more than a megabyte.
    pub fn event_regex(mut self, pattern: &str) -> Result<Self, FilterError> {
        let refuse = |error: regex::Error| FilterError::Regex {
            pattern: pattern.to_owned(),
            reason: error.to_string(),
        };
        let build = |pattern: &str| RegexBuilder::new(pattern).size_limit(SIZE_LIMIT).build().map_err(refuse);
        // First alone, so that `a)|(b` is not made whole by the brackets that anchor it.
        build(pattern)?;
        let whole = build(&format!(r"\A(?:{pattern})\z"))?;
        let holds = Arc::new(move |name: &str| whole.is_match(name));
        self.patterns.push(Test { asked: format!("/{pattern}/"), holds });
        Ok(self)
    }
}
