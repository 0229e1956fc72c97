use crate::behaviours;
use crate::expect::{equal, holds, refused, Done, Failure};
use crate::rows::{append_numbered, firsts, poll, read_all};
use crate::runner::Behaviour;
use crate::session::{small, Session};
use fluss::client::{FlussTable, EARLIEST_OFFSET};
use fluss::error::FlussError::InvalidTimestampException;
use fluss::rpc::message::OffsetSpec;
use std::collections::HashMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

pub fn behaviours() -> Vec<Behaviour> {
    behaviours! {
        "offsets are listed by earliest and latest" => listed,
        "offsets are listed by time" => by_time,
        "a time that has not come is refused" => future,
        "a scanner starts at the earliest row" => from_earliest,
        "a scanner starts at an offset" => from_offset,
        "a scanner starts at the latest row" => from_latest,
        "a scanner starts at a time" => from_time,
    }
}

fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    since.as_millis() as i64
}

async fn offset(session: &Session, table: &FlussTable<'_>, spec: OffsetSpec) -> Result<i64, Failure> {
    let offsets = session.admin.list_offsets(table.table_path(), &[0], spec).await?;
    Ok(*offsets.get(&0).ok_or("no offset")?)
}

/// Three batches of ten rows, each with a later timestamp than the one before.
async fn three_batches(table: &FlussTable<'_>) -> Done {
    for i in 0..3 {
        append_numbered(table, i * 10, 10).await?;
        let end = now() + 2;
        while now() < end {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
    Ok(())
}

async fn listed(session: &Session) -> Done {
    let table = session.open(small(3, &["id"])).await?;
    let (admin, path, none) = (&session.admin, table.table_path(), HashMap::from([(0, 0), (1, 0), (2, 0)]));
    equal("earliest when empty", &admin.list_offsets(path, &[0, 1, 2], OffsetSpec::Earliest).await?, &none)?;
    equal("latest when empty", &admin.list_offsets(path, &[0, 1, 2], OffsetSpec::Latest).await?, &none)?;
    append_numbered(&table, 0, 60).await?;
    equal("earliest", &admin.list_offsets(path, &[0, 1, 2], OffsetSpec::Earliest).await?, &none)?;
    let latest = admin.list_offsets(path, &[0, 1, 2], OffsetSpec::Latest).await?;
    equal("sum of the latest", latest.values().sum::<i64>(), 60)?;
    for row in read_all(&table, 60).await? {
        holds("latest is behind every row", row.offset < latest[&row.bucket])?;
    }
    let one = admin.list_offsets(path, &[1], OffsetSpec::Latest).await?;
    equal("one alone", one, HashMap::from([(1, latest[&1])]))
}

async fn by_time(session: &Session) -> Done {
    let table = session.open(small(1, &[])).await?;
    let before = now() - 10_000;
    equal("of an empty bucket", offset(session, &table, OffsetSpec::Timestamp(before)).await?, 0)?;
    three_batches(&table).await?;
    let rows = read_all(&table, 30).await?;
    equal("before all", offset(session, &table, OffsetSpec::Timestamp(before)).await?, 0)?;
    for start in [0, 10, 20] {
        let time = rows[start].timestamp;
        equal("of a batch", offset(session, &table, OffsetSpec::Timestamp(time)).await?, start as i64)?;
    }
    equal("behind all", offset(session, &table, OffsetSpec::Timestamp(rows[29].timestamp + 1)).await?, 30)
}

async fn future(session: &Session) -> Done {
    let path = session.create("rows", small(1, &[])).await?;
    let tomorrow = OffsetSpec::Timestamp(now() + 86_400_000);
    refused(session.admin.list_offsets(&path, &[0], tomorrow).await, &[InvalidTimestampException])
}

async fn reads_from(table: &FlussTable<'_>, offset: i64, first: i64) -> Done {
    let scanner = table.new_scan().create_log_scanner()?;
    scanner.subscribe(0, offset).await?;
    let found = poll(&scanner, table.get_table_info().get_row_type(), 30 - first as usize).await?;
    equal("first offset", found[0].offset, first)?;
    equal("rows", firsts(&found), (first..30).collect::<Vec<i64>>())
}

async fn from_earliest(session: &Session) -> Done {
    let table = session.open(small(1, &[])).await?;
    three_batches(&table).await?;
    reads_from(&table, EARLIEST_OFFSET, 0).await?;
    reads_from(&table, 0, 0).await
}

async fn from_offset(session: &Session) -> Done {
    let table = session.open(small(1, &[])).await?;
    three_batches(&table).await?;
    // 15 is within a batch: the server sends the whole batch, the client leaves out what was before.
    for start in [10, 15, 29] {
        reads_from(&table, start, start).await?;
    }
    Ok(())
}

async fn from_latest(session: &Session) -> Done {
    let table = session.open(small(1, &[])).await?;
    three_batches(&table).await?;
    let scanner = table.new_scan().create_log_scanner()?;
    scanner.subscribe(0, offset(session, &table, OffsetSpec::Latest).await?).await?;
    equal("rows before", scanner.poll(Duration::from_millis(200)).await?.count(), 0)?;
    append_numbered(&table, 30, 10).await?;
    let found = poll(&scanner, table.get_table_info().get_row_type(), 10).await?;
    equal("rows", firsts(&found), (30..40).collect::<Vec<i64>>())
}

async fn from_time(session: &Session) -> Done {
    let table = session.open(small(1, &[])).await?;
    three_batches(&table).await?;
    let time = read_all(&table, 30).await?[20].timestamp;
    let start = offset(session, &table, OffsetSpec::Timestamp(time)).await?;
    reads_from(&table, start, 20).await
}
