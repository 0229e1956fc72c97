#!/usr/bin/env bash
# Makes OUT/jars (Flink and the connector, by Maven: 190 MB) and OUT/classes (the suite), each only when what it is made
# of changed: a second run does nothing, and needs neither Maven nor a network.   build.sh OUT
set -euo pipefail
here=$(cd "$(dirname "$(readlink -f "$0")")" && pwd)
[ $# = 1 ] || { echo "usage: build.sh OUT" >&2; exit 2; }
mkdir -p "$1"
out=$(cd "$1" && pwd)
. "$here/../built.sh"

jars=$(digest "$here/pom.xml")
if ! fresh jars "$jars"; then
  printf '== fetching Flink and the connector\n'
  rm -rf "$out/jars.new"
  mvn -q -B -f "$here/pom.xml" dependency:copy-dependencies@jars "-Djars=$out/jars.new" </dev/null
  finish jars "$jars"
fi

# How behaviours are run and rows compared is the same as for the Java client.
sources=("$here"/src/conformance/*.java)
for name in Behaviour Expect Rows Runner Session; do sources+=("$here/../java/src/conformance/$name.java"); done
classes=$jars-$(digest "${sources[@]}")
if ! fresh classes "$classes"; then
  printf '== compiling the suite of the Flink connector\n'
  rm -rf "$out/classes.new"
  javac --release 17 -Xlint:all,-classfile,-try,-varargs -Werror -proc:none -cp "$out/jars/*" \
    -d "$out/classes.new" "${sources[@]}"
  finish classes "$classes"
fi
