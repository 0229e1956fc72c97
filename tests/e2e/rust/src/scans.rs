use crate::behaviours;
use crate::expect::{equal, holds, Done};
use crate::rows::{append, append_numbered, firsts, poll, read_all, Values};
use crate::runner::Behaviour;
use crate::session::{small, Session};
use fluss::client::EARLIEST_OFFSET;
use fluss::metadata::{DataTypes, Schema, TableDescriptor};
use fluss::row::{Datum, FlussArrayWriter, GenericRow};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

pub fn behaviours() -> Vec<Behaviour> {
    behaviours! {
        "a projection gives the columns asked for: ARROW NONE" => projected_plain,
        "a projection gives the columns asked for: ARROW LZ4_FRAME" => projected_lz4,
        "a projection gives the columns asked for: ARROW ZSTD" => projected_zstd,
        "a projection goes over every bucket" => projected_buckets,
        "a scanner tails what is appended later" => tailing,
        "a scanner follows several buckets and lets one go" => unsubscribed,
        "an empty table gives no rows" => empty,
        "small fetches give the same rows" => small_fetches,
        "batches are read as they are" => batches,
    }
}

async fn projected_plain(session: &Session) -> Done {
    projected(session, "NONE").await
}

async fn projected_lz4(session: &Session) -> Done {
    projected(session, "LZ4_FRAME").await
}

async fn projected_zstd(session: &Session) -> Done {
    projected(session, "ZSTD").await
}

fn four(i: i32) -> Result<GenericRow<'static>, fluss::error::Error> {
    let mut array = FlussArrayWriter::new(2, &DataTypes::int());
    array.write_int(0, i);
    array.write_int(1, -i);
    let text = if i % 3 == 0 { Datum::Null } else { format!("b{i}").into() };
    let list = if i % 4 == 0 { Datum::Null } else { array.complete()?.into() };
    Ok(GenericRow { values: vec![i.into(), text, (i64::from(i) * 10).into(), list] })
}

async fn projected(session: &Session, compression: &str) -> Done {
    let schema = Schema::builder()
        .column("a", DataTypes::int())
        .column("b", DataTypes::string())
        .column("c", DataTypes::bigint())
        .column("d", DataTypes::array(DataTypes::int()))
        .build()?;
    let table = TableDescriptor::builder()
        .schema(schema)
        .distributed_by(Some(1), vec![])
        .property("table.log.arrow.compression.type", compression);
    let table = session.open(table).await?;
    let rows = (0..150).map(four).collect::<Result<Vec<_>, _>>()?;
    append(&table, &rows[..3]).await?;
    append(&table, &rows[3..]).await?;
    for columns in [vec![1, 3], vec![3, 0], vec![2], vec![0, 1, 2, 3]] {
        let scanner = table.new_scan().project(&columns)?.create_log_scanner()?;
        scanner.subscribe(0, EARLIEST_OFFSET).await?;
        let row_type = table.get_table_info().get_row_type().project(&columns)?;
        for (found, row) in poll(&scanner, &row_type, 150).await?.into_iter().zip(&rows) {
            let wanted: Values = columns.iter().map(|column| row.values[*column].clone()).collect();
            equal(&format!("columns {columns:?}"), found.values, wanted)?;
        }
    }
    Ok(())
}

async fn projected_buckets(session: &Session) -> Done {
    let table = session.open(small(3, &["id"])).await?;
    append_numbered(&table, 0, 60).await?;
    let scanner = table.new_scan().project_by_name(&["name"])?.create_log_scanner()?;
    for bucket in 0..3 {
        scanner.subscribe(bucket, EARLIEST_OFFSET).await?;
    }
    let row_type = table.get_table_info().get_row_type().project(&[1])?;
    let found = poll(&scanner, &row_type, 60).await?;
    let names: BTreeSet<Values> = found.into_iter().map(|row| row.values).collect();
    equal("names", names.len(), 60)?;
    holds("they are names", names.contains(&vec!["row 59".into()]))
}

async fn tailing(session: &Session) -> Done {
    let table = session.open(small(1, &[])).await?;
    let scanner = table.new_scan().create_log_scanner()?;
    scanner.subscribe(0, EARLIEST_OFFSET).await?;
    for round in 0..4 {
        append_numbered(&table, round * 10, 10).await?;
        let found = poll(&scanner, table.get_table_info().get_row_type(), 10).await?;
        equal("first offset", found[0].offset, round * 10)?;
        equal("rows", firsts(&found), (round * 10..round * 10 + 10).collect::<Vec<i64>>())?;
    }
    Ok(())
}

async fn unsubscribed(session: &Session) -> Done {
    let table = session.open(small(3, &["id"])).await?;
    let scanner = table.new_scan().create_log_scanner()?;
    scanner.subscribe_buckets(&(0..3).map(|bucket| (bucket, EARLIEST_OFFSET)).collect()).await?;
    append_numbered(&table, 0, 60).await?;
    let row_type = table.get_table_info().get_row_type();
    let mut counts = BTreeMap::new();
    for row in poll(&scanner, row_type, 60).await? {
        *counts.entry(row.bucket).or_insert(0) += 1;
    }
    equal("buckets with rows", counts.len(), 3)?;
    scanner.unsubscribe(1).await?;
    append_numbered(&table, 0, 60).await?;
    // The same keys go to the same buckets, so each bucket grew by what it had.
    let found = poll(&scanner, row_type, 60 - counts[&1]).await?;
    holds("none is of bucket 1", found.iter().all(|row| row.bucket != 1))
}

async fn empty(session: &Session) -> Done {
    let table = session.open(small(2, &[])).await?;
    let scanner = table.new_scan().create_log_scanner()?;
    scanner.subscribe_buckets(&(0..2).map(|bucket| (bucket, EARLIEST_OFFSET)).collect()).await?;
    equal("rows", scanner.poll(Duration::from_millis(200)).await?.count(), 0)
}

async fn small_fetches(session: &Session) -> Done {
    let path = session.create("rows", small(2, &[])).await?;
    let table = session.connection.get_table(&path).await?;
    for i in 0..20 {
        append_numbered(&table, i * 100, 100).await?;
    }
    // Less than a batch: a fetch must still carry one whole batch, or nobody gets on.
    let other = session
        .connect(|config| {
            config.scanner_log_fetch_max_bytes = 512;
            config.scanner_log_fetch_max_bytes_for_bucket = 64;
        })
        .await?;
    let ids: BTreeSet<i64> = firsts(&read_all(&other.get_table(&path).await?, 2000).await?).into_iter().collect();
    equal("rows", ids.len(), 2000)
}

async fn batches(session: &Session) -> Done {
    let table = session.open(small(1, &[])).await?;
    append_numbered(&table, 0, 10).await?;
    append_numbered(&table, 10, 10).await?;
    let scanner = table.new_scan().create_record_batch_log_scanner()?;
    scanner.subscribe(0, EARLIEST_OFFSET).await?;
    let mut offsets = Vec::new();
    while offsets.last() != Some(&19) {
        for batch in scanner.poll(Duration::from_secs(1)).await? {
            offsets.extend(batch.base_offset()..batch.base_offset() + batch.num_records() as i64);
            equal("columns", batch.batch().num_columns(), 2)?;
        }
    }
    equal("offsets", offsets, (0..20).collect::<Vec<i64>>())
}
