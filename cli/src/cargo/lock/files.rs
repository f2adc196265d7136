use std::{
    fs, io,
    path::{Path, PathBuf},
    str::FromStr,
};

use gesta::evolution::{Golden, Lock};

use crate::shared::Failure;

/// The file of what was released.
pub(super) const LOCK: &str = "gesta.lock";
const GOLDEN: &str = "gesta.golden";

/// The two files beside the `Cargo.toml` of a package.
#[derive(Debug)]
pub(super) struct Files {
    folder: PathBuf,
    pub(super) lock: Lock,
    pub(super) golden: Golden,
}

impl Files {
    /// Reads them; a file that is not there is empty.
    pub(super) fn read(folder: &Path) -> Result<Self, Failure> {
        Ok(Self {
            folder: folder.to_owned(),
            lock: read(&folder.join(LOCK))?,
            golden: read(&folder.join(GOLDEN))?,
        })
    }

    pub(super) fn lock_path(&self) -> PathBuf {
        self.folder.join(LOCK)
    }

    /// Writes them, each as a whole.
    pub(super) fn write(&self) -> Result<(), Failure> {
        write(&self.folder.join(LOCK), &self.lock.to_string())?;
        write(&self.folder.join(GOLDEN), &self.golden.to_string())
    }
}

fn read<T: FromStr<Err: std::fmt::Display> + Default>(path: &Path) -> Result<T, Failure> {
    match fs::read_to_string(path) {
        Ok(text) => text.parse().map_err(|error| Failure::Other(format!("{}: {error}", path.display()))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(T::default()),
        Err(error) => Err(Failure::Other(format!("{}: {error}", path.display()))),
    }
}

/// A file that says the same already is left alone, so that nothing is compiled again because of it.
fn write(path: &Path, text: &str) -> Result<(), Failure> {
    if fs::read_to_string(path).is_ok_and(|known| known == text) {
        return Ok(());
    }
    let beside = path.with_extension("new");
    let wrong = |error: io::Error| Failure::Other(format!("{}: {error}", path.display()));
    fs::write(&beside, text).map_err(wrong)?;
    fs::rename(&beside, path).map_err(wrong)
}
