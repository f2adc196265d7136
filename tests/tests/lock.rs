//! `gesta.lock` as the compiler sees it: each mistake in a crate of its own, with what the user then reads.
//!
//! `ui/lock/fail/<mistake>.rs` lies beside `<mistake>.lock` in a crate that must not compile, and the text must be that of
//! `<mistake>.stderr`. `ui/lock/pass/*` must compile without a word. With `TRYBUILD=overwrite` the texts are written anew.

use std::{env, fs, path::Path};

use gesta_tests::crates::{Crates, Told};

/// The cases of a folder: names and sources.
fn cases(folder: &str) -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("ui/lock").join(folder);
    let files = fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
    let mut cases: Vec<_> = files
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .map(|path| {
            let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
            (name, path.to_str().unwrap().to_owned())
        })
        .collect();
    cases.sort();
    cases
}

fn read(path: &str, extension: &str) -> Option<String> {
    fs::read_to_string(Path::new(path).with_extension(extension)).ok()
}

#[test]
fn every_mistake_is_told_at_its_token() {
    let crates = Crates::new(env!("CARGO_TARGET_TMPDIR"), "lock");
    let (fail, pass) = (cases("fail"), cases("pass"));
    assert!(!fail.is_empty() && !pass.is_empty(), "no cases were found");
    for (name, path) in fail.iter().chain(&pass) {
        crates.add(name, &fs::read_to_string(path).unwrap());
        if let Some(lock) = read(path, "lock") {
            crates.write(name, "gesta.lock", &lock);
        }
    }
    let told = crates.check();
    let of = |name: &str| told.iter().find(|(other, _)| other == name).map(|(_, told)| told);
    let mut wrong = Vec::new();
    for (name, path) in &fail {
        let text = of(name).map(text).unwrap_or_default();
        if env::var("TRYBUILD").is_ok_and(|mode| mode == "overwrite") && !text.is_empty() {
            fs::write(Path::new(path).with_extension("stderr"), &text).unwrap();
        } else if read(path, "stderr").unwrap_or_default() != text {
            wrong.push(format!("{name} says:\n{text}"));
        }
    }
    for (name, _) in &pass {
        match of(name) {
            Some(told) if *told == Told::default() => {}
            other => wrong.push(format!("{name} must compile: {other:?}")),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

fn text(told: &Told) -> String {
    let all: Vec<&str> = told.errors.iter().chain(&told.warnings).map(String::as_str).collect();
    format!("{}\n", all.join("\n\n"))
}

#[test]
fn editing_the_file_alone_is_seen() {
    let crates = Crates::new(env!("CARGO_TARGET_TMPDIR"), "lock_edited");
    crates.add("edited", "#[gesta::event]\npub enum AccountEvent {\n    Opened { owner: String },\n}\n");
    crates.write("edited", "gesta.lock", "account.opened v1 {owner:string}\n");
    let of =
        |told: Vec<(String, Told)>| told.into_iter().find(|(name, _)| name == "edited").unwrap().1.errors;
    assert_eq!(of(crates.check()), Vec::<String>::new());
    crates.write("edited", "gesta.lock", "account.opened v1 {owner:u64}\n");
    let errors = of(crates.check());
    assert!(errors.len() == 1 && errors[0].contains("`account.opened` v1 changed"), "{errors:?}");
    crates.write("edited", "gesta.lock", "account.opened v1 {owner:string}\n");
    assert_eq!(of(crates.check()), Vec::<String>::new());
}
