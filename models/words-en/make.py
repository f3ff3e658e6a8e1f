"""Trains the bundled word vectors on a folder of English novels and writes them beside this script.

Python 3.11, gensim 4.4.0, numpy 2.4.6; run with a fixed hash seed, so that the same text gives the same vectors:

    PYTHONHASHSEED=0 python make.py FOLDER_OF_TXT [OUT_FOLDER]
"""

import glob
import json
import os
import re
import struct
import sys

import numpy as np
from gensim.models import Word2Vec

WORDS = 20_000
WIDTH = 100
RECIPE = dict(
    sg=1,
    vector_size=WIDTH,
    window=5,
    negative=10,
    sample=1e-4,
    alpha=0.025,
    min_alpha=0.0001,
    epochs=20,
    min_count=5,
    max_final_vocab=WORDS,
    seed=1,
    workers=1,
)
WORD = re.compile(r"[a-z]+(?:'[a-z]+)?")
# A sentence ends at a mark, or with its paragraph.
END = re.compile(r"(?<=[.!?;])['\"”’)]*\s+|\n\s*\n")


class Sentences:
    """Lower-cased words of letters, apostrophes inside; a sentence at a time, files in the order of their names."""

    def __init__(self, folder):
        self.files = sorted(glob.glob(os.path.join(folder, "**", "*.txt"), recursive=True))

    def __iter__(self):
        for file in self.files:
            # utf-8-sig drops the byte order mark, universal newlines the carriage returns.
            with open(file, encoding="utf-8-sig") as text:
                text = text.read().lower().replace("\u2019", "'")
            for sentence in END.split(text):
                words = WORD.findall(sentence)
                if len(words) > 1:
                    yield words


def write(vectors, words, counts, folder):
    """f16 in safetensors, and a table of words and counts with one line of header."""
    header = {"vectors": {"dtype": "F16", "shape": list(vectors.shape), "data_offsets": [0, vectors.size * 2]}}
    header = json.dumps(header, separators=(",", ":")).encode()
    header += b" " * (-len(header) % 8)
    with open(os.path.join(folder, "vectors.safetensors"), "wb") as out:
        out.write(struct.pack("<Q", len(header)) + header + vectors.astype("<f2").tobytes())
    with open(os.path.join(folder, "metadata.tsv"), "w", encoding="utf-8", newline="\n") as out:
        out.write("word\tcount\n")
        out.writelines(f"{word}\t{count}\n" for word, count in zip(words, counts))


def main():
    folder = sys.argv[1]
    out = sys.argv[2] if len(sys.argv) > 2 else os.path.dirname(os.path.abspath(__file__))
    sentences = list(Sentences(folder))
    print(len(sentences), "sentences,", sum(map(len, sentences)), "words", flush=True)
    model = Word2Vec(sentences, **RECIPE)
    keyed = model.wv
    counts = [keyed.get_vecattr(word, "count") for word in keyed.index_to_key]
    os.makedirs(out, exist_ok=True)
    write(keyed.vectors, keyed.index_to_key, counts, out)
    print(len(counts), "words, from", counts[0], "to", counts[-1], "times")


if __name__ == "__main__":
    main()
