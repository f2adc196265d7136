//! The rules of the house that can be read off the sources: how long a file may be, and how a macro is laid out.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// Longer than this, a file has more than one job.
const LONGEST_FILE: usize = 500;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Every file with one of the endings below a folder of the repository.
fn files(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
        let path = entry.expect("an entry of a folder").path();
        if path.is_dir() && !path.ends_with("target") {
            found.extend(files(&path, ending));
        } else if path.to_string_lossy().ends_with(ending) {
            found.push(path);
        }
    }
    found
}

fn text(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The code of a file: without its unit tests, comments and the insides of strings.
fn code(path: &Path) -> String {
    let text = text(path);
    let kept = text.split("\n#[cfg(test)]\nmod ").next().unwrap_or_default();
    kept.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

#[test]
fn no_file_is_too_long() {
    let sources = ["macros", "runtime", "examples", "tests"].map(|folder| files(&root().join(folder), ".rs"));
    let long: Vec<String> = sources
        .iter()
        .flatten()
        .map(|path| (path, text(path).lines().count()))
        .filter(|(_, lines)| *lines > LONGEST_FILE)
        .map(|(path, lines)| format!("{} has {lines} lines, and {LONGEST_FILE} are the most", path.display()))
        .collect();
    assert!(long.is_empty(), "split these:\n{}", long.join("\n"));
}

#[test]
fn the_crate_of_the_macros_only_declares_in_its_root() {
    let root = code(&root().join("macros/src/lib.rs"));
    assert!(!root.contains("quote!"), "macros/src/lib.rs builds tokens; that belongs into an expand.rs");
}

#[test]
fn a_macro_has_the_same_four_files_as_every_other() {
    for entry in fs::read_dir(root().join("macros/src")).expect("the macros") {
        let folder = entry.expect("an entry of the macros").path();
        if folder.join("expand.rs").exists() {
            let mut names: Vec<String> = files(&folder, "")
                .iter()
                .map(|path| path.strip_prefix(&folder).expect("inside").display().to_string())
                .collect();
            names.sort();
            let expected = ["check.rs", "expand.rs", "mod.rs", "model.rs"];
            assert_eq!(names, expected, "the files of {}", folder.display());
        }
    }
}

#[test]
fn expansion_cannot_fail() {
    for path in files(&root().join("macros/src"), "expand.rs") {
        let code = code(&path);
        assert!(
            !code.contains("-> Result<") && !code.contains("-> syn::Result<"),
            "{}: what can go wrong is settled in check.rs",
            path.display()
        );
    }
}
