"""Writes treebank.conllu, heads.json and heads.safetensors: attention over a hand-made treebank, and everything that
`lexiscope heads` is to find in it, computed here with NumPy and SciPy from the definitions in
src/analysis/{measures,relations,bootstrap,heads}.rs, by other means than there (dense matrices, one word at a time).

    pip install numpy==2.4.6 scipy==1.17.1 safetensors==0.8.0
    python tests/data/make_heads.py

Attention is stored as bytes; a row of weights is the bytes divided by their sum, in float32. heads.json has for each
corpus ("encoder" with [CLS] and [SEP], "decoder" without and seeing earlier tokens only) the tokens of its sentences
(piece, id, first byte, last byte, special), the sentence of the treebank that each is, and what is expected.
"""

import json
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file
from scipy.stats import binomtest

HERE = Path(__file__).parent
RANDOM = np.random.default_rng(20261124)
HEADS = ["previous", "object", "sink", "induction", "noise", "second"]
MEASURES = "entropy distance confidence self previous next same_token induction first delimiter sink_share punctuation evenness".split()
OFFSETS = [-5, -4, -3, -2, 2, 3, 4, 5]

# Text; then words as (form, head, relation); then multiword tokens as {first word: (form, number of words)}.
TREEBANK = [
    ("The old lady opened the door.",
     [("The", 3, "det"), ("old", 3, "amod"), ("lady", 4, "nsubj"), ("opened", 0, "root"), ("the", 6, "det"),
      ("door", 4, "obj"), (".", 4, "punct")], {}),
    ("She saw him, and he saw her.",
     [("She", 2, "nsubj"), ("saw", 0, "root"), ("him", 2, "obj"), (",", 7, "punct"), ("and", 7, "cc"),
      ("he", 7, "nsubj"), ("saw", 2, "conj"), ("her", 7, "obj"), (".", 2, "punct")], {}),
    ("I don't read long books.",
     [("I", 4, "nsubj"), ("do", 4, "aux"), ("n't", 4, "advmod"), ("read", 0, "root"), ("long", 6, "amod"),
      ("books", 4, "obj"), (".", 4, "punct")], {2: ("don't", 2)}),
    ("Cafés sell very good tea",
     [("Cafés", 2, "nsubj"), ("sell", 0, "root"), ("very", 4, "advmod"), ("good", 5, "amod"), ("tea", 2, "obj")], {}),
    ("Il mange du pain",
     [("Il", 2, "nsubj"), ("mange", 0, "root"), ("de", 5, "case"), ("le", 5, "det"), ("pain", 2, "obj")],
     {3: ("du", 2)}),
    ("Books he read, but the old door he opened",
     [("Books", 3, "obj"), ("he", 3, "nsubj"), ("read", 0, "root"), (",", 9, "punct"), ("but", 9, "cc"),
      ("the", 8, "det"), ("old", 8, "amod"), ("door", 10, "obj"), ("he", 10, "nsubj"), ("opened", 3, "conj")], {}),
]


def conllu():
    blocks = []
    for number, (text, words, joined) in enumerate(TREEBANK):
        lines = [f"# sent_id = {number + 1}", f"# text = {text}"]
        inside = 0
        for i, (form, head, relation) in enumerate(words, 1):
            surface = form
            if i in joined:
                surface, inside = joined[i][0], joined[i][1]
                lines.append(f"{i}-{i + inside - 1}\t{surface}" + "\t_" * 8)
            lines.append("\t".join([str(i), form, "_", "_", "_", "_", str(head), relation, "_", "_"]))
        if number == 3:
            lines.insert(5, "3.1\tnothing" + "\t_" * 8)
        blocks.append("\n".join(lines) + "\n")
    return "\n".join(blocks) + "\n"


def spans(text, words, joined):
    """The bytes of each word."""
    found, at, i = [], 0, 1
    raw = text.encode()
    while i <= len(words):
        surface, count = joined.get(i, (words[i - 1][0], 1))
        at = raw.index(surface.encode(), at)
        forms = [words[j - 1][0] for j in range(i, i + count)]
        start = at
        for form in forms:
            if "".join(forms) == surface:
                found.append((start, start + len(form.encode())))
                start += len(form.encode())
            else:
                found.append((at, at + len(surface.encode())))
        at += len(surface.encode())
        i += count
    return found


