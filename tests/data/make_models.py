#!/usr/bin/env python3
"""Makes the tiny reference models of the tests and what Hugging Face transformers computes with them.

    python tests/data/make_models.py                 every folder of tests/data/models
    python tests/data/make_models.py bert gpt2       these folders only
    python tests/data/make_models.py --real FOLDER   a small reference of a real model: tests/data/<name>.*

Made with torch 2.15.0, transformers 5.23.0, tokenizers 0.23.3, safetensors 0.8.0, numpy 2.4.6, sentencepiece 0.2.3
(Python 3.11). Nothing is downloaded. Weights come from numpy's frozen RandomState, vocabularies from the text below,
so a second run on the same machine writes the same bytes (another machine may differ in the last bit of a float; the
old PyTorch format of bert-legacy holds memory addresses, so an equal file is left alone).

Conventions
  limit      the most tokens the model reads, special tokens included: `max_position_embeddings` (BERT, DistilBERT,
             ELECTRA, ALBERT), `n_positions` (GPT-2), `max_position_embeddings - pad_token_id - 1` (RoBERTa and
             XLM-RoBERTa, whose positions are counted from the padding id). `long`, `long_pair` and `long_both` are
             truncated to it: the longer text gives first, then both; special tokens are kept.
  spans      bytes `[start, end]` of a token in its own text; `[0, 0]` for the special tokens that the tokenizer adds.
             They are the offsets of the fast tokenizer without leading white space (a token that is nothing but white
             space keeps it); a byte-level piece that is part of a character has the whole character. A `[MASK]` that
             the person typed is no special token here.
  segments   the token-type id where the model has such ids (BERT, ELECTRA, ALBERT); elsewhere 0 or 1 by text, where the
             first text ends with the first special token behind it: `<s>`0 A0 `</s>`0 `</s>`1 B1 `</s>`1.
  truncated  how many tokens did not fit.
  reference  computed in f32 with eager attention, from the weights as the file has them (f16 and bf16 are rounded
             first). No test compares closer than 1e-5; every reference is checked here to be within 3e-6 of the same
             pass in f64, so that nothing in it is an accident of rounding.

expected.json         {model, class, limit, pad, cases: [{name, texts, ids, pieces, spans, segments, special,
                      truncated}], batches: [{name, texts, ids, mask, segments}]}; `pieces` is there for the reader.
expected.safetensors  <case>.attentions [layer, head, query, key], <case>.hidden_states [layer + 1, token, dim],
                      <case>.<head> for every head of the checkpoint: logits [token, vocabulary] (large: only for
                      `single`, `one` and `masked`), next_sentence_logits, sentence_order_logits, sequence_logits
                      [label], token_logits [token, label], discriminator_logits [token]; for `long` only
                      long.attentions_last [head, query, key] and long.hidden_last [token, dim]; for `long_pair` and
                      `long_both` nothing: their tokens are the point. Batches have the batch axis first:
                      padded.attentions [batch, layer, head, query, key], padded.hidden_states
                      [batch, layer + 1, token, dim] and padded.<head> but for the logits over words. Rows of padding
                      mean nothing.
GPT-2 has no separator and therefore no pairs.
"""

import argparse
import json
import os
import shutil
import sys
from collections import Counter
from pathlib import Path

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

import numpy as np
import torch
import transformers
from safetensors.torch import save_file
from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors
from transformers import (
    AlbertConfig, AlbertForPreTraining, AlbertModel, BertConfig, BertForMaskedLM, BertForPreTraining,
    BertForTokenClassification, BertModel, BertTokenizer, DistilBertConfig, DistilBertForMaskedLM, ElectraConfig,
    ElectraForMaskedLM, ElectraForPreTraining, GPT2Config, GPT2ForSequenceClassification, GPT2LMHeadModel,
    GPT2Tokenizer, RobertaConfig, RobertaForMaskedLM, RobertaForSequenceClassification, RobertaTokenizer,
    XLMRobertaConfig, XLMRobertaForMaskedLM,
)

HERE = Path(__file__).resolve().parent
MODELS = HERE / "models"
RANGE = 0.3  # initializer_range: attention must be peaked, or a wrong mask or scale would not show.

# ---------------------------------------------------------------------------------------------------------------------
# Texts

TEXT = """
The old lighthouse keeper climbed the stairs every evening. He carried a lamp, a book and a piece of bread.
The lamp was heavy, the stairs were narrow, and the wind was singing in the tower. When the keeper reached the top,
he lit the lamp and looked at the sea. Ships were passing in the night. Some of them were small boats with one sail,
others were large ships with many lights. The keeper counted them all. He wrote the numbers in his book: one, two,
three, four. The cat slept on the mat. The dog was sleeping near the door. In the morning the birds were singing,
and the keeper walked down the stairs. He opened the door and the dog ran to the water. The children of the village
came running along the beach. They were looking for shells. "Where is the cat?" they asked. "The cat is sleeping,"
said the keeper, "and it does not like water." The children laughed. In winter the sea was dark and the ships were
few. The keeper did not count them. He was reading the book by the light of the lamp. It was a story about an old
house, a river and a woman who walked to the city. She was walking for three days. The city was large and loud.
A naïve café in Zürich sold crème brûlée and jalapeño. 日本 東京 中国 שלום مرحبا Привет 😀 👩 💻 🚀 ❤ ½ €
"""

SINGLE = "The keeper climbed the narrow stairs, singing."
PAIR = ["The children were walking to the city.", "It was loud and dark!"]
LONG = ("In winter the keeper was reading unbelievable stories, the dog was sleeping near the door and the birds "
        "were singing over the river. ") * 3
