//! Both sides against each other, with real signatures.

use millrace_primitives::{
	channel::{CHECKPOINT_TOKENS, REQUEST_WINDOW_MS},
	job::payload_hash,
	Balance, Checkpoint, CheckpointPayload, Rate, RequestPayload, RunningTotal, Sampling, Usage, UsageBounds, Voucher,
	Workload, H256,
};
use proptest::prelude::*;

use super::{ChannelTerms, Earner, Fault, Payer, Received, Refusal};
use crate::Signer;

const NOW: u64 = 1_800_000_000_000;
const INPUT_TOKENS: u32 = 20;
const RATE: Rate = Rate::PerToken { input: 3, output: 1_000 };
const BOUNDS: UsageBounds =
	UsageBounds { input_tokens: 64, output_tokens: 4_096, gpu_ms: u32::MAX, reference_ms: 1, output_bytes: u32::MAX };

fn key(name: &str) -> Signer {
	Signer::from_uri(&format!("//{name}")).expect("a path is a secret")
}

fn terms(deposit: Balance) -> ChannelTerms {
	ChannelTerms {
		genesis: H256::repeat_byte(1),
		channel: 7,
		operator: key("operator").account_id(),
		session_key: key("session").account_id(),
		model_digest: H256::repeat_byte(2),
		rate: RATE,
		deposit,
	}
}

/// Client and miner of one channel.
struct Two {
	terms: ChannelTerms,
	payer: Payer,
	earner: Earner,
	/// The answer so far, at both sides.
	output: Vec<u8>,
	tokens: u32,
}

impl Two {
	fn new(deposit: Balance) -> Self {
		Self {
			terms: terms(deposit),
			payer: Payer::default(),
			earner: Earner::default(),
			output: Vec::new(),
			tokens: 0,
		}
	}

	fn request(&mut self) -> (RequestPayload, [u8; 64]) {
		let request =
			self.payer.ask(&self.terms, Workload::Chat(Sampling::greedy(4_096)), 9, payload_hash(b"6*7="), NOW);
		(self.output, self.tokens) = (Vec::new(), 0);
		let signature = key("session").sign(&request.signing_hash());
		(request, signature)
	}

	fn begin(&mut self) -> Result<(), Refusal> {
		let (request, signature) = self.request();
		self.earner.begin(&self.terms, &request, signature, NOW)
	}

	fn received(&self) -> Received {
		Received {
			output_hash: payload_hash(&self.output),
			transcript_root: H256::repeat_byte(4),
			tokens: self.tokens,
			elapsed_ms: 1_000,
		}
	}

	/// The miner makes so many tokens, which the client receives, and a checkpoint.
	fn go_on(&mut self, tokens: u32, last: bool) -> Result<Checkpoint, Refusal> {
		self.tokens += tokens;
		self.output.extend(std::iter::repeat_n(b'x', tokens as usize));
		let Received { output_hash, transcript_root, .. } = self.received();
		let usage = Usage { input_tokens: INPUT_TOKENS, output_tokens: self.tokens, gpu_ms: self.tokens };
		let payload = self.earner.checkpoint(&self.terms, output_hash, transcript_root, usage, last)?;
		Ok(sign(payload))
	}

	fn pay(&mut self, checkpoint: Checkpoint) -> Result<Voucher, Fault> {
		let payload = self.payer.check(&self.terms, &BOUNDS, &checkpoint, &self.received())?;
		let signature = key("session").sign(&payload.signing_hash());
		Ok(self.payer.sign(checkpoint, signature))
	}

	/// A whole answer.
	fn answer(&mut self, tokens: u32) -> RunningTotal {
		self.begin().expect("it is the next one");
		let mut left = tokens;
		loop {
			let part = left.min(CHECKPOINT_TOKENS);
			left -= part;
			let checkpoint = self.go_on(part, left == 0).expect("the deposit reaches");
			let voucher = self.pay(checkpoint).expect("it is honest");
			self.earner.acknowledge(&self.terms, voucher).expect("it is the client's");
			if left == 0 {
				return self.earner.paid();
			}
		}
	}
}

fn sign(payload: CheckpointPayload) -> Checkpoint {
	Checkpoint { signature: key("operator").sign(&payload.signing_hash()).into(), payload }
}

