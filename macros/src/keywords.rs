//! Every word that our attributes understand.

/// `crate = path`: where the runtime is, in every macro.
pub(crate) const CRATE: &str = "crate";
/// `#[event]`.
pub(crate) const EVENT: &str = "event";
/// `name = ".."`: the name in the store.
pub(crate) const NAME: &str = "name";
/// `version = 2`: the version of what is stored.
pub(crate) const VERSION: &str = "version";
/// `from(V1, V2)`: the older payloads, oldest first.
pub(crate) const FROM: &str = "from";
/// `retired`: an event that is only read and no longer written.
pub(crate) const RETIRED: &str = "retired";
/// `#[schema(..)]`, beside `#[derive(Schema)]` and in events.
pub(crate) const SCHEMA: &str = "schema";
/// `as = Type`: stored in the form of another type.
pub(crate) const AS: &str = "as";
/// `recursive`: a field that leads back to the type that it is in.
pub(crate) const RECURSIVE: &str = "recursive";
/// `#[id(..)]`, beside `#[derive(Id)]`, and `id = AccountId`, what names an aggregate.
pub(crate) const ID: &str = "id";
/// `#[provide(..)]`, beside `#[derive(Provide)]`.
pub(crate) const PROVIDE: &str = "provide";
/// `skip`: not for handlers.
pub(crate) const SKIP: &str = "skip";
/// `snapshot_every = 100`: after how many events the state is kept beside them.
pub(crate) const SNAPSHOT_EVERY: &str = "snapshot_every";
/// `#[on(Variant { field })]`: what of an event a method takes.
pub(crate) const ON: &str = "on";
/// `ignore(Renamed, Closed)`: variants that change nothing.
pub(crate) const IGNORE: &str = "ignore";
/// `by = field`: which document or instance an event is for.
pub(crate) const BY: &str = "by";
/// `key = AccountId`: what the documents of a projection are found by.
pub(crate) const KEY: &str = "key";
/// `inline`: documents change in the transaction of the append.
pub(crate) const INLINE: &str = "inline";
/// `#[index]` on a field of a document: found by its value.
pub(crate) const INDEX: &str = "index";
/// `attempts = 5`: how often an event is tried in all.
pub(crate) const ATTEMPTS: &str = "attempts";
/// `timeout = "10s"`: how long one attempt may take.
pub(crate) const TIMEOUT: &str = "timeout";
/// `concurrency = 8`: how many streams are handled at a time.
pub(crate) const CONCURRENCY: &str = "concurrency";
/// `backoff = exponential("1s")`: how long it is waited between attempts.
pub(crate) const BACKOFF: &str = "backoff";
/// `cap = "5m"`: the longest pause.
pub(crate) const CAP: &str = "cap";
/// `jitter = 0.5`: the part of a pause that is left to chance.
pub(crate) const JITTER: &str = "jitter";
/// `priority = 10`: which handler of an event comes first.
pub(crate) const PRIORITY: &str = "priority";
/// `breaker(failures = 5, open = "30s")`: when to stop trying for a while.
pub(crate) const BREAKER: &str = "breaker";
/// `failures = 5`: after how many the breaker opens.
pub(crate) const FAILURES: &str = "failures";
/// `open = "30s"`: for how long it stays so.
pub(crate) const OPEN: &str = "open";
/// `shards = 16`: how many processes can share the work.
pub(crate) const SHARDS: &str = "shards";
/// `start = now`: where a new handler begins, and `#[start(Event::Variant)]`: what makes a saga of an event.
pub(crate) const START: &str = "start";
/// `permanent(MailError::NoMailbox)`: errors for which trying again is of no use.
pub(crate) const PERMANENT: &str = "permanent";
/// `delete(Closed)`: variants that end a document.
pub(crate) const DELETE: &str = "delete";
/// `impossible(Shipped => [Placed])`: events that cannot happen in a state.
pub(crate) const IMPOSSIBLE: &str = "impossible";
/// `#[to(Shipped)]`: the state that an event leads to. Where it comes from is `#[from(Draft)]`.
pub(crate) const TO: &str = "to";
/// `states`: each variant of an aggregate is a state.
pub(crate) const STATES: &str = "states";
/// `#[state(Draft)]`: the states that a command is for.
pub(crate) const STATE: &str = "state";
/// `deps: Deps` in a domain: what provides the dependencies.
pub(crate) const DEPS: &str = "deps";
/// `acyclic` in a domain: its policies must not form a loop.
pub(crate) const ACYCLIC: &str = "acyclic";
/// `aggregates: [..]` in a domain.
pub(crate) const AGGREGATES: &str = "aggregates";
/// `projections: [..]` in a domain.
pub(crate) const PROJECTIONS: &str = "projections";
/// `event_handlers: [..]` in a domain.
pub(crate) const EVENT_HANDLERS: &str = "event_handlers";
/// `sagas: [..]` in a domain.
pub(crate) const SAGAS: &str = "sagas";
/// `process_managers: [..]` in a domain.
pub(crate) const PROCESS_MANAGERS: &str = "process_managers";
/// `lock: whole` in a domain: nobody else has lines in `gesta.lock`.
pub(crate) const LOCK: &str = "lock";
/// `whole`, behind `lock`.
pub(crate) const WHOLE: &str = "whole";
/// `#[step(..)]`: a step of a saga.
pub(crate) const STEP: &str = "step";
/// `#[compensation(..)]`: how a compensation is tried.
pub(crate) const COMPENSATION: &str = "compensation";
/// `compensate = refund`: what undoes a step.
pub(crate) const COMPENSATE: &str = "compensate";
/// `no_compensation = "why"`: a step that need not be undone.
pub(crate) const NO_COMPENSATION: &str = "no_compensation";
/// `pivot`: the step after which a saga does not go back.
pub(crate) const PIVOT: &str = "pivot";
/// `retriable`: a step that is repeated until it works.
pub(crate) const RETRIABLE: &str = "retriable";
/// `probe = asked`: what finds out what became of a step.
pub(crate) const PROBE: &str = "probe";
/// `#[deadline]`: what happens when a time has come.
pub(crate) const DEADLINE: &str = "deadline";
/// `each`: every event starts a saga of its own.
pub(crate) const EACH: &str = "each";
