#!/usr/bin/env bash
# Makes OUT/debug/conformance with cargo, which gets the crates of Cargo.lock and compiles what changed.   build.sh OUT
set -euo pipefail
here=$(cd "$(dirname "$(readlink -f "$0")")" && pwd)
[ $# = 1 ] || { echo "usage: build.sh OUT" >&2; exit 2; }
command -v cargo >/dev/null || {
  echo "tests/e2e/rust: there is no cargo on the PATH; ./dev test --all installs Debian's (tools/packages_rust.txt)" >&2
  exit 2
}
cargo build --quiet --locked --jobs "${MILLRACE_CARGO_JOBS:-2}" --manifest-path "$here/Cargo.toml" --target-dir "$1"
