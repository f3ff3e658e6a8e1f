#!/usr/bin/env python3
"""What interventions do to the tiny reference models, computed with PyTorch hooks on Hugging Face transformers.

    python tests/data/make_interventions.py      writes tests/data/interventions.json

Everything is computed in f64 from the weights of tests/data/models; the tests hold Lexiscope's f32 numbers against it
with a tolerance of 1e-5. Versions of the packages as in make_models.py.

A head's output is the part of the input of the attention's output projection that is its own (a forward pre-hook there);
a cut edge is a score set to the smallest f32 before the softmax (an attention function of our own); a patch replaces the
output of a block at one token, or one head's output at all of them.

targets     logprob:i  the log-softmax of the logits that predict token i, at the id that is typed there (a causal model
                       predicts it from the position before)
            class:k    the logit of class k of the text
            pooled     cosine with the mean over all tokens of the last hidden state, minus 1
            hidden:l,i cosine with the output of block l at token i, minus 1 (of GPT-2's last block: after the norm)
means       the mean of each head's output over all tokens of assets/sentences/<language>.txt, read one by one and cut
            at the model's limit; the language of which the vocabulary spells the larger share of the tokens

interventions.json  {models: [{model, language, text, masked, typed, replaced: [position, piece], cuts: [...],
                    targets: [{target, mean [layer][head], zero [layer][head], cut: [effect of each entry of cuts],
                    replaced: effect, patch: {gap, tokens [layer][token], heads [layer][head]}?}],
                    on_top: {off: [layer, head], cut, targets: [{target, mean, patch?}]}}]}
    Of all edges of layer 0, in one head and in all of them, those are cut that change some target most; the token is
    replaced by the one of the text that changes the least changed target most. `on_top` has heads left out, and patches,
    while a head is off to zero and an edge is cut; heads are left out of the text with the replacement.
    `masked` is the position that is replaced by the mask token in every pass (null for models without one). A patch goes
    from the text as it is (clean) into the text with the replacement (corrupt); it is left out where the target hardly
    differs between them, because the recovery would divide rounding by rounding.
"""

import json
import tempfile
from pathlib import Path

import make_models
import torch
import torch.nn.functional as F
from transformers import AttentionInterface
from transformers.masking_utils import ALL_MASK_ATTENTION_FUNCTIONS

ROOT = Path(__file__).resolve().parents[2]
OUT = Path(__file__).with_name("interventions.json")
MASKS = ("[MASK]", "<mask>")
# Less than this between two texts is too little to be shared out.
LEAST_GAP = 0.02

# What the pass under way does: the cut edges by layer, and how many layers have attended.
CUTS, LAYER = {}, [0]


def attention(module, query, key, value, attention_mask, scaling=None, **_):
    """softmax(scale q k^T + mask) v with the scores of cut edges at the smallest f32."""
    scale = query.shape[-1] ** -0.5 if scaling is None else scaling
    scores = query @ key.transpose(-1, -2) * scale
    if attention_mask is not None:
        scores = scores + attention_mask[:, :, :, : key.shape[-2]]
    for head, q, k in CUTS.get(LAYER[0], []):
        scores[:, slice(None) if head is None else head, q, k] = torch.finfo(torch.float32).min
    LAYER[0] += 1
    probs = scores.softmax(-1)
    return (probs @ value).transpose(1, 2).contiguous(), probs


AttentionInterface.register("cutting", attention)
ALL_MASK_ATTENTION_FUNCTIONS.register("cutting", ALL_MASK_ATTENTION_FUNCTIONS["eager"])


