#!/usr/bin/env bash
# Installs what a build of the chain and of llama.cpp needs and does not find:
# system packages (on Debian and its relatives, by apt-get) and the WebAssembly
# target of the Rust toolchain that rust-toolchain.toml pins.
#
# Safe to run again at any time: it asks for root and for the network only when
# something is missing.
set -euo pipefail

readonly target=wasm32v1-none
root=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd)
cd -- "$root"

say() { printf 'setup: %s\n' "$*"; }
die() {
    printf 'setup: error: %s\n' "$@" >&2
    exit 1
}

# bindgen loads libclang at run time, so a clang on PATH does not prove that the
# library is there. The file names differ between distributions and versions.
have_libclang() {
    local dir file
    for dir in "${LIBCLANG_PATH:-}" /usr/lib/llvm*/lib /usr/lib/*-linux-gnu* \
        /usr/lib /usr/lib64 /usr/local/lib /opt/homebrew/opt/llvm/lib \
        /Library/Developer/CommandLineTools/usr/lib; do
        [[ -n $dir ]] || continue
        for file in "$dir"/libclang.so* "$dir"/libclang-[0-9]*.so* "$dir"/libclang.dylib; do
            [[ -e $file ]] && return 0
        done
    done
    return 1
}

# What is looked for, and the Debian package that brings it. The tools are asked
# for rather than the packages, so that other ways to install them count too.
missing=()  # what a person has to look for elsewhere
packages=() # the same, as Debian names it
need() {
    missing+=("$1")
    packages+=("$2")
}
have() { command -v "$1" >/dev/null 2>&1; }

have protoc || need protoc protobuf-compiler
have clang || need clang clang
have_libclang || need 'libclang (shared library)' libclang-dev
have cmake || need cmake cmake
have make || need make make
{ have cc && have c++; } || need 'a C and C++ compiler (cc, c++)' g++
have pkg-config || need pkg-config pkg-config
have git || need git git

did_something=
if ((${#packages[@]})); then
    if ! have apt-get; then
        die "missing:$(printf ' %s;' "${missing[@]}")" \
            'This system has no apt-get. Install these with its own package manager, then run this script again.' \
            "Debian's names for them, as a hint: ${packages[*]}"
    fi
    as_root=()
    if ((EUID != 0)); then
        have sudo || die "missing packages, and neither root nor sudo to install them." \
            "As root: apt-get install ${packages[*]}"
        as_root=(sudo)
    fi
    say "installing ${packages[*]}"
    # The "${x[@]+...}" form: an empty array counts as unset for older bashes.
    apt() {
        ${as_root[@]+"${as_root[@]}"} env DEBIAN_FRONTEND=noninteractive apt-get "$@"
    }
    # An update may fail for one stale third-party source and still bring what is
    # needed, so only the installation decides.
    apt update -qq || say 'apt-get update reported errors; trying to install all the same'
    apt install -y -qq --no-install-recommends "${packages[@]}" \
        || die "apt-get could not install: ${packages[*]}"
    did_something=1
fi

# Without rustup there is no way to get the pinned toolchain, nor its targets:
# a distribution's own rustc is of another version and lacks the target.
have rustup || die "rustup is missing. Install it from https://rustup.rs (or your distribution's package 'rustup')," \
    'open a new shell so that ~/.cargo/bin is on PATH, then run this script again.'

# Run in the repository's root, rustup speaks of the toolchain pinned there.
if ! targets=$(rustup target list --installed 2>/dev/null); then
    channel=$(sed -n 's/^ *channel *= *"\(.*\)".*/\1/p' rust-toolchain.toml)
    [[ -n $channel ]] || die 'rust-toolchain.toml names no channel.'
    say "installing Rust $channel"
    # rustup itself is not this script's to update.
    rustup toolchain install --no-self-update --profile minimal "$channel" \
        || die "rustup could not install the toolchain $channel."
    targets=$(rustup target list --installed)
    did_something=1
fi
if ! grep -qx -- "$target" <<<"$targets"; then
    say "adding the Rust target $target"
    rustup target add "$target" || die "rustup could not add the target $target."
    did_something=1
fi

if [[ -n $did_something ]]; then
    say 'done: all that a build needs is now installed'
else
    say 'nothing to do: all that a build needs is installed'
fi
