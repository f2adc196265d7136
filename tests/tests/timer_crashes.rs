//! Workers that are killed, or frozen past their leases, while the time of something comes: deadlines of process managers,
//! scheduled commands, and what recurs. Each time takes effect once, one that was taken back never, and one that is late is
//! ignored. Real processes, on PostgreSQL and on a file of SQLite.
//!
//! | point | what is done there |
//! |---|---|
//! | a timer is due and was not fired | `found`, before the event that tells of it |
//! | it was fired, and perhaps is fired twice | after that event; every point, frozen |
//! | it was fired and nothing has come of it | before `noted` |
//! | something has come of it, and nobody knows | after `noted` |
//! | somebody takes it back or sets it anew meanwhile | `races` |

#[path = "timer_crashes/points.rs"]
mod points;
#[path = "timer_crashes/races.rs"]
mod races;
#[path = "timer_crashes/scene.rs"]
mod scene;
#[path = "timer_crashes/teeth.rs"]
mod teeth;
