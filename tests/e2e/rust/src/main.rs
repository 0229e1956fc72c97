//! The list of behaviours of fluss-rs: the names and assertions of `tests/e2e/java`, as far as this client goes.

mod alterations;
mod databases;
mod expect;
mod offsets;
mod partitions;
mod rows;
mod runner;
mod scans;
mod session;
mod tables;
mod types;
mod writers;

fn main() {
    let mut all = Vec::new();
    all.extend(databases::behaviours());
    all.extend(tables::behaviours());
    all.extend(types::behaviours());
    all.extend(writers::behaviours());
    all.extend(scans::behaviours());
    all.extend(offsets::behaviours());
    all.extend(partitions::behaviours());
    all.extend(alterations::behaviours());
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    std::process::exit(runner::run(&all, &arguments));
}
