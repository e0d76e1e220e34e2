//! A transcript: its entries, its leaves, its root, and the paths to it.

use binary_merkle_tree::{merkle_proof, verify_proof};
use codec::{Decode, Encode};
use millrace_primitives::{
	job::payload_hash,
	transcript::{leaf, logprob_from_nats, root, TRANSCRIPT_DOMAIN},
	TranscriptEntry, H256,
};
use sp_runtime::traits::BlakeTwo256;

use super::scale;

/// Paths are made for so many entries at the most: each takes a whole tree.
const MOST_PATHS: usize = 32;

/// A transcript, and somebody's path into it.
#[derive(Encode, Decode)]
pub struct Case {
	/// The entries.
	pub entries: Vec<TranscriptEntry>,
	/// The hashes beside the way.
	pub path: Vec<H256>,
	/// How many leaves the path's tree is said to have.
	pub leaves: u32,
	/// The place that the path is said to be of.
	pub place: u32,
	/// Two floats, bit by bit.
	pub nats: (u64, u64),
}

/// Whether `data` was a [`Case`].
pub fn check(data: &[u8]) -> bool {
	let Some(Case { entries, path, leaves, place, nats }) = scale::read::<Case>(data) else { return false };
	let bytes: Vec<_> = (0u32..).zip(&entries).map(|(index, entry)| leaf(index, entry)).collect();
	let top = root(&entries);
	assert_eq!(top, plain_root(&bytes));
	for (index, (bytes, entry)) in bytes.iter().zip(&entries).enumerate() {
		let body = bytes.strip_prefix(TRANSCRIPT_DOMAIN).expect("a leaf begins with its domain");
		assert_eq!(scale::read::<(u32, TranscriptEntry)>(body), Some((index as u32, entry.clone())));
	}
	for place in 0..bytes.len().min(MOST_PATHS) as u32 {
		let proof = merkle_proof::<BlakeTwo256, _, _>(bytes.iter(), place);
		assert_eq!(proof.root, top);
		let holds = |leaf: &[u8]| holds(&top, &proof.proof, proof.number_of_leaves, place, leaf);
		assert!(holds(&bytes[place as usize]));
		assert!(!holds(&[]), "a path for what is not there");
	}
	holds(&top, &path, leaves, place, &bytes.concat());
	let (a, b) = (f64::from_bits(nats.0), f64::from_bits(nats.1));
	assert!(logprob_from_nats(a) <= 0);
	if a <= b {
		assert!(logprob_from_nats(a) <= logprob_from_nats(b), "{a} {b}");
	}
	true
}

fn holds(root: &H256, path: &[H256], leaves: u32, place: u32, leaf: &[u8]) -> bool {
	verify_proof::<BlakeTwo256, _, _>(root, path.iter().copied(), leaves, place, &leaf)
}

/// The tree as it is described: leaves are hashed, pairs are concatenated and hashed, an odd node moves up.
fn plain_root(leaves: &[Vec<u8>]) -> H256 {
	let mut row: Vec<_> = leaves.iter().map(|leaf| payload_hash(leaf)).collect();
	while row.len() > 1 {
		row = row
			.chunks(2)
			.map(|pair| match pair {
				[left, right] => payload_hash(&[left.0, right.0].concat()),
				odd => odd[0],
			})
			.collect();
	}
	row.first().copied().unwrap_or_default()
}