def tokens(number, framed):
    """Words cut into pieces of up to four letters."""
    text, words, joined = TREEBANK[number]
    pieces = []
    for start, end in dict.fromkeys(spans(text, words, joined)):
        word, at = text.encode()[start:end].decode(), start
        for cut in range(0, len(word), 4):
            part = word[cut:cut + 4]
            size = len(part.encode())
            pieces.append([("##" if cut else "") + part, 0, at, at + size, False])
            at += size
    for piece in pieces:
        piece[1] = 10 + sum(piece[0].lower().encode()) + len(piece[0])
    if framed:
        pieces = [["[CLS]", 1, 0, 0, True], *pieces, ["[SEP]", 2, 0, 0, True]]
    return pieces


def align(pieces, places):
    of = [[] for _ in places]
    for i, (_, _, start, end, special) in enumerate(pieces):
        if special:
            continue
        shared = [w for w, (a, b) in enumerate(places) if start < b and a < end]
        if len(shared) > 1:
            return None
        of[shared[0]].append(i)
    return of if all(of) else None


def attention(number, pieces, causal):
    """Bytes [head, query, key]."""
    n = len(pieces)
    ids = [p[1] for p in pieces]
    _, words, _ = TREEBANK[number]
    of = align(pieces, spans(*TREEBANK[number]))
    weights = RANDOM.integers(1, 40, (len(HEADS), n, n))
    for q in range(n):
        if q and RANDOM.random() < 0.9:
            weights[0, q] //= 1 if RANDOM.random() < 0.5 else 3
            weights[0, q, q - 1] = 210
        weights[2, q] = RANDOM.integers(0, 3, n)
        weights[2, q, 0 if RANDOM.random() < 0.7 else n - 1] = 255
        if causal:
            weights[2, q, 0] = 255
        for k in range(q):
            if ids[k] == ids[q] and not pieces[k][4] and k + 1 < q:
                weights[3, q, k + 1] = 255
        if q + 2 < n:
            weights[5, q] = weights[5, q] // 4 + 1
            weights[5, q, q + 2] = 255
    if of:
        for dependent, (_, head, relation) in enumerate(words):
            if relation == "obj" and RANDOM.random() < 0.9:
                for q in of[head - 1]:
                    for k in of[dependent]:
                        weights[1, q, k] = 255
    if causal:
        weights = np.tril(weights)
    assert (weights.sum(-1) > 0).all() and weights.max() < 256
    return weights.astype(np.uint8)


def rows_of(weights):
    weights = weights.astype(np.float32)
    return (weights / weights.sum(-1, keepdims=True)).astype(np.float32).astype(np.float64)


def measure(a, pieces, causal):
    """{column: [values of rows]} of one head."""
    n = len(pieces)
    special = np.array([p[4] for p in pieces])
    sink = special if special.any() else np.arange(n) == 0
    ids = np.array([p[1] for p in pieces])
    text = [p[0].removeprefix("##") for p in pieces]
    mark = np.array([not s and t != "" and all(c in ".,;:!?" for c in t) for t, s in zip(text, sink)])
    first_own = np.flatnonzero(~special)[0]
    ends = special & (np.arange(n) > first_own)
    sees = np.tri(n, dtype=bool) if causal else np.ones((n, n), bool)
    rows = {name: [] for name in MEASURES + OFFSETS}
    for q in range(n):
        row = a[q]
        positive = row[row > 0]
        rows["entropy"].append(-(positive * np.log(positive)).sum())
        rows["distance"].append((row * np.abs(np.arange(n) - q)).sum())
        rows["confidence"].append(row.max())
        if sink[q]:
            continue
        rows["sink_share"].append(row[sink].sum())
        rows["first"].append(row[0])
        rows["delimiter"].append(row[mark | ends].sum())
        left = np.where(sink | ~sees[q], 0, row)
        if left.sum() <= 0.1:
            continue
        left = left / left.sum()
        rows["self"].append(left[q])
        for name, offset in [("previous", -1), ("next", 1), *((o, o) for o in OFFSETS)]:
            if 0 <= q + offset < n and not sink[q + offset]:
                rows[name].append(left[q + offset])
        alike = (ids == ids[q]) & (np.arange(n) != q) & ~sink
        if (alike & (sees[q] if causal else True)).any():
            rows["same_token"].append(left[alike & sees[q]].sum())
        after = [k + 1 for k in np.flatnonzero(alike) if k + 1 < q and not sink[k + 1]]
        if after:
            rows["induction"].append(left[after].sum())
        rows["punctuation"].append(left[mark].sum())
        seen = (~sink & sees[q]).sum()
        if seen > 1:
            positive = left[left > 0]
            rows["evenness"].append(-(positive * np.log(positive)).sum() / np.log(seen))
    return rows


