//! From rows to commands, and the proof at the end.

use std::{
    error::Error,
    time::{Duration, Instant},
};

use futures_util::{StreamExt, TryStreamExt, stream};
use gesta::prelude::*;
use gesta_examples::bank::{Account, AccountId, BalanceOf, Bank, Open, Richest};

use crate::{
    books::{Books, Row},
    report::Progress,
};

/// So many accounts are imported at the same time, the rows of each in the order of the file.
const AT_ONCE: usize = 256;

/// What an import has done.
#[derive(Debug, Default)]
pub(crate) struct Done {
    pub(crate) rows: usize,
    pub(crate) stored: usize,
    pub(crate) already_there: usize,
    pub(crate) balance: i128,
    pub(crate) took: Duration,
    /// The accounts with the most on them, as the projection has them.
    pub(crate) richest: Vec<(String, i64)>,
    /// Accounts whose balance is not the sum of their rows.
    pub(crate) wrong: Vec<String>,
}

/// So many of the richest accounts are shown.
const RICHEST: u64 = 3;

/// Imports all accounts: how many rows were stored, and how long it took.
pub(crate) async fn import(app: &App<Bank>, books: &Books) -> Result<(usize, Duration), Box<dyn Error>> {
    let rows = books.values().map(Vec::len).sum();
    let (begin, progress) = (Instant::now(), Progress::new(rows));
    let stored: usize = stream::iter(books)
        .map(|(account, rows)| import_account(app, account, rows, &progress))
        .buffer_unordered(AT_ONCE)
        .try_fold(0, async |sum, stored| Ok(sum + stored))
        .await?;
    progress.end();
    Ok((stored, begin.elapsed()))
}

/// Loads each account, and compares it and its document with its rows.
pub(crate) async fn check(app: &App<Bank>, books: &Books) -> Result<Done, Box<dyn Error>> {
    let checks: Vec<(i128, Option<String>)> = stream::iter(books)
        .map(|(account, rows)| check_account(app, account, rows))
        .buffered(AT_ONCE)
        .try_collect()
        .await?;
    let richest = app.query(Richest(RICHEST)).await?;
    Ok(Done {
        rows: books.values().map(Vec::len).sum(),
        balance: checks.iter().map(|(balance, _)| balance).sum(),
        richest: richest.into_iter().map(|(account, balance)| (account, balance.cents)).collect(),
        wrong: checks.into_iter().filter_map(|(_, wrong)| wrong).collect(),
        ..Done::default()
    })
}

/// Imports the rows of one account, one command each, and returns how many were not in the store before.
async fn import_account(
    app: &App<Bank>,
    account: &str,
    rows: &[Row],
    progress: &Progress,
) -> Result<usize, Box<dyn Error>> {
    let id = AccountId(account.to_owned());
    let before = app.load::<Account>(&id).await?.map_or(0, |account| account.version());
    // With a key this may be said again: an import that was killed right after it finds the account, and goes on.
    app.create(&id, Open { owner: format!("account {account}") }).key(format!("open-{account}")).await?;
    let mut stored = 0;
    for row in rows {
        let receipt = app
            .execute(&id, row.entry.clone())
            .key(row.number.as_str())
            .await
            .map_err(|error| format!("line {}: {error}", row.line))?;
        // The receipt of a row that was stored earlier names the version that it has had since then.
        stored += usize::from(receipt.version > before);
        progress.step();
    }
    Ok(stored)
}

/// The balance of an account, and what is wrong with it.
async fn check_account(
    app: &App<Bank>,
    account: &str,
    rows: &[Row],
) -> Result<(i128, Option<String>), Box<dyn Error>> {
    let id = AccountId(account.to_owned());
    let balance = app.load::<Account>(&id).await?.map_or(0, |account| account.balance().into());
    let shown: i128 = app.query(BalanceOf(id)).await?.unwrap_or_default().into();
    let sum: i128 = rows.iter().map(|row| i128::from(row.entry.cents)).sum();
    let wrong = match (balance == sum, shown == sum) {
        (true, true) => None,
        (false, _) => Some(format!("  account {account} has {balance}, its rows sum up to {sum}")),
        (true, false) => {
            Some(format!("  the projection says that account {account} has {shown}, and it has {balance}"))
        }
    };
    Ok((balance, wrong))
}
