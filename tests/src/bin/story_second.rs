//! The second release of the bank of the story: it ends the transfers that the first has left behind.

#![allow(
    missing_docs,
    unreachable_pub,
    reason = "the domain is a crate of its own as well, where it is the user's"
)]

#[path = "../story/second.rs"]
mod bank;
#[path = "../story/program.rs"]
mod program;

use bank::{Account, AccountId, Bank, Clearing, Deps, Transfer, Withdraw};

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let app = program::start::<Bank>(Deps { clearing: Clearing }, "bank 2").await;
    for name in program::TRANSFERS {
        let outcome = app.saga::<Transfer>(name).outcome().await.expect("an outcome");
        println!("{name}: {outcome:?}");
    }
    let ann = AccountId("ann".into());
    for cents in [1, 2] {
        app.execute(&ann, Withdraw { cents, reason: "rent".into() }).await.expect("withdrawn");
    }
    for id in [ann, AccountId("bob".into())] {
        let account = app.load::<Account>(&id).await.expect("it can be read").expect("it is there");
        println!("{}: {}", id.0, account.cents);
    }
    app.shutdown().await.expect("an end in order");
    println!("ended");
}
