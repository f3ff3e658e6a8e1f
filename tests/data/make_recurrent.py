"""Writes `recurrent/`: small recurrent models in every file format that is read, and what they do with a text of 200
characters. Of its 200 steps some are kept, the first and the last among them.

Made with torch 2.15.0, keras 3.15.1 (on torch), h5py 3.16.0, safetensors 0.8.0 and numpy 2.4.6:

    KERAS_BACKEND=torch python tests/data/make_recurrent.py

Each folder holds the weights, a vocabulary or a lexiscope.json, and `expected.tensors`: every site by its name, [step,
unit], `logits`, and which `steps` they are. Sites come from the definitions below in float64; where PyTorch or Keras has the layer, its own outputs
must be equal to them within 1e-5 before anything is written. TensorFlow 1 and Torch no longer install: their layers are
written from the definitions (TensorFlow 1: `BasicRNNCell`, `GRUCell`, `BasicLSTMCell` with forget bias 1; Torch:
char-rnn's `LSTM.lua` and `GRU.lua`), and CuDNN's from what Keras 2 does when it converts them.
"""

import json
import os
import shutil
import sys
from pathlib import Path

os.environ.setdefault("KERAS_BACKEND", "torch")
import h5py
import numpy as np
import torch
from safetensors.numpy import save_file as save_numpy
from safetensors.torch import save_file

OUT = Path(__file__).parent / "recurrent"
LETTERS = "etaoin shr\n,"
TEXT = "".join(np.random.default_rng(7).choice(list(LETTERS), 200))
IDS = np.array([LETTERS.index(c) for c in TEXT])
STEPS = [0, 1, 2, 10, 50, 100, 150, 198, 199]


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def hard(slope):
    return lambda x: np.clip(slope * x + 0.5, 0, 1)


def relu(x):
    return np.maximum(x, 0)


def plain(x, w, u, b, act=np.tanh, **_):
    """x [t, in], w [in, h], u [h, h]."""
    h, seen = np.zeros(u.shape[0]), {"pre.state": [], "state": []}
    for row in x:
        pre = row @ w + h @ u + b
        h = act(pre)
        seen["pre.state"].append(pre)
        seen["state"].append(h)
    return seen


def gru(x, w, u, b, inner, after, gate=sigmoid, act=np.tanh, **_):
    """Blocks reset, update, candidate; `inner` is the bias inside the reset where it acts after the product."""
    n = u.shape[0]
    h = np.zeros(n)
    names = ["pre.reset", "pre.update", "pre.candidate", "gate.reset", "gate.update", "candidate", "state"]
    seen = {name: [] for name in names}
    for row in x:
        a = row @ w + b
        pr, pz = a[:n] + h @ u[:, :n], a[n : 2 * n] + h @ u[:, n : 2 * n]
        r, z = gate(pr), gate(pz)
        if after:
            pn = a[2 * n :] + r * (h @ u[:, 2 * n :] + inner)
        else:
            pn = a[2 * n :] + (r * h) @ u[:, 2 * n :]
        c = act(pn)
        h = (1 - z) * c + z * h
        for name, value in zip(names, [pr, pz, pn, r, z, c, h]):
            seen[name].append(value)
    return seen


def lstm(x, w, u, b, proj=None, cell_clip=None, output_clip=None, gate=sigmoid, act=np.tanh, **_):
    """Blocks input, forget, candidate, output; `proj` [units, outputs]."""
    n = w.shape[1] // 4
    h, c = np.zeros(u.shape[0]), np.zeros(n)
    names = ["pre.input", "pre.forget", "pre.candidate", "pre.output", "gate.input", "gate.forget", "candidate"]
    names += ["gate.output", "cell", "state"] + (["unprojected"] if proj is not None else [])
    seen = {name: [] for name in names}
    for row in x:
        pre = np.split(row @ w + h @ u + b, 4)
        i, f, g, o = gate(pre[0]), gate(pre[1]), act(pre[2]), gate(pre[3])
        c = f * c + i * g
        if cell_clip:
            c = np.clip(c, -cell_clip, cell_clip)
        whole = o * act(c)
        h = whole
        if proj is not None:
            h = whole @ proj
            if output_clip:
                h = np.clip(h, -output_clip, output_clip)
        for name, value in zip(names, pre + [i, f, g, o, c, h, whole]):
            seen[name].append(value)
    return seen


