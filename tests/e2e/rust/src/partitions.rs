use crate::behaviours;
use crate::expect::{equal, eventually, holds, refused, Done, Failure};
use crate::rows::{append, firsts, poll, Found};
use crate::runner::Behaviour;
use crate::session::{small, Server, Session};
use fluss::client::{FlussTable, EARLIEST_OFFSET};
use fluss::error::FlussError::{
    InvalidTableException, PartitionAlreadyExists, PartitionNotExists, PartitionSpecInvalidException,
    TableNotPartitionedException, UnknownServerError,
};
use fluss::metadata::{DataTypes, PartitionSpec, Schema, TableDescriptor, TableDescriptorBuilder, TablePath};
use fluss::row::{Datum, GenericRow};
use fluss::rpc::message::OffsetSpec;
use std::collections::{BTreeMap, HashMap};

pub fn behaviours() -> Vec<Behaviour> {
    behaviours! {
        "a partition comes and goes" => comes_and_goes,
        "a partitioned table is described as it was created" => described,
        "a bad partition is refused" => bad,
        "a bad partition key is refused" => bad_keys,
        "partitions of a table without them are refused" => not_partitioned,
        "partitions are listed by some of their keys" => listed_by_keys,
        "rows go to their partition" => rows_go,
        "offsets are listed by partition" => offsets,
        "partitions are created in advance by time" => automatic,
        "a partition made again is empty" => made_again,
    }
}

fn by_day(buckets: i32) -> TableDescriptorBuilder {
    let schema = Schema::builder().column("id", DataTypes::bigint()).column("day", DataTypes::string()).build();
    TableDescriptor::builder()
        .schema(schema.expect("two columns"))
        .partitioned_by(vec!["day"])
        .distributed_by(Some(buckets), vec![])
}

fn spec(values: &[(&str, &str)]) -> PartitionSpec {
    PartitionSpec::new(values.iter().copied().collect::<HashMap<_, _>>())
}

fn day(day: &str) -> PartitionSpec {
    spec(&[("day", day)])
}

/// Name -> id.
async fn listed(session: &Session, path: &TablePath) -> Result<BTreeMap<String, i64>, fluss::error::Error> {
    let infos = session.admin.list_partition_infos(path).await?;
    Ok(infos.iter().map(|info| (info.get_partition_name(), info.get_partition_id())).collect())
}

async fn names(session: &Session, path: &TablePath) -> Result<Vec<String>, fluss::error::Error> {
    Ok(listed(session, path).await?.into_keys().collect())
}

fn rows_of(day: &str, first: i64, count: i64) -> Vec<GenericRow<'static>> {
    (first..first + count).map(|id| GenericRow { values: vec![id.into(), day.to_string().into()] }).collect()
}

/// Every bucket of one partition from its beginning.
async fn read(table: &FlussTable<'_>, partition: i64, count: usize) -> Result<Vec<Found>, Failure> {
    let scanner = table.new_scan().create_log_scanner()?;
    for bucket in 0..table.get_table_info().get_num_buckets() {
        scanner.subscribe_partition(partition, bucket, EARLIEST_OFFSET).await?;
    }
    poll(&scanner, table.get_table_info().get_row_type(), count).await
}

async fn comes_and_goes(session: &Session) -> Done {
    let (admin, path) = (&session.admin, session.create("rows", by_day(2)).await?);
    equal("partitions at first", names(session, &path).await?.len(), 0)?;
    admin.create_partition(&path, &day("d1"), false).await?;
    admin.create_partition(&path, &day("d2"), false).await?;
    equal("partitions", names(session, &path).await?, vec!["d1", "d2"])?;
    refused(admin.create_partition(&path, &day("d1"), false).await, &[PartitionAlreadyExists])?;
    admin.create_partition(&path, &day("d1"), true).await?;
    admin.drop_partition(&path, &day("d1"), false).await?;
    equal("partitions at last", names(session, &path).await?, vec!["d2"])?;
    refused(admin.drop_partition(&path, &day("d1"), false).await, &[PartitionNotExists])?;
    admin.drop_partition(&path, &day("d1"), true).await?;
    admin.drop_table(&path, false).await?;
    Ok(())
}

async fn described(session: &Session) -> Done {
    let schema = Schema::builder()
        .column("id", DataTypes::bigint())
        .column("region", DataTypes::string())
        .column("day", DataTypes::date())
        .build()?;
    let table = TableDescriptor::builder()
        .schema(schema)
        .partitioned_by(vec!["day", "region"])
        .distributed_by(Some(2), vec!["id".to_string()]);
    let path = session.create("rows", table).await?;
    let info = session.admin.get_table_info(&path).await?;
    holds("it has partitions", info.is_partitioned())?;
    holds("they are not made by time", !info.is_auto_partitioned())?;
    equal("partition keys", info.get_partition_keys().to_vec(), vec!["day", "region"])?;
    equal("bucket keys", info.get_bucket_keys(), vec!["id".to_string()])
}

async fn bad(session: &Session) -> Done {
    let path = session.create("rows", by_day(1)).await?;
    let long = "x".repeat(201);
    let mut specs = vec![spec(&[("hour", "1")]), spec(&[("day", "d1"), ("id", "1")])];
    specs.extend(["", "a/b", "a$b", "__reserved", &long].map(day));
    for spec in specs {
        refused(session.admin.create_partition(&path, &spec, false).await, &[PartitionSpecInvalidException])?;
    }
    equal("partitions", names(session, &path).await?.len(), 0)
}

