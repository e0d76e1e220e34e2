//! Reads `vectors.json`, which `reference.py` makes without any of our code. Every crate that hashes or signs includes
//! this file in its tests, so that all of them are held to the same bytes.

// Each crate takes the kinds that it has to do with.
#![allow(dead_code, clippy::unwrap_used)]

use millrace_primitives::{Alternative, JobParams, ProofPayload, Rate, Receipt, TranscriptEntry, Usage, H256};
use serde_json::Value;

fn vectors(kind: &str) -> Vec<Value> {
	let all: Value = serde_json::from_str(include_str!("vectors.json")).unwrap();
	let list = all[kind].as_array().unwrap().clone();
	assert!(!list.is_empty());
	list
}

fn bytes(value: &Value) -> Vec<u8> {
	hex::decode(value.as_str().unwrap()).unwrap()
}

fn hash(value: &Value) -> H256 {
	H256::from_slice(&bytes(value))
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
		bytes: bytes(&value["bytes"]),
		logprob: logprob(&value["logprob"]),
		top: value["top"]
			.as_array()
			.unwrap()
			.iter()
			.map(|top| Alternative { token: number(&top["token"]), logprob: logprob(&top["logprob"]) })
			.collect(),
	}
}

/// Proofs, and the hash that gets signed.
pub fn proofs() -> Vec<(ProofPayload, H256)> {
	let payload = |payload: &Value| ProofPayload {
		genesis: hash(&payload["genesis"]),
		job: number(&payload["job"]),
		attempt: number(&payload["attempt"]),
		work: hash(&payload["work"]),
		output_hash: hash(&payload["output_hash"]),
		transcript_root: hash(&payload["transcript_root"]),
		usage: parsed(&payload["usage"]),
	};
	vectors("proof").iter().map(|vector| (payload(&vector["payload"]), hash(&vector["signing_hash"]))).collect()
}

/// Transcripts, and their roots.
pub fn transcripts() -> Vec<(Vec<TranscriptEntry>, H256)> {
	let entries = |vector: &Value| vector["entries"].as_array().unwrap().iter().map(entry).collect();
	vectors("transcript").iter().map(|vector| (entries(vector), hash(&vector["root"]))).collect()
}

/// Receipts, the genesis hash of their chain, and the bytes of their leaves.
pub fn receipts<AccountId: From<[u8; 32]>>() -> Vec<(Receipt<AccountId>, H256, Vec<u8>)> {
	let account = |value: &Value| AccountId::from(hash(value).0);
	let receipt = |value: &Value| Receipt {
		job: number(&value["job"]),
		client: account(&value["client"]),
		miner: value["miner"].is_string().then(|| account(&value["miner"])),
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
	let vector = |vector: &Value| (receipt(&vector["receipt"]), hash(&vector["genesis"]), bytes(&vector["leaf"]));
	vectors("receipt").iter().map(vector).collect()
}

/// Parameters, and their hashes.
pub fn params() -> Vec<(JobParams, H256)> {
	vectors("params").iter().map(|vector| (parsed(&vector["params"]), hash(&vector["hash"]))).collect()
}

/// Model, parameters, input hash and seed, and the hash of that work.
pub fn works() -> Vec<(u32, JobParams, H256, u64, H256)> {
	let work = |vector: &Value| {
		let seed = vector["seed"].as_u64().unwrap();
		(number(&vector["model"]), parsed(&vector["params"]), hash(&vector["input_hash"]), seed, hash(&vector["hash"]))
	};
	vectors("work").iter().map(work).collect()
}

/// The digest of the benchmark model.
pub fn bench_digest() -> H256 {
	hash(&vectors("bench")[0]["digest"])
}

/// A benchmark's input, size and rounds, and its answer.
pub fn benches() -> Vec<(Vec<u8>, u32, u32, H256)> {
	let bench = |vector: &Value| {
		let (size, rounds) = (number(&vector["size"]), number(&vector["rounds"]));
		(bytes(&vector["input"]), size, rounds, hash(&vector["checksum"]))
	};
	vectors("bench").iter().map(bench).collect()
}

/// Randomness, job and attempt, and the seed that follows.
pub fn seeds() -> Vec<([u8; 32], u64, u8, u64)> {
	let seed = |vector: &Value| {
		let randomness = hash(&vector["randomness"]).0;
		(randomness, number(&vector["job"]), number(&vector["attempt"]), vector["seed"].as_u64().unwrap())
	};
	vectors("seed").iter().map(seed).collect()
}

/// Rates and usages, and the plancks that they cost.
pub fn fees() -> Vec<(Rate, Usage, u128)> {
	let fee = |vector: &Value| (parsed(&vector["rate"]), parsed(&vector["usage"]), parsed(&vector["plancks"]));
	vectors("fee").iter().map(fee).collect()
}

/// Genesis hash, owner and receipt key, and the bytes that show its possession.
pub fn receipt_keys() -> Vec<(H256, H256, H256, Vec<u8>)> {
	let vector = |vector: &Value| {
		(hash(&vector["genesis"]), hash(&vector["owner"]), hash(&vector["key"]), bytes(&vector["bytes"]))
	};
	vectors("receipt_key").iter().map(vector).collect()
}