def run(step, x, layers):
    """Runs layers, each a list of one or two dictionaries of weights; gives the sites and the last outputs."""
    sites = {}
    for number, directions in enumerate(layers):
        outs = []
        for name, flip, weights in zip(["forward", "backward"], [False, True], directions):
            seen = step(x[::-1] if flip else x, **weights)
            seen = {k: np.array(v)[::-1] if flip else np.array(v) for k, v in seen.items()}
            sites |= {f"{name}.{number}.{site}": v for site, v in seen.items()}
            outs.append(seen["state"])
        x = np.concatenate(outs, axis=1)
    return sites, x


def write(folder, sites, logits, described=None, vocab=True):
    folder.mkdir(parents=True, exist_ok=True)
    arrays = {name: np.ascontiguousarray(np.asarray(v)[STEPS], np.float32) for name, v in sites.items()}
    arrays["logits"] = np.ascontiguousarray(logits[STEPS], np.float32)
    arrays["steps"] = np.array(STEPS, np.float32)
    save_numpy(arrays, folder / "expected.tensors")
    (folder / "text.txt").write_text(TEXT, newline="")
    if vocab:
        (folder / "vocab.json").write_text(json.dumps({c: i for i, c in enumerate(LETTERS)}))
    if described:
        (folder / "lexiscope.json").write_text(json.dumps(described, indent=1))


def fresh(name):
    folder = OUT / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def close(ours, theirs, name):
    worst = np.abs(ours - theirs).max()
    assert worst < 1e-5, (name, worst)


# ---------------------------------------------------------------------------------------------------- PyTorch


def torch_weights(layer, number, suffix, kind):
    """Our blocks from PyTorch's: both have i f g o and r z n."""
    get = lambda what: getattr(layer, f"{what}_l{number}{suffix}").detach().double().numpy()
    bias_ih, bias_hh = get("bias_ih"), get("bias_hh")
    weights = {"w": get("weight_ih").T, "u": get("weight_hh").T, "b": bias_ih + bias_hh}
    if kind is gru:
        n = weights["u"].shape[0]
        weights["b"] = np.concatenate([bias_ih[: 2 * n] + bias_hh[: 2 * n], bias_ih[2 * n :]])
        weights |= {"inner": bias_hh[2 * n :], "after": True}
    if layer.proj_size:
        weights["proj"] = get("weight_hr").T
    if getattr(layer, "nonlinearity", "") == "relu":
        weights["act"] = relu
    return weights


class Net(torch.nn.Module):
    def __init__(self, layer, embed, classes):
        super().__init__()
        self.embedding = torch.nn.Embedding(len(LETTERS), embed) if embed else None
        self.rnn = layer
        width = (layer.proj_size or layer.hidden_size) * (2 if layer.bidirectional else 1)
        self.decoder = torch.nn.Linear(width, classes)

    def forward(self, ids):
        one_hot = torch.nn.functional.one_hot(ids, len(LETTERS)).float()
        x = self.embedding(ids) if self.embedding is not None else one_hot
        return self.decoder(self.rnn(x)[0])


def pytorch(name, cls, kind, save, embed=5, classes=len(LETTERS), described=None, **options):
    torch.manual_seed(sum(map(ord, name)))
    layer = cls(embed or len(LETTERS), **options)
    net = Net(layer, embed, classes)
    with torch.no_grad():
        for p in net.parameters():
            p.mul_(2.0)
    folder = fresh(name)
    x = net.embedding.weight.detach().double().numpy()[IDS] if embed else np.eye(len(LETTERS))[IDS]
    suffixes = ["", "_reverse"] if layer.bidirectional else [""]
    layers = [[torch_weights(layer, n, s, kind) for s in suffixes] for n in range(layer.num_layers)]
    sites, out = run(kind, x, layers)
    if embed:
        sites["embeddings.words"] = x
    logits = out @ net.decoder.weight.detach().double().numpy().T + net.decoder.bias.detach().double().numpy()
    with torch.no_grad():
        close(logits, net(torch.tensor(IDS)[None])[0].numpy(), name)
    save(net.state_dict(), folder)
    write(folder, sites, logits, described)


def zipped(state, folder):
    torch.save(state, folder / "model.pt")


def legacy(state, folder):
    torch.save({"state_dict": {f"module.{k}": v for k, v in state.items()}}, folder / "model.pt",
               _use_new_zipfile_serialization=False)


def safe(state, folder):
    save_file({f"net.{k}": v.contiguous() for k, v in state.items()}, folder / "model.safetensors")


