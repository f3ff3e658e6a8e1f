#!/usr/bin/env bash
# Lexiscope on an NVIDIA card.
#
#   benches/gpu.sh build    compiles the tests and the benches with --features cuda into target/gpu; needs no card
#   benches/gpu.sh run      on a machine with a card: compares every family with its reference (1e-3 of the largest
#                           value, TF32 off) and times BERT-base's shape at 128 and 512 tokens with everything captured
#                           and copied back, transformers beside it where this Python has it
#
# Where there is no CUDA toolkit, `build` takes NVIDIA's compiler from PyPI into target/gpu/toolkit and links against
# stubs of the libraries, so that some 2 GB of them are not needed to build. `run` needs the real ones: a driver, and
# CUDA 13's cuBLAS, cuRAND, NVRTC and runtime from a toolkit or from the wheels that come with PyTorch. The two may be
# two machines: copy the repository with target/gpu/models and target/gpu/forward.
#
#   CUDA_COMPUTE_CAP=80  the oldest card that the kernels are made for; the driver compiles them for newer ones
#   PYTHON=python3
set -euo pipefail
cd "$(dirname "$0")/.."

python=${PYTHON:-python3}
out=$PWD/target/gpu

# NVIDIA's compiler, headers and runtime. cudarc 0.19 knows CUDA 11.4 to 13.4; 13.0 suits drivers from 580 on.
toolkit() {
    local root=$out/toolkit/nvidia/cu13 lib
    if [ ! -x "$root/bin/nvcc" ]; then
        "$python" -m pip install --quiet --target "$out/toolkit" nvidia-cuda-nvcc==13.0.88 nvidia-nvvm==13.0.88 \
            nvidia-cuda-crt==13.0.88 nvidia-cuda-runtime==13.0.96 nvidia-cuda-cccl==13.0.85 nvidia-curand==10.4.0.35
        chmod +x "$root"/bin/* "$root"/nvvm/bin/* 2> /dev/null || true
    fi
    # The wheels have neither lib64 nor names without a version.
    ln -sfn lib "$root/lib64"
    for lib in "$root"/lib/lib*.so.*; do ln -sf "$(basename "$lib")" "${lib%%.so.*}.so"; done
    export CUDA_HOME=$root PATH=$root/bin:$PATH
}

# Empty libraries with the names of the real ones and every function that cudarc declares.
stubs() {
    local host sys folder name soname
    host=$(rustc -vV | sed -n 's/host: //p')
    sys=$(cargo metadata --locked --format-version 1 --features cuda --filter-platform "$host" | "$python" -c '
import json, pathlib, sys
packages = json.load(sys.stdin)["packages"]
print(next(pathlib.Path(p["manifest_path"]).parent / "src" for p in packages if p["name"] == "cudarc"))')
    mkdir -p "$out/stubs"
    while read -r folder name soname; do
        grep -ohE '\bfn (cu|nvrtc)[A-Za-z0-9_]+' "$sys/$folder/sys/mod.rs" | awk '{ print "void " $2 "(void) {}" }' \
            | sort -u > "$out/stubs/$name.c"
        cc -shared -fPIC -w -fno-builtin -Wl,-soname,"$soname" -o "$out/stubs/lib$name.so" "$out/stubs/$name.c"
    done << 'END'
driver cuda libcuda.so.1
cublas cublas libcublas.so.13
cublaslt cublasLt libcublasLt.so.13
curand curand libcurand.so.10
nvrtc nvrtc libnvrtc.so.13
END
    # For the linker only: at run time the real ones are found.
    export LIBRARY_PATH=$out/stubs:$CUDA_HOME/lib${LIBRARY_PATH:+:$LIBRARY_PATH}
}

build() {
    mkdir -p "$out"
    if ! command -v nvcc > /dev/null; then
        toolkit
        stubs
    fi
    export CUDA_COMPUTE_CAP=${CUDA_COMPUTE_CAP:-80} CARGO_INCREMENTAL=0
    local kind name
    for kind in "test --release --test models" "bench --bench forward"; do
        name=${kind##* }
        # shellcheck disable=SC2086
        cargo $kind --locked --features cuda --no-run --message-format=json-render-diagnostics | "$python" -c '
import json, shutil, sys
built = (json.loads(line) for line in sys.stdin)
program = [b["executable"] for b in built if b.get("executable") and b["target"]["name"] == sys.argv[1]]
shutil.copy(program[-1], sys.argv[2])' "$name" "$out/$name"
        strip "$out/$name"
        echo "$out/$name"
    done
}

run() {
    # PyTorch's wheels keep the libraries beside the package `nvidia`.
    local wheels
    wheels=$("$python" -c '
import glob, nvidia, os
found = {os.path.dirname(f) for p in nvidia.__path__ for f in glob.glob(p + "/**/lib*.so.*", recursive=True)}
print(":".join(sorted(found)))' 2> /dev/null || true)
    export LD_LIBRARY_PATH=${LD_LIBRARY_PATH:+$LD_LIBRARY_PATH:}/usr/local/cuda/lib64${wheels:+:$wheels}
    # candle leaves TF32 off; nothing in the environment may turn it on.
    export LEXISCOPE_DEVICE=cuda CARGO_MANIFEST_DIR=$PWD NVIDIA_TF32_OVERRIDE=0
    nvidia-smi --query-gpu=name,driver_version --format=csv,noheader
    "$out/models" --test-threads=1
    "$out/forward" --bench 'bert-base-cuda/(128|512)'
    if "$python" -c 'import transformers, torch; assert torch.cuda.is_available()' 2> /dev/null; then
        for tokens in 128 512; do
            "$python" benches/transformers_peer.py "${TMPDIR:-/tmp}/lexiscope-bert-base-mlm" --device cuda --tokens $tokens
        done
    fi
}

case ${1:-} in
    build | run) "$1" ;;
    *)
        echo "usage: benches/gpu.sh build|run" >&2
        exit 2
        ;;
esac
