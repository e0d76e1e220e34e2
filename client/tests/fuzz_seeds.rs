//! The seeds of the fuzz targets that read receipt files.

#[path = "../../fuzz/properties/finality.rs"]
mod finality;
#[path = "../../fuzz/properties/receipt_file.rs"]
mod receipt_file;
#[path = "../../fuzz/properties/seeds.rs"]
mod seeds;
#[path = "../../fuzz/properties/trust.rs"]
mod trust;

use codec::Encode;
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
