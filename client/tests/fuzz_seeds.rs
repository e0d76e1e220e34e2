//! The seeds of the fuzz targets that read receipt files, conversations and the messages of sessions.

#[path = "../../fuzz/properties/conversation.rs"]
mod conversation;
#[path = "../../fuzz/properties/finality.rs"]
mod finality;
#[path = "../../fuzz/properties/receipt_file.rs"]
mod receipt_file;
#[path = "../../fuzz/properties/scale.rs"]
mod scale;
#[path = "../../fuzz/properties/seeds.rs"]
mod seeds;
#[path = "../../fuzz/properties/session.rs"]
mod session;
#[path = "../../fuzz/properties/trust.rs"]
mod trust;

use codec::Encode;
use millrace_client::session::wire::{RefusalCode, ToClient, ToMiner};
use millrace_primitives::{
	channel::OpeningPayload, Alternative, Checkpoint, CheckpointPayload, FailCode, JobParams, RequestPayload,
	RunningTotal, TranscriptEntry, Usage, Voucher, H256,
};
use receipt_file::{Edit, Part};
use sp_runtime::generic::DigestItem;

#[test]
fn receipt_file_should_hold_when_it_is_a_seed() {
	let golden = include_bytes!("vectors/receipt-v1.receipt").to_vec();
	let bytes = vec![Edit::Flip(9, 1), Edit::Insert(200, vec![1, 2, 3]), Edit::Cut(300, 32)];
	let votes = vec![Part::SwapVotes(1, 0, 2), Part::DropVote(1, 3), Part::CopyVote(0, 1, 2), Part::Retarget(0, 1, 1)];
	let headers = vec![
		Part::Ancestor(2, 3),
		Part::SwapHeaders(0, 1),
		Part::DropHeader(2),
		Part::Renumber(2, 1),
		Part::Log(2, *b"MILL", vec![0; 36]),
		Part::Log(0, *b"FRNK", vec![3; 9]),
	];
	let claims = vec![
		Part::Place(1, vec![Default::default(); 3]),
		Part::FirstSet(1),
		Part::CopyChange(1),
		Part::DropChange(0),
		Part::Receipt(1, 1, 1),
	];
	let parts = |parts: Vec<Part>| parts.into_iter().map(Edit::Part).collect::<Vec<_>>().encode();
	let made = [
		("golden", golden),
		("bytes", bytes.encode()),
		("votes", parts(votes)),
		("votes-that-are-not-needed", parts(vec![Part::SwapVotes(0, 0, 1), Part::DropVote(1, 0)])),
		("headers", parts(headers)),
		("claims", parts(claims)),
	];
	seeds::hold("receipt_file", &made, receipt_file::check);
}

#[test]
fn trust_should_hold_when_it_is_a_seed() {
	let golden = include_bytes!("vectors/receipt-v1-trust.json").to_vec();
	seeds::hold("trust", &[("golden", golden)], trust::check);
}

#[test]
fn finality_should_hold_when_it_is_a_seed() {
	let chain = |length: u8| (0..length).map(|parent| (parent, Vec::new())).collect();
	let plain = finality::Case {
		weights: [1; 4],
		blocks: chain(6),
		votes: vec![(0, 5), (1, 5), (2, 5)],
		target: 5,
		depth: 2,
		ancestors: vec![],
	};
	// Three vote for blocks after the target, one of them on a fork.
	let mut forked = finality::Case { votes: vec![(0, 3), (1, 4), (2, 5), (3, 6)], target: 3, ..plain.clone() };
	forked.blocks[5] = (3, vec![DigestItem::Other(vec![1, 2, 3])]);
	forked.ancestors = vec![4, 5, 6];
	// The heaviest votes for two blocks, which counts once.
	let votes = vec![(0, 3), (0, 4), (1, 3)];
	let doubled = finality::Case { weights: [5, 1, 1, 1], votes, target: 3, ancestors: vec![4], ..plain.clone() };
	let made = [("plain", plain.encode()), ("forked", forked.encode()), ("doubled", doubled.encode())];
	seeds::hold("finality", &made, finality::check);
}

#[test]
fn conversation_should_hold_when_it_is_a_seed() {
	let plain = br#"[{"role":"system","content":"Be \"brief\"."},{"role":"user","content":"17 + 25?"}]"#;
	let formed = br##"{"messages":[{"role":"user","content":"x"}],"format":{"type":"object","properties":{"b":{"$ref":"#/$defs/c"},"a":{"anyOf":[{"enum":[1,"x"]},{"type":["array","null"],"items":{"type":"integer","minimum":-5},"maxItems":3}]}},"required":["b"],"additionalProperties":false,"$defs":{"c":{"type":"string","maxLength":9}}}}"##;
	let json = br#"{"messages":[{"role":"user","content":"x"}],"format":"json"}"#;
	let made = [("plain", plain.to_vec()), ("formed", formed.to_vec()), ("json", json.to_vec())];
	seeds::hold("conversation", &made, conversation::check);
}

#[test]
fn session_should_hold_when_it_is_a_seed() {
	let (hash, signature) = (H256::repeat_byte(7), [9; 64].into());
	let total = RunningTotal { answers: 2, input_tokens: 30, output_tokens: 64, gpu_ms: 900, fee: 1 << 70 };
	let voucher = Voucher { total, checkpoint: hash, signature };
	let payload = CheckpointPayload {
		genesis: hash,
		channel: 3,
		seq: 2,
		index: 1,
		request: hash,
		output_hash: hash,
		transcript_root: hash,
		usage: Usage { input_tokens: 15, output_tokens: 32, gpu_ms: 450 },
		total,
		last: true,
	};
	let checkpoint = Checkpoint { payload, signature };
	let opening = OpeningPayload { genesis: hash, channel: 3, issued_at: 1 };
	let request = RequestPayload {
		genesis: hash,
		channel: 3,
		seq: 2,
		model_digest: hash,
		workload: JobParams::greedy(64).workload,
		seed: 5,
		input_hash: hash,
		issued_at: 1,
	};
	let top = vec![Alternative { token: 3, logprob: -250_000 }];
	let entry = TranscriptEntry { token: 3, bytes: b"4".to_vec(), logprob: -250_000, top };
	let to_miner = |message: ToMiner| [vec![0], message.encode()].concat();
	let to_client = |message: ToClient| [vec![1], message.encode()].concat();
	let made = [
		("open", to_miner(ToMiner::Open { opening, signature, voucher: Some(voucher.clone()) })),
		("request", to_miner(ToMiner::Request { payload: request, signature, input: b"17 + 25?".to_vec() })),
		("voucher", to_miner(ToMiner::Voucher(voucher.clone()))),
		("stop", to_miner(ToMiner::Stop)),
		("ready", to_client(ToClient::Ready { seq: 1, voucher: Some(voucher), pending: Some(checkpoint.clone()) })),
		("piece", to_client(ToClient::Piece { bytes: b"4".to_vec(), entries: vec![entry] })),
		("checkpoint", to_client(ToClient::Checkpoint(checkpoint))),
		("refused", to_client(ToClient::Refused { code: RefusalCode::Busy, message: "later".into() })),
		("failed", to_client(ToClient::Failed { code: FailCode::Timeout, message: "later".into() })),
	];
	seeds::hold("session", &made, session::check);
}
