//! From orders to sagas.

use std::{
    collections::BTreeMap,
    error::Error,
    io::{IsTerminal, Write, stdout},
    time::Instant,
};

use futures_util::{StreamExt, TryStreamExt, stream};
use gesta::{
    prelude::*,
    saga::Saga,
    store::{DeliveryState, SagaFilter, SagaStatus},
};
use gesta_examples::{
    bank::{AccountId, Bank, Deposit, Open, Transfer},
    show::grouped,
};

use crate::orders::Order;

/// So many orders are carried out at the same time.
const AT_ONCE: usize = 256;

/// How long what follows from the transfers may take.
const PATIENCE: Duration = Duration::from_secs(600);
const PAUSE: Duration = Duration::from_millis(20);

/// What has become of the orders, in those words.
#[derive(Debug, Default)]
pub(crate) struct Count {
    pub(crate) completed: usize,
    pub(crate) compensated: usize,
    pub(crate) parked: usize,
}

impl Count {
    pub(crate) fn all(&self) -> usize {
        self.completed + self.compensated + self.parked
    }

    fn add(&mut self, outcome: &SagaOutcome) {
        match outcome {
            SagaOutcome::Completed => self.completed += 1,
            SagaOutcome::Compensated { .. } => self.compensated += 1,
            _ => self.parked += 1,
        }
    }
}

/// The account of an order's money.
pub(crate) fn account(order: &Order) -> AccountId {
    AccountId(order.account.clone())
}

/// The account that this bank keeps with another one.
pub(crate) fn nostro(order: &Order) -> AccountId {
    AccountId(format!("bank-{}", order.bank))
}

/// What every account begins with, by its name: as much as its orders need. Every twentieth has nothing, and refuses.
pub(crate) fn funds(orders: &[Order]) -> BTreeMap<String, u64> {
    let mut funds = BTreeMap::new();
    for order in orders {
        let is_empty = order.account.parse::<u64>().is_ok_and(|number| number % 20 == 0);
        *funds.entry(account(order).0).or_default() += if is_empty { 0 } else { order.cents };
        funds.entry(nostro(order).0).or_default();
    }
    funds
}

/// Opens the accounts. Said again, it does nothing: every command has a key.
pub(crate) async fn open(app: &App<Bank>, funds: &BTreeMap<String, u64>) -> Result<(), Box<dyn Error>> {
    stream::iter(funds)
        .map(async |(name, cents)| {
            let id = AccountId(name.clone());
            app.create(&id, Open { owner: format!("account {name}") }).key(format!("open-{name}")).await?;
            app.execute(&id, Deposit { cents: *cents }).key(format!("funds-{name}")).await?;
            Ok(())
        })
        .buffer_unordered(AT_ONCE)
        .try_collect()
        .await
}

/// Carries out the orders. Started again, it goes on with those that have not ended.
pub(crate) async fn transfer(
    app: &App<Bank>,
    orders: &[Order],
) -> Result<BTreeMap<String, SagaOutcome>, Box<dyn Error>> {
    let (mut count, mut shown, mut outcomes) = (Count::default(), 0, BTreeMap::new());
    let mut ended = stream::iter(orders).map(|order| one(app, order)).buffer_unordered(AT_ONCE);
    while let Some((id, outcome)) = ended.try_next().await? {
        count.add(&outcome);
        outcomes.insert(id, outcome);
        show(&count, orders.len(), &mut shown);
    }
    if stdout().is_terminal() {
        println!();
    }
    Ok(outcomes)
}

/// Waits until everything has followed that follows from the transfers: also what a program that was killed was at, which
/// is parked for the one that comes next.
pub(crate) async fn settle(app: &App<Bank>) -> Result<(), Box<dyn Error>> {
    let begin = Instant::now();
    loop {
        app.caught_up(PATIENCE).await?;
        let parked = app.dead_letters().state(DeliveryState::Waiting).state(DeliveryState::Retrying);
        if parked.count().await? == 0 {
            return Ok(());
        }
        if begin.elapsed() > PATIENCE {
            return Err("what follows from the transfers does not come to an end".into());
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// The id of an order's saga.
pub(crate) fn saga_id(order: &Order) -> String {
    format!("order-{}", order.number)
}

/// Carries out an order, and waits until it has come to an end.
async fn one(app: &App<Bank>, order: &Order) -> Result<(String, SagaOutcome), Box<dyn Error>> {
    let transfer = Transfer { from: account(order), to: nostro(order), cents: order.cents };
    let saga = app.start_saga(saga_id(order), transfer).by("standing orders").await?;
    Ok((saga.id().to_owned(), saga.outcome().await?))
}

/// Retries those that are parked, in the name of somebody who has decided so; how many that are.
pub(crate) async fn retry(app: &App<Bank>) -> Result<usize, Box<dyn Error>> {
    let saga = Some(Transfer::NAME.to_owned());
    let parked = SagaFilter { saga, status: vec![SagaStatus::Parked], ..SagaFilter::default() };
    let found = app.sagas().list(&parked, 10_000).await?;
    for state in &found {
        app.saga::<Transfer>(&state.id).retry("operator", "the clearing house is there again").await?;
    }
    Ok(found.len())
}

/// One line that changes on a terminal, a line for each tenth elsewhere.
fn show(count: &Count, orders: usize, shown: &mut usize) {
    let parts = if stdout().is_terminal() { 500 } else { 10 };
    let part = count.all() * parts / orders;
    if part == std::mem::replace(shown, part) {
        return;
    }
    let number = |number: usize| grouped(number as u128);
    let (begin, end) = if stdout().is_terminal() { ("\r", "") } else { ("", "\n") };
    // Nobody looks any more: that is no reason to stop.
    let _ = write!(
        stdout(),
        "{begin}{:>7} of {} orders: {} completed, {} compensated, {} parked{end}",
        number(count.all()),
        number(orders),
        number(count.completed),
        number(count.compensated),
        number(count.parked)
    );
    let _ = stdout().flush();
}
