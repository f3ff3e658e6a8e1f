"""Writes vectors/: one small space in every format that is read, as the tools of the formats write it, and
vectors/expected.json, what those tools read out of it.

    pip install numpy==1.26.4 gensim==4.4.0 fasttext-wheel==0.9.2 safetensors==0.8.0
    python tests/data/make_vectors.py

w2v.txt, w2v.bin              gensim's `save_word2vec_format`; no_newlines.bin is the same as GoogleNews has it (this
                              script moves the bytes, gensim reads them back)
glove.txt                     GloVe's layout: no header, `<unk>` last, a word of three parts
gensim_ft.bin                 gensim's `save_facebook_model`
ft.bin                        the fastText tool on a text with Cyrillic, Chinese and Latin-1 in it; ft11.bin and
                              ft0.bin are the same without what later versions added (this script cuts the bytes);
                              ft_class.bin is a classifier, ft.ftz its quantised form
array.npy, fortran.npy,       NumPy
bytes.npz, words.npz
several.safetensors           safetensors
projector/                    the Embedding Projector's layout
"""

import json
import struct
import tempfile
from pathlib import Path

import fasttext
import numpy as np
from gensim.models import FastText, KeyedVectors
from gensim.models.fasttext import ft_hash_bytes, save_facebook_model
from safetensors.numpy import save_file

HERE = Path(__file__).parent / "vectors"
RANDOM = np.random.default_rng(4)
WORDS = ["the", "of", "café", "naïve", "день", "门", "nan", "1984", "New_York", "a.b-c", "'s", "🙂"]
WIDTH = 5
TEXT = """the old lady opened the heavy door of the house and the dog ran out of the door
the young man opened the window of the house and looked at the street
старый дом стоит на улице и день кончается на улице где стоит старый дом
день за днём старый дом стоит
门 开 了 门 关 了 老 太太 开 了 门
the caf\xe9 of the old street opened its door to the young man and the old lady
"""


def space():
    vectors = RANDOM.normal(size=(len(WORDS), WIDTH)).astype(np.float32)
    # Numbers that are written in every way there is.
    vectors[1] = [0.0, -0.0, 1.0, -2.5, 1e-5]
    vectors[2] = [1.5e-7, 123456.789, 1e16, -3.4e38, 1.2e-38]
    vectors[3] = 0
    keyed = KeyedVectors(WIDTH)
    keyed.add_vectors(WORDS, vectors)
    return keyed


def listed(words, vectors):
    return {"words": list(words), "vectors": [[float(x) for x in row] for row in vectors]}


