//! What calls and hooks take at the worst.

use alloc::{vec, vec::Vec};
use frame::{
	benchmarking::prelude::*,
	deps::{
		sp_core::{crypto::KeyTypeId, sr25519},
		sp_io::crypto::{sr25519_generate, sr25519_sign},
		sp_runtime::AccountId32,
	},
};
use millrace_primitives::{
	job::{payload_hash, work_hash, MAX_ATTEMPTS, MAX_INPUT_BYTES, MAX_OUTPUT_BYTES},
	traits::{Escrow, MinerPool, ModelRegistry},
	workload::MAX_TOKEN_BYTES,
	Balance, FailCode, JobId, JobParams, ModelId, Outcome, Proof, ProofPayload, Rate, Usage,
};

use crate::{queue::MAX_WALKS, *};

/// Where the keys of operators are kept.
const KEYS: KeyTypeId = KeyTypeId(*b"mill");
/// What every miner asks and every client accepts.
const RATE: Rate = Rate::PerToken { input: 10, output: 1_000 };
/// What every answer takes. With [`RATE`] less than the least fee, so that something is paid and something refunded.
const USAGE: Usage = Usage { input_tokens: 1, output_tokens: 1, gpu_ms: 0 };
/// More than every client accepts.
const DEAR: Rate = Rate::PerToken { input: 10, output: 1_001 };
/// Ready miners of a draw at each of the two rates: so many that the places it looks at are different ones.
const MINERS: u32 = 64;
/// Slots of a dear miner: nearly all looks fall on those, and as many fall beside a slot as ever.
const MANY: u32 = 65;
/// Slots of a miner that leaves one place of the ready list for another when it gets or loses a job.
const TWO: u32 = 2;
/// Slots of a miner that keeps its place then.
const ROOMY: u32 = 63;

fn signed<T: Config>(who: &AccountId32) -> OriginFor<T> {
	RawOrigin::Signed(who.clone()).into()
}

/// Pays for the jobs whose submission is not measured. Its account is not counted as known to the block, because
/// deadlines end jobs without their client.
fn client() -> AccountId32 {
	account("client", 0, 0)
}

/// Room for the longest output.
fn params<T: Config>() -> JobParams {
	JobParams {
		timeout: T::MaxTimeout::get(),
		max_rate: Some(RATE),
		..JobParams::greedy(MAX_OUTPUT_BYTES / MAX_TOKEN_BYTES)
	}
}

fn max_fee<T: Config>() -> Balance {
	T::MinFee::get().saturating_add(RATE.fee(&USAGE).unwrap_or_default())
}

fn submit_as<T: Config>(client: &AccountId32, model: ModelId, bytes: u32) -> Result<JobId, DispatchError> {
	let job = NextJobId::<T>::get();
	let input = vec![b'x'; bytes as usize];
	Pallet::<T>::submit(signed::<T>(client), model, input, params::<T>(), max_fee::<T>(), None)?;
	Ok(job)
}

/// A model without miners, and three jobs in its queue; returns the one in the middle.
fn queued<T: Config>() -> Result<(ModelId, JobId), DispatchError> {
	let model = T::Models::benchmark_model(0);
	T::Escrow::benchmark_fund(&client());
	let jobs = [0; 3].map(|_| submit_as::<T>(&client(), model, 1));
	Pallet::<T>::draw_all();
	let [_, middle, _] = jobs;
	Ok((model, middle?))
}

/// A walk that has come to `next`.
fn walk_to<T: Config>(model: ModelId, next: JobId) {
	Walks::<T>::insert(model, Walk { next, again: false });
}

/// A job in its last attempt, and the attempt's operator. Jobs wait for the model and another miner is behind this one
/// on the ready list, so that the end of the attempt moves both and starts a walk.
fn running<T: Config>(bytes: u32) -> Result<(JobId, AccountId32), DispatchError> {
	let (model, _) = queued::<T>()?;
	running_of::<T>(model, bytes, TWO)
}

/// As [`running`], for a model that no job waits for and a miner of so many slots.
fn running_alone<T: Config>(slots: u32) -> Result<(JobId, AccountId32), DispatchError> {
	let model = T::Models::benchmark_model(0);
	T::Escrow::benchmark_fund(&client());
	running_of::<T>(model, 1, slots)
}

fn running_of<T: Config>(model: ModelId, bytes: u32, slots: u32) -> Result<(JobId, AccountId32), DispatchError> {
	let job = submit_as::<T>(&client(), model, bytes)?;
	let mut last = client();
	for attempt in 1..=MAX_ATTEMPTS {
		let operator = sr25519_generate(KEYS, Some(alloc::format!("//{attempt}").into_bytes())).into();
		// Only what was drawn for in vain can be claimed.
		for fresh in Fresh::<T>::take() {
			let due = Jobs::<T>::get(fresh).ok_or("the job is there")?.due;
			Pallet::<T>::join_queue(model, fresh, due);
		}
		T::Miners::benchmark_miner(&account("owner", attempt.into(), 0), &operator, model, RATE, slots);
		Pallet::<T>::claim(signed::<T>(&operator), job)?;
		if attempt < MAX_ATTEMPTS {
			Pallet::<T>::fail(signed::<T>(&operator), job, attempt, FailCode::EngineError)
				.map_err(|error| error.error)?;
		}
		last = operator;
	}
	T::Miners::benchmark_miner(&account("owner", 0, 0), &account("operator", 0, 0), model, RATE, 1);
	Walks::<T>::remove(model);
	Ok((job, last))
}

