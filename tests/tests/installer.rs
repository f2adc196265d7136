//! The installation of plugins, as a program that is killed in the middle of every step, and started again.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use gesta::test::saga_in;
use gesta_examples::installer::{Deps, Install, Installer, Registry, Site};
use gesta_tests::{Database, Folder, Kind};

/// A store and a site of a test's own.
struct Place {
    database: Database,
    folder: Folder,
}

impl Place {
    async fn new(kind: Kind) -> Self {
        Self { database: Database::new(kind).await, folder: Folder::new() }
    }

    fn run(&self, words: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_installer-under-test"));
        command.args(["--store", self.database.url(), "--site"]).arg(self.site()).args(words);
        command.stdin(Stdio::null()).output().expect("the program runs")
    }

    /// Installs a plugin, and returns the timeline that it prints.
    fn install(&self, plugin: &str) -> Vec<String> {
        let output = self.run(&[plugin]);
        assert!(output.status.success(), "{}", printed(&output));
        timeline(&printed(&output))
    }

    /// Fails to install a plugin, and returns the timeline that it prints.
    fn cannot_install(&self, plugin: &str) -> Vec<String> {
        let output = self.run(&[plugin]);
        assert_eq!(output.status.code(), Some(1), "{}", printed(&output));
        timeline(&printed(&output))
    }

    /// Installs a plugin, and is killed half-way through a step.
    fn killed(&self, plugin: &str, step: &str) {
        let output = self.run(&[plugin, "--die-at", step]);
        assert_eq!(output.status.code(), None, "it has ended by itself: {}", printed(&output));
        let told = format!("dying half-way through `{step}`");
        assert!(printed(&output).contains(&told), "{}", printed(&output));
    }

    fn site(&self) -> PathBuf {
        self.folder.path("site")
    }

    /// Everything on the site, with its contents.
    fn files(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let mut files = BTreeMap::new();
        collect(&self.site(), &self.site(), &mut files);
        files
    }
}

fn collect(root: &Path, folder: &Path, files: &mut BTreeMap<PathBuf, Vec<u8>>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for path in entries.map(|entry| entry.expect("an entry").path()) {
        // Folders count as well: nothing is left behind.
        let name = path.strip_prefix(root).expect("inside").to_owned();
        if path.is_dir() {
            files.insert(name, Vec::new());
            collect(root, &path, files);
        } else {
            files.insert(name, fs::read(&path).expect("readable"));
        }
    }
}

fn printed(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// What a timeline says, without the numbers and the times.
fn timeline(told: &str) -> Vec<String> {
    let lines = told.lines().filter(|line| line.starts_with("  ") && line.contains("Z  "));
    lines.map(|line| line.split_once("Z  ").expect("a time").1.to_owned()).collect()
}

async fn an_installation_killed_in_any_step_goes_on_where_it_was(kind: Kind) {
    let whole = Place::new(kind).await;
    let undisturbed = whole.install("gallery");
    let expected = whole.files();
    assert_eq!(undisturbed.last().map(String::as_str), Some("completed"));
    assert_eq!(whole.install("gallery"), undisturbed, "asked for again, nothing more is done");
    whole.database.remove().await;

    for step in ["validate", "download", "install_dependencies", "activate"] {
        let place = Place::new(kind).await;
        place.killed("gallery", step);
        assert_ne!(place.files(), expected, "{step} was done half");
        let mut timeline = place.install("gallery");
        assert_eq!(place.files(), expected, "killed in {step}");
        // The only difference is that the step was tried twice.
        let again = timeline.iter().position(|line| *line == format!("step {step} begins, attempt 2"));
        timeline.remove(again.unwrap_or_else(|| panic!("{step} was not tried again: {timeline:#?}")));
        assert_eq!(timeline, undisturbed);
        place.database.remove().await;
    }
}

async fn an_undoing_killed_in_any_step_goes_on_where_it_was(kind: Kind) {
    for undo in ["deactivate", "uninstall", "delete", "clean_up"] {
        let place = Place::new(kind).await;
        place.install("shop");
        let before = place.files();
        place.killed("donations", undo);
        assert_ne!(place.files(), before, "{undo} was done half");
        let timeline = place.cannot_install("donations");
        assert_eq!(place.files(), before, "killed in {undo}");
        assert_eq!(
            timeline.last().map(String::as_str),
            Some("compensated after activate: the hook `checkout` is taken by `shop`")
        );
        let again = timeline.iter().filter(|line| line.ends_with("attempt 2")).count();
        assert_eq!(again, 1, "{timeline:#?}");
        place.database.remove().await;
    }
}

async fn the_story_is_true(kind: Kind) {
    let place = Place::new(kind).await;
    let output = place.run(&[]);
    let told = printed(&output);
    assert!(output.status.success(), "{told}");
    for words in [
        "plugins/gallery/code.part",
        "step download begins, attempt 2",
        "compensated after activate: the hook `checkout` is taken by `shop`",
        "step download failed at attempt 5: `weather` is damaged",
        "compensated after validate: it needs itself: hen needs egg needs hen",
        "the site is as before: the same 16 files",
    ] {
        assert!(told.contains(words), "no `{words}` in\n{told}");
    }
    place.database.remove().await;
}

macro_rules! on_both {
    ($($test:ident)*) => {
        mod sqlite { $(#[tokio::test] async fn $test() { super::$test(super::Kind::Sqlite).await; })* }
        mod postgres { $(#[tokio::test] async fn $test() { super::$test(super::Kind::Postgres).await; })* }
    };
}

on_both! {
    an_installation_killed_in_any_step_goes_on_where_it_was
    an_undoing_killed_in_any_step_goes_on_where_it_was
    the_story_is_true
}

/// On real files: every step fails, is repeated, and is the last one that a process has done; and each time all of it is
/// there in the end, or nothing.
#[tokio::test]
async fn whatever_happens_to_an_installation_it_is_there_or_nothing_is() {
    let (folder, worlds) = (Arc::new(Folder::new()), Arc::new(AtomicUsize::new(0)));
    let site = {
        let worlds = Arc::clone(&worlds);
        move || folder.path(&format!("site-{}", worlds.load(Ordering::Relaxed)))
    };
    let deps = {
        let site = site.clone();
        move || {
            worlds.fetch_add(1, Ordering::Relaxed);
            Deps { registry: Registry::sample(), site: Site::at(site()) }
        }
    };
    let test = saga_in::<Installer>(deps)
        .saga(Install { plugin: "gallery".into(), request: "gallery-1".into() })
        .state(move |_| {
            let mut files = BTreeMap::new();
            collect(&site(), &site(), &mut files);
            std::future::ready(files)
        });
    test.completes().await;
    assert!(test.every_step_fails().await > 4);
    assert!(test.every_step_repeats().await > 4);
    assert!(test.crash_at_every_point().await > 20);
}

#[test]
fn a_step_that_is_not_there_is_refused() {
    let output = Command::new(env!("CARGO_BIN_EXE_installer-under-test"))
        .args(["gallery", "--die-at", "paint"])
        .output()
        .expect("the program runs");
    assert_eq!(output.status.code(), Some(2), "{}", printed(&output));
}
