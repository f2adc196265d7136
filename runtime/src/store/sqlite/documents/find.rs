//! Finding documents by their indexes. The statement follows from the search.

use std::ops::Bound;

use sqlx::{QueryBuilder, Row, Sqlite, SqliteConnection};

use super::super::convert::{signed, unsigned};
use crate::{
    domain::IndexKey,
    store::{Condition, Document, Find, Found},
};

pub(super) async fn find(connection: &mut SqliteConnection, find: &Find) -> Result<Vec<Found>, sqlx::Error> {
    let (place, key) = match find.order {
        Some(_) => ("o.value", "o.key"),
        None => ("x''", "d.key"),
    };
    let mut query = from(&format!("d.key, d.revision, d.body, {place}"), find, find.order);
    if let Some((value, after)) = &find.after {
        let than = if find.descending { " < " } else { " > " };
        query.push(match find.order {
            Some(_) => " AND (o.value, o.key)",
            None => " AND d.key",
        });
        query.push(than);
        match find.order {
            Some(_) => {
                query.push("(").push_bind(value.as_bytes()).push(", ").push_bind(&**after).push(")");
            }
            None => drop(query.push_bind(&**after)),
        }
    }
    let direction = if find.descending { " DESC" } else { "" };
    query.push(" ORDER BY ");
    if find.order.is_some() {
        query.push(place).push(direction).push(", ");
    }
    query.push(key).push(direction).push(" LIMIT ").push_bind(signed(find.limit));
    let rows = query.build().fetch_all(connection).await?;
    let found = |row: &sqlx::sqlite::SqliteRow| {
        let body: Option<Vec<u8>> = row.try_get(2)?;
        let document = Document { key: row.try_get(0)?, body, revision: unsigned(row.try_get(1)?) };
        Ok(Found { document, place: IndexKey::from_bytes(row.try_get(3)?) })
    };
    rows.iter().map(found).collect()
}

pub(super) async fn count(connection: &mut SqliteConnection, find: &Find) -> Result<u64, sqlx::Error> {
    let row = from("count(*)", find, None).build().fetch_one(connection).await?;
    Ok(unsigned(row.try_get(0)?))
}

/// The documents for which the conditions hold.
fn from(what: &str, find: &Find, order: Option<&'static str>) -> QueryBuilder<Sqlite> {
    let mut query = QueryBuilder::new("SELECT ");
    query.push(what).push(" FROM ");
    // An index for the order, and one for each condition. One on the index of the order needs no second look.
    let others = find.conditions.iter().filter(|condition| order != Some(condition.index));
    let indexes: Vec<(String, &'static str)> = order
        .map(|order| ("o".to_owned(), order))
        .into_iter()
        .chain(others.enumerate().map(|(number, condition)| (format!("c{number}"), condition.index)))
        .collect();
    // With one index the way is clear: along it, and from there to the documents. With more SQLite chooses.
    let join = if indexes.len() == 1 { " CROSS JOIN " } else { " JOIN " };
    for (alias, _) in &indexes {
        query.push("gesta_document_indexes ").push(alias).push(join);
    }
    query.push("gesta_documents d WHERE d.body IS NOT NULL AND d.collection = ").push_bind(&*find.collection);
    for (alias, name) in &indexes {
        query.push(format_args!(" AND {alias}.key = d.key AND {alias}.collection = "));
        query.push_bind(&*find.collection).push(format_args!(" AND {alias}.name = ")).push_bind(*name);
    }
    let mut number = 0;
    for condition in &find.conditions {
        let alias = match order == Some(condition.index) {
            true => "o".to_owned(),
            false => {
                number += 1;
                format!("c{}", number - 1)
            }
        };
        within(&mut query, &alias, condition);
    }
    query
}

fn within(query: &mut QueryBuilder<Sqlite>, alias: &str, condition: &Condition) {
    let mut bound = |than: &str, value: &IndexKey| {
        query.push(format_args!(" AND {alias}.value {than} ")).push_bind(value.as_bytes());
    };
    match &condition.range {
        // SQLite knows best how to find what is equal.
        (Bound::Included(low), Bound::Included(high)) if low == high => return bound("=", low),
        (Bound::Included(low), _) => bound(">=", low),
        (Bound::Excluded(low), _) => bound(">", low),
        (Bound::Unbounded, _) => {}
    }
    match &condition.range.1 {
        Bound::Included(high) => bound("<=", high),
        Bound::Excluded(high) => bound("<", high),
        Bound::Unbounded => {}
    }
}
