#!/usr/bin/env bash
# From the start of the program to the first frame with the bundled model's attention drawn, under Xvfb.
#
#   benches/cold_start.sh [ROUNDS]      10 rounds
#   DROP_CACHES=1  empties the system's file cache before each start (as root)
#   LEXISCOPE=…    the binary; otherwise it is built
#
# Times inside the program begin with its first lines and end when the frame was handed to the display; `process` is
# from before the program was loaded to after it closed, so it is an upper bound.
set -euo pipefail
cd "$(dirname "$0")/.."

rounds=${1:-10}
if [ -z "${LEXISCOPE:-}" ]; then
    cargo build --quiet --release
    LEXISCOPE=${CARGO_TARGET_DIR:-target}/release/lexiscope
fi
command -v Xvfb > /dev/null || { echo "Xvfb is missing (on Debian: apt install xvfb)" >&2; exit 1; }

kept=$(mktemp -d)
# The X server answers with the number of a free display.
Xvfb -displayfd 3 -screen 0 1600x1000x24 -nolisten tcp 3> "$kept/display" 2> "$kept/xvfb.log" &
server=$!
trap 'kill $server 2> /dev/null || true; rm -rf "$kept"' EXIT
for _ in $(seq 100); do [ -s "$kept/display" ] && break; sleep 0.1; done
[ -s "$kept/display" ] || { cat "$kept/xvfb.log" >&2; exit 1; }

export DISPLAY=:$(cat "$kept/display") LEXISCOPE_EXIT_AFTER_FIRST_RUN=1
unset WAYLAND_DISPLAY WAYLAND_SOCKET
# Nobody's settings, and none left by the start before.
export HOME=$kept/home XDG_DATA_HOME=$kept/home/data XDG_CONFIG_HOME=$kept/home/config XDG_CACHE_HOME=$kept/home/cache

first=() attention=() process=()
for round in $(seq "$rounds"); do
    rm -rf "$HOME"
    mkdir -p "$HOME"
    if [ -n "${DROP_CACHES:-}" ]; then sync; echo 3 > /proc/sys/vm/drop_caches; fi
    begun=$(date +%s%N)
    timeout 60 "$LEXISCOPE" 2> "$kept/stderr" || { cat "$kept/stderr" >&2; exit 1; }
    ended=$(date +%s%N)
    line=$(grep first_attention_ms "$kept/stderr") || { cat "$kept/stderr" >&2; exit 1; }
    first+=("$(sed -E 's/.*"first_frame_ms": ([0-9.]+).*/\1/' <<< "$line")")
    attention+=("$(sed -E 's/.*"first_attention_ms": ([0-9.]+).*/\1/' <<< "$line")")
    process+=($(((ended - begun) / 1000000)))
done

row() {
    local name=$1
    shift
    printf '%s\n' "$@" | sort -n | awk -v name="$name" '
        { at[NR] = $1 }
        END {
            median = (at[int((NR + 1) / 2)] + at[int(NR / 2) + 1]) / 2
            printf "%-16s %9.0f %9.0f %9.0f\n", name, median, at[1], at[NR]
        }'
}
caches=warm
[ -z "${DROP_CACHES:-}" ] || caches=empty
printf '%-16s %9s %9s %9s   (%s starts, caches %s)\n' ms median min max "$rounds" "$caches"
row "first frame" "${first[@]}"
row "first attention" "${attention[@]}"
row process "${process[@]}"
