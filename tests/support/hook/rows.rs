//! The rows of a fault table, side by side: most of a row's time is waiting for somebody to give up.

use std::sync::Arc;

use tokio::sync::Semaphore;
use tokio::task::JoinSet;

/// More processes than this would make each other late on a small machine.
const AT_ONCE: usize = 10;

/// Runs every row and tells of all that failed, not only of the first.
pub(crate) async fn side_by_side<Row>(rows: impl IntoIterator<Item = (String, Row)>)
where
    Row: Future<Output = ()> + Send + 'static,
{
    let slots = Arc::new(Semaphore::new(AT_ONCE));
    let mut running = JoinSet::new();
    let mut names = std::collections::HashMap::new();
    for (name, row) in rows {
        let slots = Arc::clone(&slots);
        let task = running.spawn(async move {
            let _slot = slots.acquire().await.unwrap();
            row.await;
        });
        names.insert(task.id(), name);
    }
    assert!(!names.is_empty(), "a table without rows proves nothing");
    let mut failed = Vec::new();
    while let Some(ended) = running.join_next_with_id().await {
        if let Err(error) = ended {
            let name = &names[&error.id()];
            let panic = error.into_panic();
            let said = panic.downcast_ref::<String>().map(String::as_str).or(panic.downcast_ref::<&str>().copied());
            failed.push(format!("{name}: {}", said.unwrap_or("a panic without a text")));
        }
    }
    assert!(failed.is_empty(), "{} rows failed\n{}", failed.len(), failed.join("\n"));
}
