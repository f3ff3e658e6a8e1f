"""Writes looks.json: what scikit-learn, SciPy and gensim make of clusters, densities and parts of words, for
tests/looks.rs. Clouds of points are those of make_geometry.py.

    pip install numpy==2.4.6 scipy==1.17.1 scikit-learn==1.9.1 gensim==4.4.0
    python tests/data/make_looks.py
"""

import json
from pathlib import Path

import numpy as np
from gensim.models.fasttext import load_facebook_model
from scipy.stats import gaussian_kde
from sklearn.cluster import KMeans

from make_geometry import cloud, listed, uniform, unit

HERE = Path(__file__).parent


def clusters(x, k):
    """Lloyd's algorithm from the first k rows until nothing changes, and the best of many k-means++ starts."""
    x = x.astype(np.float64)
    found = KMeans(k, init=x[:k], n_init=1, max_iter=1000, tol=0, algorithm="lloyd").fit(x)
    best = KMeans(k, init="k-means++", n_init=30, max_iter=1000, tol=0, random_state=0).fit(x)
    return {
        "k": k,
        "inertia": float(found.inertia_),
        "labels": [int(c) for c in found.labels_[:300]],
        "centre": listed(found.cluster_centers_[0]),
        "best": float(best.inertia_),
    }


def density():
    """A kernel density estimate with Scott's rule along each axis on its own (a diagonal bandwidth), at some points."""
    u = uniform(11, 4000).reshape(-1, 2)
    # Two clumps on a map between -1 and 1.
    at = np.where(np.arange(len(u))[:, None] % 3 == 0, [0.5, 0.3], [-0.4, -0.2]) + u * [0.6, 0.4]
    at = at.astype(np.float32).astype(np.float64)
    n = len(at)
    h = at.std(axis=0, ddof=1) * n ** (-1 / 6)
    # gaussian_kde scales the whole covariance; unit bandwidth on scaled axes is a diagonal kernel.
    z = at / h
    kde = gaussian_kde(z.T, bw_method="scott")
    kde.covariance = np.eye(2)
    kde.cho_cov = np.linalg.cholesky(kde.covariance)
    kde.log_det = 2 * np.log(np.diag(kde.cho_cov * np.sqrt(2 * np.pi))).sum()
    places = np.array([[0.5, 0.3], [-0.4, -0.2], [0.0, 0.0], [0.7, 0.45], [-0.7, -0.4], [0.2, 0.1]])
    values = kde((places / h).T) / h.prod()
    own = kde(z.T) / h.prod()
    # The density above which so many of the points lie: highest density regions (Hyndman 1996).
    levels = {str(p): float(np.quantile(own, 1 - p)) for p in (0.1, 0.25, 0.5, 0.75, 0.9)}
    return {"bandwidth": listed(h), "places": listed(places), "values": listed(values), "levels": levels}


def parts(word):
    """How much of a word's vector each of its n-grams is: its product with the vector over that with itself."""
    wv = load_facebook_model(str(HERE / "vectors/gensim_ft.bin")).wv
    grams = []
    from gensim.models.fasttext_inner import compute_ngrams, ft_hash_bytes

    for gram in compute_ngrams(word, wv.min_n, wv.max_n):
        grams.append((gram, wv.vectors_ngrams[ft_hash_bytes(gram.encode()) % wv.bucket].astype(np.float64)))
    rows = [g for _, g in grams]
    own = None
    if word in wv.key_to_index:
        own = wv.vectors_vocab[wv.key_to_index[word]].astype(np.float64)
        rows = [own] + rows
    vector = np.mean(rows, axis=0)
    share = lambda row: float(row @ vector / (len(rows) * (vector @ vector)))
    return {
        "word": word,
        "vector": listed(vector),
        "own": None if own is None else share(own),
        "grams": sorted([gram, share(row)] for gram, row in grams),
    }


if __name__ == "__main__":
    wv = load_facebook_model(str(HERE / "vectors/gensim_ft.bin")).wv
    known = max(wv.index_to_key, key=len)
    made = {
        "kmeans": {
            "plain": clusters(cloud(21, 2500, 18), 6),
            "many": clusters(cloud(22, 900, 40), 25),
            "unit": clusters(unit(cloud(23, 1500, 12)), 8),
        },
        "density": density(),
        "parts": [parts(known), parts(known + "s")],
    }
    (HERE / "looks.json").write_text(json.dumps(made))
