//! The tree of a block's receipts.

use codec::DecodeAll;
use millrace_primitives::H256;
use sp_runtime::{generic::DigestItem, traits::BlakeTwo256, ConsensusEngineId};

use super::Header;

/// Marks the root among a header's digest items.
const ENGINE_ID: ConsensusEngineId = *b"MILL";

/// The root of a block's receipts and their number; `None` when the header has none, or more than one.
pub(super) fn root(header: &Header) -> Option<(H256, u32)> {
	let mut items = header.digest.logs.iter().filter_map(|item| match item {
		DigestItem::Consensus(ENGINE_ID, data) => Some(data),
		_ => None,
	});
	let root = items.next().and_then(|data| <(H256, u32)>::decode_all(&mut &data[..]).ok());
	root.filter(|_| items.next().is_none())
}

/// Whether `leaf` stands at `place` of a tree with this root and so many leaves.
pub(super) fn has_leaf((root, leaves): (H256, u32), path: &[H256], place: u32, leaf: &[u8]) -> bool {
	depth(place, leaves) == Some(path.len())
		&& binary_merkle_tree::verify_proof::<BlakeTwo256, _, _>(&root, path.iter().copied(), leaves, place, &leaf)
}

/// The root of these leaves, and the path of the one at `place`; `None` when there are not so many.
pub(super) fn path(leaves: &[Vec<u8>], place: u32) -> Option<(H256, Vec<H256>)> {
	if usize::try_from(place).map_or(true, |place| place >= leaves.len()) {
		return None;
	}
	let proof = binary_merkle_tree::merkle_proof::<BlakeTwo256, _, _>(leaves.iter(), place);
	Some((proof.root, proof.proof))
}

/// Hashes beside the way from a place to the root. A last node without a neighbour goes up as it is.
fn depth(mut place: u32, mut width: u32) -> Option<usize> {
	if place >= width {
		return None;
	}
	let mut hashes = 0usize;
	while width > 1 {
		if place % 2 == 1 || place.saturating_add(1) < width {
			hashes = hashes.saturating_add(1);
		}
		place /= 2;
		width = width.div_ceil(2);
	}
	Some(hashes)
}

#[cfg(test)]
mod tests {
	use super::*;

	fn leaves(count: u32) -> Vec<Vec<u8>> {
		(0..count).map(|leaf| format!("the leaf number {leaf}").into_bytes()).collect()
	}

	#[test]
	fn leaf_should_be_found_at_its_place_alone_when_the_tree_has_any_size() {
		for count in 1..20 {
			let leaves = leaves(count);
			for place in 0..count {
				let (root, path) = path(&leaves, place).expect("the place is in the tree");
				let leaf = &leaves[place as usize];
				for tried in 0..=count {
					assert_eq!(
						has_leaf((root, count), &path, tried, leaf),
						tried == place,
						"{tried} {place} of {count}"
					);
				}
				assert!(!has_leaf((root, count), &path, place, b"another leaf"), "{place} of {count}");
			}
			assert_eq!(path(&leaves, count), None);
		}
	}

	#[test]
	fn root_should_be_none_when_the_header_has_two() {
		let item = DigestItem::Consensus(ENGINE_ID, codec::Encode::encode(&(H256::repeat_byte(1), 3u32)));
		let header = |logs| {
			let digest = sp_runtime::generic::Digest { logs };
			Header { digest, ..super::super::fixtures::header(1, H256::zero()) }
		};
		assert_eq!(root(&header(vec![])), None);
		assert_eq!(root(&header(vec![item.clone()])), Some((H256::repeat_byte(1), 3)));
		assert_eq!(root(&header(vec![item.clone(), item])), None);
		assert_eq!(root(&header(vec![DigestItem::Consensus(ENGINE_ID, vec![1; 32])])), None);
	}
}
