//! Whether all of it is right: from the accounts, the log, and the file of the clearing house.

use std::{
    collections::{BTreeMap, HashMap},
    error::Error,
};

use futures_util::{StreamExt, TryStreamExt, stream};
use gesta::{log::Filter, prelude::*};
use gesta_examples::bank::{Account, AccountId, Bank, Cleared, LARGE};

use crate::{
    house::Entry,
    orders::Order,
    run::{account, nostro, saga_id},
};

/// So many accounts are looked at together.
const AT_ONCE: usize = 256;

/// What was found.
#[derive(Debug, Default)]
pub(crate) struct Proof {
    pub(crate) accounts: usize,
    /// What has come to the other banks.
    pub(crate) moved: i128,
    /// What the bank has given as thanks for large withdrawals.
    pub(crate) thanks: i128,
    /// What is on all accounts.
    pub(crate) sum: i128,
    /// What the clearing house has reserved.
    pub(crate) cleared: usize,
    /// What is not as it should be.
    pub(crate) wrong: Vec<String>,
}

/// Compares everything with the orders that were carried out.
pub(crate) async fn check(
    app: &App<Bank>,
    orders: &[Order],
    funds: &BTreeMap<String, u64>,
    outcomes: &BTreeMap<String, SagaOutcome>,
    book: &[Entry],
) -> Result<Proof, Box<dyn Error>> {
    let mut expected: BTreeMap<String, i128> =
        funds.iter().map(|(name, cents)| (name.clone(), i128::from(*cents))).collect();
    let mut under_way = 0;
    let mut proof = Proof { accounts: funds.len(), ..Proof::default() };
    for order in orders {
        let (left, arrived, thanks) = movements(order, outcomes.get(&saga_id(order)));
        *expected.entry(account(order).0).or_default() += thanks - left;
        *expected.entry(nostro(order).0).or_default() += arrived;
        proof.moved += arrived;
        proof.thanks += thanks;
        under_way += left - arrived;
    }
    let balances: Vec<(&String, i128)> = stream::iter(expected.keys())
        .map(async |name| {
            let account = app.load::<Account>(&AccountId(name.clone())).await?;
            Ok::<_, Box<dyn Error>>((name, account.map_or(0, |account| account.balance().into())))
        })
        .buffered(AT_ONCE)
        .try_collect()
        .await?;
    for (name, balance) in balances {
        proof.sum += balance;
        if balance != expected[name] {
            let sum = expected[name];
            proof.wrong.push(format!("account {name} has {balance}, and its orders leave it {sum}"));
        }
    }
    let begun: i128 = funds.values().map(|cents| i128::from(*cents)).sum();
    if proof.sum != begun + proof.thanks - under_way {
        proof.wrong.push(format!("there is {} on all accounts, and there was {begun}", proof.sum));
    }
    clearances(app, orders, outcomes, book, &mut proof).await?;
    Ok(proof)
}

/// What an order has taken from its account, what has arrived at the other bank, and what the account was given as
/// thanks for a large withdrawal, which it keeps when the order is undone.
fn movements(order: &Order, outcome: Option<&SagaOutcome>) -> (i128, i128, i128) {
    let (cents, thanks) = (i128::from(order.cents), i128::from(order.cents > LARGE));
    match outcome {
        Some(SagaOutcome::Completed) => (cents, cents, thanks),
        Some(SagaOutcome::Compensated { failed_step, .. }) if failed_step == "debit" => (0, 0, 0),
        Some(SagaOutcome::Compensated { .. }) => (0, 0, thanks),
        // It is neither here nor there until somebody has decided.
        _ => (cents, 0, thanks),
    }
}

/// Every key stands in the book once, and every transfer that is done has exactly the reservation that it speaks of.
async fn clearances(
    app: &App<Bank>,
    orders: &[Order],
    outcomes: &BTreeMap<String, SagaOutcome>,
    book: &[Entry],
    proof: &mut Proof,
) -> Result<(), Box<dyn Error>> {
    let mut cleared: HashMap<&str, &Entry> = HashMap::new();
    for entry in book {
        if cleared.insert(&entry.key, entry).is_some() {
            proof.wrong.push(format!("the clearing house has done {} twice", entry.key));
        }
    }
    proof.cleared = book.iter().filter(|entry| entry.reference.is_some()).count();
    let references = references(app).await?;
    for order in orders {
        let id = saga_id(order);
        let entry = cleared.get(format!("saga.transfer/{id}/clear").as_str());
        let reserved = entry.and_then(|entry| Some((entry.reference.clone()?, entry.cents)));
        let noted = references.get(&id).map(|reference| (reference.clone(), order.cents));
        if outcomes.get(&id) == Some(&SagaOutcome::Completed) && (noted.is_none() || noted != reserved) {
            proof.wrong.push(format!("{id} is done with {noted:?}, and cleared is {reserved:?}"));
        }
    }
    Ok(())
}

/// By saga: what it has noted that the clearing house has answered.
async fn references(app: &App<Bank>) -> Result<HashMap<String, String>, Box<dyn Error>> {
    let mut references = HashMap::new();
    let mut log = app.log().filter(Filter::new().event("saga.transfer.step.succeeded")).stream();
    while let Some(entry) = log.try_next().await? {
        let done = entry.json()?;
        if done["step"] == "clear" {
            let cleared: Cleared = serde_json::from_value(done["output"].clone())?;
            references.insert(entry.stream.id().to_owned(), cleared.reference);
        }
    }
    Ok(references)
}
