use std::io::{self, Write};

use gesta::{
    domain::Position,
    event_handler::DeadLetters,
    store::{DeliveryPlace, DeliveryState, ParkedDelivery},
};
use serde::Serialize;

use super::{Arguments, event::Event, filter, moment};
use crate::shared::{Answer, Confirm, Failure, Table, shown};

/// Arguments of `gesta dead-letters`.
#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Letters {
    #[command(subcommand)]
    action: Option<Action>,
    #[command(flatten)]
    list: List,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// Lists them
    #[command(after_help = "Example:\n  gesta dead-letters list --handler statements --error refused")]
    List(List),
    /// Shows one with its event
    #[command(after_help = "Example:\n  gesta dead-letters show --handler statements --position 17")]
    Show(Which),
    /// Tries them again, each with all its attempts anew
    #[command(after_help = "Example:\n  gesta dead-letters retry --handler statements --in 15m")]
    Retry(Retry),
    /// Gives them up: what waits behind them flows
    #[command(
        after_help = "Example:\n  gesta dead-letters discard --handler statements --stream account/ann"
    )]
    Discard(Decide),
    /// Marks them as staying dead, so that a retry of many leaves them alone
    #[command(
        after_help = "Example:\n  gesta dead-letters mark-permanent --position 17 --reason \"no such mailbox\""
    )]
    MarkPermanent(Decide),
}

/// Which are meant.
#[derive(Debug, Default, clap::Args)]
struct Which {
    /// Of this handler
    #[arg(long, value_name = "NAME")]
    handler: Option<String>,
    /// Of this stream: account/ann
    #[arg(long, value_name = "STREAM")]
    stream: Option<String>,
    /// Of this type of event
    #[arg(long, value_name = "NAME")]
    event: Option<String>,
    /// The event at this position
    #[arg(long, value_name = "POSITION")]
    position: Option<u64>,
    /// With an error that contains this text
    #[arg(long, value_name = "TEXT")]
    error: Option<String>,
}

#[derive(Debug, clap::Args)]
struct List {
    #[command(flatten)]
    which: Which,
    /// In this state; dead and permanent ones unless given
    #[arg(long, value_name = "STATE", value_parser = state_named)]
    state: Vec<DeliveryState>,
    /// At most so many
    #[arg(long, short = 'n', value_name = "LETTERS", default_value_t = 50)]
    limit: u64,
    /// Goes on behind a page: what stands in its `next`
    #[arg(long, value_name = "PLACE", value_parser = place)]
    after: Option<DeliveryPlace>,
}

#[derive(Debug, clap::Args)]
struct Decide {
    #[command(flatten)]
    which: Which,
    /// All there are, where nothing else says which
    #[arg(long)]
    all: bool,
    #[command(flatten)]
    confirm: Confirm,
}

#[derive(Debug, clap::Args)]
struct Retry {
    #[command(flatten)]
    decide: Decide,
    /// Not at once, but after so long: 15m
    #[arg(long = "in", value_name = "DURATION", value_parser = moment::duration, default_value = "0")]
    after: std::time::Duration,
}

/// The states, by their names for people and programs.
const STATES: [(DeliveryState, &str); 5] = [
    (DeliveryState::Waiting, "waiting"),
    (DeliveryState::Retrying, "retrying"),
    (DeliveryState::Dead, "dead"),
    (DeliveryState::Permanent, "permanent"),
    (DeliveryState::Discarded, "discarded"),
];

/// The name of a state.
pub(super) fn state_name(state: DeliveryState) -> &'static str {
    STATES.iter().find(|(of, _)| *of == state).map_or("unknown", |(_, name)| name)
}

fn state_named(name: &str) -> Result<DeliveryState, String> {
    let names = STATES.map(|(_, name)| name).join(", ");
    let found = STATES.iter().find(|(_, of)| *of == name);
    found.map(|(state, _)| *state).ok_or_else(|| format!("there is no state `{name}`; there are {names}"))
}