class SplitMix:
    def __init__(self, seed):
        self.state = seed

    def bits(self):
        mask = (1 << 64) - 1
        self.state = (self.state + 0x9E3779B97F4A7C15) & mask
        z = self.state
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & mask
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & mask
        return z ^ (z >> 31)

    def below(self, end):
        return ((self.bits() >> 32) * end) >> 32


def draws(units):
    random = SplitMix(0x1E815C09E0000001)
    return np.array([np.bincount([random.below(units) for _ in range(units)], minlength=units) for _ in range(1000)])


def interval(tops, bottoms, counts):
    with np.errstate(invalid="ignore", divide="ignore"):
        ratios = counts @ tops / (counts @ bottoms)
    ratios = ratios[np.isfinite(ratios)]
    return list(np.percentile(ratios, [2.5, 97.5])) if len(ratios) else None


def relations(corpus, causal):
    names = sorted({r for _, words, _ in TREEBANK for _, head, r in words if head})
    asked = []  # of each aligned sentence: (relation, direction, query, gold, [right for each head])
    for pieces, number, a in corpus:
        words = TREEBANK[number][1]
        of = align(pieces, spans(*TREEBANK[number]))
        if of is None:
            continue
        merged = np.stack([[[h[np.ix_(q, k)].sum(1).mean() for k in of] for q in of] for h in a])
        for q in range(len(of)):
            merged[:, q, q] = -1
            if causal:
                merged[:, q, q:] = -1
        choice = merged.argmax(-1)
        here = []
        for dependent, (_, head, relation) in enumerate(words):
            for direction, q, gold in [(0, dependent, head - 1), (1, head - 1, dependent)]:
                if head and (not causal or gold < q):
                    here.append((names.index(relation), direction, q, gold, choice[:, q] == gold))
        asked.append(here)

    def best(pairs):
        offsets = [gold - q for _, _, q, gold, _ in pairs]
        return max(set(offsets), key=lambda o: (offsets.count(o), -abs(o), -o)) if pairs else None

    counts = draws(len(asked))
    lifts, chosen = [], [[] for _ in HEADS]
    lists = [(r, d) for r in range(len(names)) for d in (0, 1) if any((p[0], p[1]) == (r, d) for s in asked for p in s)]
    for relation, direction in lists:
        mine = [[p for p in s if (p[0], p[1]) == (relation, direction)] for s in asked]
        pairs = [p for s in mine for p in s]
        offset = best(pairs)
        at_offset = [np.array([p[3] - p[2] == offset for p in s]) for s in mine]
        n = np.array([len(s) for s in mine], float)
        odd, even = ([p for s in mine[half::2] for p in s] for half in (0, 1))
        odd_offset = best(odd)
        for head in range(len(HEADS)):
            right = [np.array([p[4][head] for p in s]) for s in mine]
            tops = np.array([r.sum() - b.sum() for r, b in zip(right, at_offset)], float)
            accuracy, baseline = sum(r.sum() for r in right) / n.sum(), sum(b.sum() for b in at_offset) / n.sum()
            lifts.append(dict(head=head, relation=names[relation], direction=["dependent->head", "head->dependent"][direction],
                              accuracy=accuracy, baseline_offset=int(offset), baseline=baseline, lift=accuracy - baseline,
                              n=int(n.sum()), interval=interval(tops, n, counts)))
            tests = []
            for half in (odd, even):
                won = sum(bool(p[4][head]) and p[3] - p[2] != odd_offset for p in half)
                lost = sum(not p[4][head] and p[3] - p[2] == odd_offset for p in half)
                p = binomtest(won, won + lost, 0.5, alternative="greater").pvalue if won + lost else 1.0
                tests.append(((won - lost) / len(half) if half else float("nan"), float(p)))
            if odd and tests[0][0] >= 0.15 and names[relation] != "punct":
                chosen[head].append((tests[0][1], relation, direction, tests[1]))
    tried = len(HEADS) * len(lists)
    earned = []
    for candidates in chosen:
        if not candidates:
            earned.append(None)
            continue
        _, relation, direction, (lift, p) = min(candidates, key=lambda c: c[0])
        name = f"{names[relation]} {['dependent->head', 'head->dependent'][direction]}"
        earned.append(name if lift >= 0.15 and p * tried <= 0.05 else None)
    return lifts, earned, len(asked)


