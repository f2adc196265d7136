use std::process::ExitCode;

use super::Failure;

/// Runs a command and says on the error output why it failed. The answer itself goes to the standard output.
pub fn run(program: &str, command: impl Future<Output = Result<(), Failure>>) -> ExitCode {
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return told(program, &Failure::Other(format!("no threads can be started: {error}"))),
    };
    match runtime.block_on(command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => told(program, &failure),
    }
}

fn told(program: &str, failure: &Failure) -> ExitCode {
    eprintln!("{program}: {failure}");
    failure.code()
}
