//! The first release of the bank of the story: it leaves transfers behind in the middle of a step.

#![allow(
    missing_docs,
    unreachable_pub,
    reason = "the domain is a crate of its own as well, where it is the user's"
)]

#[path = "../story/first.rs"]
mod bank;
#[path = "../story/program.rs"]
mod program;

use std::{io::Read, time::Duration};

use bank::{AccountId, Bank, Clearing, Deposit, Deps, Open, Transfer, Withdraw};
use gesta::App;

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let app = program::start::<Bank>(Deps { clearing: Clearing }, "bank 1").await;
    work(&app).await;
    println!("stranded");
    let wait = || std::io::stdin().read_to_end(&mut Vec::new());
    tokio::task::spawn_blocking(wait).await.expect("a task").expect("an input that ends");
}

async fn work(app: &App<Bank>) {
    let (ann, bob) = (AccountId("ann".into()), AccountId("bob".into()));
    for id in [&ann, &bob] {
        app.create(id, Open { owner: id.0.clone() }).await.expect("opened");
    }
    app.execute(&ann, Deposit { cents: 1_000 }).await.expect("deposited");
    app.execute(&ann, Withdraw { cents: 10 }).await.expect("withdrawn");
    for name in program::TRANSFERS {
        let transfer = Transfer { from: ann.clone(), to: bob.clone(), cents: 100 };
        let handle = app.start_saga(name, transfer).await.expect("begun");
        // In doubt from here on: whether it was cleared nobody knows.
        loop {
            let timeline = handle.timeline().await.expect("a timeline");
            if timeline.iter().any(|entry| entry.event.kind() == "step.intended") {
                break;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}
