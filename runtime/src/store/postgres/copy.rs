//! Pages as the database copies them out: plain bytes, one row after the other, and nothing is allocated for a row.

use std::time::Duration;

use sqlx::PgConnection;
use tokio::time::timeout;
use uuid::Uuid;

use super::{
    failure::{Silent, reading},
    read::{EPOCH, each, fixed},
};
use crate::{
    domain::{Position, Timestamp},
    store::{EventRef, StoreError},
};

/// What the binary format begins with; flags and the length of an extension follow.
const SIGNATURE: &[u8] = b"PGCOPY\n\xff\r\n\0";

/// Copies out what a statement says, to its end. Failed or dropped half-way, the connection is not at rest.
pub(super) async fn copy_out(
    connection: &mut PgConnection,
    statement: &str,
    patience: Duration,
    what: &'static str,
) -> Result<Vec<u8>, StoreError> {
    let silent = |_| StoreError::Unavailable { what, source: Box::new(Silent(patience)) };
    let beginning = timeout(patience, connection.copy_out_raw(statement)).await.map_err(silent)?;
    let chunks = beginning.map_err(|error| reading(what, error))?;
    let mut page = Vec::new();
    each(chunks, patience, what, |chunk| {
        page.extend_from_slice(&chunk);
        Ok(None)
    })
    .await?;
    Ok(page)
}

/// An event as `sql/copy_events.sql` copies it out.
pub(super) struct Copied<'p> {
    pub(super) stream: Uuid,
    pub(super) type_id: i32,
    position: i64,
    version: i64,
    recorded_at: i64,
    type_version: i32,
    meta: &'p [u8],
    payload: &'p [u8],
}

impl<'p> Copied<'p> {
    pub(super) fn event(&self, name: &'p str) -> EventRef<'p> {
        EventRef {
            position: Position::from_raw(self.position.unsigned_abs()),
            version: self.version.unsigned_abs(),
            recorded_at: Timestamp::from_micros(self.recorded_at.saturating_add(EPOCH)),
            name,
            type_version: u16::try_from(self.type_version).unwrap_or(u16::MAX),
            meta: self.meta,
            payload: self.payload,
        }
    }
}

/// The events of a page.
pub(super) fn events(page: &[u8]) -> Result<Vec<Copied<'_>>, sqlx::Error> {
    let mut rest = Rest(page);
    if rest.take(SIGNATURE.len())? != SIGNATURE {
        return Err(broken("does not begin as it should"));
    }
    rest.int4()?;
    let extension = rest.int4()?;
    rest.take(usize::try_from(extension).map_err(|_| broken("has a length below zero"))?)?;
    let mut events = Vec::new();
    loop {
        match rest.int2()? {
            -1 => return Ok(events),
            8 => events.push(Copied {
                position: rest.int8_field()?,
                version: rest.int8_field()?,
                recorded_at: rest.int8_field()?,
                type_id: i32::from_be_bytes(fixed(rest.value()?)?),
                type_version: i32::from_be_bytes(fixed(rest.value()?)?),
                stream: Uuid::from_bytes(fixed(rest.value()?)?),
                meta: rest.field()?.unwrap_or_default(),
                payload: rest.value()?,
            }),
            _ => return Err(broken("has a row of another width")),
        }
    }
}

/// What is not read yet of a page.
struct Rest<'p>(&'p [u8]);

impl<'p> Rest<'p> {
    fn take(&mut self, length: usize) -> Result<&'p [u8], sqlx::Error> {
        let (taken, rest) = self.0.split_at_checked(length).ok_or_else(|| broken("ends too early"))?;
        self.0 = rest;
        Ok(taken)
    }

    fn int2(&mut self) -> Result<i16, sqlx::Error> {
        Ok(i16::from_be_bytes(fixed(self.take(2)?)?))
    }

    fn int4(&mut self) -> Result<i32, sqlx::Error> {
        Ok(i32::from_be_bytes(fixed(self.take(4)?)?))
    }

    /// `None` for NULL.
    fn field(&mut self) -> Result<Option<&'p [u8]>, sqlx::Error> {
        match self.int4()? {
            -1 => Ok(None),
            length => {
                let length = usize::try_from(length).map_err(|_| broken("has a length below zero"))?;
                self.take(length).map(Some)
            }
        }
    }

    fn value(&mut self) -> Result<&'p [u8], sqlx::Error> {
        self.field()?.ok_or_else(|| broken("has no value in a column that needs one"))
    }

    fn int8_field(&mut self) -> Result<i64, sqlx::Error> {
        Ok(i64::from_be_bytes(fixed(self.value()?)?))
    }
}

#[cold]
fn broken(how: &str) -> sqlx::Error {
    sqlx::Error::Decode(
        format!("a page of events copied out of the database {how}; was a function changed?").into(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page() -> Vec<u8> {
        let mut page = SIGNATURE.to_vec();
        page.extend([0; 8]);
        for meta in [None, Some(&b"{\"actor\":\"ann\"}"[..])] {
            page.extend(8_i16.to_be_bytes());
            let numbers = [5_i64, 2, -7].map(|number| number.to_be_bytes().to_vec());
            let types = [3_i32, 1].map(|number| number.to_be_bytes().to_vec());
            let values = numbers.into_iter().chain(types).chain([vec![9; 16]]).map(Some);
            for value in values.chain([meta.map(<[u8]>::to_vec), Some(b"{}".to_vec())]) {
                let length = value.as_ref().map_or(-1, |value| i32::try_from(value.len()).unwrap());
                page.extend(length.to_be_bytes());
                page.extend(value.unwrap_or_default());
            }
        }
        page.extend((-1_i16).to_be_bytes());
        page
    }

    #[test]
    fn a_page_is_read_with_and_without_metadata() {
        let page = page();
        let events = events(&page).unwrap();
        assert_eq!(events.len(), 2);
        let (bare, told) = (events[0].event("lamp.on"), events[1].event("lamp.on"));
        assert_eq!((bare.position, bare.version, bare.type_version), (Position::from_raw(5), 2, 1));
        assert_eq!(bare.recorded_at, Timestamp::from_micros(EPOCH - 7));
        assert_eq!((events[0].type_id, events[0].stream), (3, Uuid::from_bytes([9; 16])));
        assert_eq!((bare.meta, bare.payload), (&b""[..], &b"{}"[..]));
        assert_eq!(told.meta, b"{\"actor\":\"ann\"}");
    }

    #[test]
    fn a_page_that_is_cut_anywhere_is_no_page() {
        let page = page();
        for end in 0..page.len() {
            assert!(events(&page[..end]).is_err(), "cut after {end} bytes");
        }
    }
}
