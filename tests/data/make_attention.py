"""Writes attention.safetensors and attention.json: what PyTorch and transformers make of the meanings of attention.

    python tests/data/make_attention.py        # beside the packages that make_models.py names

Nothing here shares code with Lexiscope. The texts are cases of each checkpoint's expected.json; what follows a pass is computed in f64:

* scores      q.k / sqrt(width) from the inputs of each attention module and its projections, a masked-out entry -inf,
* norms       ||a_ij f(x_j)||, f(x) = (x W_V + b_V) W_O per head (Kobayashi et al. 2020, arXiv:2004.10102),
* rollout     head mean A, (A + I) / row sum, multiplied up (Abnar and Zuidema 2020, arXiv:2005.00928),
* gradient    d target / d probabilities of every head, from autograd with the probabilities of each layer retained;
              for log-probabilities, class logits, the length of the mean of the last hidden state (pooled) and the length
              of one token's hidden state after one layer.

attention.json lists the cases: name, model, texts, masked positions and the targets, in the spelling of `--target`.
Tensors are called `CASE/scores`, `CASE/norms`, `CASE/rollout` and `CASE/gradient/TARGET`.
"""

import json
import os
from pathlib import Path

os.environ.setdefault("HF_HUB_OFFLINE", "1")

import torch
import transformers
from safetensors.torch import save_file

HERE = Path(__file__).resolve().parent
# model, case of its expected.json, masked positions, targets
CASES = [
    ("bert", "pair", [], ["logprob:3", "pooled", "hidden:0,2"]),
    ("bert", "single", [2], ["logprob:2"]),
    ("distilbert", "single", [3], ["logprob:3", "hidden:1,4"]),
    ("electra", "single", [], ["pooled", "hidden:1,1"]),
    ("electra-generator", "single", [], ["logprob:4"]),
    ("albert", "pair", [], ["logprob:4", "pooled", "hidden:1,3"]),
    ("albert-groups", "single", [], ["pooled", "hidden:3,1"]),
    ("bert-sharded", "single", [], ["logprob:1", "pooled"]),
    ("bert-cased", "single", [], ["logprob:2"]),
    ("roberta", "masked", [], ["logprob:5", "pooled"]),
    ("roberta-classifier", "masked", [], ["class:0", "class:2", "hidden:0,2"]),
    ("gpt2", "single", [], ["logprob:1", "logprob:6", "pooled", "hidden:0,5"]),
    ("gpt2-prefix", "single", [], ["logprob:3", "hidden:2,4"]),
    ("gpt2-classifier", "single", [], ["class:1"]),
]


def attention_modules(model):
    """(module, kind) of the attention of each layer, in the order in which they run; ALBERT runs some of them again."""
    config = model.config
    base = model.base_model
    if config.model_type == "gpt2":
        return [block.attn for block in base.h]
    if config.model_type == "distilbert":
        return [layer.attention for layer in base.transformer.layer]
    if config.model_type == "albert":
        groups, found = base.encoder.albert_layer_groups, []
        for i in range(config.num_hidden_layers):
            group = groups[int(i / (config.num_hidden_layers / config.num_hidden_groups))]
            found += [layer.attention for layer in group.albert_layers]
        return found
    return [layer.attention for layer in base.encoder.layer]


def projections(module, kind):
    """q, k, v, o as functions of the input, and the matrix of o as [in, out]."""
    if kind == "gpt2":
        dim = module.embed_dim
        part = lambda i: lambda x: module.c_attn(x)[..., i * dim:(i + 1) * dim]
        return part(0), part(1), part(2), module.c_proj.weight
    if kind == "distilbert":
        return module.q_lin, module.k_lin, module.v_lin, module.out_lin.weight.T
    if kind == "albert":
        return module.query, module.key, module.value, module.dense.weight.T
    inner = module.self
    return inner.query, inner.key, inner.value, module.output.dense.weight.T


def split(x, heads):
    return x[0].reshape(x.shape[1], heads, -1).transpose(0, 1)  # [head, token, width]


def target_of(name, logits, hidden, typed, causal):
    kind, _, at = name.partition(":")
    if kind == "logprob":
        i = int(at)
        row = i - 1 if causal else i
        return torch.log_softmax(logits[0, row].double(), -1)[typed[i]]
    if kind == "class":
        return logits[0, int(at)]
    if kind == "pooled":
        return hidden[-1][0].mean(0).norm()
    layer, i = map(int, at.split(","))
    return hidden[layer + 1][0, i].norm()


