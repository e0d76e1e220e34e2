#!/usr/bin/env bash
# Starts a one-validator chain and a miner with the tiny model, asks a question and shows every step; with --stay it
# asks nothing and stays up until Ctrl-C. Everything it starts, it stops.
set -euo pipefail
cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.."

readonly bin=${CARGO_TARGET_DIR:-target}/release
readonly question="What is 17 plus 25?"
stay=no
[[ ${1:-} == --stay ]] && stay=yes

work=$(mktemp -d "${TMPDIR:-/tmp}/millrace-demo.XXXXXX")
readonly work
pids=()

# shellcheck disable=SC2317 # Called by the trap.
finish() {
    local status=$?
    trap - EXIT INT TERM
    for pid in "${pids[@]}"; do
        kill "$pid" 2>/dev/null || true
    done
    wait 2>/dev/null || true
    if [[ $status -eq 0 ]]; then
        rm -rf -- "$work"
    else
        printf '\ndemo: failed; the logs are %s and %s\n' "$work/node.log" "$work/miner.log" >&2
    fi
    exit "$status"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# Waits until a log has a line with this text, and prints that line.
await() {
    local file=$1 text=$2 pid=$3
    for ((i = 0; i < 600; i++)); do
        if grep -m1 -F -- "$text" "$file" 2>/dev/null; then
            return 0
        fi
        if ! kill -0 "$pid" 2>/dev/null; then
            printf 'demo: the process that writes %s ended:\n' "$file" >&2
            tail -n 20 -- "$file" >&2
            return 1
        fi
        sleep 0.1
    done
    printf 'demo: %s never said "%s"\n' "$file" "$text" >&2
    return 1
}

# One thread: the tiny model's layers are too small to share, and threads that wait for each other are slow when the
# machine is busy.
readonly threads=1

# The demo takes a free port, so that it runs beside a node; dev takes the usual one, where tools look.
rpc_port=0
[[ $stay == yes ]] && rpc_port=9944

echo "Starting a chain with one validator ..."
"$bin/millrace-node" --dev --base-path "$work/chain" --rpc-port "$rpc_port" --no-prometheus --no-telemetry \
    --no-mdns --listen-addr /ip4/127.0.0.1/tcp/0 >"$work/node.log" 2>&1 &
pids+=($!)
address=$(await "$work/node.log" "Running JSON-RPC server: addr=" "${pids[0]}" | sed -E 's/.*addr=([0-9.]+:[0-9]+).*/\1/')
url=ws://$address
if [[ $stay == yes && $address != *:9944 ]]; then
    echo "demo: port 9944 is in use; stop what uses it" >&2
    exit 1
fi

millrace() { "$bin/millrace" --url "$url" "$@"; }

echo "Registering Bob's miner: 1000 MILL staked, 0.02 MILL per GPU-second ..."
operator=$("$bin/millrace" --dev Bob//operator --json account list | sed -nE 's/.*"address": ?"([^"]+)".*/\1/p' | head -n 1)
millrace --dev Bob miner register --operator "$operator" --stake 1000 >>"$work/cli.log"
millrace --dev Bob miner offer --model millrace-tiny --per-gpu-second 0.02 --slots 2 >>"$work/cli.log"

sessions=()
[[ $stay == no ]] || sessions=(--session-listen /ip4/127.0.0.1/tcp/0)
"$bin/millrace-miner" run --url "$url" --dev-operator Bob --work-dir "$work/miner" --engine llama --threads "$threads" \
    --model models/millrace-tiny.gguf "${sessions[@]}" >"$work/miner.log" 2>&1 &
pids+=($!)
await "$work/miner.log" "event=ready" "${pids[1]}" >/dev/null

if [[ $stay == no ]]; then
    echo
    # The receipt's file would be that of a chain that ends here.
    millrace --dev Charlie ask --trace --no-receipt-file "$question"
    exit 0
fi

await "$work/miner.log" "event=endpoint" "${pids[1]}" >/dev/null
# The usual port, so that what is printed can be copied.
"$bin/millrace-gateway" run --url "$url" --dev Charlie --database "$work/gateway.db" \
    --channel-folder "$work/channels" >"$work/gateway.log" 2>&1 &
pids+=($!)
await "$work/gateway.log" "event=ready" "${pids[2]}" >/dev/null

# From here on Ctrl-C is the way out, not a failure.
trap 'exit 0' INT TERM

cat <<EOF

A Millrace chain is up. Ctrl-C stops it and removes all of it.

  RPC (polkadot.js, PAPI, subxt)   $url
  polkadot.js                      https://polkadot.js.org/apps/?rpc=$url
  accounts with money              //Alice //Bob //Charlie //Dave //Eve //Ferdie
  miner                            owner //Bob, operator //Bob//operator, model millrace-tiny
  OpenAI API                       http://127.0.0.1:11436/v1, paid by //Charlie; described at http://127.0.0.1:11436/docs
  Ollama API                       OLLAMA_HOST=127.0.0.1:11436 ollama run millrace-tiny
  logs                             $work/node.log, $work/miner.log, $work/gateway.log

Ask:

  $bin/millrace --dev Charlie ask "$question"
  $bin/millrace --dev Dave chat

  curl http://127.0.0.1:11436/v1/chat/completions -H 'content-type: application/json' \\
      -d '{"model": "millrace-tiny", "messages": [{"role": "user", "content": "$question"}], "temperature": 0}'

Or with \`pip install openai\`:

python3 -c '
from openai import OpenAI
client = OpenAI(base_url="http://127.0.0.1:11436/v1", api_key="none")
messages = [{"role": "user", "content": "$question"}]
answer = client.chat.completions.create(model="millrace-tiny", messages=messages, temperature=0)
print(answer.choices[0].message.content)'

EOF
wait "${pids[0]}"
