#!/usr/bin/env bash
# Installs the miner as a service of systemd, on Debian 12 and 13 and on Ubuntu:
#
#   scripts/install-miner.sh [--binary FILE] [--tasks | --no-tasks] [--dest DIR]
#   scripts/install-miner.sh --uninstall [--dest DIR]
#
#   --binary FILE  the program to install [default: target/release/millrace-miner of this repository]
#   --tasks        give the service the rights that tasks need (docs/tasks.md); they stay until --no-tasks
#   --no-tasks     take them away again
#   --dest DIR     put everything below DIR and leave users, owners and services alone (DESTDIR does the same)
#   --uninstall    remove all of it; keys, receipts and the vouchers of open channels stay
#
# Safe to run again at any time: a configuration and keys that are there stay as they are, the program and the unit are
# replaced if they differ, and a running miner is restarted only then. It is told to stop and finishes what it works on.
set -euo pipefail
umask 022

readonly name=millrace-miner
here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
readonly here

say() { printf 'install-miner: %s\n' "$*"; }
die() {
    printf 'install-miner: error: %s\n' "$@" >&2
    exit 1
}

dest=${DESTDIR:-}
binary=
tasks=as-before
uninstall=no
while (($#)); do
    case $1 in
        --binary)
            binary=${2:?--binary needs a file}
            shift
            ;;
        --dest)
            dest=${2:?--dest needs a directory}
            shift
            ;;
        --tasks) tasks=yes ;;
        --no-tasks) tasks=no ;;
        --uninstall) uninstall=yes ;;
        -h | --help)
            sed -n '2,/^set /{/^#/s/^# \{0,1\}//p}' "${BASH_SOURCE[0]}"
            exit 0
            ;;
        *) die "unknown option $1; see --help" ;;
    esac
    shift
done
dest=${dest%/}
readonly dest binary tasks uninstall

readonly program=$dest/usr/local/bin/$name
readonly settings=$dest/etc/millrace
readonly config=$settings/miner.toml
readonly state=$dest/var/lib/millrace
readonly units=$dest/etc/systemd/system
readonly unit=$units/$name.service

# Only a system that runs here has users and services.
if [[ -z $dest ]]; then
    ((EUID == 0)) || die 'run it as root (sudo), or with --dest DIR'
    [[ -d /run/systemd/system ]] || die 'this system was not started by systemd; the miner itself runs without it'
fi
live() { [[ -z $dest ]]; }

supported() {
    local ID='' ID_LIKE='' VERSION_ID=''
    # shellcheck disable=SC1091 # Not there on every machine that checks this script.
    . /etc/os-release
    case $ID in
        debian) [[ $VERSION_ID == 12 || $VERSION_ID == 13 || -z $VERSION_ID ]] ;;
        ubuntu) return 0 ;;
        *) [[ " $ID_LIKE " == *' debian '* || " $ID_LIKE " == *' ubuntu '* ]] ;;
    esac
}

# Copies a file with a mode unless the very same is there; sets $changed if it did.
changed=no
place() {
    local from=$1 to=$2 mode=$3
    if [[ -f $to ]] && cmp -s -- "$from" "$to" && [[ $(stat -c %a -- "$to") == "$mode" ]]; then
        return 0
    fi
    # Beside it and then over it: a program that runs can't be written to, and half a file is never seen.
    install -D -m "$mode" -- "$from" "$to.new"
    mv -f -- "$to.new" "$to"
    say "wrote $to"
    changed=yes
}

unplace() {
    if [[ -e $1 ]]; then
        rm -f -- "$1"
        say "removed $1"
        changed=yes
    fi
}

