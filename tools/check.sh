#!/usr/bin/env bash
# The checks that need no running program: format, layers, code, dead files, scripts.
#   check.sh [BUILD]    BUILD is a configured build folder (default build/dev)
# Every check runs even if an earlier one failed. Link tests are part of the build: target link_tests.
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/.."
build=${1:-build/dev}
failed=0

format() {
  local files
  mapfile -d '' -t files < <(git ls-files -co --exclude-standard -z -- '*.cpp' '*.hpp' | while IFS= read -rd '' file; do
    # Listed files that were deleted but not yet committed are gone.
    [ ! -f "$file" ] || printf '%s\0' "$file"
  done)
  printf '%s\0' "${files[@]}" | xargs -0 -P 2 -n 25 clang-format --dry-run -Werror || return 1
  printf 'format: ok, %s files\n' "${#files[@]}"
}

scripts() {
  local file count=0
  while IFS= read -r file; do
    [ "$(head -c 2 "$file")" = '#!' ] && head -1 "$file" | grep -q bash || continue
    bash -n "$file" || return 1
    count=$((count + 1))
  done < <(git ls-files -co --exclude-standard -- dev .ci tools bench '*.sh')
  printf 'scripts: ok, %s files\n' "$count"
}

check() {
  "$@" || {
    printf '%s: FAILED\n' "$*" >&2
    failed=1
  }
}

check format
check python3 tools/check_layers.py
check python3 tools/check_code.py
check python3 tools/check_dead.py "$build"
check scripts
exit $failed
