//! What is said of how events are delivered.

use super::{did_you_mean, list};

pub(crate) fn not_a_duration(text: &str) -> String {
    format!(
        "`{text}` is not a duration\n  \
         help: write a number greater than 0 and a unit: `500ms`, `10s`, `5m`, `2h`, `1d`"
    )
}

pub(crate) fn unknown_growth(word: &str, known: &[&str]) -> String {
    let hint = did_you_mean(word, known.iter().copied());
    format!(
        "a pause does not grow by `{word}`{hint}\n  help: it is one of {}, as in `exponential(\"1s\")`",
        list(known.iter().copied())
    )
}

pub(crate) fn no_first_pause(growth: &str) -> String {
    format!("`{growth}` does not say how long the first pause is\n  help: write `{growth}(\"1s\")`")
}

pub(crate) fn not_a_part() -> String {
    "`jitter` is the part of a pause that is left to chance, from 0 to 1\n  help: write `jitter = 0.5`".into()
}

pub(crate) fn half_a_breaker(form: &str) -> String {
    format!(
        "a breaker needs to know after how many failures it opens, and for how long\n  help: write `{form}`"
    )
}

pub(crate) fn unknown_start(word: &str) -> String {
    let hint = did_you_mean(word, ["beginning", "now"]);
    format!(
        "a handler does not start at `{word}`{hint}\n  \
         help: `start = beginning` begins with the first event of the log, `start = now` with the next that is stored"
    )
}

pub(crate) fn not_an_error(form: &str) -> String {
    format!("expected errors that stay, with the name of their enum\n  help: write `{form}`")
}