def make_pytorch():
    nn = torch.nn
    one = {"batch_first": True}
    pytorch("torch-rnn-tanh", nn.RNN, plain, zipped, hidden_size=6, num_layers=2, **one)
    pytorch("torch-rnn-relu", nn.RNN, plain, safe, hidden_size=6, nonlinearity="relu",
            described={"activation": "relu"}, **one)
    pytorch("torch-gru", nn.GRU, gru, legacy, hidden_size=6, num_layers=2, **one)
    pytorch("torch-lstm", nn.LSTM, lstm, safe, hidden_size=6, num_layers=2, **one)
    pytorch("torch-lstm-one-hot", nn.LSTM, lstm, zipped, embed=0, hidden_size=7, **one)
    pytorch("torch-lstm-projected", nn.LSTM, lstm, zipped, hidden_size=7, proj_size=3, num_layers=2, **one)
    labels = ["O", "B", "I"]
    pytorch("torch-lstm-both", nn.LSTM, lstm, zipped, classes=3, hidden_size=5, num_layers=2, bidirectional=True,
            described={"labels": labels, "vocabulary": {"characters": LETTERS}}, **one)
    pytorch("torch-gru-both", nn.GRU, gru, safe, classes=3, hidden_size=5, num_layers=2, bidirectional=True, **one)
    pytorch("torch-lstm-both-projected", nn.LSTM, lstm, zipped, classes=3, hidden_size=6, proj_size=4, num_layers=2,
            bidirectional=True, **one)


# ------------------------------------------------------------------------------------------------------ Keras


def blocks(matrix, order):
    parts = np.split(matrix, len(order), axis=-1)
    return np.concatenate([parts[i] for i in order], axis=-1)


def keras_weights(layer, kind):
    w = [np.array(v, np.float64) for v in layer.cell.get_weights()]
    order = {plain: [0], gru: [1, 0, 2], lstm: [0, 1, 2, 3]}[kind]
    weights = {"w": blocks(w[0], order), "u": blocks(w[1], order), "b": blocks(w[2], order)}
    if kind is gru:
        after = layer.cell.reset_after
        n = weights["u"].shape[0]
        weights |= {"after": after, "inner": None}
        if after:
            bias = weights["b"]
            weights["inner"] = bias[1, 2 * n :]
            weights["b"] = np.concatenate([bias[0, : 2 * n] + bias[1, : 2 * n], bias[0, 2 * n :]])
    return weights


def make_keras():
    import keras
    from keras import layers as L

    rng = np.random.default_rng(3)

    def make(name, kind, cells, dense=len(LETTERS), gate=sigmoid, act=np.tanh, scale=0.6):
        keras.utils.set_random_seed(sum(map(ord, name)))
        model = keras.Sequential([keras.Input((None,), dtype="int32"), L.Embedding(len(LETTERS), 5), *cells])
        if dense:
            model.add(L.TimeDistributed(L.Dense(dense)) if name.endswith("both") else L.Dense(dense))
        model.build((None, None))
        model.set_weights([rng.normal(0, scale, w.shape).astype(np.float32) for w in model.get_weights()])
        table = np.array(model.layers[0].get_weights()[0], np.float64)
        directions = lambda c: [c.forward_layer, c.backward_layer] if hasattr(c, "forward_layer") else [c]
        weights = [[keras_weights(d, kind) | {"gate": gate, "act": act} for d in directions(c)] for c in cells]
        sites, out = run(kind, table[IDS], weights)
        sites["embeddings.words"] = table[IDS]
        last = model.layers[-1]
        w, b = (np.array(v, np.float64) for v in last.get_weights())
        logits = out @ w + b
        close(logits, np.array(model.predict(IDS[None], verbose=0))[0], name)
        folder = fresh(name)
        model.save(folder / "model.h5")
        write(folder, sites, logits)

    s = {"return_sequences": True}
    make("keras-rnn", plain, [L.SimpleRNN(6, activation="relu", **s)], act=relu, scale=0.3)
    make("keras-lstm", lstm, [L.LSTM(6, **s), L.LSTM(5, **s)])
    make("keras-lstm-hard", lstm, [L.LSTM(6, recurrent_activation="hard_sigmoid", **s)], gate=hard(1 / 6))
    make("keras-gru-after", gru, [L.GRU(6, reset_after=True, **s), L.GRU(4, **s)])
    make("keras-gru-before", gru, [L.GRU(6, reset_after=False, **s)])
    make("keras-lstm-both", lstm, [L.Bidirectional(L.LSTM(4, **s)), L.Bidirectional(L.LSTM(3, **s))], dense=3)


