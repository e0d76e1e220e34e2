//! The benchmark of `millrace_primitives::bench`, on all cores.

#[cfg(test)]
mod tests;

use std::{num::NonZeroUsize, thread, time::Instant};

use millrace_primitives::{bench, FailCode, Usage, H256};
use tokio_util::sync::CancellationToken;

use crate::engines::{EngineError, Generation};

/// Rows of the second matrix that are gone through together: so many fit a core's cache.
const BLOCK: usize = 64;

/// The answer of a benchmark job, off the runtime's threads.
///
/// # Errors
///
/// [`FailCode::ModelMissing`] when the model stands for other rules; [`FailCode::EngineError`] when it was cancelled.
pub async fn answer(
	digest: H256,
	input_hash: H256,
	size: u32,
	rounds: u32,
	cancel: &CancellationToken,
) -> Result<Generation, EngineError> {
	if digest != bench::DIGEST {
		let message = format!("only the benchmark with digest {} can be run", hex::encode(bench::DIGEST));
		return Err(EngineError::new(FailCode::ModelMissing, message));
	}
	let threads = thread::available_parallelism().map_or(1, NonZeroUsize::get);
	let cancel = cancel.clone();
	let work = move || {
		let began = Instant::now();
		let checksum = run(&input_hash, size, rounds, threads, &cancel);
		let gpu_ms = u32::try_from(began.elapsed().as_millis()).unwrap_or(u32::MAX);
		checksum.map(|checksum| (checksum, gpu_ms))
	};
	let done = tokio::task::spawn_blocking(work).await.map_err(EngineError::engine)?;
	let (checksum, gpu_ms) = done.ok_or_else(|| EngineError::engine("cancelled"))?;
	Ok(Generation {
		output: checksum.0.to_vec(),
		transcript: Vec::new(),
		usage: Usage { gpu_ms, ..Usage::default() },
		times: None,
	})
}

/// The checksum; `None` when it was cancelled, which is looked at after each round.
pub fn run(input_hash: &H256, size: u32, rounds: u32, threads: usize, cancel: &CancellationToken) -> Option<H256> {
	let n = usize::try_from(size).ok().filter(|n| *n > 0)?;
	let (mut a, b) = bench::matrices(input_hash, size);
	let mut product = vec![0; a.len()];
	let rows = n.div_ceil(threads.max(1));
	for _ in 0..rounds {
		if cancel.is_cancelled() {
			return None;
		}
		let part = rows.saturating_mul(n);
		thread::scope(|scope| {
			for (of_a, of_product) in a.chunks(part).zip(product.chunks_mut(part)) {
				let b = &b;
				scope.spawn(move || multiply(of_a, b, of_product, n));
			}
		});
		std::mem::swap(&mut a, &mut product);
	}
	Some(bench::checksum(&a))
}

/// mix(`a` x `b`) for some rows of `a`; all rows have `n` numbers.
fn multiply(a: &[u32], b: &[u32], product: &mut [u32], n: usize) {
	product.fill(0);
	for (block, of_b) in b.chunks(BLOCK.saturating_mul(n)).enumerate() {
		let first = block.saturating_mul(BLOCK);
		for (row, sums) in a.chunks_exact(n).zip(product.chunks_exact_mut(n)) {
			for (factor, of_b) in row.iter().skip(first).zip(of_b.chunks_exact(n)) {
				for (sum, number) in sums.iter_mut().zip(of_b) {
					*sum = sum.wrapping_add(factor.wrapping_mul(*number));
				}
			}
		}
	}
	for number in product {
		*number = bench::mix(*number);
	}
}
