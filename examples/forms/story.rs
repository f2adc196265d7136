//! The story. Every command has a key, so that it can be told again on the same store.

use std::{
    collections::BTreeMap,
    error::Error,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use gesta::{App, ExecuteError, plugin::Plugin};
use gesta_examples::forms::{
    Card, Close, CountsOf, Form, FormId, Forms, Move, Publish, Status, SubmissionError, SubmissionId,
    SubmissionsOf, Submit,
};

use crate::{
    audit::Trail,
    check,
    plugins::{Scorer, SpamCheck, greeter},
};

type Told<T> = Result<T, Box<dyn Error>>;

const PATIENCE: Duration = Duration::from_secs(60);

/// Who writes, and what about; the last ones are not let in.
const LETTERS: [(&str, &str, &str); 6] = [
    ("s-1", "ann@example.org", "The fountain on the square is dry."),
    ("s-2", "luck@example.net", "WINNER! Our crypto casino waits for you."),
    ("s-3", "bob@example.org", "Thank you for the new benches."),
    ("s-4", "eve@example.org", "A crypto ticket machine stands at the pool. Why?"),
    ("s-5", "nowhere", "Nobody can answer me."),
    ("s-6", "long@example.org", LONG),
];
const LONG: &str = "I will not repeat myself. I will not repeat myself. I will not repeat myself. I will not repeat \
                    myself. I will not repeat myself. I will not repeat myself. I will not repeat myself. I will not \
                    repeat myself.";

pub(crate) async fn tell(app: &App<Forms>) -> Told<()> {
    let fresh = app.log().page(1).await?.events.is_empty();
    let (form, trail, greeted) = (FormId("contact".into()), Trail::default(), Arc::new(AtomicUsize::new(0)));
    println!("{}", if fresh { "a new town hall" } else { "the town hall, once more" });
    publish(app, &form).await?;
    let following = trail.follow(app).await?;

    println!("\nplugins: a spam check, a scorer that sees its result, a greeter that is off at first");
    let plugins = app.plugins();
    // All at once: what a process before this one has left undone needs all of them.
    let all: [Box<dyn Plugin>; 3] = [Box::new(Scorer), Box::new(SpamCheck), Box::new(greeter(&greeted))];
    plugins.register_all(all).await?;
    plugins.disable("greeter");
    letters(app, &form, &LETTERS[..2]).await?;
    app.caught_up(PATIENCE).await?;
    println!("  the greeter is switched on");
    plugins.enable("greeter");
    letters(app, &form, &LETTERS[2..]).await?;
    // First the plugins, and then the projection with what they have emitted.
    app.caught_up(PATIENCE).await?;
    app.caught_up(PATIENCE).await?;
    for plugin in plugins.list() {
        println!(
            "  {:>4}  {:<12} handled {}, failed {}",
            plugin.priority, plugin.name, plugin.handled, plugin.failures
        );
    }
    if fresh && greeted.load(Ordering::SeqCst) != 1 {
        let greeted = greeted.load(Ordering::SeqCst);
        return Err(format!("{greeted} were greeted: bob alone was neither early nor suspicious").into());
    }

    review(app, &form).await?;
    close(app, &form).await?;
    following.caught_up(PATIENCE).await?;
    following.unsubscribe().await;
    println!("\nthe audit trail");
    trail.lines().iter().for_each(|line| println!("  {line}"));
    numbers(app).await?;

    let mistakes = check::check(app, &form, &trail).await?;
    match mistakes.is_empty() {
        true => println!("\nthe log, the documents, the audit trail and the scores agree"),
        false => return Err(format!("the story is not true:\n  {}", mistakes.join("\n  ")).into()),
    }
    Ok(())
}

/// Only somebody of the staff may.
async fn publish(app: &App<Forms>, form: &FormId) -> Told<()> {
    let publish = Publish { title: "Write to us".into(), questions: vec!["message".into()] };
    refused(app.create(form, publish.clone()).by("mallory").await, "authorize")?;
    app.create(form, publish).key("publish").by("erin").correlation("opening").await?;
    println!("  erin has published the form `{form}`");
    Ok(())
}

async fn letters(app: &App<Forms>, form: &FormId, letters: &[(&str, &str, &str)]) -> Told<()> {
    for (id, from, message) in letters {
        let answers = BTreeMap::from([("message".to_owned(), (*message).to_owned())]);
        let submit = Submit { form: form.clone(), from: (*from).to_owned(), answers };
        let sent =
            app.create(&SubmissionId((*id).into()), submit).key(*id).correlation(format!("letter-{id}"));
        match (*id, sent.await) {
            ("s-5", result) => refused(result, "validate")?,
            ("s-6", result) => refused(result, "json schema")?,
            (_, result) => {
                result?;
                println!("  {from} writes: {message}");
            }
        }
    }
    Ok(())
}

/// That a layer has refused a command, and which.
fn refused<T, E: Error>(result: Result<T, ExecuteError<E>>, by: &str) -> Told<()> {
    match result {
        Err(ExecuteError::Refused { layer, reason }) if layer == by => {
            println!("  refused by `{layer}`: {reason}");
            Ok(())
        }
        Err(other) => Err(format!("not refused by `{by}`: {other}").into()),
        Ok(_) => Err(format!("let through by `{by}`").into()),
    }
}

async fn review(app: &App<Forms>, form: &FormId) -> Told<()> {
    println!("\nthe review: what is likely meant comes first");
    let to = |to, note: &str| Move { to, note: note.into() };
    let first = SubmissionId("s-1".into());
    match app.execute(&first, to(Status::Received, "never back")).by("omar").await {
        Err(ExecuteError::Rejected(SubmissionError::NotAllowed { from, to })) => {
            println!("  omar is told that what is {from} cannot become {to}");
        }
        other => return Err(format!("a review has an order: {other:?}").into()),
    }
    refused(app.execute(&first, to(Status::InReview, "let me")).by("ann").await, "authorize")?;

    let mut last = None;
    for (id, card) in app.query(SubmissionsOf(form.clone())).await? {
        let meant = card.spam < 50;
        let (verdict, note) =
            if meant { (Status::Accepted, "will be answered") } else { (Status::Rejected, "not meant") };
        let submission = SubmissionId(id.clone());
        for (by, to) in [("omar", to(Status::InReview, "reading")), ("erin", to(verdict, note))] {
            let key = format!("{id}-{}", to.to);
            last =
                Some(app.execute(&submission, to).key(key).by(by).correlation(format!("letter-{id}")).await?);
        }
    }
    let Some(last) = last else { return Err("nothing was reviewed".into()) };
    let cards = app.query(SubmissionsOf(form.clone())).after(last.position).await?;
    for (id, Card { status, spam, from, .. }) in cards {
        println!("  {id}  {from:<18} spam {spam:>3}  {status}");
    }
    let counts = app.query(CountsOf(form.clone())).after(last.position).await?;
    let counts: Vec<_> =
        Status::ALL.iter().zip(counts).map(|(status, count)| format!("{count} {status}")).collect();
    println!("  {}", counts.join(", "));
    Ok(())
}

async fn close(app: &App<Forms>, form: &FormId) -> Told<()> {
    app.execute(form, Close { reason: "summer".into() })
        .key("close")
        .by("erin")
        .correlation("summer")
        .await?;
    let closed = app.load::<Form>(form).await?.ok_or("the form is gone")?;
    let answers = BTreeMap::from([("message".to_owned(), "too late".to_owned())]);
    let objection = closed.objection(&answers).ok_or("a closed form can be filled in")?;
    println!("\nerin closes the form: {objection}");
    Ok(())
}

async fn numbers(app: &App<Forms>) -> Told<()> {
    app.caught_up(PATIENCE).await?;
    let statistics = app.statistics().await?;
    println!("\nwhat was counted");
    for (name, series) in statistics.commands.iter().chain(&statistics.handlers) {
        println!(
            "  {name:<12} {:>3} times, {} not done, p50 {:.1?}, p99 {:.1?}",
            series.count, series.errors, series.p50, series.p99
        );
    }
    for (name, lag) in &statistics.lags {
        println!("  {name:<12} {} events behind", lag.events);
    }
    Ok(())
}