/// The proof of an answer, as the operator's own node would sign it.
fn prove<T: Config>(operator: &AccountId32, job: JobId, output: &[u8]) -> Result<Proof, BenchmarkError> {
	let asked = Jobs::<T>::get(job).ok_or("the job is there")?;
	let payload = ProofPayload {
		genesis: frame_system::Pallet::<T>::block_hash(BlockNumberFor::<T>::zero()),
		job,
		attempt: MAX_ATTEMPTS,
		// At temperature 0 the seed does not count.
		work: work_hash(asked.model, &asked.params, &asked.input_hash, 0),
		output_hash: payload_hash(output),
		transcript_root: H256::repeat_byte(1),
		usage: USAGE,
	};
	let key = sr25519::Public::from_raw(*operator.as_ref());
	let signature = sr25519_sign(KEYS, &key, &payload.signing_hash()).ok_or("the keystore has the key")?;
	Ok(Proof { transcript_root: payload.transcript_root, usage: USAGE, signature })
}

fn outcome<T: Config>(job: JobId) -> Option<Outcome> {
	match Jobs::<T>::get(job)?.state {
		JobState::Ended(outcome) => Some(outcome),
		_ => None,
	}
}

fn is_assigned<T: Config>(job: JobId) -> bool {
	Jobs::<T>::get(job).is_some_and(|job| matches!(job.state, JobState::Assigned(_)))
}

#[benchmarks]
mod benchmarks {
	use super::*;

	#[benchmark]
	fn submit(b: Linear<1, MAX_INPUT_BYTES>) -> Result<(), BenchmarkError> {
		let model = T::Models::benchmark_model(0);
		let client = whitelisted_caller();
		T::Escrow::benchmark_fund(&client);
		let input = vec![b'x'; b as usize];
		let job = NextJobId::<T>::get();

		#[extrinsic_call]
		_(RawOrigin::Signed(client), model, input, params::<T>(), max_fee::<T>(), None);

		assert!(Jobs::<T>::contains_key(job));
		Pallet::<T>::do_try_state()?;
		Ok(())
	}

	/// The job has neighbours in its queue, and a walk has come to it.
	#[benchmark]
	fn cancel() -> Result<(), BenchmarkError> {
		let (model, job) = queued::<T>()?;
		walk_to::<T>(model, job);

		#[extrinsic_call]
		_(RawOrigin::Signed(client()), job);

		assert_eq!(outcome::<T>(job), Some(Outcome::Cancelled));
		Pallet::<T>::do_try_state()?;
		Ok(())
	}

	/// As `cancel`; and the miner moves on the ready list, where another one is behind it.
	#[benchmark]
	fn claim() -> Result<(), BenchmarkError> {
		let (model, job) = queued::<T>()?;
		let operator = whitelisted_caller();
		T::Miners::benchmark_miner(&account("owner", 0, 0), &operator, model, RATE, TWO);
		T::Miners::benchmark_miner(&account("owner", 1, 0), &account("operator", 1, 0), model, RATE, TWO);
		walk_to::<T>(model, job);

		#[extrinsic_call]
		_(RawOrigin::Signed(operator), job);

		assert!(is_assigned::<T>(job));
		Pallet::<T>::do_try_state()?;
		Ok(())
	}

	/// No job waits for the slot: a search for one that does has a weight of its own, with the notes that lead to it.
	#[benchmark]
	fn complete(b: Linear<1, MAX_OUTPUT_BYTES>) -> Result<(), BenchmarkError> {
		let (job, operator) = running_alone::<T>(TWO)?;
		let output = vec![b'x'; b as usize];
		let proof = prove::<T>(&operator, job, &output)?;
		let origin = signed::<T>(&operator);

		// In a block the answer is checked twice: for the fee, then for itself.
		#[block]
		{
			assert!(Pallet::<T>::completes(&origin, job, MAX_ATTEMPTS, &output, &proof));
			Pallet::<T>::complete(origin, job, MAX_ATTEMPTS, output, proof)?;
		}

		assert_eq!(outcome::<T>(job), Some(Outcome::Settled));
		Pallet::<T>::do_try_state()?;
		Ok(())
	}

	/// As `complete`, by a miner that has so many slots that one more does not move it.
	#[benchmark]
	fn complete_in_place(b: Linear<1, MAX_OUTPUT_BYTES>) -> Result<(), BenchmarkError> {
		let (job, operator) = running_alone::<T>(ROOMY)?;
		let output = vec![b'x'; b as usize];
		let proof = prove::<T>(&operator, job, &output)?;
		let origin = signed::<T>(&operator);

		#[block]
		{
			assert!(Pallet::<T>::completes(&origin, job, MAX_ATTEMPTS, &output, &proof));
			Pallet::<T>::complete(origin, job, MAX_ATTEMPTS, output, proof)?;
		}

		assert_eq!(outcome::<T>(job), Some(Outcome::Settled));
		Pallet::<T>::do_try_state()?;
		Ok(())
	}

