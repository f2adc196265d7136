use std::{
    fs,
    io::{self, Write},
    path::PathBuf,
};

use serde::Serialize;

use super::Arguments;
use crate::{
    diagram::{Format, flow},
    pages::{Page, pages},
    shared::{Answer, Failure},
};

/// Arguments of `cargo gesta docs`.
#[derive(Debug, clap::Args)]
pub struct Docs {
    /// The folder that is written to; what else is in it stays
    #[arg(long, short, value_name = "FOLDER", default_value = "target/gesta-docs")]
    out: PathBuf,
}

impl Docs {
    pub(super) fn run(&self, arguments: &Arguments) -> Result<(), Failure> {
        let model = arguments.model()?;
        let mut pages = pages(&model);
        pages.push(Page { file: "flow.svg".into(), text: flow(&model).write(Format::Svg) });
        let failed = |path: &PathBuf, error: io::Error| {
            Failure::Other(format!("{} cannot be written: {error}", path.display()))
        };
        fs::create_dir_all(&self.out).map_err(|error| failed(&self.out, error))?;
        for page in &pages {
            let path = self.out.join(&page.file);
            fs::write(&path, &page.text).map_err(|error| failed(&path, error))?;
        }
        let written = Written { folder: self.out.display().to_string(), pages: pages.len() };
        arguments.output().answer(&written).map_err(|error| Failure::other(&error))
    }
}

#[derive(Serialize)]
struct Written {
    folder: String,
    pages: usize,
}

impl Answer for Written {
    fn human(&self, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "{} files in {}; begin with index.md", self.pages, self.folder)
    }
}
