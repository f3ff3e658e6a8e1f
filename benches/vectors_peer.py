"""The rounds of vectors.sh: makes the files once, in the folder for temporary files, and opens them in turn."""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

BINARY, WORDS, WIDTH, ROUNDS = sys.argv[1], *map(int, sys.argv[2:])
FOLDER = Path(tempfile.gettempdir()) / f"lexiscope-vectors-{WORDS}-{WIDTH}"
GENSIM = """
import sys, time
from gensim.models import KeyedVectors
start = time.perf_counter()
found = KeyedVectors.load_word2vec_format(sys.argv[1], binary=sys.argv[1].endswith(".bin"))
print(time.perf_counter() - start, *found.vectors.shape)
"""


def make():
    import numpy as np

    random = np.random.default_rng(1)
    FOLDER.mkdir(exist_ok=True)
    with open(FOLDER / "v.txt", "w") as text, open(FOLDER / "v.bin", "wb") as binary:
        text.write(f"{WORDS} {WIDTH}\n")
        binary.write(f"{WORDS} {WIDTH}\n".encode())
        for i in range(WORDS):
            row = (random.normal(size=WIDTH) * 0.3).astype(np.float32)
            # Five digits, as GloVe's files have.
            text.write(f"word{i} " + " ".join(f"{x:.5g}" for x in row) + "\n")
            binary.write(f"word{i} ".encode() + row.tobytes())


def run(command):
    """Seconds, megabytes at the peak, output."""
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    out = process.stdout.read().decode()
    _, status, usage = os.wait4(process.pid, 0)
    assert status == 0, command
    return time.perf_counter() - start, usage.ru_maxrss * 1024 / 1e6, out


def main():
    if not (FOLDER / "v.bin").is_file():
        make()
    # What the program takes for itself.
    empty = FOLDER / "one.txt"
    empty.write_text("a 1 2\n")
    base = min(run([BINARY, "vectors", empty, "info"])[1] for _ in range(3))
    vectors = WORDS * WIDTH * 4 / 1e6
    for name in ["v.txt", "v.bin"]:
        path = FOLDER / name
        with open(path, "rb") as file:
            while file.read(1 << 24):
                pass
        for _ in range(ROUNDS):
            reading = bare(path)
            seconds, memory, _ = run([BINARY, "vectors", path, "info"])
            peer = float(run([sys.executable, "-c", GENSIM, path])[2].split()[0])
            share = (memory - base) / vectors
            print(
                f"{name}: {seconds:.2f} s ({peer / seconds:.0f}x), peak {memory - base:.0f} MB ({share:.2f} of the "
                f"vectors); gensim {peer:.2f} s; bare reading {reading:.2f} s",
                flush=True,
            )


def bare(path):
    start = time.perf_counter()
    with open(path, "rb", buffering=0) as file:
        while file.read(1 << 22):
            pass
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
