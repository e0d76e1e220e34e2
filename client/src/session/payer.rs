//! The client's side.

use codec::{Decode, Encode};
use millrace_primitives::{
	Balance, Checkpoint, RequestPayload, RunningTotal, Usage, UsageBounds, Voucher, VoucherPayload, Workload, H256,
};

use super::ChannelTerms;

/// What the client itself has seen of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Received {
	/// blake2-256 of the answer's bytes so far.
	pub output_hash: H256,
	/// Root of the transcript so far, of the entries that came with the tokens.
	pub transcript_root: H256,
	/// Tokens so far.
	pub tokens: u32,
	/// Milliseconds since the request was sent.
	pub elapsed_ms: u32,
}

/// Why the client does not pay.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
	/// There is no request under way.
	#[error("no request is under way in this channel")]
	NotAsked,
	/// The checkpoint is of another channel, chain, answer or request, or not the next one.
	#[error("the checkpoint is not the next one of this answer")]
	WrongCheckpoint,
	/// The channel's operator did not sign it.
	#[error("the channel's operator did not sign the checkpoint: the endpoint is not the miner")]
	BadSignature,
	/// The miner shows a voucher that the session key did not sign.
	#[error("the miner shows a voucher that this session key did not sign")]
	NotOurs,
	/// The miner signed two different checkpoints under one number. Whoever shows both to the chain has it slashed.
	#[error("the miner signed two different checkpoints under one number")]
	Equivocation {
		/// The one before.
		first: Box<Checkpoint>,
		/// The other one.
		second: Box<Checkpoint>,
	},
	/// It is for another answer than the one that was received.
	#[error("the checkpoint is for another answer than the one received")]
	WrongOutput,
	/// It counts more than was received, or less than before.
	#[error("the checkpoint counts {claimed:?}; received were {tokens} tokens in {elapsed_ms} ms")]
	WrongUsage {
		/// What the miner counts.
		claimed: Usage,
		/// Tokens received.
		tokens: u32,
		/// Milliseconds since the request.
		elapsed_ms: u32,
	},
	/// The sum is not what was signed for before and this answer's price.
	#[error("the running total is not the sum of what was signed for and this answer's price")]
	WrongTotal,
	/// The sum is above the deposit.
	#[error("the running total of {total} plancks is above the deposit of {deposit}")]
	AboveDeposit {
		/// What the miner asks.
		total: Balance,
		/// What there is.
		deposit: Balance,
	},
}

/// A request that is under way.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
struct Asked {
	request: H256,
	/// What all answers before it took.
	before: RunningTotal,
	/// The checkpoint that was signed for last.
	last: Option<Checkpoint>,
}

/// What the client keeps of a channel.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub struct Payer {
	/// The number of the last request.
	seq: u32,
	asked: Option<Asked>,
	/// The last voucher: to be sent again when the miner may not have it.
	voucher: Option<Voucher>,
}

impl Payer {
	/// What was signed for so far.
	pub fn owed(&self) -> RunningTotal {
		self.voucher.as_ref().map(|voucher| voucher.total).unwrap_or_default()
	}

	/// The last voucher: to be sent again when the miner may not have it, and to close the channel with.
	pub fn voucher(&self) -> Option<&Voucher> {
		self.voucher.as_ref()
	}

	/// Takes what the miner says at the beginning of a session: the number that was used last, and its best voucher, which
	/// is one of ours, or another program's that has the session key. Whether anything is owed now that was not before.
	///
	/// # Errors
	///
	/// [`Fault::NotOurs`].
	pub fn meet(&mut self, terms: &ChannelTerms, seq: u32, voucher: Option<Voucher>) -> Result<bool, Fault> {
		self.seq = self.seq.max(seq);
		let Some(voucher) = voucher.filter(|voucher| voucher.total.fee > self.owed().fee) else { return Ok(false) };
		if !voucher.payload(terms.genesis, terms.channel).verify(&voucher.signature, &terms.session_key) {
			return Err(Fault::NotOurs);
		}
		(self.asked, self.voucher) = (None, Some(voucher));
		Ok(true)
	}

