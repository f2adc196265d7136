//! The real program on a package that it compiles. What is built is kept in `target/fixtures`, so that it is built once.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

/// A package in a folder of its own: a program without a library.
struct Project(PathBuf);

const LAMP: &str = include_str!("lamp.rs");

impl Project {
    fn new(name: &str, main: &str) -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let folder = root.join("target/fixtures/projects").join(name);
        fs::create_dir_all(folder.join("src")).expect("a folder");
        let runtime = root.join("runtime").canonicalize().expect("the runtime");
        let manifest = format!(
            "[package]\nname = \"{name}\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n[dependencies]\n\
             gesta = {{ path = {runtime:?}, default-features = false }}\n\n[workspace]\n"
        );
        fs::write(folder.join("Cargo.toml"), manifest).expect("a manifest");
        // The versions that everything else is built with.
        fs::copy(root.join("Cargo.lock"), folder.join("Cargo.lock")).expect("a lock file");
        fs::write(folder.join("src/main.rs"), main).expect("a source");
        Self(folder)
    }

    fn gesta(&self, arguments: &[&str]) -> Output {
        let target = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/fixtures");
        Command::new(env!("CARGO_BIN_EXE_cargo-gesta"))
            .arg("gesta")
            .args(arguments)
            .current_dir(&self.0)
            .env("CARGO_TARGET_DIR", target)
            .output()
            .expect("the program runs")
    }
}

fn said(output: &Output) -> (Option<i32>, String, String) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

#[test]
fn a_program_with_two_domains_is_asked_for_one_of_them() {
    let project = Project::new("lamps", LAMP);
    let (code, out, err) = said(&project.gesta(&["model", "--json", "--domain", "House"]));
    assert_eq!(code, Some(0), "{err}");
    let model: serde_json::Value = serde_json::from_str(&out).expect("one JSON document");
    assert_eq!(model["domain"], "House");
    assert_eq!(model["doc"], "Where the lamp stands.");
    assert_eq!(model["aggregates"][0]["events"][0]["doc"], "It gives light.");
    assert_eq!(model["aggregates"][0]["commands"][0]["error"], "Infallible");

    let (code, _, err) = said(&project.gesta(&["model"]));
    assert_eq!(code, Some(2), "{err}");
    assert!(err.contains("`House` (bin lamps of `lamps`)") && err.contains("`Street`"), "{err}");
    let (code, _, err) = said(&project.gesta(&["model", "--domain", "Castle"]));
    assert_eq!(code, Some(3), "{err}");

    let drawn = project.gesta(&["diagram", "--domain", "Street", "--format", "svg"]);
    let (code, out, err) = said(&drawn);
    assert!(code == Some(0) && out.starts_with("<svg"), "{err}");
    let (code, out, err) = said(&project.gesta(&["check", "--domain", "House", "--deny", "G002"]));
    assert_eq!(code, Some(1), "{out}{err}");
    assert!(out.contains("G002-unhandled-event"), "{out}");
    let (code, out, err) = said(&project.gesta(&["docs", "--domain", "House", "--out", "pages"]));
    assert_eq!(code, Some(0), "{out}{err}");
    assert!(project.0.join("pages/event-lamp.lit.md").exists());
}

#[test]
fn what_does_not_compile_is_shown_as_the_compiler_says_it() {
    let broken = LAMP.replace("self.lit = true", "self.lit = 7");
    let (code, _, err) = said(&Project::new("broken_lamps", &broken).gesta(&["model"]));
    assert_eq!(code, Some(6), "{err}");
    assert!(err.contains("E0308") && err.contains("src/main.rs"), "{err}");
}

#[test]
fn a_package_without_a_domain_is_told_where_it_was_looked_for() {
    let (code, _, err) = said(&Project::new("no_lamps", "fn main() {}\n").gesta(&["model"]));
    assert_eq!(code, Some(3), "{err}");
    assert!(err.contains("no `gesta::domain!`") && err.contains("no_lamps"), "{err}");
}
