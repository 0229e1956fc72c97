//! Assertions. Nothing here waits without a deadline.

use fluss::error::{Error, FlussError};
use std::fmt::Debug;
use std::future::Future;
use std::time::{Duration, Instant};

pub const ANSWER_TIME_MAX: Duration = Duration::from_secs(30);

pub type Failure = Box<dyn std::error::Error>;
pub type Done = Result<(), Failure>;

pub fn equal<T: PartialEq<U> + Debug, U: Debug>(what: &str, got: T, wanted: U) -> Done {
    if got == wanted {
        return Ok(());
    }
    Err(format!("{what}: wanted {wanted:?}, got {got:?}").into())
}

pub fn holds(what: &str, condition: bool) -> Done {
    if condition {
        return Ok(());
    }
    Err(format!("{what}: does not hold").into())
}

/// The outcome of a call must be one of these errors of the protocol.
pub fn refused<T: Debug>(outcome: Result<T, Error>, wanted: &[FlussError]) -> Done {
    match outcome {
        Ok(value) => Err(format!("wanted {wanted:?}, but it was accepted: {value:?}").into()),
        Err(error) => match error.api_error() {
            Some(code) if wanted.contains(&code) => Ok(()),
            _ => Err(format!("wanted {wanted:?}, got {error}").into()),
        },
    }
}

/// The client must refuse the call itself, because the server does not list it.
pub fn unlisted<T: Debug>(outcome: Result<T, Error>) -> Done {
    match outcome {
        Err(Error::UnsupportedVersion { .. }) => Ok(()),
        other => Err(format!("wanted an unsupported version, got {other:?}").into()),
    }
}

/// Asks until it is so. An error in between counts as "not yet".
pub async fn eventually<F, A>(what: &str, mut condition: F) -> Done
where
    F: FnMut() -> A,
    A: Future<Output = Result<bool, Error>>,
{
    let end = Instant::now() + ANSWER_TIME_MAX;
    let mut last = String::new();
    while Instant::now() < end {
        match condition().await {
            Ok(true) => return Ok(()),
            Ok(false) => last.clear(),
            Err(error) => last = error.to_string(),
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Err(format!("{what}: not within {ANSWER_TIME_MAX:?} {last}").into())
}
