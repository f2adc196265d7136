//! Adds a task to the store, and says what is to be done: `cargo run -- "call the dentist"`.

use std::error::Error;

use CRATE::{Add, TaskId, Tasks, ToDo};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let app = Tasks::app(gesta::connect("sqlite:NAME.db").await?, ()).start().await?;
    if let Some(title) = std::env::args().nth(1) {
        // The title is the id as well, so a second task of the same title is refused.
        let receipt = app.create(&TaskId(title.clone()), Add { title }).await?;
        app.query(ToDo).after(receipt.position).await?;
    }
    for title in app.query(ToDo).await? {
        println!("{title}");
    }
    Ok(app.shutdown().await?)
}