def make_cudnn():
    """Weights alone, as Keras 2 writes CuDNNLSTM and CuDNNGRU. Keras 2 turns them into plain ones gate by gate: `k.T` for
    recurrent kernels, `k.T.reshape(k.shape, order='F')` for input kernels."""
    rng = np.random.default_rng(11)
    for name, kind, gates, order in [("cudnn-lstm", lstm, 4, [0, 1, 2, 3]), ("cudnn-gru", gru, 3, [1, 0, 2])]:
        n, width = 6, 5
        f32 = lambda *shape: rng.normal(0, 0.6, shape).astype(np.float32)
        table, kernel, recurrent, bias = f32(len(LETTERS), width), f32(width, gates * n), f32(n, gates * n), f32(2 * gates * n)
        dense, dense_bias = f32(n, len(LETTERS)), f32(len(LETTERS))
        split = lambda m: np.split(m.astype(np.float64), gates, axis=1)
        w = blocks(np.hstack([k.T.reshape(k.shape, order="F") for k in split(kernel)]), order)
        u = blocks(np.hstack([k.T for k in split(recurrent)]), order)
        both = blocks(bias.astype(np.float64).reshape(2, -1), order)
        weights = {"w": w, "u": u, "b": both.sum(0)}
        if kind is gru:
            b = np.concatenate([both[0, : 2 * n] + both[1, : 2 * n], both[0, 2 * n :]])
            weights |= {"b": b, "inner": both[1, 2 * n :], "after": True}
        sites, out = run(kind, table.astype(np.float64)[IDS], [[weights]])
        sites["embeddings.words"] = table[IDS]
        folder = fresh(name)
        with h5py.File(folder / "weights.h5", "w") as f:
            f.attrs["layer_names"] = [b"embedding", b"rnn", b"dense"]
            f.attrs["keras_version"] = b"2.1.5"
            for path, value in [("embedding/embeddings", table), ("rnn/kernel", kernel), ("rnn/recurrent_kernel", recurrent),
                                ("rnn/bias", bias), ("dense/kernel", dense), ("dense/bias", dense_bias)]:
                layer = path.split("/")[0]
                f[f"{layer}/{path}:0"] = value
        write(folder, sites, out @ dense + dense_bias)


# ------------------------------------------------------------------------------- TensorFlow 1 and Torch, by definition


