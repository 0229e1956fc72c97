//! Writing rows, and reading them back to a known end: a scanner never says that it is done.

use crate::expect::{equal, holds, Failure};
use fluss::client::{FlussTable, LogScanner, EARLIEST_OFFSET};
use fluss::error::Error;
use fluss::metadata::RowType;
use fluss::record::ChangeType;
use fluss::row::field_getter::FieldGetter;
use fluss::row::{Datum, GenericRow};
use std::time::{Duration, Instant};

const READ_TIME_MAX: Duration = Duration::from_secs(20);

pub type Values = Vec<Datum<'static>>;

/// A row as it was found. `partition` is -1 in a table without partitions.
#[derive(Debug)]
pub struct Found {
    pub partition: i64,
    pub bucket: i32,
    pub offset: i64,
    pub timestamp: i64,
    pub values: Values,
}

/// A row of `session::small()`.
pub fn row(id: i64) -> GenericRow<'static> {
    GenericRow { values: vec![id.into(), format!("row {id}").into()] }
}

/// Appends and waits until every row is acknowledged.
pub async fn append(table: &FlussTable<'_>, rows: &[GenericRow<'_>]) -> Result<(), Error> {
    let writer = table.new_append()?.create_writer()?;
    let answers = rows.iter().map(|row| writer.append(row)).collect::<Result<Vec<_>, _>>()?;
    // It sends them, and does not fail when they do.
    writer.flush().await?;
    for answer in answers {
        answer.await?;
    }
    Ok(())
}

/// Rows first, first + 1, ... of `session::small()`.
pub async fn append_numbered(table: &FlussTable<'_>, first: i64, count: i64) -> Result<(), Error> {
    append(table, &(first..first + count).map(row).collect::<Vec<_>>()).await
}

/// Every bucket from its beginning, until `count` rows came. Ordered by bucket, then offset.
pub async fn read_all(table: &FlussTable<'_>, count: usize) -> Result<Vec<Found>, Failure> {
    let scanner = table.new_scan().create_log_scanner()?;
    for bucket in 0..table.get_table_info().get_num_buckets() {
        scanner.subscribe(bucket, EARLIEST_OFFSET).await?;
    }
    poll(&scanner, table.get_table_info().get_row_type(), count).await
}

/// Exactly `count` rows of `row_type`; the offsets of each bucket must follow one another without a gap.
pub async fn poll(scanner: &LogScanner, row_type: &RowType, count: usize) -> Result<Vec<Found>, Failure> {
    let mut found = Vec::new();
    let end = Instant::now() + READ_TIME_MAX;
    while found.len() < count && Instant::now() < end {
        let polled = scanner.poll(Duration::from_millis(100)).await?;
        for (bucket, records) in polled.records_by_buckets() {
            for record in records {
                equal("change type", record.change_type().short_string(), ChangeType::AppendOnly.short_string())?;
                found.push(Found {
                    partition: bucket.partition_id().unwrap_or(-1),
                    bucket: bucket.bucket_id(),
                    offset: record.offset(),
                    timestamp: record.timestamp(),
                    values: values(record.row(), row_type)?,
                });
            }
        }
    }
    equal("rows found", found.len(), count)?;
    found.sort_by_key(|row| (row.partition, row.bucket, row.offset));
    for pair in found.windows(2) {
        if (pair[0].partition, pair[0].bucket) == (pair[1].partition, pair[1].bucket) {
            equal("the next offset", pair[1].offset, pair[0].offset + 1)?;
            holds("timestamps do not go back", pair[0].timestamp <= pair[1].timestamp)?;
        }
    }
    Ok(found)
}

/// A row as values that outlive it.
pub fn values(row: &dyn fluss::row::InternalRow, row_type: &RowType) -> Result<Values, Error> {
    let types = row_type.fields().iter().enumerate();
    types.map(|(i, field)| Ok(FieldGetter::create(field.data_type(), i).get_field(row)?.into_owned())).collect()
}

/// The first column of each row, in the order of the rows.
pub fn firsts(found: &[Found]) -> Vec<i64> {
    found.iter().map(|row| if let Datum::Int64(id) = row.values[0] { id } else { i64::MIN }).collect()
}
