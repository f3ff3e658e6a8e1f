#!/usr/bin/env bash
# Word vectors at the sizes that people have, beside the tools that people use, on the same files in the same run: opening
# (gensim), exact neighbours (FAISS), principal components (scikit-learn), t-SNE (openTSNE) and UMAP (umap-learn).
#
#   benches/space.sh [PART] [ROUNDS] [WORK..]       everything, 3 rounds; with PART 5 a fifth of the rows
#                                                   WORK: open near pca tsne umap
#   PYTHON=python3  one with gensim, faiss-cpu, scikit-learn, openTSNE and umap-learn
#   THREADS=2       threads of all
#
# The vectors are made up and kept in lexiscope-space in the folder for temporary files (1.5 GB).
set -euo pipefail
cd "$(dirname "$0")/.."

part=${1:-1} rounds=${2:-3} threads=${THREADS:-2} python=${PYTHON:-python3}
works=(open near pca tsne umap)
[ $# -le 2 ] || works=("${@:3}")
export RAYON_NUM_THREADS=$threads OMP_NUM_THREADS=$threads OPENBLAS_NUM_THREADS=$threads MKL_NUM_THREADS=$threads \
    NUMBA_NUM_THREADS=$threads
kept=$(mktemp -d)
trap 'rm -rf "$kept"' EXIT

cargo bench --quiet --bench space --no-run
for work in "${works[@]}"; do
    echo "$work" >&2
    # Maps take minutes: one round of each.
    times=$rounds
    case $work in tsne | umap) times=1 ;; esac
    # The first run writes the files that both read.
    cargo bench --quiet --bench space -- "$work" "$part" "$times" >> "$kept/ours" 2> "$kept/log" \
        || { cat "$kept/log" >&2; exit 1; }
    "$python" -W ignore benches/space_peer.py run "$work" "$part" "$times" >> "$kept/theirs" 2> "$kept/log" \
        || { cat "$kept/log" >&2; exit 1; }
done
"$python" benches/space_peer.py table "$kept/ours" "$kept/theirs"
