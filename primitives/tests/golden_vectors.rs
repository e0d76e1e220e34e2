//! Recomputes `vectors/vectors.json`, which `vectors/reference.py` makes without this crate.

#![allow(clippy::unwrap_used)]

use millrace_primitives::{
	job::sampling_seed, transcript, Alternative, JobParams, ProofPayload, Rate, Receipt, TranscriptEntry, Usage, H256,
};
use serde_json::Value;

fn vectors(kind: &str) -> Vec<Value> {
	let all: Value = serde_json::from_str(include_str!("vectors/vectors.json")).unwrap();
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

fn parsed<T: serde::de::DeserializeOwned>(value: &Value) -> T {
	// By way of text: plancks above 2^64 need serde_json's own parser.
	serde_json::from_str(&value.to_string()).unwrap()
}

fn entry(value: &Value) -> TranscriptEntry {
	let logprob = |value: &Value| i32::try_from(value.as_i64().unwrap()).unwrap();
	TranscriptEntry {
		token: number(&value["token"]),
		bytes: hex::decode(value["bytes"].as_str().unwrap()).unwrap(),
		logprob: logprob(&value["logprob"]),
		top: value["top"]
			.as_array()
			.unwrap()
			.iter()
			.map(|top| Alternative { token: number(&top["token"]), logprob: logprob(&top["logprob"]) })
			.collect(),
	}
}

#[test]
fn proof_should_sign_the_golden_bytes() {
	for vector in vectors("proof") {
		let payload = &vector["payload"];
		let payload = ProofPayload {
			genesis: hash(&payload["genesis"]),
			job: number(&payload["job"]),
			attempt: number(&payload["attempt"]),
			output_hash: hash(&payload["output_hash"]),
			transcript_root: hash(&payload["transcript_root"]),
			usage: parsed(&payload["usage"]),
		};
		assert_eq!(H256(payload.signing_hash()), hash(&vector["signing_hash"]));
	}
}

#[test]
fn transcript_should_have_the_golden_root() {
	for vector in vectors("transcript") {
		let entries: Vec<_> = vector["entries"].as_array().unwrap().iter().map(entry).collect();
		assert_eq!(transcript::root(&entries), hash(&vector["root"]), "{} entries", entries.len());
	}
}

#[test]
fn receipt_should_have_the_golden_leaf() {
	for vector in vectors("receipt") {
		let value = &vector["receipt"];
		let receipt = Receipt {
			job: number(&value["job"]),
			client: hash(&value["client"]),
			miner: value["miner"].is_string().then(|| hash(&value["miner"])),
			attempts: number(&value["attempts"]),
			model_digest: hash(&value["model_digest"]),
			input_hash: hash(&value["input_hash"]),
			params_hash: hash(&value["params_hash"]),
			output_hash: hash(&value["output_hash"]),
			transcript_root: hash(&value["transcript_root"]),
			usage: parsed(&value["usage"]),
			fee: parsed(&value["fee"]),
			outcome: parsed(&value["outcome"]),
			submitted_at: number(&value["submitted_at"]),
			ended_at: number(&value["ended_at"]),
		};
		assert_eq!(hex::encode(receipt.leaf(&hash(&vector["genesis"]))), vector["leaf"].as_str().unwrap());
	}
}

#[test]
fn parameters_should_have_the_golden_hash() {
	for vector in vectors("params") {
		let params: JobParams = parsed(&vector["params"]);
		assert_eq!(params.hash(), hash(&vector["hash"]));
	}
}

#[test]
fn seed_should_be_the_golden_number() {
	for vector in vectors("seed") {
		let seed = sampling_seed(&hash(&vector["randomness"]).0, number(&vector["job"]), number(&vector["attempt"]));
		assert_eq!(seed, vector["seed"].as_u64().unwrap());
	}
}

#[test]
fn fee_should_be_the_golden_amount() {
	for vector in vectors("fee") {
		let (rate, usage): (Rate, Usage) = (parsed(&vector["rate"]), parsed(&vector["usage"]));
		assert_eq!(rate.fee(&usage), Some(parsed::<u128>(&vector["plancks"])));
	}
}
