#!/usr/bin/env bash
# Builds the fuzz targets and runs each for a while: see fuzz/README.md. Without
# arguments all of them. Ends with an error when an input broke something, and
# says where it lies.
#
# usage: scripts/fuzz.sh [TARGET...]
#
# Environment:
#   SECONDS_EACH   how long each target runs (600)
#   JOBS           how many targets run at the same time (1)
#   TOOLCHAIN      a nightly Rust toolchain (nightly)
#   MILLRACE_CACHE where cargo-fuzz is installed (~/.cache/millrace)
set -euo pipefail

readonly version=0.13.2
root=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd)
cd -- "$root"
seconds=${SECONDS_EACH:-600}
jobs=${JOBS:-1}
toolchain=${TOOLCHAIN:-nightly}

say() { printf 'fuzz: %s\n' "$*"; }
die() {
    printf 'fuzz: error: %s\n' "$*" >&2
    exit 1
}

# Would be refused only after the build.
[[ $seconds =~ ^[1-9][0-9]*$ ]] || die "SECONDS_EACH is '$seconds'; it must be a number above 0"
[[ $jobs =~ ^[1-9][0-9]*$ ]] || die "JOBS is '$jobs'; it must be a number above 0"
cargo "+$toolchain" --version >/dev/null 2>&1 \
    || die "the Rust toolchain '$toolchain' is missing: rustup toolchain install $toolchain --profile minimal"
if ! [[ $(cargo fuzz --version 2>/dev/null) == *" $version" ]]; then
    installed=${MILLRACE_CACHE:-$HOME/.cache/millrace}/cargo-fuzz
    if ! [[ $("$installed/bin/cargo-fuzz" --version 2>/dev/null) == *" $version" ]]; then
        say "installing cargo-fuzz $version"
        cargo install "cargo-fuzz@$version" --locked --root "$installed"
    fi
    export PATH=$installed/bin:$PATH
fi
# The wasm is not what is fuzzed.
export SKIP_WASM_BUILD=1
fuzz() { cargo "+$toolchain" fuzz "$@"; }
# What `build` and `run` have in common for a target.
options() {
    # Nothing of ours is unsafe, so that the address sanitizer would only take time.
    printf '%s\n' --sanitizer none
    if [[ $1 == extrinsic ]]; then printf '%s\n' --features runtime; fi
}

targets=("$@")
if ((${#targets[@]} == 0)); then
    mapfile -t targets < <(fuzz list)
fi
for target in "${targets[@]}"; do
    [[ -e fuzz/targets/$target.rs ]] || die "there is no target '$target'; there are: $(fuzz list | tr '\n' ' ')"
done

for target in "${targets[@]}"; do
    say "building $target"
    mapfile -t options < <(options "$target")
    fuzz build "${options[@]}" "$target"
done

logs=fuzz/target/logs
mkdir -p -- "$logs"
broken=$(mktemp)
trap 'rm -f -- "$broken"' EXIT

run() {
    local target=$1 log=$logs/$1.log options
    mapfile -t options < <(options "$target")
    mkdir -p -- "fuzz/corpus/$target"
    # What is found goes to the first folder.
    if fuzz run "${options[@]}" "$target" "fuzz/corpus/$target" "fuzz/seeds/$target" -- \
        -max_total_time="$seconds" -timeout=20 -rss_limit_mb=2048 -print_final_stats=1 >"$log" 2>&1; then
        say "$target: $(grep -F 'DONE' "$log" | tail -1)"
    else
        say "$target: BROKEN, see $log"
        # Without a path it was not an input that broke it.
        { grep -oE 'fuzz/artifacts/[^/ ]+/(crash|oom|timeout|leak)-[0-9a-f]+' "$log" || echo "$log"; } | sort -u | sed "s/^/$target: /" >>"$broken"
    fi
}

say "running ${targets[*]} for $seconds s each; their logs are in $logs"
for target in "${targets[@]}"; do
    while (($(jobs -rp | wc -l) >= jobs)); do wait -n; done
    run "$target" &
done
wait
if [[ -s $broken ]]; then
    cat -- "$broken" >&2
    die 'inputs that break a target: the paths above'
fi
say 'nothing broke'
