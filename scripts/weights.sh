#!/usr/bin/env bash
# Measures the weights of the runtime's calls, hooks and transaction extensions
# on this machine and writes them to runtime/src/weights/: see docs/weights.md.
#
# usage: scripts/weights.sh [PALLET...]
#
# Environment:
#   MILLRACE_CACHE     where frame-omni-bencher is installed (~/.cache/millrace)
#   CARGO_TARGET_DIR   where the runtime is built (target/weights)
#   STEPS, REPEAT      values of each component, and runs of each value (20, 10)
#   MIN_SECONDS        least time for each benchmark (2)
set -euo pipefail

readonly version=0.28.0
root=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd)
cd -- "$root"

say() { printf 'weights: %s\n' "$*"; }
die() {
    printf 'weights: error: %s\n' "$*" >&2
    exit 1
}

# Another version may measure or print otherwise.
fits() { [[ $("$1" --version 2>/dev/null) == *" $version" ]]; }

installed=${MILLRACE_CACHE:-$HOME/.cache/millrace}/frame-omni-bencher
bencher=$installed/bin/frame-omni-bencher
if fits frame-omni-bencher; then
    bencher=frame-omni-bencher
elif ! fits "$bencher"; then
    say "installing frame-omni-bencher $version; this takes longer than building the node, once"
    # What is built stays there until all is, so that an installation that was broken off goes on. The runtimes that
    # it brings for its own tests are not needed.
    SKIP_WASM_BUILD=1 CARGO_TARGET_DIR=$installed/build \
        cargo install "frame-omni-bencher@$version" --locked --root "$installed"
    rm -rf -- "$installed/build"
fi

# A folder of its own: the runtime's wasm has one place in a target folder
# whatever its features, and the node would pick up the one with benchmarks.
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$root/target/weights}
say "building the runtime with its benchmarks in $CARGO_TARGET_DIR"
cargo build --release --locked -p millrace-runtime --features runtime-benchmarks
wasm=$CARGO_TARGET_DIR/release/wbuild/millrace-runtime/millrace_runtime.compact.compressed.wasm
[[ -e $wasm ]] || die "no runtime at $wasm: was it built with SKIP_WASM_BUILD?"

benchmark() {
    "$bencher" v1 benchmark pallet --runtime "$wasm" --genesis-builder runtime \
        --genesis-builder-preset development "$@"
}

pallets=("$@")
if ((${#pallets[@]} == 0)); then
    mapfile -t pallets < <(benchmark --list=pallets --no-csv-header --all)
fi
((${#pallets[@]})) || die 'the runtime names no benchmarks'

made=$(mktemp -d)
trap 'rm -rf -- "$made"' EXIT
for pallet in "${pallets[@]}"; do
    say "measuring $pallet"
    benchmark --pallet "$pallet" --extrinsic '*' --steps "${STEPS:-20}" --repeat "${REPEAT:-10}" \
        --min-duration "${MIN_SECONDS:-2}" --disable-proof-recording --no-storage-info \
        --no-median-slopes --no-min-squares --quiet \
        --template scripts/weights.hbs --output "$made/$pallet.rs"
    # A chain without proofs of validity has no use for their size.
    sed -i '/^\t\/\/ Proof: /d' "$made/$pallet.rs"
done
# Only when all went well, so that the files are of one run.
rustfmt --config-path rustfmt.toml "$made"/*.rs
cp -- "$made"/*.rs runtime/src/weights/
say "wrote $(ls "$made" | wc -l) files to runtime/src/weights"
