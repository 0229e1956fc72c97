#!/usr/bin/env bash
# Runs one fuzz target for some seconds:  run.sh PROGRAM CORPUS WORK
#   CORPUS  inputs of the tree: what was found once (may be absent)
#   WORK    folder in the build: seeds/ made anew, corpus/ grows from run to run, found/ keeps what failed
# MILLRACE_FUZZ_SECONDS   how long (default 2)
# MILLRACE_FUZZ_SEED      libFuzzer's -seed (default 1; 0 picks one)
set -euo pipefail

readonly program=$1 corpus=$2 work=$3
readonly seconds=${MILLRACE_FUZZ_SECONDS:-2}

rm -rf "$work/seeds"
mkdir -p "$work/seeds" "$work/corpus" "$work/found"
"$program" --write-seeds="$work/seeds"

# The first folder is the one that new inputs are written to. What once failed is tried before anything is searched.
folders=("$work/corpus" "$work/seeds" "$work/found")
[ ! -d "$corpus" ] || folders+=("$corpus")

# An input that takes a minute hangs; one that takes 2 GiB is an attack.
status=0
"$program" -max_total_time="$seconds" -seed="${MILLRACE_FUZZ_SEED:-1}" -timeout=60 -rss_limit_mb=2048 -reload=0 \
  -artifact_prefix="$work/found/" -print_final_stats=1 "${folders[@]}" >"$work/log" 2>&1 || status=$?
if [ "$status" = 0 ]; then
  grep -E '^(Done|stat::(number_of_executed_units|peak_rss_mb))' "$work/log"
  exit 0
fi

# The report, without what was said while all was well.
grep -vE '^#[0-9]+|^(INFO|Loading|Running):' "$work/log" | head -n 120
input=$(sed -n 's/.*Test unit written to //p' "$work/log" | tail -n 1)
printf '\nfuzz: failed. Whole output: %s\n' "$work/log"
if [ -n "$input" ]; then
  printf 'fuzz: the input: %s\nfuzz: again:     %s %s\n' "$input" "$program" "$input"
  printf 'fuzz: once mended, it becomes a regression: cp %s %s/\n' "$input" "$corpus"
fi
exit 1
