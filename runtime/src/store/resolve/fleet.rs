//! A survey out of the JSON in which a database gives it.

use std::{collections::HashMap, sync::Arc};

use serde::Deserialize;
use uuid::Uuid;

use crate::{
    domain::{Position, Timestamp},
    store::{BoxError, KnownShape, Member, Program, RecordedShape, Records, Running, ShapeKind, Survey},
};

/// A shape as a row: kind, owner, name, version, fingerprint, shape, whether it is written, release, when it was
/// recorded, since when, and whether something of it may be stored.
#[derive(Deserialize)]
struct ShapeRow(ShapeKind, String, String, u16, i64, String, u8, String, i64, u64, u8);

/// A member as a row: itself, its program, release, process, since when and until when.
#[derive(Deserialize)]
struct MemberRow(Uuid, Uuid, String, u32, i64, i64);

impl From<ShapeRow> for RecordedShape {
    fn from(row: ShapeRow) -> Self {
        let ShapeRow(kind, owner, name, version, fingerprint, shape, written, release, at, since, stored) =
            row;
        // All 64 bits count, and only whether they are the same.
        let fingerprint = fingerprint.cast_unsigned();
        Self {
            shape: KnownShape { kind, owner, name, version, fingerprint, shape, written: written != 0 },
            release,
            recorded_at: Timestamp::from_micros(at),
            since: Position::from_raw(since),
            stored: stored != 0,
        }
    }
}

/// What a database has recorded: rows of shapes, and the last program of each domain.
pub(crate) fn records([recorded, programs]: [&str; 2]) -> Result<Records, BoxError> {
    let bodies: Vec<String> = serde_json::from_str(programs)?;
    let programs: Result<Vec<Program>, _> = bodies.iter().map(|body| serde_json::from_str(body)).collect();
    let mut programs = programs?;
    programs.sort_by(|a, b| a.domain.cmp(&b.domain));
    Ok(Records { shapes: shapes(recorded)?, programs })
}

fn shapes(rows: &str) -> Result<Vec<RecordedShape>, BoxError> {
    let rows: Vec<ShapeRow> = serde_json::from_str(rows)?;
    let mut recorded: Vec<RecordedShape> = rows.into_iter().map(Into::into).collect();
    recorded.sort_by(|a, b| a.shape.cmp(&b.shape));
    recorded.dedup();
    Ok(recorded)
}

/// What a database has found, each part as JSON: rows of shapes, names of events, rows of members, and programs by
/// their digests.
pub(crate) fn survey(
    [recorded, strangers, running, programs]: [&str; 4],
    turn: i64,
) -> Result<Survey, BoxError> {
    let recorded = shapes(recorded)?;
    let mut strangers: Vec<String> = serde_json::from_str(strangers)?;
    strangers.sort();
    let bodies: HashMap<Uuid, String> = serde_json::from_str(programs)?;
    let mut programs: HashMap<Uuid, Arc<Program>> = HashMap::new();
    for (digest, body) in bodies {
        programs.insert(digest, Arc::new(serde_json::from_str(&body)?));
    }
    let member = |row: MemberRow| {
        let MemberRow(id, program, release, process, joined_at, good_until) = row;
        let program = Arc::clone(programs.get(&program)?);
        Some(Running {
            member: Member { id, release, process, program },
            joined_at: Timestamp::from_micros(joined_at),
            good_until: Timestamp::from_micros(good_until),
        })
    };
    let rows: Vec<MemberRow> = serde_json::from_str(running)?;
    let mut running: Vec<Running> = rows.into_iter().filter_map(member).collect();
    running.sort_by_key(|running| (running.joined_at, running.member.id));
    Ok(Survey { recorded, strangers, running, turn: turn.unsigned_abs() })
}

/// The programs that a survey has told of, and one's own.
pub(crate) fn seen(survey: &Survey, own: Uuid) -> Vec<Uuid> {
    let running = survey.running.iter().map(|running| running.member.program.digest());
    running.chain([own]).collect()
}

/// A program as JSON.
pub(crate) fn body(program: &Program) -> String {
    // Texts and numbers alone, which can always be written.
    serde_json::to_string(program).unwrap_or_default()
}
