"""Writes space.json and space_files.json: what gensim, NumPy and scikit-learn say of spaces of vectors.

    python make_space.py [FOLDER]

space.json is of a small space that is made up here. space_files.json is of the files in FOLDER (public test data of
gensim, a part of GloVe's Twitter vectors, questions-words.txt, wordsim353.tsv, simlex999.txt), which are not kept here.

Made with gensim 4.4.0, NumPy 2.4.6, SciPy 1.17.1 and scikit-learn 1.9.1 under Python 3.11.
"""

import json
import math
import sys
import tempfile
import warnings
from pathlib import Path

import numpy as np
from gensim.models import KeyedVectors
from gensim.models.fasttext import load_facebook_vectors
from sklearn.decomposition import PCA

warnings.filterwarnings("ignore")
HERE = Path(__file__).parent


def say(value):
    """Numbers as JSON has them: 9 digits are more than single precision holds."""
    if isinstance(value, dict):
        return {k: say(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [say(v) for v in value]
    if isinstance(value, (np.floating, float)):
        return None if math.isnan(value) else float(f"{float(value):.9g}")
    if isinstance(value, np.integer):
        return int(value)
    return value


def unit(v):
    v = np.asarray(v, np.float64)
    return v / np.linalg.norm(v)


# --- a small space -------------------------------------------------------------------------------------------------

RANDOM = np.random.default_rng(20240917)
WIDTH = 12


def small():
    """Words in a grid of things and kinds, so that some analogies come out, with noise so that others do not."""
    things = ["king", "man", "uncle", "actor", "boy", "prince", "horse", "lion", "host", "waiter"]
    kinds = ["", "ess", "s"]
    base = RANDOM.normal(size=(len(things), WIDTH)) + 0.5
    offset = RANDOM.normal(size=(len(kinds), WIDTH)) * [[0], [0.9], [0.7]]
    words, rows = [], []
    for i, thing in enumerate(things):
        for j, kind in enumerate(kinds):
            words.append(thing + kind)
            rows.append((base[i] + offset[j] + RANDOM.normal(size=WIDTH) * 0.35) * RANDOM.uniform(0.4, 3))
    for i in range(40):
        words.append(f"w{i}")
        rows.append(RANDOM.normal(size=WIDTH) * RANDOM.uniform(0.2, 2))
    rows = np.array(rows, np.float32)
    extra = [
        ("King", rows[0] + RANDOM.normal(size=WIDTH) * 0.05),  # the same word in another case
        ("KINGESS", rows[1] + RANDOM.normal(size=WIDTH) * 0.05),
        ("twin", rows[3]),  # equal rows
        ("zero", np.zeros(WIDTH)),
        ("well-known", RANDOM.normal(size=WIDTH)),
        ("new york", RANDOM.normal(size=WIDTH)),
        ("straße", RANDOM.normal(size=WIDTH)),
        ("STRASSE", RANDOM.normal(size=WIDTH)),
    ]
    words += [w for w, _ in extra]
    rows = np.vstack([rows, np.array([r for _, r in extra], np.float32)]).astype(np.float32)
    return words, rows


def by_metric(words, rows, word, metric, n):
    """By the definition, in double precision; equal scores in the order of rows."""
    x, q = rows.astype(np.float64), rows[words.index(word)].astype(np.float64)
    if metric == "cosine":
        with np.errstate(invalid="ignore"):
            s = x @ q / np.linalg.norm(x, axis=1) / np.linalg.norm(q)
    elif metric == "dot":
        s = x @ q
    else:
        s = -np.linalg.norm(x - q, axis=1)
    order = [i for i in np.argsort(-s, kind="stable") if words[i] != word and not np.isnan(s[i])][:n]
    return [[words[i], abs(s[i]) if metric == "euclidean" else s[i]] for i in order]


def formulas(words, rows):
    """Vectors of formulas: by NumPy, words entering with length 1."""
    w = {word: unit(row) for word, row in zip(words, rows) if row.any()}

    def without(a, *others):
        basis = np.array(others).T
        return a - basis @ np.linalg.lstsq(basis, a, rcond=None)[0]

    return {
        "king - man + maness": w["king"] - w["man"] + w["maness"],
        "2*king - 0.5 man": 2 * w["king"] - 0.5 * w["man"],
        "avg(king, uncle, -boy)": (w["king"] + w["uncle"] - w["boy"]) / 3,
        "king ! man": without(w["king"], w["man"]),
        "king ! {man, maness - boy} + lion": without(w["king"], w["man"], w["maness"] - w["boy"]) + w["lion"],
        '"new york" - well-known': w["new york"] - w["well-known"],
        "{king, man} - (uncle + 2 boy)": (w["king"] + w["man"]) / 2 - w["uncle"] - 2 * w["boy"],
    }


PAIRS = """# pairs that nobody judged
king\tKingess\t9.5
man\tmans\t7.25
uncle\tking\t3
w1\tw2\t0.5
w3\tnowhere\t5
not a pair
w4\tw5\tmuch
W6\tw7\t4.75
zero\tman\t2.5
horse\tlion\t6
horses\tlions\t6
twin\tuncle\t1
straße\tstrasse\t8
w39\tw38\t2
"""


def questions(words):
    lines = []
    things = ["king", "man", "uncle", "actor", "boy", "prince", "horse", "lion", "host", "waiter"]
    for name, kind in [("feminine", "ess"), ("plural", "s")]:
        lines.append(f": {name}")
        for a in things:
            for b in things:
                if a != b:
                    lines.append(f"{a} {a}{kind} {b} {b}{kind}")
        lines.append("three words only")
        lines.append("king kingess nobody nobodyess")
    lines += [": odds and ends", "King KINGESS man Maness", "w1 w2 w3 w4", "zero w1 w2 w3", "king king man man"]
    return "\n".join(lines) + "\n"


def pairs_of(kv, path, **how):
    pearson, spearman, oov = kv.evaluate_word_pairs(path, **how)
    return {"pearson": pearson[0], "spearman": spearman[0], "oov": oov}


def sections_of(kv, path, **how):
    _, sections = kv.evaluate_word_analogies(path, **how)
    return [[s["section"], len(s["correct"]), len(s["correct"]) + len(s["incorrect"])] for s in sections]


def cosmul_sections(kv, text):
    """evaluate_word_analogies with most_similar_cosmul in place of most_similar, which gensim does not offer."""
    known = {}
    for i, word in enumerate(kv.index_to_key):
        known.setdefault(word.upper(), word)
    sections = []
    for line in text.splitlines():
        if line.startswith(": "):
            sections.append([line[2:], 0, 0])
            continue
        four = [w.upper() for w in line.split()]
        if len(four) != 4 or any(w not in known for w in four):
            continue
        a, b, c, d = (known[w] for w in four)
        found = [w.upper() for w, _ in kv.most_similar_cosmul(positive=[b, c], negative=[a], topn=5)]
        answer = next((w for w in found if w not in four[:3]), found[-1])
        sections[-1][1] += answer == four[3]
        sections[-1][2] += 1
    return sections + [["Total accuracy", sum(s[1] for s in sections), sum(s[2] for s in sections)]]


def plane_of(four):
    a, b, c, d = map(unit, four)
    pca = PCA(2, svd_solver="full").fit([a, b, c, d])
    p = pca.transform([a, b, c, d, c + b - a])
    off = [np.linalg.norm(v - w) for v, w in zip([a, b, c, d, c + b - a], pca.inverse_transform(p))]
    return {
        "shown": pca.explained_variance_ratio_.sum(),
        "distances": [np.linalg.norm(p[i] - p[j]) for i in range(5) for j in range(i)],
        "off": off,
    }


def make_small():
    words, rows = small()
    kv = KeyedVectors(WIDTH)
    kv.add_vectors(words, rows)
    w = {word: unit(row) for word, row in zip(words, rows) if row.any()}
    with tempfile.TemporaryDirectory() as folder:
        pairs, asked = Path(folder, "pairs.tsv"), Path(folder, "questions.txt")
        pairs.write_text(PAIRS, encoding="utf8")
        asked.write_text(questions(words), encoding="utf8")
        hows = {
            "": {},
            "exact case": {"case_insensitive": False},
            "unknown is wrong": {"dummy4unknown": True},
            "first 32": {"restrict_vocab": 32},
        }
        scores = {name: [pairs_of(kv, pairs, **how), sections_of(kv, asked, **how)] for name, how in hows.items()}

    def analogy(a, b, c, n=6):
        units = {word: v for word, v in w.items() if word not in (a, b, c)}
        best = lambda score: sorted(([k, score(v)] for k, v in units.items()), key=lambda p: -p[1])[:n]
        more = [["uncle", "uncleess"], ["boy", "boyess"]]
        middle = w[c] + np.mean([w[y] - w[x] for x, y in [[a, b], *more]], axis=0)
        banned = {word for pair in more for word in pair}
        return {
            "words": [a, b, c],
            "more": more,
            "3cosadd": kv.most_similar(positive=[b, c], negative=[a], topn=n),
            "3cosmul": kv.most_similar_cosmul(positive=[b, c], negative=[a], topn=n),
            "pairdirection": best(lambda v: unit(v - w[c]) @ unit(w[b] - w[a])),
            "3cosavg": [p for p in sorted(([k, v @ unit(middle)] for k, v in units.items() if k not in banned),
                                          key=lambda p: -p[1])][:n],
            "near-c": best(lambda v: v @ w[c]),
            "near-b": best(lambda v: v @ w[b]),
            "with inputs": sorted(([k, v @ unit(w[b] - w[a] + w[c])] for k, v in w.items()), key=lambda p: -p[1])[:n],
        }

    asked = ["king", "w7", "twin", "new york", "STRASSE"]
    result = {
        "words": words,
        "width": WIDTH,
        "rows": rows.ravel().tolist(),
        "near": [[metric, word, by_metric(words, rows, word, metric, 9)]
                 for metric in ["cosine", "euclidean", "dot"] for word in asked],
        "most_similar": [[p, kv.most_similar(positive=p, topn=9)] for p in [["king"], ["king", "w3", "lions"]]],
        "formulas": [[text, v] for text, v in formulas(words, rows).items()],
        "formula_neighbours": [
            ["king - man + maness", kv.most_similar(positive=["king", "maness"], negative=["man"], topn=9)],
            ["2*king - 0.5 man", kv.most_similar(positive=[("king", 2.0)], negative=[("man", -0.5)], topn=9)],
        ],
        "analogies": [analogy("man", "maness", "king"), analogy("w1", "w2", "w3")],
        "planes": [[four, plane_of([w[x] for x in four])] for four in
                   [["man", "maness", "king", "kingess"], ["w1", "w2", "w3", "w4"]]],
        "odd": [[p, [[k, s] for s, k in kv.rank_by_centrality(p)], kv.doesnt_match(p)] for p in
                [["king", "prince", "lion", "w3"], ["w1", "w2", "w3", "w4", "twin"], ["horse", "lion", "host"]]],
        "pairs": PAIRS,
        "questions": questions(words),
        "scores": scores,
        "cosmul": cosmul_sections(kv, questions(words)),
    }
    result["formulas"] = [[text, [float(x) for x in v]] for text, v in result["formulas"]]
    write("space.json", result)


# --- files ----------------------------------------------------------------------------------------------------------

def of_file(kv, words, odd, formula):
    add = {"positive": [formula[0], formula[2]], "negative": [formula[1]]}

    def ten(found):
        # To `</s>` gensim adds n-grams, fastText does not: it is left out of lists of files with n-grams.
        return [p for p in found if not hasattr(kv, "bucket") or p[0] != "</s>"][:10]

    return {
        "near": [[word, ten(kv.most_similar(word, topn=11))] for word in words],
        "formula": [formula, ten(kv.most_similar(**add, topn=11))],  # first - second + third
        "cosmul": ten(kv.most_similar_cosmul(**add, topn=11)),
        "odd": [odd, kv.doesnt_match(odd)],
    }


def make_files(folder):
    load = KeyedVectors.load_word2vec_format
    glove = load(folder / "glove.twitter.25d.subset.txt", no_header=True)
    picked = {
        "glove.twitter.25d.subset.txt": glove,
        "glove.twitter.25d.subset.w2v.bin": load(folder / "glove.twitter.25d.subset.w2v.bin", binary=True),
        "euclidean_vectors.bin": load(folder / "euclidean_vectors.bin", binary=True),
        "test_glove.txt": load(folder / "test_glove.txt", no_header=True),
        "lee_fasttext.vec": load(folder / "lee_fasttext.vec"),
        "crime-and-punishment.vec": load(folder / "crime-and-punishment.vec"),
    }
    for name in ["lee_fasttext_new", "lee_fasttext", "crime-and-punishment", "non_ascii_fasttext", "toy-model",
                 "toy-model-pretrained"]:
        picked[f"{name}.bin"] = load_facebook_vectors(str(folder / f"{name}.bin"))
    result = {}
    for name, kv in picked.items():
        words = [word for word in kv.index_to_key if word != "</s>"]
        some = [words[i] for i in sorted({0, 1, 2, 3, len(words) // 3, len(words) // 2, len(words) - 1})]
        odd, formula = some[:5], [some[4], some[2], some[5]]
        if kv is glove or "twitter" in name:
            some += ["king", "queen", "paris", "coffee"]
            odd, formula = ["breakfast", "cereal", "dinner", "lunch"], ["king", "man", "woman"]
        if name == "lee_fasttext_new.bin":
            # Words that are not there: vectors made of n-grams.
            some += ["nights1", "unthinkable"]
            formula = ["nights1", some[0], some[4]]
        result[name] = of_file(kv, some, odd, formula)
    for pairs in ["wordsim353.tsv", "simlex999.txt"]:
        result[pairs] = pairs_of(glove, folder / pairs)
    result["questions-words.txt"] = sections_of(glove, folder / "questions-words.txt")
    text = (folder / "questions-words.txt").read_text(encoding="utf8")
    result["questions-words.txt 3cosmul"] = cosmul_sections(glove, text)
    write("space_files.json", {"of": result})


def write(name, value):
    text = json.dumps(say(value), ensure_ascii=False, separators=(",", ":"))
    # A line to each part.
    text = text.replace('],"', '],\n"').replace('},"', '},\n"').replace('\\n","', '\\n",\n"')
    (HERE / name).write_text(text + "\n", encoding="utf8")


make_small()
if len(sys.argv) > 1:
    make_files(Path(sys.argv[1]))
