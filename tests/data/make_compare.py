#!/usr/bin/env python3
"""Makes compare.json: Jensen-Shannon divergences between heads and a map of heads, computed by NumPy and SciPy from
the attention that Hugging Face transformers gives.

    python tests/data/make_compare.py

Made with torch 2.15.0, transformers 5.23.0, numpy 2.4.6, scipy 1.17.1 (Python 3.11). Nothing is downloaded.

compare  [{a, b, text, text_b, smooth, pairs, js: [layer][head], left_out: [A, B], difference, hidden}]: tokens are aligned along a longest
         common subsequence (of several, the one whose pairs come first), rows cut to aligned keys and scaled to sum to
         1; `js` is the mean over aligned queries of scipy's `jensenshannon(...) ** 2` in nats. Smoothed rows are
         `0.999 p + 0.001 / n` (attention-analysis, head_distances.py). `difference` [query][key] is B less A of the last
         head of the last layer that both have, not smoothed, each row scaled to what it was before keys without a
         partner were cut. `hidden` has `js` and `difference` with the rows and columns of special tokens set to 0.
map      [{model, text, smooth, hide, distances, points, explained, stress}]: roots of the mean divergence between all heads,
         and B = -1/2 J D^2 J with `numpy.linalg.eigh`, each axis with its largest element positive.
"""

import json
import os
from functools import lru_cache
from pathlib import Path

os.environ.setdefault("HF_HUB_OFFLINE", "1")

import numpy as np
import torch
import transformers
from scipy.spatial.distance import jensenshannon

HERE = Path(__file__).resolve().parent
ONE = "The keeper climbed the narrow stairs, singing."
OTHER = "The old keeper walked down the stairs and climbed the tower, singing loud."


def attend(name, text):
    """Tokens as [(piece, continues a word, special)] and attentions [layer, head, query, key]."""
    folder = HERE / "models" / name
    expected = json.loads((folder / "expected.json").read_text())
    cls = getattr(transformers, expected["class"])
    model = cls.from_pretrained(folder, attn_implementation="eager", dtype=torch.float32).eval()
    tok = transformers.AutoTokenizer.from_pretrained(folder)
    enc = tok(text)
    ids, words, special = enc["input_ids"], enc.word_ids(), tok(text, return_special_tokens_mask=True)["special_tokens_mask"]
    with torch.no_grad():
        out = model(input_ids=torch.tensor([ids]), output_attentions=True)
    pieces = []
    for i, piece in enumerate(tok.convert_ids_to_tokens(ids)):
        shown = piece.removeprefix("##").replace("Ġ", "")
        pieces.append((shown, bool(i and words[i] is not None and words[i] == words[i - 1]), bool(special[i])))
    return pieces, np.stack([a[0].double().numpy() for a in out.attentions])


def align(a, b):
    @lru_cache(maxsize=None)
    def best(i, j):
        if i == len(a) or j == len(b):
            return ()
        options = [best(i + 1, j), best(i, j + 1)]
        if a[i] == b[j]:
            options.append(((i, j), *best(i + 1, j + 1)))
        return min(options, key=lambda pairs: (-len(pairs), pairs))
    return list(best(0, 0))


def rows(attention, at, smooth):
    """[query, key] over the aligned tokens, each row summing to 1."""
    part = attention[np.ix_(at, at)]
    part = part / part.sum(-1, keepdims=True)
    return 0.999 * part + 0.001 / len(at) if smooth else part


def divergence(p, q):
    return float(np.mean([jensenshannon(x, y) ** 2 for x, y in zip(p, q)]))


