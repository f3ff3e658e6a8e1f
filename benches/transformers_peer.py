"""Times Hugging Face transformers on the checkpoint that the benches make: PyTorch's eager attention, all attentions
and hidden states returned. Prints one JSON line.

    python benches/transformers_peer.py FOLDER [--tokens 128] [--threads 2] [--rounds 20] [--device cpu]
"""

import argparse
import json
import os
import statistics
import time
from pathlib import Path


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--tokens", type=int, default=128)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--warm-up", type=int, default=5)
    parser.add_argument("--device", default="cpu")
    args = parser.parse_args()

    os.environ["OMP_NUM_THREADS"] = str(args.threads)
    os.environ["TRANSFORMERS_VERBOSITY"] = "error"
    os.environ["HF_HUB_OFFLINE"] = "1"
    import torch
    import transformers

    torch.set_num_threads(args.threads)
    # Full single precision on graphics cards too.
    torch.backends.cuda.matmul.allow_tf32 = False
    model = transformers.BertModel.from_pretrained(
        args.folder, attn_implementation="eager", add_pooling_layer=False, dtype=torch.float32
    )
    model = model.to(args.device).eval()
    # The sentence of `base::text`: [CLS], words, [SEP].
    words = [1000 + i * 37 % 29_000 for i in range(args.tokens - 2)]
    ids = torch.tensor([[101, *words, 102]], device=args.device)

    @torch.inference_mode()
    def once():
        start = time.perf_counter()
        out = model(input_ids=ids, output_attentions=True, output_hidden_states=True)
        kept = [t.cpu() for t in (*out.attentions, *out.hidden_states)]
        millis = (time.perf_counter() - start) * 1e3
        assert len(out.attentions) == 12 and len(kept) == 25
        assert out.attentions[0].shape == (1, 12, args.tokens, args.tokens)
        return millis

    for _ in range(args.warm_up):
        once()
    samples = [once() for _ in range(args.rounds)]
    print(
        json.dumps(
            {
                "peer": f"transformers {transformers.__version__}, PyTorch {torch.__version__}, eager",
                "device": args.device,
                "tokens": args.tokens,
                "threads": torch.get_num_threads(),
                "median_ms": round(statistics.median(samples), 2),
                "min_ms": round(min(samples), 2),
                "samples_ms": [round(s, 2) for s in samples],
            }
        )
    )


if __name__ == "__main__":
    main()
