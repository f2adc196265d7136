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

/// Copies out what a statement says, to its end, and hands the bytes over as they arrive. Failed or dropped half-way,
/// the connection is not at rest.
pub(super) async fn copy_out(
    connection: &mut PgConnection,
    statement: &str,
    patience: Duration,
    what: &'static str,
    mut arrive: impl FnMut(&[u8]) -> Result<(), sqlx::Error>,
) -> Result<(), StoreError> {
    let silent = |_| StoreError::Unavailable { what, source: Box::new(Silent(patience)) };
    let beginning = timeout(patience, connection.copy_out_raw(statement)).await.map_err(silent)?;
    let chunks = beginning.map_err(|error| reading(what, error))?;
    each(chunks, patience, what, |chunk| arrive(&chunk).map(|()| None)).await?;
    Ok(())
}

/// An event as `sql/copy_events.sql` copies it out.
pub(super) struct Copied<'p> {
    pub(super) stream: Uuid,
    pub(super) type_id: i32,
    /// How many bytes it takes on the page.
    pub(super) size: usize,
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

/// What has arrived of a page and is not taken yet. It may be cut anywhere.
#[derive(Default)]
pub(super) struct Arrived {
    bytes: Vec<u8>,
    begun: bool,
    ended: bool,
}

impl Arrived {
    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    pub(super) fn bytes(&self) -> usize {
        self.bytes.len()
    }

    /// The events that are here as a whole.
    pub(super) fn events(&mut self) -> Result<Vec<Copied<'_>>, sqlx::Error> {
        if !self.begun {
            let Some(header) = unless_cut(Rest(&self.bytes).header())? else { return Ok(Vec::new()) };
            self.bytes.drain(..header);
            self.begun = true;
        }
        let (mut rest, mut events) = (Rest(&self.bytes), Vec::new());
        let end = loop {
            match unless_cut(rest.row())? {
                Some(Some(event)) => events.push(event),
                end => break end,
            }
        };
        self.ended = end.is_some();
        Ok(events)
    }

    /// Forgets the first bytes: so many were taken.
    pub(super) fn forget(&mut self, bytes: usize) {
        self.bytes.drain(..bytes.min(self.bytes.len()));
    }

    /// Whether the end of the page is here, as far as it was looked at.
    pub(super) fn ended(&self) -> Result<(), sqlx::Error> {
        if self.ended { Ok(()) } else { Err(broken("ends too early")) }
    }
}

/// What is not read yet of a page.
struct Rest<'p>(&'p [u8]);

/// Why something cannot be read.
enum Unread {
    /// It is not here as a whole.
    Cut,
    Broken(sqlx::Error),
}

impl From<sqlx::Error> for Unread {
    fn from(error: sqlx::Error) -> Self {
        Self::Broken(error)
    }
}

fn unless_cut<T>(read: Result<T, Unread>) -> Result<Option<T>, sqlx::Error> {
    match read {
        Ok(read) => Ok(Some(read)),
        Err(Unread::Cut) => Ok(None),
        Err(Unread::Broken(error)) => Err(error),
    }
}

impl<'p> Rest<'p> {
    /// How long the header is.
    fn header(&mut self) -> Result<usize, Unread> {
        let all = self.0.len();
        if self.take(SIGNATURE.len())? != SIGNATURE {
            return Err(broken("does not begin as it should").into());
        }
        self.int4()?;
        let extension = self.int4()?;
        self.take(length(extension)?)?;
        Ok(all - self.0.len())
    }