fn price(tokens: u32) -> Balance {
	RATE.fee(&Usage { input_tokens: INPUT_TOKENS, output_tokens: tokens, gpu_ms: 0 }).expect("it fits")
}

#[test]
fn both_sides_should_agree_to_the_planck_after_a_thousand_answers() {
	let mut two = Two::new(Balance::MAX);
	let mut sum = 0;
	for answer in 0..1_000 {
		let tokens = 1 + answer % 100;
		two.answer(tokens);
		sum += price(tokens);
	}
	let total = two.earner.paid();
	assert_eq!((total.answers, total.fee), (1_000, sum));
	assert_eq!(two.payer.owed(), total);
	assert_eq!(two.earner.voucher(), two.payer.voucher());
}

#[test]
fn miner_should_stop_when_a_checkpoint_is_not_counter_signed() {
	let mut two = Two::new(Balance::MAX);
	two.begin().expect("it is the first");
	two.go_on(CHECKPOINT_TOKENS, false).expect("it is the first");
	assert_eq!(two.go_on(1, true), Err(Refusal::Unpaid));
	assert_eq!(two.begin(), Err(Refusal::Unpaid));
}

#[test]
fn request_should_be_answered_once_when_it_is_sent_again() {
	let mut two = Two::new(Balance::MAX);
	let (request, signature) = two.request();
	let begin = |two: &mut Two| two.earner.begin(&two.terms, &request, signature, NOW);
	begin(&mut two).expect("it is the first");
	assert_eq!(begin(&mut two), Err(Refusal::Busy));
	two.earner.abandon();
	assert_eq!(begin(&mut two), Err(Refusal::UsedNumber { got: 1, last: 1 }));
}

#[test]
fn request_should_be_refused_when_it_is_old_early_or_for_another_channel_chain_model_or_key() {
	let mut two = Two::new(Balance::MAX);
	let (request, signature) = two.request();
	let begin = |terms: &ChannelTerms, request: &RequestPayload, signature, now| {
		Earner::default().begin(terms, request, signature, now)
	};
	let late = NOW + REQUEST_WINDOW_MS + 1;
	assert_eq!(begin(&two.terms, &request, signature, late), Err(Refusal::Stale));
	let early = NOW - REQUEST_WINDOW_MS - 1;
	assert_eq!(begin(&two.terms, &request, signature, early), Err(Refusal::Early));
	for now in [late - 1, early + 1] {
		assert_eq!(begin(&two.terms, &request, signature, now), Ok(()));
	}
	let channel = ChannelTerms { channel: 8, ..two.terms.clone() };
	assert_eq!(begin(&channel, &request, signature, NOW), Err(Refusal::WrongChannel));
	let chain = ChannelTerms { genesis: H256::zero(), ..two.terms.clone() };
	assert_eq!(begin(&chain, &request, signature, NOW), Err(Refusal::WrongChannel));
	let model = ChannelTerms { model_digest: H256::zero(), ..two.terms.clone() };
	assert_eq!(begin(&model, &request, signature, NOW), Err(Refusal::WrongModel));
	let changed = RequestPayload { seed: 10, ..request.clone() };
	assert_eq!(begin(&two.terms, &changed, signature, NOW), Err(Refusal::BadSignature));
	let zero = RequestPayload { seq: 0, ..request };
	let signature = key("session").sign(&zero.signing_hash());
	assert_eq!(begin(&two.terms, &zero, signature, NOW), Err(Refusal::UsedNumber { got: 0, last: 0 }));
}

#[test]
fn voucher_should_be_refused_when_it_is_for_less_another_checkpoint_or_by_another_key() {
	let mut two = Two::new(Balance::MAX);
	two.answer(3);
	let old = two.payer.voucher().expect("one was signed").clone();
	two.begin().expect("it is the next one");
	let checkpoint = two.go_on(5, true).expect("the deposit reaches");
	let payload = two.payer.check(&two.terms, &BOUNDS, &checkpoint, &two.received()).expect("it is honest");
	let by_another = Voucher {
		total: payload.total,
		checkpoint: payload.checkpoint,
		signature: key("mallory").sign(&payload.signing_hash()).into(),
	};
	assert_eq!(two.earner.acknowledge(&two.terms, by_another.clone()), Err(Refusal::BadSignature));
	let mut less = by_another;
	less.total.fee -= 1;
	assert_eq!(two.earner.acknowledge(&two.terms, less), Err(Refusal::WrongVoucher));
	// The one before, again, says nothing new.
	assert_eq!(two.earner.acknowledge(&two.terms, old), Ok(()));
	assert!(two.earner.pending().is_some());
}

