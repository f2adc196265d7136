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
    let sources =
        ["macros", "runtime", "cli", "examples", "tests"].map(|folder| files(&root().join(folder), ".rs"));
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

/// For those who look at a domain from outside; against `gesta.lock`; with `gesta.golden`.
const BESIDE: [&str; 3] = ["describe.rs", "locked.rs", "golden.rs"];

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
            assert!(
                expected.iter().all(|name| names.iter().any(|other| other == name)),
                "the files of {}: {names:?}",
                folder.display()
            );
            // What several macros do beside that, each in a file of this name.
            names.retain(|name| !expected.contains(&name.as_str()) && !BESIDE.contains(&name.as_str()));
            assert!(names.is_empty(), "the files of {}: {names:?}", folder.display());
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

/// Shorter pieces of a sentence say too little to be looked for.
const TELLING: usize = 14;

/// The strings in a piece of code, as they are when the program runs.
fn strings(code: &str) -> Vec<String> {
    let (mut found, mut chars) = (Vec::new(), code.chars().peekable());
    while let Some(c) = chars.next() {
        if c == '\'' && chars.peek() == Some(&'"') {
            chars.next();
        }
        if c != '"' {
            continue;
        }
        let mut string = String::new();
        while let Some(c) = chars.next() {
            match c {
                '"' => break,
                '\\' => match chars.next() {
                    Some('n') => string.push('\n'),
                    // A line that goes on in the next, without its indentation.
                    Some('\n') => while chars.next_if(|c| c.is_whitespace()).is_some() {},
                    Some(c) => string.push(c),
                    None => break,
                },
                c => string.push(c),
            }
        }
        found.push(string);
    }
    found
}

/// The longest piece of a sentence that is the same whatever is filled in.
fn telling_piece(sentence: &str) -> String {
    let (open, close) = ('\u{1}', '\u{2}');
    let sentence = sentence.replace("{{", &open.to_string()).replace("}}", &close.to_string());
    let pieces = sentence.split('{').enumerate().flat_map(|(place, piece)| {
        let text = if place == 0 { piece } else { piece.split_once('}').map_or("", |(_, text)| text) };
        text.split('\n')
    });
    let longest = pieces.map(str::trim).max_by_key(|piece| piece.chars().count()).unwrap_or_default();
    longest.replace(open, "{").replace(close, "}")
}

/// What of these sentences is in none of the texts.
fn unseen(sentences: &str, texts: &[String]) -> Vec<String> {
    let pieces = strings(sentences).iter().map(|sentence| telling_piece(sentence)).collect::<Vec<_>>();
    let said = |piece: &String| texts.iter().any(|text| text.contains(piece.as_str()));
    pieces.into_iter().filter(|piece| piece.chars().count() >= TELLING && !said(piece)).collect()
}

/// Whether the misuse tests of a macro are run. Sentences that are not of one macro are shown by those of any.
fn is_run(messages: &Path, runner: &str) -> bool {
    let name = messages.file_stem().expect("a name").to_string_lossy();
    let of_one_macro = root().join("macros/src").join(&*name).join("expand.rs").exists();
    !of_one_macro || runner.contains(&format!("check(\"{name}\")"))
}

#[test]
fn every_sentence_of_the_macros_is_shown_by_a_misuse_test() {
    let ui = root().join("tests/ui");
    let texts: Vec<String> = files(&ui, ".stderr").iter().map(|path| text(path)).collect();
    let messages = root().join("macros/src/messages");
    let runner = text(&root().join("tests/tests/ui.rs"));
    let unseen: Vec<String> = files(&messages, ".rs")
        .iter()
        .filter(|path| is_run(path, &runner))
        .flat_map(|path| {
            unseen(&code(path), &texts).into_iter().map(|piece| format!("{}: {piece}", path.display()))
        })
        .collect();
    assert!(unseen.is_empty(), "no misuse test shows\n{}", unseen.join("\n"));
}

#[test]
fn a_sentence_that_no_test_shows_is_noticed() {
    let code = r#"
        fn wrong(name: &str) -> String {
            format!("`{name}` is not an enum\n  \
                     help: write `enum {name} {{ .. }}` in its place")
        }
        fn quote(c: char) -> bool { c == '"' }
        fn short() -> &'static str { "a word" }
        fn other() -> &'static str { "nobody has ever seen \"this\"" }
    "#;
    let shown =
        "error: `Lamp` is not an enum\n         help: write `enum Lamp { .. }` in its place".to_owned();
    assert_eq!(unseen(code, &[shown]), [r#"nobody has ever seen "this""#]);
    assert_eq!(unseen(code, &[]).len(), 2);
    assert_eq!(telling_piece("a `{a}: {{ {b} }}` once more"), "}` once more");
}
