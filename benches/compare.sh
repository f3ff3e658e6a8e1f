#!/usr/bin/env bash
# BERT-base's shape, everything captured: Lexiscope and transformers on the same checkpoint, one after the other,
# several times, and a table of both.
#
#   benches/compare.sh [TOKENS] [ROUNDS]        128 (also 16, 512) tokens, 5 rounds
#   PYTHON=…  a Python with torch and transformers      THREADS=2  threads of both
set -euo pipefail
cd "$(dirname "$0")/.."

tokens=${1:-128} rounds=${2:-5} threads=${THREADS:-2} python=${PYTHON:-python3}
if ! "$python" -c 'import torch, transformers'; then
    echo "PYTHON must name a Python with torch and transformers" >&2
    exit 1
fi
export RAYON_NUM_THREADS=$threads CANDLE_NUM_THREADS=$threads OMP_NUM_THREADS=$threads
kept=$(mktemp -d)
trap 'rm -rf "$kept"' EXIT
checkpoint=${TMPDIR:-/tmp}/lexiscope-bert-base-mlm

cargo bench --quiet --bench forward --no-run
for round in $(seq "$rounds"); do
    echo "round $round of $rounds" >&2
    CRITERION_HOME=$kept/$round cargo bench --quiet --bench forward -- "bert-base-cpu/$tokens\$" > "$kept/log" 2>&1 \
        || { cat "$kept/log" >&2; exit 1; }
    "$python" benches/transformers_peer.py "$checkpoint" --tokens "$tokens" --threads "$threads" > "$kept/$round.json"
done

"$python" - "$kept" "$tokens" "$rounds" "$threads" << 'END'
import json, os, platform, statistics, sys
from pathlib import Path

kept, tokens, rounds, threads = Path(sys.argv[1]), *sys.argv[2:]
ours, peer = [], []
for round in range(1, int(rounds) + 1):
    sample = json.loads((kept / f"{round}/bert-base-cpu/{tokens}/new/sample.json").read_text())
    ours.append([t / n / 1e6 for t, n in zip(sample["times"], sample["iters"])])
    line = json.loads((kept / f"{round}.json").read_text())
    peer.append(line["samples_ms"])

cpuinfo = Path("/proc/cpuinfo")
lines = cpuinfo.read_text().splitlines() if cpuinfo.exists() else []
names = [l.split(":")[1].strip() for l in lines if l.startswith("model name")]
machine = f"{(names or [platform.processor()])[0]}, {os.cpu_count()} processors"
print(f"BERT-base's shape, {tokens} tokens, {threads} threads, f32; {machine}")
print(f"{'':52} {'median ms':>10} {'min ms':>8}  medians of the rounds")
flat = lambda runs: [x for run in runs for x in run]
for name, runs in (("lexiscope", ours), (line["peer"], peer)):
    medians = " ".join(f"{statistics.median(run):.0f}" for run in runs)
    print(f"{name:52} {statistics.median(flat(runs)):10.1f} {min(flat(runs)):8.1f}  {medians}")
ratio = statistics.median(flat(ours)) / statistics.median(flat(peer))
print(f"{'ratio':52} {ratio:10.2f} {min(flat(ours)) / min(flat(peer)):8.2f}")
END
