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
    return workload(p["workload"]) + uint(p["timeout"], 4) + rate


# Each workload's fields in order, with their bytes.
SAMPLING = {"max_tokens": 4, "temperature_milli": 2, "top_k": 2, "top_p_milli": 2}
WORKLOADS = {
    "chat": SAMPLING,
    "generate": SAMPLING,
    "embed": {},
    "bench": {"size": 4, "rounds": 4},
    "image": {"width": 2, "height": 2, "steps": 2, "guidance_milli": 2},
    "task": {"max_output_bytes": 4, "max_seconds": 4},
}


def workload(w) -> bytes:
    (name, fields), = w.items() if isinstance(w, dict) else ((w, {}),)
    sizes = WORKLOADS[name]
    assert sizes.keys() == fields.keys()
    return uint(list(WORKLOADS).index(name), 1) + b"".join(uint(fields[key], sizes[key]) for key in sizes)


def draws(w) -> bool:
    """Whether the seed changes the answer."""
    return isinstance(w, dict) and ("image" in w or any(f.get("temperature_milli", 0) for f in w.values()))


def bench(text: bytes, size: int, rounds: int) -> bytes:
    """The benchmark's answer, the slow way."""
    mask = 2**64 - 1
    state = int.from_bytes(blake2_256(text)[:8], "little")
    numbers = []
    for _ in range(size * size):
        state = (state + 0x9E3779B97F4A7C15) & mask
        z = state
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & mask
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & mask
        z ^= z >> 31
        numbers += [z & 0xFFFFFFFF, z >> 32]
    rows = [numbers[i : i + size] for i in range(0, len(numbers), size)]
    a, b = rows[:size], rows[size:]
    for _ in range(rounds):
        product = [[sum(x * y for x, y in zip(row, column)) & 0xFFFFFFFF for column in zip(*b)] for row in a]
        a = [[x ^ (x >> 15) for x in row] for row in product]
    return blake2_256(b"".join(uint(x, 4) for row in a for x in row))


def work(w: dict) -> bytes:
    seed = w["seed"] if draws(w["params"]["workload"]) else 0
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

    cold = {"max_tokens": 64, "temperature_milli": 0, "top_k": 0, "top_p_milli": 1000}
    warm = {"max_tokens": 64, "temperature_milli": 800, "top_k": 40, "top_p_milli": 950}
    greedy = {"workload": {"chat": cold}, "timeout": 60, "max_rate": None}
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
        {"workload": {"generate": warm}, "timeout": 60, "max_rate": rate}
        for rate in (None, {"per_token": {"input": 5, "output": 2**70}}, {"per_gpu_second": 20_000_000_000})
    ]
    others = [
        {"workload": asked, "timeout": 60, "max_rate": None}
        for asked in (
            "embed",
            {"bench": {"size": 512, "rounds": 16}},
            {"image": {"width": 512, "height": 768, "steps": 20, "guidance_milli": 7_500}},
            {"task": {"max_output_bytes": 4_000, "max_seconds": 30}},
        )
    ]
    works = [
        {"model": 3, "params": p, "input_hash": h("input"), "seed": 2**60 + 9}
        for p in [dict(jobs[0], workload={"generate": dict(warm, temperature_milli=0)}), jobs[0], *others]
    ]
    benches = [{"input": b"hello".hex(), "size": 64, "rounds": 1}, {"input": b"".hex(), "size": 65, "rounds": 3}]
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
        "params": [{"params": p, "hash": blake2_256(params(p)).hex()} for p in jobs + others],
        "work": [dict(w, hash=work(w).hex()) for w in works],
        "bench": [
            dict(
                b,
                digest=hashlib.sha256(b"millrace:bench:v1").hexdigest(),
                checksum=bench(bytes.fromhex(b["input"]), b["size"], b["rounds"]).hex(),
            )
            for b in benches
        ],
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
