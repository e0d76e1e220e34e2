//! Recomputes `vectors/channel.json`, which `vectors/channel.py` makes without this crate.

// Everything here is a test: a failure must stop it with its reason.
#![allow(clippy::unwrap_used)]

use millrace_primitives::{
	channel::OpeningPayload, ChannelReceipt, CheckpointPayload, Rate, RequestPayload, RunningTotal, Usage,
	VoucherPayload, Workload, H256,
};
use serde_json::Value;

fn vectors(kind: &str) -> Vec<Value> {
	let all: Value = serde_json::from_str(include_str!("vectors/channel.json")).unwrap();
	let list = all[kind].as_array().unwrap().clone();
	assert!(!list.is_empty());
	list
}

fn hash(value: &Value) -> H256 {
	H256::from_slice(&hex::decode(value.as_str().unwrap()).unwrap())
}

fn number<T: TryFrom<u64>>(value: &Value) -> T {
	T::try_from(value.as_u64().unwrap()).ok().unwrap()
}

/// By way of text: plancks above 2^64 need serde_json's own parser.
fn parsed<T: serde::de::DeserializeOwned>(value: &Value) -> T {
	serde_json::from_str(&value.to_string()).unwrap()
}

fn total(value: &Value) -> RunningTotal {
	RunningTotal {
		answers: number(&value["answers"]),
		input_tokens: number(&value["input_tokens"]),
		output_tokens: number(&value["output_tokens"]),
		gpu_ms: number(&value["gpu_ms"]),
		fee: parsed(&value["fee"]),
	}
}

#[test]
fn opening_should_sign_the_golden_bytes() {
	for vector in vectors("opening") {
		let payload = &vector["payload"];
		let payload = OpeningPayload {
			genesis: hash(&payload["genesis"]),
			channel: number(&payload["channel"]),
			issued_at: number(&payload["issued_at"]),
		};
		assert_eq!(H256(payload.signing_hash()), hash(&vector["signing_hash"]));
	}
}

#[test]
fn request_should_sign_the_golden_bytes() {
	for vector in vectors("request") {
		let payload = &vector["payload"];
		let payload = RequestPayload {
			genesis: hash(&payload["genesis"]),
			channel: number(&payload["channel"]),
			seq: number(&payload["seq"]),
			model_digest: hash(&payload["model_digest"]),
			workload: parsed::<Workload>(&payload["workload"]),
			seed: number(&payload["seed"]),
			input_hash: hash(&payload["input_hash"]),
			issued_at: number(&payload["issued_at"]),
		};
		assert_eq!(H256(payload.signing_hash()), hash(&vector["signing_hash"]));
	}
}

#[test]
fn checkpoint_should_sign_the_golden_bytes() {
	for vector in vectors("checkpoint") {
		let payload = &vector["payload"];
		let payload = CheckpointPayload {
			genesis: hash(&payload["genesis"]),
			channel: number(&payload["channel"]),
			seq: number(&payload["seq"]),
			index: number(&payload["index"]),
			request: hash(&payload["request"]),
			output_hash: hash(&payload["output_hash"]),
			transcript_root: hash(&payload["transcript_root"]),
			usage: parsed::<Usage>(&payload["usage"]),
			total: total(&payload["total"]),
			last: payload["last"].as_bool().unwrap(),
		};
		assert_eq!(H256(payload.signing_hash()), hash(&vector["signing_hash"]));
	}
}

#[test]
fn voucher_should_sign_the_golden_bytes() {
	for vector in vectors("voucher") {
		let payload = &vector["payload"];
		let payload = VoucherPayload {
			genesis: hash(&payload["genesis"]),
			channel: number(&payload["channel"]),
			total: total(&payload["total"]),
			checkpoint: hash(&payload["checkpoint"]),
		};
		assert_eq!(H256(payload.signing_hash()), hash(&vector["signing_hash"]));
	}
}

#[test]
fn channel_receipt_should_have_the_golden_leaf() {
	for vector in vectors("receipt") {
		let receipt = &vector["receipt"];
		let receipt = ChannelReceipt::<[u8; 32]> {
			channel: number(&receipt["channel"]),
			client: hash(&receipt["client"]).0,
			miner: hash(&receipt["miner"]).0,
			model_digest: hash(&receipt["model_digest"]),
			rate: parsed::<Rate>(&receipt["rate"]),
			total: total(&receipt["total"]),
			checkpoint: hash(&receipt["checkpoint"]),
			paid: parsed(&receipt["paid"]),
			refund: parsed(&receipt["refund"]),
			opened_at: number(&receipt["opened_at"]),
			ended_at: number(&receipt["ended_at"]),
		};
		let leaf = hex::decode(vector["leaf"].as_str().unwrap()).unwrap();
		assert_eq!(receipt.leaf(&hash(&vector["genesis"])), leaf);
	}
}
