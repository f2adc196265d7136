//! How the states of aggregates are shown to those who look at a store, whatever their types can do.

#![allow(dead_code, reason = "what a `Debug` shows counts as never read")]

use std::{collections::BTreeMap, convert::Infallible};

use gesta::{
    admin::{StateReport, state_of},
    prelude::*,
    store::Store,
};
use serde::Serialize;
use serde_json::json;

/// An aggregate with a number in it that one command raises.
macro_rules! counting {
    ($id:ident, $event:ident, $count:ident, $raise:ident, $(#[$derive:meta])*) => {
        #[derive(Clone, Debug, PartialEq, Eq, Hash, Id)]
        pub(crate) struct $id(pub String);
        #[event]
        pub(crate) enum $event { Raised { by: u64 } }
        #[aggregate(id = $id, event = $event)]
        $(#[$derive])*
        #[derive(Default)]
        pub(crate) struct $count { total: u64 }
        #[apply($event)]
        impl $count { fn raised(&mut self, by: &u64) { self.total += by; } }
        pub(crate) struct $raise(pub u64);
        #[command_handler]
        impl $count {
            fn begin(cmd: $raise) -> Result<$event, Infallible> { Ok($event::Raised { by: cmd.0 }) }
        }
    };
}

counting!(WrittenId, WrittenEvent, Written, RaiseWritten, #[derive(Debug, Serialize)]);
counting!(ToldId, ToldEvent, Told, RaiseTold, #[derive(Debug)]);
counting!(HiddenId, HiddenEvent, Hidden, RaiseHidden,);

#[derive(Clone, Debug, PartialEq, Eq, Hash, Id)]
pub(crate) struct DoorId(pub String);

#[event]
pub(crate) enum DoorEvent {
    Hung,
    Locked { code: u64 },
}

#[derive(Debug)]
pub(crate) struct Locked {
    code: u64,
}

#[aggregate(id = DoorId, event = DoorEvent, states)]
#[derive(Debug)]
pub(crate) enum Door {
    Open,
    Locked(Locked),
}

#[apply(DoorEvent, impossible(Open => [Hung], Locked => _))]
impl Door {
    #[to(Open)]
    fn hung() -> Self {
        Self::Open
    }
    #[from(Open)]
    fn locked(code: &u64) -> Locked {
        Locked { code: *code }
    }
}

pub(crate) struct Hang;

#[command_handler]
impl Door {
    fn hang(_: Hang) -> Result<[DoorEvent; 2], Infallible> {
        Ok([DoorEvent::Hung, DoorEvent::Locked { code: 7 }])
    }
}

/// JSON has no form for its keys.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Id)]
pub(crate) struct BoardId(pub String);

#[event]
pub(crate) enum BoardEvent {
    Placed { x: u8, y: u8 },
}

#[aggregate(id = BoardId, event = BoardEvent)]
#[derive(Debug, Default, Serialize)]
pub(crate) struct Board {
    stones: BTreeMap<(u8, u8), bool>,
}

#[apply(BoardEvent)]
impl Board {
    fn placed(&mut self, x: &u8, y: &u8) {
        self.stones.insert((*x, *y), true);
    }
}

pub(crate) struct Place;

#[command_handler]
impl Board {
    fn place(_: Place) -> Result<BoardEvent, Infallible> {
        Ok(BoardEvent::Placed { x: 1, y: 2 })
    }
}

gesta::domain! { pub(crate) Shelf { aggregates: [Written, Told, Hidden, Door, Board] } }

async fn shown(store: &Store, stream: &str) -> StateReport {
    state_of::<Shelf>(store, stream, None).await.expect("a state")
}

#[tokio::test]
async fn every_state_is_shown_as_well_as_its_type_can() {
    let store = gesta::connect("memory:").await.unwrap();
    let app = Shelf::app(store.clone(), ()).commands_only().await.unwrap();
    app.create(&WrittenId("a".into()), RaiseWritten(3)).await.unwrap();
    app.create(&ToldId("a".into()), RaiseTold(4)).await.unwrap();
    app.create(&HiddenId("a".into()), RaiseHidden(5)).await.unwrap();
    app.create(&DoorId("a".into()), Hang).await.unwrap();
    app.create(&BoardId("a".into()), Place).await.unwrap();

    let written = shown(&store, "written/a").await;
    assert_eq!((written.state, written.debug, written.lacks), (Some(json!({ "total": 3 })), None, None));

    let told = shown(&store, "told/a").await;
    assert_eq!((told.state, told.debug.as_deref()), (None, Some("Told {\n    total: 4,\n}")));
    assert!(told.lacks.unwrap().contains("write #[derive(serde::Serialize)] on it"));

    let hidden = shown(&store, "hidden/a").await;
    assert_eq!((hidden.version, hidden.state, hidden.debug), (1, None, None));
    let lacks = hidden.lacks.unwrap();
    assert!(lacks.starts_with("`Hidden` is neither `Serialize` nor `Debug`"), "{lacks}");
    assert!(lacks.contains("#[derive(serde::Serialize)] or #[derive(Debug)]"), "{lacks}");

    let door = shown(&store, "door/a").await;
    assert_eq!((door.version, door.state_name.as_deref()), (2, Some("Locked")));
    assert_eq!(door.debug.as_deref(), Some("Locked(\n    Locked {\n        code: 7,\n    },\n)"));
    let before = state_of::<Shelf>(&store, "door/a", Some(1)).await.unwrap();
    assert_eq!((before.state_name.as_deref(), before.debug.as_deref()), (Some("Open"), Some("Open")));

    let board = shown(&store, "board/a").await;
    assert!(board.state.is_none() && board.debug.unwrap().contains("true"));
    assert!(board.lacks.unwrap().starts_with("the state cannot be written as JSON: key must be a string"));
    app.shutdown().await.unwrap();
}