def case(model, tokens, mask, masked, targets, kind):
    typed = tokens["input_ids"][0].tolist()
    for i in masked:
        tokens["input_ids"][0, i] = mask[0]
    modules = attention_modules(model)
    heads = model.config.num_attention_heads
    inputs, probs = [], []

    def before(module, args, kwargs):
        inputs.append((args[0] if args else kwargs["hidden_states"]).detach())

    hooks = [m.register_forward_pre_hook(before, with_kwargs=True) for m in dict.fromkeys(modules)]
    out = model(**tokens, output_attentions=True, output_hidden_states=True)
    for hook in hooks:
        hook.remove()
    probs, hidden = out.attentions, list(out.hidden_states)
    assert len(probs) == len(modules) == len(inputs), (len(probs), len(modules), len(inputs))
    n = len(typed)
    causal = kind == "gpt2"
    found = {"scores": [], "norms": []}
    with torch.no_grad():
        for module, x, a in zip(modules, inputs, probs):
            q, k, v, o = projections(module, kind)
            q, k, v = (split(f(x), heads).double() for f in (q, k, v))
            scores = q @ k.transpose(1, 2) / q.shape[-1] ** 0.5
            if causal:
                scores = scores.masked_fill(torch.ones(n, n).triu(1).bool(), float("-inf"))
            assert torch.allclose(scores.softmax(-1).float(), a[0], atol=1e-5), "these scores are not the model's"
            found["scores"].append(scores)
            parts = o.double().reshape(heads, -1, o.shape[1])  # [head, width, dim]
            f = v @ parts  # [head, key, dim]
            found["norms"].append((a[0].double()[..., None] * f[:, None]).norm(dim=-1))
    found = {name: torch.stack(list_).float() for name, list_ in found.items()}
    rollout, joint = [], None
    for a in probs:
        mean = a[0].detach().double().mean(0) + torch.eye(n, dtype=torch.float64)
        step = mean / mean.sum(-1, keepdim=True)
        joint = step if joint is None else step @ joint
        rollout.append(joint)
    found["rollout"] = torch.stack(rollout).float()
    logits = getattr(out, "logits", getattr(out, "prediction_logits", None))
    for name in targets:
        value = target_of(name, logits, hidden, typed, causal)
        slopes = torch.autograd.grad(value, probs, retain_graph=True, allow_unused=True)
        slopes = [torch.zeros_like(a) if g is None else g for g, a in zip(slopes, probs)]
        found[f"gradient/{name}"] = torch.stack([g[0] for g in slopes]).float()
    return found


def tokens_of(case, segments):
    given = {"input_ids": torch.tensor([case["ids"]])}
    if segments:
        given["token_type_ids"] = torch.tensor([case["segments"]])
    return given


def main():
    arrays, cases = {}, []
    for number, (name, wanted, masked, targets) in enumerate(CASES):
        folder = HERE / "models" / name
        expected = json.loads((folder / "expected.json").read_text())
        model = getattr(transformers, expected["class"]).from_pretrained(
            folder, attn_implementation="eager", dtype=torch.float32).eval()
        by_name = {c["name"]: c for c in expected["cases"]}
        kind = model.config.model_type
        tokens = tokens_of(by_name[wanted], kind in ("bert", "electra", "albert"))
        mask = [i for i, p in zip(by_name["masked"]["ids"], by_name["masked"]["pieces"])
                if p in ("[MASK]", "<mask>")] if masked else []
        found = case(model, tokens, mask, masked, targets, kind)
        label = f"{number:02}-{name}"
        arrays.update({f"{label}/{key}": value.contiguous() for key, value in found.items()})
        texts = by_name[wanted]["texts"]
        cases.append({"name": label, "model": name, "texts": texts, "masked": masked, "targets": targets})
        print(label, tuple(found["norms"].shape), {k: f"{v.abs().max():.3g}" for k, v in found.items() if k != "scores"})
    save_file(arrays, str(HERE / "attention.safetensors"))
    lines = ",\n ".join(json.dumps(c) for c in cases)
    (HERE / "attention.json").write_text(f"[{lines}]\n")


if __name__ == "__main__":
    main()
