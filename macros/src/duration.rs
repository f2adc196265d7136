//! Durations as people write them: `"500ms"`, `"10s"`, `"5m"`, `"2h"`.

use syn::LitStr;

use crate::{attribute::Options, errors::Errors, messages::policy as messages};

/// What may stand behind the number, and how many milliseconds it is.
const UNITS: [(&str, u64); 5] = [("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000)];

/// Milliseconds; none for what is no duration, or none at all.
pub(crate) fn parse(text: &str) -> Option<u64> {
    let digits = text.find(|c: char| !c.is_ascii_digit())?;
    let (number, unit) = text.split_at(digits);
    let (_, factor) = UNITS.into_iter().find(|(name, _)| *name == unit)?;
    number.parse::<u64>().ok()?.checked_mul(factor).filter(|milliseconds| *milliseconds > 0)
}

/// The duration in a literal, in milliseconds.
pub(crate) fn read(literal: &LitStr, errors: &mut Errors) -> Option<u64> {
    let found = parse(&literal.value());
    if found.is_none() {
        errors.push(literal, messages::not_a_duration(&literal.value()));
    }
    found
}

/// `key = "10s"`, in milliseconds.
pub(crate) fn take(options: &mut Options, key: &str, errors: &mut Errors) -> Option<u64> {
    let literal: LitStr = options.take(key, &format!("{key} = \"10s\""), errors)?;
    read(&literal, errors)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_a_number_and_a_unit() {
        for (text, milliseconds) in [("500ms", 500), ("10s", 10_000), ("5m", 300_000), ("2h", 7_200_000)] {
            assert_eq!(parse(text), Some(milliseconds), "{text}");
        }
        for text in [
            "",
            "10",
            "s",
            "1.5s",
            "10 s",
            "10sec",
            "-1s",
            "0s",
            "99999999999999999999s",
            "9999999999999999999h",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
