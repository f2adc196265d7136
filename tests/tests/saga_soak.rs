//! Many transfers, and workers that are killed and frozen while the connections to their database are cut and the database
//! crashes: every transfer arrives or is undone, and not a cent is missing at any place of the log.
//!
//! `GESTA_SOAK_SAGAS` and `GESTA_SOAK_FAULTS` say how many (300 and 30 otherwise), and `GESTA_FAULT_SEED` repeats a run as
//! far as chance decides.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use gesta_tests::{
    Dice, Folder, Proxy, Server,
    clearing::Manners,
    transfers::{Scene, Town, Worker, must_end},
};
use tokio::time::sleep;

const PROGRAM: &str = env!("CARGO_BIN_EXE_saga_worker");
const LEASE: Duration = Duration::from_millis(600);

/// How long the transfers may need once the faults are over.
const PATIENCE: Duration = Duration::from_secs(120);

fn number(variable: &str, otherwise: u64) -> u64 {
    std::env::var(variable).ok().map_or(otherwise, |text| text.parse().expect("a number"))
}

fn seed() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").subsec_nanos();
    number("GESTA_FAULT_SEED", now.into())
}

/// What is done, and to whom.
struct Storm<'s> {
    dice: Dice,
    scene: Scene,
    town: Town,
    manners: Manners,
    workers: Vec<Worker>,
    /// When each of them is to go on.
    thaw: Vec<Option<Instant>>,
    database: Option<(&'s Server, &'s Proxy)>,
    told: Told,
}

#[derive(Debug, Default)]
struct Told {
    kills: u64,
    freezes: u64,
    cuts: u64,
    lost_answers: u64,
    crashes: u64,
    doubled_starts: u64,
}

impl Told {
    fn faults(&self) -> u64 {
        self.kills + self.freezes + self.cuts + self.lost_answers + self.crashes
    }
}

