use std::time::Duration;

use gesta::{admin::Operations, domain::Position};

use super::{
    Arguments,
    event::Event,
    filter::{self, Given},
};
use crate::shared::Failure;

/// Arguments of `gesta log`.
#[derive(Debug, clap::Args)]
pub struct Log {
    /// Which events, WHAT=VALUE: event, regex, aggregate, id, stream, since, until, actor, tenant, correlation,
    /// causation, meta.NAME, path; see --help
    #[arg(long, short, value_name = "WHAT=VALUE", value_parser = Given::parse, long_help = filter::HELP)]
    filter: Vec<Given>,
    /// Only events behind this position
    #[arg(long, value_name = "POSITION", default_value_t = 0)]
    after: u64,
    /// At most so many events
    #[arg(long, short = 'n', value_name = "EVENTS")]
    limit: Option<usize>,
    /// Goes on with what is appended, until it is ended
    #[arg(long)]
    follow: bool,
}

/// So many events are read at a time.
const PAGE: usize = 1_000;

/// How long nothing need be heard until the log is looked at again, where others cannot tell of what they append.
const PAUSE: Duration = Duration::from_millis(250);
const LONG_PAUSE: Duration = Duration::from_secs(2);

impl Log {
    pub(super) async fn run(&self, all: &Arguments) -> Result<(), Failure> {
        let filter = filter::filter(&self.filter)?;
        let operations = all.open().await?;
        // Listened to before anything is read, so that nothing that comes meanwhile is missed.
        let mut more = operations.store().port().read_side().map(gesta::store::ReadSide::signals);
        let log = operations.log().filter(filter);
        let mut after = Position::from_raw(self.after);
        let mut left = self.limit.unwrap_or(usize::MAX);
        loop {
            let page = log.clone().after(after).page(left.min(PAGE)).await?;
            for entry in &page.events {
                if !all.output().one_of_many(&Event::from(entry))? {
                    return Ok(());
                }
            }
            left -= page.events.len().min(left);
            let at_end = page.next == after || page.events.is_empty();
            after = page.next;
            if left == 0 || at_end && !self.follow {
                return Ok(());
            }
            if at_end {
                wait(&operations, &mut more).await;
            }
        }
    }
}

/// Until something may have been appended.
async fn wait(operations: &Operations, more: &mut Option<tokio::sync::watch::Receiver<u64>>) {
    let hears = operations.store().port().read_side().is_some_and(gesta::store::ReadSide::hears_others);
    let pause = tokio::time::sleep(if hears { LONG_PAUSE } else { PAUSE });
    match more {
        // Heard or not, the log is looked at.
        Some(more) => {
            drop(tokio::time::timeout(pause.deadline() - tokio::time::Instant::now(), more.changed()).await)
        }
        None => pause.await,
    }
}
