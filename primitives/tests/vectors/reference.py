#!/usr/bin/env python3
"""The hashed and signed bytes of Millrace, written a second time from their description, to make the golden vectors.

Run as `python3 reference.py > vectors.json`. Needs nothing but Python's standard library.
"""

import hashlib
import json


def blake2_256(data: bytes) -> bytes:
    return hashlib.blake2b(data, digest_size=32).digest()


def uint(value: int, size: int) -> bytes:
    return value.to_bytes(size, "little")


def int32(value: int) -> bytes:
    return value.to_bytes(4, "little", signed=True)


def compact(value: int) -> bytes:
    """SCALE's compact integers below 2^30."""
    if value < 1 << 6:
        return uint(value << 2, 1)
    if value < 1 << 14:
        return uint(value << 2 | 1, 2)
    return uint(value << 2 | 2, 4)


def usage(u: dict) -> bytes:
    return uint(u["input_tokens"], 4) + uint(u["output_tokens"], 4) + uint(u["gpu_ms"], 4)


def proof_signing_hash(p: dict) -> bytes:
    return blake2_256(
        b"millrace:proof:v1"
        + bytes.fromhex(p["genesis"])
        + uint(p["job"], 8)
        + uint(p["attempt"], 1)
        + bytes.fromhex(p["work"])
        + bytes.fromhex(p["output_hash"])
        + bytes.fromhex(p["transcript_root"])
        + usage(p["usage"])
    )


def transcript_leaf(index: int, entry: dict) -> bytes:
    text = bytes.fromhex(entry["bytes"])
    top = b"".join(uint(a["token"], 4) + int32(a["logprob"]) for a in entry["top"])
    return (
        b"millrace:transcript:v1"
        + uint(index, 4)
        + uint(entry["token"], 4)
        + compact(len(text))
        + text
        + int32(entry["logprob"])
        + compact(len(entry["top"]))
        + top
    )


def merkle_root(leaves: list) -> bytes:
    """Leaves are hashed; pairs are concatenated and hashed; an odd node moves up."""
    level = [blake2_256(leaf) for leaf in leaves]
    if not level:
        return bytes(32)
    while len(level) > 1:
        pairs = [level[i : i + 2] for i in range(0, len(level), 2)]
        level = [blake2_256(p[0] + p[1]) if len(p) == 2 else p[0] for p in pairs]
    return level[0]


def seed(randomness: bytes, job: int, attempt: int) -> int:
    hashed = blake2_256(b"millrace:seed:v1" + randomness + uint(job, 8) + uint(attempt, 1))
    return int.from_bytes(hashed[24:], "little")


def receipt_leaf(genesis: str, r: dict) -> bytes:
    return (
        b"millrace:receipt:v2"
        + bytes.fromhex(genesis)
        + uint(r["job"], 8)
        + bytes.fromhex(r["client"])
        + (b"\x01" + bytes.fromhex(r["miner"]) if r["miner"] else b"\x00")
        + uint(r["attempts"], 1)
        + b"".join(
            bytes.fromhex(r[key])
            for key in ("model_digest", "input_hash", "params_hash", "output_hash", "transcript_root")
        )
        + usage(r["usage"])
        + uint(r["fee"], 16)
        + uint(["settled", "failed", "expired", "cancelled"].index(r["outcome"]), 1)
        + uint(r["submitted_at"], 4)
        + uint(r["ended_at"], 4)
    )


def params(p: dict) -> bytes:
    rate = b"\x00"
    if p["max_rate"]:
        (unit, value), = p["max_rate"].items()
        if unit == "per_token":
            rate = b"\x01\x00" + uint(value["input"], 16) + uint(value["output"], 16)
        else:
            rate = b"\x01\x01" + uint(value, 16)
    return (
        uint(["chat", "generate"].index(p["workload"]), 1)
        + uint(p["max_tokens"], 4)
        + uint(p["temperature_milli"], 2)
        + uint(p["top_k"], 2)
        + uint(p["top_p_milli"], 2)
        + uint(p["timeout"], 4)
        + rate
    )


def work(w: dict) -> bytes:
    seed = w["seed"] if w["params"]["temperature_milli"] else 0
    return blake2_256(
        b"millrace:work:v1" + uint(w["model"], 4) + params(w["params"]) + bytes.fromhex(w["input_hash"]) + uint(seed, 8)
    )