impl Storm<'_> {
    async fn rage(&mut self, sagas: u64, faults: u64) {
        let mut begun = 0;
        while self.told.faults() < faults || begun < sagas {
            self.thaw_those_whose_time_has_come();
            let share = sagas * (self.told.faults() + 1) / faults.max(1);
            while begun < share.min(sagas) {
                self.begin().await;
                begun += 1;
            }
            if self.told.faults() < faults {
                self.one_more(faults).await;
            }
            self.scene.look().await;
            // The moments of the faults are what is varied here.
            sleep(Duration::from_millis(100 + self.dice.roll(200))).await;
        }
        self.thaw.iter_mut().for_each(|thaw| *thaw = thaw.map(|_| Instant::now()));
        self.thaw_those_whose_time_has_come();
    }

    /// Starts a transfer, some of them twice at a time.
    async fn begin(&mut self) {
        let transfer = self.town.transfer();
        self.scene.expect(&transfer, must_end(&transfer, &self.manners));
        let which = self.dice.roll(self.workers.len() as u64) as usize;
        self.workers[which].begin(&transfer).await;
        if self.dice.roll(8) == 0 {
            let other = (which + 1) % self.workers.len();
            self.workers[other].begin(&transfer).await;
            self.told.doubled_starts += 1;
        }
    }

    fn thaw_those_whose_time_has_come(&mut self) {
        for (worker, thaw) in self.workers.iter_mut().zip(&mut self.thaw) {
            if thaw.is_some_and(|thaw| thaw <= Instant::now()) {
                worker.thaw();
                *thaw = None;
            }
        }
    }

    async fn one_more(&mut self, faults: u64) {
        let which = self.dice.roll(self.workers.len() as u64) as usize;
        assert!(!self.workers[which].has_ended(), "a worker has ended by itself");
        match (self.dice.roll(16), self.database) {
            (0..5, Some(_)) if self.thaw[which].is_none() => {
                self.workers[which].freeze();
                let time = LEASE.mul_f64(1.2 + 0.01 * self.dice.roll(180) as f64);
                self.thaw[which] = Some(Instant::now() + time);
                self.told.freezes += 1;
            }
            (5..9, Some((_, proxy))) => {
                proxy.cut();
                self.told.cuts += 1;
            }
            (9..11, Some((_, proxy))) => {
                proxy.lose_answers(1 + self.dice.roll(3) as usize);
                self.told.lost_answers += 1;
            }
            (11, Some((server, _))) if self.told.crashes * 12 < faults => {
                tokio::task::block_in_place(|| server.restart_immediate());
                self.told.crashes += 1;
            }
            _ => {
                let next = self.scene.workers.start();
                std::mem::replace(&mut self.workers[which], next).kill().await;
                self.thaw[which] = None;
                self.told.kills += 1;
            }
        }
    }

    /// Starts again what nobody has started, and waits until everything has ended.
    async fn calm(&mut self, sagas: u64) {
        let (start, mut again) = (Instant::now(), Instant::now());
        loop {
            self.scene.look().await;
            if self.scene.oracle().ended() as u64 == sagas {
                return;
            }
            if again <= Instant::now() {
                for transfer in self.scene.unseen() {
                    self.workers[0].begin(&transfer).await;
                }
                again = Instant::now() + Duration::from_secs(3);
            }
            if start.elapsed() > PATIENCE {
                panic!("not all have ended: {:?}\n{}", self.told, self.scene.standing().await);
            }
            sleep(Duration::from_millis(50)).await;
        }
    }

    async fn run(mut self, workers: usize, sagas: u64, faults: u64, seed: u64) {
        println!("seed {seed}: {sagas} sagas, {faults} faults");
        let start = Instant::now();
        for _ in 0..workers {
            self.workers.push(self.scene.worker().await);
            self.thaw.push(None);
        }
        self.rage(sagas, faults).await;
        let raged = start.elapsed();
        self.calm(sagas).await;
        for worker in std::mem::take(&mut self.workers) {
            worker.stop().await;
        }
        let account = self.scene.clearing.account();
        let repeated = account.calls.values().filter(|calls| **calls > 1).count();
        println!(
            "seed {seed}: {:?} in {raged:.1?}, all at their ends {:.1?} after that; {} events; {} keys were called, \
             {repeated} of them more than once, {} effects; looked at {} times",
            self.told,
            start.elapsed() - raged,
            self.scene.oracle().seen(),
            account.calls.len(),
            account.effects.len(),
            self.scene.looks(),
        );
        self.scene.is_right().await;
    }
}

fn storm<'s>(
    scene: Scene,
    manners: Manners,
    seed: u64,
    database: Option<(&'s Server, &'s Proxy)>,
) -> Storm<'s> {
    Storm {
        dice: Dice::new(seed),
        scene,
        town: Town::new(seed),
        manners,
        workers: Vec::new(),
        thaw: Vec::new(),
        database,
        told: Told::default(),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn transfers_survive_killed_and_frozen_workers_cut_connections_and_crashes() {
    let (seed, server) = (seed(), tokio::task::block_in_place(|| Server::start("")));
    let proxy = Proxy::to(server.port()).await;
    let manners = Manners::bad(seed);
    let scene = Scene::new(PROGRAM, &server.url(), &server.url_at(proxy.port()), LEASE, manners).await;
    let (sagas, faults) = (number("GESTA_SOAK_SAGAS", 300), number("GESTA_SOAK_FAULTS", 30));
    storm(scene, manners, seed, Some((&server, &proxy))).run(3, sagas, faults, seed).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn transfers_survive_on_sqlite_with_one_worker_that_is_killed_again_and_again() {
    let (seed, folder) = (seed(), Folder::new());
    let url = format!("sqlite:{}", folder.path("events.db").display());
    let manners = Manners::bad(seed);
    let scene = Scene::new(PROGRAM, &url, &url, LEASE, manners).await;
    let (sagas, faults) = (number("GESTA_SOAK_SAGAS", 300) / 2, number("GESTA_SOAK_FAULTS", 30) / 2);
    storm(scene, manners, seed, None).run(1, sagas, faults, seed).await;
}
