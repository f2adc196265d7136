use crate::store::StoreError;

/// Why something cannot recur.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidTimes {
    /// It is not a cron expression.
    #[error(
        "`{expression}` is not a cron expression: {reason}; write five fields, such as `0 3 * * *` for every day at 03:00 UTC"
    )]
    Expression {
        /// What was given.
        expression: String,
        /// What is wrong.
        reason: String,
    },
    /// Cron expressions are not compiled in.
    #[error(
        "this program was built without the feature `cron` of gesta, which `{expression}` needs; turn it on, or give a `Duration`"
    )]
    FeatureMissing {
        /// What was given.
        expression: String,
    },
    /// It would recur without any time in between.
    #[error("something cannot recur every 0 s; give a longer time")]
    Always,
}

/// Why a scheduled command was not sent.
#[derive(Debug, thiserror::Error)]
pub(super) enum SendError {
    #[error(
        "this program cannot read the scheduled command `{command}` of `{aggregate}`; it was scheduled by another version of \
         it, or by another program: run one whose domain lists the aggregate and whose command is `Deserialize`, then retry \
         this delivery; or discard it"
    )]
    UnknownCommand { aggregate: String, command: String },
    #[error(
        "the scheduled command `{command}` of `{aggregate}/{id}` cannot be read: {reason}; its fields have changed since: let it \
         be read from the old ones and retry this delivery, or discard it"
    )]
    Unreadable { aggregate: String, id: String, command: String, reason: String },
    #[error(
        "this program has nothing that recurs by the name `{0}`, another version of it had; discard the delivery, or retry it \
         once there is one again"
    )]
    NotRecurring(String),
    #[error(
        "`{command}` was not done by {target}: {source}; put right what is in the way and retry this delivery, or discard it"
    )]
    NotDone { command: &'static str, target: String, source: Box<dyn std::error::Error + Send + Sync> },
}

/// What has a name in the store cannot be written down.
pub(super) fn unencodable(
    name: &'static str,
    stream: &crate::store::StreamId,
    error: &serde_json::Error,
) -> StoreError {
    StoreError::Unencodable { stream: stream.clone(), name, reason: error.to_string() }
}
