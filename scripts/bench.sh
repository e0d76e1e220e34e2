#!/usr/bin/env bash
# Measures what a block holds and how long a job takes, on real chains on this
# machine: see docs/benchmarks.md. The binaries must be built.
#
# usage: scripts/bench.sh [throughput|calls|latency|gateway]...
set -euo pipefail

root=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd)
cd -- "$root"

say() { printf 'bench: %s\n' "$*"; }

# A folder of its own: a target folder has one place for the runtime's wasm,
# whatever its features, and the node would pick up this one.
control() {
    local target=target/control
    say "building the runtime with the weights of the SDK's template in $target" >&2
    CARGO_TARGET_DIR=$target cargo build --release --locked -p millrace-runtime --features stock-weights >&2
    printf '%s\n' "$target/release/wbuild/millrace-runtime/millrace_runtime.compact.compressed.wasm"
}

measures=("$@")
((${#measures[@]})) || measures=(throughput calls latency)
for measure in "${measures[@]}"; do
    case $measure in
    throughput)
        wasm=$(control)
        target/release/examples/throughput "$wasm"
        ;;
    calls) target/release/examples/throughput ;;
    latency) target/release/examples/latency ;;
    gateway) target/release/examples/gateway ;;
    *)
        printf 'bench: error: no measure is named %s; there are throughput, calls, latency and gateway\n' "$measure" >&2
        exit 2
        ;;
    esac
done
