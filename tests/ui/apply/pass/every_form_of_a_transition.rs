use std::convert::Infallible;

use gesta::{
    domain::{Goal, Misfit, Origin},
    prelude::*,
};

#[derive(Clone, Debug, PartialEq, Eq, Hash, Id)]
pub struct GameId(pub u64);

#[event]
#[derive(Clone, Debug, PartialEq)]
pub enum GameEvent {
    Joined { player: String },
    Left { player: String },
    Started,
    Moved(u8),
    Paused,
    Resumed,
    Renamed { name: String },
    Ended { winner: Option<String> },
}

#[derive(Debug, Default, PartialEq)]
pub struct Lobby {
    players: Vec<String>,
}

#[derive(Debug, PartialEq)]
pub struct Running {
    pub moves: u32,
}

/// A state that is there by default needs no event that makes it.
#[aggregate(id = GameId, event = GameEvent, states)]
#[derive(Debug, Default, PartialEq)]
pub enum Game {
    #[default]
    Empty,
    Open(Lobby),
    Playing(Running),
    Paused { moves: u32 },
    Over,
}

#[apply(
    GameEvent,
    crate = ::gesta,
    ignore(Renamed),
    impossible(
        Empty => [Left, Started, Moved, Paused, Resumed, Ended],
        Open => [Moved, Paused, Resumed, Ended],
        Playing => [Joined, Left, Started, GameEvent::Resumed],
        Paused => [Joined, Left, Started, Moved, Paused],
        Over => _,
    ),
)]
impl Game {
    /// From a state that holds nothing, into one that is called otherwise than what it holds.
    #[on(Joined { player })]
    #[from(Empty)]
    #[to(Open)]
    fn first_joined(player: &String) -> Lobby {
        Lobby { players: vec![player.clone()] }
    }

    /// What a state holds is changed, and it stays this state.
    #[from(Open)]
    fn joined(lobby: &mut Lobby, player: &String) {
        lobby.players.push(player.clone());
    }

    #[from(Open)]
    fn left(mut lobby: Lobby, player: &String) -> Self {
        lobby.players.retain(|known| known != player);
        match lobby.players.is_empty() {
            true => Self::Empty,
            false => Self::Open(lobby),
        }
    }

    #[from(Open)]
    #[to(Playing)]
    fn started(_: Lobby) -> Running {
        Running { moves: 0 }
    }

    #[on(Moved(by))]
    #[from(Playing)]
    fn moved(running: &mut Running, by: &u8) {
        running.moves += u32::from(*by);
    }

    /// Taken apart.
    #[from(Playing)]
    #[to(Paused)]
    fn paused(Running { moves }: Running) -> Self {
        Self::Paused { moves }
    }

    /// The whole, by reference.
    #[from(Paused)]
    fn resumed(&mut self) {
        if let Self::Paused { moves } = self {
            *self = Self::Playing(Running { moves: *moves });
        }
    }

    #[from(Playing, Paused)]
    #[to(Over)]
    fn ended(self, winner: &Option<String>) {
        let _ = (self, winner);
    }
}

pub struct Join {
    pub player: String,
}

#[derive(Clone)]
pub struct Start;

pub struct Move(pub u8);

pub struct End;

#[command_handler]
impl Game {
    fn open(cmd: Join) -> Result<GameEvent, Infallible> {
        Ok(GameEvent::Joined { player: cmd.player })
    }

    #[state(Open)]
    fn start(lobby: &Lobby, _: Start, id: &GameId) -> Result<Option<GameEvent>, Infallible> {
        let _ = id;
        Ok((lobby.players.len() > 1).then_some(GameEvent::Started))
    }

    #[state(Playing)]
    async fn advance(_: Move) -> Result<GameEvent, Infallible> {
        Ok(GameEvent::Moved(1))
    }

    #[state(Playing, Paused)]
    fn end(&self, _: End) -> Result<GameEvent, Infallible> {
        Ok(GameEvent::Ended { winner: None })
    }
}

/// What has no states may be nothing too, before its first event.
#[event]
pub enum NoteEvent {
    Written { text: String },
    Read,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Id)]
pub struct NoteId(pub u64);

#[aggregate(id = NoteId, event = NoteEvent)]
pub struct Note {
    text: String,
    read: bool,
}

#[apply(NoteEvent)]
impl Note {
    fn written(text: &str) -> Self {
        Self { text: text.into(), read: false }
    }

    fn read(&mut self) {
        self.read = true;
    }
}

fn main() {
    let mut game = None;
    let joined = |player: &str| GameEvent::Joined { player: player.into() };
    assert_eq!(Game::fold(&mut game, &GameEvent::Started), Err(Misfit::Impossible { state: "Empty" }));
    assert_eq!(game, None);
    let events = [
        joined("Ann"),
        joined("Bob"),
        GameEvent::Left { player: "Bob".into() },
        joined("Cid"),
        GameEvent::Renamed { name: "chess".into() },
        GameEvent::Started,
        GameEvent::Moved(2),
        GameEvent::Paused,
        GameEvent::Resumed,
    ];
    for event in &events {
        Game::fold(&mut game, event).unwrap();
    }
    assert_eq!(game, Some(Game::Playing(Running { moves: 2 })));
    Game::fold(&mut game, &GameEvent::Ended { winner: None }).unwrap();
    assert_eq!(game.as_ref().and_then(Game::state_name), Some("Over"));

    let found = Game::LIFECYCLE.unwrap();
    let of = |event: &str| found.transitions.iter().find(|found| found.event == event).unwrap();
    assert_eq!((of("Left").from, of("Left").to), (Origin::States(&["Open"]), Goal::Unknown));
    assert_eq!((of("Ended").from, of("Ended").to), (Origin::States(&["Playing", "Paused"]), Goal::States(&["Over"])));

    gesta::test::given::<Game>([joined("Ann")]).when(Start).then_nothing();
    gesta::test::given::<Game>([joined("Ann")]).when(Move(1)).rejects_in_state("Open");
    gesta::test::given::<Game>(events).when(End).then([GameEvent::Ended { winner: None }]);

    let mut note = None;
    assert_eq!(Note::fold(&mut note, &NoteEvent::Read), Err(Misfit::NotFirst));
    for event in [NoteEvent::Written { text: "milk".into() }, NoteEvent::Read] {
        Note::fold(&mut note, &event).unwrap();
    }
    assert!(note.is_some_and(|note| note.read && note.text == "milk"));
}
