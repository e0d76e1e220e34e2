#!/usr/bin/env python3
"""What is signed and hashed of channels, written a second time from its description, to make the golden vectors.

Run as `python3 channel.py > channel.json`. Needs nothing but Python's standard library.
"""

import json

from reference import blake2_256, uint, usage, workload


def h(text: str) -> str:
    return blake2_256(text.encode()).hex()


def total(t: dict) -> bytes:
    return (
        uint(t["answers"], 4)
        + uint(t["input_tokens"], 8)
        + uint(t["output_tokens"], 8)
        + uint(t["gpu_ms"], 8)
        + uint(t["fee"], 16)
    )


def opening(o: dict) -> bytes:
    return blake2_256(
        b"millrace:opening:v1" + bytes.fromhex(o["genesis"]) + uint(o["channel"], 8) + uint(o["issued_at"], 8)
    )


def request(r: dict) -> bytes:
    return blake2_256(
        b"millrace:request:v1"
        + bytes.fromhex(r["genesis"])
        + uint(r["channel"], 8)
        + uint(r["seq"], 4)
        + bytes.fromhex(r["model_digest"])
        + workload(r["workload"])
        + uint(r["seed"], 8)
        + bytes.fromhex(r["input_hash"])
        + uint(r["issued_at"], 8)
    )


def checkpoint(c: dict) -> bytes:
    return blake2_256(
        b"millrace:checkpoint:v1"
        + bytes.fromhex(c["genesis"])
        + uint(c["channel"], 8)
        + uint(c["seq"], 4)
        + uint(c["index"], 4)
        + b"".join(bytes.fromhex(c[key]) for key in ("request", "output_hash", "transcript_root"))
        + usage(c["usage"])
        + total(c["total"])
        + uint(c["last"], 1)
    )


def voucher(v: dict) -> bytes:
    return blake2_256(
        b"millrace:voucher:v1"
        + bytes.fromhex(v["genesis"])
        + uint(v["channel"], 8)
        + total(v["total"])
        + bytes.fromhex(v["checkpoint"])
    )


def rate(r: dict) -> bytes:
    (unit, value), = r.items()
    if unit == "per_token":
        return b"\x00" + uint(value["input"], 16) + uint(value["output"], 16)
    return b"\x01" + uint(value, 16)


def receipt_leaf(genesis: str, r: dict) -> bytes:
    return (
        b"millrace:channel-receipt:v1"
        + bytes.fromhex(genesis)
        + uint(r["channel"], 8)
        + b"".join(bytes.fromhex(r[key]) for key in ("client", "miner", "model_digest"))
        + rate(r["rate"])
        + total(r["total"])
        + bytes.fromhex(r["checkpoint"])
        + uint(r["paid"], 16)
        + uint(r["refund"], 16)
        + uint(r["opened_at"], 4)
        + uint(r["ended_at"], 4)
    )


def main() -> None:
    sums = {"answers": 3, "input_tokens": 2**40 + 1, "output_tokens": 77, "gpu_ms": 2**33, "fee": 2**70 + 5}
    used = {"input_tokens": 30, "output_tokens": 12, "gpu_ms": 345}
    sampling = {"max_tokens": 64, "temperature_milli": 800, "top_k": 40, "top_p_milli": 950}
    opened = {"genesis": h("genesis"), "channel": 2**40 + 7, "issued_at": 1_800_000_000_077}
    asked = [
        {
            "genesis": h("genesis"), "channel": 2**40 + 7, "seq": 3, "model_digest": h("model"), "workload": work,
            "seed": 2**60 + 9, "input_hash": h("input"), "issued_at": 1_800_000_000_123,
        }
        for work in ({"chat": sampling}, "embed")
    ]
    first = {
        "genesis": h("genesis"), "channel": 2**40 + 7, "seq": 3, "index": 0, "request": h("request"),
        "output_hash": h("4"), "transcript_root": h("root"), "usage": used, "total": sums, "last": False,
    }
    last = dict(first, index=1, output_hash=h("42"), last=True)
    signed = {"genesis": h("genesis"), "channel": 2**40 + 7, "total": sums, "checkpoint": checkpoint(last).hex()}
    receipt = {
        "channel": 9, "client": h("client"), "miner": h("miner"), "model_digest": h("model"),
        "rate": {"per_token": {"input": 5, "output": 2**70}}, "total": sums, "checkpoint": checkpoint(last).hex(),
        "paid": 10**18 + 1, "refund": 7, "opened_at": 5, "ended_at": 800,
    }
    nothing = {"answers": 0, "input_tokens": 0, "output_tokens": 0, "gpu_ms": 0, "fee": 0}
    unused = dict(receipt, rate={"per_gpu_second": 999}, total=nothing, checkpoint="00" * 32, paid=0)
    vectors = {
        "opening": [{"payload": opened, "signing_hash": opening(opened).hex()}],
        "request": [{"payload": r, "signing_hash": request(r).hex()} for r in asked],
        "checkpoint": [{"payload": c, "signing_hash": checkpoint(c).hex()} for c in (first, last)],
        "voucher": [{"payload": signed, "signing_hash": voucher(signed).hex()}],
        "receipt": [
            {"genesis": h("genesis"), "receipt": r, "leaf": receipt_leaf(h("genesis"), r).hex()}
            for r in (receipt, unused)
        ],
    }
    print(json.dumps(vectors, indent=1))


if __name__ == "__main__":
    main()