/// A place in the list: position, key of the stream, and handler.
fn place(text: &str) -> Result<DeliveryPlace, String> {
    let mut parts = text.splitn(3, ',');
    let mut read = || {
        let position = Position::from_raw(parts.next()?.parse().ok()?);
        let stream = parts.next()?.parse().ok()?;
        Some((parts.next()?.to_owned(), position, stream))
    };
    read().ok_or_else(|| "that is not the `next` of a page".to_owned())
}

#[derive(Debug, Serialize)]
struct Letter {
    handler: String,
    stream: String,
    version: u64,
    position: u64,
    event: String,
    state: &'static str,
    attempts: u32,
    parked_at: String,
    tried_at: Option<String>,
    due_at: Option<String>,
    errors: Vec<String>,
    decided_by: Option<String>,
    reason: Option<String>,
}

impl From<&ParkedDelivery> for Letter {
    fn from(of: &ParkedDelivery) -> Self {
        Self {
            handler: of.subscription.to_string(),
            stream: format!("{}/{}", of.stream.category(), of.stream.id()),
            version: of.version,
            position: of.position.raw(),
            event: of.event.clone(),
            state: state_name(of.state),
            attempts: of.attempts,
            parked_at: of.parked_at.to_string(),
            tried_at: of.tried_at.map(|at| at.to_string()),
            due_at: of.due_at.map(|at| at.to_string()),
            errors: of.errors.clone(),
            decided_by: of.decided_by.clone(),
            reason: of.reason.clone(),
        }
    }
}

#[derive(Debug, Serialize)]
struct Page {
    dead_letters: Vec<Letter>,
    next: Option<String>,
}

impl Answer for Page {
    fn human(&self, out: &mut dyn Write) -> io::Result<()> {
        if self.dead_letters.is_empty() {
            return writeln!(out, "no dead letters");
        }
        let titles =
            ["handler", "position", "stream", "version", "event", "state", "attempts", "parked", "error"];
        let mut table = Table::new(titles);
        for of in &self.dead_letters {
            table.row([
                of.handler.clone(),
                of.position.to_string(),
                of.stream.clone(),
                of.version.to_string(),
                of.event.clone(),
                of.state.to_owned(),
                of.attempts.to_string(),
                of.parked_at.parse().map_or(of.parked_at.clone(), moment::short),
                of.errors.first().cloned().unwrap_or_default(),
            ]);
        }
        table.write(out)?;
        match &self.next {
            Some(next) => writeln!(out, "there are more: --after {}", shown(next)),
            None => Ok(()),
        }
    }
}

/// One, and the event that could not be handled.
#[derive(Debug, Serialize)]
struct Shown {
    #[serde(flatten)]
    letter: Letter,
    content: Option<Event>,
}

impl Answer for Shown {
    fn human(&self, out: &mut dyn Write) -> io::Result<()> {
        let of = &self.letter;
        let line = |out: &mut dyn Write, what: &str, text: &str| writeln!(out, "{what:<11}{}", shown(text));
        line(out, "handler", &of.handler)?;
        line(out, "stream", &format!("{} version {}, position {}", of.stream, of.version, of.position))?;
        line(out, "event", &of.event)?;
        line(out, "state", &format!("{}, {} attempts", of.state, of.attempts))?;
        line(out, "parked", &of.parked_at)?;
        for (what, at) in [("tried", &of.tried_at), ("due", &of.due_at)] {
            at.iter().try_for_each(|at| line(out, what, at))?;
        }
        of.errors.iter().try_for_each(|error| line(out, "error", error))?;
        if let Some(actor) = &of.decided_by {
            line(out, "decided by", &format!("{actor}: {}", of.reason.as_deref().unwrap_or_default()))?;
        }
        match &self.content {
            Some(event) => line(out, "payload", &event.content()),
            None => line(out, "payload", "the event is not in the log; see `gesta verify`"),
        }
    }
}

/// How many were decided about.
#[derive(Debug, Serialize)]
struct Done {
    decided: u64,
}

impl Answer for Done {
    fn human(&self, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "{} dead letters decided about", self.decided)
    }
}

