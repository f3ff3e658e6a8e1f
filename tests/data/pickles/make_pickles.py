"""Makes the checkpoints in this folder, and expected.json with the numbers that they hold.

Run from anywhere with torch, numpy and safetensors installed. Every good file holds the tensors of `state()`,
in the precision that its name says; the `refused_` files must be refused.
"""

import collections
import io
import json
import pathlib
import pickle
import struct
import zipfile

import torch
from safetensors.torch import save_file

HERE = pathlib.Path(__file__).parent


def state(dtype=torch.float32):
    """A few tensors of every troublesome kind. `tied` and `whole` share a storage, `part` is a window of it."""
    draw = torch.Generator().manual_seed(7)
    whole = torch.randn(4, 6, generator=draw).to(dtype)
    return collections.OrderedDict(
        [
            ("whole", whole),
            ("tied", whole),
            ("transposed", torch.randn(3, 5, generator=draw).to(dtype).t()),
            ("part", whole[1:3, 2:5]),
            ("stepped", torch.arange(20).to(dtype)[3::4]),
            ("expanded", torch.tensor([2.5]).to(dtype).expand(3, 2)),
            ("scalar", torch.tensor(-0.75).to(dtype)),
            ("empty", torch.zeros(0, 3).to(dtype)),
            ("norm.gamma", torch.tensor([1.0, 2.0]).to(dtype)),
            ("norm.beta", torch.tensor([-1.0, -2.0]).to(dtype)),
            ("parameter", torch.nn.Parameter(torch.tensor([[0.5], [0.25]]).to(dtype))),
        ]
    )


def integers():
    """The types that are not floats, and doubles."""
    return collections.OrderedDict(
        [
            ("i64", torch.tensor([[-(2**40), 5], [3, 2**33]], dtype=torch.int64)),
            ("i32", torch.tensor([-(2**31), 7], dtype=torch.int32)),
            ("i16", torch.tensor([-32768, 32767], dtype=torch.int16)),
            ("i8", torch.tensor([-128, 127], dtype=torch.int8)),
            ("u8", torch.tensor([0, 255], dtype=torch.uint8)),
            ("bool", torch.tensor([True, False, True])),
            ("f64", torch.tensor([1e-3, -2.0], dtype=torch.float64)),
        ]
    )


def numbers(tensors):
    return {
        name: {"shape": list(t.shape), "values": t.detach().to(torch.float32).flatten().tolist()}
        for name, t in tensors.items()
    }


def plain(tensors):
    """The same tensors, each on its own, as safetensors wants them."""
    return {name: t.detach().clone().contiguous() for name, t in tensors.items()}


def rewritten(source, target, change):
    """Copies a zip, record by record, without compression; `change` maps (name, bytes) to bytes or None."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as new:
        for info in old.infolist():
            data = change(info.filename, old.read(info))
            if data is not None:
                new.writestr(zipfile.ZipInfo(info.filename), data)


class Evil:
    def __reduce__(self):
        import os

        return os.system, ("touch lexiscope_was_here",)


def python2(tensor_bytes, numel):
    """A legacy checkpoint as Python 2 wrote it: strings as bytes, an ordered dict as a list of pairs."""
    string = lambda s: b"U" + struct.pack("B", len(s)) + s
    out = b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19."
    out += b"\x80\x02M\xe9\x03."
    out += b"\x80\x02}q\x01(" + string(b"protocol_version") + b"M\xe9\x03" + string(b"little_endian") + b"\x88u."
    storage = b"(" + string(b"storage") + b"ctorch\nFloatStorage\n" + string(b"99") + string(b"cpu")
    storage += b"K" + struct.pack("B", numel) + b"NtQ"
    tensor = b"ctorch._utils\n_rebuild_tensor\n(" + storage + b"K\x00K\x02K\x03\x86K\x03K\x01\x86tR"
    pair = b"](" + string(b"old") + tensor + b"e"
    out += b"\x80\x02ccollections\nOrderedDict\n](" + pair + b"e\x85R."
    out += b"\x80\x02](" + string(b"99") + b"e."
    return out + struct.pack("<q", numel) + tensor_bytes


def main():
    for name, dtype in [("f32", torch.float32), ("f16", torch.float16), ("bf16", torch.bfloat16)]:
        torch.save(state(dtype), HERE / f"zip_{name}.bin")
        save_file(plain(state(dtype)), HERE / f"{name}.safetensors", metadata={"format": "pt"})
    torch.save(integers(), HERE / "zip_integers.bin")
    save_file(plain(integers()), HERE / "integers.safetensors")
    torch.save(state(), HERE / "legacy_f32.bin", _use_new_zipfile_serialization=False)
    torch.save(integers(), HERE / "legacy_integers.bin", _use_new_zipfile_serialization=False)
    torch.save(state(), HERE / "zip_protocol4.bin", pickle_protocol=4)
    torch.save({"epoch": 3, "state_dict": state()}, HERE / "zip_nested.bin")

    model = torch.nn.Linear(3, 2)
    torch.save(model.state_dict(), HERE / "zip_module_state.bin")
    torch.save(model, HERE / "refused_module.bin")

    old = torch.arange(6, dtype=torch.float32).mul(0.5)
    (HERE / "legacy_python2.bin").write_bytes(python2(old.numpy().tobytes(), 6))

    (HERE / "refused_evil.bin").write_bytes(pickle.dumps({"a": Evil()}, protocol=2))
    torch.save({"a": Evil()}, HERE / "refused_evil_zip.bin")
    torch.save({"a": Evil()}, HERE / "refused_evil_legacy.bin", _use_new_zipfile_serialization=False)
    rewritten(
        HERE / "zip_f32.bin",
        HERE / "refused_big_endian.bin",
        lambda name, data: b"big" if name.endswith("byteorder") else data,
    )

    legacy = io.BytesIO((HERE / "legacy_f32.bin").read_bytes())
    assert torch.load(legacy)["whole"].equal(state()["whole"])
    assert torch.load(HERE / "legacy_python2.bin")["old"].equal(old.view(2, 3))

    expected = {
        "f32": numbers(state()),
        "f16": numbers(state(torch.float16)),
        "bf16": numbers(state(torch.bfloat16)),
        "integers": numbers(integers()),
        "module_state": numbers(model.state_dict()),
        "python2": numbers({"old": old.view(2, 3)}),
    }
    (HERE / "expected.json").write_text(json.dumps(expected, indent=1) + "\n")


if __name__ == "__main__":
    torch.manual_seed(0)
    main()