    /// `None` behind the last one.
    fn row(&mut self) -> Result<Option<Copied<'p>>, Unread> {
        let all = self.0.len();
        match self.int2()? {
            -1 => return Ok(None),
            8 => {}
            _ => return Err(broken("has a row of another width").into()),
        }
        let mut row = Copied {
            size: 0,
            position: i64::from_be_bytes(self.fixed()?),
            version: i64::from_be_bytes(self.fixed()?),
            recorded_at: i64::from_be_bytes(self.fixed()?),
            type_id: i32::from_be_bytes(self.fixed()?),
            type_version: i32::from_be_bytes(self.fixed()?),
            stream: Uuid::from_bytes(self.fixed()?),
            meta: self.field()?.unwrap_or_default(),
            payload: self.value()?,
        };
        row.size = all - self.0.len();
        Ok(Some(row))
    }

    fn take(&mut self, length: usize) -> Result<&'p [u8], Unread> {
        let (taken, rest) = self.0.split_at_checked(length).ok_or(Unread::Cut)?;
        self.0 = rest;
        Ok(taken)
    }

    fn int2(&mut self) -> Result<i16, Unread> {
        Ok(i16::from_be_bytes(fixed(self.take(2)?)?))
    }

    fn int4(&mut self) -> Result<i32, Unread> {
        Ok(i32::from_be_bytes(fixed(self.take(4)?)?))
    }

    /// `None` for NULL.
    fn field(&mut self) -> Result<Option<&'p [u8]>, Unread> {
        match self.int4()? {
            -1 => Ok(None),
            long => self.take(length(long)?).map(Some),
        }
    }

    fn value(&mut self) -> Result<&'p [u8], Unread> {
        let value = self.field()?;
        value.ok_or_else(|| broken("has no value in a column that needs one").into())
    }

    fn fixed<const N: usize>(&mut self) -> Result<[u8; N], Unread> {
        Ok(fixed(self.value()?)?)
    }
}

fn length(length: i32) -> Result<usize, sqlx::Error> {
    usize::try_from(length).map_err(|_| broken("has a length below zero"))
}

#[cold]
fn broken(how: &str) -> sqlx::Error {
    sqlx::Error::Decode(
        format!("a page of events copied out of the database {how}; was a table changed?").into(),
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

    fn all(page: &[u8]) -> Arrived {
        let mut arrived = Arrived::default();
        arrived.push(page);
        arrived
    }

    #[test]
    fn a_page_is_read_with_and_without_metadata() {
        let mut page = all(&page());
        let events = page.events().unwrap();
        assert_eq!(events.len(), 2);
        let (bare, told) = (events[0].event("lamp.on"), events[1].event("lamp.on"));
        assert_eq!((bare.position, bare.version, bare.type_version), (Position::from_raw(5), 2, 1));
        assert_eq!(bare.recorded_at, Timestamp::from_micros(EPOCH - 7));
        assert_eq!((events[0].type_id, events[0].stream), (3, Uuid::from_bytes([9; 16])));
        assert_eq!((bare.meta, bare.payload), (&b""[..], &b"{}"[..]));
        assert_eq!(told.meta, b"{\"actor\":\"ann\"}");
        page.ended().unwrap();
    }

    #[test]
    fn a_page_that_is_cut_anywhere_is_read_when_the_rest_arrives() {
        let page = page();
        for end in 0..page.len() {
            let mut arrived = all(&page[..end]);
            let first: Vec<usize> = arrived.events().unwrap().iter().map(|event| event.size).collect();
            assert!(arrived.ended().is_err(), "cut after {end} bytes");
            arrived.forget(first.iter().sum());
            arrived.push(&page[end..]);
            for _ in 0..2 {
                assert_eq!(first.len() + arrived.events().unwrap().len(), 2, "cut after {end} bytes");
            }
            arrived.ended().unwrap();
        }
    }

    #[test]
    fn a_page_of_something_else_is_refused() {
        let page = page();
        let header = SIGNATURE.len() + 8;
        for (place, byte) in [(0, b'Q'), (header + 1, 7), (header + 2, 0x80), (header + 5, 7)] {
            let mut other = page.clone();
            other[place] = byte;
            assert!(all(&other).events().is_err(), "byte {place}");
        }
    }
}
