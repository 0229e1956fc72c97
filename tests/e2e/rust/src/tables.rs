use crate::behaviours;
use crate::expect::{equal, holds, refused, Done};
use crate::runner::Behaviour;
use crate::session::{small, Server, Session};
use crate::types::{nested, scalars};
use fluss::error::FlussError::{
    InvalidTableException, SchemaNotExist, TableAlreadyExist, TableNotExist, UnknownServerError,
};
use fluss::metadata::{DataTypes, Schema, SchemaBuilder, TableDescriptor};

pub fn behaviours() -> Vec<Behaviour> {
    behaviours! {
        "a table comes and goes" => comes_and_goes,
        "a table that is there is not created again" => not_created_again,
        "a table is described as it was created" => described,
        "columns of every scalar type are described as created" => scalar_types,
        "columns of nested types are described as created" => nested_types,
        "what a table does not say gets the server's default" => defaults,
        "a table made again is another table" => made_again,
        "an unknown table is refused" => unknown,
        "a bad table name is refused" => bad_name,
        "a schema is found by its id" => schema_by_id,
    }
}

async fn comes_and_goes(session: &Session) -> Done {
    let (admin, path) = (&session.admin, session.path("rows"));
    equal("tables at first", admin.list_tables(&session.database).await?, Vec::<String>::new())?;
    holds("it is not there yet", !admin.table_exists(&path).await?)?;
    session.create("rows", small(3, &[])).await?;
    holds("it exists", admin.table_exists(&path).await?)?;
    equal("tables", admin.list_tables(&session.database).await?, vec!["rows"])?;
    admin.drop_table(&path, false).await?;
    holds("it is gone", !admin.table_exists(&path).await?)?;
    equal("tables at last", admin.list_tables(&session.database).await?, Vec::<String>::new())?;
    refused(admin.drop_table(&path, false).await, &[TableNotExist])?;
    admin.drop_table(&path, true).await?;
    Ok(())
}

async fn not_created_again(session: &Session) -> Done {
    let path = session.create("rows", small(1, &[])).await?;
    let other = small(7, &[]).comment("other").build()?;
    refused(session.admin.create_table(&path, &other, false).await, &[TableAlreadyExist])?;
    session.admin.create_table(&path, &other, true).await?;
    equal("buckets", session.admin.get_table_info(&path).await?.get_num_buckets(), 1)
}

async fn described(session: &Session) -> Done {
    let schema = Schema::builder()
        .column("id", DataTypes::bigint().as_non_nullable())
        .with_comment("never null")
        .column("when it was", DataTypes::timestamp_ltz_with_precision(3))
        .column("naïve_名", DataTypes::string())
        .build()?;
    let sent = TableDescriptor::builder()
        .schema(schema.clone())
        .distributed_by(Some(3), vec!["id".to_string()])
        .comment("ours")
        .property("table.log.ttl", "2d")
        .property("table.log.arrow.compression.type", "lz4_frame")
        .custom_property("owner.team", "a")
        .custom_property("table-like", "x=y");
    let path = session.create("rows", sent).await?;
    let info = session.admin.get_table_info(&path).await?;
    equal("path", info.get_table_path(), &path)?;
    equal("schema id", info.get_schema_id(), 1)?;
    equal("column names", info.get_schema().column_names(), schema.column_names())?;
    equal("column comment", info.get_schema().columns()[0].comment(), Some("never null"))?;
    holds("the first is never null", !info.get_schema().columns()[0].data_type().is_nullable())?;
    equal("buckets", info.get_num_buckets(), 3)?;
    equal("bucket keys", info.get_bucket_keys(), vec!["id".to_string()])?;
    equal("comment", info.get_comment(), Some("ours"))?;
    equal("time to live", info.get_properties().get("table.log.ttl").map(String::as_str), Some("2d"))?;
    equal("custom", info.get_custom_properties().get("table-like").map(String::as_str), Some("x=y"))?;
    holds("it has no primary key", !info.has_primary_key())?;
    holds("it has no partitions", !info.is_partitioned())?;
    holds("it has a time of creation", info.get_created_time() > 1_500_000_000_000)?;
    equal("time of change", info.get_modified_time(), info.get_created_time())
}

async fn scalar_types(session: &Session) -> Done {
    described_with(session, scalars()).await
}

async fn nested_types(session: &Session) -> Done {
    described_with(session, nested()).await
}

async fn described_with(session: &Session, columns: SchemaBuilder) -> Done {
    let schema = columns.build()?;
    let table = TableDescriptor::builder().schema(schema.clone()).distributed_by(Some(1), vec![]);
    let path = session.create("rows", table).await?;
    let found = session.admin.get_table_info(&path).await?;
    for (sent, got) in schema.columns().iter().zip(found.get_schema().columns()) {
        equal("column", got.name(), sent.name())?;
        equal(sent.name(), got.data_type().to_string(), sent.data_type().to_string())?;
    }
    equal("columns", found.get_schema().columns().len(), schema.columns().len())
}

async fn defaults(session: &Session) -> Done {
    let schema = Schema::builder().column("id", DataTypes::bigint()).build()?;
    let path = session.create("rows", TableDescriptor::builder().schema(schema)).await?;
    let info = session.admin.get_table_info(&path).await?;
    equal("buckets", info.get_num_buckets(), 1)?;
    equal("bucket keys", info.get_bucket_keys().len(), 0)?;
    equal("replicas", info.get_properties().get("table.replication.factor").map(String::as_str), Some("1"))
}

async fn made_again(session: &Session) -> Done {
    let path = session.create("rows", small(1, &[])).await?;
    let before = session.admin.get_table_info(&path).await?.get_table_id();
    session.admin.drop_table(&path, false).await?;
    session.await_dropped().await;
    session.create("rows", small(2, &[])).await?;
    let now = session.admin.get_table_info(&path).await?;
    holds("its id is a new one", now.get_table_id() > before)?;
    equal("buckets", now.get_num_buckets(), 2)
}

async fn unknown(session: &Session) -> Done {
    let path = session.path("nothing");
    refused(session.admin.get_table_info(&path).await.map(|_| ()), &[TableNotExist])?;
    // Fluss 0.9.1 says that it has no schema 0 of the table.
    let error = if session.server == Server::Fluss { SchemaNotExist } else { TableNotExist };
    refused(session.admin.get_table_schema(&path, None).await.map(|_| ()), &[error])?;
    // Nor does it find a word for it in its metadata.
    let error = if session.server == Server::Fluss { UnknownServerError } else { TableNotExist };
    refused(session.connection.get_table(&path).await.map(|_| ()), &[error])
}

async fn bad_name(session: &Session) -> Done {
    let long = "x".repeat(201);
    for name in ["bad name", "__reserved", "a/b", "..", "é", &long] {
        let table = small(1, &[]).build()?;
        refused(session.admin.create_table(&session.path(name), &table, false).await, &[InvalidTableException])?;
    }
    Ok(())
}

async fn schema_by_id(session: &Session) -> Done {
    let path = session.create("rows", small(1, &[])).await?;
    for id in [None, Some(1)] {
        let found = session.admin.get_table_schema(&path, id).await?;
        equal("schema id", found.schema_id(), 1)?;
        equal("columns", found.schema().column_names(), vec!["id", "name"])?;
    }
    refused(session.admin.get_table_schema(&path, Some(7)).await.map(|_| ()), &[SchemaNotExist])
}