	/// The job fails with its attempt.
	#[benchmark]
	fn fail() -> Result<(), BenchmarkError> {
		let (job, operator) = running::<T>(1)?;
		let origin = signed::<T>(&operator);

		// Checked twice, as in `complete`.
		#[block]
		{
			assert!(Pallet::<T>::fails(&origin, job, MAX_ATTEMPTS));
			Pallet::<T>::fail(origin, job, MAX_ATTEMPTS, FailCode::EngineError)?;
		}

		assert_eq!(outcome::<T>(job), Some(Outcome::Failed));
		Pallet::<T>::do_try_state()?;
		Ok(())
	}

	/// Input and output are of full length.
	#[benchmark]
	fn prune() -> Result<(), BenchmarkError> {
		let (job, operator) = running::<T>(MAX_INPUT_BYTES)?;
		let output = vec![b'x'; MAX_OUTPUT_BYTES as usize];
		let proof = prove::<T>(&operator, job, &output)?;
		Pallet::<T>::complete(signed::<T>(&operator), job, MAX_ATTEMPTS, output, proof)?;

		#[extrinsic_call]
		_(RawOrigin::Signed(client()), job);

		assert!(!Jobs::<T>::contains_key(job));
		Pallet::<T>::do_try_state()?;
		Ok(())
	}

	/// For a job that came in this block, whose submission has counted its row. The miner that takes it moves on the ready
	/// list, where another one is behind it.
	#[benchmark]
	fn draw() -> Result<(), BenchmarkError> {
		let model = T::Models::benchmark_model(0);
		for index in 0..MINERS {
			let (owner, operator) = (account("owner", index, 0), account("operator", index, 0));
			T::Miners::benchmark_miner(&owner, &operator, model, RATE, MANY);
		}
		T::Escrow::benchmark_fund(&client());
		let job = submit_as::<T>(&client(), model, 1)?;

		Fresh::<T>::kill();
		add_to_whitelist(Jobs::<T>::hashed_key_for(job).into());

		#[block]
		{
			let found = Jobs::<T>::get(job).ok_or("the job is there")?;
			Pallet::<T>::draw_fresh(job, found, Some(&[9; 32]));
		}

		assert!(Jobs::<T>::get(job).is_some_and(|job| matches!(job.state, JobState::Assigned(by) if by.open)));
		Pallet::<T>::do_try_state()?;
		Ok(())
	}

	/// For a job with neighbours in its queue. All slots looked at are too dear; one of the miners looked at instead
	/// takes it, and moves on the ready list.
	#[benchmark]
	fn search() -> Result<(), BenchmarkError> {
		let (model, job) = queued::<T>()?;
		for index in 0..MINERS {
			let (owner, operator) = (account("owner", index, 0), account("operator", index, 0));
			T::Miners::benchmark_miner(&owner, &operator, model, RATE, TWO);
			let (owner, operator) = (account("dear owner", index, 0), account("dear operator", index, 0));
			T::Miners::benchmark_miner(&owner, &operator, model, DEAR, MANY);
		}
		walk_to::<T>(model, job);

		#[block]
		{
			Pallet::<T>::walk_queues(1, &[7; 32]);
		}

		assert!(Jobs::<T>::get(job).is_some_and(|job| matches!(job.state, JobState::Assigned(by) if !by.open)));
		Pallet::<T>::do_try_state()?;
		Ok(())
	}

	#[benchmark]
	fn agenda_block() -> Result<(), BenchmarkError> {
		let (job, _) = running::<T>(1)?;
		let due = Jobs::<T>::get(job).ok_or("the job is there")?.due;
		let found;

		#[block]
		{
			found = Agenda::<T>::iter_key_prefix(due).next().and_then(Jobs::<T>::get);
		}

		assert!(found.is_some());
		Ok(())
	}

	/// The job fails with its attempt.
	#[benchmark]
	fn agenda_item() -> Result<(), BenchmarkError> {
		let (job, _) = running::<T>(1)?;
		let found = Jobs::<T>::get(job).ok_or("the job is there")?;

		#[block]
		{
			Pallet::<T>::work_item(found.due, job, Some(found));
		}

		assert_eq!(outcome::<T>(job), Some(Outcome::Failed));
		Pallet::<T>::do_try_state()?;
		Ok(())
	}

	/// As many walks as a block looks at.
	#[benchmark]
	fn walk_base() {
		(0..MAX_WALKS as ModelId).for_each(|model| walk_to::<T>(model, 0));
		let walked: Vec<ModelId>;

		#[block]
		{
			Pallet::<T>::reserve_walk();
			walked = Pallet::<T>::walked();
			// The draws have a weight of their own.
			DrawCredit::<T>::kill();
			Pallet::<T>::draw_all();
		}

		assert_eq!(walked.len(), MAX_WALKS);
	}

	impl_benchmark_test_suite!(Pallet, crate::mock::externalities(), crate::mock::Test);
}
