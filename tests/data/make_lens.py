#!/usr/bin/env python3
"""Makes lens.json and generate.json: what the tiny models of tests/data/models predict from the inside, and how GPT-2
goes on with a text, computed by Hugging Face transformers and PyTorch.

    python tests/data/make_lens.py

Made with torch 2.15.0, transformers 5.23.0, numpy 2.4.6 (Python 3.11). Nothing is downloaded.

lens.json      {model: {layers: [layer + 1][token][rank] of [id, logit, probability],
               heads: [layer][head][token of TOKENS][rank] of the same}} for the case `single` of expected.json.
               A layer's output goes through the model's own language-model head; GPT-2's, but for the last, through
               `ln_f` before. A head's output is the slice of the output projection's input that is the head's, times
               the same slice of its weight, without the bias. Logits are computed in f64.
generate.json  {greedy: {model: {text, ids, probabilities}}: `generate(do_sample=False)` of transformers;
               sampled: one draw after another from transformers' own warpers with SplitMix64 as written below;
               filters: [{logits, temperature, top_k, top_p, kept: [[id, probability]]}]}.
"""

import json
import os
from pathlib import Path

os.environ.setdefault("HF_HUB_OFFLINE", "1")

import numpy as np
import torch
import transformers
from transformers import TemperatureLogitsWarper, TopKLogitsWarper, TopPLogitsWarper

HERE = Path(__file__).resolve().parent
NAMES = ["albert", "bert", "bert-cased", "bert-sharded", "distilbert", "electra-generator", "gpt2", "gpt2-prefix",
         "roberta", "xlm-roberta"]
TOKENS = [0, 5, -1]
TOP = 4


def load(name):
    """The model in f64 and its expected.json."""
    folder = HERE / "models" / name
    expected = json.loads((folder / "expected.json").read_text())
    cls = getattr(transformers, expected["class"])
    model = cls.from_pretrained(folder, attn_implementation="eager", dtype=torch.float32)
    return model.double().eval(), expected


def read_out(model, family, hidden, last):
    if family == "gpt2":
        return model.lm_head(hidden if last else model.transformer.ln_f(hidden))
    if family == "bert":
        return model.cls.predictions(hidden) if hasattr(model.cls, "predictions") else model.cls(hidden)
    if family == "distilbert":
        return model.vocab_projector(model.vocab_layer_norm(model.activation(model.vocab_transform(hidden))))
    if family == "electra":
        return model.generator_lm_head(model.generator_predictions(hidden))
    if family == "albert":
        return model.predictions(hidden)
    return model.lm_head(hidden)


def projections(model, family):
    """Each layer's output projection, as it is run (ALBERT runs one several times)."""
    ends = {"gpt2": "attn.c_proj", "distilbert": "attention.out_lin", "albert": "attention.dense"}
    end = ends.get(family, "attention.output.dense")
    return [m for n, m in model.named_modules() if n.endswith(end)]


def ranked(logits):
    """[[id, logit, probability]] of the largest; no two so close that rounding could swap them."""
    probabilities = torch.softmax(logits, -1)
    order = torch.argsort(logits, descending=True)[: TOP + 1].tolist()
    made = [[i, float(f"{logits[i].item():.9g}"), float(f"{probabilities[i].item():.9g}")] for i in order]
    kept = []
    for a, b in zip(made, made[1:]):
        if a[1] - b[1] < 1e-4:
            break
        kept.append(a)
    return kept


def lens(name):
    model, expected = load(name)
    family = model.config.model_type
    case = expected["cases"][0]
    given = {"input_ids": torch.tensor([case["ids"]])}
    if "bert" in family and family not in ("distilbert",) and "roberta" not in family or family == "electra":
        given["token_type_ids"] = torch.tensor([case["segments"]])
    seen = []
    hooks = [m.register_forward_pre_hook(lambda m, x: seen.append((m, x[0]))) for m in projections(model, family)]
    with torch.no_grad():
        out = model(**given, output_hidden_states=True)
        for hook in hooks:
            hook.remove()
        states = out.hidden_states
        own = out.prediction_logits if hasattr(out, "prediction_logits") else out.logits
        last = read_out(model, family, states[-1], True)
        assert (last - own).abs().max() < 1e-9, name
        layers = [[ranked(row) for row in read_out(model, family, h, i == len(states) - 1)[0]]
                  for i, h in enumerate(states)]
        heads = []
        count = getattr(model.config, "num_attention_heads", None) or model.config.n_heads
        assert len(seen) == len(states) - 1, name
        for module, x in seen:
            width = x.shape[-1] // count
            of_layer = []
            for h in range(count):
                part = slice(h * width, (h + 1) * width)
                weight = module.weight[part] if family == "gpt2" else module.weight[:, part].T
                logits = read_out(model, family, x[..., part] @ weight, False)[0]
                of_layer.append([ranked(logits[t]) for t in TOKENS])
            heads.append(of_layer)
    return {"layers": layers, "heads": heads}


