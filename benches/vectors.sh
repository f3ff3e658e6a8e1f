#!/usr/bin/env bash
# Opening a file of vectors, word2vec text and binary, beside gensim's `load_word2vec_format` and the bare reading of the
# file in the same run: seconds, and the memory at its peak against the vectors.
#
#   benches/vectors.sh [WORDS] [WIDTH] [ROUNDS]        400000 words of 100 numbers, 3 rounds
#   PYTHON=python3  one with gensim 4.4.0
#   THREADS=2       threads
set -euo pipefail
cd "$(dirname "$0")/.."
export RAYON_NUM_THREADS=${THREADS:-2} OMP_NUM_THREADS=${THREADS:-2}

cargo build --quiet --release
exec "${PYTHON:-python3}" benches/vectors_peer.py "${BINARY:-target/release/lexiscope}" "${1:-400000}" "${2:-100}" "${3:-3}"