async fn bad_keys(session: &Session) -> Done {
    let schema = Schema::builder().column("id", DataTypes::bigint()).column("price", DataTypes::decimal(9, 2));
    let table = TableDescriptor::builder().schema(schema.build()?).partitioned_by(vec!["price"]);
    let table = table.distributed_by(Some(1), vec![]).build()?;
    refused(session.admin.create_table(&session.path("rows"), &table, false).await, &[InvalidTableException])
}

async fn not_partitioned(session: &Session) -> Done {
    let (admin, path) = (&session.admin, session.create("rows", small(1, &[])).await?);
    refused(admin.list_partition_infos(&path).await.map(|_| ()), &[TableNotPartitionedException])?;
    refused(admin.create_partition(&path, &day("d1"), false).await, &[TableNotPartitionedException])?;
    refused(admin.drop_partition(&path, &day("d1"), false).await, &[TableNotPartitionedException])
}

async fn listed_by_keys(session: &Session) -> Done {
    let schema = Schema::builder()
        .column("id", DataTypes::bigint())
        .column("region", DataTypes::string())
        .column("day", DataTypes::string())
        .build()?;
    let table = TableDescriptor::builder()
        .schema(schema)
        .partitioned_by(vec!["day", "region"])
        .distributed_by(Some(1), vec![]);
    let path = session.create("rows", table).await?;
    for (day, region) in [("d1", "eu"), ("d1", "us"), ("d2", "eu"), ("d2", "us")] {
        session.admin.create_partition(&path, &spec(&[("region", region), ("day", day)]), false).await?;
    }
    equal("partitions", names(session, &path).await?, vec!["d1$eu", "d1$us", "d2$eu", "d2$us"])?;
    let of_day = session.admin.list_partition_infos_with_spec(&path, Some(&day("d2"))).await?;
    let mut found: Vec<String> = of_day.iter().map(|info| info.get_partition_name()).collect();
    found.sort();
    equal("of one day", found, vec!["d2$eu", "d2$us"])?;
    // Fluss 0.9.1 means the same, but wraps it into an unknown error.
    let error = if session.server == Server::Fluss { UnknownServerError } else { PartitionSpecInvalidException };
    let unknown = session.admin.list_partition_infos_with_spec(&path, Some(&spec(&[("id", "1")]))).await;
    refused(unknown.map(|_| ()), &[error])
}

async fn rows_go(session: &Session) -> Done {
    let table = session.open(by_day(2)).await?;
    let path = table.table_path().clone();
    for name in ["d1", "d2"] {
        session.admin.create_partition(&path, &day(name), false).await?;
    }
    append(&table, &rows_of("d1", 0, 20)).await?;
    append(&table, &rows_of("d2", 100, 30)).await?;
    let ids = listed(session, &path).await?;
    for row in read(&table, ids["d1"], 20).await? {
        equal("partition", row.partition, ids["d1"])?;
        equal("day", row.values[1].clone(), Datum::from("d1"))?;
    }
    holds("rows of the other", firsts(&read(&table, ids["d2"], 30).await?).contains(&129))
}

async fn offsets(session: &Session) -> Done {
    let table = session.open(by_day(1)).await?;
    let (admin, path) = (&session.admin, table.table_path().clone());
    admin.create_partition(&path, &day("d1"), false).await?;
    admin.create_partition(&path, &day("d2"), false).await?;
    append(&table, &rows_of("d2", 0, 7)).await?;
    // A new partition may have no leader yet.
    eventually("offsets of the empty one", || async {
        Ok(admin.list_partition_offsets(&path, "d1", &[0], OffsetSpec::Latest).await? == HashMap::from([(0, 0)]))
    })
    .await?;
    let other = admin.list_partition_offsets(&path, "d2", &[0], OffsetSpec::Latest).await?;
    equal("of the other", other, HashMap::from([(0, 7)]))?;
    let unknown = admin.list_partition_offsets(&path, "d3", &[0], OffsetSpec::Latest).await;
    refused(unknown, &[PartitionNotExists])
}

async fn automatic(session: &Session) -> Done {
    let table = by_day(1)
        .property("table.auto-partition.enabled", "true")
        .property("table.auto-partition.time-unit", "year")
        .property("table.auto-partition.time-zone", "UTC")
        .property("table.auto-partition.num-precreate", "3");
    let path = session.create("rows", table).await?;
    holds("it is described so", session.admin.get_table_info(&path).await?.is_auto_partitioned())?;
    eventually("three partitions", || async { Ok(names(session, &path).await?.len() == 3) }).await?;
    let years: Vec<i32> = names(session, &path).await?.iter().filter_map(|name| name.parse().ok()).collect();
    equal("they follow one another", years.clone(), (years[0]..years[0] + 3).collect::<Vec<i32>>())?;
    let later = (years[0] + 5).to_string();
    session.admin.create_partition(&path, &day(&later), false).await?;
    equal("partitions", names(session, &path).await?.len(), 4)
}

async fn made_again(session: &Session) -> Done {
    let table = session.open(by_day(1)).await?;
    let path = table.table_path().clone();
    session.admin.create_partition(&path, &day("d1"), false).await?;
    let before = listed(session, &path).await?["d1"];
    append(&table, &rows_of("d1", 0, 5)).await?;
    session.admin.drop_partition(&path, &day("d1"), false).await?;
    session.await_dropped().await;
    session.admin.create_partition(&path, &day("d1"), false).await?;
    let now = listed(session, &path).await?["d1"];
    holds("its id is a new one", now > before)?;
    // Another connection: this one may take the old partition from its cache.
    let other = session.connect(|_| ()).await?;
    let table = other.get_table(&path).await?;
    append(&table, &rows_of("d1", 50, 1)).await?;
    equal("rows", firsts(&read(&table, now, 1).await?), vec![50])
}
