#!/usr/bin/env bash
# Asks what a job would cost, submits it, waits for its receipt and reads the answer: JSON-RPC by curl alone. Only the
# signature is made elsewhere, offline: by sign.js of the polkadot.js example (`npm install` there first).
# Usage: ask.sh http://127.0.0.1:9944 "What is 17 plus 25?"
set -euo pipefail
cd -- "$(dirname -- "${BASH_SOURCE[0]}")"

readonly url=${1:-http://127.0.0.1:9944}
readonly prompt=${2:-What is 17 plus 25?}
readonly address=5FLSigC9HGRKVhB9FiEo4Y3koPsNmBmLJbpXg2mp1hXcS59Y # //Charlie, and its public key:
readonly account=90b5ab205c6974c9ea841be688864633dc9ca8a357843eeacf2314649965fe22
# twox_128 of the names of pallets and storage entries.
readonly jobs=1c88f06ceab6c17559377f12624f77d8 outputs=1c5bc870cf5f277d5d4851dbc7415769
readonly jobs_of=4e4fd032a8bfd285556a4786297ef076 receipts=5087a88ab53079a394ab62a465d46183
# twox_128 of "quote(ModelId,JobParams,u32) -> Result<Quote,DispatchError>".
readonly quote=4e7f1a16f038cb6de67d47ee0413d74d

# Calls METHOD with PARAMS and prints the reply.
rpc() {
    local reply
    # By standard input, because the metadata is longer than an argument may be.
    reply=$(curl -sS --fail -H 'Content-Type: application/json' --data-binary @- "$url" \
        <<<"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"$1\",\"params\":$2}")
    if [[ $reply == *'"error":'* ]]; then
        printf '%s: %s\n' "$1" "$reply" >&2
        return 1
    fi
    printf '%s\n' "$reply"
}
# The same for a reply that is one number or hex string, without quotes and 0x; empty for null.
value() { rpc "$@" | sed -E 's/.*"result":"?(0x)?([^",}]*).*/\2/; s/^null$//'; }

# A number as BYTES little-endian bytes in hex, and back.
le() {
    local hex out=
    hex=$(printf '%0*x' $(($2 * 2)) "$1")
    while [[ -n $hex ]]; do
        out=${hex:0:2}$out
        hex=${hex:2}
    done
    printf '%s' "$out"
}
number() {
    local hex=$1 out=
    while [[ -n $hex ]]; do
        out=${hex:0:2}$out
        hex=${hex:2}
    done
    printf '%d' "0x$out"
}

# Bytes without the length before them, which takes 1, 2 or 4 bytes as its two lowest bits say.
content() {
    local lengths=(2 4 8)
    printf '%s' "${1:${lengths[$((0x${1:0:2} & 3))]}}"
}

# A view function: its id, the input's length (24 bytes) and the input: model, parameters, bytes of the prompt.
bytes=$(printf '%s' "$prompt" | wc -c)
params=00$(le 64 4)$(le 0 2)$(le 0 2)$(le 1000 2)$(le 60 4)00
reply=$(value state_call "[\"RuntimeViewFunction_execute_view_function\",\"0x$jobs${quote}60$(le 0 4)$params$(le "$bytes" 4)\"]")
# Ok, the result's bytes; in them Ok, deposit and least fee, 16 bytes each, Some, miners, lowest and typical price.
reply=$(content "${reply:2}")
reply=${reply:2}
printf 'deposit %s\n' "$(number "${reply:0:32}")"
if [[ ${reply:64:2} == 01 ]]; then
    printf 'typical %s\n' "$(number "${reply:106:32}")"
fi

# Charlie's jobs, each as 8 little-endian bytes in hex.
own_jobs() {
    rpc state_getKeysPaged "[\"0x$jobs$jobs_of\",1000]" | grep -oE "$account[0-9a-f]{32}" | cut -c 81- | sort || true
}
before=$(own_jobs)

genesis=$(value chain_getBlockHash '[0]')
version=$(rpc state_getRuntimeVersion '[]')
spec=$(sed -E 's/.*"specVersion":([0-9]+).*/\1/' <<<"$version")
transaction=$(sed -E 's/.*"transactionVersion":([0-9]+).*/\1/' <<<"$version")
nonce=$(value system_accountNextIndex "[\"$address\"]")
signed=$(printf '0x%s' "$(value state_getMetadata '[]')" |
    node ../polkadot-js/sign.js "$prompt" "$nonce" "0x$genesis" "$spec" "$transaction" 2>/dev/null)
printf 'transaction 0x%s\n' "$(value author_submitExtrinsic "[\"$signed\"]")"

# Waits until COMMAND prints something. Plain HTTP has no subscriptions, so this asks once a second.
await() {
    local out
    for ((i = 0; i < 120; i++)); do
        out=$("$@")
        if [[ -n $out ]]; then
            printf '%s\n' "$out"
            return
        fi
        sleep 1
    done
    printf 'nothing came within two minutes\n' >&2
    return 1
}
new_job() { comm -13 <(printf '%s\n' "$before") <(own_jobs) | head -n 1; }
# The value of a map's entry, found by the job at the end of its key.
entry() {
    local key
    key=$(rpc state_getKeysPaged "[\"0x$1\",1000]" | grep -oE "0x${1}[0-9a-f]{16}$2" | head -n 1) || return 0
    value state_getStorage "[\"$key\"]"
}

job=$(await new_job)
printf 'job %s\n' "$(number "$job")"
receipt=$(await entry "$receipts$receipts" "$job")
# A receipt ends with fee (16 bytes), outcome (1) and two block numbers (4 each).
outcomes=(Settled Failed Expired Cancelled)
printf 'outcome %s\n' "${outcomes[$(number "${receipt: -18:2}")]}"
printf 'fee %s\n' "$(number "${receipt: -50:32}")"
output=$(entry "$jobs$outputs" "$job")
printf 'answer %b\n' "$(content "$output" | sed 's/../\\x&/g')"
