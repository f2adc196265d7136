//! The story of a dead letter: shown, mended, retried.

use std::{
    error::Error,
    time::{Duration, Instant},
};

use gesta::{
    App,
    store::{DeliveryState, ParkedDelivery},
};
use gesta_examples::bank::{AccountId, Bank, PrintOffice};

/// How long the attempts may take, and those who wait behind the letter.
const PATIENCE: Duration = Duration::from_secs(60);
const PAUSE: Duration = Duration::from_millis(20);

/// Everything that stands in the way of the order.
const ALL: [DeliveryState; 4] =
    [DeliveryState::Waiting, DeliveryState::Retrying, DeliveryState::Dead, DeliveryState::Permanent];

/// Shows the dead letter of an account, repairs what was wrong, and retries it.
pub(crate) async fn retry(
    app: &App<Bank>,
    account: &str,
    office: &PrintOffice,
) -> Result<(), Box<dyn Error>> {
    let Some(letter) = first_of(app, account).await? else {
        println!("no statement of account {account} was to be printed");
        return Ok(());
    };
    println!("dead letter: {} of {} at version {}", letter.event, letter.stream, letter.version);
    println!("  {} attempts; {}", letter.attempts, letter.errors.join(": "));
    println!("  {} more of the account wait behind it", of(app, account, &ALL).await?.len() - 1);

    office.repair();
    let before = office.printed();
    let letters = app.dead_letters().handler("statements").of(&AccountId(account.to_owned()));
    let retried = letters.retry("the example", "the printer is repaired").await?;
    let begin = Instant::now();
    while !of(app, account, &ALL).await?.is_empty() {
        if begin.elapsed() > PATIENCE {
            return Err(format!("the statements of account {account} are still not printed").into());
        }
        tokio::time::sleep(PAUSE).await;
    }
    println!(
        "retried {retried}: {} statements of account {account} are printed now",
        office.printed() - before
    );
    Ok(())
}

/// The dead letter of the account, once its attempts are used up; none if nothing of it is parked.
async fn first_of(app: &App<Bank>, account: &str) -> Result<Option<ParkedDelivery>, Box<dyn Error>> {
    let begin = Instant::now();
    loop {
        if let Some(dead) = of(app, account, &[DeliveryState::Dead]).await?.into_iter().next() {
            return Ok(Some(dead));
        }
        if of(app, account, &ALL).await?.is_empty() {
            return Ok(None);
        }
        if begin.elapsed() > PATIENCE {
            return Err(
                format!("the statements of account {account} are neither printed nor given up").into()
            );
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// The first thousand parked deliveries of an account that are in one of these states.
async fn of(
    app: &App<Bank>,
    account: &str,
    states: &[DeliveryState],
) -> Result<Vec<ParkedDelivery>, Box<dyn Error>> {
    let letters = app.dead_letters().handler("statements").of(&AccountId(account.to_owned()));
    Ok(states.iter().fold(letters, |letters, state| letters.state(*state)).list(1_000).await?)
}
