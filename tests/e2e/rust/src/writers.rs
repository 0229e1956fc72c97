use crate::behaviours;
use crate::expect::{equal, holds, refused, Done};
use crate::rows::{append, append_numbered, firsts, read_all, row};
use crate::runner::Behaviour;
use crate::session::{small, Session};
use fluss::config::{Config, NoKeyAssigner};
use fluss::error::FlussError::{TableNotExist, UnknownTableOrBucketException};
use std::collections::{BTreeMap, BTreeSet};

pub fn behaviours() -> Vec<Behaviour> {
    behaviours! {
        "rows without bucket keys reach every bucket" => round_robin,
        "rows of one key stay in one bucket" => keyed,
        "a writer keeps its order with several batches in flight" => in_flight,
        "two writers at once lose and double nothing" => two_at_once,
        "rows are written with acks 0" => acks_none,
        "rows are written with acks 1" => acks_one,
        "rows are written with acks all" => acks_all,
        "one connection writes to many tables" => many_tables,
        "a write to a table that was dropped fails" => dropped,
    }
}

fn small_batches(config: &mut Config) {
    config.writer_batch_size = 4096;
    config.writer_dynamic_batch_size_min = 4096;
    config.writer_dynamic_batch_size_enabled = false;
}

async fn round_robin(session: &Session) -> Done {
    let path = session.create("rows", small(3, &[])).await?;
    let other = session.connect(|config| config.writer_bucket_no_key_assigner = NoKeyAssigner::RoundRobin).await?;
    let table = other.get_table(&path).await?;
    append_numbered(&table, 0, 30).await?;
    let mut counts = BTreeMap::new();
    for row in read_all(&table, 30).await? {
        *counts.entry(row.bucket).or_insert(0) += 1;
    }
    equal("rows of each bucket", counts, BTreeMap::from([(0, 10), (1, 10), (2, 10)]))
}

async fn keyed(session: &Session) -> Done {
    let table = session.open(small(3, &["id"])).await?;
    for _ in 0..3 {
        append_numbered(&table, 0, 40).await?;
    }
    let found = read_all(&table, 120).await?;
    let mut buckets = BTreeMap::<i64, BTreeSet<i32>>::new();
    for (id, row) in firsts(&found).into_iter().zip(&found) {
        buckets.entry(id).or_default().insert(row.bucket);
    }
    equal("keys", buckets.len(), 40)?;
    holds("one bucket for each key", buckets.values().all(|used| used.len() == 1))?;
    // Fixed by the protocol, not by the server: every client must find the same bucket for a key.
    let first: Vec<i32> = buckets.values().take(8).flatten().copied().collect();
    equal("buckets of 0 to 7", first, vec![2, 0, 0, 1, 1, 0, 0, 0])
}

async fn in_flight(session: &Session) -> Done {
    let path = session.create("rows", small(1, &[])).await?;
    let other = session.connect(small_batches).await?;
    let table = other.get_table(&path).await?;
    append_numbered(&table, 0, 5000).await?;
    let found = read_all(&table, 5000).await?;
    equal("rows in order", firsts(&found), (0..5000).collect::<Vec<i64>>())?;
    let times: BTreeSet<i64> = found.iter().map(|row| row.timestamp).collect();
    holds("they were several batches", times.len() > 1)
}

async fn two_at_once(session: &Session) -> Done {
    let path = session.create("rows", small(1, &[])).await?;
    // A connection of its own is a writer id of its own.
    let (one, two) = (session.connect(small_batches).await?, session.connect(small_batches).await?);
    let (first, second) = (one.get_table(&path).await?, two.get_table(&path).await?);
    tokio::try_join!(append_numbered(&first, 0, 2000), append_numbered(&second, 1_000_000, 2000))?;
    let ids = firsts(&read_all(&first, 4000).await?);
    let (low, high): (Vec<i64>, Vec<i64>) = ids.into_iter().partition(|id| *id < 1_000_000);
    equal("rows of the first", low, (0..2000).collect::<Vec<i64>>())?;
    equal("rows of the second", high, (1_000_000..1_002_000).collect::<Vec<i64>>())
}

async fn acks_none(session: &Session) -> Done {
    acknowledged(session, "0").await
}

async fn acks_one(session: &Session) -> Done {
    acknowledged(session, "1").await
}

async fn acks_all(session: &Session) -> Done {
    acknowledged(session, "all").await
}

fn with_acks(acks: &str) -> impl FnOnce(&mut Config) + '_ {
    move |config| {
        config.writer_acks = acks.to_string();
        config.writer_enable_idempotence = false;
    }
}

async fn acknowledged(session: &Session, acks: &str) -> Done {
    let path = session.create("rows", small(1, &[])).await?;
    let other = session.connect(with_acks(acks)).await?;
    let table = other.get_table(&path).await?;
    append_numbered(&table, 0, 100).await?;
    append_numbered(&table, 100, 100).await?;
    equal("rows", firsts(&read_all(&table, 200).await?), (0..200).collect::<Vec<i64>>())
}

async fn many_tables(session: &Session) -> Done {
    for i in 0..5 {
        session.create(&format!("rows{i}"), small(2, &[])).await?;
    }
    for i in 0..5 {
        let table = session.connection.get_table(&session.path(&format!("rows{i}"))).await?;
        append_numbered(&table, i * 100, 20).await?;
    }
    for i in 0..5 {
        let table = session.connection.get_table(&session.path(&format!("rows{i}"))).await?;
        let mut ids = firsts(&read_all(&table, 20).await?);
        ids.sort_unstable();
        equal("rows", ids, (i * 100..i * 100 + 20).collect::<Vec<i64>>())?;
    }
    equal("tables", session.admin.list_tables(&session.database).await?.len(), 5)
}

async fn dropped(session: &Session) -> Done {
    let table = session.open(small(1, &[])).await?;
    append(&table, &[row(1)]).await?;
    session.admin.drop_table(table.table_path(), false).await?;
    session.await_dropped().await;
    let written = table.new_append()?.create_writer()?.append(&row(2))?.await;
    refused(written, &[TableNotExist, UnknownTableOrBucketException])
}
