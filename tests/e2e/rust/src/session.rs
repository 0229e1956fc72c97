//! What one behaviour works with: a connection of its own and a database of its own. Nothing is shared with others.

use crate::expect::Failure;
use fluss::client::{FlussAdmin, FlussConnection, FlussTable};
use fluss::config::Config;
use fluss::error::Error;
use fluss::metadata::{DataTypes, Schema, TableDescriptor, TableDescriptorBuilder, TablePath};
use fluss::rpc::message::OffsetSpec;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::Arc;
use std::time::{Duration, Instant};

const CREATIONS_MAX: usize = 3;
const LEADERS_TIME_MAX: Duration = Duration::from_secs(3);

/// Whose server answers. Behaviours look at it only where the two differ for a reason that they state.
#[derive(Clone, Copy, PartialEq)]
pub enum Server {
    Millrace,
    Fluss,
}

pub struct Session {
    pub server: Server,
    pub database: String,
    pub connection: FlussConnection,
    pub admin: Arc<FlussAdmin>,
    bootstrap: String,
}

/// A name that nobody else uses on this server.
pub fn fresh_name() -> String {
    static NUMBERS: AtomicU32 = AtomicU32::new(0);
    format!("rust_{}_{}", std::process::id(), NUMBERS.fetch_add(1, Ordering::Relaxed))
}

/// The client's defaults but for the time that batches wait, which is for throughput.
pub fn config(bootstrap: &str) -> Config {
    Config { bootstrap_servers: bootstrap.to_string(), writer_batch_timeout_ms: 1, ..Config::default() }
}

impl Session {
    pub async fn new(bootstrap: &str, server: Server) -> Result<Session, Error> {
        let connection = FlussConnection::new(config(bootstrap)).await?;
        let admin = connection.get_admin()?;
        let database = fresh_name();
        admin.create_database(&database, None, false).await?;
        Ok(Session { server, database, connection, admin, bootstrap: bootstrap.to_string() })
    }

    pub async fn tidy_up(&self) -> Result<(), Error> {
        self.admin.drop_database(&self.database, true, true).await
    }

    /// Another connection, with these changes of the client's options.
    pub async fn connect(&self, change: impl FnOnce(&mut Config)) -> Result<FlussConnection, Error> {
        let mut changed = config(&self.bootstrap);
        change(&mut changed);
        FlussConnection::new(changed).await
    }

    pub fn path(&self, table: &str) -> TablePath {
        TablePath::new(&self.database, table)
    }

    /// Creates and opens database.rows.
    pub async fn open(&self, table: TableDescriptorBuilder) -> Result<FlussTable<'_>, Failure> {
        let path = self.create("rows", table).await?;
        Ok(self.connection.get_table(&path).await?)
    }

    /// Creates database.NAME.
    pub async fn create(&self, name: &str, table: TableDescriptorBuilder) -> Result<TablePath, Failure> {
        let path = self.path(name);
        let descriptor = table.build()?;
        self.admin.create_table(&path, &descriptor, false).await?;
        if self.server == Server::Fluss && !descriptor.is_partitioned() {
            self.create_until_led(&path, &descriptor).await?;
        }
        Ok(path)
    }

    /// Fluss answers before the buckets have leaders, and 0.9.1 overlooks a new table now and then: it never gets
    /// one. Ours are ready when they answer.
    async fn create_until_led(&self, path: &TablePath, descriptor: &TableDescriptor) -> Result<(), Failure> {
        for attempt in 0..CREATIONS_MAX {
            if attempt > 0 {
                self.admin.drop_table(path, false).await?;
                self.await_dropped().await;
                self.admin.create_table(path, descriptor, false).await?;
            }
            let buckets: Vec<i32> = (0..self.admin.get_table_info(path).await?.get_num_buckets()).collect();
            let end = Instant::now() + LEADERS_TIME_MAX;
            while Instant::now() < end {
                if self.admin.list_offsets(path, &buckets, OffsetSpec::Earliest).await.is_ok() {
                    return Ok(());
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
        Err("this Fluss server elects no leaders any more, which a restart of its coordinator cures".into())
    }

    /// After dropping a thing: Fluss 0.9.1 takes rows for it a little longer, and a new one of its name for the old.
    pub async fn await_dropped(&self) {
        if self.server == Server::Fluss {
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    }
}

/// A small table: id BIGINT, name STRING.
pub fn small(buckets: i32, bucket_keys: &[&str]) -> TableDescriptorBuilder {
    let schema = Schema::builder().column("id", DataTypes::bigint()).column("name", DataTypes::string()).build();
    let keys = bucket_keys.iter().map(|key| key.to_string()).collect();
    TableDescriptor::builder().schema(schema.expect("two columns")).distributed_by(Some(buckets), keys)
}