def word2vec(expected):
    keyed = space()
    # gensim writes `repr` of NumPy's numbers: `0.1` with NumPy 1, as the original does with `%f`.
    keyed.save_word2vec_format(str(HERE / "w2v.txt"), binary=False)
    keyed.save_word2vec_format(str(HERE / "w2v.bin"), binary=True)
    head, *_ = (HERE / "w2v.bin").read_bytes().split(b"\n", 1)
    rows = b"".join(f"{w} ".encode() + keyed[w].astype("<f4").tobytes() + b"\n" for w in WORDS)
    (HERE / "newlines.bin").write_bytes(head + b"\n" + rows)
    for name in ["w2v.bin", "newlines.bin"]:
        again = KeyedVectors.load_word2vec_format(str(HERE / name), binary=True)
        assert again.index_to_key == WORDS and np.array_equal(again.vectors, keyed.vectors)
    again = KeyedVectors.load_word2vec_format(str(HERE / "w2v.txt"))
    assert np.array_equal(again.vectors, keyed.vectors)
    expected["w2v"] = listed(WORDS, keyed.vectors)

    names = WORDS[:8] + ["at name@x.org", ". . .", "2 1/2", "<unk>"]
    lines = [" ".join([n] + [f"{x:.6g}" for x in row]) for n, row in zip(names, keyed.vectors)]
    (HERE / "glove.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    expected["glove"] = listed(names, [[np.float32(f"{x:.6g}") for x in row] for row in keyed.vectors])
    return keyed


def grams(word, low, high):
    """The n-grams of a word, as `Dictionary::computeSubwords` cuts them, written anew."""
    text = (b"<" + word + b">").decode("utf-8", "surrogateescape")
    for first in range(len(text)):
        for last in range(first + low, min(first + high, len(text)) + 1):
            if last - first > 1 or (first > 0 and last < len(text)):
                yield text[first:last].encode("utf-8", "surrogateescape")


def parsed(raw):
    """A fastText model of version 12, taken apart: settings, words, counts, matrix, and where things are."""
    magic, version, *settings = struct.unpack_from("<14i", raw)
    assert (magic, version) == (793712314, 12)
    at = 56 + 8
    size, words, labels, _, pruned = struct.unpack_from("<3i2q", raw, at)
    assert pruned == -1
    pruned_at = at + 20
    at += 28
    names, counts = [], []
    for _ in range(size):
        end = raw.index(b"\0", at)
        names.append(raw[at:end])
        count, kind = struct.unpack_from("<qb", raw, end + 1)
        counts.append(count)
        assert kind == (len(names) > words)
        at = end + 10
    quant_at = at
    rows, width = struct.unpack_from("<2q", raw, at + 1)
    matrix = np.frombuffer(raw, "<f4", rows * width, at + 17).reshape(rows, width)
    output_at = at + 17 + rows * width * 4
    return settings, names[:words], counts[:words], matrix, pruned_at, quant_at, output_at


def means(parsed, cuts_end):
    """The vector of every word, from the matrix."""
    settings, names, _, matrix, *_ = parsed
    bucket, low, high = settings[8:11]
    for i, name in enumerate(names):
        rows = [matrix[i]]
        if high > 0 and (cuts_end or name != b"</s>"):
            rows += [matrix[len(names) + ft_hash_bytes(g) % bucket] for g in grams(name, low, high)]
        yield np.mean(np.array(rows, np.float64), axis=0)


def fast(expected):
    with tempfile.TemporaryDirectory() as folder:
        text = Path(folder) / "text.txt"
        text.write_bytes((TEXT * 3).encode("utf-8").replace("é".encode(), b"\xe9"))
        common = dict(dim=4, minCount=1, epoch=20, lr=0.3, thread=1, verbose=0)
        model = fasttext.train_unsupervised(str(text), bucket=60, minn=2, maxn=4, ws=2, neg=3, **common)
        model.save_model(str(HERE / "ft.bin"))
        oov = ["doors", "улицы", "x", "", "门门"]
        expected["ft_oov"] = listed(oov, [model.get_word_vector(w) for w in oov])
        expected["ft_grams"] = {w: [int(i) for i in model.get_subwords(w)[1]] for w in ["door", "улице", "doors", "门"]}
        text.write_text("__label__a the old lady\n__label__b the young man\n" * 4)
        labelled = fasttext.train_supervised(str(text), bucket=20, minn=2, maxn=3, wordNgrams=2, **common)
        labelled.save_model(str(HERE / "ft_class.bin"))
        plain = labelled.get_words()
        expected["ft_class"] = listed(plain, [labelled.get_word_vector(w) for w in plain])
        # Quantising needs 256 rows.
        labelled = fasttext.train_supervised(str(text), bucket=260, minn=2, maxn=3, **common)
        labelled.quantize()
        labelled.save_model(str(HERE / "ft.ftz"))
    raw = (HERE / "ft.bin").read_bytes()
    whole = parsed(raw)
    _, names, counts, _, pruned_at, quant_at, output_at = whole
    expected["ft"] = {"hex": [n.hex() for n in names], "counts": counts}
    for key, cuts_end in [("vectors", False), ("older", True)]:
        expected["ft"][key] = [[float(x) for x in row] for row in means(whole, cuts_end)]
    for word, row in zip(names, expected["ft"]["vectors"]):
        if b"\xe9" not in word:
            assert np.allclose(model.get_word_vector(word.decode()), row, atol=1e-6), word
    (HERE / "ft11.bin").write_bytes(raw[:4] + struct.pack("<i", 11) + raw[8:])
    head = raw[8:pruned_at] + raw[pruned_at + 8:quant_at]
    (HERE / "ft0.bin").write_bytes(head + raw[quant_at + 1:output_at] + raw[output_at + 1:])

    sentences = [line.split() for line in TEXT.splitlines()] * 3
    model = FastText(sentences, vector_size=4, bucket=50, min_n=2, max_n=4, min_count=1, epochs=5, seed=1, workers=1)
    save_facebook_model(model, str(HERE / "gensim_ft.bin"))
    words = model.wv.index_to_key + ["doors"]
    expected["gensim_ft"] = listed(words, [model.wv[w] for w in words])
    model.wv.save_word2vec_format(str(HERE / "gensim_ft.vec"))


def arrays(keyed):
    vectors = keyed.vectors
    np.save(HERE / "array.npy", vectors)
    np.save(HERE / "fortran.npy", np.asfortranarray(vectors.astype(np.float64)))
    (HERE / "array.labels.txt").write_text("".join(w + "\n" for w in WORDS), encoding="utf-8")
    counts = np.array([2**53 - 1 - i for i in range(len(WORDS))], np.int64)
    kinds = np.array([["x", "y"][i % 2] for i in range(len(WORDS))])
    np.savez(HERE / "words.npz", vectors=vectors, words=np.array(WORDS), count=counts, kind=kinds, other=vectors[:3].T)
    np.savez_compressed(HERE / "bytes.npz", a=np.clip(vectors, -6e4, 6e4).astype(np.float16), b=np.array([w.encode() for w in WORDS]))
    two = {"first": vectors, "model.second": -vectors, "scale": vectors[0]}
    save_file(two, HERE / "several.safetensors")
    folder = HERE / "projector"
    folder.mkdir(exist_ok=True)
    lines = ["\t".join(str(x) for x in row) + "\n" for row in vectors]
    (folder / "vectors.tsv").write_text("".join(lines))
    rows = [f"{w}\t{i * 3}\t{'ab'[i % 2]}\n" for i, w in enumerate(WORDS)]
    (folder / "metadata.tsv").write_text("word\tcount\tkind\n" + "".join(rows), encoding="utf-8")
    vectors.astype("<f4").tofile(folder / "space_tensors.bytes")
    entry = dict(tensorName="space", tensorShape=[len(WORDS), WIDTH], tensorPath="space_tensors.bytes",
                 metadataPath="metadata.tsv")
    table = dict(tensorName="table", tensorShape=[len(WORDS), WIDTH], tensorPath="vectors.tsv", metadataPath="metadata.tsv")
    config = {"embeddings": [entry, table], "modelCheckpointPath": "none"}
    (folder / "projector_config.json").write_text(json.dumps(config, indent=2) + "\n")


def main():
    HERE.mkdir(exist_ok=True)
    expected = {}
    arrays(word2vec(expected))
    fast(expected)
    text = json.dumps(expected, ensure_ascii=False, separators=(",", ":"))
    (HERE / "expected.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
