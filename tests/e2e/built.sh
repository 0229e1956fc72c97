# For the build.sh of a suite: what is made in $out is made again only when what it is made of changed. To be sourced.

digest() { cat "$@" | sha256sum | cut -d' ' -f1; }

# fresh FOLDER DIGEST: what is there was made of the same.
fresh() { [ "$(cat "$out/$1/.stamp" 2>/dev/null)" = "$2" ]; }

# finish FOLDER DIGEST: FOLDER.new takes its place. The stamp is there from the start, so a broken run is redone.
finish() {
  printf '%s\n' "$2" >"$out/$1.new/.stamp"
  rm -rf "${out:?}/$1"
  mv "$out/$1.new" "$out/$1"
}
