"""What the peers of space.sh take on the same files, and the table of both.

    python benches/space_peer.py run WORK [PART] [ROUNDS]       lines of JSON, as benches/space.rs prints them
    python benches/space_peer.py table OURS THEIRS              both, side by side

gensim opens files; FAISS's IndexFlatIP finds neighbours among rows of length 1; scikit-learn's randomised PCA, openTSNE
(FFT) and umap-learn lay rows out. What numba compiles is compiled before the clock starts.
"""

import importlib.metadata
import json
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

FOLDER = Path(tempfile.gettempdir()) / "lexiscope-space"
MANY, SOME, QUERIES, FOUND = 400_000, 50_000, 1000, 10
THREADS = int(os.environ.get("OMP_NUM_THREADS", "2"))


def say(work, run, about=lambda result: None):
    cpu, start = time.process_time(), time.perf_counter()
    result = run()
    seconds, cpu = time.perf_counter() - start, time.process_time() - cpu
    print(json.dumps({"work": work, "seconds": seconds, "cpu": cpu, "about": about(result)}), flush=True)


def array(rows, width):
    import numpy as np

    return np.load(FOLDER / f"{rows}x{width}.npy")


def open_files(rows, width, rounds):
    from gensim.models import KeyedVectors

    for _ in range(rounds):
        for kind, binary in [("txt", False), ("bin", True)]:
            path = FOLDER / f"{rows}x{width}.{kind}"
            work = "open binary" if binary else "open text"
            say(work, lambda: KeyedVectors.load_word2vec_format(path, binary=binary))


def near(rows, width, rounds):
    import faiss
    import numpy as np

    faiss.omp_set_num_threads(THREADS)
    x = array(rows, width)
    unit = x / np.linalg.norm(x, axis=1, keepdims=True)
    step = rows // QUERIES
    for data, suffix in [(unit, ""), (x, " by dot product")]:
        index = faiss.IndexFlatIP(width)
        index.add(np.ascontiguousarray(data))
        queries = np.ascontiguousarray(data[: step * QUERIES : step])
        for round in range(rounds):
            for i in range(5):
                query = queries[round + i][None]
                say(f"near one{suffix}", lambda: index.search(query, FOUND), lambda r: {"rows": r[1][0].tolist()})
            say(f"near many{suffix}", lambda: index.search(queries, FOUND))


def components(rows, width, rounds):
    from sklearn.decomposition import PCA

    x = array(rows, width)
    for seed in range(rounds):
        pca = PCA(3, svd_solver="randomized", random_state=seed)
        say("pca", lambda: pca.fit_transform(x), lambda _: {"ratios": pca.explained_variance_ratio_.tolist()})


def kept(x, y, k=15, sample=2000):
    """The share of the nearest by cosine that are nearest on the map, of a sample of points."""
    import numpy as np

    unit = x / np.linalg.norm(x, axis=1, keepdims=True)
    rows = np.random.default_rng(0).choice(len(x), min(sample, len(x)), replace=False)
    same = 0
    for i in rows:
        far, near = ((y - y[i]) ** 2).sum(axis=1), -(unit @ unit[i])
        far[i] = near[i] = np.inf
        same += len(set(np.argpartition(near, k)[:k]) & set(np.argpartition(far, k)[:k]))
    return {"kept_15": same / (k * len(rows))}


def tsne(rows, width, rounds):
    from openTSNE import TSNE

    x = array(rows, width)
    # 250 steps with exaggeration and these. The first map compiles what its search for neighbours needs.
    make = lambda n: TSNE(n_iter=n, metric="cosine", negative_gradient_method="fft", n_jobs=THREADS, random_state=0)
    make(1).fit(x[:3000])
    for _ in range(rounds):
        say("tsne", lambda: make(750).fit(x), lambda y: kept(x, y))


def umap(rows, width, rounds):
    from umap import UMAP

    x = array(rows, width)
    # From 4,096 points on it searches for neighbours as it does of many.
    UMAP(metric="cosine", n_epochs=11, n_jobs=THREADS).fit(x[:5000])
    for _ in range(rounds):
        say("umap", lambda: UMAP(metric="cosine", n_jobs=THREADS).fit_transform(x), lambda y: kept(x, y))


# What is compared, the most that it may be of the peer's, and the peer.
BARS = {
    "open text": ("seconds", 0.1, "gensim"),
    "open binary": ("seconds", None, "gensim"),
    "near one": ("seconds", 1.0, "faiss-cpu"),
    "near many": ("seconds", 1.0, "faiss-cpu"),
    "near one by dot product": ("seconds", 1.0, "faiss-cpu"),
    "near many by dot product": ("seconds", 1.0, "faiss-cpu"),
    "pca": ("seconds", 0.5, "scikit-learn"),
    "tsne": ("cpu", 0.3, "openTSNE"),
    "umap": ("cpu", 0.5, "umap-learn"),
}


def lines(path):
    found = {}
    for line in Path(path).read_text().splitlines():
        if line.startswith("{"):
            line = json.loads(line)
            found.setdefault(line["work"], []).append(line)
    return found


def table(ours, theirs):
    ours, theirs = lines(ours), lines(theirs)
    print(f"{'work':30} {'':7} {'ours':>8} {'peer':>8} {'ratio':>6} {'bar':>5}   medians, and what else is known")
    for work, rounds in ours.items():
        what, bar, peer = BARS.get(work, ("seconds", None, None))
        median = lambda rounds: statistics.median(line[what] for line in rounds)
        about, text = rounds[-1]["about"], ""
        if work not in theirs:
            print(f"{work:30} {what:7} {median(rounds):8.3f}")
            continue
        peers = theirs[work][-1]["about"]
        for name, value in (about or {}).items():
            number = lambda x: f"{x:.3f}" if isinstance(x, float) else x
            if name == "rows":
                # The same rows are found; equal scores may change places.
                for one, other in zip(rounds, theirs[work]):
                    assert len(set(one["about"]["rows"]) & set(other["about"]["rows"])) >= FOUND - 1, (one, other)
            elif name == "ratios":
                assert all(abs(x / y - 1) < 0.02 for x, y in zip(value, peers[name])), (value, peers[name])
            else:
                text += f"  {name} {number(value)}" + (f", {number(peers[name])}" if name in (peers or {}) else "")
        ratio = median(rounds) / median(theirs[work])
        mark = "" if bar is None else f"{bar:5.2f}" + (" !" if ratio > bar else "  ")
        version = importlib.metadata.version(peer)
        print(
            f"{work:30} {what:7} {median(rounds):8.3f} {median(theirs[work]):8.3f} {ratio:6.2f} {mark:7}{peer} {version}{text}",
            flush=True,
        )


def main():
    if sys.argv[1] == "table":
        return table(*sys.argv[2:])
    work = sys.argv[2]
    part, rounds = ([int(x) for x in sys.argv[3:]] + [1, 3][len(sys.argv) - 3 :])[:2]
    size = {"open": (MANY, 100), "near": (MANY, 300), "pca": (MANY, 300), "tsne": (SOME, 100), "umap": (SOME, 100)}
    run = {"open": open_files, "near": near, "pca": components, "tsne": tsne, "umap": umap}
    rows, width = size[work]
    run[work](rows // part, width, rounds)


if __name__ == "__main__":
    main()
