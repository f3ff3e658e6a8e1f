"""Writes treebank.conllu, gates.conllu, heads.json and heads.safetensors: attention over hand-made treebanks, and
everything that `lexiscope heads` is to find in it, computed here with NumPy and SciPy from the definitions in
src/analysis/{measures,relations,bootstrap,heads}.rs, by other means than there (dense matrices, one word at a time).

    pip install numpy==2.4.6 scipy==1.17.1 safetensors==0.8.0
    python tests/data/make_heads.py

Attention is stored as bytes; a row of weights is the bytes divided by their sum, in float32. heads.json has for each
corpus ("encoder" with [CLS] and [SEP], "decoder" without and seeing earlier tokens only, "gates") the tokens of its
sentences (piece, id, first byte, last byte, special), the sentence of the treebank that each is, and what is expected.

In "gates", over gates.conllu, all but the first head fail one condition of a label and no other: dropping the condition
would give them one, which is checked here.
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


# Of this sentence tokens are cut from what is written, `don't`, and not from its words.
STRADDLED = TREEBANK[2]

# The object is found at the best fixed offset in the first and not in the second; many pairs at once; a repetition.
GATES_BANK = [
    ("cats see dogs.", [("cats", 2, "nsubj"), ("see", 0, "root"), ("dogs", 2, "obj"), (".", 2, "punct")], {}),
    ("dogs cats see.", [("dogs", 3, "obj"), ("cats", 3, "nsubj"), ("see", 0, "root"), (".", 3, "punct")], {}),
    ("a b c d e f g h", [("a", 0, "root"), *((word, 1, "conj") for word in "bcdefgh")], {}),
    ("dogs see dogs.", [("dogs", 2, "nsubj"), ("see", 0, "root"), ("dogs", 2, "nsubj"), (".", 2, "punct")], {}),
]
GATES_ORDER = [0, 0, 1, 1] * 40 + [2] * 8 + [3] * 4
GATES = ["knows", "bonferroni", "held_out", "choosing", "punct", "sentences", "rows", "units"]


def conllu(bank):
    blocks = []
    for number, (text, words, joined) in enumerate(bank):
        lines = [f"# sent_id = {number + 1}", f"# text = {text}"]
        inside = 0
        for i, (form, head, relation) in enumerate(words, 1):
            surface = form
            if i in joined:
                surface, inside = joined[i][0], joined[i][1]
                lines.append(f"{i}-{i + inside - 1}\t{surface}" + "\t_" * 8)
            lines.append("\t".join([str(i), form, "_", "_", "_", "_", str(head), relation, "_", "_"]))
        if bank is TREEBANK and number == 3:
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


def tokens(sentence, framed):
    """Words cut into pieces of up to four letters."""
    text, words, joined = sentence
    pieces = []
    places = spans(text, words, joined)
    if sentence is STRADDLED:
        (start, _), (_, end) = places[1:3]
        places[1:3] = [(start, end)]
    for start, end in dict.fromkeys(places):
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
    """The tokens of each word; none of a word that shares a token with another, or has none."""
    cover = np.array([[not special and start < b and a < end for a, b in places] for _, _, start, end, special in pieces])
    whole = cover.sum(1) == 1
    return [list(np.flatnonzero(of)) if whole[of].all() else [] for of in cover.T]


def attention(sentence, pieces, causal):
    """Bytes [head, query, key]."""
    n = len(pieces)
    ids = [p[1] for p in pieces]
    words = sentence[1]
    of = align(pieces, spans(*sentence))
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
    for dependent, (_, head, relation) in enumerate(words):
        if relation == "obj" and RANDOM.random() < 0.9:
            for q in of[head - 1]:
                for k in of[dependent]:
                    weights[1, q, k] = 255
    if causal:
        weights = np.tril(weights)
    assert (weights.sum(-1) > 0).all() and weights.max() < 256
    return weights.astype(np.uint8)


def gates(number, half, turn):
    """Bytes [head, query, key] of a sentence of GATES_BANK, the `turn`-th of its kind in its half of the corpus."""
    n = len(tokens(GATES_BANK[number], True))
    words = GATES_BANK[number][1]
    weights = RANDOM.integers(1, 9, (len(GATES), n, n))

    def point(head, query, key):
        weights[GATES.index(head), query] = 1
        weights[GATES.index(head), query, key] = 255

    # A word is one token here, after [CLS].
    dependent, at = next(((i, head) for i, (_, head, r) in enumerate(words, 1) if r == "obj"), (None, None))
    wrong = next((i for i in range(1, len(words) + 1) if i not in (dependent, at)), None)
    if dependent:
        # Where the best offset is right (in 0), not to find the object is a loss; where it is not, to find it is a win.
        knows = dict(knows=True, bonferroni=half == 0 or number != 0 or turn >= 25, held_out=half == 0 or number != 1 or turn < 11,
                     choosing=half == 1 or number != 1 or turn < 11)
        for head, is_known in knows.items():
            point(head, dependent, at if is_known else wrong)
        mark = len(words)
        point("punct", mark, words[-1][1])
    if number == 2:
        for i in range(2, len(words) + 1):
            point("sentences", i, 1)
    for q in range(3, n - 1):
        point("rows", q, q - 2)
    if number == 3:
        point("units", 1, 3)
        point("units", 3, 1)
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
        seen = (~sink & sees[q]).sum()
        if seen > 1:
            rows["self"].append(left[q])
            rows["punctuation"].append(left[mark].sum())
        for name, offset in [("previous", -1), ("next", 1), *((o, o) for o in OFFSETS)]:
            if 0 <= q + offset < n and not sink[q + offset]:
                rows[name].append(left[q + offset])
        alike = (ids == ids[q]) & (np.arange(n) != q) & ~sink
        if (alike & (sees[q] if causal else True)).any():
            rows["same_token"].append(left[alike & sees[q]].sum())
        after = [k + 1 for k in np.flatnonzero(alike) if k + 1 < q and not sink[k + 1]]
        if after:
            rows["induction"].append(left[after].sum())
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


def interval(tops, bottoms, counts, fewest=5):
    if (np.asarray(bottoms) > 0).sum() < fewest:
        return None
    with np.errstate(invalid="ignore", divide="ignore"):
        ratios = counts @ tops / (counts @ bottoms)
    ratios = ratios[np.isfinite(ratios)]
    return list(np.percentile(ratios, [2.5, 97.5])) if len(ratios) else None


def relations(corpus, causal, drop=None):
    names = sorted({r for _, (_, words, _), _ in corpus for _, head, r in words if head})
    heads = range(len(corpus[0][2]))
    asked = []  # of each sentence: (relation, direction, query, gold, [right for each head])
    links = lost = 0
    for pieces, sentence, a in corpus:
        words = sentence[1]
        of = align(pieces, spans(*sentence))
        usable = np.array([bool(tokens) for tokens in of])
        merged = np.full((len(heads), len(of), len(of)), -1.0)
        for q in np.flatnonzero(usable):
            for k in np.flatnonzero(usable):
                if k != q and (not causal or k < q):
                    merged[:, q, k] = [h[np.ix_(of[q], of[k])].sum(1).mean() for h in a]
        choice = np.where(merged.max(-1) < 0, -1, merged.argmax(-1))
        here = []
        for dependent, (_, head, relation) in enumerate(words):
            links += head > 0
            if head and not (usable[dependent] and usable[head - 1]):
                lost += 1
                continue
            for direction, q, gold in [(0, dependent, head - 1), (1, head - 1, dependent)]:
                if head and (not causal or gold < q):
                    here.append((names.index(relation), direction, q, gold, choice[:, q] == gold))
        asked.append(here)

    def best(pairs):
        offsets = [gold - q for _, _, q, gold, _ in pairs]
        return max(set(offsets), key=lambda o: (offsets.count(o), -abs(o), -o)) if pairs else None

    def against(sentences, offset, head):
        """Lift over the word at an offset, the chance of a sign test over sentences, and the number of pairs."""
        more = np.array([sum(int(p[4][head]) - int(p[3] - p[2] == offset) for p in s) for s in sentences])
        n = sum(map(len, sentences))
        if drop == "sentences":
            more = np.array([int(p[4][head]) - int(p[3] - p[2] == offset) for s in sentences for p in s])
        won, lost = int((more > 0).sum()), int((more < 0).sum())
        p = binomtest(won, won + lost, 0.5, alternative="greater").pvalue if won + lost else 1.0
        return (more.sum() / n if n else np.nan), float(p), n

    counts = draws(len(asked))
    lifts, chosen = [], [[] for _ in heads]
    lists = [(r, d) for r in range(len(names)) for d in (0, 1) if any((p[0], p[1]) == (r, d) for s in asked for p in s)]
    for relation, direction in lists:
        mine = [[p for p in s if (p[0], p[1]) == (relation, direction)] for s in asked]
        pairs = [p for s in mine for p in s]
        offset = best(pairs)
        at_offset = [np.array([p[3] - p[2] == offset for p in s]) for s in mine]
        n = np.array([len(s) for s in mine], float)
        odd, even = mine[0::2], mine[1::2]
        odd_offset = best([p for s in odd for p in s])
        for head in heads:
            right = [np.array([p[4][head] for p in s]) for s in mine]
            tops = np.array([r.sum() - b.sum() for r, b in zip(right, at_offset)], float)
            accuracy, baseline = sum(r.sum() for r in right) / n.sum(), sum(b.sum() for b in at_offset) / n.sum()
            lifts.append(dict(head=head, relation=names[relation], direction=["dependent->head", "head->dependent"][direction],
                              accuracy=accuracy, baseline_offset=int(offset), baseline=baseline, lift=accuracy - baseline,
                              n=int(n.sum()), interval=interval(tops, n, counts)))
            if odd_offset is None or (names[relation] == "punct" and drop != "punct"):
                continue
            lift, p, _ = against(odd, odd_offset, head)
            if lift >= 0.15 or drop == "choosing":
                chosen[head].append((p, relation, direction, against(even, odd_offset, head)))
    tried = 1 if drop == "bonferroni" else len(heads) * len(lists)
    earned = []
    for candidates in chosen:
        if not candidates:
            earned.append(None)
            continue
        _, relation, direction, (lift, p, n) = min(candidates, key=lambda c: c[0])
        name = f"{names[relation]} {['dependent->head', 'head->dependent'][direction]}"
        p = min(p * tried, 1.0)
        is_earned = (lift >= 0.15 or drop == "held_out") and p <= 0.05
        earned.append(dict(name=name, lift=lift, p=p, n=n) if is_earned else None)
    return dict(lifts=lifts, earned=earned, aligned=len(asked), links=links, lost=lost)


def label(values, lows, counts, drop=None):
    sure = {c: lows[c] for c in lows if lows[c] is not None and (counts[c] >= 3 or drop == "rows")}
    above = lambda c, least: sure.get(c, -1) > least
    for column, least, name in [("sink_share", 0.9, "sink"), ("previous", 0.5, "previous token"), ("next", 0.5, "next token"),
                                *((o, 0.5, f"offset {o:+}") for o in OFFSETS), ("same_token", 0.5, "same token"),
                                ("induction", 0.5, "induction"), ("self", 0.5, "self"), ("punctuation", 0.5, "punctuation"),
                                ("evenness", 0.9, "broad")]:
        if above(column, least):
            return name
    return ""


def expected(corpus, causal, drop=None):
    columns = MEASURES + OFFSETS
    counts = draws(len(corpus))
    found = relations(corpus, causal, drop)
    number = len(corpus[0][2])
    heads = []
    for head in range(number):
        by_sentence = [measure(a[head], pieces, causal) for pieces, _, a in corpus]
        values, lows, highs, ns = {}, {}, {}, {}
        for column in columns:
            means = np.array([np.mean(s[column]) if s[column] else np.nan for s in by_sentence])
            has = np.isfinite(means)
            ns[column] = int(has.sum())
            values[column] = means[has].mean() if has.any() else None
            fewest = 1 if drop == "units" else 5
            lows[column], highs[column] = interval(np.where(has, means, 0), has.astype(float), counts, fewest) or (None, None)
        earned = found["earned"][head]
        heads.append(dict(values=[values[c] for c in columns], counts=[ns[c] for c in columns], low=[lows[c] for c in columns],
                          high=[highs[c] for c in columns], earned=earned,
                          label=earned["name"] if earned else label(values, lows, ns)))
    first = []
    for head in range(number):
        rows = measure(corpus[0][2][head], corpus[0][0], causal)
        values = {c: float(np.mean(rows[c])) if rows[c] else None for c in columns}
        ns = {c: len(rows[c]) for c in columns}
        first.append(dict(values=[values[c] for c in columns], counts=[ns[c] for c in columns],
                          label=label(values, values, ns, drop)))
    return dict(heads=heads, first=first, lifts=found["lifts"], aligned=found["aligned"], links=found["links"], lost=found["lost"])


def check_gates(corpus, whole):
    """Each condition keeps one head from a label, and no other does."""
    wanted = dict(bonferroni="obj dependent->head", held_out="obj dependent->head", choosing="obj dependent->head",
                  punct="punct dependent->head", sentences="conj dependent->head", units="same token")
    assert whole["heads"][0]["label"] == "obj dependent->head", whole["heads"][0]["label"]
    for gate, name in wanted.items():
        without, i = expected(corpus, False, gate), GATES.index(gate)
        changed = [j for j in range(len(GATES)) if without["heads"][j]["label"] != whole["heads"][j]["label"]]
        assert changed == [i] and without["heads"][i]["label"] == name, (gate, changed, without["heads"][i]["label"])
    without, i = expected(corpus, False, "rows"), GATES.index("rows")
    assert (whole["first"][i]["label"], without["first"][i]["label"]) == ("", "offset -2")


def main():
    (HERE / "treebank.conllu").write_text(conllu(TREEBANK), encoding="utf-8")
    (HERE / "gates.conllu").write_text(conllu(GATES_BANK), encoding="utf-8")
    out, tensors = {"columns": [str(c) for c in MEASURES + OFFSETS]}, {}
    orders = {"encoder": [(i * 5 + i // 6) % 6 for i in range(60)], "decoder": [(i * 5 + i // 6) % 6 for i in range(24)],
              "gates": GATES_ORDER}
    for name, order in orders.items():
        causal, bank = name == "decoder", GATES_BANK if name == "gates" else TREEBANK
        corpus, stored = [], []
        for i, number in enumerate(order):
            pieces = tokens(bank[number], not causal)
            turn = sum(order[j] == number for j in range(i % 2, i, 2))
            weights = gates(number, i % 2, turn) if name == "gates" else attention(bank[number], pieces, causal)
            stored.append(weights.ravel())
            corpus.append((pieces, bank[number], rows_of(weights)))
        tensors[name] = np.concatenate(stored)
        out[name] = dict(order=order, tokens=[tokens(sentence, not causal) for sentence in bank], **expected(corpus, causal))
    check_gates(corpus, out["gates"])
    (HERE / "heads.json").write_text(json.dumps(out, ensure_ascii=False, indent=None), encoding="utf-8")
    save_file(tensors, HERE / "heads.safetensors")
    for name in orders:
        print(name, [h["label"] for h in out[name]["heads"]], [f["label"] for f in out[name]["first"]], out[name]["aligned"],
              out[name]["lost"], out[name]["links"])
        print([(l["relation"], l["direction"], round(l["lift"], 2), l["n"]) for l in out[name]["lifts"] if l["head"] == 1])


main()
