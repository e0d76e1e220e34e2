#!/usr/bin/env python3
"""Checks a receipt as JSON, written a second time from docs/receipts.md. Needs nothing but Python.

Run as `python3 verify_json.py FILE KEY`, with the miner's receipt key as the chain lists it. It checks the signature and
what the receipt says of itself; for which blocks the key holds is for the reader to look up.
"""

import base64
import hashlib
import json
import sys

from verify import Invalid, blake2, need, signed


def number(value: int, size: int) -> bytes:
    return value.to_bytes(size, "little")


def account(text: str) -> bytes:
    """The 32 bytes of an SS58 address of prefix 42."""
    value = 0
    for digit in text:
        value = value * 58 + "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz".index(digit)
    data = value.to_bytes(35, "big")
    check = hashlib.blake2b(b"SS58PRE" + data[:33]).digest()[:2]
    need(data[:1] == b"\x2a" and data[33:] == check, "bad_field")
    return data[1:33]


def leaf(r: dict) -> bytes:
    """The receipt's leaf in the tree of its block; blake2-256 of it is the receipt's id."""
    meta = r["metadata"]
    unhex = lambda text, prefix: bytes.fromhex(text.removeprefix(prefix))
    return (
        b"millrace:receipt:v2"
        + unhex(meta["genesis"], "0x")
        + number(int(r["job_id"]), 8)
        + account(r["client"])
        + b"\x01"
        + account(r["provider"])
        + number(meta["attempts"], 1)
        + unhex(r["model"], "sha256:")
        + unhex(r["prompt_hash"], "blake2-256:")
        + unhex(meta["params_hash"], "blake2-256:")
        + unhex(r["artifact_hash"], "blake2-256:")
        + unhex(meta["transcript_root"], "0x")
        + number(meta["input_tokens"], 4)
        + number(meta["output_tokens"], 4)
        + number(r["duration_ms"], 4)
        + number(r["price"], 16)
        + number(["settled", "failed", "expired", "cancelled"].index(meta["outcome"]), 1)
        + number(meta["submitted_at"], 4)
        + number(meta["ended_at"], 4)
    )


def no_float(text: str):
    raise Invalid("not_a_receipt")


def verify(text: str, key: bytes) -> dict:
    receipt = json.loads(text, parse_float=no_float)
    need(receipt["version"] == "1.0", "other_version")
    signature = receipt.pop("signature", None)
    need(signature is not None, "not_signed")
    need(set(signature) == {"alg", "key_id", "sig"}, "not_a_receipt")
    need(signature["alg"] == "Ed25519", "other_algorithm")
    need(receipt["receipt_id"] == "0x" + blake2(leaf(receipt)).hex(), "bad_field")
    need(receipt["units"] == receipt["metadata"]["input_tokens"] + receipt["metadata"]["output_tokens"], "bad_field")
    need(receipt["completed_at"] >= receipt["started_at"], "bad_field")
    # The key is the reader's. What the receipt says of it only tells whether it is the one that is meant.
    need(signature["key_id"] == "sha256:" + hashlib.sha256(key).hexdigest(), "unknown_key")
    canonical = json.dumps(receipt, sort_keys=True, separators=(",", ":")).encode()
    sig = base64.urlsafe_b64decode(signature["sig"] + "==")
    need(signed(key, hashlib.sha256(canonical).digest(), sig), "bad_signature")
    return receipt


def main() -> None:
    with open(sys.argv[1], encoding="ascii") as file:
        text = file.read()
    try:
        receipt = verify(text, bytes.fromhex(sys.argv[2].removeprefix("0x")))
    except Invalid as cause:
        sys.exit(f"not valid: {cause}")
    print(json.dumps(receipt, indent=1))


if __name__ == "__main__":
    main()
