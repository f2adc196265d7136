//! Finding documents by their indexes: one join for each condition and for the order. Where to begin is left to the
//! planner, which knows how often a value occurs.

use std::{fmt::Write, ops::Bound};

use sqlx::postgres::PgRow;

use super::{
    call::{Filling, number},
    read::Fields,
    shards::storable,
};
use crate::{
    domain::IndexKey,
    store::{Document, Find, Found},
};

/// Whether there can be such documents: no collection or index has a name that the database cannot hold.
pub(super) fn possible(find: &Find) -> bool {
    storable(&find.collection)
        && find.order.is_none_or(storable)
        && find.conditions.iter().all(|condition| storable(condition.index))
}

/// The statement that finds them in their order.
pub(super) fn search(find: &Find) -> (String, Filling) {
    let mut parts = Parts::of(find);
    let direction = if find.descending { "DESC" } else { "ASC" };
    let beyond = if find.descending { "<" } else { ">" };
    let (place, order) = match find.order {
        None => ("''::bytea", format!("d.key {direction}")),
        Some(index) => {
            parts.join("o", index);
            ("o.value", format!("o.value {direction}, o.key {direction}"))
        }
    };
    if let Some((value, key)) = &find.after {
        let key = parts.bind(key.as_bytes());
        let after = match find.order {
            None => format!("d.key {beyond} {key}"),
            Some(_) => format!("(o.value, o.key) {beyond} ({}, {key})", parts.bind(value.as_bytes())),
        };
        // Writing to a string does not fail.
        let _ = write!(parts.conditions, "\n   AND {after}");
    }
    let limit = parts.bind(number(find.limit));
    let statement = parts
        .statement(include_str!("sql/find_documents.sql"))
        .replace("{place}", place)
        .replace("{order}", &order)
        .replace("{limit}", &limit);
    (statement, parts.arguments)
}

/// The statement that counts them.
pub(super) fn count(find: &Find) -> (String, Filling) {
    let parts = Parts::of(find);
    (parts.statement(include_str!("sql/count_documents.sql")), parts.arguments)
}

/// A row of a search.
pub(super) fn found(row: &PgRow) -> Result<Found, sqlx::Error> {
    let fields = Fields { row };
    let document = Document {
        key: fields.text(0)?.to_owned(),
        revision: fields.int8(1)?.cast_unsigned(),
        body: fields.optional_bytes(2)?.map(<[u8]>::to_vec),
    };
    Ok(Found { document, place: IndexKey::from_bytes(fields.bytes(3)?.to_vec()) })
}

/// A statement being put together. Nothing of the question itself is written into it: values are bound.
struct Parts {
    joins: String,
    conditions: String,
    arguments: Filling,
    bound: usize,
}

impl Parts {
    fn of(find: &Find) -> Self {
        let (joins, conditions) = (String::new(), String::new());
        let mut parts = Self { joins, conditions, arguments: Filling::default(), bound: 0 };
        parts.bind(&*find.collection);
        for (n, condition) in find.conditions.iter().enumerate() {
            let alias = format!("c{n}");
            parts.join(&alias, condition.index);
            parts.range(&alias, &condition.range);
        }
        parts
    }

    /// The placeholder of a value.
    fn bind<'q, T>(&mut self, value: T) -> String
    where
        T: sqlx::Encode<'q, sqlx::Postgres> + sqlx::Type<sqlx::Postgres>,
    {
        self.arguments.add(value);
        self.bound += 1;
        format!("${}", self.bound)
    }

    fn join(&mut self, alias: &str, index: &str) {
        let name = self.bind(index);
        let join = include_str!("sql/find_join.sql").replace("{alias}", alias).replace("{name}", &name);
        self.joins.push_str(join.trim_end());
    }

    fn range(&mut self, alias: &str, (from, to): &(Bound<IndexKey>, Bound<IndexKey>)) {
        if let (Bound::Included(from), Bound::Included(to)) = (from, to)
            && from == to
        {
            return self.compare(alias, "=", from);
        }
        match from {
            Bound::Included(from) => self.compare(alias, ">=", from),
            Bound::Excluded(from) => self.compare(alias, ">", from),
            Bound::Unbounded => {}
        }
        match to {
            Bound::Included(to) => self.compare(alias, "<=", to),
            Bound::Excluded(to) => self.compare(alias, "<", to),
            Bound::Unbounded => {}
        }
    }

    fn compare(&mut self, alias: &str, relation: &str, value: &IndexKey) {
        let value = self.bind(value.as_bytes());
        // Writing to a string does not fail.
        let _ = write!(self.conditions, "\n   AND {alias}.value {relation} {value}");
    }

    fn statement(&self, text: &str) -> String {
        text.replace("{joins}", &self.joins).replace("{conditions}", &self.conditions)
    }
}
