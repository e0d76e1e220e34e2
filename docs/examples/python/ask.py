"""Asks what a job would cost, submits it, follows it and reads answer and receipt: substrate-interface alone.

Usage: pip install -r requirements.txt && python ask.py ws://127.0.0.1:9944 "What is 17 plus 25?"
"""

import json
import sys

from scalecodec.base import ScaleBytes
from substrateinterface import Keypair, SubstrateInterface
from substrateinterface.utils.hasher import xxh128

url = sys.argv[1] if len(sys.argv) > 1 else "ws://127.0.0.1:9944"
prompt = sys.argv[2] if len(sys.argv) > 2 else "What is 17 plus 25?"
chain = SubstrateInterface(url=url)
client = Keypair.create_from_uri("//Charlie")

model = 0
params = {
    "workload": {"Chat": {"max_tokens": 64, "temperature_milli": 0, "top_k": 0, "top_p_milli": 1000}},
    "timeout": 60,
    "max_rate": None,
}
JOB_PARAMS = "scale_info::{}".format(
    next(
        arg.value["type"]
        for arg in chain.get_metadata_call_function("Jobs", "submit").args
        if arg.value["name"] == "params"
    )
)

# The library reads metadata V14, which has no view functions: their results are described here. What the rest of the
# metadata knows, such as a receipt, needs no description.
chain.runtime_config.update_type_registry(
    {
        "types": {
            "Prices": {
                "type": "struct",
                "type_mapping": [["miners", "u32"], ["lowest", "u128"], ["typical", "u128"], ["most", "u128"]],
            },
            "Quote": {
                "type": "struct",
                "type_mapping": [["deposit", "u128"], ["min_fee", "u128"], ["prices", "Option<Prices>"]],
            },
        }
    }
)


def view(pallet, signature, *args):
    """The SCALE bytes that a view function returns at the best block.

    `signature` is as in docs/queries.md: its hash is one half of the function's id.
    """
    data = b"".join(args)
    length = chain.runtime_config.create_scale_object("Compact<u32>").encode(len(data))
    call = bytes(xxh128(pallet.encode()) + xxh128(signature.encode())) + bytes(length.data) + data
    result = chain.rpc_request("state_call", ["RuntimeViewFunction_execute_view_function", "0x" + call.hex()])
    data = bytes.fromhex(result["result"][2:])
    if data[0] != 0:
        raise RuntimeError(f"{pallet}.{signature}: refused with 0x{data.hex()}")
    inner = ScaleBytes(data[1:])
    chain.runtime_config.create_scale_object("Compact<u32>", data=inner).decode(check_remaining=False)
    return bytes(inner.data[inner.offset :])


def encode(type_name, value):
    return bytes(chain.runtime_config.create_scale_object(type_name).encode(value).data)


def decode(type_name, data):
    kind = chain.runtime_config.create_scale_object(type_name, data=ScaleBytes(data), metadata=chain.metadata)
    return kind.decode()


quoted = view(
    "Jobs",
    "quote(ModelId,JobParams,u32) -> Result<Quote,DispatchError>",
    encode("u32", model),
    encode(JOB_PARAMS, params),
    encode("u32", len(prompt.encode())),
)
assert quoted[0] == 0, "the job would be refused"
quote = decode("Quote", quoted[1:])

call = chain.compose_call(
    "Jobs",
    "submit",
    {"model": model, "input": prompt.encode(), "params": params, "max_fee": 100_000_000_000, "miner": None},
)
sent = chain.submit_extrinsic(chain.create_signed_extrinsic(call, client), wait_for_inclusion=True)
if not sent.is_success:
    sys.exit(f"the job was refused: {sent.error_message}")
events = [event.value["event"] for event in sent.triggered_events]
submitted = next(e["attributes"] for e in events if (e["module_id"], e["event_id"]) == ("Jobs", "Submitted"))
job = submitted["job"]


def ended(*_):
    """How the job ended; called for each new block until it returns something."""
    state = chain.query("Jobs", "Jobs", [job]).value["state"]
    return state["Ended"] if isinstance(state, dict) and "Ended" in state else None


outcome = chain.subscribe_block_headers(ended)
output = chain.query("Jobs", "Outputs", [job]).value
receipt = chain.query("Receipts", "Receipts", [job])
seen = view("Receipts", "receipt(JobId) -> Option<Receipt<T::AccountId>>", encode("u64", job))

print(
    json.dumps(
        {
            "job": job,
            "answer": output,
            "fee": str(receipt.value["fee"]),
            "outcome": outcome,
            "typical": str(quote["prices"]["typical"]),
            "matches": quote["deposit"] == submitted["deposit"] and seen == b"\x01" + bytes(receipt.data.data),
        }
    )
)
