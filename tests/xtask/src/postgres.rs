//! Finds the programs of PostgreSQL.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use crate::Failure;

/// The oldest version that gesta works with.
const OLDEST: u32 = 15;

/// Where the programs of a PostgreSQL server are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Programs {
    pub(crate) folder: PathBuf,
    pub(crate) version: u32,
}

/// The folder in `PG_BIN`, else one in `PATH`, else the newest that Debian has installed.
pub(crate) fn find() -> Result<Option<Programs>, Failure> {
    if let Some(folder) = env::var_os("PG_BIN") {
        let folder = PathBuf::from(folder);
        return match usable(&folder) {
            Some(programs) => Ok(Some(programs)),
            None => Err(Failure::missing(format!(
                "PG_BIN is {}, but initdb, pg_ctl and postgres of version {OLDEST} or later are not there",
                folder.display()
            ))),
        };
    }
    let path = env::var_os("PATH").unwrap_or_default();
    let on_path = env::split_paths(&path).filter_map(|folder| {
        // A link in PATH leads to the folder that has the other programs too.
        let program = fs::canonicalize(folder.join("postgres")).ok()?;
        usable(program.parent()?)
    });
    Ok(on_path.chain(debian()).max_by_key(|programs| programs.version))
}

/// What Debian has installed: one folder for each version.
fn debian() -> impl Iterator<Item = Programs> {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    versions.filter_map(|version| usable(&version.path().join("bin")))
}

fn usable(folder: &Path) -> Option<Programs> {
    let complete = ["initdb", "pg_ctl", "postgres"].iter().all(|program| folder.join(program).is_file());
    let output = complete.then(|| Command::new(folder.join("postgres")).arg("--version").output().ok())??;
    let version = major(&String::from_utf8_lossy(&output.stdout))?;
    (version >= OLDEST).then(|| Programs { folder: folder.to_owned(), version })
}

/// The major version in what `postgres --version` prints.
fn major(printed: &str) -> Option<u32> {
    let number = printed.split_whitespace().find(|word| word.starts_with(|c: char| c.is_ascii_digit()))?;
    number.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_major_version_is_read() {
        assert_eq!(major("postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)"), Some(15));
        assert_eq!(major("postgres (PostgreSQL) 19beta1"), Some(19));
        assert_eq!(major("nothing of that kind"), None);
    }

    #[test]
    fn a_folder_without_the_programs_is_not_usable() {
        assert_eq!(usable(Path::new("/usr/share")), None);
    }
}
