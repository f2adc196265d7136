//! Mistakes that the compiler must catch, each in a file named after it, with what the user then reads.
//!
//! `ui/<macro>/fail/<mistake>.rs` must not compile, and the text must be that of `<mistake>.stderr`: one mistake, one
//! error, at the user's own token, with the remedy in it. `ui/<macro>/pass/*.rs` must compile and run.
//! After a change of a text, `TRYBUILD=overwrite` writes it anew; read what it wrote.

use std::{fs, path::Path};

fn check(name: &str) {
    let cases = trybuild::TestCases::new();
    cases.compile_fail(format!("ui/{name}/fail/*.rs"));
    if Path::new(env!("CARGO_MANIFEST_DIR")).join("ui").join(name).join("pass").exists() {
        cases.pass(format!("ui/{name}/pass/*.rs"));
    }
}

#[test]
fn event() {
    check("event");
}

#[test]
fn id() {
    check("id");
}

#[test]
fn schema() {
    check("schema");
}

#[test]
fn provide() {
    check("provide");
}

#[test]
fn test_kit() {
    check("test_kit");
}

#[test]
fn aggregate() {
    check("aggregate");
}

#[test]
fn apply() {
    check("apply");
}

#[test]
fn command_handler() {
    check("command_handler");
}

#[test]
fn projection() {
    check("projection");
}

#[test]
fn query_handler() {
    check("query_handler");
}

#[test]
fn event_handler() {
    check("event_handler");
}

#[test]
fn saga() {
    check("saga");
}

#[test]
fn process_manager() {
    check("process_manager");
}

#[test]
fn domain() {
    check("domain");
}

/// One mistake, one error: more only where the file says why, as `// N errors: reason`.
#[test]
fn one_mistake_is_one_error() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("ui");
    let mut wrong = Vec::new();
    let mut seen = 0;
    for folder in fs::read_dir(root).unwrap() {
        let Ok(files) = fs::read_dir(folder.unwrap().path().join("fail")) else { continue };
        for file in files.map(|file| file.unwrap().path()).filter(|path| path.extension().unwrap() == "rs") {
            let source = fs::read_to_string(&file).unwrap();
            let stderr = fs::read_to_string(file.with_extension("stderr")).unwrap_or_default();
            let expected = source.lines().find_map(|line| line.strip_prefix("// ")?.split_once(" errors: "));
            let expected = expected.map_or(1, |(count, _)| count.parse().unwrap());
            let found = stderr.lines().filter(|line| line.starts_with("error")).count();
            seen += 1;
            if found != expected {
                wrong.push(format!("{}: {found} errors, not {expected}", file.display()));
            }
        }
    }
    assert!(seen > 0, "no cases were found");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
