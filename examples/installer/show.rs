//! What a person sees: the timeline of an installation, and the files of the site.

use std::{error::Error, fs, path::Path};

use gesta::App;
use gesta_examples::installer::{Install, Installer, checksum};

/// Prints what has happened to an installation, and when.
pub(crate) async fn timeline(app: &App<Installer>, request: &str) -> Result<(), Box<dyn Error>> {
    println!("timeline of {request}");
    for entry in app.saga::<Install>(request).timeline().await? {
        println!("  {:>3}  {}  {}", entry.version, entry.recorded_at, entry.event);
    }
    Ok(())
}

/// Prints the files of a site.
pub(crate) fn files(site: &Path) -> Result<(), Box<dyn Error>> {
    let files = tree(site)?;
    println!("the site has {} files", files.len());
    for (path, _) in files {
        println!("  {path}");
    }
    Ok(())
}

/// Every file below a folder with its checksum, in the order of their paths; nothing, if there is no such folder.
pub(crate) fn tree(folder: &Path) -> Result<Vec<(String, String)>, Box<dyn Error>> {
    let (mut files, mut open) = (Vec::new(), vec![folder.to_path_buf()]);
    while let Some(at) = open.pop().filter(|at| at.exists()) {
        for entry in fs::read_dir(&at)? {
            let path = entry?.path();
            if path.is_dir() {
                open.push(path);
            } else {
                let name = path.strip_prefix(folder)?.display().to_string();
                files.push((name, checksum(&fs::read(&path)?)));
            }
        }
    }
    files.sort();
    Ok(files)
}
