use std::{
    io::{self, BufRead, BufReader, IsTerminal},
    path::PathBuf,
    process::{Command, Stdio},
};

use serde_json::Value;

use super::{Package, Probe, cargo, not_started};
use crate::shared::Failure;

/// What is compiled.
#[derive(Debug)]
pub(super) enum Targets {
    Lib,
    Bins,
    Example(String),
    Test(String),
}

/// A compiled program of tests.
#[derive(Clone, Debug)]
pub(super) struct Executable {
    pub(super) path: PathBuf,
    pub(super) package: Package,
    /// `lib`, `bin bank`
    pub(super) target: String,
}

/// Compiles tests. What cargo says goes to the error output as it is.
pub(super) fn tests(
    probe: &Probe,
    packages: &[Package],
    targets: &Targets,
) -> Result<Vec<Executable>, Failure> {
    let cargo = cargo();
    let mut command = Command::new(&cargo);
    command.args(["test", "--no-run", "--message-format=json-render-diagnostics"]);
    arguments(&mut command, probe, packages, targets);
    let mut running = command.stdout(Stdio::piped()).spawn().map_err(|error| not_started(&cargo, &error))?;
    let mut executables = Vec::new();
    if let Some(output) = running.stdout.take() {
        for line in BufReader::new(output).lines() {
            let line = line.map_err(|error| Failure::other(&error))?;
            executables.extend(serde_json::from_str(&line).ok().and_then(|said| executable(&said, packages)));
        }
    }
    let ended = running.wait().map_err(|error| not_started(&cargo, &error))?;
    if ended.success() {
        return Ok(executables);
    }
    Err(Failure::Other("the domain does not compile, so it cannot be asked; cargo has said why".into()))
}

fn arguments(command: &mut Command, probe: &Probe, packages: &[Package], targets: &Targets) {
    if !io::stderr().is_terminal() {
        command.arg("--quiet");
    }
    if let Some(path) = &probe.manifest_path {
        command.args(["--manifest-path", path]);
    }
    for package in packages {
        command.args(["--package", &package.name]);
    }
    for features in &probe.which.features {
        command.args(["--features", features]);
    }
    if probe.which.all_features {
        command.arg("--all-features");
    }
    if probe.which.no_default_features {
        command.arg("--no-default-features");
    }
    match targets {
        Targets::Lib => command.arg("--lib"),
        Targets::Bins => command.arg("--bins"),
        Targets::Example(name) => command.args(["--example", name]),
        Targets::Test(name) => command.args(["--test", name]),
    };
}

/// A program of tests among what cargo says.
fn executable(said: &Value, packages: &[Package]) -> Option<Executable> {
    if said["reason"] != "compiler-artifact" || said["profile"]["test"] != true {
        return None;
    }
    let path = PathBuf::from(said["executable"].as_str()?);
    let manifest = said["manifest_path"].as_str()?;
    let package = packages.iter().find(|package| package.manifest.as_os_str() == manifest)?.clone();
    let kind = said["target"]["kind"][0].as_str()?;
    let target = match said["target"]["name"].as_str()? {
        name if kind == "bin" || kind == "example" || kind == "test" => format!("{kind} {name}"),
        _ => "lib".to_owned(),
    };
    Some(Executable { path, package, target })
}