class Subject:
    """A model with a place to change every head and every block's output."""

    def __init__(self, name):
        with tempfile.TemporaryDirectory() as folder:
            self.tok, cls = make_models.MAKERS[name](Path(folder))
        self.model = make_models.load(make_models.MODELS / name, cls).double()
        self.config, self.cls = self.model.config, cls
        # The same computation as the eager one, with a place to cut.
        self.model.set_attn_implementation("cutting")
        kinds = {"BertLayer", "RobertaLayer", "XLMRobertaLayer", "ElectraLayer", "TransformerBlock", "AlbertLayer",
                 "GPT2Block"}
        self.causal = self.config.model_type == "gpt2"
        self.change_heads = self.change_hidden = None
        self.heads_seen, self.hidden_seen = [], []
        for module in self.model.modules():
            if type(module).__name__ in kinds:
                module.register_forward_hook(self.after_block)
            for suffix in ("attention.output.dense", "attention.out_lin", "attention.dense", "attn.c_proj"):
                if type(module).__name__ in kinds:
                    try:
                        module.get_submodule(suffix).register_forward_pre_hook(self.before_projection)
                    except AttributeError:
                        pass
        if self.causal:
            self.model.base_model.ln_f.register_forward_hook(self.after_norm)
        self.count = getattr(self.config, "num_attention_heads", None) or self.config.n_head

    def before_projection(self, _, inputs):
        (x,) = inputs
        layer = len(self.heads_seen)
        if self.change_heads:
            batch, tokens, dim = x.shape
            heads = x.clone().view(batch, tokens, self.count, dim // self.count)
            self.change_heads(layer, heads)
            x = heads.view(batch, tokens, dim)
        self.heads_seen.append(x[0].view(x.shape[1], self.count, -1))
        return (x,)

    def see_hidden(self, x):
        if self.change_hidden:
            x = x.clone()
            self.change_hidden(len(self.hidden_seen), x)
        self.hidden_seen.append(x[0])
        return x

    def after_block(self, _, __, out):
        if self.causal and len(self.hidden_seen) == self.config.n_layer - 1:
            return None
        if torch.is_tensor(out):
            return self.see_hidden(out)
        return (self.see_hidden(out[0]), *out[1:])

    def after_norm(self, _, __, out):
        return self.see_hidden(out)

    def run(self, ids, heads=None, hidden=None, cuts=()):
        self.change_heads, self.change_hidden = heads, hidden
        self.heads_seen, self.hidden_seen = [], []
        CUTS.clear()
        LAYER[0] = 0
        for layer, head, q, k in cuts:
            CUTS.setdefault(layer, []).append((head, q, k))
        given = {"input_ids": torch.tensor([ids])}
        given["attention_mask"] = torch.ones_like(given["input_ids"])
        if make_models.has_segments(self.config):
            given["token_type_ids"] = torch.zeros_like(given["input_ids"])
        with torch.no_grad():
            out = self.model(**given, return_dict=True)
        CUTS.clear()
        logits = {make_models.head_name(self.model, k): v[0] for k, v in out.items() if k.endswith("logits")}
        assert LAYER[0] == len(self.heads_seen) == len(self.hidden_seen)
        return {"heads": self.heads_seen, "hidden": self.hidden_seen, **logits}

    def encode(self, text):
        return make_models.encode(self.tok, self.config, "", [text])

    def language(self):
        unknown = {self.tok.token_to_id(u) for u in ("[UNK]", "<unk>")} - {None}
        share = {}
        for language in ("en", "zh"):
            cases = [self.encode(line) for line in sentences(language)]
            ids = [i for c in cases for i, s in zip(c["ids"], c["special"]) if not s]
            share[language] = sum(i in unknown for i in ids) / max(len(ids), 1)
        return "zh" if share["zh"] < share["en"] else "en"

    def means(self, language):
        """[layer][head, width]."""
        seen = [self.run(self.encode(line)["ids"])["heads"] for line in sentences(language)]
        return [torch.cat(layer).mean(0) for layer in zip(*seen)]


def sentences(language):
    return (ROOT / "assets" / "sentences" / f"{language}.txt").read_text(encoding="utf-8").splitlines()


def effect(subject, target, typed, before, after):
    kind, _, at = target.partition(":")
    if kind == "logprob":
        i = int(at)
        row = i - 1 if subject.causal else i
        value = lambda run: F.log_softmax(run["logits"][row], -1)[typed[i]]
        return (value(after) - value(before)).item()
    if kind == "class":
        return (after["sequence_logits"][int(at)] - before["sequence_logits"][int(at)]).item()
    if kind == "pooled":
        value = lambda run: run["hidden"][-1].mean(0)
    else:
        layer, i = map(int, at.split(","))
        value = lambda run: run["hidden"][layer][i]
    return F.cosine_similarity(value(before), value(after), dim=0).item() - 1


def make(name):
    subject = Subject(name)
    case = subject.encode(make_models.SINGLE)
    typed, vocab = case["ids"], subject.tok.get_vocab()
    assert typed == json.loads((make_models.MODELS / name / "expected.json").read_text())["cases"][0]["ids"]
    exact = make_models.compute(make_models.load(make_models.MODELS / name, subject.cls).double(), [typed],
                                [[0] * len(typed)])
    plain = subject.run(typed)
    assert torch.allclose(plain["hidden"][-1], exact["hidden_states"][0, -1], atol=1e-12), "the hooks change nothing"

    mask = next((vocab[m] for m in MASKS if m in vocab), None)
    masked = None if mask is None or subject.causal else 4
    place = lambda ids: [mask if i == masked else x for i, x in enumerate(ids)]
    clean = subject.run(place(typed))
    layers = len(clean["heads"])
    targets = ["pooled", f"hidden:{layers - 1},3", "hidden:0,4"]
    if "logits" in clean:
        targets.append(f"logprob:{masked or 6}")
    if "sequence_logits" in clean:
        targets.append("class:1")
    of = lambda target, run: effect(subject, target, typed, clean, run)

    # Changes that do something: a number below the tolerance tells nothing.
    n = len(typed)
    open_edges = [(q, k) for q in range(1, n) for k in range(q + 1 if subject.causal else n)]
    tried = [[0, head, q, k] for head in [None, *range(subject.count)] for q, k in open_edges]
    runs = [subject.run(place(typed), cuts=[cut]) for cut in tried]
    best = lambda target, kind: max((i for i, cut in enumerate(tried) if (cut[1] is None) == kind),
                                    key=lambda i: abs(of(target, runs[i])))
    chosen = dict.fromkeys(best(target, kind) for target in targets for kind in (True, False))
    cuts = [[layers - 1, 0, 3, 1], *(tried[i] for i in chosen)]
    special = [bool(s) for s in case["special"]]
    own = [i for i in range(n) if not special[i]]
    swap = lambda at, source: [typed[source] if i == at else x for i, x in enumerate(typed)]
    pairs = [(at, source) for at in own for source in own if at != masked and typed[at] != typed[source]]
    weakest = lambda pair: min(abs(of(target, subject.run(place(swap(*pair))))) for target in targets)
    at, source = max(pairs, key=weakest)
    replaced, swapped = [at, subject.tok.id_to_token(typed[source])], swap(at, source)
    corrupt = subject.run(place(swapped))
    language = subject.language()
    means = subject.means(language)

    def without(layer, head, value):
        def change(at, heads):
            if at == layer:
                heads[:, :, head] = value
        return change

    def patched_hidden(layer, token):
        def change(at, x):
            if at == layer:
                x[:, token] = clean["hidden"][layer][token]
        return change

    def patched_head(layer, head):
        def change(at, heads):
            if at == layer:
                heads[0, :, head] = clean["heads"][layer][:, head]
        return change

    grid = lambda second, run: [[run(l, x) for x in range(second)] for l in range(layers)]
    off = {"mean": grid(subject.count, lambda l, h: subject.run(place(typed), heads=without(l, h, means[l][h]))),
           "zero": grid(subject.count, lambda l, h: subject.run(place(typed), heads=without(l, h, 0)))}
    cut = [subject.run(place(typed), cuts=[c]) for c in cuts]
    tokens = grid(len(typed), lambda l, i: subject.run(place(swapped), hidden=patched_hidden(l, i)))
    heads = grid(subject.count, lambda l, h: subject.run(place(swapped), heads=patched_head(l, h)))
    made = []
    for target in targets:
        score = lambda runs: [[of(target, run) for run in row] for row in runs]
        entry = {"target": target, "mean": score(off["mean"]), "zero": score(off["zero"]),
                 "cut": [of(target, run) for run in cut], "replaced": of(target, corrupt)}
        gap = entry["replaced"]
        if abs(gap) > LEAST_GAP:
            recovery = lambda runs: [[1 - e / gap for e in row] for row in score(runs)]
            entry["patch"] = {"gap": gap, "tokens": recovery(tokens), "heads": recovery(heads)}
        made.append(entry)
    return {"model": name, "language": language, "text": make_models.SINGLE, "masked": masked, "typed": typed,
            "replaced": replaced, "cuts": cuts, "targets": made,
            "on_top": on_top(subject, typed, place, swapped, cuts[1], targets, means)}


def on_top(subject, typed, place, swapped, cut, targets, means):
    """Every head left out, and every part patched, while a head is off to zero and an edge is cut already; the text whose
    heads are left out has the replacement too."""
    off = [0, subject.count - 1]

    def run(ids, heads=None, hidden=None):
        def change(at, x):
            if at == off[0]:
                x[:, :, off[1]] = 0
            if heads:
                heads(at, x)
        return subject.run(place(ids), heads=change, hidden=hidden, cuts=[cut])

    clean, corrupt = run(typed), run(swapped)
    layers, count, n = len(clean["heads"]), subject.count, len(typed)

    def without(layer, head):
        def change(at, x):
            if at == layer:
                x[:, :, head] = means[layer][head]
        return run(swapped, heads=change)

    def patched_hidden(layer, token):
        def change(at, x):
            if at == layer:
                x[:, token] = clean["hidden"][layer][token]
        return run(swapped, hidden=change)

    def patched_head(layer, head):
        def change(at, x):
            if at == layer:
                x[0, :, head] = clean["heads"][layer][:, head]
        return run(swapped, heads=change)

    grid = lambda second, make: [[make(l, x) for x in range(second)] for l in range(layers)]
    left, tokens, heads = grid(count, without), grid(n, patched_hidden), grid(count, patched_head)
    made = []
    for target in targets:
        score = lambda before, runs: [[effect(subject, target, typed, before, run) for run in row] for row in runs]
        entry = {"target": target, "mean": score(corrupt, left)}
        gap = effect(subject, target, typed, clean, corrupt)
        if abs(gap) > LEAST_GAP:
            recovery = lambda runs: [[1 - e / gap for e in row] for row in score(clean, runs)]
            entry["patch"] = {"gap": gap, "tokens": recovery(tokens), "heads": recovery(heads)}
        made.append(entry)
    return {"off": off, "cut": cut, "targets": made}


def rounded(value):
    """Ten significant digits are plenty beside a tolerance of 1e-5."""
    if isinstance(value, float):
        return float(f"{value:.10g}")
    if isinstance(value, list):
        return [rounded(v) for v in value]
    if isinstance(value, dict):
        return {k: rounded(v) for k, v in value.items()}
    return value


def main():
    models = [make(name) for name in make_models.MAKERS]
    for model in models:
        print(model["model"], model["language"], {t["target"]: f"{t['replaced']:.3g}" for t in model["targets"]})
    lines = ",\n".join(json.dumps(rounded(m), ensure_ascii=False) for m in models)
    OUT.write_text(f'{{"models": [\n{lines}\n]}}\n', encoding="utf-8")


if __name__ == "__main__":
    main()