def splitmix(seed):
    mask = (1 << 64) - 1
    while True:
        seed = (seed + 0x9E3779B97F4A7C15) & mask
        z = seed
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & mask
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & mask
        yield ((z ^ (z >> 31)) >> 11) / (1 << 53)


def warp(logits, temperature, top_k, top_p):
    """[[id, probability]], likeliest first."""
    scores = TemperatureLogitsWarper(float(temperature))(None, logits[None].double())
    if top_k:
        scores = TopKLogitsWarper(top_k)(None, scores)
    if top_p < 1:
        scores = TopPLogitsWarper(top_p)(None, scores)
    p = torch.softmax(scores[0], -1)
    order = sorted((i for i in range(len(p)) if p[i] > 0), key=lambda i: (-p[i].item(), i))
    return [[i, p[i].item()] for i in order]


def greedy(name, text, count):
    model, _ = load(name)
    tok = transformers.AutoTokenizer.from_pretrained(HERE / "models" / name)
    ids = tok(text, return_tensors="pt")["input_ids"]
    with torch.no_grad():
        made = model.generate(ids, attention_mask=torch.ones_like(ids), max_new_tokens=count, do_sample=False,
                              output_scores=True, return_dict_in_generate=True, pad_token_id=model.config.eos_token_id)
    new = made.sequences[0, ids.shape[1]:].tolist()
    p = [torch.softmax(s[0], -1)[i].item() for s, i in zip(made.scores, new)]
    return {"text": text, "prompt": ids[0].tolist(), "count": count, "ids": new, "probabilities": p}


def sampled(name, text, count, temperature, top_k, top_p, seed):
    model, _ = load(name)
    tok = transformers.AutoTokenizer.from_pretrained(HERE / "models" / name)
    ids = tok(text)["input_ids"]
    points, new = splitmix(seed), []
    with torch.no_grad():
        for _ in range(count):
            kept = warp(model(torch.tensor([ids + new])).logits[0, -1], temperature, top_k, top_p)
            point, total = next(points), 0.0
            for i, p in kept:
                total += p
                if point < total:
                    assert total - point > 2e-5 and point - (total - p) > 2e-5, "too close to an edge: another seed"
                    break
            new.append(i)
            if i == model.config.eos_token_id:
                break
    return {"model": name, "text": text, "count": count, "temperature": temperature, "top_k": top_k, "top_p": top_p,
            "seed": seed, "ids": new}


def filters():
    random, made = np.random.RandomState(3), []
    for temperature, top_k, top_p in [(1.0, 0, 1.0), (0.7, 5, 1.0), (1.3, 0, 0.9), (0.5, 7, 0.8), (2.0, 3, 0.5),
                                      (1.0, 100, 0.01)]:
        logits = [float(np.float32(x)) for x in random.randn(24) * 2]
        kept = warp(torch.tensor(logits), temperature, top_k, top_p)
        made.append({"logits": logits, "temperature": temperature, "top_k": top_k, "top_p": top_p, "kept": kept})
    return made


def dump(name, value):
    """One model or case to a line."""
    text = lambda v: json.dumps(v, ensure_ascii=False, separators=(",", ":"))
    if isinstance(value, dict):
        body = ",\n".join(f"{text(k)}:{text(v)}" for k, v in value.items())
    (HERE / name).write_text("{\n" + body + "\n}\n")


def main():
    transformers.utils.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    torch.set_num_threads(1)
    dump("lens.json", {name: lens(name) for name in NAMES})
    dump("generate.json", {
        "greedy": {name: greedy(name, "The old keeper", 30) for name in ("gpt2", "gpt2-prefix")},
        "sampled": [sampled("gpt2", "The old keeper", 20, 0.9, 20, 0.9, 5), sampled("gpt2", "Ships", 16, 1.4, 0, 1.0, 12)],
        "filters": filters(),
    })
    for name in ("lens.json", "generate.json"):
        print(name, (HERE / name).stat().st_size)


if __name__ == "__main__":
    main()
