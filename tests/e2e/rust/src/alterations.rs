//! Limit scans, changes of tables, statistics: what Millrace does not have yet is in `not_built_yet.txt`.

use crate::behaviours;
use crate::expect::{equal, holds, refused, unlisted, Done};
use crate::rows::append_numbered;
use crate::runner::Behaviour;
use crate::session::{fresh_name, small, Server, Session};
use fluss::error::FlussError::{DatabaseNotExist, TableNotExist};
use fluss::metadata::{AlterConfig, AlterConfigOpType, AlterTableChanges, BucketStatsRequest, TableBucket};

pub fn behaviours() -> Vec<Behaviour> {
    behaviours! {
        "a limit scan gives the last rows" => limited,
        "custom properties are set and reset" => custom_properties,
        "altering an unknown table is refused" => unknown_table,
        "a database is altered" => database,
        "altering an unknown database is refused" => unknown_database,
        "cluster configs are described" => configs,
        "table statistics count rows" => statistics,
        "the servers are listed" => servers,
    }
}

async fn limited(session: &Session) -> Done {
    let table = session.open(small(1, &[])).await?;
    for i in 0..3 {
        append_numbered(&table, i * 10, 10).await?;
    }
    for (limit, wanted) in [(5, 5), (15, 15), (1000, 30)] {
        let bucket = TableBucket::new(table.get_table_info().get_table_id(), 0);
        let mut scanner = table.new_scan().limit(limit)?.create_bucket_batch_scanner(bucket)?;
        let rows: usize = scanner.collect_all_batches().await?.iter().map(|batch| batch.num_records()).sum();
        equal("rows", rows, wanted)?;
    }
    Ok(())
}

fn set(key: &str, value: Option<&str>) -> AlterConfig {
    let operation = if value.is_some() { AlterConfigOpType::Set } else { AlterConfigOpType::Delete };
    AlterConfig::new(key, value.map(String::from), operation)
}

fn changes(config_changes: Vec<AlterConfig>) -> AlterTableChanges {
    AlterTableChanges { config_changes, ..AlterTableChanges::default() }
}

async fn custom_properties(session: &Session) -> Done {
    let path = session.create("rows", small(1, &[]).custom_property("gone", "1")).await?;
    let change = changes(vec![set("new", Some("2")), set("gone", None)]);
    session.admin.alter_table(&path, false, change).await?;
    let info = session.admin.get_table_info(&path).await?;
    equal("set", info.get_custom_properties().get("new").map(String::as_str), Some("2"))?;
    holds("reset", !info.get_custom_properties().contains_key("gone"))
}

async fn unknown_table(session: &Session) -> Done {
    let change = changes(vec![set("new", Some("2"))]);
    refused(session.admin.alter_table(&session.path("nothing"), false, change.clone()).await, &[TableNotExist])?;
    session.admin.alter_table(&session.path("nothing"), true, change).await?;
    Ok(())
}

async fn database(session: &Session) -> Done {
    let (admin, name) = (&session.admin, &session.database);
    let outcome = admin.alter_database(name, vec![set("owner", Some("a"))], Some("ours"), false).await;
    if session.server == Server::Fluss {
        // Fluss has the call from 1.0 on.
        return unlisted(outcome);
    }
    outcome?;
    let info = admin.get_database_info(name).await?;
    equal("comment", info.database_descriptor().comment(), Some("ours"))?;
    equal("property", info.database_descriptor().custom_properties().get("owner").map(String::as_str), Some("a"))
}

async fn unknown_database(session: &Session) -> Done {
    let outcome = session.admin.alter_database(&fresh_name(), vec![], Some("ours"), false).await;
    if session.server == Server::Fluss { unlisted(outcome) } else { refused(outcome, &[DatabaseNotExist]) }
}

async fn configs(session: &Session) -> Done {
    let found = session.admin.describe_cluster_configs().await?;
    holds("there are some", !found.is_empty())
}

async fn statistics(session: &Session) -> Done {
    let table = session.open(small(2, &["id"])).await?;
    append_numbered(&table, 0, 60).await?;
    let buckets = (0..2).map(|bucket| BucketStatsRequest::new(None, bucket)).collect();
    let found = session.admin.get_table_stats(table.get_table_info().get_table_id(), buckets, vec![]).await;
    if session.server == Server::Fluss {
        // This client asks the coordinator, and that of 0.9.1 leaves it to the tablet servers.
        return unlisted(found);
    }
    equal("rows", found?.buckets.iter().filter_map(|bucket| bucket.row_count).sum::<i64>(), 60)
}

async fn servers(session: &Session) -> Done {
    holds("there are some", !session.admin.get_server_nodes().await?.is_empty())
}
