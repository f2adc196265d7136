//! What `domain!` says.

use super::{did_you_mean, list};

/// How a domain is written.
const FORM: &str = "write `gesta::domain! { pub Bank { deps: Deps, aggregates: [Account] } }`";

pub(crate) fn not_a_domain() -> String {
    format!("expected the name of a domain and its parts in braces\n  help: {FORM}")
}

pub(crate) fn generic() -> String {
    format!("a domain cannot be generic\n  help: {FORM}")
}

pub(crate) fn not_a_section(known: &[&str]) -> String {
    format!(
        "expected a section, such as `aggregates: [Account]`\n  help: the sections are {}",
        list(known.iter().copied())
    )
}

pub(crate) fn unknown_section(word: &str, known: &[&str]) -> String {
    let hint = did_you_mean(word, known.iter().copied());
    format!("unknown section `{word}`{hint}\n  help: the sections are {}", list(known.iter().copied()))
}

pub(crate) fn second_section(word: &str) -> String {
    format!("the section `{word}` is given twice\n  help: join the two lists")
}

pub(crate) fn second_acyclic() -> String {
    "`acyclic` is given twice\n  help: leave one of them out".into()
}

pub(crate) fn acyclic_with_a_value() -> String {
    "`acyclic` takes no value\n  help: write `acyclic` alone, or leave it out where policies may form loops"
        .into()
}

pub(crate) fn second_deps() -> String {
    "`deps` is given twice\n  help: one struct provides all dependencies; put them into it".into()
}

pub(crate) fn second_lock() -> String {
    "`lock` is given twice\n  help: leave one of them out".into()
}

pub(crate) fn not_whole() -> String {
    "the section `lock` says one thing: that all lines of the package's gesta.lock are of this domain\n  \
     help: write `lock: whole`, or nothing where other domains of the package have lines in it too"
        .into()
}

pub(crate) fn deps_is_not_a_type() -> String {
    "expected the type of the struct that provides the dependencies\n  \
     help: write `deps: Deps`, where `Deps` derives `Provide`"
        .into()
}

pub(crate) fn not_a_list(word: &str) -> String {
    format!("the section `{word}` is a list\n  help: write `{word}: [First, Second]`")
}

pub(crate) fn not_a_part() -> String {
    "expected the type of a part\n  help: write its name, such as `Account`".into()
}

pub(crate) fn listed_twice(part: &str) -> String {
    format!("`{part}` is listed twice\n  help: leave one of them out")
}

pub(crate) fn no_aggregates(domain: &str) -> String {
    format!("the domain `{domain}` lists no aggregates\n  help: write `aggregates: [Account]`")
}

pub(crate) fn not_a_path() -> String {
    "expected the path of the gesta crate\n  help: write `crate: my_crate::gesta`".into()
}