	/// The next request, to be signed and sent. One that was under way is given up; its number is not used again.
	pub fn ask(
		&mut self,
		terms: &ChannelTerms,
		workload: Workload,
		seed: u64,
		input_hash: H256,
		now: u64,
	) -> RequestPayload {
		self.seq = self.seq.saturating_add(1);
		let request = RequestPayload {
			genesis: terms.genesis,
			channel: terms.channel,
			seq: self.seq,
			model_digest: terms.model_digest,
			workload,
			seed,
			input_hash,
			issued_at: now,
		};
		self.asked = Some(Asked { request: H256(request.signing_hash()), before: self.owed(), last: None });
		request
	}

	/// What to sign for a checkpoint, when it says what was received. [`Payer::sign`] has to follow before the voucher is
	/// sent. `bounds`: of the request.
	///
	/// # Errors
	///
	/// Whatever [`Fault`] says. Nothing is owed for it, and the miner is not to be trusted any more.
	pub fn check(
		&self,
		terms: &ChannelTerms,
		bounds: &UsageBounds,
		checkpoint: &Checkpoint,
		received: &Received,
	) -> Result<VoucherPayload, Fault> {
		let asked = self.asked.as_ref().ok_or(Fault::NotAsked)?;
		let payload = &checkpoint.payload;
		let of_this = (payload.genesis, payload.channel, payload.seq, payload.request)
			== (terms.genesis, terms.channel, self.seq, asked.request);
		if !of_this {
			return Err(Fault::WrongCheckpoint);
		}
		if !payload.verify(&checkpoint.signature, &terms.operator) {
			return Err(Fault::BadSignature);
		}
		if let Some(last) = &asked.last {
			if last.payload.index == payload.index && last.payload != *payload {
				return Err(Fault::Equivocation {
					first: Box::new(last.clone()),
					second: Box::new(checkpoint.clone()),
				});
			}
		}
		let next = asked.last.as_ref().map_or(0, |last| last.payload.index.saturating_add(1));
		if payload.index != next || asked.last.as_ref().is_some_and(|last| last.payload.last) {
			return Err(Fault::WrongCheckpoint);
		}
		if (payload.output_hash, payload.transcript_root) != (received.output_hash, received.transcript_root) {
			return Err(Fault::WrongOutput);
		}
		let before = asked.last.as_ref().map(|last| last.payload.usage).unwrap_or_default();
		let claimed = payload.usage;
		let plausible = claimed.input_tokens <= bounds.input_tokens
			&& claimed.output_tokens <= received.tokens.min(bounds.output_tokens)
			&& claimed.gpu_ms <= received.elapsed_ms
			&& claimed.input_tokens >= before.input_tokens
			&& claimed.output_tokens >= before.output_tokens
			&& claimed.gpu_ms >= before.gpu_ms;
		if !plausible {
			let (tokens, elapsed_ms) = (received.tokens, received.elapsed_ms);
			return Err(Fault::WrongUsage { claimed, tokens, elapsed_ms });
		}
		if asked.before.with(&terms.rate, &claimed) != Some(payload.total) {
			return Err(Fault::WrongTotal);
		}
		if payload.total.fee > terms.deposit {
			return Err(Fault::AboveDeposit { total: payload.total.fee, deposit: terms.deposit });
		}
		Ok(VoucherPayload {
			genesis: terms.genesis,
			channel: terms.channel,
			total: payload.total,
			checkpoint: H256(payload.signing_hash()),
		})
	}

	/// Keeps the voucher that was signed for a checkpoint which [`Payer::check`] has passed.
	pub fn sign(&mut self, checkpoint: Checkpoint, signature: [u8; 64]) -> Voucher {
		let (total, hash) = (checkpoint.payload.total, H256(checkpoint.payload.signing_hash()));
		let voucher = Voucher { total, checkpoint: hash, signature: signature.into() };
		if checkpoint.payload.last {
			self.asked = None;
		} else if let Some(asked) = &mut self.asked {
			asked.last = Some(checkpoint);
		}
		self.voucher = Some(voucher.clone());
		voucher
	}
}