#[test]
fn client_should_not_pay_when_the_checkpoint_says_anything_else_than_what_it_received() {
	let mut two = Two::new(10 * price(CHECKPOINT_TOKENS));
	two.begin().expect("it is the first");
	let honest = two.go_on(5, false).expect("the deposit reaches").payload;
	let fault = |two: &Two, change: &dyn Fn(&mut CheckpointPayload)| {
		let mut payload = honest.clone();
		change(&mut payload);
		two.payer.check(&two.terms, &BOUNDS, &sign(payload), &two.received()).map(|_| ())
	};
	assert_eq!(fault(&two, &|_| ()), Ok(()));
	assert_eq!(fault(&two, &|it| it.output_hash = H256::zero()), Err(Fault::WrongOutput));
	assert_eq!(fault(&two, &|it| it.transcript_root = H256::zero()), Err(Fault::WrongOutput));
	assert_eq!(fault(&two, &|it| it.total.fee += 1), Err(Fault::WrongTotal));
	assert_eq!(fault(&two, &|it| it.total.answers += 1), Err(Fault::WrongTotal));
	assert_eq!(fault(&two, &|it| it.seq = 2), Err(Fault::WrongCheckpoint));
	assert_eq!(fault(&two, &|it| it.index = 1), Err(Fault::WrongCheckpoint));
	assert_eq!(fault(&two, &|it| it.request = H256::zero()), Err(Fault::WrongCheckpoint));
	assert_eq!(fault(&two, &|it| it.channel = 8), Err(Fault::WrongCheckpoint));
	for more in [
		Usage { output_tokens: 6, ..honest.usage },
		Usage { input_tokens: 65, ..honest.usage },
		Usage { gpu_ms: 1_001, ..honest.usage },
	] {
		assert!(matches!(fault(&two, &|it| it.usage = more), Err(Fault::WrongUsage { .. })), "{more:?}");
	}
	let forged = Checkpoint { signature: [1; 64].into(), payload: honest.clone() };
	assert_eq!(two.payer.check(&two.terms, &BOUNDS, &forged, &two.received()), Err(Fault::BadSignature));
}

#[test]
fn client_should_have_the_proof_when_the_miner_signs_two_checkpoints_under_one_number() {
	let mut two = Two::new(Balance::MAX);
	two.begin().expect("it is the first");
	let first = two.go_on(5, false).expect("the deposit reaches");
	two.pay(first.clone()).expect("it is honest");
	let second = sign(CheckpointPayload { output_hash: H256::zero(), ..first.payload.clone() });
	let fault = two.payer.check(&two.terms, &BOUNDS, &second, &two.received());
	let proof = Fault::Equivocation { first: Box::new(first), second: Box::new(second) };
	assert_eq!(fault, Err(proof));
}

#[test]
fn answer_should_end_where_the_deposit_does_and_go_on_after_a_top_up() {
	let mut two = Two::new(price(CHECKPOINT_TOKENS));
	two.begin().expect("it is the first");
	let checkpoint = two.go_on(CHECKPOINT_TOKENS, false).expect("the deposit reaches");
	let voucher = two.pay(checkpoint).expect("it is honest");
	two.earner.acknowledge(&two.terms, voucher).expect("it is the client's");
	assert_eq!(two.go_on(1, true), Err(Refusal::Exhausted));
	two.earner.abandon();
	assert_eq!(two.begin(), Err(Refusal::Exhausted));
	two.terms.deposit *= 2;
	assert_eq!(two.answer(3).fee, price(CHECKPOINT_TOKENS) + price(3));
}

