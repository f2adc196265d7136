use std::{
    fmt, fs,
    io::{BufRead, BufReader, Read},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
};

use gesta::{
    admin::probe::{ANSWER, PROBE, PROGRESS, REQUEST, Reply, Request},
    model::Model,
};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{Executable, Package, not_started};
use crate::shared::Failure;

/// A domain that is compiled and can be asked.
#[derive(Clone, Debug)]
pub struct CompiledDomain {
    /// Its name, as written in `domain!`.
    pub name: String,
    /// The package that it was found in.
    pub package: Package,
    target: String,
    /// The path of the test that answers.
    test: String,
    program: PathBuf,
}

impl fmt::Display for CompiledDomain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The test is in a module of its own beside the domain.
        let module = self.test.rsplitn(3, "::").nth(2).unwrap_or("");
        write!(f, "`{}` ({} of `{}`", self.name, self.target, self.package.name)?;
        if module.is_empty() { f.write_str(")") } else { write!(f, ", module {module})") }
    }
}

impl CompiledDomain {
    pub(super) fn new(test: String, executable: &Executable) -> Self {
        let name = test.rsplit("::").next().and_then(|name| name.strip_prefix(PROBE)).unwrap_or_default();
        Self {
            name: name.to_owned(),
            package: executable.package.clone(),
            target: executable.target.clone(),
            program: executable.path.clone(),
            test,
        }
    }

    /// The model of the domain.
    ///
    /// # Errors
    /// When it cannot be told.
    pub fn model(&self) -> Result<Model, Failure> {
        self.ask(&Request::Model {})
    }

    /// Asks, and waits for the answer.
    ///
    /// # Errors
    /// When the request fails, or the answer is of another form than this program knows.
    pub fn ask<T: DeserializeOwned>(&self, request: &Request) -> Result<T, Failure> {
        self.ask_slowly(request, |_| ())
    }

    /// Asks for something that takes long, and is told how far it has come.
    ///
    /// # Errors
    /// As [`CompiledDomain::ask`].
    pub fn ask_slowly<T: DeserializeOwned>(
        &self,
        request: &Request,
        report: impl FnMut(Value),
    ) -> Result<T, Failure> {
        let request = serde_json::to_string(request).map_err(|error| Failure::other(&error))?;
        let reply = self.run(&request, report)?;
        let value = reply.result.map_err(Failure::Other)?;
        serde_json::from_value(value).map_err(|error| {
            let (own, theirs) = (env!("CARGO_PKG_VERSION"), reply.framework);
            Failure::Other(format!(
                "the domain `{}` is built with gesta {theirs} and answers what cargo-gesta {own} does not understand: \
                 {error}; install cargo-gesta of the same version",
                self.name
            ))
        })
    }

    fn run(&self, request: &str, mut report: impl FnMut(Value)) -> Result<Reply, Failure> {
        let failed = |error: std::io::Error| not_started(&self.program, &error);
        let mut running = Command::new(&self.program)
            .args([&self.test, "--exact", "--nocapture", &format!("{REQUEST}{request}")])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(failed)?;
        // Both are read at the same time: a program whose output nobody reads does not end.
        let mut errors = running.stderr.take();
        let errors = thread::spawn(move || {
            let mut text = Vec::new();
            let _ = errors.as_mut().map(|errors| errors.read_to_end(&mut text));
            String::from_utf8_lossy(&text).into_owned()
        });
        let mut reply = None;
        if let Some(output) = running.stdout.take() {
            for line in BufReader::new(output).lines() {
                let line = line.map_err(failed)?;
                if let Some((_, json)) = line.split_once(ANSWER) {
                    reply = Some(serde_json::from_str(json).map_err(|error| Failure::other(&error))?);
                } else if let Some((_, json)) = line.split_once(PROGRESS) {
                    serde_json::from_str(json).into_iter().for_each(&mut report);
                }
            }
        }
        let ended = running.wait().map_err(failed)?;
        let errors = errors.join().unwrap_or_default();
        reply.ok_or_else(|| {
            Failure::Other(format!(
                "the domain `{}` does not answer: its test {} ended with {ended}\n{}",
                self.name,
                self.test,
                errors.trim_end()
            ))
        })
    }
}

/// The paths of the probes in a program of tests. One without any is not run at all: with `harness = false` it does
/// whatever its `main` does.
pub(super) fn probes(program: &Path) -> Result<Vec<String>, Failure> {
    let failed = |error: std::io::Error| not_started(program, &error);
    let bytes = fs::read(program).map_err(failed)?;
    if !bytes.windows(PROBE.len()).any(|window| window == PROBE.as_bytes()) {
        return Ok(Vec::new());
    }
    let output = Command::new(program)
        .args([PROBE, "--list", "--format", "terse"])
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .map_err(failed)?;
    let listed = String::from_utf8_lossy(&output.stdout).into_owned();
    let is_probe = |test: &&str| test.rsplit("::").next().is_some_and(|name| name.starts_with(PROBE));
    Ok(listed
        .lines()
        .filter_map(|line| line.strip_suffix(": test"))
        .filter(is_probe)
        .map(str::to_owned)
        .collect())
}