def fee(rate: dict, u: dict) -> int:
    (unit, value), = rate.items()
    if unit == "per_token":
        return value["input"] * u["input_tokens"] + value["output"] * u["output_tokens"]
    return value * u["gpu_ms"] // 1000


def receipt_key(k: dict) -> bytes:
    return b"millrace:receipt-key:v1" + b"".join(bytes.fromhex(k[name]) for name in ("genesis", "owner", "key"))


def main() -> None:
    def h(text: str) -> str:
        return blake2_256(text.encode()).hex()

    greedy = {
        "workload": "chat", "max_tokens": 64, "temperature_milli": 0, "top_k": 0, "top_p_milli": 1000, "timeout": 60,
        "max_rate": None,
    }
    asked = work({"model": 0, "params": greedy, "input_hash": h("What is 17 plus 25?"), "seed": 0}).hex()
    used = {"input_tokens": 21, "output_tokens": 12, "gpu_ms": 345}
    proof = {
        "genesis": h("genesis"), "job": 2**40 + 7, "attempt": 2, "work": asked, "output_hash": h("42"),
        "transcript_root": h("root"), "usage": used,
    }
    entries = [
        {
            "token": 1000 + i, "bytes": ("word" * (i * 9 + 1)).encode().hex(), "logprob": -i * 123_456,
            "top": [{"token": 1000 + i + k, "logprob": -(i + k) * 123_456} for k in range(5)],
        }
        for i in range(7)
    ]
    root = merkle_root([transcript_leaf(i, e) for i, e in enumerate(entries)]).hex()
    first = {
        "genesis": h("genesis"), "job": 0, "attempt": 1, "work": asked, "output_hash": h("17 + 25 = 42."),
        "transcript_root": root, "usage": {"input_tokens": 9, "output_tokens": 7, "gpu_ms": 0},
    }
    receipt = {
        "job": 9, "client": h("client"), "miner": h("miner"), "attempts": 1, "model_digest": h("model"),
        "input_hash": h("input"), "params_hash": h("params"), "output_hash": h("output"),
        "transcript_root": h("root"), "usage": used, "fee": 10**18 + 1, "outcome": "settled",
        "submitted_at": 5, "ended_at": 8,
    }
    expired = dict(receipt, miner=None, attempts=0, outcome="expired", fee=0)
    jobs = [
        {
            "workload": "generate", "max_tokens": 64, "temperature_milli": 800, "top_k": 40, "top_p_milli": 950,
            "timeout": 60, "max_rate": rate,
        }
        for rate in (None, {"per_token": {"input": 5, "output": 2**70}}, {"per_gpu_second": 20_000_000_000})
    ]
    works = [
        {"model": 3, "params": dict(jobs[0], temperature_milli=temperature), "input_hash": h("input"), "seed": 2**60 + 9}
        for temperature in (0, 800)
    ]
    rates = [{"per_token": {"input": 3, "output": 10**12}}, {"per_gpu_second": 20_000_000_000}, {"per_gpu_second": 999}]
    randomness = blake2_256(b"vrf")
    possession = {"genesis": h("genesis"), "owner": h("miner"), "key": h("receipt key")}
    vectors = {
        "proof": [{"payload": p, "signing_hash": proof_signing_hash(p).hex()} for p in (proof, first)],
        "transcript": [
            {"entries": entries[:n], "root": merkle_root([transcript_leaf(i, e) for i, e in enumerate(entries[:n])]).hex()}
            for n in (0, 1, 2, 3, 7)
        ],
        "receipt": [
            {"genesis": h("genesis"), "receipt": r, "leaf": receipt_leaf(h("genesis"), r).hex()}
            for r in (receipt, expired)
        ],
        "params": [{"params": p, "hash": blake2_256(params(p)).hex()} for p in jobs],
        "work": [dict(w, hash=work(w).hex()) for w in works],
        "seed": [
            {"randomness": randomness.hex(), "job": job, "attempt": attempt, "seed": seed(randomness, job, attempt)}
            for job, attempt in ((0, 1), (77, 3))
        ],
        "fee": [{"rate": rate, "usage": used, "plancks": fee(rate, used)} for rate in rates],
        "receipt_key": [dict(possession, bytes=receipt_key(possession).hex())],
    }
    print(json.dumps(vectors, indent=1))


if __name__ == "__main__":
    main()