def make_tensorflow():
    rng = np.random.default_rng(5)
    f32 = lambda *shape: rng.normal(0, 0.6, shape).astype(np.float32)
    n, width, size = 6, 5, len(LETTERS)

    # ml5: BasicLSTMCell, i j f o, forget bias 1 at run time.
    tensors = {"Variable": np.float32(0), "embedding": f32(size, width), "rnnlm/softmax_w": f32(n, size), "rnnlm/softmax_b": f32(size)}
    layers = []
    for number, inputs in enumerate([width, n]):
        kernel, bias = f32(inputs + n, 4 * n), f32(4 * n)
        stem = f"rnnlm/multi_rnn_cell/cell_{number}/basic_lstm_cell"
        tensors |= {f"{stem}/kernel": kernel, f"{stem}/bias": bias}
        k, b = blocks(kernel.astype(np.float64), [0, 2, 1, 3]), blocks(bias.astype(np.float64), [0, 2, 1, 3])
        b[n : 2 * n] += 1.0
        layers.append([{"w": k[:inputs], "u": k[inputs:], "b": b}])
    folder = fresh("tf1-lstm")
    manifest = {}
    for name, value in tensors.items():
        file = name.replace("/", "_")
        np.asarray(value, "<f4").tofile(folder / file)
        manifest[name] = {"filename": file, "shape": list(np.shape(value))}
    (folder / "manifest.json").write_text(json.dumps(manifest, indent=1))
    # A manifest is read before a state dict that lies beside it.
    save_numpy({"rnn.weight_ih_l0": f32(4, 4)}, folder / "other.safetensors")
    x = tensors["embedding"].astype(np.float64)[IDS]
    sites, out = run(lstm, x, layers)
    sites["embeddings.words"] = x
    write(folder, sites, out @ tensors["rnnlm/softmax_w"] + tensors["rnnlm/softmax_b"])

    def described(name, kind, tensors, layers, names, extra):
        folder = fresh(name)
        table, w, b = f32(size, width), f32(n, size), f32(size)
        save_numpy({"table": table, "w": w, "b": b, **tensors}, folder / "weights.safetensors")
        x = table.astype(np.float64)[IDS]
        sites, out = run(kind, x, layers)
        sites["embeddings.words"] = x
        said = {"weights": "weights.safetensors", "layers": names, "embedding": "table",
                "output": {"weight": "w", "bias": "b"}, "vocabulary": list(LETTERS), **extra}
        write(folder, sites, out @ w + b, said, vocab=False)

    # GRUCell: r u beside each other, the candidate apart, the reset before the product.
    gates, gates_bias, cand, cand_bias = f32(width + n, 2 * n), f32(2 * n), f32(width + n, n), f32(n)
    k = np.hstack([gates, cand]).astype(np.float64)
    b = np.concatenate([gates_bias, cand_bias]).astype(np.float64)
    described("tf1-gru", gru,
              {"gates/kernel": gates, "gates/bias": gates_bias, "candidate/kernel": cand, "candidate/bias": cand_bias},
              [[{"w": k[:width], "u": k[width:], "b": b, "inner": None, "after": False}]],
              [{"forward": {"recurrent": ["gates/kernel", "candidate/kernel"], "biases": [["gates/bias", "candidate/bias"]]}}],
              {"layout": "tensorflow", "cell": "gru"})
    kernel, bias = f32(width + n, n), f32(n)
    described("tf1-rnn", plain, {"kernel": kernel, "bias": bias},
              [[{"w": kernel[:width].astype(np.float64), "u": kernel[width:].astype(np.float64), "b": bias}]],
              [{"forward": {"recurrent": "kernel", "biases": ["bias"]}}], {"layout": "tensorflow", "cell": "rnn"})
    # LSTMCell with projection and clipping, as in ELMo.
    p = n
    kernel, bias, proj = f32(width + p, 4 * 8) * 2, f32(4 * 8), f32(8, p)
    k, b = blocks(kernel.astype(np.float64), [0, 2, 1, 3]), blocks(bias.astype(np.float64), [0, 2, 1, 3])
    b[8:16] += 1.0
    described("tf1-lstm-clipped", lstm, {"kernel": kernel, "bias": bias, "proj": proj},
              [[{"w": k[:width], "u": k[width:], "b": b, "proj": proj.astype(np.float64), "cell_clip": 1.5, "output_clip": 0.5}]],
              [{"forward": {"recurrent": "kernel", "biases": ["bias"], "projection": "proj"}}],
              {"layout": "tensorflow", "cell": "lstm", "forget_bias": 1.0, "cell_clip": 1.5, "output_clip": 0.5})


def make_torch7():
    rng = np.random.default_rng(9)
    f32 = lambda *shape: rng.normal(0, 0.6, shape).astype(np.float32)
    n, size = 6, len(LETTERS)
    for name, kind, order in [("torch7-lstm", lstm, [0, 1, 3, 2]), ("torch7-gru", gru, [1, 0, 2])]:
        gates = len(order)
        i2h, h2h, b1, b2 = f32(gates * n, size), f32(gates * n, n), f32(gates * n), f32(gates * n)
        w, u = blocks(i2h.T.astype(np.float64), order), blocks(h2h.T.astype(np.float64), order)
        b = blocks((b1.astype(np.float64) + b2), order)
        decoder, bias = f32(size, n), f32(size)
        tensors = {"decoder.weight": decoder, "decoder.bias": bias}
        folder = fresh(name)
        if kind is lstm:
            tensors |= {"i2h.weight": i2h, "h2h.weight": h2h, "i2h.bias": b1, "h2h.bias": b2}
            names = {"input": "i2h.weight", "recurrent": "h2h.weight", "biases": ["i2h.bias", "h2h.bias"]}
            weights = {"w": w, "u": u, "b": b}
            sites, out = run(kind, np.eye(size)[IDS], [[weights]])
        else:
            # next_h = z * candidate + (1 - z) * h: our update gate, how much stays, is 1 - z.
            parts = ["update", "reset", "candidate"]
            for i, part in enumerate(parts):
                rows = slice(i * n, (i + 1) * n)
                tensors |= {f"{part}.i2h.weight": np.ascontiguousarray(i2h[rows]), f"{part}.h2h.weight": np.ascontiguousarray(h2h[rows]),
                            f"{part}.i2h.bias": b1[rows].copy(), f"{part}.h2h.bias": b2[rows].copy()}
            each = lambda what: [f"{part}.{what}" for part in parts]
            names = {"input": each("i2h.weight"), "recurrent": each("h2h.weight"), "biases": [each("i2h.bias"), each("h2h.bias")]}
            h, seen = np.zeros(n), {"gate.reset": [], "gate.update": [], "candidate": [], "state": []}
            for row in np.eye(size)[IDS]:
                a = row @ w + b
                r, z = sigmoid(a[:n] + h @ u[:, :n]), sigmoid(a[n : 2 * n] + h @ u[:, n : 2 * n])
                c = np.tanh(a[2 * n :] + (r * h) @ u[:, 2 * n :])
                h = z * c + (1 - z) * h
                for key, value in zip(seen, [r, 1 - z, c, h]):
                    seen[key].append(value)
            sites = {f"forward.0.{k}": np.array(v) for k, v in seen.items()}
            out = sites["forward.0.state"]
        save_numpy(tensors, folder / "weights.safetensors")
        write(folder, sites, out @ decoder.T + bias,
              {"layout": "torch", "cell": "lstm" if kind is lstm else "gru", "layers": [{"forward": names}], "embedding": False,
               "output": {"weight": "decoder.weight", "bias": "decoder.bias"}})


