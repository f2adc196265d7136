//! Installs plugins: validate, download, install dependencies, activate; and if one of them fails, everything before it is
//! undone.
//!
//! ```sh
//! cargo run --example installer                               # a story, in a folder that is removed afterwards
//! cargo run --example installer -- gallery                    # installs a plugin in ./installer-site
//! cargo run --example installer -- gallery --die-at download  # is killed in the middle; start it again without that
//! cargo run --example installer -- gallery --store postgres://user@host/database
//! ```
//!
//! The registry is a folder with a few plugins that comes with the program, the site another folder. What has happened is
//! in the store, so the program may be killed at any moment; started again, it goes on where it was.

mod show;
mod story;

use std::{
    error::Error,
    path::{Path, PathBuf},
    process::ExitCode,
    time::Duration,
};

use gesta::{
    prelude::*,
    saga::{Saga, Undo},
};
use gesta_examples::installer::{Deps, Install, Installer, Registry, Site};

const USAGE: &str = "\
usage: installer [PLUGIN] [--store URL] [--site FOLDER] [--die-at STEP] [--run NAME]
       PLUGIN    what to install: colours, images, gallery, shop, donations, weather, hen or egg; without it a story
       URL       sqlite:path (sqlite:installer.db if not given), postgres://.. or memory:
       FOLDER    where to (installer-site)
       STEP      where the program kills itself
       NAME      a run of another name asks anew for what was asked for before";

/// How long an application that was killed keeps its share of the work from the next one.
const LEASE: Duration = Duration::from_secs(1);

#[derive(Clone, Debug)]
struct Arguments {
    plugin: Option<String>,
    store: String,
    site: PathBuf,
    die_at: Option<String>,
    run: String,
}

fn arguments(mut given: impl Iterator<Item = String>, folder: &Path) -> Option<Arguments> {
    let (mut plugin, mut store, mut site, mut die_at, mut run) = (None, None, None, None, None);
    while let Some(word) = given.next() {
        match word.as_str() {
            "--store" => store = Some(given.next()?),
            "--site" => site = Some(PathBuf::from(given.next()?)),
            "--die-at" => die_at = Some(given.next().filter(|step| has_step(step))?),
            "--run" => run = Some(given.next()?),
            option if option.starts_with('-') => return None,
            _ if plugin.is_none() => plugin = Some(word),
            _ => return None,
        }
    }
    // A story of its own leaves nothing behind.
    let is_story = plugin.is_none();
    let own = |name: &str| if is_story { folder.join(name) } else { name.into() };
    Some(Arguments {
        store: store.unwrap_or_else(|| format!("sqlite:{}", own("installer.db").display())),
        site: site.unwrap_or_else(|| own("installer-site")),
        run: run.unwrap_or_else(|| if is_story { std::process::id().to_string() } else { "1".into() }),
        plugin,
        die_at,
    })
}

/// Whether there is such a step, or something that undoes one.
fn has_step(name: &str) -> bool {
    Install::STEPS.iter().any(|step| {
        step.name == name || matches!(step.undo, Undo::Compensation { name: undo, .. } if undo == name)
    })
}

#[tokio::main]
async fn main() -> ExitCode {
    let folder = std::env::temp_dir().join(format!("gesta_installer_{}", std::process::id()));
    let Some(arguments) = arguments(std::env::args().skip(1), &folder) else {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    };
    match run(&arguments, &folder).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("installer: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(given: &Arguments, folder: &Path) -> Result<(), Box<dyn Error>> {
    let Some(plugin) = &given.plugin else {
        std::fs::create_dir_all(folder)?;
        let told = story::tell(given).await;
        std::fs::remove_dir_all(folder)?;
        return told;
    };
    let app = start(given).await?;
    let outcome = install(&app, given, plugin).await;
    app.shutdown().await?;
    match outcome? {
        SagaOutcome::Completed => show::files(&given.site),
        _ => Err(format!("{plugin} is not installed").into()),
    }
}

/// Starts the application. Installations that were begun and have not ended go on by themselves from here.
async fn start(given: &Arguments) -> Result<App<Installer>, Box<dyn Error>> {
    let deps =
        Deps { registry: Registry::sample(), site: Site::at(&given.site).dying_at(given.die_at.clone()) };
    let store = gesta::connect(&given.store).await?;
    Ok(Installer::app(store, deps).lease(LEASE).start().await?)
}

/// Installs a plugin, waits for the end of it, and shows how it went.
async fn install(
    app: &App<Installer>,
    given: &Arguments,
    plugin: &str,
) -> Result<SagaOutcome, Box<dyn Error>> {
    let request = format!("{plugin}-{}", given.run);
    let install = Install { plugin: plugin.to_owned(), request: request.clone() };
    let outcome = app.start_saga(&request, install).await?.outcome().await?;
    show::timeline(app, &request).await?;
    Ok(outcome)
}
