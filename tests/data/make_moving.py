"""Writes moving.json: what openTSNE, umap-learn and NumPy make of small clouds of points and of word vectors, for
tests/moving.rs.

    pip install numpy==2.4.6 scipy==1.17.1 scikit-learn==1.9.1 openTSNE==1.0.4 umap-learn==0.5.12 numba==0.68.1
    python tests/data/make_moving.py PATH/glove.twitter.25d.subset.w2v.bin

The cloud is that of make_geometry.py, made by the test by the same formula. Maps are made of the first thousand words of
models/words-en, and of the file that is named, which is not part of the project: its tests are skipped where it is absent.

Made with the versions above under Python 3.11. Shares of the 15 nearest words by cosine that are among the 15 nearest
on the map, seeds 0, 1 and 2, metric cosine, openTSNE with 1,000 steps, all other options as they are by default:

    1,000 words x 100 of models/words-en       openTSNE .3964 .3988 .3991    umap-learn .3867 .3923 .3901
    11,925 words x 25 of GloVe Twitter         openTSNE .3302 .3300 .3306    umap-learn .1552 .1550 .1562
"""

import json
import sys
import warnings
from pathlib import Path

import numpy as np
from make_geometry import cloud, listed, unit

warnings.filterwarnings("ignore")
HERE = Path(__file__).parent

POINTS, WIDTH, PERPLEXITY, NEIGHBOURS = 50, 6, 6, 10
SEEDS = [0, 1, 2]


def distances(x):
    x = x.astype(np.float64)
    return np.sqrt(((x[:, None] - x[None]) ** 2).sum(axis=2))


def affinities(x, perplexity):
    """By the definition: a Gaussian over the 3 * perplexity nearest of each point, by halving, joined, in double
    precision."""
    d = distances(x)
    n, count = len(x), 3 * perplexity
    p = np.zeros((n, n))
    for i in range(n):
        near = [j for j in np.argsort(d[i], kind="stable") if j != i][:count]
        low, high = 0.0, 1e6
        for _ in range(200):
            middle = (low + high) / 2
            e = np.exp(-middle * (d[i, near] ** 2 - d[i, near].min() ** 2))
            e /= e.sum()
            entropy = -(e * np.log(np.maximum(e, 1e-300))).sum()
            low, high = (middle, high) if entropy > np.log(perplexity) else (low, middle)
        p[i, near] = e
    return (p + p.T) / (2 * n)


def divergence(p, y):
    """Kullback and Leibler's divergence of a map, and a quarter of its gradient."""
    k = 1 / (1 + distances(y) ** 2)
    np.fill_diagonal(k, 0)
    q = k / k.sum()
    some = p > 0
    kl = (p[some] * np.log(p[some] / q[some])).sum()
    return kl, np.einsum("ij,ijd->id", (p - q) * k, y[:, None] - y[None])


def triples(matrix):
    """The cells above the diagonal."""
    matrix = np.asarray(matrix)
    return [[int(i), int(j), float(f"{matrix[i, j]:.9g}")] for i, j in np.argwhere(np.triu(matrix) > 0)]


def tsne():
    """openTSNE agrees with the definition; what is written is the definition in double precision."""
    from openTSNE.affinity import PerplexityBasedNN
    from openTSNE.tsne import kl_divergence_bh

    x = cloud(21, POINTS, WIDTH)
    p = affinities(x, PERPLEXITY)
    theirs = PerplexityBasedNN(x.astype(np.float64), PERPLEXITY, method="exact").P.tocsr()
    assert np.abs(theirs.toarray() - p).max() < 1e-6 * p.max()
    maps = []
    for dims in (2, 3):
        y = 3 * cloud(22, POINTS, dims).astype(np.float64)
        kl, slope = divergence(p, y)
        their_kl, their_slope = kl_divergence_bh(y, theirs, 1, {"theta": 0.0}, should_eval_error=True)
        assert abs(their_kl - kl) < 1e-6 * kl and np.abs(their_slope - slope).max() < 1e-6 * np.abs(slope).max()
        maps.append({"dims": dims, "kl": kl, "slopes": listed(slope)})
    return {"affinities": triples(p), "maps": maps}


