//! `cargo gesta`: helps those who write a domain.

use std::process::ExitCode;

fn main() -> ExitCode {
    gesta_cli::cargo::main()
}
