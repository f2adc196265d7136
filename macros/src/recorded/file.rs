//! Reading a file once for all macros that ask for it.

use std::{
    env, fs,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::SystemTime,
};

use super::Recorded;

/// The last file that was read, and what it held.
pub(super) struct Cache<T>(Mutex<Option<(State, Arc<T>)>>);

/// Which file in which state.
#[derive(PartialEq)]
struct State {
    path: PathBuf,
    length: u64,
    modified: Option<SystemTime>,
}

impl<T> Cache<T> {
    pub(super) const fn new() -> Self {
        Self(Mutex::new(None))
    }
}

/// Reads the file of this name in the package that is being compiled.
///
/// The compiler runs one process for a crate, an editor one for a workspace: so what was read is kept for as long as it
/// is the same file in the same state.
pub(super) fn read<T>(name: &str, known: &Cache<T>, parse: impl FnOnce(&str) -> T) -> Option<Recorded<T>> {
    let path = package_root()?.join(name);
    let content = content(&path, known, parse)?;
    Some(Recorded { path: path.to_str()?.to_owned(), content })
}

fn content<T>(path: &Path, known: &Cache<T>, parse: impl FnOnce(&str) -> T) -> Option<Arc<T>> {
    let meta = fs::metadata(path).ok().filter(fs::Metadata::is_file)?;
    let state = State { path: path.to_owned(), length: meta.len(), modified: meta.modified().ok() };
    let mut known = known.0.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((_, content)) = known.as_ref().filter(|(other, _)| *other == state) {
        return Some(content.clone());
    }
    // Bytes that are no text are lines that cannot be read, which is told as such.
    let content = Arc::new(parse(&String::from_utf8_lossy(&fs::read(path).ok()?)));
    *known = Some((state, content.clone()));
    Some(content)
}

/// The folder of the package. None for integration tests, benchmarks and the code in documentation: what they define
/// is released to nobody, and may well have the names of what is.
fn package_root() -> Option<PathBuf> {
    let beside = ["CARGO_TARGET_TMPDIR", "UNSTABLE_RUSTDOC_TEST_PATH"];
    if beside.iter().any(|name| env::var_os(name).is_some()) {
        return None;
    }
    std::path::absolute(env::var_os("CARGO_MANIFEST_DIR")?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_read_once_until_it_changes() {
        static KNOWN: Cache<String> = Cache::new();
        let path = env::temp_dir().join(format!("gesta-recorded-{}", std::process::id()));
        assert!(content(&path, &KNOWN, str::to_owned).is_none());
        fs::write(&path, "first").unwrap();
        let first = content(&path, &KNOWN, str::to_owned).unwrap();
        let again = content(&path, &KNOWN, |_| unreachable!("it is known")).unwrap();
        assert!(Arc::ptr_eq(&first, &again));
        fs::write(&path, "the second").unwrap();
        assert_eq!(*content(&path, &KNOWN, str::to_owned).unwrap(), "the second");
        fs::remove_file(&path).unwrap();
        assert!(content(&path, &KNOWN, str::to_owned).is_none());
    }
}
