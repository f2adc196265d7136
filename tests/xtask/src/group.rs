//! Processes that end together.

use std::process::{Command, Stdio};

/// Asks every process of a group to end. A group that is gone already is no error.
pub(crate) fn terminate(group: &str) {
    // `kill` is a word of the shell, so this needs no program that a bare machine may lack.
    let _ = Command::new("sh")
        .args(["-c", "kill -s TERM -- \"-$1\"", "sh", group])
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .status();
}
