//! Installs what is missing, where that is wanted and possible.

use std::{
    path::Path,
    process::{Command, Stdio},
};

use crate::{Failure, during};

/// What a person types to have the same.
pub(crate) const BY_HAND: &str = "apt-get install -y --no-install-recommends postgresql";

const SCRIPT: &str = include_str!("install.sh");

/// Installs PostgreSQL from Debian; needs root, or `sudo` without a password.
pub(crate) fn postgres() -> Result<(), Failure> {
    if !Path::new("/usr/bin/apt-get").exists() {
        return Err(Failure::missing(
            "PostgreSQL 15 or later is missing, and this machine has no apt-get to install it with; install it \
             yourself, and name the folder of its programs in PG_BIN if it is not in PATH",
        ));
    }
    let mut shell = if is_root()? {
        Command::new("sh")
    } else if silent(Command::new("sudo").args(["-n", "true"])) {
        let mut sudo = Command::new("sudo");
        sudo.args(["-n", "sh"]);
        sudo
    } else {
        return Err(Failure::missing(format!(
            "PostgreSQL 15 or later is missing, and installing it needs root; as root run: {BY_HAND}"
        )));
    };
    println!("xtask: installing PostgreSQL from Debian, without starting a system server");
    let status = during("cannot run sh", shell.args(["-c", SCRIPT]).stdin(Stdio::null()).status())?;
    if status.success() {
        Ok(())
    } else {
        Err(Failure::missing(format!("installing PostgreSQL failed ({status}); as root run: {BY_HAND}")))
    }
}

/// Whether this process is root, as the owner of its own entry in /proc.
pub(crate) fn is_root() -> Result<bool, Failure> {
    use std::os::unix::fs::MetadataExt;
    Ok(during("cannot read /proc/self", std::fs::metadata("/proc/self"))?.uid() == 0)
}

fn silent(command: &mut Command) -> bool {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}
