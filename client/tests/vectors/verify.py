#!/usr/bin/env python3
"""Checks a Millrace receipt file, written a second time from docs/receipts.md. Needs nothing but Python.

Run as `python3 verify.py FILE TRUST`. Slow, and meant to be read: the program to use is `millrace receipt verify`.
"""

import hashlib
import json
import sys


class Invalid(Exception):
    pass


def need(holds: bool, cause: str) -> None:
    if not holds:
        raise Invalid(cause)


def blake2(data: bytes) -> bytes:
    return hashlib.blake2b(data, digest_size=32).digest()


# Ed25519 of RFC 8032.
P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
I = pow(2, (P - 1) // 4, P)


def add(a, b):
    (x1, y1, z1, t1), (x2, y2, z2, t2) = a, b
    e, f = (y1 - x1) * (y2 - x2), (y1 + x1) * (y2 + x2)
    g, h = 2 * t1 * t2 * D, 2 * z1 * z2
    e, f, g, h = f - e, h - g, h + g, f + e
    return e * f % P, g * h % P, f * g % P, e * h % P


def times(point, by: int):
    result = (0, 1, 1, 0)
    while by:
        if by & 1:
            result = add(result, point)
        point, by = add(point, point), by >> 1
    return result


def point(data: bytes):
    y = int.from_bytes(data, "little")
    sign, y = y >> 255, y & (1 << 255) - 1
    xx = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(xx, (P + 3) // 8, P)
    if (x * x - xx) % P:
        x = x * I % P
    need(y < P and (x * x - xx) % P == 0, "not_final")
    x = P - x if x & 1 != sign else x
    return x, y, 1, x * y % P


BASE = point((4 * pow(5, P - 2, P) % P).to_bytes(32, "little"))


def signed(key: bytes, message: bytes, signature: bytes) -> bool:
    s = int.from_bytes(signature[32:], "little")
    h = int.from_bytes(hashlib.sha512(signature[:32] + key + message).digest(), "little") % L
    left, right = times(BASE, s), add(point(signature[:32]), times(point(key), h))
    same = (left[0] * right[2] - right[0] * left[2]) % P == 0 and (left[1] * right[2] - right[1] * left[2]) % P == 0
    return s < L and same


class Reader:
    """SCALE, from the front."""

    def __init__(self, data: bytes):
        self.data, self.at = data, 0

    def take(self, size: int) -> bytes:
        need(self.at + size <= len(self.data), "damaged")
        self.at += size
        return self.data[self.at - size : self.at]

    def uint(self, size: int) -> int:
        return int.from_bytes(self.take(size), "little")

    def compact(self) -> int:
        first = self.uint(1)
        mode, low = first & 3, first >> 2
        if mode < 3:
            more = (0, 1, 3)[mode]
            value, least = low | self.uint(more) << 6, (0, 1 << 6, 1 << 14)[mode]
        else:
            need(low == 0, "damaged")
            value, least = self.uint(4), 1 << 30
        need(value >= least, "damaged")
        return value

    def list(self, element) -> list:
        return [element() for _ in range(self.compact())]

    def bytes(self) -> bytes:
        return self.take(self.compact())

    def end(self) -> None:
        need(self.at == len(self.data), "damaged")

    def header(self) -> dict:
        start = self.at
        found = {"parent": self.take(32), "number": self.compact(), "roots": self.take(64), "items": []}
        for _ in range(self.compact()):
            kind = self.uint(1)
            need(kind in (0, 4, 5, 6, 8), "damaged")
            engine = self.take(4) if kind in (4, 5, 6) else b""
            data = self.bytes() if kind != 8 else b""
            if kind == 4:
                found["items"].append((engine, data))
        return found | {"hash": blake2(self.data[start : self.at])}

    def vote(self) -> dict:
        return {"hash": self.take(32), "number": self.uint(4), "signature": self.take(64), "key": self.take(32)}

    def justification(self) -> dict:
        return {
            "round": self.uint(8), "hash": self.take(32), "number": self.uint(4),
            "votes": self.list(self.vote), "headers": self.list(self.header),
        }

    def receipt(self) -> dict:
        found = {"job": self.uint(8), "client": self.take(32)}
        option = self.uint(1)
        need(option < 2, "damaged")
        found["miner"] = self.take(32) if option else None
        found["attempts"] = self.uint(1)
        for name in ("model_digest", "input_hash", "params_hash", "output_hash", "transcript_root"):
            found[name] = self.take(32)
        for name in ("input_tokens", "output_tokens", "gpu_ms"):
            found[name] = self.uint(4)
        found["fee"] = self.uint(16)
        outcome = self.uint(1)
        need(outcome < 4, "damaged")
        found["outcome"] = ("settled", "failed", "expired", "cancelled")[outcome]
        found["submitted_at"], found["ended_at"] = self.uint(4), self.uint(4)
        return found


    def channel_receipt(self) -> dict:
        found = {"channel": self.uint(8)}
        for name in ("client", "miner", "model_digest"):
            found[name] = self.take(32)
        kind = self.uint(1)
        need(kind < 2, "damaged")
        found["rate"] = {"per_gpu_second": self.uint(16)} if kind else {"per_token": [self.uint(16), self.uint(16)]}
        found["answers"] = self.uint(4)
        for name in ("input_tokens", "output_tokens", "gpu_ms"):
            found[name] = self.uint(8)
        found["owed"], found["checkpoint"] = self.uint(16), self.take(32)
        found["paid"], found["refund"] = self.uint(16), self.uint(16)
        found["opened_at"], found["ended_at"] = self.uint(4), self.uint(4)
        return found


def change(header: dict):
    """The next set; None when the set stays."""
    found = None
    for engine, data in header["items"]:
        if engine != b"FRNK":
            continue
        log = Reader(data)
        kind = log.uint(1)
        if kind == 3:
            continue
        need(kind == 1 and found is None, "irregular_change")
        found = [(log.take(32), log.uint(8)) for _ in range(log.compact())]
        need(log.uint(4) == 0, "irregular_change")
        log.end()
    return found


def final(proof: dict, block: dict, number: int, validators: list) -> None:
    weights = {}
    for key, weight in validators:
        weights[key] = weights.get(key, 0) + weight
    votes, headers = proof["votes"], {header["hash"]: header for header in proof["headers"]}
    need((proof["hash"], proof["number"]) == (block["hash"], block["number"]), "not_final")
    need(0 < len(votes) <= 2 * len(weights) and len(proof["headers"]) <= 4096, "not_final")
    need(len({(vote["key"], vote["hash"]) for vote in votes}) == len(votes), "not_final")
    for vote in votes:
        need(weights.get(vote["key"], 0) > 0, "not_final")
        message = b"\x01" + vote["hash"] + vote["number"].to_bytes(4, "little")
        message += proof["round"].to_bytes(8, "little") + number.to_bytes(8, "little")
        need(signed(vote["key"], message, vote["signature"]), "not_final")
    base = min(votes, key=lambda vote: vote["number"])
    used, behind = set(), set()
    for vote in votes:
        here, height, way = vote["hash"], vote["number"], {vote["hash"]}
        while here != base["hash"]:
            need(here in headers and headers[here]["number"] == height, "not_final")
            used.add(here)
            here, height = headers[here]["parent"], height - 1
            way.add(here)
        need(height == base["number"], "not_final")
        if block["hash"] in way:
            behind.add(vote["key"])
    need(len(used) == len(proof["headers"]), "not_final")
    total = sum(weights.values())
    need(sum(weights[key] for key in behind) >= total - (total - 1) // 3, "not_final")


def has_leaf(root: bytes, width: int, place: int, path: list, leaf: bytes) -> bool:
    if place >= width:
        return False
    here, path = blake2(leaf), list(path)
    while width > 1:
        if place % 2 == 1 or place + 1 < width:
            if not path:
                return False
            beside = path.pop(0)
            here = blake2(beside + here if place % 2 else here + beside)
        place, width = place // 2, (width + 1) // 2
    return not path and here == root


def verify(data: bytes, trust: dict) -> dict:
    need(len(data) <= 4 << 20, "too_long")
    need(data[:8] == b"MILLRCPT", "not_a_receipt")
    need(data[8:9] in (b"\x01", b"\x02"), "other_version")
    of_channel = data[8] == 2
    file = Reader(data[9:])
    genesis, start = file.take(32), file.at
    receipt = file.channel_receipt() if of_channel else file.receipt()
    leaf = (b"millrace:channel-receipt:v1" if of_channel else b"millrace:receipt:v2") + genesis + file.data[start : file.at]
    place, path, first_set = file.uint(4), file.list(lambda: file.take(32)), file.uint(8)
    changes = file.list(lambda: (file.header(), file.justification()))
    headers, votes = file.list(file.header), file.justification()
    file.end()

    unhex = lambda text: bytes.fromhex(text.removeprefix("0x"))
    need(genesis == unhex(trust["genesis"]), "other_chain")
    need(len(headers) > 0, "no_header")
    for parent, child in zip(headers, headers[1:]):
        need(child["parent"] == parent["hash"] and child["number"] == parent["number"] + 1, "broken_chain")
        need(change(parent) is None, "hidden_change")
    for header in headers:
        same = header["hash"] == unhex(trust["block"]["hash"])
        need(header["number"] != trust["block"]["number"] or same, "other_checkpoint")

    known = trust["set_id"] - first_set
    need(0 <= known <= len(changes), "set_out_of_reach")
    number, validators = trust["set_id"], [(unhex(a["key"]), a["weight"]) for a in trust["authorities"]]
    after = trust["block"]["number"]
    for header, proof in changes[known:]:
        need(header["number"] > after, "out_of_order")
        final(proof, header, number, validators)
        validators = change(header)
        need(validators is not None, "no_change")
        number, after = number + 1, header["number"]
    need(not changes[known:] or headers[0]["number"] > after, "out_of_order")
    final(votes, headers[-1], number, validators)

    roots = [data for engine, data in headers[0]["items"] if engine == b"MILL"]
    need(len(roots) == 1 and len(roots[0]) == 36, "no_root")
    need(receipt["ended_at"] == headers[0]["number"], "other_block")
    leaves = int.from_bytes(roots[0][32:], "little")
    need(has_leaf(roots[0][:32], leaves, place, path, leaf), "not_in_block")
    return receipt


def main() -> None:
    with open(sys.argv[1], "rb") as file, open(sys.argv[2]) as trust:
        data, trust = file.read(), json.load(trust)
    try:
        receipt = verify(data, trust)
    except Invalid as cause:
        sys.exit(f"not valid: {cause}")
    print(json.dumps({k: "0x" + v.hex() if isinstance(v, bytes) else v for k, v in receipt.items()}, indent=1))


if __name__ == "__main__":
    main()