def umap_graph():
    """umap-learn's graph of the nearest 10, each point among its own, and the first waves over it by NumPy."""
    from umap.umap_ import find_ab_params, fuzzy_simplicial_set

    x = cloud(21, POINTS, WIDTH)
    d = distances(x)
    order = np.argsort(d, axis=1, kind="stable")[:, :NEIGHBOURS]
    graph, _, _ = fuzzy_simplicial_set(
        x, NEIGHBOURS, np.random.RandomState(0), "euclidean",
        knn_indices=order, knn_dists=np.take_along_axis(d, order, axis=1).astype(np.float32),
    )
    w = graph.toarray().astype(np.float64)
    roots = np.sqrt(w.sum(axis=1))
    values, vectors = np.linalg.eigh(w / np.outer(roots, roots))
    shapes = [(0.1, 1.0), (0.0, 1.0), (0.5, 1.0), (0.99, 1.0), (0.25, 2.0), (0.5, 0.5)]
    return {
        "memberships": triples(w),
        "waves": {"values": listed(values[::-1][1:4]), "vectors": listed(vectors[:, ::-1][:, 1:4].T)},
        "curves": [[least, spread, *(float(c) for c in find_ab_params(spread, least))] for least, spread in shapes],
    }


def kept(x, y, k=15):
    """The share of the nearest by cosine that are nearest on the map."""
    u = unit(x).astype(np.float32)
    y = np.asarray(y, dtype=np.float64)
    same = 0
    for start in range(0, len(x), 500):
        rows = np.arange(start, min(start + 500, len(x)))
        near = u[rows] @ u.T
        far = ((y[rows, None] - y[None]) ** 2).sum(axis=2)
        near[np.arange(len(rows)), rows] = -np.inf
        far[np.arange(len(rows)), rows] = np.inf
        true = np.argpartition(-near, k, axis=1)[:, :k]
        shown = np.argpartition(far, k, axis=1)[:, :k]
        same += sum(len(set(a) & set(b)) for a, b in zip(true, shown))
    return same / (k * len(x))


def quality(x):
    import umap
    from openTSNE import TSNE

    # 250 steps with exaggeration and 750 without.
    of_tsne = [kept(x, TSNE(n_iter=750, metric="cosine", random_state=s, n_jobs=2).fit(x)) for s in SEEDS]
    print("openTSNE", len(x), of_tsne, flush=True)
    of_umap = [kept(x, umap.UMAP(metric="cosine", random_state=s).fit_transform(x)) for s in SEEDS]
    print("umap-learn", len(x), of_umap, flush=True)
    return {"words": len(x), "openTSNE": of_tsne, "umap-learn": of_umap}


def bundled(count):
    """The first of the word vectors that come with the program, whose file has one tensor of 16 bits."""
    data = (HERE / "../../models/words-en/vectors.safetensors").read_bytes()
    size = int.from_bytes(data[:8], "little")
    (about,) = [v for k, v in json.loads(data[8 : 8 + size]).items() if k != "__metadata__"]
    assert about["dtype"] == "F16"
    first, last = about["data_offsets"]
    return np.frombuffer(data[8 + size :][first:last], "<f2").reshape(about["shape"])[:count].astype(np.float32)


def word2vec(path):
    from gensim.models import KeyedVectors

    return KeyedVectors.load_word2vec_format(path, binary=True).vectors


def main():
    out = {
        "tsne": tsne(),
        "umap": umap_graph(),
        "kept": {"bundled": quality(bundled(1000)), "glove": quality(word2vec(sys.argv[1]))},
    }
    text = json.dumps(out, separators=(",", ":"))
    (HERE / "moving.json").write_text(text.replace('],"', '],\n"').replace('},"', '},\n"') + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
