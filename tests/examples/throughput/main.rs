//! Measures what fits into a block, on real chains, beside the same chain with the weights of the SDK's template.
//!
//! Run by `make bench`, which names the wasm of that other runtime. Each number comes from blocks that their author ended
//! because their weight was used up; rounds of both sides alternate. Without a wasm: what each call takes.

mod calls;
mod chain;
mod channels;
mod jobs;
mod transfers;

use std::path::{Path, PathBuf};

use chain::{Block, Chain};

/// Chains of each side.
const ROUNDS: usize = 3;
/// Picoseconds in a µs.
const MICROSECOND: f64 = 1e6;

fn median(mut values: Vec<f64>) -> f64 {
	assert!(!values.is_empty(), "nothing was measured");
	values.sort_by(f64::total_cmp);
	values[values.len() / 2]
}

/// What one side's chains gave; medians of their blocks.
#[derive(Default)]
struct Side {
	/// Transfers in a full block.
	transfers: Vec<f64>,
	/// Jobs that settle in a block, when all are full; one number for each chain.
	jobs: Vec<f64>,
	/// Declared weight of a transfer, in µs.
	declared: Vec<f64>,
	/// What a transfer took, in µs.
	took: Vec<f64>,
	/// What a block full of submissions and proofs took, over its weight.
	jobs_share: Vec<f64>,
	transfer_bytes: usize,
	job_bytes: usize,
}

impl Side {
	async fn round(&mut self, runtime: Option<&Path>) {
		let chain = Chain::start(runtime).await;
		let empty = chain.empty().await;
		let (blocks, bytes) = transfers::measure(&chain).await;
		for block in blocks.iter().filter(|block| block.full) {
			let count = block.transactions as f64;
			self.transfers.push(count);
			self.declared.push(block.normal as f64 / MICROSECOND / count);
			self.took.push((block.prepared - empty) * 1_000.0 / count);
		}
		self.transfer_bytes = bytes;
		let chain = Chain::start(runtime).await;
		let measured = jobs::measure(&chain).await;
		self.jobs.push(measured.settled as f64 / measured.blocks.len() as f64);
		self.jobs_share.extend(measured.blocks.iter().filter(|block| block.full).map(|block| share(block, empty)));
		self.job_bytes = measured.bytes;
		println!(
			"  {} full blocks of transfers, {} of jobs; {} jobs never settled; node {} KiB",
			blocks.iter().filter(|block| block.full).count(),
			measured.blocks.iter().filter(|block| block.full).count(),
			measured.lost,
			chain.memory(),
		);
	}
}

/// What the block's transactions took, over what they declare.
fn share(block: &Block, empty: f64) -> f64 {
	(block.prepared - empty) * 1_000.0 * MICROSECOND / block.normal as f64
}

fn row(what: &str, ours: f64, control: f64, bar: &str) {
	println!("{what:<52} {ours:>10.2} {control:>10.2} {:>8.2}  {bar}", ours / control);
}

#[tokio::main]
async fn main() {
	let Some(control) = std::env::args_os().nth(1) else {
		calls::report().await;
		return;
	};
	let control = PathBuf::from(control);
	let (mut ours, mut theirs) = (Side::default(), Side::default());
	for round in 1..=ROUNDS {
		println!("round {round} of {ROUNDS}");
		ours.round(None).await;
		theirs.round(Some(&control)).await;
	}
	let (transfers, control_transfers) = (median(ours.transfers), median(theirs.transfers));
	let jobs = median(ours.jobs);
	println!("\nblocks of 1 s, medians{:>40} {:>10} {:>8}", "Millrace", "control", "ratio");
	row("transfers in a full block", transfers, control_transfers, "(bar 3)");
	row("jobs settled in a block", jobs, median(theirs.jobs), "");
	row("transactions of jobs, against the control's transfers", 2.0 * jobs, control_transfers, "(bar 0.8)");
	row("declared weight of a transfer, µs", median(ours.declared), median(theirs.declared), "");
	row("what its author took for it, µs", median(ours.took.clone()), median(theirs.took), "");
	println!(
		"bytes of a job's transactions without its texts, over a transfer's: {} / {} = {:.2}  (bar 3)",
		ours.job_bytes,
		ours.transfer_bytes,
		ours.job_bytes as f64 / ours.transfer_bytes as f64
	);
	println!("taken / declared in blocks full of jobs: {:.2}  (bar 0.3 to 1.0)", median(ours.jobs_share));
}
