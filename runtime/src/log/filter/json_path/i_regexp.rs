//! Patterns as in RFC 9485, which are a part of what the crate `regex` takes; `^` and `$` mean there what they mean
//! elsewhere.

use std::{iter::Peekable, str::Chars};

use regex::{Regex, RegexBuilder};

/// What a pattern may take once it is compiled: those of a payload come from outside.
const SIZE_LIMIT: usize = 1 << 20;

/// A pattern, for a whole text or a part of it; none where it is not one.
pub(super) fn compile(pattern: &str, whole: bool) -> Option<Regex> {
    let translated = translated(pattern)?;
    let anchored = if whole { format!(r"\A(?:{translated})\z") } else { translated };
    RegexBuilder::new(&anchored).size_limit(SIZE_LIMIT).build().ok()
}

fn translated(pattern: &str) -> Option<String> {
    let (mut signs, mut to) = (pattern.chars().peekable(), String::with_capacity(pattern.len()));
    let mut in_class = false;
    while let Some(sign) = signs.next() {
        match (sign, in_class) {
            ('\\', _) => escaped(&mut signs, &mut to)?,
            ('.', false) => to.push_str(r"[^\n\r]"),
            ('[', false) => {
                in_class = true;
                to.push('[');
                to.extend(signs.next_if_eq(&'^'));
            }
            (']', true) => {
                in_class = false;
                to.push(']');
            }
            ('[', true) | (']', false) => return None,
            // These have a meaning of their own in classes of `regex`, doubled.
            ('&' | '~', true) => to.extend(['\\', sign]),
            ('*' | '+' | '?' | '}', false) if matches!(signs.peek(), Some('*' | '+' | '?')) => return None,
            ('(', false) if signs.peek() == Some(&'?') => return None,
            (sign, _) => to.push(sign),
        }
    }
    (!in_class).then_some(to)
}

fn escaped(signs: &mut Peekable<Chars<'_>>, to: &mut String) -> Option<()> {
    let sign = signs.next()?;
    to.extend(['\\', sign]);
    match sign {
        '('..='+' | '-' | '.' | '?' | '['..='^' | 'n' | 'r' | 't' | '{'..='}' => Some(()),
        'p' | 'P' => {
            to.push(signs.next_if_eq(&'{')?);
            to.extend(std::iter::from_fn(|| signs.next_if(|sign| *sign != '}')));
            to.push(signs.next()?);
            Some(())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_standard_does_not_have_is_no_pattern() {
        for pattern in [
            r"\d",
            r"\bx",
            "(?i)x",
            "a*?",
            "a{2}?",
            "a)",
            "[[a]",
            "a]",
            "(",
            "a{9999}{9999}{9999}",
            "\\",
            r"\pL",
            r"\p{L",
        ] {
            assert!(compile(pattern, true).is_none(), "{pattern}");
        }
        for pattern in ["", "a|b", "[^a-c.]x{2,3}", r"\p{Lu}+\.\n", r"[\P{L}x]*", "[a&&b~~]", "(ab)+"] {
            assert!(compile(pattern, true).is_some(), "{pattern}");
        }
    }

    #[test]
    fn a_whole_text_fits_or_a_part_of_it() {
        let fits = |pattern, whole, text| compile(pattern, whole).is_some_and(|found| found.is_match(text));
        assert!(fits("a.c", true, "abc") && !fits("a.c", true, "xabc") && fits("a.c", false, "xabc"));
        assert!(!fits("a|ab", true, "abc") && fits("a|abc", true, "abc"));
        assert!(!fits(".", true, "\r") && !fits(".", true, "\n") && fits(".", true, "\u{2028}"));
        assert!(fits("[a&&b]", true, "&") && fits("[a&&b]", true, "a"));
    }
}
