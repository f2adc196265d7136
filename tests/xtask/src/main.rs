//! `cargo xtask`: starts what the tests need, runs every test on every store, stops what it started.

mod counts;
mod group;
mod install;
mod postgres;
mod server;
mod steps;

use std::{fmt, process::ExitCode};

const USAGE: &str = "\
usage: cargo xtask test [--install] [arguments for cargo test]
           every test on every store, against a private PostgreSQL server on a free port
           --install: first install PostgreSQL from Debian where it is missing
       cargo xtask ci [--install]
           formatting, lints, every feature for itself, documentation, then the tests";

/// Why a command of this program ends early, and with which exit code.
#[derive(Debug)]
struct Failure {
    message: String,
    code: u8,
}

/// The exit code that says: nothing is wrong with the code, something is missing on this machine.
const MISSING: u8 = 2;

impl Failure {
    fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), code: 1 }
    }

    fn missing(message: impl Into<String>) -> Self {
        Self { message: message.into(), code: MISSING }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

/// Says what was being done when an operation of the system failed.
fn during<T>(what: &str, result: std::io::Result<T>) -> Result<T, Failure> {
    result.map_err(|error| Failure::new(format!("{what}: {error}")))
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (command, rest) = match arguments.split_first() {
        Some((command, rest)) => (command.as_str(), rest.to_vec()),
        None => ("", Vec::new()),
    };
    let done = match command {
        "test" => steps::test(rest),
        "ci" => steps::ci(rest),
        server::GUARD => server::guard(&rest),
        _ => Err(Failure::missing(USAGE)),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("xtask: {failure}");
            ExitCode::from(failure.code)
        }
    }
}
