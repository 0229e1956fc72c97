#!/usr/bin/env bash
# Makes OUT/jars (the client's releases, by Maven) and OUT/classes (the suite), each only when what it is made of
# changed: a second run does nothing, and needs neither Maven nor a network.   build.sh OUT
set -euo pipefail
here=$(cd "$(dirname "$(readlink -f "$0")")" && pwd)
[ $# = 1 ] || { echo "usage: build.sh OUT" >&2; exit 2; }
mkdir -p "$1"
out=$(cd "$1" && pwd)

. "$here/../built.sh"

jars=$(digest "$here/pom.xml")
if ! fresh jars "$jars"; then
  printf '== fetching the Java clients\n'
  rm -rf "$out/jars.new"
  mvn -q -B -f "$here/pom.xml" dependency:copy@jars "-Djars=$out/jars.new" </dev/null
  finish jars "$jars"
fi

classes=$jars-$(digest "$here"/src/conformance/*.java)
if ! fresh classes "$classes"; then
  printf '== compiling the suite of the Java client\n'
  rm -rf "$out/classes.new"
  javac --release 17 -Xlint:all,-classfile,-try,-varargs -Werror -proc:none -cp "$out/jars/fluss-client-100.jar" \
    -d "$out/classes.new" "$here"/src/conformance/*.java
  finish classes "$classes"
fi
