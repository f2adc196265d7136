use std::{
    io::{self, Write},
    path::{Path, absolute},
};

use gesta::admin::{StateReport, probe::Request};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

use super::{Arguments, filter};
use crate::{
    cargo::Which,
    shared::{Answer, Failure, Probe, shown},
};

/// Arguments of `gesta state`.
#[derive(Debug, clap::Args)]
pub struct State {
    /// Its category and id: account/ann
    #[arg(value_name = "STREAM")]
    name: String,
    /// After so many events; after all unless given
    #[arg(long, value_name = "VERSION", value_parser = clap::value_parser!(u64).range(1..))]
    at: Option<u64>,
    #[command(flatten)]
    code: Code,
}

/// Where the code of the domain is.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct Code {
    /// The Cargo.toml of the package that has the domain; that of this folder unless given
    #[arg(long, value_name = "PATH")]
    manifest_path: Option<String>,
    /// The package that has the domain
    #[arg(long, short, value_name = "NAME")]
    package: Option<String>,
    #[command(flatten)]
    which: Which,
}

impl Code {
    /// Compiles the domain and asks it.
    pub(super) async fn ask<T: DeserializeOwned + Send + 'static>(
        &self,
        request: Request,
    ) -> Result<T, Failure> {
        self.ask_slowly(request, |_| ()).await
    }

    /// Compiles the domain and asks it, and is told how far it has come.
    pub(super) async fn ask_slowly<T: DeserializeOwned + Send + 'static>(
        &self,
        request: Request,
        report: impl FnMut(Value) + Send + 'static,
    ) -> Result<T, Failure> {
        let probe = Probe {
            manifest_path: self.manifest_path.clone(),
            package: self.package.clone(),
            which: self.which.clone(),
        };
        let asking = tokio::task::spawn_blocking(move || probe.find()?.ask_slowly::<T>(&request, report));
        asking.await.map_err(|error| Failure::other(&error))?.map_err(|failure| {
            Failure::Other(format!(
                "this needs the code of the domain, which says no or cannot be asked: {failure}"
            ))
        })
    }
}

#[derive(Serialize)]
#[serde(transparent)]
struct Shown(StateReport);

impl Answer for Shown {
    fn human(&self, out: &mut dyn Write) -> io::Result<()> {
        let StateReport { stream, version, state_name, state, debug, lacks } = &self.0;
        writeln!(out, "{} version {version}", shown(stream))?;
        if let Some(name) = state_name {
            writeln!(out, "state {name}")?;
        }
        let json = state.as_ref().map(serde_json::to_string_pretty).transpose()?;
        for text in [json.as_ref(), debug.as_ref(), lacks.as_ref()].into_iter().flatten() {
            text.lines().try_for_each(|line| writeln!(out, "{}", shown(line)))?;
        }
        Ok(())
    }
}

impl State {
    pub(super) async fn run(&self, all: &Arguments) -> Result<(), Failure> {
        let stream = filter::stream(&self.name)?;
        // What can be said without the code is said before anything is compiled.
        let operations = all.open().await?;
        let version = operations.stream(&stream).await?.map(|state| state.version);
        operations.store().port().close().await;
        match (version, self.at) {
            (None, _) => return Err(filter::no_stream(&self.name)),
            (Some(version), Some(at)) if at > version => {
                return Err(Failure::NotFound(format!("{} has only {version} events", self.name)));
            }
            _ => {}
        }
        let request =
            Request::State { store: address(&all.address()?)?, stream: self.name.clone(), at: self.at };
        let report = self.code.ask::<StateReport>(request).await?;
        Ok(all.output().answer(&Shown(report))?)
    }
}

/// The address as it is true in every folder.
pub(super) fn address(address: &str) -> Result<String, Failure> {
    let Some(path) = address.strip_prefix("sqlite:") else { return Ok(address.to_owned()) };
    let path = absolute(Path::new(path.strip_prefix("//").unwrap_or(path)));
    let path = path.map_err(|error| Failure::Usage(format!("{address} cannot be found: {error}")))?;
    Ok(format!("sqlite:{}", path.display()))
}
