#!/usr/bin/env bash
# Prints on stdout the path of an `ollama` binary that reports log probabilities,
# and nothing else: OLLAMA=$(scripts/install-ollama.sh). Progress goes to stderr.
#
# In this order: the `ollama` on PATH when it is new enough; the one that an
# earlier run built into the cache; one built now from the Go module, for the CPU.
#
# Exit code 3: there is none and none could be built; stderr says why.
#
# MILLRACE_CACHE  the cache's folder (default: $XDG_CACHE_HOME/millrace or
#                 ~/.cache/millrace)
# CGO_CPPFLAGS, CGO_CFLAGS, CGO_CXXFLAGS, CC, CXX, GOPROXY, ... work as for any Go
# build; headers that they make reachable are not fetched.
set -euo pipefail

# /api/generate and /api/chat know `logprobs` since this version.
readonly minimum=0.12.11
readonly version=0.17.4
# What the go.mod of that version asks for.
readonly go_minimum=1.24.1
# The first Debian release with libminiaudio-dev.
readonly suite=trixie

# All that runs below may write to stdout; the path alone must reach the caller.
exec 3>&1 1>&2

say() { printf 'install-ollama: %s\n' "$*"; }
die() {
    printf '\ninstall-ollama: ERROR: no usable ollama (>= %s).\n' "$minimum"
    printf 'install-ollama: %s\n' "$@"
    printf 'install-ollama: Another way: install ollama yourself so that it is on PATH (https://ollama.com/download).\n\n'
    exit 3
} >&2
found() {
    printf '%s\n' "$1" >&3
    exit 0
}
have() { command -v "$1" >/dev/null 2>&1; }

# at_least MINIMUM VERSION
at_least() {
    [[ $2 =~ ^[0-9]+(\.[0-9]+)+$ ]] && printf '%s\n%s\n' "$1" "$2" | sort -V -C
}

# The version of the binary itself: with a server in reach, `ollama --version`
# leads with the server's, so it is pointed at a port where none can be.
version_of() {
    local text
    text=$(OLLAMA_HOST=127.0.0.1:1 timeout 30 "$1" --version 2>&1) || return 1
    sed -n 's/.*version is v\{0,1\}\([0-9][0-9.]*\).*/\1/p' <<<"$text" | tail -n 1
}

if path=$(type -P ollama); then
    seen=$(version_of "$path") || seen=
    if at_least "$minimum" "$seen"; then
        found "$path"
    fi
    say "passing over $path: version ${seen:-unknown}, need $minimum or newer"
fi

cache=${MILLRACE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/millrace}
mkdir -p -- "$cache/ollama-$version" 2>/dev/null \
    || die "Cannot make the cache folder $cache/ollama-$version."
place=$(cd -- "$cache/ollama-$version" && pwd)
binary=$place/ollama

# The binary gets its name by a rename at the very end of a build, so where the
# name exists, so does the whole.
[[ -x $binary ]] && found "$binary"

have flock || die "Building one needs 'flock' (util-linux)."
exec 9>"$place/lock"
if ! flock -n 9; then
    say 'another run is building ollama; waiting for it'
    flock 9
fi
[[ -x $binary ]] && found "$binary"

# Whoever holds the lock owns all scratch folders: these are from broken-off runs.
rm -rf -- "$place"/tmp.*
scratch=$(mktemp -d "$place/tmp.XXXXXX") || die "Cannot write to $place."
trap 'rm -rf -- "$scratch"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

have go || PATH=$PATH:/usr/local/go/bin
have go || die "No ollama on PATH, and no Go (>= $go_minimum) to build one with."
# Away from the caller's folder: a go.mod or go.work there could pick another Go.
cd -- "$scratch"
go_version=$(go env GOVERSION) || die "'go env' failed."
go_version=${go_version#go}
go_version=${go_version%%[!0-9.]*}
at_least "$go_minimum" "$go_version" \
    || die "No ollama on PATH, and Go is too old to build one: $go_version, need $go_minimum or newer."

# Go names its C++ compiler itself when CXX is unset.
cxx=$(go env CXX)
read -r cxx_program _ <<<"$cxx"
have "$cxx_program" || die "Building ollama needs a C++ compiler ('$cxx_program' is missing)." \
    "On Debian: scripts/setup.sh installs one."

# Go leaves folders named `vendor` out of modules, and three libraries that ollama
# compiles in live in one. Debian packages all three.
include=$place/include
preprocess() {
    # Unquoted on purpose: both hold lists of words.
    # shellcheck disable=SC2086
    printf '#include <%s>\n' nlohmann/json.hpp stb/stb_image.h miniaudio/miniaudio.h \
        | $cxx ${CGO_CPPFLAGS:-} ${CGO_CXXFLAGS:-} "$@" -x c++ -E - >/dev/null 2>&1
}

# The mirrors that this machine may use for Debian itself, the likeliest first: those
# behind a component `main` of the release that is installed here. Third parties name
# their suites and components so as well; their keys are not Debian's, though.
debian_mirrors() {
    local codename uri release component
    local -a likely=() others=()
    # shellcheck disable=SC1091
    codename=$(. /etc/os-release && printf '%s' "${VERSION_CODENAME:-}")
    while read -r uri release component; do
        case $component:$release in
            main:"$codename" | main:stable | main:testing | main:unstable | main:sid) ;;
            *) continue ;;
        esac
        case $uri in
            */debian | */debian/) likely+=("$uri") ;;
            *) others+=("$uri") ;;
        esac
    done < <(apt-get indextargets --no-release-info \
        --format "\$(REPO_URI) \$(RELEASE) \$(COMPONENT)" 'Created-By: Packages' 2>/dev/null)
    printf '%s\n' ${likely[@]+"${likely[@]}"} ${others[@]+"${others[@]}"} | awk 'NF && !seen[$0]++'
}

