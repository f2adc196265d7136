//! Builds the balances anew, with a bar that says how far it is.

use std::{
    error::Error,
    io::{IsTerminal, Write, stdout},
    time::Duration,
};

use gesta::{App, projection::GenerationStatus};
use gesta_examples::{
    bank::{Balance, Bank},
    show::grouped,
};

const WIDTH: usize = 30;
const PAUSE: Duration = Duration::from_millis(100);

/// Builds the balances anew, and waits until they have come to the end of the log.
pub(crate) async fn rebuild(app: &App<Bank>) -> Result<(), Box<dyn Error>> {
    app.rebuild::<Balance>().await?;
    println!("building the balances anew");
    let mut ready = Box::pin(app.rebuilt::<Balance>());
    let mut last = String::new();
    loop {
        let done = tokio::time::timeout(PAUSE, &mut ready).await;
        let statuses = app.projections().await?;
        let status = statuses.iter().find(|found| found.name == "balance");
        if let Some(generation) = status.and_then(|found| found.generations.last()) {
            show(&bar(generation), &mut last);
        }
        if let Ok(done) = done {
            if stdout().is_terminal() {
                println!();
            }
            return Ok(done?);
        }
    }
}

/// One line that changes on a terminal; a line for each change elsewhere.
fn show(line: &str, last: &mut String) {
    if line == last {
        return;
    }
    let (begin, end) = if stdout().is_terminal() { ("\r", "") } else { ("", "\n") };
    // Nobody looks any more: that is no reason to stop.
    let _ = write!(stdout(), "{begin}{line:<78}{end}");
    let _ = stdout().flush();
    line.clone_into(last);
}

/// `[###...] 57 %, 12 345 positions per second, 3 s to go`
fn bar(status: &GenerationStatus) -> String {
    let part = status.progress.clamp(0.0, 1.0);
    let full = (part * WIDTH as f64) as usize;
    let mut line = format!("  [{}{}] {:>3.0} %", "#".repeat(full), ".".repeat(WIDTH - full), part * 100.0);
    if let Some(rate) = status.rate.filter(|_| part < 1.0) {
        line += &format!(", {} positions per second", grouped(rate as u128));
    }
    if let Some(remaining) = status.remaining.filter(|_| part < 1.0) {
        line += &format!(", {} s to go", remaining.as_secs());
    }
    line
}
