"""Writes tokenizers.json: what transformers makes of tokenizer files that say special things.

    pip install transformers==5.23.0 tokenizers==0.23.3
    python tests/data/make_tokenizers.py

Each case takes the tokenizer files `copied` from a folder of models/, adds `files`, and gives for every text (or pair)
the token ids, the token types (all 0 where transformers gives the model none), and for every token the number of its
text (null for special tokens) and the part of the text that it stands for.
"""

import json
import os
import shutil
import tempfile
from pathlib import Path

os.environ["HF_HUB_OFFLINE"] = "1"
from transformers import AutoTokenizer  # noqa: E402

HERE = Path(__file__).parent
TEXTS = ["The cat [unused0] sat", "hello world", "a <s> b</s> [MASK]", ["the cat", "the dog"]]
UNUSED = {"content": "[unused0]", "lstrip": True, "rstrip": True, "normalized": False, "single_word": False, "special": True}
WHOLE = {"content": "[unused0]", "lstrip": False, "rstrip": False, "normalized": False, "single_word": True, "special": False}
BERT = {"tokenizer_class": "BertTokenizer"}


def special(name):
    path = HERE / "models" / name / "tokenizer.json"
    return json.loads(path.read_text())["added_tokens"]


def vocabulary_with(**places):
    words = (HERE / "models/bert/vocab.txt").read_text().splitlines()
    for row, word in places.items():
        words[int(row[1:])] = word
    return "\n".join(words) + "\n"


# name: (model whose configuration and files are taken, files taken, files written, changes to config.json, texts)
CASES = {
    "additional": ("bert", ["vocab.txt"], {"tokenizer_config.json": {"additional_special_tokens": ["[unused0]"]}}, {}),
    "extra": ("bert", ["vocab.txt"], {"tokenizer_config.json": {"extra_special_tokens": ["[unused0]"]}}, {}),
    "decoder": ("bert", ["vocab.txt"], {"tokenizer_config.json": {"added_tokens_decoder": {"1": UNUSED}}}, {}),
    "decoder-whole-words": (
        "bert", ["vocab.txt"], {"tokenizer_config.json": {"added_tokens_decoder": {"1": WHOLE}}}, {},
        ["a [unused0] b", "a[unused0]b"],
    ),
    "map": ("bert", ["vocab.txt"], {"special_tokens_map.json": {"additional_special_tokens": ["[unused0]"]}}, {}),
    "beside-json": (
        "bert-tagger", ["tokenizer.json"],
        {"tokenizer_config.json": BERT | {"added_tokens_decoder": {"30": {**WHOLE, "content": "the"}}}}, {},
        ["sat the cat", "satthe cat", "THE cat"],
    ),
    "mask-takes-space": (
        "bert-tagger", ["tokenizer.json"],
        {"tokenizer_config.json": BERT | {"added_tokens_decoder": {
            str(t["id"]): {**{k: v for k, v in t.items() if k != "id"}, "lstrip": t["content"] == "[MASK]"}
            for t in special("bert-tagger")
        }}}, {},
        ["a [MASK] b"],
    ),
    "roman-names": ("bert", [], {"vocab.txt": vocabulary_with(_20="<s>", _21="</s>", _22="<mask>")}, {}, ["a <s> b</s>", "<mask>"]),
    "gpt2-with-bert": ("gpt2", [], {"vocab.txt": vocabulary_with(), "tokenizer_config.json": BERT}, {}),
    "gpt2-with-bert-by-config": ("gpt2", [], {"vocab.txt": vocabulary_with()}, BERT),
    "gpt2-with-beginning": (
        "gpt2", ["vocab.json", "merges.txt"], {"tokenizer_config.json": {"add_bos_token": True}}, {},
        ["hello world", "a <|endoftext|> b"],
    ),
    "roberta-with-bert": ("roberta", [], {"vocab.txt": vocabulary_with(), "tokenizer_config.json": BERT}, {}),
    "bert-with-roberta": (
        "bert", [], {"tokenizer_config.json": {"tokenizer_class": "RobertaTokenizer"}}, {}, ["hello world", ["the cat", "the dog"]],
        "roberta", ["vocab.json", "merges.txt"],
    ),
    "roberta-prefix": (
        "roberta-classifier", ["tokenizer.json"],
        {"tokenizer_config.json": {"add_prefix_space": True, "tokenizer_class": "RobertaTokenizer"}}, {}, ["hello world", "The cat"],
    ),
    "gpt2-prefix": (
        "gpt2-prefix", ["tokenizer.json"],
        {"tokenizer_config.json": {"add_prefix_space": True, "tokenizer_class": "GPT2Tokenizer"}}, {}, ["hello world", "The cat"],
    ),
    "no-types": (
        "bert", ["vocab.txt"], {"tokenizer_config.json": {"model_input_names": ["input_ids", "attention_mask"]}}, {},
        [["the cat", "the dog"]],
    ),
}


def source(text, start, end):
    part = text[start:end]
    return part.lstrip() or part


def case(name, model, copied, files, changes, texts=TEXTS, donor=None, more=()):
    with tempfile.TemporaryDirectory() as folder:
        taken = [f"{model}/{file}" for file in copied] + [f"{donor}/{file}" for file in more]
        for file in taken:
            shutil.copy(HERE / "models" / file, folder)
        config = json.loads((HERE / "models" / model / "config.json").read_text()) | changes
        Path(folder, "config.json").write_text(json.dumps(config))
        written = {file: content if isinstance(content, str) else json.dumps(content) for file, content in files.items()}
        for file, content in written.items():
            Path(folder, file).write_text(content)
        tokenizer = AutoTokenizer.from_pretrained(folder)
        read = []
        for text in texts:
            pair = [text] if isinstance(text, str) else text
            tokens = tokenizer(*pair, return_offsets_mapping=True)
            numbers = tokens.sequence_ids()
            spans = zip(numbers, tokens["offset_mapping"])
            read.append({
                "text": pair,
                "ids": tokens["input_ids"],
                "types": tokens.get("token_type_ids", [0] * len(numbers)),
                "texts": numbers,
                "sources": ["" if n is None else source(pair[n], *span) for n, span in spans],
            })
    return {
        "name": name, "family": config["model_type"], "class": config.get("tokenizer_class"),
        "copied": taken, "files": written, "read": read,
    }


if __name__ == "__main__":
    cases = [case(name, *what) for name, what in CASES.items()]
    text = json.dumps(cases, indent=1, ensure_ascii=False)
    (HERE / "tokenizers.json").write_text(text + "\n")
