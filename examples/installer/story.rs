//! A plugin that is installed although the program is killed in the middle, and others that cannot be installed.

use std::{
    error::Error,
    path::Path,
    process::{Command, Stdio},
};

use gesta::prelude::*;
use gesta_examples::installer::Installer;

use crate::{Arguments, install, show, start};

/// Tells it.
pub(crate) async fn tell(given: &Arguments) -> Result<(), Box<dyn Error>> {
    println!("the gallery is installed, and the program is killed half-way through the download");
    let status = Command::new(std::env::current_exe()?)
        .args(["gallery", "--die-at", "download", "--run", &given.run, "--store", &given.store])
        .arg("--site")
        .arg(&given.site)
        .stdout(Stdio::null())
        .status()?;
    if status.code().is_some() {
        return Err("it was not killed".into());
    }
    show::files(&given.site)?;

    println!("\nthe program is started again, and goes on where it was");
    let app = start(given).await?;
    let told = go_on(&app, given).await;
    app.shutdown().await?;
    told
}

async fn go_on(app: &App<Installer>, given: &Arguments) -> Result<(), Box<dyn Error>> {
    expect(app, given, "gallery", SagaOutcome::Completed).await?;
    show::files(&given.site)?;

    println!("\nthe shop needs what the gallery has brought along: the libraries have two plugins now");
    expect(app, given, "shop", SagaOutcome::Completed).await?;
    show::files(&given.site)?;

    println!("\nthe donations want a place that the shop has taken, so everything is undone");
    undone(app, given, "donations", "activate", "the hook `checkout` is taken by `shop`").await?;

    println!("\nthe weather is damaged, and stays so");
    let reason = "`weather` is damaged: its checksum is 3778822987e9ef2d and should be 2bb43891f2813164";
    undone(app, given, "weather", "download", reason).await?;

    println!("\nthe hen needs the egg");
    undone(app, given, "hen", "validate", "it needs itself: hen needs egg needs hen").await
}

/// Installs a plugin, and shows that it could not be, and that everything is as it was.
async fn undone(
    app: &App<Installer>,
    given: &Arguments,
    plugin: &str,
    failed_step: &str,
    reason: &str,
) -> Result<(), Box<dyn Error>> {
    let before = show::tree(&given.site)?;
    let (failed_step, reason) = (failed_step.to_owned(), reason.to_owned());
    expect(app, given, plugin, SagaOutcome::Compensated { failed_step, reason }).await?;
    as_before(&before, &given.site)
}

async fn expect(
    app: &App<Installer>,
    given: &Arguments,
    plugin: &str,
    expected: SagaOutcome,
) -> Result<(), Box<dyn Error>> {
    let outcome = install(app, given, plugin).await?;
    if outcome == expected { Ok(()) } else { Err(format!("{plugin}: {outcome:?}").into()) }
}

fn as_before(before: &[(String, String)], site: &Path) -> Result<(), Box<dyn Error>> {
    let after = show::tree(site)?;
    if after != before {
        return Err(format!("the site was {before:?} and is {after:?}").into());
    }
    println!("the site is as before: the same {} files", after.len());
    Ok(())
}
