//! Imports inside the runtime point one way: a module knows what lies below it, and nothing above.
//!
//! The layers are those of ARCHITECTURE.md. This test reads the sources; the last tests feed the checker wrong
//! ones, so that it is known to notice.

use std::{fs, path::Path};

/// The layers of `runtime/src`, lowest first. Modules of one layer do not know each other.
const LAYERS: [&[&str]; 14] = [
    &["domain"],
    &["clock"],
    &["codec"],
    &["evolution"],
    &["store"],
    &["log"],
    &["monitor"],
    &["middleware"],
    &["execute"],
    &["subscription"],
    &["projection", "event_handler", "plugin", "query", "saga", "process_manager", "schedule", "outbox"],
    &["model"],
    &["app"],
    &["testing", "admin"],
];

/// What may be used from everywhere: the traits of the domain name the errors of encoding and decoding.
const ALLOWED: [(&str, &str); 2] = [("domain", "codec::DecodeError"), ("domain", "codec::EncodeError")];

/// The doors of the crate: they only name what lies behind them again.
const DOORS: [&str; 3] = ["lib", "prelude", "private"];

fn rank(module: &str) -> Option<usize> {
    LAYERS.iter().position(|layer| layer.contains(&module))
}

/// What is wrong with the imports of one file, `path` being relative to `runtime/src`.
fn violations(path: &str, source: &str) -> Vec<String> {
    let place: Vec<&str> = path.trim_end_matches(".rs").trim_end_matches("/mod").split('/').collect();
    let module = place[0];
    if DOORS.contains(&module) {
        return Vec::new();
    }
    let Some(own) = rank(module) else {
        return vec![format!("{path}: `{module}` has no layer; give it one in ARCHITECTURE.md and here")];
    };
    let mut wrong = Vec::new();
    for (line, target) in imports(&place, &without_tests_and_comments(source)) {
        let other = target.split("::").next().unwrap_or_default();
        let allowed = ALLOWED.iter().any(|&(from, what)| from == module && what == target);
        let why = match rank(other) {
            _ if other == module || allowed => continue,
            Some(rank) if rank < own => continue,
            Some(_) => "which is not below it",
            None => "which is no module with a layer; name a thing by the module that it lives in",
        };
        wrong.push(format!("{path}:{line}: `{module}` uses `crate::{target}`, {why}"));
    }
    wrong
}

/// The source with tests and comments blanked out; lines keep their numbers.
fn without_tests_and_comments(source: &str) -> String {
    let mut kept = Vec::new();
    let mut lines = source.lines().peekable();
    while let Some(line) = lines.next() {
        if line.trim() == "#[cfg(test)]" && lines.peek().is_some_and(|next| next.starts_with("mod ")) {
            break;
        }
        kept.push(line.split("//").next().unwrap_or_default());
    }
    kept.join("\n")
}

