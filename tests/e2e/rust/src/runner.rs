//! Runs behaviours against one server and prints a line for each. Its arguments and lines are those of
//! `tests/e2e/java/src/conformance/Runner.java`; the release is not looked at, there is one.

use crate::expect::Done;
use crate::session::{Server, Session};
use std::collections::HashSet;
use std::future::Future;
use std::pin::Pin;
use std::time::{Duration, Instant};

const BEHAVIOUR_TIME_MAX: Duration = Duration::from_secs(60);

pub type Body = for<'a> fn(&'a Session) -> Pin<Box<dyn Future<Output = Done> + 'a>>;

/// One thing that a client may rely on. Its name is what the report and the list of unbuilt behaviours call it.
pub struct Behaviour {
    pub name: &'static str,
    pub body: Body,
}

/// `behaviours! { "a name" => function, ... }`: a list of behaviours.
#[macro_export]
macro_rules! behaviours {
    ($($name:literal => $function:path,)*) => {
        vec![$($crate::runner::Behaviour { name: $name, body: |session| Box::pin($function(session)) }),*]
    };
}

/// The exit code: 0 if all went as listed, 1 if not, 2 if it could not start.
pub fn run(all: &[Behaviour], arguments: &[String]) -> i32 {
    let [bootstrap, server, _release, not_built, only @ ..] = arguments else {
        println!("arguments: BOOTSTRAP millrace|fluss RELEASE NOT_BUILT_YET [NAME...]");
        return 2;
    };
    let server = if server == "fluss" { Server::Fluss } else { Server::Millrace };
    let not_built = match names_in(not_built) {
        Ok(names) => names,
        Err(error) => {
            println!("{not_built}: {error}");
            return 2;
        }
    };
    if let Err(error) = check_names(all, not_built.iter().chain(only)) {
        println!("{error}");
        return 2;
    }
    let mut fine = true;
    for behaviour in all.iter().filter(|each| only.is_empty() || only.iter().any(|name| name == each.name)) {
        let began = Instant::now();
        let outcome = outcome(behaviour, bootstrap, server);
        let listed = not_built.iter().any(|name| name == behaviour.name);
        fine &= report(behaviour.name, began.elapsed(), &outcome, listed);
    }
    i32::from(!fine)
}

fn names_in(file: &str) -> std::io::Result<Vec<String>> {
    let text = std::fs::read_to_string(file)?;
    let lines = text.lines().map(str::trim);
    Ok(lines.filter(|line| !line.is_empty() && !line.starts_with('#')).map(String::from).collect())
}

fn check_names<'a>(all: &[Behaviour], mut names: impl Iterator<Item = &'a String>) -> Result<(), String> {
    let mut known = HashSet::new();
    if let Some(twice) = all.iter().find(|each| !known.insert(each.name)) {
        return Err(format!("two behaviours are called {}", twice.name));
    }
    match names.find(|name| !known.contains(name.as_str())) {
        Some(unknown) => Err(format!("there is no behaviour called {unknown}")),
        None => Ok(()),
    }
}

/// Runs one behaviour on a thread of its own, so that one that panics is only a failure.
fn outcome(behaviour: &Behaviour, bootstrap: &str, server: Server) -> Result<(), String> {
    let body = behaviour.body;
    let bootstrap = bootstrap.to_string();
    let thread = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(text)?;
        let done = runtime.block_on(async {
            let session = Session::new(&bootstrap, server).await.map_err(text)?;
            let done = tokio::time::timeout(BEHAVIOUR_TIME_MAX, body(&session)).await;
            session.tidy_up().await.map_err(text)?;
            done.map_err(|_| format!("hangs: not done within {BEHAVIOUR_TIME_MAX:?}"))?.map_err(text)
        });
        runtime.shutdown_background();
        done
    });
    thread.join().unwrap_or_else(|_| Err("it panicked".to_string()))
}

fn text(error: impl std::fmt::Display) -> String {
    error.to_string()
}

/// Prints the line of one behaviour. True if it went as listed.
fn report(name: &str, took: Duration, outcome: &Result<(), String>, listed: bool) -> bool {
    match outcome {
        Ok(()) if listed => println!("BUILT: {name}"),
        Ok(()) => println!("ok: {name} ({} ms)", took.as_millis()),
        Err(error) => {
            let what = if listed { "not built yet" } else { "FAILED" };
            let line: String = error.lines().next().unwrap_or_default().chars().take(300).collect();
            println!("{what}: {name}: {line}");
        }
    }
    listed == outcome.is_err()
}
