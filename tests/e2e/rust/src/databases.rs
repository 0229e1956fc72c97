use crate::behaviours;
use crate::expect::{equal, holds, refused, Done};
use crate::runner::Behaviour;
use crate::session::{fresh_name, small, Session};
use fluss::error::FlussError::{DatabaseAlreadyExist, DatabaseNotEmpty, DatabaseNotExist, InvalidDatabaseException};
use fluss::metadata::{DatabaseDescriptor, TablePath};
use std::collections::HashMap;

pub fn behaviours() -> Vec<Behaviour> {
    behaviours! {
        "a database comes and goes" => comes_and_goes,
        "a database is described as it was created" => described,
        "a database that is there is not created again" => not_created_again,
        "an unknown database is refused" => unknown,
        "a bad database name is refused" => bad_name,
        "a database with tables is dropped with them or not at all" => cascade,
        "databases are summarised" => summarised,
    }
}

async fn comes_and_goes(session: &Session) -> Done {
    let (admin, name) = (&session.admin, fresh_name());
    holds("it is not there yet", !admin.database_exists(&name).await?)?;
    admin.create_database(&name, None, false).await?;
    holds("it exists", admin.database_exists(&name).await?)?;
    holds("it is listed", admin.list_databases().await?.contains(&name))?;
    admin.drop_database(&name, false, false).await?;
    holds("it is gone", !admin.database_exists(&name).await?)?;
    holds("it is listed no more", !admin.list_databases().await?.contains(&name))
}

async fn described(session: &Session) -> Done {
    let (admin, name) = (&session.admin, fresh_name());
    let properties = HashMap::from([("owner.team".to_string(), "a".to_string()), ("empty".to_string(), String::new())]);
    let sent =
        DatabaseDescriptor::builder().comment("ours, \"quoted\" é 数").custom_properties(properties.clone()).build();
    admin.create_database(&name, Some(&sent), false).await?;
    let info = admin.get_database_info(&name).await?;
    equal("name", info.database_name(), name.as_str())?;
    equal("comment", info.database_descriptor().comment(), sent.comment())?;
    equal("properties", info.database_descriptor().custom_properties(), &properties)?;
    holds("it has a time of creation", info.created_time() > 1_500_000_000_000)?;
    holds("it has a time of change", info.modified_time() >= info.created_time())?;
    let plain = admin.get_database_info(&session.database).await?;
    equal("comment of a plain one", plain.database_descriptor().comment(), None::<&str>)?;
    admin.drop_database(&name, false, false).await?;
    Ok(())
}

async fn not_created_again(session: &Session) -> Done {
    let (admin, name) = (&session.admin, &session.database);
    let other = DatabaseDescriptor::builder().comment("other").build();
    refused(admin.create_database(name, Some(&other), false).await, &[DatabaseAlreadyExist])?;
    admin.create_database(name, Some(&other), true).await?;
    equal("comment", admin.get_database_info(name).await?.database_descriptor().comment(), None::<&str>)
}

async fn unknown(session: &Session) -> Done {
    let (admin, name) = (&session.admin, fresh_name());
    refused(admin.get_database_info(&name).await.map(|_| ()), &[DatabaseNotExist])?;
    refused(admin.list_tables(&name).await, &[DatabaseNotExist])?;
    let table = small(1, &[]).build()?;
    refused(admin.create_table(&TablePath::new(&name, "rows"), &table, false).await, &[DatabaseNotExist])?;
    refused(admin.drop_database(&name, false, false).await, &[DatabaseNotExist])?;
    admin.drop_database(&name, true, false).await?;
    Ok(())
}

async fn bad_name(session: &Session) -> Done {
    let long = "x".repeat(201);
    for name in ["bad name", "__reserved", "a.b", "a/b", "..", "é", &long] {
        refused(session.admin.create_database(name, None, false).await, &[InvalidDatabaseException])?;
    }
    let mut longest = fresh_name() + "-";
    longest += &"x".repeat(200 - longest.len());
    session.admin.create_database(&longest, None, false).await?;
    session.admin.drop_database(&longest, false, false).await?;
    Ok(())
}

async fn cascade(session: &Session) -> Done {
    let (admin, name) = (&session.admin, &session.database);
    let path = session.create("rows", small(2, &[])).await?;
    refused(admin.drop_database(name, false, false).await, &[DatabaseNotEmpty])?;
    holds("the table is still there", admin.table_exists(&path).await?)?;
    admin.drop_database(name, false, true).await?;
    holds("the database is gone", !admin.database_exists(name).await?)?;
    holds("the table is gone", !admin.table_exists(&path).await?)
}

async fn summarised(session: &Session) -> Done {
    session.create("one", small(1, &[])).await?;
    session.create("two", small(1, &[])).await?;
    let summaries = session.admin.list_database_summaries().await?;
    let summary = summaries.iter().find(|each| each.database_name == session.database).ok_or("no summary")?;
    equal("tables", summary.table_count, 2)
}