/// Every path from the root of the crate in a source: the line, and the path's first two segments.
fn imports(place: &[&str], source: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (start, _) in source.match_indices("crate::") {
        let rest = &source[start + "crate::".len()..];
        // An exported macro lives at the root, wherever it is written.
        let is_macro = rest.trim_start_matches(is_word).starts_with('!');
        if !source[..start].ends_with(is_word) && !is_macro {
            let line = source[..start].matches('\n').count() + 1;
            found.extend(heads(rest).into_iter().map(|head| (line, head)));
        }
    }
    for (start, _) in source.match_indices("super::") {
        if source[..start].ends_with("super::") {
            continue;
        }
        let ups = source[start..].split("::").take_while(|segment| *segment == "super").count();
        // Only a path that climbs to the root can leave its module.
        if ups == place.len() {
            let line = source[..start].matches('\n').count() + 1;
            let rest = &source[start + ups * "super::".len()..];
            found.extend(heads(rest).into_iter().map(|head| (line, head)));
        }
    }
    found
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// The paths that a piece of source begins with, cut after two segments: `a::b` of `a::b::c`, and `a::b` and `c`
/// of `{a::b::D, c}`.
fn heads(source: &str) -> Vec<String> {
    let source = source.trim_start();
    let Some(group) = source.strip_prefix('{') else {
        let segment: String = source.chars().take_while(|&c| is_word(c)).collect();
        let Some(rest) = source[segment.len()..].strip_prefix("::") else { return vec![segment] };
        return match rest.starts_with('{') {
            true => heads(rest).into_iter().map(|head| two(&segment, &head)).collect(),
            false => vec![two(&segment, &rest.chars().take_while(|&c| is_word(c)).collect::<String>())],
        };
    };
    let (mut depth, mut start, mut found) = (1, 0, Vec::new());
    for (at, c) in group.char_indices() {
        depth += match c {
            '{' => 1,
            '}' => -1,
            _ => 0,
        };
        if depth == 0 || depth == 1 && c == ',' {
            if !group[start..at].trim().is_empty() {
                found.extend(heads(&group[start..at]));
            }
            start = at + 1;
        }
        if depth == 0 {
            break;
        }
    }
    found
}

fn two(first: &str, rest: &str) -> String {
    format!("{first}::{}", rest.split("::").next().unwrap_or_default())
}

fn read(folder: &Path, prefix: &str, files: &mut Vec<(String, String)>) {
    for entry in fs::read_dir(folder).expect("the folder of the runtime") {
        let path = entry.expect("an entry of it").path();
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        if path.is_dir() && name != "tests" {
            read(&path, &format!("{prefix}{name}/"), files);
        } else if name.ends_with(".rs") && name != "tests.rs" {
            files.push((format!("{prefix}{name}"), fs::read_to_string(&path).expect("a source")));
        }
    }
}

#[test]
fn imports_point_down() {
    let mut files = Vec::new();
    read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../runtime/src"), "", &mut files);
    assert!(files.len() > 20, "the sources of the runtime were not found");
    let wrong: Vec<String> = files.iter().flat_map(|(path, source)| violations(path, source)).collect();
    assert!(wrong.is_empty(), "imports that point up:\n{}", wrong.join("\n"));
}

#[test]
fn every_form_of_an_import_that_points_up_is_noticed() {
    for (path, source) in [
        ("store/mod.rs", "use crate::execute::Executor;"),
        ("store/mod.rs", "pub use crate::execute::Executor;"),
        ("store/row.rs", "use crate::{domain::Meta, execute::{Executor}};"),
        ("store/row.rs", "use crate::{\n    domain::Meta,\n    execute,\n};"),
        ("store/row.rs", "fn run(executor: &crate::execute::Executor) {}"),
        ("store/sqlite/row.rs", "use super::super::super::execute::Executor;"),
        ("store/mod.rs", "use super::{domain, execute};"),
        ("store/row.rs", "macro_rules! run { () => { $crate::execute::run() } }"),
        ("domain/event.rs", "use crate::codec::Pipeline;"),
        ("domain/event.rs", "use crate::codec::{DecodeError, Pipeline};"),
        ("projection/mod.rs", "use crate::saga::Engine;"),
        ("store/row.rs", "use crate::Executor;"),
        ("elsewhere.rs", ""),
    ] {
        assert_eq!(violations(path, source).len(), 1, "{path}: {source}");
    }
}

#[test]
fn what_is_right_is_left_alone() {
    for (path, source) in [
        ("execute/mod.rs", "use crate::{domain::{Aggregate, Meta}, store::Store};"),
        ("execute/load.rs", "use super::cache::Cache; use crate::execute::cache;"),
        ("store/sqlite/row.rs", "use super::super::check;"),
        ("domain/event.rs", "use crate::codec::{DecodeError, EncodeError};"),
        ("store/row.rs", "// unlike crate::execute::Executor\n/// See [`crate::execute`].\nfn row() {}"),
        ("store/row.rs", "fn row() {}\n#[cfg(test)]\nmod tests {\n    use crate::app::connect;\n}"),
        ("prelude.rs", "pub use crate::app::App;"),
        ("store/row.rs", "macro_rules! run { () => { $crate::run! { again } } }"),
    ] {
        assert_eq!(violations(path, source), Vec::<String>::new(), "{path}: {source}");
    }
}
