//! Behaviour that is plugged in while the platform runs.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use gesta::{
    domain::HandlerFailure,
    log::{Filter, LogEntry},
    plugin::{Plugin, PluginContext, PluginFn, PluginOutcome, async_trait},
};
use gesta_examples::forms::{SubmissionEvent, SubmissionId};
use serde_json::json;

fn received() -> Filter {
    Filter::new().event("submission.received")
}

/// Looks for words that nobody uses who means it. Those who come later see which it has found.
pub(crate) struct SpamCheck;

const WORDS: [&str; 3] = ["winner", "casino", "crypto"];

#[async_trait]
impl Plugin for SpamCheck {
    fn name(&self) -> &str {
        "spam-check"
    }

    fn filter(&self) -> Filter {
        received()
    }

    fn priority(&self) -> i32 {
        10
    }

    async fn handle(&self, event: &LogEntry, _: &mut PluginContext) -> Result<PluginOutcome, HandlerFailure> {
        let event: SubmissionEvent = event.decode().map_err(HandlerFailure::permanent)?;
        let SubmissionEvent::Received { answers, .. } = event else { return Ok(PluginOutcome::nothing()) };
        let text = answers.values().map(|answer| answer.to_lowercase()).collect::<Vec<_>>().join(" ");
        let found: Vec<_> = WORDS.into_iter().filter(|word| text.contains(word)).collect();
        Ok(json!({ "words": found }).into())
    }
}

/// Makes a score of what the spam check has found, and emits it as an event of the submission.
pub(crate) struct Scorer;

#[async_trait]
impl Plugin for Scorer {
    fn name(&self) -> &str {
        "scorer"
    }

    fn filter(&self) -> Filter {
        received()
    }

    fn priority(&self) -> i32 {
        5
    }

    async fn handle(
        &self,
        event: &LogEntry,
        context: &mut PluginContext,
    ) -> Result<PluginOutcome, HandlerFailure> {
        let words = context.result("spam-check").and_then(|found| found["words"].as_array());
        let words = words.ok_or_else(|| HandlerFailure::permanent("the spam check has said nothing"))?;
        let spam = (words.len() as u64 * 45).min(100);
        context.emit(&SubmissionId(event.stream.id().to_owned()), SubmissionEvent::Scored { spam })?;
        Ok(match spam {
            // Nobody who comes later need look at it.
            45.. => PluginOutcome::Stop(json!(spam)),
            _ => PluginOutcome::Continue(json!(spam)),
        })
    }
}

/// Greets whoever has sent something in, unless the scorer has ended the chain.
pub(crate) fn greeter(greeted: &Arc<AtomicUsize>) -> PluginFn {
    let greeted = greeted.clone();
    PluginFn::new("greeter", received(), move |event, context| {
        let greeted = greeted.clone();
        Box::pin(async move {
            let event: SubmissionEvent = event.decode().map_err(HandlerFailure::permanent)?;
            if let SubmissionEvent::Received { from, .. } = event {
                println!(
                    "    greeter: thank you, {from} (spam {})",
                    context.result("scorer").unwrap_or(&json!("?"))
                );
                greeted.fetch_add(1, Ordering::SeqCst);
            }
            Ok(PluginOutcome::nothing())
        })
    })
    .priority(-10)
}
