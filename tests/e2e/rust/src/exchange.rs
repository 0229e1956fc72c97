//! Writes and reads tables on order, for rows that another client reads or wrote: see `tests/e2e/cross/clients.py`.

use crate::canonical;
use crate::expect::{Done, Failure};
use crate::rows::{append, read_all};
use crate::session::config;
use fluss::client::{FlussConnection, FlussTable};
use fluss::config::Config;
use fluss::metadata::TablePath;
use std::fs;

/// Orders come on standard input, answers go to standard output, a line each.
pub fn run(bootstrap: &str) -> Done {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        // By default it repeats for ever what will never do.
        let options = Config { writer_retries: 2, ..config(bootstrap) };
        let connection = FlussConnection::new(options).await?;
        for order in std::io::stdin().lines() {
            match obey(&connection, &order?).await {
                Ok(()) => println!("ok"),
                Err(failure) => println!("failed: {}", failure.to_string().replace('\n', " ")),
            }
        }
        Ok(())
    })
}

async fn obey(connection: &FlussConnection, order: &str) -> Done {
    let words: Vec<&str> = order.split(' ').collect();
    let (database, name) = words[1].split_once('.').ok_or("no DATABASE.TABLE")?;
    let table = connection.get_table(&TablePath::new(database, name)).await?;
    match words[..] {
        ["write", _, file] => write(&table, file).await,
        ["read", _, count, file] => read(&table, count.parse()?, file).await,
        _ => Err("no such order".into()),
    }
}

async fn write(table: &FlussTable<'_>, file: &str) -> Done {
    let text = fs::read_to_string(file)?;
    let row_type = table.get_table_info().get_row_type();
    let row = |line| canonical::row(&serde_json::from_str(line)?, row_type);
    let rows = text.split_terminator('\n').map(row).collect::<Result<Vec<_>, Failure>>()?;
    Ok(append(table, &rows).await?)
}

async fn read(table: &FlussTable<'_>, count: usize, file: &str) -> Done {
    let row_type = table.get_table_info().get_row_type();
    let mut text = String::new();
    for found in read_all(table, count).await? {
        text += &canonical::row_of(&found.values, row_type)?.to_string();
        text += "\n";
    }
    Ok(fs::write(file, text)?)
}
