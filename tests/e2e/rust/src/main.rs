//! The list of behaviours of fluss-rs: the names and assertions of `tests/e2e/java`, as far as this client goes. With
//! the words `exchange BOOTSTRAP`, the client's side of `tests/e2e/cross`.

mod alterations;
mod canonical;
mod databases;
mod exchange;
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
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [word, bootstrap] = &arguments[..] {
        if word == "exchange" {
            exchange::run(bootstrap).expect("orders are answered");
            return;
        }
    }
    let mut all = Vec::new();
    all.extend(databases::behaviours());
    all.extend(tables::behaviours());
    all.extend(types::behaviours());
    all.extend(writers::behaviours());
    all.extend(scans::behaviours());
    all.extend(offsets::behaviours());
    all.extend(partitions::behaviours());
    all.extend(alterations::behaviours());
    std::process::exit(runner::run(&all, &arguments));
}
