use std::{
    io::{self, Write},
    process::ExitCode,
    sync::atomic::Ordering,
    time::Duration,
};

use serde::Serialize;
use tokio::sync::oneshot;

use super::{Failure, Output, answer::harmless, ask::ASKING};

/// How long a command may take to clean up when it is ended by Ctrl-C.
const GRACE: Duration = Duration::from_secs(2);

/// Runs a command and says on the error output why it failed. The answer itself goes to the standard output.
///
/// Ctrl-C drops the command where it is, so that it takes away what it has half done.
pub fn run(program: &str, output: Output, command: impl Future<Output = Result<(), Failure>>) -> ExitCode {
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            let failure = Failure::Other(format!("no threads can be started: {error}"));
            return tell(program, output, &failure);
        }
    };
    let ended = runtime.block_on(async {
        let (tell, interrupted) = oneshot::channel();
        tokio::spawn(interruption(tell));
        tokio::select! {
            ended = command => ended,
            Ok(()) = interrupted => Err(Failure::Interrupted),
        }
    });
    // What somebody has begun beside is not waited for.
    runtime.shutdown_background();
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => tell(program, output, &failure),
    }
}

/// Waits for Ctrl-C. A command that waits for a person or for another program does not hear of it, and is ended.
async fn interruption(tell: oneshot::Sender<()>) {
    if tokio::signal::ctrl_c().await.is_err() {
        return;
    }
    let _ = tell.send(());
    if !ASKING.load(Ordering::SeqCst) {
        tokio::time::sleep(GRACE).await;
    }
    std::process::exit(i32::from(Failure::Interrupted.number()));
}

/// A failure for programs.
#[derive(Serialize)]
struct Told<'f> {
    error: &'static str,
    code: u8,
    message: &'f str,
}

/// Says why a command failed: a sentence for people, and a line of JSON for programs. What the program ends with.
pub fn tell(program: &str, output: Output, failure: &Failure) -> ExitCode {
    let message = failure.to_string();
    let line = match output {
        Output::Human => format!("{program}: {message}"),
        Output::Json => {
            let told = Told { error: failure.kind(), code: failure.number(), message: &message };
            serde_json::to_string(&told).map_or(message, harmless)
        }
    };
    // Where nobody listens any more, the code says it.
    let _ = writeln!(io::stderr(), "{line}");
    failure.code()
}