if [[ $uninstall == yes ]]; then
    if live && systemctl cat "$name.service" >/dev/null 2>&1; then
        say 'stopping the miner; it may finish what it works on'
        systemctl disable --now "$name.service"
    fi
    rm -rf -- "$unit" "$unit.d" "$program" "$config"
    live && systemctl daemon-reload
    if [[ -d $state ]]; then
        find "$state" -mindepth 1 -depth ! -name '*.key' ! -path "$state/receipts/*" ! -path "$state/channels/*" \
            ! -type d -delete
        find "$state" -mindepth 1 -depth -type d -empty -delete
    fi
    # Empty ones only: keys, receipts and vouchers stay where they are.
    rmdir -- "$settings" "$state" 2>/dev/null || true
    for folder in "$settings" "$state"; do
        [[ -d $folder ]] || continue
        # The user goes, and its number may be given to another.
        live && chown -hR root:root -- "$folder"
        say "kept, with keys, receipts or vouchers: $folder"
    done
    if live && getent passwd "$name" >/dev/null; then
        userdel -- "$name"
    fi
    say 'removed'
    exit 0
fi

if live; then
    supported || die "this system is neither Debian 12 or 13 nor Ubuntu; see $here/systemd for the unit to adapt"
fi
from=${binary:-$here/../target/release/$name}
[[ -x $from ]] || die "$from is no program; build it (cargo build --release -p $name) or name one with --binary"

if live && ! getent passwd "$name" >/dev/null; then
    useradd --system --user-group --no-create-home --home-dir /var/lib/millrace --shell /usr/sbin/nologin -- "$name"
    say "made the user $name"
    # What an earlier installation has left.
    for left in "$settings" "$state"; do
        [[ ! -d $left ]] || chown -hR "$name:$name" -- "$left"
    done
fi

# A folder of the miner's user alone.
folder() {
    [[ -d $1 ]] || say "made $1"
    install -d -m 0700 -- "$1"
    if live; then
        chown "$name:$name" -- "$1"
    fi
}
folder "$settings"
folder "$state"
folder "$state/models"

place "$from" "$program" 755
place "$here/systemd/$name.service" "$unit" 644
# NVIDIA's driver is there or not; a machine that loses it loses the exceptions as well.
if [[ -e ${MILLRACE_NVIDIA:-/proc/driver/nvidia/version} ]]; then
    place "$here/systemd/gpu.conf" "$unit.d/gpu.conf" 644
else
    unplace "$unit.d/gpu.conf"
fi
if [[ $tasks == yes || ($tasks == as-before && -e $unit.d/tasks.conf) ]]; then
    place "$here/systemd/tasks.conf" "$unit.d/tasks.conf" 644
else
    unplace "$unit.d/tasks.conf"
fi
rmdir -- "$unit.d" 2>/dev/null || true

if [[ ! -e $config ]]; then
    edited=$(mktemp)
    trap 'rm -f -- "$edited"' EXIT
    sed -e 's|^work_dir = .*|work_dir = "/var/lib/millrace"|' \
        -e 's|^operator_key_file = .*|operator_key_file = "/etc/millrace/operator.key"|' \
        -e 's|^models = .*|models = ["/var/lib/millrace/models/model.gguf"]|' \
        -e 's|^allowlist_dir = .*|allowlist_dir = "/etc/millrace/allowlist.d"|' \
        -e 's|^# http_bind = |http_bind = |' \
        "$here/../offchain-miner/miner.example.toml" >"$edited"
    install -m 0600 -- "$edited" "$config"
    say "wrote $config, an example to be replaced"
fi
if live; then
    chown "$name:$name" -- "$config"
fi
chmod 0600 -- "$config"

if live; then
    systemctl daemon-reload
    if [[ $changed == yes ]] && systemctl is-active --quiet "$name.service"; then
        say 'restarting the miner; it may finish what it works on'
        systemctl restart "$name.service"
    fi
fi

cat <<EOF

Installed. Models belong in /var/lib/millrace/models: the service can't see home folders.

  sudo -u $name $name init --force --config /etc/millrace/miner.toml --work-dir /var/lib/millrace --model /var/lib/millrace/models/FILE.gguf
  sudo -u $name $name doctor --config /etc/millrace/miner.toml
  sudo systemctl enable --now $name
  journalctl -u $name -f
EOF