#[test]
fn channel_should_go_on_after_a_checkpoint_that_got_lost_whether_or_not_it_was_signed() {
	for signed in [false, true] {
		let mut two = Two::new(Balance::MAX);
		two.begin().expect("it is the first");
		let checkpoint = two.go_on(5, false).expect("the deposit reaches");
		if signed {
			two.pay(checkpoint).expect("it is honest");
		}
		two.earner.abandon();
		assert_eq!(two.begin(), Err(Refusal::Unpaid));
		two.earner.forgive();
		// The client sends its last voucher before each request.
		if let Some(voucher) = two.payer.voucher().cloned() {
			two.earner.acknowledge(&two.terms, voucher).expect("it was forgiven, not forgotten");
		}
		let lost = if signed { price(5) } else { 0 };
		assert_eq!(two.earner.paid().fee, lost);
		assert_eq!(two.answer(7).fee, lost + price(7));
		assert_eq!(two.payer.owed(), two.earner.paid());
	}
}

#[test]
fn client_should_not_sign_above_the_deposit() {
	let mut two = Two::new(price(5) - 1);
	two.begin().expect("it is the first");
	let usage = Usage { input_tokens: INPUT_TOKENS, output_tokens: 5, gpu_ms: 1 };
	two.tokens = 5;
	let received = two.received();
	let rich = terms(Balance::MAX);
	let payload = two.earner.checkpoint(&rich, received.output_hash, received.transcript_root, usage, true);
	let checkpoint = sign(payload.expect("this miner does not look"));
	let fault = two.payer.check(&two.terms, &BOUNDS, &checkpoint, &received);
	assert_eq!(fault, Err(Fault::AboveDeposit { total: price(5), deposit: price(5) - 1 }));
}

/// After what one side goes away for good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Gone {
	/// The miner, with tokens made that it did not send.
	Request,
	/// The client, when it has the tokens.
	Tokens,
	/// The client, when it has the checkpoint.
	Checkpoint,
	/// The client, when it has signed and before the miner has it.
	Voucher,
}

proptest! {
	/// Extortion, both ways: whoever goes away after whatever message, neither side has lost more than an interval.
	#[test]
	fn either_side_should_lose_at_most_an_interval_when_the_other_goes_away(
		answers in prop::collection::vec(1..200u32, 0..5),
		last in 1..200u32,
		at in 0..7u32,
		gone in prop::sample::select(vec![Gone::Request, Gone::Tokens, Gone::Checkpoint, Gone::Voucher]),
	) {
		let mut two = Two::new(Balance::MAX);
		let mut received: Balance = answers.iter().map(|tokens| { two.answer(*tokens); price(*tokens) }).sum();
		two.begin().expect("it is the next one");
		let (before, mut made, mut checkpoints) = (received, 0, 0);
		let mut work;
		loop {
			let part = (last - made).min(CHECKPOINT_TOKENS);
			made += part;
			work = before + price(made);
			if checkpoints == at && gone == Gone::Request { break; }
			received = before + price(made);
			let checkpoint = two.go_on(part, made == last).expect("the deposit reaches");
			if checkpoints == at && gone == Gone::Tokens { break; }
			if checkpoints == at && gone == Gone::Checkpoint { break; }
			let voucher = two.pay(checkpoint).expect("it is honest");
			if checkpoints == at && gone == Gone::Voucher { break; }
			two.earner.acknowledge(&two.terms, voucher).expect("it is the client's");
			checkpoints += 1;
			if made == last { break; }
		}
		let interval = price(CHECKPOINT_TOKENS);
		let paid = two.earner.paid().fee;
		prop_assert!(paid <= work && work - paid <= interval, "the miner lost {}", work - paid);
		let owed = two.payer.owed().fee;
		prop_assert!(owed <= received, "the client signed for {} plancks that it did not receive", owed - received);
		prop_assert!(owed - paid <= interval);
	}

	/// Whatever is stored and read again between any two steps goes on as if nothing had happened.
	#[test]
	fn sides_should_go_on_when_they_are_read_from_what_was_stored(answers in prop::collection::vec(1..100u32, 1..6)) {
		use codec::{Decode, Encode};
		let mut two = Two::new(Balance::MAX);
		let mut sum = 0;
		for tokens in answers {
			two.answer(tokens);
			sum += price(tokens);
			two.payer = Payer::decode(&mut &two.payer.encode()[..]).expect("it was encoded");
			two.earner = Earner::decode(&mut &two.earner.encode()[..]).expect("it was encoded");
		}
		prop_assert_eq!(two.earner.paid().fee, sum);
	}
}
