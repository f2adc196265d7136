//! Filters of the log, as they are given on the command line.

use std::ops::Bound;

use gesta::{log::Filter, store::StreamId};

use super::moment;
use crate::shared::Failure;

/// What a filter looks at, for the help.
pub(super) const HELP: &str = "\
Which events: WHAT=VALUE, as often as you like. Several names are alternatives, and so are several aggregates, ids and \
streams; everything else must hold together.
  event=account.opened     its name; with `*` for any characters: event=account.*
  regex=account\\.(a|b)     its whole name by a regular expression
  aggregate=account        the category of its stream
  id=ann                   the id of its stream
  stream=account/ann       its stream
  since=2h, until=2h       when it was recorded: a time, a day, or so long ago
  actor=, tenant=, correlation=, causation=, meta.NAME=   its metadata
  path=$[?$.cents > 100]   a JSON path (RFC 9535) that finds something in its payload";

/// One condition, not looked at yet.
#[derive(Clone, Debug)]
pub(super) struct Given {
    what: String,
    value: String,
}

impl Given {
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        match text.split_once('=') {
            Some((what, value)) if !value.is_empty() => Ok(Self { what: what.into(), value: value.into() }),
            _ => Err("write WHAT=VALUE, such as event=account.opened".to_owned()),
        }
    }
}

/// The stream of a name: `account/ann`.
pub(super) fn stream(name: &str) -> Result<StreamId, Failure> {
    match name.split_once('/') {
        Some((category, id)) if !category.is_empty() && !id.is_empty() => Ok(StreamId::new(category, id)),
        _ => Err(Failure::Usage(format!("`{name}` is no stream; write its category and id: account/ann"))),
    }
}

/// The one stream whose events alone can pass, if there is one.
pub(super) fn only_stream(given: &[Given]) -> Result<Option<StreamId>, Failure> {
    let mut streams = given.iter().filter(|given| given.what == "stream");
    match (streams.next(), streams.next()) {
        (Some(only), None) => stream(&only.value).map(Some),
        _ => Ok(None),
    }
}

/// That there is no stream of this name.
pub(super) fn no_stream(name: &str) -> Failure {
    Failure::NotFound(format!("there is no stream {name}; `gesta streams` lists those there are"))
}

/// A filter of all conditions.
pub(super) fn filter(given: &[Given]) -> Result<Filter, Failure> {
    let wrong = |error: &dyn std::error::Error| Failure::Usage(error.to_string());
    let (mut since, mut until) = (Bound::Unbounded, Bound::Unbounded);
    let mut filter = Filter::new();
    for Given { what, value } in given {
        filter = match what.as_str() {
            "event" if value.contains('*') => filter.event_like(value).map_err(|error| wrong(&error))?,
            "event" => filter.event(value),
            "regex" => filter.event_regex(value).map_err(|error| wrong(&error))?,
            "aggregate" | "category" => filter.category(value),
            "id" => filter.id(value),
            "stream" => filter.stream(stream(value)?),
            "actor" => filter.actor(value),
            "tenant" => filter.tenant(value),
            "correlation" => filter.correlation(value),
            "causation" => filter.causation(value),
            "path" => filter.json_path(value).map_err(|error| wrong(&error))?,
            "since" => {
                since = Bound::Included(moment::time(value).map_err(Failure::Usage)?);
                filter
            }
            "until" => {
                until = Bound::Excluded(moment::time(value).map_err(Failure::Usage)?);
                filter
            }
            other => match other.strip_prefix("meta.") {
                Some(name) => filter.meta(name, value),
                None => return Err(Failure::Usage(format!("there is no filter `{other}`; see --help"))),
            },
        };
    }
    Ok(filter.recorded((since, until)))
}
