//! Loans, told as a story: each command in each state, what is refused, and a look back in time.
//!
//! `cargo run --example loans` runs on SQLite in `loans.db` in the current folder; told there once more, it is about
//! another loan. With `--store URL` it runs on any store.

use std::{error::Error, process::ExitCode};

use gesta::{App, ExecuteError, domain::States, prelude::*};
use gesta_examples::{
    loans::{Approve, Decline, Lending, Loan, LoanEvent, LoanId, PayOut, Repay, Request},
    show::money,
};

const USAGE: &str = "usage: loans [--store URL]

  --store URL   sqlite:loans.db (the default), sqlite::memory:, memory:, or postgres://..";

type Told<T = ()> = Result<T, Box<dyn Error>>;

#[tokio::main]
async fn main() -> ExitCode {
    let mut given = std::env::args().skip(1);
    let url = match (given.next().as_deref(), given.next(), given.next()) {
        (None, ..) => "sqlite:loans.db".to_owned(),
        (Some("--store"), Some(url), None) => url,
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    match run(&url).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("loans: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(url: &str) -> Told {
    let app = Lending::app(gesta::connect(url).await?, ()).start().await?;
    let told = tell(&app).await;
    app.shutdown().await?;
    told
}

async fn tell(app: &App<Lending>) -> Told {
    let ann = next(app).await?;
    println!("{ann}: Ann asks for 500.00");
    app.create(&ann, Request { borrower: "Ann".into(), cents: 50_000 }).await?;

    // A handler is for a state. In every other it is not even called.
    refused(app.execute(&ann, PayOut).await)?;
    app.execute(&ann, Approve { by: "Bob".into() }).await?;
    app.execute(&ann, PayOut).await?;
    refused(app.execute(&ann, Decline { reason: "too late".into() }).await)?;
    for cents in [20_000, 30_000] {
        app.execute(&ann, Repay { cents }).await?;
    }
    refused(app.execute(&ann, Repay { cents: 1 }).await)?;
    look_back(app, &ann).await?;

    let carl = next(app).await?;
    println!("\n{carl}: Carl asks for 1 000 000.00");
    app.create(&carl, Request { borrower: "Carl".into(), cents: 100_000_000 }).await?;
    app.execute(&carl, Decline { reason: "that is all we have".into() }).await?;
    impossible(app, &carl).await
}

/// The first loan that there is not yet.
async fn next(app: &App<Lending>) -> Told<LoanId> {
    let mut number = 1;
    loop {
        let id = LoanId(format!("loan-{number}"));
        if app.load::<Loan>(&id).await?.is_none() {
            return Ok(id);
        }
        number += 1;
    }
}

/// Says what is refused in this state; anything else has gone wrong.
fn refused<T, E: Error + 'static>(result: Result<T, ExecuteError<E>>) -> Told {
    match result {
        Err(error @ ExecuteError::WrongState { .. }) => {
            println!("  refused: {error}");
            Ok(())
        }
        Err(error) => Err(error.into()),
        Ok(_) => Err("a command was done in a state that it is not for".into()),
    }
}

/// Time travel: the loan after each of its events.
async fn look_back(app: &App<Lending>, id: &LoanId) -> Told {
    let mut version = 1;
    while let Some(loan) = app.load_at::<Loan>(id, version).await? {
        let what = match &*loan {
            Loan::Requested(loan) => format!("{} is wanted by {}", money(loan.cents.into()), loan.borrower),
            Loan::Approved(loan) => format!("{} is signed by {}", money(loan.cents.into()), loan.by),
            Loan::Running(loan) => format!("{} is owed by {}", money(loan.owed.into()), loan.borrower),
            Loan::Declined | Loan::Settled => "nothing is owed".to_owned(),
        };
        println!("  version {version}: {:<10} {what}", loan.state());
        version += 1;
    }
    Ok(())
}

/// What cannot happen in a state cannot be folded either, whoever has written it into the stream.
async fn impossible(app: &App<Lending>, id: &LoanId) -> Told {
    let mut loan = app.load::<Loan>(id).await?.map(|loan| loan.into_inner());
    match Loan::fold(&mut loan, &LoanEvent::PaidOut) {
        Err(misfit) => println!("  impossible: {misfit}"),
        Ok(()) => return Err("a loan that was declined was paid out".into()),
    }
    println!("\nwhat cannot happen:");
    let lifecycle = Loan::LIFECYCLE.ok_or("a loan has states")?;
    for never in lifecycle.impossible {
        let events = never.events.map_or_else(
            || "nothing more happens".to_owned(),
            |events| format!("no {}", events.join(", no ")),
        );
        println!("  {:<10} {events}", never.state);
    }
    Ok(())
}