impl Which {
    fn is_nothing(&self) -> bool {
        let Self { handler, stream, event, position, error } = self;
        handler.is_none() && stream.is_none() && event.is_none() && position.is_none() && error.is_none()
    }

    fn choose(&self, mut letters: DeadLetters) -> Result<DeadLetters, Failure> {
        if let Some(handler) = &self.handler {
            letters = letters.handler(handler);
        }
        if let Some(stream) = &self.stream {
            letters = letters.stream(filter::stream(stream)?);
        }
        if let Some(event) = &self.event {
            letters = letters.event(event);
        }
        if let Some(position) = self.position {
            letters = letters.position(Position::from_raw(position));
        }
        if let Some(error) = &self.error {
            letters = letters.error_contains(error);
        }
        Ok(letters)
    }
}

impl Letters {
    pub(super) async fn run(&self, all: &Arguments) -> Result<(), Failure> {
        match &self.action {
            None => self.list.run(all).await,
            Some(Action::List(list)) => list.run(all).await,
            Some(Action::Show(which)) => show(all, which).await,
            Some(Action::Retry(Retry { decide, after })) => {
                decide
                    .run(all, "are tried again", async |letters, actor, reason| {
                        letters.retry_after(*after, actor, reason).await
                    })
                    .await
            }
            Some(Action::Discard(decide)) => {
                decide
                    .run(all, "are given up for good", async |letters, actor, reason| {
                        letters.discard(actor, reason).await
                    })
                    .await
            }
            Some(Action::MarkPermanent(decide)) => {
                decide
                    .run(all, "stay dead", async |letters, actor, reason| {
                        letters.mark_permanent(actor, reason).await
                    })
                    .await
            }
        }
    }
}

impl List {
    async fn run(&self, all: &Arguments) -> Result<(), Failure> {
        let operations = all.open().await?;
        let mut letters = self.which.choose(operations.dead_letters())?;
        for state in &self.state {
            letters = letters.state(*state);
        }
        if let Some(place) = &self.after {
            letters = letters.after_place(place.clone());
        }
        let found = letters.list(self.limit).await?;
        let full = found.len() as u64 == self.limit;
        let next = found.last().filter(|_| full).map(|last| {
            let (handler, position, stream) = last.place();
            format!("{position},{stream},{handler}")
        });
        let dead_letters = found.iter().map(Letter::from).collect();
        Ok(all.output().answer(&Page { dead_letters, next })?)
    }
}

async fn show(all: &Arguments, which: &Which) -> Result<(), Failure> {
    let operations = all.open().await?;
    let mut letters = which.choose(operations.dead_letters())?;
    for (state, _) in STATES {
        letters = letters.state(state);
    }
    let found = letters.list(2).await?;
    let letter = match &found[..] {
        [] => return Err(Failure::NotFound("there is no such dead letter".into())),
        [letter] => letter,
        _ => {
            return Err(Failure::Usage(
                "there are several; say which, as with --handler NAME --position POSITION".into(),
            ));
        }
    };
    let before = Position::from_raw(letter.position.raw().saturating_sub(1));
    let page = operations.log().after(before).page(1).await?;
    let event = page.events.iter().find(|event| event.position == letter.position).map(Event::from);
    Ok(all.output().answer(&Shown { letter: Letter::from(letter), content: event })?)
}

impl Decide {
    async fn run(
        &self,
        all: &Arguments,
        what: &str,
        decide: impl AsyncFn(DeadLetters, String, String) -> Result<u64, gesta::store::StoreError>,
    ) -> Result<(), Failure> {
        if self.which.is_nothing() && !self.all {
            return Err(Failure::Usage("say which are meant, or --all".into()));
        }
        let actor = self.confirm.actor()?;
        let operations = all.open().await?;
        let letters = self.which.choose(operations.dead_letters())?;
        let count = letters.count().await?;
        if count == 0 {
            return Err(Failure::NotFound("there is no such dead letter".into()));
        }
        self.confirm.ask(&format!("{count} dead letters {what}"))?;
        let decided = decide(letters, actor, self.confirm.reason.clone().unwrap_or_default()).await?;
        Ok(all.output().answer(&Done { decided })?)
    }
}
