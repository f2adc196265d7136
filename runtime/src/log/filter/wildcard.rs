use super::FilterError;

/// A pattern in which `*` stands for any characters, or none.
#[derive(Clone, Debug)]
pub(super) struct Wildcard {
    /// What stands between the stars: one part is a name without any.
    parts: Vec<String>,
}

/// What other pattern languages use and names do not: better refused than never found.
const FOREIGN: &[char] = &['?', '[', ']', '{', '}', '>', '\\', '^', '$', '|'];

impl Wildcard {
    pub(super) fn new(pattern: &str) -> Result<Self, FilterError> {
        let refuse = |reason: String| FilterError::Wildcard { pattern: pattern.to_owned(), reason };
        if pattern.is_empty() {
            return Err(refuse("it is empty; write `*` for every name".into()));
        }
        if let Some(foreign) = pattern.chars().find(|c| FOREIGN.contains(c) || c.is_whitespace()) {
            return Err(refuse(format!(
                "no name contains {foreign:?}; only `*` is special here, and regular expressions are another filter"
            )));
        }
        Ok(Self { parts: pattern.split('*').map(str::to_owned).collect() })
    }

    /// Takes each part at its first place after the one before: with `*` alone there is no need to go back.
    pub(super) fn matches(&self, name: &str) -> bool {
        let [first, middle @ .., last] = &self.parts[..] else {
            return self.parts.iter().any(|whole| whole == name);
        };
        let Some(mut rest) =
            name.strip_prefix(first.as_str()).and_then(|rest| rest.strip_suffix(last.as_str()))
        else {
            return false;
        };
        for part in middle {
            let Some(at) = rest.find(part.as_str()) else { return false };
            rest = &rest[at + part.len()..];
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &str, name: &str) -> bool {
        Wildcard::new(pattern).unwrap().matches(name)
    }

    #[test]
    fn a_star_stands_for_any_characters_or_none() {
        assert!(matches("*", ""));
        assert!(matches("*", "account.opened"));
        assert!(matches("account.*", "account.opened"));
        assert!(matches("account.*", "account.card.blocked"));
        assert!(matches("account.*", "account."));
        assert!(matches("*.opened", "account.opened"));
        assert!(matches("a*t.*d", "account.opened"));
        assert!(matches("**", "x"));
        assert!(matches("ab*ab", "abab"));
        assert!(matches("*a*b*", "xxaxxbxx"));
    }

    #[test]
    fn the_rest_must_be_there_and_nothing_twice() {
        assert!(!matches("account.*", "accounts.opened"));
        assert!(!matches("account.*", "account"));
        assert!(!matches("ab*ab", "ab"), "one `ab` is not both ends");
        assert!(!matches("aba*aba", "abababa"[..5].as_ref()));
        assert!(!matches("*a*a*", "ba"));
        assert!(!matches("opened", "account.opened"), "a pattern without a star is the whole name");
        assert!(matches("opened", "opened"));
    }

    #[test]
    fn what_can_never_match_is_refused() {
        for pattern in ["", "account.?", "account.{a,b}", "account.>", "^account", "account opened"] {
            let error = Wildcard::new(pattern).unwrap_err();
            assert!(error.to_string().contains(&format!("`{pattern}`")), "{error}");
        }
    }
}