fetch_headers() {
    local mirror mirrors keyring state=$scratch/apt package updated=
    if ! { have apt-get && have dpkg && [[ -r /etc/os-release ]]; }; then
        say 'this is not a Debian system'
        return 1
    fi
    mirrors=$(debian_mirrors)
    if [[ -z $mirrors ]]; then
        say "apt's sources name no Debian mirror"
        return 1
    fi
    keyring=/usr/share/keyrings/debian-archive-keyring.gpg
    if [[ ! -r $keyring ]]; then
        say "$keyring is missing (package debian-archive-keyring)"
        return 1
    fi

    # A state of its own for apt: its sources, lists and status. So the packages of
    # another release are verified like any other, need no root, and never become
    # candidates on the system itself. The rest of apt's configuration (a proxy, for
    # instance) stays in force.
    mkdir -p "$state/lists/partial" "$state/cache/archives/partial" "$state/none" \
        "$state/packages" "$state/root"
    : >"$state/status"
    # The hooks of the system's apt concern the system's lists, and fail without
    # root; a hook is a list, and lists can be cleared only in a file.
    printf '%s\n' '#clear APT::Update::Post-Invoke;' '#clear APT::Update::Post-Invoke-Success;' \
        >"$state/apt.conf"
    apt_own() {
        apt-get -q -c "$state/apt.conf" \
            -o "Dir::State=$state" -o "Dir::State::lists=$state/lists" \
            -o "Dir::State::status=$state/status" -o "Dir::Cache=$state/cache" \
            -o "Dir::Etc::sourcelist=$state/debian.sources" \
            -o "Dir::Etc::sourceparts=$state/none" \
            -o "Dir::Etc::preferencesparts=$state/none" -o Dir::Etc::preferences=/dev/null \
            -o Acquire::Languages=none -o Acquire::Retries=3 \
            -o APT::Update::Error-Mode=any -o APT::Sandbox::User=root "$@"
    }
    say "fetching headers from Debian $suite"
    while read -r mirror; do
        printf '%s\n' 'Types: deb' "URIs: $mirror" "Suites: $suite" 'Components: main' \
            'Targets: Packages' "Signed-By: $keyring" >"$state/debian.sources"
        if apt_own update </dev/null; then
            updated=1
            break
        fi
    done <<<"$mirrors"
    [[ -n $updated ]] || return 1
    (cd -- "$state/packages" \
        && apt_own download libminiaudio-dev nlohmann-json3-dev libstb-dev) || return 1
    for package in "$state"/packages/*.deb; do
        dpkg -x "$package" "$state/root" || return 1
    done
    # Debian has this one header at the top; ollama looks for it in a folder.
    mkdir -p "$state/root/usr/include/miniaudio"
    mv "$state/root/usr/include/miniaudio.h" "$state/root/usr/include/miniaudio/" || return 1
    rm -rf -- "$include"
    mv -T -- "$state/root/usr/include" "$include"
}

flags=()
if ! preprocess; then
    # A path that does not change from run to run: it is part of the key under which
    # Go caches what it compiled, so a broken-off build goes on where it stopped.
    preprocess "-I$include" || fetch_headers || die \
        'Building ollama needs the headers nlohmann/json.hpp, stb/stb_image.h and miniaudio/miniaudio.h,' \
        "and they could not be fetched from Debian $suite (see above)." \
        'Put them where the C++ compiler finds them, or name their folder: CGO_CPPFLAGS=-I/path'
    preprocess "-I$include" || die "The headers in $include cannot be used; remove that folder and try again."
    # Quoted as a whole: the one way in which Go takes a path with spaces.
    flags=("'-I$include'")
fi

say "building ollama $version for the CPU; this takes some minutes"
SECONDS=0
mkdir -p "$scratch/bin"
# -O2 is Go's own default, less the debug information that nobody here reads.
# The version is set by the linker: ollama reports 0.0.0 otherwise.
env CGO_ENABLED=1 CGO_CPPFLAGS="${CGO_CPPFLAGS:-}${flags[*]+ ${flags[*]}}" \
    CGO_CFLAGS="${CGO_CFLAGS:--O2}" CGO_CXXFLAGS="${CGO_CXXFLAGS:--O2}" \
    GOBIN="$scratch/bin" GOFLAGS="${GOFLAGS:-} -trimpath" \
    go install -ldflags "-s -w -X github.com/ollama/ollama/version.Version=$version" \
    "github.com/ollama/ollama@v$version" \
    || die "'go install' failed (see above)."

built=$(version_of "$scratch/bin/ollama") || built=
[[ $built == "$version" ]] || die "The binary that was built does not run, or reports version '${built}'."
mv -T -- "$scratch/bin/ollama" "$binary"
say "built in $SECONDS s"
found "$binary"
