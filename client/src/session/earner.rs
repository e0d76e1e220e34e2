//! The miner's side.

use codec::{Decode, Encode};
use millrace_primitives::{channel::Untimely, CheckpointPayload, RequestPayload, RunningTotal, Usage, Voucher, H256};

use super::ChannelTerms;

/// Why the miner does not go on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
	/// The request is for another chain or channel.
	#[error("the request is for another channel or chain")]
	WrongChannel,
	/// The request is for another model than the channel's.
	#[error("the request is for another model than the channel's")]
	WrongModel,
	/// The session key did not sign that.
	#[error("the channel's session key did not sign that")]
	BadSignature,
	/// The request was signed too long ago; sign it anew.
	#[error("the request was signed more than a minute ago; sign a new one")]
	Stale,
	/// The request was signed in the future.
	#[error("the request is dated more than a minute ahead; set the clock")]
	Early,
	/// The request's number is not above the last one that was taken: it may be a replay.
	#[error("the request has the number {got}; {last} was taken already, so use a higher one")]
	UsedNumber {
		/// The request's.
		got: u32,
		/// The last one that was taken.
		last: u32,
	},
	/// An answer is under way.
	#[error("an answer is under way in this channel")]
	Busy,
	/// The last checkpoint is not counter-signed.
	#[error("the last checkpoint is not counter-signed; send its voucher first")]
	Unpaid,
	/// There is no answer under way.
	#[error("no answer is under way in this channel")]
	NoAnswer,
	/// The deposit is used up.
	#[error("the deposit is used up; top the channel up")]
	Exhausted,
	/// The voucher is not for the last checkpoint.
	#[error("the voucher is not for the last checkpoint")]
	WrongVoucher,
}

/// An answer that is under way.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
struct Answer {
	/// What the request's signature covers.
	request: H256,
	/// What all answers before it took.
	before: RunningTotal,
	/// Checkpoints made.
	made: u32,
}

/// Numbers of requests that are set aside at a time.
const RESERVED: u32 = 1_024;

/// What the miner keeps of a channel. Not every change has to be stored: see [`Earner::kept`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub struct Earner {
	/// The number of the last request that was taken.
	seq: u32,
	/// Numbers up to this one may have been taken, whatever else was forgotten.
	reserved: u32,
	answer: Option<Answer>,
	/// The last checkpoint, while it is not counter-signed.
	pending: Option<CheckpointPayload>,
	/// One that was written off; its voucher is taken all the same, should it come.
	forgiven: Option<CheckpointPayload>,
	/// The best voucher: what the channel is closed with.
	voucher: Option<Voucher>,
}

/// What of an [`Earner`] must outlive the process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
	/// Nothing may be signed before this is on disk: a number that is taken twice is a fraud.
	pub reserved: u32,
	/// Money.
	pub voucher: Option<Voucher>,
}

impl Earner {
	/// What must outlive the process: only when this changes, the earner has to be stored.
	pub fn kept(&self) -> Kept {
		Kept { reserved: self.reserved, voucher: self.voucher.clone() }
	}

	/// To be called for one that was read from where it was stored. What was under way then is over, and numbers that it
	/// may have had are not used again.
	pub fn start_again(&mut self) {
		(self.answer, self.pending, self.forgiven) = (None, None, None);
		self.seq = self.seq.max(self.reserved);
	}

	/// The number of the last request that was taken, or of a later one that can't be used any more.
	pub fn seq(&self) -> u32 {
		self.seq
	}

	/// What the client has signed for so far.
	pub fn paid(&self) -> RunningTotal {
		self.voucher.as_ref().map(|voucher| voucher.total).unwrap_or_default()
	}

	/// The best voucher: what the channel is closed with.
	pub fn voucher(&self) -> Option<&Voucher> {
		self.voucher.as_ref()
	}

	/// The checkpoint that waits for its voucher, to be sent again.
	pub fn pending(&self) -> Option<&CheckpointPayload> {
		self.pending.as_ref()
	}

	/// Whether an answer is under way.
	pub fn is_answering(&self) -> bool {
		self.answer.is_some()
	}

	/// Whether the deposit reaches for the answer under way, when it has taken `usage`.
	pub fn affords(&self, terms: &ChannelTerms, usage: &Usage) -> bool {
		let total = self.answer.as_ref().and_then(|answer| answer.before.with(&terms.rate, usage));
		total.is_some_and(|total| total.fee <= terms.deposit)
	}

