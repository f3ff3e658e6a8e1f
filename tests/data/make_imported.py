"""Writes files of attention as NumPy and safetensors users save them, into tests/data/imported.

    python tests/data/make_imported.py

The weights follow a formula that tests/imported.rs computes again: before the rows are divided by their sums,
1 + (7 layer + 5 head + 3 query + 2 key) mod 11, over 2 layers, 2 heads and 4 tokens.
"""

import json
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

OUT = Path(__file__).parent / "imported"
LAYERS, HEADS, N, DIM = 2, 2, 4, 3
TOKENS = ["[CLS]", "heavy", "门", "[SEP]"]

layer, head, query, key = np.indices((LAYERS, HEADS, N, N))
raw = 1.0 + (7 * layer + 5 * head + 3 * query + 2 * key) % 11
A = raw / raw.sum(-1, keepdims=True)
HIDDEN = np.arange((LAYERS + 1) * N * DIM, dtype=np.float32).reshape(LAYERS + 1, N, DIM) / 8

OUT.mkdir(exist_ok=True)
single = A.astype(np.float32)
np.savez(OUT / "plain.npz", attentions=single, tokens=np.array(TOKENS), hidden_states=HIDDEN, other=np.array(None))
np.savez_compressed(
    OUT / "compressed.npz",
    attentions=A,
    tokens=np.array([t.encode() for t in TOKENS]),
    segments=np.array([0, 0, 0, 0]),
    special=np.array([True, False, False, True]),
)
np.savez(OUT / "big_endian.npz", attentions=A.astype(">f4"), tokens=np.array(TOKENS).astype(">U5"))
np.savez(OUT / "columns_first.npz", attentions=np.asfortranarray(single), tokens=np.array(json.dumps(TOKENS)))
np.savez(OUT / "half.npz", attentions=A.astype(np.float16), tokens=np.frombuffer(json.dumps(TOKENS).encode(), np.uint8))
save_file({"attentions": single}, OUT / "metadata.safetensors", metadata={"tokens": json.dumps(TOKENS)})
described = [
    {"piece": t, "id": i, "segment": int(i > 1), "special": t.startswith("[")} for i, t in enumerate(TOKENS)
]
save_file(
    {"attentions": single, "tokens": np.frombuffer(json.dumps(described).encode(), np.uint8)},
    OUT / "objects.safetensors",
)
text = {"made_by": {"any": ["thing", 1, None]}, "tokens": TOKENS, "attentions": A.tolist(), "special": [1, 0, 0, 1]}
(OUT / "plain.json").write_text(json.dumps(text, ensure_ascii=False))

# What is wrong with these is said by name.
np.savez(OUT / "wrong_pickled.npz", attentions=single, tokens=np.array(TOKENS, dtype=object))
np.savez(OUT / "wrong_batch.npz", attentions=single[:, None], tokens=np.array(TOKENS))
np.savez(OUT / "wrong_head.npz", attentions=single[0, 0], tokens=np.array(TOKENS))
np.savez(OUT / "wrong_tokens.npz", attentions=single, tokens=np.array(TOKENS[:3]))
np.savez(OUT / "wrong_keys.npz", attentions=single[..., :3], tokens=np.array(TOKENS))
np.savez(OUT / "wrong_name.npz", attention=single, tokens=np.array(TOKENS))
np.savez(OUT / "wrong_nan.npz", attentions=np.where(A == A[1, 0, 2, 3], np.nan, A), tokens=np.array(TOKENS))
np.savez(OUT / "wrong_hidden.npz", attentions=single, tokens=np.array(TOKENS), hidden_states=HIDDEN[1:])
np.savez(OUT / "wrong_segments.npz", attentions=single, tokens=np.array(TOKENS), segments=np.array([0, 0, 1]))
np.savez(OUT / "sums.npz", attentions=single * 2, tokens=np.array(TOKENS))
