//! Following the log, on every store: subscriptions in code, which have the same engine below them as projections and
//! event handlers.

mod cut_off;
mod kit;
mod many;
mod operators;
mod order;
mod sharing;
mod trouble;