# ------------------------------------------------------------------------------------------------------- HDF5


def make_hdf5():
    """Files with everything that the reader knows, and some that it does not."""
    folder = fresh("hdf5")
    rng = np.random.default_rng(1)
    grid = rng.normal(0, 1, (37, 11)).astype(np.float32)
    for name, libver in [("old.h5", "earliest"), ("new.h5", "latest")]:
        with h5py.File(folder / name, "w", libver=libver) as f:
            f.attrs["names"] = np.array([b"alpha", b"be"], dtype="S5")
            f.attrs["long"] = "x" * 300
            f.attrs["several"] = ["one", "zwei", "trois \u00e9"]
            f.attrs["number"] = 3
            group = f.create_group("a/b")
            group["plain"] = grid
            group["double"] = grid.astype(np.float64)
            group["half"] = grid.astype(np.float16)
            group["big"] = grid.astype(">f4")
            group["bytes"] = (np.arange(12) * 20).astype(np.uint8)
            group["whole"] = np.array([-3, 70000, 5], np.int64)
            group["flags"] = np.array([True, False])
            group["scalar"] = np.float32(2.5)
            # More than eight members of a group go into a heap of their own in new files.
            other = f.create_group("a/c")
            other["empty"] = np.zeros((0, 4), np.float32)
            other["fixed"] = np.array([b"ab", b"cde"], dtype="S3")
            other.create_dataset("texts", data=["", "two", "dr\u00e9i"], dtype=h5py.string_dtype())
            if libver == "earliest":
                group.create_dataset("chunks", data=grid, chunks=(10, 4))
                group.create_dataset("packed", data=grid, chunks=(10, 4), compression="gzip", shuffle=True, fletcher32=True)
                group.create_dataset("lzf", data=np.repeat(grid, 2, axis=1), chunks=(8, 22), compression="lzf")
                repeated = np.tile(np.arange(100, dtype=np.int32), 400)
                group.create_dataset("long", data=repeated, chunks=(5000,), compression="gzip", compression_opts=9)
                group.create_dataset("hole", shape=(20,), chunks=(5,), dtype="f4")[5:10] = 1.0
                for i in range(30):
                    f[f"many/{i}"] = np.float32(i)
                group.create_dataset("scaled", data=np.arange(9), chunks=(3,), scaleoffset=0)
                group["record"] = np.zeros(2, dtype=[("x", "f4"), ("y", "i4")])
            else:
                other.create_dataset("single", data=grid, chunks=grid.shape, compression="gzip")
    with h5py.File(folder / "many.h5", "w", libver="latest") as f:
        for i in range(9):
            f[f"{i}"] = np.float32(i)
    np.save(folder / "grid.npy", grid)


MAKERS = [make_pytorch, make_keras, make_cudnn, make_tensorflow, make_torch7, make_hdf5]

if __name__ == "__main__":
    wanted = sys.argv[1:]
    for maker in MAKERS:
        if not wanted or maker.__name__.removeprefix("make_") in wanted:
            maker()