	/// Takes a request, dated within a minute of `now`, in ms since 1970. Numbers only rise, so that
	/// a request is answered once; one that was refused leaves a gap.
	///
	/// # Errors
	///
	/// Whatever [`Refusal`] says; nothing has changed then.
	pub fn begin(
		&mut self,
		terms: &ChannelTerms,
		request: &RequestPayload,
		signature: [u8; 64],
		now: u64,
	) -> Result<(), Refusal> {
		if (request.genesis, request.channel) != (terms.genesis, terms.channel) {
			return Err(Refusal::WrongChannel);
		}
		if request.model_digest != terms.model_digest {
			return Err(Refusal::WrongModel);
		}
		if !request.verify(&signature.into(), &terms.session_key) {
			return Err(Refusal::BadSignature);
		}
		request.check_date(now).map_err(|untimely| match untimely {
			Untimely::Stale => Refusal::Stale,
			Untimely::Early => Refusal::Early,
		})?;
		if self.pending.is_some() {
			return Err(Refusal::Unpaid);
		}
		if self.answer.is_some() {
			return Err(Refusal::Busy);
		}
		if request.seq <= self.seq {
			return Err(Refusal::UsedNumber { got: request.seq, last: self.seq });
		}
		let before = self.paid();
		if before.fee >= terms.deposit {
			return Err(Refusal::Exhausted);
		}
		self.seq = request.seq;
		if self.seq > self.reserved {
			self.reserved = self.seq.saturating_add(RESERVED);
		}
		self.answer = Some(Answer { request: H256(request.signing_hash()), before, made: 0 });
		Ok(())
	}

	/// The checkpoint of an answer that took `usage` so far; its bytes and transcript up to there are hashed. To be signed
	/// and sent; then the miner waits for the voucher.
	///
	/// # Errors
	///
	/// No answer is under way, the last checkpoint is not counter-signed, or the deposit does not reach. Nothing has changed
	/// then.
	pub fn checkpoint(
		&mut self,
		terms: &ChannelTerms,
		output_hash: H256,
		transcript_root: H256,
		usage: Usage,
		last: bool,
	) -> Result<CheckpointPayload, Refusal> {
		if self.pending.is_some() {
			return Err(Refusal::Unpaid);
		}
		let answer = self.answer.as_mut().ok_or(Refusal::NoAnswer)?;
		let total = answer.before.with(&terms.rate, &usage).filter(|total| total.fee <= terms.deposit);
		let payload = CheckpointPayload {
			genesis: terms.genesis,
			channel: terms.channel,
			seq: self.seq,
			index: answer.made,
			request: answer.request,
			output_hash,
			transcript_root,
			usage,
			total: total.ok_or(Refusal::Exhausted)?,
			last,
		};
		answer.made = answer.made.saturating_add(1);
		if last {
			self.answer = None;
		}
		self.pending = Some(payload.clone());
		Ok(payload)
	}

	/// Takes the voucher for the last checkpoint, or for one that was forgiven. The same one twice is fine.
	///
	/// # Errors
	///
	/// It is for something else, or the session key did not sign it. Nothing has changed then.
	pub fn acknowledge(&mut self, terms: &ChannelTerms, voucher: Voucher) -> Result<(), Refusal> {
		if self.voucher.as_ref() == Some(&voucher) {
			return Ok(());
		}
		let counter_signs = |checkpoint: &&CheckpointPayload| {
			voucher.total == checkpoint.total && voucher.checkpoint.0 == checkpoint.signing_hash()
		};
		if !self.pending.iter().chain(&self.forgiven).any(|checkpoint| counter_signs(&checkpoint)) {
			return Err(Refusal::WrongVoucher);
		}
		if !voucher.payload(terms.genesis, terms.channel).verify(&voucher.signature, &terms.session_key) {
			return Err(Refusal::BadSignature);
		}
		(self.pending, self.forgiven) = (None, None);
		self.voucher = Some(voucher);
		Ok(())
	}

	/// Takes the last voucher of a client that comes back. It may be for a checkpoint that was forgotten here; it is worth
	/// what it says all the same. One that is worth no more than the best one changes nothing.
	///
	/// # Errors
	///
	/// The session key did not sign it, or it is above the deposit. Nothing has changed then.
	pub fn welcome(&mut self, terms: &ChannelTerms, voucher: Voucher) -> Result<(), Refusal> {
		if voucher.total.fee <= self.paid().fee {
			return Ok(());
		}
		if voucher.total.fee > terms.deposit {
			return Err(Refusal::WrongVoucher);
		}
		if !voucher.payload(terms.genesis, terms.channel).verify(&voucher.signature, &terms.session_key) {
			return Err(Refusal::BadSignature);
		}
		(self.pending, self.forgiven) = (None, None);
		self.voucher = Some(voucher);
		Ok(())
	}

	/// Ends the answer where it is: the engine failed, or the client is gone. What was counter-signed stays paid, and what
	/// was not is still asked for before the next answer.
	pub fn abandon(&mut self) {
		self.answer = None;
	}

	/// Writes the last checkpoint off, for a client that says that it did not receive what it is for. How often is the
	/// miner's choice.
	pub fn forgive(&mut self) {
		self.answer = None;
		self.forgiven = self.pending.take();
	}
}
