//! `gesta`: operates a store.

use std::process::ExitCode;

fn main() -> ExitCode {
    gesta_cli::operate::main()
}