def compare(a, b, text, text_b=None, smooth=False):
    (pieces_a, att_a), (pieces_b, att_b) = attend(a, text), attend(b, text_b or text)
    pairs = align(pieces_a, pieces_b)
    at_a, at_b = [p[0] for p in pairs], [p[1] for p in pairs]
    layers, heads = min(len(att_a), len(att_b)), min(att_a.shape[1], att_b.shape[1])
    js = [[divergence(rows(att_a[l, h], at_a, smooth), rows(att_b[l, h], at_b, smooth)) for h in range(heads)]
          for l in range(layers)]
    out = lambda att, at: float(1 - np.mean([att[l, h][np.ix_(at, at)].sum() / len(at)
                                            for l in range(layers) for h in range(heads)]))
    def side(att, pieces, at, hide):
        att = att.copy()
        if hide:
            special = [i for i, piece in enumerate(pieces) if piece[2]]
            att[..., special, :] = 0
            att[..., :, special] = 0
        part = att[:layers, :heads][..., at, :]
        return part[..., at], part.sum(-1, keepdims=True)

    def measure(hide):
        (p, all_p), (q, all_q) = side(att_a, pieces_a, at_a, hide), side(att_b, pieces_b, at_b, hide)
        share = lambda x, to: np.divide(x * to, x.sum(-1, keepdims=True), out=np.zeros_like(x),
                                        where=x.sum(-1, keepdims=True) > 0)
        p1, q1 = share(p, 1), share(q, 1)
        whole = [i for i in range(len(pairs)) if p1[0, 0, i].sum() > 0 and q1[0, 0, i].sum() > 0]
        js = [[divergence(p1[l, h][whole], q1[l, h][whole]) for h in range(heads)] for l in range(layers)]
        cut = len(pairs) < max(len(pieces_a), len(pieces_b))
        p, q = (share(p, all_p), share(q, all_q)) if cut else (p, q)
        return {"js": js, "difference": (q - p)[-1, -1].tolist()}

    print(a, b, len(pieces_a), len(pieces_b), "aligned", len(pairs), "largest js", max(map(max, js)))
    return {"a": a, "b": b, "text": text, "text_b": text_b, "smooth": smooth, "pairs": pairs, "js": js,
            "left_out": [out(att_a, at_a), out(att_b, at_b)], "difference": measure(False)["difference"],
            "hidden": measure(True)}


def head_map(name, text, smooth, hide=False):
    pieces, att = attend(name, text)
    # What the tokenizer added; without such tokens the first one.
    special = [p[2] for p in pieces]
    sink = special if any(special) else [i == 0 for i in range(len(pieces))]
    own = [i for i in range(len(pieces)) if not (hide and sink[i])]
    heads = [rows(a, own, smooth) for layer in att for a in layer]
    d = np.array([[np.sqrt(divergence(p, q)) for q in heads] for p in heads])
    j = np.eye(len(d)) - 1 / len(d)
    values, vectors = np.linalg.eigh(-0.5 * j @ d**2 @ j)
    order = np.argsort(values)[::-1][:2]
    vectors = vectors[:, order]
    vectors = vectors * np.sign(vectors[np.argmax(np.abs(vectors), axis=0), [0, 1]])
    points = vectors * np.sqrt(values[order])
    flat = np.linalg.norm(points[:, None] - points[None], axis=-1)
    print(name, "eigenvalues", values[::-1][:4], "smallest", values[0])
    return {"model": name, "text": text, "smooth": smooth, "hide": hide, "distances": d.tolist(), "points": points.tolist(),
            "explained": float(values[order].sum() / values.sum()),
            "stress": float(np.sqrt(((d - flat) ** 2).sum() / (d**2).sum()))}


def main():
    transformers.utils.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    torch.set_num_threads(1)
    made = {
        "compare": [
            compare("bert", "bert", ONE, OTHER),
            compare("bert", "bert-sharded", ONE, smooth=True),
            compare("bert", "distilbert", OTHER),
            compare("gpt2", "gpt2-prefix", ONE, OTHER),
            compare("bert", "gpt2", ONE),
        ],
        "map": [head_map("bert-sharded", ONE, False), head_map("bert", OTHER, True),
                head_map("bert", ONE, False, hide=True), head_map("gpt2", OTHER, True, hide=True)],
    }
    text = lambda v: json.dumps(v, ensure_ascii=False, separators=(",", ":"))
    lists = ",\n".join(f"{text(k)}:[\n" + ",\n".join(map(text, v)) + "\n]" for k, v in made.items())
    (HERE / "compare.json").write_text("{\n" + lists + "\n}\n")
    print((HERE / "compare.json").stat().st_size)


if __name__ == "__main__":
    main()
