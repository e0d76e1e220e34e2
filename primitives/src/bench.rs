//! The benchmark that a miner can run: a chain of matrix products in whole numbers, which anybody can compute again.
//!
//! With n rows and columns, for an input whose blake2-256 hash is h:
//!
//! 1. Two n x n matrices of 32-bit numbers, A and B, row by row, are a stream of SplitMix64: its state starts as the
//!    first 8 bytes of h, little-endian; each output gives two numbers, the low half first. A comes first, then B.
//! 2. A round replaces A by mix(A x B). All arithmetic is modulo 2^32, and mix(x) = x xor (x >> 15) for each number.
//!    Without it, many products could be had from few.
//! 3. The answer is blake2-256 of A's numbers, row by row, little-endian, 4 bytes each.
//!
//! A round counts as 2 n^3 operations, however they are done.

use alloc::vec::Vec;

use crate::{job::payload_hash, H256};

/// Names these rules. The digest of a benchmark model is its sha256.
pub const ALGORITHM: &[u8; 17] = b"millrace:bench:v1";

/// The digest of the benchmark model: sha256 of [`ALGORITHM`].
pub const DIGEST: H256 = H256([
	0xf6, 0x1b, 0xbe, 0x1e, 0x24, 0xc9, 0xa6, 0x5d, 0xb7, 0x18, 0x2a, 0xd4, 0x4d, 0x1f, 0xe5, 0xd2, 0x69, 0x25, 0x51,
	0x51, 0x05, 0x4c, 0xfa, 0xe7, 0x76, 0x27, 0xe8, 0x4f, 0x1e, 0x2a, 0x12, 0x8f,
]);

/// Additions and multiplications of `rounds` rounds with `size` rows and columns.
pub fn operations(size: u32, rounds: u32) -> u64 {
	let size = u64::from(size);
	let round = size.saturating_mul(size).saturating_mul(size).saturating_mul(2);
	round.saturating_mul(rounds.into())
}

/// The two matrices for an input with this hash, row by row; `size` x `size` numbers each.
pub fn matrices(input_hash: &H256, size: u32) -> (Vec<u32>, Vec<u32>) {
	let cells = u64::from(size).saturating_mul(size.into());
	let cells = usize::try_from(cells).unwrap_or(usize::MAX);
	let [b0, b1, b2, b3, b4, b5, b6, b7, ..] = input_hash.0;
	let mut state = u64::from_le_bytes([b0, b1, b2, b3, b4, b5, b6, b7]);
	let mut next = || {
		state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
		let mut z = state;
		z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
		z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
		z ^ (z >> 31)
	};
	let mut numbers = Vec::with_capacity(cells.saturating_mul(2));
	while numbers.len() < cells.saturating_mul(2) {
		let pair = next();
		// The halves of a number of 64 bits.
		numbers.push((pair & u64::from(u32::MAX)) as u32);
		numbers.push((pair >> 32) as u32);
	}
	let second = numbers.split_off(cells);
	(numbers, second)
}

/// What becomes of each number after a product.
pub const fn mix(number: u32) -> u32 {
	number ^ (number >> 15)
}

/// The answer for the last matrix.
pub fn checksum(matrix: &[u32]) -> H256 {
	let bytes: Vec<u8> = matrix.iter().flat_map(|number| number.to_le_bytes()).collect();
	payload_hash(&bytes)
}
