//! Writing documents: few statements, however many documents.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, LazyLock},
};

use sqlx::{Row, SqliteConnection};

use super::super::{
    convert::{signed, unsigned},
    sql::Repeated,
};
use crate::store::DocumentWrite;

/// The revisions of the documents that are expected at one; those that are not there are left out.
pub(in super::super) async fn revisions(
    connection: &mut SqliteConnection,
    writes: &[&DocumentWrite],
) -> Result<HashMap<(Arc<str>, String), u64>, sqlx::Error> {
    static LOAD: LazyLock<Repeated> =
        LazyLock::new(|| Repeated::new(&[include_str!("../sql/load_revisions.sql")]));
    let expected = writes.iter().filter(|write| write.expected.is_some());
    let asked: HashSet<(&str, &str)> = expected.map(|write| (&*write.collection, &*write.key)).collect();
    let asked: Vec<(&str, &str)> = asked.into_iter().collect();
    let add = |values: &mut super::Values, asked: &(&str, &str)| values.add(asked.0)?.add(asked.1).map(drop);
    let rows = LOAD.run(connection, &asked, add).await?;
    let known = |row: &sqlx::sqlite::SqliteRow| {
        let place = (Arc::from(row.try_get::<&str, _>(0)?), row.try_get(1)?);
        Ok((place, unsigned(row.try_get(2)?)))
    };
    rows.iter().map(known).collect()
}

/// Writes documents, of which each stands here once.
pub(in super::super) async fn write(
    connection: &mut SqliteConnection,
    writes: &[&DocumentWrite],
) -> Result<(), sqlx::Error> {
    let (removed, kept): (Vec<&DocumentWrite>, Vec<_>) = writes.iter().partition(|write| write.is_removal());
    put(connection, &kept).await?;
    let without_body = kept.into_iter().filter(|write| write.body.is_none());
    let not_found: Vec<_> = removed.iter().copied().chain(without_body).collect();
    delete(connection, &removed, &not_found).await
}

/// The last write of each document: what the earlier ones wrote is not seen by anybody.
pub(in super::super) fn last_of_each<'a>(
    writes: impl DoubleEndedIterator<Item = &'a DocumentWrite>,
) -> Vec<&'a DocumentWrite> {
    let mut seen = HashSet::new();
    writes.rev().filter(|write| seen.insert((&*write.collection, &*write.key))).collect()
}

async fn put(connection: &mut SqliteConnection, kept: &[&DocumentWrite]) -> Result<(), sqlx::Error> {
    static DOCUMENTS: LazyLock<Repeated> =
        LazyLock::new(|| Repeated::new(&[include_str!("../sql/write_documents.sql")]));
    static INDEXES: LazyLock<Repeated> =
        LazyLock::new(|| Repeated::new(&[include_str!("../sql/write_indexes.sql")]));
    DOCUMENTS
        .run(connection, kept, |values, write| {
            values.add(&*write.collection)?.add(&*write.key)?;
            values.add(signed(write.revision))?.add(write.body.as_deref()).map(drop)
        })
        .await?;
    let found = kept.iter().filter(|write| write.body.is_some());
    let indexes: Vec<_> =
        found.flat_map(|write| write.indexes.iter().map(move |index| (write, index))).collect();
    INDEXES
        .run(connection, &indexes, |values, (write, (name, value))| {
            values.add(&*write.collection)?.add(&*write.key)?;
            values.add(*name)?.add(value.as_bytes()).map(drop)
        })
        .await?;
    Ok(())
}

async fn delete(
    connection: &mut SqliteConnection,
    removed: &[&DocumentWrite],
    not_found: &[&DocumentWrite],
) -> Result<(), sqlx::Error> {
    static DOCUMENTS: LazyLock<Repeated> =
        LazyLock::new(|| Repeated::new(&[include_str!("../sql/delete_documents.sql")]));
    static INDEXES: LazyLock<Repeated> =
        LazyLock::new(|| Repeated::new(&[include_str!("../sql/delete_indexes.sql")]));
    let add = |values: &mut super::Values, write: &&DocumentWrite| {
        values.add(&*write.collection)?.add(&*write.key).map(drop)
    };
    DOCUMENTS.run(connection, removed, add).await?;
    INDEXES.run(connection, not_found, add).await?;
    Ok(())
}
