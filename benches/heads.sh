#!/usr/bin/env bash
# The heads table with every dependency relation over the first sentences of a treebank, from the start of the process
# to the written files, several times.
#
#   benches/heads.sh MODEL TREEBANK.conllu [SENTENCES] [ROUNDS]        1000 sentences, 3 rounds
#   THREADS=2  threads
set -euo pipefail
model=$(realpath "$1") treebank=$(realpath "$2") sentences=${3:-1000} rounds=${4:-3}
cd "$(dirname "$0")/.."
export RAYON_NUM_THREADS=${THREADS:-2}

cargo build --quiet --release
kept=$(mktemp -d)
trap 'rm -rf "$kept"' EXIT
for _ in $(seq "$rounds"); do
    start=$(date +%s.%N)
    target/release/lexiscope heads "$model" --corpus "$treebank" --sentences "$sentences" --out "$kept/heads.csv" \
        2> "$kept/log" || { cat "$kept/log" >&2; exit 1; }
    end=$(date +%s.%N)
    echo "$start $end" | awk '{ printf "%.1f s\n", $2 - $1 }'
done
wc -l "$kept"/heads.csv "$kept"/heads.relations.csv | sed "s|$kept/||"