LONG_PAIR = ["The old lighthouse keeper counted the ships and the lights of the village. " * 3,
             "The cat slept on the mat."]
LONG_BOTH = [LONG, LONG_PAIR[0]]
BATCH = ["The old dog slept.", "Ships were passing the tower in the night, and it was dark.", "lamp"]
# Composed and combining accents, CJK in and outside the vocabulary, emoji of one and of several code points, Hebrew.
MIXED = "Naïve cafe\u0301 日本語 👩\u200d💻 ❤\ufe0f🚀, שלום!"
MASKED = "The {} slept on the mat."

# ---------------------------------------------------------------------------------------------------------------------
# Vocabularies, made by counting: no trainer whose next version could break ties in another way


def counted(text, lower):
    """Words of the text, most frequent first."""
    text = text.lower() if lower else text
    words = pre_tokenizers.BertPreTokenizer().pre_tokenize_str(text)
    return sorted(Counter(w for w, _ in words).items(), key=lambda wc: (-wc[1], wc[0]))


def wordpiece(specials, lower, words=110):
    """A WordPiece vocabulary, in order: special tokens, characters, inner characters, words, endings."""
    text = MIXED + TEXT
    if lower:
        text = normalizers.BertNormalizer(lowercase=True).normalize_str(text)
    chars = sorted({c for c in text if not c.isspace() and c not in "語\u200d"})
    latin = [c for c in chars if c.isalpha() and ord(c) < 0x250] + list("לום💻🚀\u0301")
    frequent = [w for w, _ in counted(text, lower) if len(w) > 1 and w.isascii()][:words]
    endings = ["##ing", "##ed", "##s", "##er", "##ly", "##house", "##able", "##ies", "##ve"]
    return list(dict.fromkeys([*specials, *chars, *(f"##{c}" for c in latin), *frequent, *endings]))


def byte_bpe(merges):
    """A byte-level BPE: the alphabet of 256 stand-in characters and the most frequent pairs, joined in turn."""
    pieces = pre_tokenizers.ByteLevel(add_prefix_space=False).pre_tokenize_str(" " + " ".join(TEXT.split()))
    words = Counter(tuple(w) for w, _ in pieces)
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    made = []
    for _ in range(merges):
        pairs = Counter()
        for word, n in words.items():
            for pair in zip(word, word[1:]):
                pairs[pair] += n
        best = min(pairs, key=lambda p: (-pairs[p], p))
        made.append(best)
        joined = Counter()
        for word, n in words.items():
            out = []
            for piece in word:
                if out and (out[-1], piece) == best:
                    out[-1] += piece
                else:
                    out.append(piece)
            joined[tuple(out)] += n
        words = joined
    return alphabet + ["".join(p) for p in made], made


def unigram(before, after, lower):
    """Unigram pieces with scores: `▁`, characters, words, endings. The scores are log frequencies."""
    text = normalizers.Sequence([normalizers.NFKD(), normalizers.StripAccents()]).normalize_str(TEXT) if lower else TEXT
    text = text.lower() if lower else text
    chars = Counter(c for c in text if not c.isspace())
    total = sum(chars.values())
    score = lambda n: round(float(np.log(n / total)), 4)
    pieces = {"▁": score(60)}
    for c, n in sorted(chars.items(), key=lambda cn: (-cn[1], cn[0])):
        pieces[c] = score(n) - 2.0
    for w, n in counted(text, lower)[:120]:
        if len(w) > 1:
            pieces["▁" + w] = score(n) - 1.0
    for i, w in enumerate(["ing", "ed", "er", "house", "ly", "ou", "th", "ea", "un", "able", "st", "日本"]):
        pieces[w] = score(12 - i)
    return [(t, 0.0) for t in before] + [(p, round(s, 4)) for p, s in pieces.items()] + [(t, 0.0) for t in after]


def charsmap():
    """A sentencepiece normalisation of a few characters, precompiled as XLM-RoBERTa's tokenizer.json has it."""
    import io
    import tempfile

    import sentencepiece

    rules = {"ﬁ": "fi", "①": "1", "…": "...", "\u00a0": " ", "Ａ": "A", "e\u0301": "é"}
    with tempfile.TemporaryDirectory() as folder:
        tsv = Path(folder) / "rules.tsv"
        hexed = lambda s: " ".join(f"{ord(c):X}" for c in s)
        tsv.write_text("".join(f"{hexed(a)}\t{hexed(b)}\n" for a, b in rules.items()))
        model = io.BytesIO()
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter(TEXT.splitlines()), model_writer=model, vocab_size=120, model_type="unigram",
            normalization_rule_tsv=str(tsv), hard_vocab_limit=False, num_threads=1, minloglevel=2)
    from transformers.utils import sentencepiece_model_pb2_new as pb2

    proto = pb2.ModelProto()
    proto.ParseFromString(model.getvalue())
    return proto.normalizer_spec.precompiled_charsmap


# ---------------------------------------------------------------------------------------------------------------------
# Tokenizer files. Each function writes them and returns the fast tokenizer that reads them.