def label(values, lows, counts):
    sure = {c: lows[c] for c in lows if lows[c] is not None and counts[c] >= 3}
    above = lambda c, least: sure.get(c, -1) > least
    for column, least, name in [("sink_share", 0.9, "sink"), ("previous", 0.5, "previous token"), ("next", 0.5, "next token"),
                                *((o, 0.5, f"offset {o:+}") for o in OFFSETS), ("same_token", 0.5, "same token"),
                                ("induction", 0.5, "induction"), ("self", 0.5, "self"), ("punctuation", 0.5, "punctuation"),
                                ("evenness", 0.9, "broad")]:
        if above(column, least):
            return name
    return ""


def expected(corpus, causal):
    columns = MEASURES + OFFSETS
    counts = draws(len(corpus))
    lifts, earned, aligned = relations(corpus, causal)
    heads = []
    for head in range(len(HEADS)):
        by_sentence = [measure(a[head], pieces, causal) for pieces, _, a in corpus]
        values, lows, highs, ns = {}, {}, {}, {}
        for column in columns:
            means = np.array([np.mean(s[column]) if s[column] else np.nan for s in by_sentence])
            has = np.isfinite(means)
            ns[column] = int(has.sum())
            values[column] = means[has].mean() if has.any() else None
            found = interval(np.where(has, means, 0), has.astype(float), counts) if has.any() else None
            lows[column], highs[column] = found or (None, None)
        heads.append(dict(values=[values[c] for c in columns], counts=[ns[c] for c in columns], low=[lows[c] for c in columns],
                          high=[highs[c] for c in columns], label=earned[head] or label(values, lows, ns)))
    first = [measure(corpus[0][2][head], corpus[0][0], causal) for head in range(len(HEADS))]
    first = [dict(values=[float(np.mean(m[c])) if m[c] else None for c in columns], counts=[len(m[c]) for c in columns])
             for m in first]
    return dict(heads=heads, lifts=lifts, aligned=aligned, first=first)


def main():
    (HERE / "treebank.conllu").write_text(conllu(), encoding="utf-8")
    out, tensors = {"columns": [str(c) for c in MEASURES + OFFSETS]}, {}
    for name, causal, times in [("encoder", False, 10), ("decoder", True, 4)]:
        corpus, stored = [], []
        for i in range(times * len(TREEBANK)):
            number = (i * 5 + i // 6) % len(TREEBANK)
            pieces = tokens(number, not causal)
            weights = attention(number, pieces, causal)
            stored.append(weights.ravel())
            corpus.append((pieces, number, rows_of(weights)))
        tensors[name] = np.concatenate(stored)
        sentences = [dict(sentence=number, tokens=pieces) for pieces, number, _ in corpus]
        unique = {s["sentence"]: s["tokens"] for s in sentences}
        out[name] = dict(order=[s["sentence"] for s in sentences], tokens=[unique[i] for i in range(len(TREEBANK))],
                         **expected(corpus, causal))
    (HERE / "heads.json").write_text(json.dumps(out, ensure_ascii=False, indent=None), encoding="utf-8")
    save_file(tensors, HERE / "heads.safetensors")
    for name in ("encoder", "decoder"):
        print(name, [h["label"] for h in out[name]["heads"]], out[name]["aligned"])
        print([(l["relation"], l["direction"], round(l["lift"], 2), l["n"]) for l in out[name]["lifts"] if l["head"] == 1])


main()
