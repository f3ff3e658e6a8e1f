"""Writes geometry.json: what scikit-learn, SciPy and NumPy make of the geometry of clouds of points that this script and
tests/geometry.rs make by the same formula, and of the vectors ../shared/data/vectors/glove.twitter.25d.subset.txt, which
are not part of the project, with wordsim353.tsv beside them: their tests are skipped where they are absent.

    pip install numpy==2.4.6 scipy==1.17.1 scikit-learn==1.9.1
    python tests/data/make_geometry.py PATH/glove.twitter.25d.subset.txt

A cloud is made of numbers from SplitMix64, all exact in double precision: see `cloud`.
"""

import itertools
import json
import sys
from pathlib import Path

import numpy as np
from scipy.linalg import orthogonal_procrustes
from scipy.spatial.distance import pdist, squareform
from scipy.stats import pearsonr, skew, spearmanr
from sklearn.decomposition import PCA
from sklearn.manifold import trustworthiness
from sklearn.neighbors import NearestCentroid, NearestNeighbors

HERE = Path(__file__).parent


def uniform(seed, count):
    """Numbers from -0.5 to 0.5: the upper 24 bits of each output of SplitMix64."""
    with np.errstate(over="ignore"):
        z = np.uint64(seed) + np.arange(1, count + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z = z ^ (z >> np.uint64(31))
    return (z >> np.uint64(40)).astype(np.float64) / 2**24 - 0.5


def cloud(seed, n, width):
    """n points; later dimensions spread more and lie further off, neighbouring ones go together."""
    u = uniform(seed, n * width).reshape(n, width)
    j = np.arange(width)
    return ((1 + j / 16) * u + 0.5 * np.roll(u, -1, axis=1) + j / 4).astype(np.float32)


def listed(x):
    return np.asarray(x, dtype=np.float64).tolist()


def components(x, shown=5, rows=20, rank=None):
    """Full SVD in double precision."""
    x = x.astype(np.float64)
    found = PCA(svd_solver="full").fit(x)
    keep = min(len(x) - 1, x.shape[1])
    directions = found.components_[:keep]
    signs = np.sign(directions[np.arange(keep), np.abs(directions).argmax(axis=1)])
    scores = (found.transform(x)[:, :keep] * signs)[:, :shown]
    rank = np.log(np.arange(len(x)) + 1)
    return {
        "variances": listed(found.explained_variance_[:keep]),
        "ratios": listed(found.explained_variance_ratio_[:keep]),
        "mean": listed(found.mean_),
        "components": listed((directions.T * signs).T[:shown]),
        "scores": listed(scores[:rows]),
        # Of all rows.
        "sizes": listed(np.abs(scores).mean(axis=0)),
        "cubes": listed((scores**3).mean(axis=0)),
        "pearson": [float(pearsonr(s, rank)[0]) for s in scores.T],
        "spearman": [float(spearmanr(s, rank)[0]) for s in scores.T],
        "low": [[int(i) for i in np.argsort(s, kind="stable")[:10]] for s in scores.T],
        "high": [[int(i) for i in np.argsort(-s, kind="stable")[:10]] for s in scores.T],
    }


def unit(x):
    x = x.astype(np.float64)
    return x / np.linalg.norm(x, axis=-1, keepdims=True)


def near(x, k):
    """The nearest others of each row."""
    return NearestNeighbors(n_neighbors=k).fit(x).kneighbors(return_distance=False)


def trust(x, laid, k, metric):
    """A map held against a space. The cosine orders as the distance between vectors of length 1 does."""
    x, laid = x.astype(np.float64), laid.astype(np.float64)
    seen = unit(x) if metric == "cosine" else x
    true, shown = near(seen, k), near(laid, k)
    kept = np.array([len(set(a) & set(b)) / k for a, b in zip(true, shown)])
    return {
        "k": k,
        "kept": float(kept.mean()),
        "each": listed(kept[:200]),
        "trustworthiness": float(trustworthiness(x, laid, n_neighbors=k, metric=metric)),
        "continuity": float(trustworthiness(laid, seen, n_neighbors=k)),
    }


def axis(x, first, second):
    """The axis between two sets, with cosines of all words, and without each of its words."""
    u = unit(x)

    def along(a, b):
        d = u[b].mean(axis=0) - u[a].mean(axis=0)
        return d / np.linalg.norm(d), float(np.linalg.norm(d))

    whole, strength = along(first, second)
    but = [along([w for w in first if w != v], second)[0] @ whole for v in first]
    but += [along(first, [w for w in second if w != v])[0] @ whole for v in second]
    return {"strength": strength, "direction": listed(whole), "places": listed(u[:20] @ whole), "stability": listed(but)}


def pair_axis(x, pairs):
    """As debiaswe has it: the first component of each pair around its middle."""
    u = unit(x)

    def along(pairs):
        middles = [(u[a] + u[b]) / 2 for a, b in pairs]
        rows = np.array([v for (a, b), m in zip(pairs, middles) for v in (u[a] - m, u[b] - m)])
        found = PCA(svd_solver="full").fit(rows)
        direction = found.components_[0]
        return direction * np.sign(sum((u[b] - u[a]) @ direction for a, b in pairs)), found.explained_variance_ratio_[0]

    whole, share = along(pairs)
    but = [along([p for p in pairs if p != q])[0] @ whole for q in pairs]
    return {"strength": float(share), "direction": listed(whole), "stability": listed(but)}


def weat(x, targets, others, first, second):
    u = unit(x)
    s = {w: (u[first] @ u[w]).mean() - (u[second] @ u[w]).mean() for w in targets + others}
    all_ = np.array([s[w] for w in targets + others])
    own = sum(s[w] for w in targets)
    effect = (np.mean([s[w] for w in targets]) - np.mean([s[w] for w in others])) / all_.std(ddof=1)
    sums = np.array([sum(s[w] for w in part) for part in itertools.combinations(targets + others, len(targets))])
    return {
        "associations": listed(all_),
        "effect": float(effect),
        "p": float((sums >= own - 1e-12).mean()),
        "partitions": len(sums),
    }


def leak(x, direction, count, k):
    """What is left of an axis after it is taken out."""
    x = x.astype(np.float64)
    direction = unit(direction)
    places = unit(x) @ direction
    order = np.argsort(places, kind="stable")
    words = np.concatenate([order[:count], order[::-1][:count]])
    label = np.repeat([0, 1], count)
    half = np.tile(np.arange(count) % 2, 2)

    def telling(x):
        u = unit(x[words])
        right = 0
        for part in (0, 1):
            model = NearestCentroid().fit(u[half == part], label[half == part])
            right += (model.predict(u[half != part]) == label[half != part]).sum()
        alike = (label[near(u, k)] == label[:, None]).mean()
        return {"accuracy": float(right / len(words)), "neighbours": float(alike)}

    rest = x - np.outer(x @ direction, direction)
    return {"words": [int(w) for w in words], "rest": listed(rest[:5]), "before": telling(x), "after": telling(rest)}


def doctor(x):
    u = unit(x)
    cosines = u @ u.T
    n = len(x)
    counts = np.bincount(near(u, 10).ravel(), minlength=n)
    variances = PCA(svd_solver="full").fit(x.astype(np.float64)).explained_variance_
    lengths = np.linalg.norm(x.astype(np.float64), axis=1)
    rank = np.log(np.arange(n) + 1)
    return {
        "cosine": float((cosines.sum() - np.trace(cosines)) / (n * (n - 1))),
        "skewness": float(skew(counts)),
        "most": [[int(i), int(counts[i])] for i in np.argsort(-counts, kind="stable")[:10]],
        "nobodys": int((counts == 0).sum()),
        "participation": float(variances.sum() ** 2 / (variances**2).sum()),
        "pearson": float(pearsonr(lengths, rank)[0]),
        "spearman": float(spearmanr(lengths, rank)[0]),
    }


def cures(x):
    x = x.astype(np.float64)
    found = PCA(svd_solver="full", whiten=True).fit(x)
    top = found.components_[:2]
    signs = np.sign(found.components_[np.arange(x.shape[1]), np.abs(found.components_).argmax(axis=1)])
    centred = x - x.mean(axis=0)
    return {
        "centred": listed(centred[:5]),
        "without_top": listed((centred - centred @ top.T @ top)[:5]),
        "white": listed((found.transform(x) * signs)[:5]),
    }


def similarity(words, x, path):
    """Spearman's correlation of cosines with the pairs of WordSim-353, of cured vectors."""
    row = {word: i for i, word in enumerate(words)}
    pairs = [line.lower().split("\t") for line in path.read_text(encoding="utf-8").splitlines() if line[:1] != "#"]
    pairs = [(row[a], row[b], float(gold)) for a, b, gold in pairs if a in row and b in row]
    a, b, gold = (np.array(column) for column in zip(*pairs))
    x = x.astype(np.float64)
    rest = x - x.mean(axis=0)
    top = np.linalg.svd(rest, full_matrices=False)[2]
    found = []
    for cured in (x, rest, rest - rest @ top[:2].T @ top[:2], rest - rest @ top[:3].T @ top[:3]):
        u = unit(cured)
        found.append(float(spearmanr((u[a] * u[b]).sum(axis=1), gold)[0]))
    return {"pairs": len(pairs), "raw_centred_two_three": found}


def centred(x):
    return x - x.mean(axis=0)


def alignment(a, b):
    a, b = centred(a), centred(b)
    return float(np.linalg.norm(a.T @ b) ** 2 / (np.linalg.norm(a.T @ a) * np.linalg.norm(b.T @ b)))


def procrustes(a, b, prepare):
    """One space turned onto another; the narrower one has been padded or the wider one reduced before."""
    a, b = prepare(a), prepare(b)
    turn, scale = orthogonal_procrustes(a, b)
    apart = np.linalg.norm(a @ turn - b, axis=1)
    return {
        "scale": float(scale),
        "turned": listed((a @ turn)[:5]),
        "residuals": listed(apart[:20]),
        "error": float((apart**2).sum() / (b**2).sum()),
    }


def spaces():
    """Two spaces of the same 150 words: the second is the first, turned by a fixed matrix, and a cloud of its own."""
    a, own = cloud(11, 150, 8).astype(np.float64), cloud(12, 150, 8).astype(np.float64)
    b = (a[:, ::-1] * [1, -1, 1, 1, -1, 1, -1, -1] + own / 2).astype(np.float32).astype(np.float64)
    narrow = b[:, :5]
    padded = np.pad(narrow, ((0, 0), (0, 3)))
    reduced = PCA(n_components=5, svd_solver="full").fit(a)
    # The sign of a component does not change where the turned rows lie.
    reduced = a @ reduced.components_.T
    counts = [len(set(x) & set(y)) / 15 for x, y in zip(near(unit(a), 15), near(unit(b), 15))]
    return {
        "plain": procrustes(a, b, lambda x: x),
        "prepared": procrustes(a, b, lambda x: unit(centred(x))),
        "padded": procrustes(a, padded, lambda x: x),
        "reduced": procrustes(reduced, narrow, centred),
        "alignment": alignment(a, b),
        "alignment_narrow": alignment(a, narrow),
        "overlap": float(np.mean(counts)),
        "overlap_each": listed(counts[:20]),
    }


def diffusion(x, scale, steps):
    kernel = np.exp(-squareform(pdist(x.astype(np.float64), "sqeuclidean")) / scale)
    sums = kernel.sum(axis=1)
    values, vectors = np.linalg.eigh(kernel / np.sqrt(np.outer(sums, sums)))
    places = (vectors / np.sqrt(sums)[:, None])[:, ::-1][:, 1:4] * values[::-1][1:4] ** steps
    signs = np.sign(places[np.abs(places).argmax(axis=0), np.arange(3)])
    return {"values": listed(values[::-1][1:4]), "places": listed((places * signs)[:20])}


def glove(path):
    words, rows = [], []
    for line in Path(path).read_text(encoding="utf-8").splitlines():
        word, *values = line.rsplit(" ", 25)
        words.append(word)
        rows.append([float(v) for v in values])
    return words, np.array(rows, dtype=np.float32)


def main():
    words, vectors = glove(sys.argv[1])
    out = {
        "pca": {
            "tall": components(cloud(1, 200, 6)),
            "wide": components(cloud(2, 12, 30)),
            "large": components(cloud(3, 50_000, 100)),
            "glove": components(vectors),
        },
        "trust": {
            # The first two dimensions of a cloud are a map of it, a bad one.
            "cosine": trust(cloud(6, 400, 6), cloud(6, 400, 6)[:, :2], 15, "cosine"),
            "euclidean": trust(cloud(6, 400, 6), cloud(6, 400, 6)[:, 3:], 15, "euclidean"),
            "few": trust(cloud(7, 20, 3), cloud(7, 20, 3)[:, :2], 9, "euclidean"),
            "glove": trust(vectors, vectors[:, :2], 15, "cosine"),
            "glove_pca": trust(vectors, PCA(2, svd_solver="full").fit_transform(vectors.astype(np.float64)), 15, "cosine"),
        },
        "axes": {
            "sets": axis(cloud(8, 100, 7), [0, 5, 9, 33], [2, 4, 71]),
            "pairs": pair_axis(cloud(8, 100, 7), [(0, 2), (5, 4), (9, 71), (33, 34)]),
            "weat": weat(cloud(8, 100, 7), [1, 2, 3, 4, 5], [11, 12, 13, 14, 15], [20, 21, 22], [30, 31, 32, 33]),
            "weat_uneven": weat(cloud(8, 100, 7), [1, 2, 3], [11, 12, 13, 14, 15], [20], [30, 31]),
            "leak": leak(cloud(9, 300, 5), cloud(10, 1, 5)[0], 40, 10),
        },
        "doctor": {"cloud": doctor(cloud(6, 400, 6)), "glove": doctor(vectors)},
        "cures": cures(cloud(1, 200, 6)),
        "similarity": similarity(words, vectors, Path(sys.argv[1]).with_name("wordsim353.tsv")),
        "spaces": spaces(),
        "diffusion": {
            "small": diffusion(cloud(13, 60, 4), 3.0, 2),
            "large": diffusion(cloud(14, 900, 3), 0.5, 1),
        },
    }
    text = json.dumps(out, separators=(",", ":"), ensure_ascii=False)
    (HERE / "geometry.json").write_text(text.replace('},"', '},\n"') + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