BERT_SPECIALS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
UNUSED_SPECIALS = ["[PAD]", "[unused0]", "[unused1]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]


def dump(path, value):
    path.write_text(json.dumps(value, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def vocab_txt(folder, specials, lower, config=None, newline="\n"):
    vocab = wordpiece(specials, lower)
    (folder / "vocab.txt").write_bytes("".join(t + newline for t in vocab).encode())
    if config is not None:
        dump(folder / "tokenizer_config.json", config)
    return BertTokenizer.from_pretrained(folder)._tokenizer


def bert_template(vocab):
    return processors.TemplateProcessing(
        single="[CLS]:0 $A:0 [SEP]:0", pair="[CLS]:0 $A:0 [SEP]:0 $B:1 [SEP]:1",
        special_tokens=[("[CLS]", vocab.index("[CLS]")), ("[SEP]", vocab.index("[SEP]"))])


def bert_json(folder, specials, lower, processor="template"):
    """tokenizer.json of a WordPiece model; `processor`: template, bert (the older kind) or missing."""
    vocab = wordpiece(specials, lower)
    tok = Tokenizer(models.WordPiece({t: i for i, t in enumerate(vocab)}, unk_token="[UNK]"))
    tok.normalizer = normalizers.BertNormalizer(lowercase=lower)
    tok.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tok.decoder = decoders.WordPiece(prefix="##")
    if processor == "template":
        tok.post_processor = bert_template(vocab)
    elif processor == "bert":
        tok.post_processor = processors.BertProcessing(("[SEP]", vocab.index("[SEP]")), ("[CLS]", vocab.index("[CLS]")))
    tok.add_special_tokens([AddedToken(t, special=True, normalized=False) for t in BERT_SPECIALS])
    tok.save(str(folder / "tokenizer.json"))
    tok = Tokenizer.from_file(str(folder / "tokenizer.json"))
    if processor == "missing":
        assert tok.post_processor is None
        tok.post_processor = bert_template(vocab)
    return tok


def bpe_files(before, after, merges):
    pieces, pairs = byte_bpe(merges)
    vocab = {t: i for i, t in enumerate([*before, *pieces, *after])}
    return vocab, pairs


def bpe_txt(folder, before, after, merges, cls, config):
    """vocab.json and merges.txt, no tokenizer.json."""
    vocab, pairs = bpe_files(before, after, merges)
    (folder / "vocab.json").write_text(json.dumps(vocab), encoding="utf-8")
    lines = ["#version: 0.2", *(" ".join(p) for p in pairs)]
    (folder / "merges.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    dump(folder / "tokenizer_config.json", config)
    return cls.from_pretrained(folder)._tokenizer


def roberta_json(folder, merges):
    before = ["<s>", "<pad>", "</s>", "<unk>"]
    vocab, pairs = bpe_files(before, ["<mask>"], merges)
    tok = Tokenizer(models.BPE(vocab=vocab, merges=pairs))
    tok.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tok.decoder = decoders.ByteLevel()
    tok.post_processor = processors.RobertaProcessing(
        ("</s>", 2), ("<s>", 0), trim_offsets=True, add_prefix_space=False)
    tok.add_special_tokens([AddedToken(t, special=True) for t in before])
    tok.add_special_tokens([AddedToken("<mask>", special=True, lstrip=True)])
    tok.save(str(folder / "tokenizer.json"))
    return Tokenizer.from_file(str(folder / "tokenizer.json"))


def gpt2_json(folder, merges):
    """With the truncation and padding that a training run left in the file: they are no property of the model."""
    vocab, pairs = bpe_files([], ["<|endoftext|>"], merges)
    tok = Tokenizer(models.BPE(vocab=vocab, merges=pairs))
    tok.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tok.decoder = decoders.ByteLevel()
    tok.post_processor = processors.ByteLevel(trim_offsets=False)
    end = len(vocab) - 1
    tok.add_special_tokens([AddedToken("<|endoftext|>", special=True)])
    tok.enable_truncation(max_length=5)
    tok.enable_padding(pad_id=end, pad_token="<|endoftext|>", length=20)
    tok.save(str(folder / "tokenizer.json"))
    return Tokenizer.from_file(str(folder / "tokenizer.json"))


def unigram_json(folder, kind):
    if kind == "xlm-roberta":
        vocab = unigram(["<s>", "<pad>", "</s>", "<unk>"], ["<mask>"], lower=False)
        ids = {t: i for i, (t, _) in enumerate(vocab)}
        tok = Tokenizer(models.Unigram(vocab, unk_id=3, byte_fallback=False))
        tok.normalizer = normalizers.Precompiled(charsmap())
        specials, cls, sep, types = ["<s>", "<pad>", "</s>", "<unk>"], "<s>", "</s>", "<s> $A </s> </s> $B </s>"
    else:
        vocab = unigram(["<pad>", "<unk>", "[CLS]", "[SEP]", "[MASK]"], [], lower=True)
        ids = {t: i for i, (t, _) in enumerate(vocab)}
        tok = Tokenizer(models.Unigram(vocab, unk_id=1, byte_fallback=False))
        tok.normalizer = normalizers.Sequence([
            normalizers.Replace("``", '"'), normalizers.Replace("''", '"'), normalizers.NFKD(),
            normalizers.StripAccents(), normalizers.Lowercase()])
        specials, cls, sep = ["<pad>", "<unk>", "[CLS]", "[SEP]"], "[CLS]", "[SEP]"
        types = "[CLS]:0 $A:0 [SEP]:0 $B:1 [SEP]:1"
    tok.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="always")])
    tok.decoder = decoders.Metaspace(replacement="▁", prepend_scheme="always")
    tok.post_processor = processors.TemplateProcessing(
        single=f"{cls} $A {sep}", pair=types, special_tokens=[(cls, ids[cls]), (sep, ids[sep])])
    tok.add_special_tokens([AddedToken(t, special=True) for t in specials])
    mask = "<mask>" if "<mask>" in ids else "[MASK]"
    tok.add_special_tokens([AddedToken(mask, special=True, lstrip=True)])
    tok.save(str(folder / "tokenizer.json"))
    return Tokenizer.from_file(str(folder / "tokenizer.json"))


# ---------------------------------------------------------------------------------------------------------------------
# Weights


def randomise(model, seed):
    """Fills every parameter, in the order of their names; norms and biases as well, or a lost one would not show."""
    state = np.random.RandomState(seed)
    with torch.no_grad():
        for name, p in sorted(model.named_parameters()):
            values = state.standard_normal(tuple(p.shape))
            norm = any(n in name.lower() for n in ("layernorm", "layer_norm", "ln_"))
            if norm and name.endswith("weight"):
                values = 1.0 + 0.3 * values
            elif name.endswith("bias"):
                values = 0.3 * values
            else:
                values = model.config.initializer_range * values
            p.copy_(torch.from_numpy(values.astype(np.float32)))


def weights(model, drop=()):
    """The state of the model as a file has it: contiguous, none of the tensors whose names end in `drop`."""
    state = {k: v.detach().clone().contiguous() for k, v in model.state_dict().items()}
    return {k: v for k, v in state.items() if not k.endswith(tuple(drop))}


def save_torch(path, state, zipped):
    """torch.save writes memory addresses into the old format: an equal file is left as it is."""
    if path.exists():
        old = torch.load(path, weights_only=True)
        if list(old) == list(state) and all(torch.equal(old[k], state[k]) for k in state):
            return
    torch.save(state, path, _use_new_zipfile_serialization=zipped)


def save_safetensors(folder, state):
    save_file(state, str(folder / "model.safetensors"), metadata={"format": "pt"})


# ---------------------------------------------------------------------------------------------------------------------
# The models: folder -> (config, class, tokenizer, weights)


def config_json(folder, config, cls, **more):
    """config.json as transformers writes it, with `more` fields."""
    config.architectures = [cls.__name__]
    dump(folder / "config.json", {**json.loads(config.to_json_string()), **more})


BERT_SIZES = dict(hidden_size=24, num_hidden_layers=2, num_attention_heads=4, intermediate_size=40,
                  max_position_embeddings=40, type_vocab_size=2, initializer_range=RANGE)


def make_bert(folder):
    tok = vocab_txt(folder, UNUSED_SPECIALS, lower=True)
    config = BertConfig(vocab_size=tok.get_vocab_size(), **BERT_SIZES)
    model = BertForPreTraining(config)
    randomise(model, 1)
    save_safetensors(folder, weights(model, drop=["predictions.decoder.weight", "predictions.decoder.bias"]))
    config_json(folder, config, BertForPreTraining)
    return tok, BertForPreTraining


def make_bert_cased(folder):
    """vocab.txt with CRLF; a zip of PyTorch with a decoder that shares the words' storage, a transposed tensor and the
    `position_ids` that old checkpoints have; relu."""
    config = {"do_lower_case": False, "model_max_length": 40}
    tok = vocab_txt(folder, BERT_SPECIALS, lower=False, config=config, newline="\r\n")
    config = BertConfig(vocab_size=tok.get_vocab_size(), hidden_act="relu", **BERT_SIZES)
    model = BertForMaskedLM(config)
    randomise(model, 2)
    state = weights(model)
    state["cls.predictions.decoder.weight"] = state["bert.embeddings.word_embeddings.weight"]
    state["cls.predictions.decoder.bias"] = state["cls.predictions.bias"]
    name = "bert.encoder.layer.0.intermediate.dense.weight"
    state[name] = state[name].t().contiguous().t()
    state = {"bert.embeddings.position_ids": torch.arange(config.max_position_embeddings).expand(1, -1), **state}
    save_torch(folder / "pytorch_model.bin", state, zipped=True)
    config_json(folder, config, BertForMaskedLM, position_embedding_type="absolute")
    return tok, BertForMaskedLM


def make_bert_tagger(folder):
    tok = bert_json(folder, BERT_SPECIALS, lower=True, processor="bert")
    names = ["O", "B-PER", "I-PER", "B-LOC", "I-LOC"]
    config = BertConfig(vocab_size=tok.get_vocab_size(), id2label=dict(enumerate(names)),
                        label2id={n: i for i, n in enumerate(names)}, **BERT_SIZES)
    model = BertForTokenClassification(config)
    randomise(model, 3)
    save_safetensors(folder, weights(model))
    config_json(folder, config, BertForTokenClassification)
    return tok, BertForTokenClassification


def make_bert_legacy(folder):
    """The old format of PyTorch, `gamma` and `beta`, no prefix, no head, a configuration with few fields; queries, keys
    and values of a layer are views into one storage."""
    tok = vocab_txt(folder, UNUSED_SPECIALS, lower=True)
    config = BertConfig(vocab_size=tok.get_vocab_size(), **{**BERT_SIZES, "num_attention_heads": 2})
    model = BertModel(config)
    randomise(model, 4)
    state = weights(model)
    for layer in range(config.num_hidden_layers):
        names = [f"encoder.layer.{layer}.attention.self.{n}.weight" for n in ("query", "key", "value")]
        for name, part in zip(names, torch.cat([state[n] for n in names]).chunk(3)):
            state[name] = part
    old = lambda k: k.replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta")
    save_torch(folder / "pytorch_model.bin", {old(k): v for k, v in state.items()}, zipped=False)
    fields = ["vocab_size", "hidden_act", "attention_probs_dropout_prob", "hidden_dropout_prob", *BERT_SIZES]
    dump(folder / "config.json", {"model_type": "bert", **{k: getattr(config, k) for k in fields}})
    return tok, BertModel


def make_bert_sharded(folder):
    """Shards of bf16 with an index; tokenizer.json without its post-processor; silu, another epsilon."""
    tok = bert_json(folder, BERT_SPECIALS, lower=True, processor="missing")
    sizes = {**BERT_SIZES, "hidden_size": 32, "num_hidden_layers": 3}
    config = BertConfig(vocab_size=tok.get_vocab_size(), hidden_act="silu", layer_norm_eps=1e-3, **sizes)
    model = BertForPreTraining(config)
    randomise(model, 5)
    state = weights(model, drop=["predictions.decoder.weight", "predictions.decoder.bias"])
    state = {k: v.to(torch.bfloat16) for k, v in state.items()}
    names, third = list(state), len(state) // 3
    shards = [names[:third], names[third:2 * third], names[2 * third:]]
    where = {}
    for i, shard in enumerate(shards, start=1):
        file = f"model-{i:05}-of-{len(shards):05}.safetensors"
        save_file({k: state[k] for k in shard}, str(folder / file), metadata={"format": "pt"})
        where.update(dict.fromkeys(shard, file))
    size = sum(v.numel() * v.element_size() for v in state.values())
    dump(folder / "model.safetensors.index.json", {"metadata": {"total_size": size}, "weight_map": where})
    config_json(folder, config, BertForPreTraining, dtype="bfloat16")
    return tok, BertForPreTraining


def roberta_sizes(tokens):
    sizes = dict(hidden_size=24, num_hidden_layers=2, num_attention_heads=3, intermediate_size=40, type_vocab_size=1,
                 layer_norm_eps=1e-5, initializer_range=RANGE, pad_token_id=1, bos_token_id=0, eos_token_id=2)
    return {**sizes, "max_position_embeddings": tokens + 2}


def make_roberta(folder):
    mask = {"__type": "AddedToken", "content": "<mask>", "lstrip": True, "normalized": False, "rstrip": False,
            "single_word": False, "special": True}
    tok = bpe_txt(folder, ["<s>", "<pad>", "</s>", "<unk>"], ["<mask>"], 120, RobertaTokenizer, {"mask_token": mask})
    config = RobertaConfig(vocab_size=tok.get_vocab_size(), **roberta_sizes(54))
    model = RobertaForMaskedLM(config)
    randomise(model, 6)
    save_safetensors(folder, weights(model, drop=["lm_head.decoder.weight", "lm_head.decoder.bias"]))
    config_json(folder, config, RobertaForMaskedLM)
    return tok, RobertaForMaskedLM


def make_roberta_classifier(folder):
    tok = roberta_json(folder, 100)
    names = ["negative", "neutral", "positive"]
    config = RobertaConfig(vocab_size=tok.get_vocab_size(), id2label=dict(enumerate(names)),
                           label2id={n: i for i, n in enumerate(names)}, **roberta_sizes(54))
    model = RobertaForSequenceClassification(config)
    randomise(model, 7)
    save_safetensors(folder, weights(model))
    config_json(folder, config, RobertaForSequenceClassification)
    return tok, RobertaForSequenceClassification


def make_xlm_roberta(folder):
    tok = unigram_json(folder, "xlm-roberta")
    config = XLMRobertaConfig(vocab_size=tok.get_vocab_size(), **roberta_sizes(40))
    model = XLMRobertaForMaskedLM(config)
    randomise(model, 8)
    save_safetensors(folder, weights(model, drop=["lm_head.decoder.weight", "lm_head.decoder.bias"]))
    config_json(folder, config, XLMRobertaForMaskedLM)
    return tok, XLMRobertaForMaskedLM


def make_distilbert(folder):
    tok = bert_json(folder, BERT_SPECIALS, lower=True)
    config = DistilBertConfig(vocab_size=tok.get_vocab_size(), dim=24, n_layers=2, n_heads=3, hidden_dim=40,
                              max_position_embeddings=40, initializer_range=RANGE)
    model = DistilBertForMaskedLM(config)
    randomise(model, 9)
    save_safetensors(folder, weights(model, drop=["vocab_projector.weight"]))
    config_json(folder, config, DistilBertForMaskedLM)
    return tok, DistilBertForMaskedLM


ELECTRA_SIZES = {**BERT_SIZES, "embedding_size": 16, "hidden_size": 32}


def make_electra(folder):
    tok = bert_json(folder, BERT_SPECIALS, lower=True)
    config = ElectraConfig(vocab_size=tok.get_vocab_size(), **ELECTRA_SIZES)
    model = ElectraForPreTraining(config)
    randomise(model, 10)
    save_safetensors(folder, weights(model))
    config_json(folder, config, ElectraForPreTraining)
    return tok, ElectraForPreTraining


def make_electra_generator(folder):
    tok = vocab_txt(folder, BERT_SPECIALS, lower=True, config={"do_lower_case": True})
    config = ElectraConfig(vocab_size=tok.get_vocab_size(), layer_norm_eps=1e-3, **ELECTRA_SIZES)
    model = ElectraForMaskedLM(config)
    randomise(model, 11)
    save_safetensors(folder, weights(model, drop=["generator_lm_head.weight"]))
    config_json(folder, config, ElectraForMaskedLM)
    return tok, ElectraForMaskedLM


ALBERT_SIZES = {**BERT_SIZES, "embedding_size": 16, "hidden_size": 32, "pad_token_id": 0, "bos_token_id": 2,
                "eos_token_id": 3}


def make_albert(folder):
    tok = unigram_json(folder, "albert")
    sizes = {**ALBERT_SIZES, "num_hidden_layers": 3}
    config = AlbertConfig(vocab_size=tok.get_vocab_size(), hidden_act="gelu_new", **sizes)
    model = AlbertForPreTraining(config)
    randomise(model, 12)
    save_safetensors(folder, weights(model, drop=["predictions.decoder.weight", "predictions.decoder.bias"]))
    config_json(folder, config, AlbertForPreTraining)
    return tok, AlbertForPreTraining


def make_albert_groups(folder):
    """Three layers in two groups of two blocks: six blocks are run, the first group twice."""
    tok = unigram_json(folder, "albert")
    sizes = {**ALBERT_SIZES, "num_hidden_layers": 3, "hidden_size": 24, "num_attention_heads": 2}
    config = AlbertConfig(vocab_size=tok.get_vocab_size(), num_hidden_groups=2, inner_group_num=2,
                          hidden_act="gelu", **sizes)
    model = AlbertModel(config)
    randomise(model, 13)
    save_safetensors(folder, weights(model))
    config_json(folder, config, AlbertModel)
    return tok, AlbertModel


def make_gpt2(folder):
    """Names without prefix and with the causal masks, as the file of the first GPT-2 has them."""
    tok = bpe_txt(folder, [], ["<|endoftext|>"], 100, GPT2Tokenizer, {"model_max_length": 52})
    end = tok.token_to_id("<|endoftext|>")
    config = GPT2Config(vocab_size=tok.get_vocab_size(), n_positions=52, n_embd=20, n_layer=2, n_head=4,
                        initializer_range=RANGE, bos_token_id=end, eos_token_id=end)
    model = GPT2LMHeadModel(config)
    randomise(model, 14)
    state = {k.removeprefix("transformer."): v for k, v in weights(model, drop=["lm_head.weight"]).items()}
    for layer in range(config.n_layer):
        state[f"h.{layer}.attn.bias"] = torch.ones(1, 1, 52, 52, dtype=torch.bool).tril()
    save_safetensors(folder, state)
    config_json(folder, config, GPT2LMHeadModel)
    return tok, GPT2LMHeadModel


def make_gpt2_prefix(folder):
    """f16, names with prefix, a decoder of its own, an inner width that is not four times the width."""
    tok = gpt2_json(folder, 90)
    end = tok.token_to_id("<|endoftext|>")
    config = GPT2Config(vocab_size=tok.get_vocab_size(), n_positions=52, n_embd=32, n_layer=3, n_head=2, n_inner=40,
                        activation_function="gelu", layer_norm_epsilon=1e-3, tie_word_embeddings=False,
                        initializer_range=RANGE, bos_token_id=end, eos_token_id=end)
    model = GPT2LMHeadModel(config)
    randomise(model, 15)
    save_safetensors(folder, {k: v.half() for k, v in weights(model).items()})
    config_json(folder, config, GPT2LMHeadModel, dtype="float16")
    return tok, GPT2LMHeadModel


def make_gpt2_classifier(folder):
    """The last token that is not padding decides."""
    tok = bpe_txt(folder, [], ["<|endoftext|>"], 100, GPT2Tokenizer, {"pad_token": "<|endoftext|>"})
    end = tok.token_to_id("<|endoftext|>")
    config = GPT2Config(vocab_size=tok.get_vocab_size(), n_positions=52, n_embd=16, n_layer=2, n_head=2, num_labels=3,
                        initializer_range=RANGE, bos_token_id=end, eos_token_id=end, pad_token_id=end)
    model = GPT2ForSequenceClassification(config)
    randomise(model, 16)
    save_safetensors(folder, weights(model))
    config_json(folder, config, GPT2ForSequenceClassification)
    return tok, GPT2ForSequenceClassification


MAKERS = {
    "bert": make_bert, "bert-cased": make_bert_cased, "bert-tagger": make_bert_tagger, "bert-legacy": make_bert_legacy,
    "bert-sharded": make_bert_sharded, "roberta": make_roberta, "roberta-classifier": make_roberta_classifier,
    "xlm-roberta": make_xlm_roberta, "distilbert": make_distilbert, "electra": make_electra,
    "electra-generator": make_electra_generator, "albert": make_albert, "albert-groups": make_albert_groups,
    "gpt2": make_gpt2, "gpt2-classifier": make_gpt2_classifier, "gpt2-prefix": make_gpt2_prefix,
}

# ---------------------------------------------------------------------------------------------------------------------
# Encoding


def token_limit(config):
    if config.model_type in ("roberta", "xlm-roberta"):
        return config.max_position_embeddings - config.pad_token_id - 1
    return config.max_position_embeddings


def has_segments(config):
    return config.model_type in ("bert", "electra", "albert")


def byte_span(text, start, end):
    """Characters to bytes, without the white space in front of a word."""
    inside = text[start:end]
    start = end - len(inside.lstrip()) if inside.strip() else start
    return [len(text[:start].encode()), len(text[:end].encode())]


def untrimmed(tok):
    """The tokenizer with the offsets of RoBERTa's tokens as they are before its post-processor shortens them."""
    value = json.loads(tok.to_str())
    if value["post_processor"] and "trim_offsets" in value["post_processor"]:
        value["post_processor"]["trim_offsets"] = False
    return Tokenizer.from_str(json.dumps(value))


def encode(tok, config, name, texts):
    """One case of expected.json."""
    tok.no_padding()
    tok.no_truncation()
    full = len(tok.encode(*texts))
    tok.enable_truncation(token_limit(config), strategy="longest_first")
    trimmed = tok.encode(*texts)
    encoding = untrimmed(tok).encode(*texts)
    assert encoding.ids == trimmed.ids
    special = [bool(s) for s in encoding.special_tokens_mask]
    segments, text = [], 0
    for i, (token_type, sequence) in enumerate(zip(encoding.type_ids, encoding.sequence_ids)):
        text = text if sequence is None else sequence
        segments.append(token_type if has_segments(config) else text)
        text += sequence is None and i > 0
    spans = []
    for (start, end), sequence, theirs in zip(encoding.offsets, encoding.sequence_ids, trimmed.offsets):
        spans.append([0, 0] if sequence is None else byte_span(texts[sequence], start, end))
        # Where the tokenizer trims, it trims as we do.
        white = sequence is not None and not texts[sequence][start:end].strip()
        assert sequence is None or theirs == (start, end) or white or spans[-1] == byte_span(texts[sequence], *theirs)
    assert all(s == (q is None) for s, q in zip(special, encoding.sequence_ids))
    return {"name": name, "texts": texts, "ids": encoding.ids, "pieces": [tok.id_to_token(i) for i in encoding.ids],
            "spans": spans, "segments": segments, "special": special, "truncated": full - len(encoding)}


def cases(tok, config):
    vocab = tok.get_vocab()
    one = next(w for w in ("lamp", "the", "he", "a") if encode(tok, config, "", [w])["special"].count(False) == 1)
    mask = next((m for m in ("[MASK]", "<mask>") if m in vocab), None)
    causal = config.model_type == "gpt2"
    wanted = [("single", [SINGLE])]
    wanted += [] if causal else [("pair", PAIR)]
    wanted += [("one", [one]), ("mixed", [MIXED]), ("long", [LONG])]
    wanted += [] if causal else [("long_pair", LONG_PAIR), ("long_both", LONG_BOTH)]
    wanted += [("masked", [MASKED.format(mask)])] if mask else []
    made = [encode(tok, config, name, texts) for name, texts in wanted]
    by_name = {c["name"]: c for c in made}
    assert by_name["long"]["truncated"] > 0 and len(by_name["long"]["ids"]) == token_limit(config)
    assert causal or min(by_name["long_pair"]["truncated"], by_name["long_both"]["truncated"]) > 0
    if mask:
        case = by_name["masked"]
        at = case["ids"].index(vocab[mask])
        start, end = case["spans"][at]
        assert not case["special"][at] and case["texts"][0][start:end] == mask
    return made


def batch(tok, config, pad):
    rows = [encode(tok, config, "", [t]) for t in BATCH]
    longest = max(len(r["ids"]) for r in rows)
    fill = lambda row, value: row + [value] * (longest - len(row))
    return {"name": "padded", "texts": BATCH, "ids": [fill(r["ids"], pad) for r in rows],
            "mask": [fill([1] * len(r["ids"]), 0) for r in rows],
            "segments": [fill(r["segments"], 0) for r in rows]}


# ---------------------------------------------------------------------------------------------------------------------
# The reference

HEADS = {"seq_relationship_logits": "next_sentence_logits", "sop_logits": "sentence_order_logits",
         "prediction_logits": "logits"}


def head_name(model, key):
    if key == "logits":
        kind = type(model).__name__
        if kind == "ElectraForPreTraining":
            return "discriminator_logits"
        if kind.endswith("ForTokenClassification"):
            return "token_logits"
        if kind.endswith("ForSequenceClassification"):
            return "sequence_logits"
        return "logits"
    return HEADS[key]


def compute(model, ids, segments, mask=None):
    """Attentions [batch, layer, head, query, key], hidden states [batch, layer + 1, token, dim] and logits."""
    given = {"input_ids": torch.tensor(ids)}
    if has_segments(model.config):
        given["token_type_ids"] = torch.tensor(segments)
    given["attention_mask"] = torch.ones_like(given["input_ids"]) if mask is None else torch.tensor(mask)
    with torch.no_grad():
        out = model(**given, output_attentions=True, output_hidden_states=True, return_dict=True)
    made = {"attentions": torch.stack(out.attentions, dim=1), "hidden_states": torch.stack(out.hidden_states, dim=1)}
    made.update({head_name(model, k): v for k, v in out.items() if k.endswith("logits")})
    return made


def reference(model, ids, segments, mask=None):
    """`compute`, checked against the same pass in f64 where the rows are not padding."""
    made = compute(model, ids, segments, mask)
    exact = compute(model.double(), ids, segments, mask)
    model.float()
    keep = torch.ones(len(ids), len(ids[0])) if mask is None else torch.tensor(mask).float()
    for key, value in made.items():
        difference = (value.double() - exact[key]).abs()
        if key == "attentions":
            difference = difference * keep[:, None, None, :, None]
        elif key == "hidden_states":
            difference = difference * keep[:, None, :, None]
        elif key in ("logits", "token_logits"):
            difference = difference * keep[:, :, None]
        elif key == "discriminator_logits":
            difference = difference * keep
        worst = (difference.max() / exact[key].abs().max().clamp(min=1.0)).item()
        WORST[0] = max(WORST[0], worst)
        assert worst < 3e-6, (type(model).__name__, key, worst)
    return made


WORST = [0.0]


def load(folder, cls):
    """The model as transformers reads it back from the folder, computing in f32."""
    model, info = cls.from_pretrained(
        folder, attn_implementation="eager", dtype=torch.float32, output_loading_info=True)
    assert not info["missing_keys"] and not info["mismatched_keys"], info
    return model.eval()


def make(name):
    folder = MODELS / name
    old = {p.name for p in folder.glob("*")} if folder.exists() else set()
    for file in old - {"pytorch_model.bin"}:
        (folder / file).unlink()
    folder.mkdir(parents=True, exist_ok=True)
    tok, cls = MAKERS[name](folder)
    model = load(folder, cls)
    config = model.config
    pad = config.pad_token_id if config.pad_token_id is not None else tok.token_to_id("<|endoftext|>")
    expected = {"model": name, "class": cls.__name__, "limit": token_limit(config), "pad": pad,
                "cases": cases(tok, config), "batches": [batch(tok, config, pad)]}
    tensors, peak, layers = {}, 0.0, set()
    for case in expected["cases"]:
        made = reference(model, [case["ids"]], [case["segments"]])
        made = {k: v[0] for k, v in made.items()}
        layers.add((len(made["attentions"]), len(made["hidden_states"])))
        if len(case["ids"]) > 4:
            peak = max(peak, made["attentions"][..., 3:, :].max().item())
        if case["name"] not in ("single", "one", "masked"):
            made.pop("logits", None)
        if case["name"] == "long":
            made = {"attentions_last": made["attentions"][-1], "hidden_last": made["hidden_states"][-1]}
        elif case["name"] in ("long_pair", "long_both"):
            made = {}
        tensors.update({f"{case['name']}.{k}": v.contiguous() for k, v in made.items()})
    assert peak > 0.5, f"{name}: attention is flat, the largest probability is {peak}"
    for b in expected["batches"]:
        made = reference(model, b["ids"], b["segments"], b["mask"])
        made.pop("logits", None)
        tensors.update({f"{b['name']}.{k}": v.contiguous() for k, v in made.items()})
    write_json(folder / "expected.json", expected)
    save_file(tensors, str(folder / "expected.safetensors"))
    sizes = {p.name: p.stat().st_size for p in folder.iterdir()}
    held = sum(n for f, n in sizes.items() if f.endswith((".bin", ".safetensors")) and not f.startswith("expected"))
    assert held < 100_000, (name, held)
    assert sizes["expected.safetensors"] < 300_000, (name, sizes)
    worst, WORST[0] = WORST[0], 0.0
    print(f"{name:20} weights {held:6}  expected {sizes['expected.safetensors']:6}  all {sum(sizes.values()):6}  "
          f"vocabulary {tok.get_vocab_size():3}  layers {sorted(layers)}  tokens "
          f"{' '.join(str(len(c['ids'])) for c in expected['cases'])}  largest probability {peak:.3f}  "
          f"f32 is {worst:.1e} from f64")


def write_json(path, expected):
    """One line per list of numbers: small, and a diff shows which tokens changed."""
    text = lambda v: json.dumps(v, ensure_ascii=False)
    rows = lambda key: ",\n".join(
        "  {" + ",\n   ".join(f"{text(k)}: {text(v)}" for k, v in item.items()) + "}" for item in expected[key])
    lists = [k for k in ("cases", "batches") if k in expected]
    plain = [f"{text(k)}: {text(v)}" for k, v in expected.items() if k not in lists]
    parts = plain + [f"{text(k)}: [\n{rows(k)}\n ]" for k in lists]
    path.write_text("{\n " + ",\n ".join(parts) + "\n}\n", encoding="utf-8")
    json.loads(path.read_text(encoding="utf-8"))


def make_real(folder):
    """A reference that is small enough to keep: one sentence through a real model."""
    name = folder.resolve().name
    config = transformers.AutoConfig.from_pretrained(folder)
    cls = getattr(transformers, config.architectures[0])
    model = load(folder, cls)
    tok = Tokenizer.from_file(str(folder / "tokenizer.json"))
    case = encode(tok, config, "single", ["The children were walking home, singing quietly."])
    made = {k: v[0] for k, v in reference(model, [case["ids"]], [case["segments"]]).items()}
    tensors = {"single.attentions": made["attentions"], "single.hidden_last": made["hidden_states"][-1]}
    save_file({k: v.contiguous() for k, v in tensors.items()}, str(HERE / f"{name}.safetensors"))
    write_json(HERE / f"{name}.json", {"model": name, "class": cls.__name__, "limit": token_limit(config),
                                       "pad": config.pad_token_id, "cases": [case]})
    print(f"{name}: {len(case['ids'])} tokens, {(HERE / f'{name}.safetensors').stat().st_size} bytes")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"folders to make (default: {', '.join(MAKERS)})")
    parser.add_argument("--real", type=Path, metavar="FOLDER", help="a real model instead")
    asked = parser.parse_args()
    transformers.utils.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    torch.set_num_threads(1)
    if asked.real:
        return make_real(asked.real)
    unknown = set(asked.names) - set(MAKERS)
    if unknown:
        sys.exit(f"no such model: {', '.join(sorted(unknown))}")
    for name in asked.names or MAKERS:
        make(name)
    if not asked.names:
        for folder in MODELS.iterdir():
            if folder.name not in MAKERS:
                shutil.rmtree(folder)


if __name__ == "__main__":
    main()
