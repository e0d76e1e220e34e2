#![doc = include_str!("../README.md")]
#![cfg_attr(not(feature = "std"), no_std)]

extern crate alloc;

mod agenda;
mod assign;
#[cfg(feature = "runtime-benchmarks")]
mod benchmarking;
mod ending;
pub mod migrations;
mod proof;
mod queue;
mod submit;
mod try_state;
mod types;
mod views;
pub mod weights;

#[cfg(test)]
mod mock;
#[cfg(test)]
mod tests;

pub use pallet::*;
pub use types::{Assignment, Input, Job, JobState, Link, Output, QueueEnds, Terms, Walk};
pub use views::JobView;
pub use weights::WeightInfo;

#[frame::pallet]
pub mod pallet {
	use super::*;
	use alloc::vec::Vec;
	use frame::{deps::sp_runtime::AccountId32, prelude::*};
	use millrace_primitives::{
		query::MinerPrices,
		traits::{BlockRandomness, Escrow, MinerPool, ModelRegistry, Receipts},
		Attempt, Balance, BlockNumber, FailCode, JobId, JobParams, ModelId, Page, Proof, Quote, Rate, Usage,
	};

	/// The layout of this pallet's storage.
	pub const STORAGE_VERSION: StorageVersion = StorageVersion::new(2);

	#[pallet::pallet]
	#[pallet::storage_version(STORAGE_VERSION)]
	pub struct Pallet<T>(_);

	#[pallet::config]
	pub trait Config: frame_system::Config<AccountId = AccountId32, Hash = H256> {
		/// Holds the money.
		type Escrow: Escrow<AccountId32>;
		/// The models.
		type Models: ModelRegistry;
		/// The miners.
		type Miners: MinerPool<AccountId32> + MinerPrices<AccountId32>;
		/// Where receipts go.
		type Receipts: Receipts<AccountId32>;
		/// What miners are drawn by.
		type Randomness: BlockRandomness;
		/// Where the block number comes from. All deadlines are counted in it.
		type BlockNumberProvider: BlockNumberProvider<BlockNumber = BlockNumber>;
		// Parameters that governance may change at any time. A job keeps what was in force at its submission: fee and
		// deposit in its escrow row, the timeout in its own parameters, the rest in `TermsOf`.
		/// Least `max_fee` in plancks.
		type MinFee: Get<Balance>;
		/// Plancks held for each job until it is pruned.
		type DepositBase: Get<Balance>;
		/// Plancks held for each byte of input and each byte that the output may have.
		type DepositPerByte: Get<Balance>;
		/// Blocks that a job waits for a miner, each time that it is queued.
		type QueueTimeout: Get<BlockNumber>;
		/// Least blocks of an attempt that a client may ask for.
		type MinTimeout: Get<BlockNumber>;
		/// Most blocks of an attempt that a client may ask for.
		type MaxTimeout: Get<BlockNumber>;
		/// Blocks from a job's end until its bytes are pruned.
		type RetentionPeriod: Get<BlockNumber>;
		/// Draws that each block makes along the queues beyond those that its calls pay for.
		#[pallet::constant]
		type WalkDraws: Get<u32>;
		/// Weight that the agenda may use at the start of each block.
		type AgendaWeight: Get<Weight>;
		/// Weights of this pallet's calls and hooks.
		type WeightInfo: WeightInfo;
	}

	/// The number that the next job gets.
	#[pallet::storage]
	#[pallet::whitelist_storage]
	pub type NextJobId<T: Config> = StorageValue<_, JobId, ValueQuery>;

	/// Jobs until they are pruned.
	#[pallet::storage]
	pub type Jobs<T: Config> = StorageMap<_, Twox64Concat, JobId, Job<AccountId32>>;

	/// What open jobs keep of the parameters, from their submission to their end.
	#[pallet::storage]
	pub type TermsOf<T: Config> = StorageMap<_, Twox64Concat, JobId, Terms>;

	/// Inputs until they are pruned.
	#[pallet::storage]
	pub type Inputs<T: Config> = StorageMap<_, Twox64Concat, JobId, Input>;

	/// Outputs of settled jobs until they are pruned.
	#[pallet::storage]
	pub type Outputs<T: Config> = StorageMap<_, Twox64Concat, JobId, Output>;

	/// A client's jobs until they are pruned.
	#[pallet::storage]
	pub type JobsOf<T: Config> = StorageDoubleMap<_, Blake2_128Concat, AccountId32, Twox64Concat, JobId, ()>;

	/// The jobs that an operator has to answer now.
	#[pallet::storage]
	pub type AssignmentsOf<T: Config> =
		StorageDoubleMap<_, Blake2_128Concat, AccountId32, Twox64Concat, JobId, Attempt>;

	/// Deadlines: each job at the block of its `due`.
	#[pallet::storage]
	pub type Agenda<T: Config> = StorageDoubleMap<_, Twox64Concat, BlockNumber, Twox64Concat, JobId, ()>;

	/// The first block whose part of the agenda is not done.
	#[pallet::storage]
	#[pallet::whitelist_storage]
	pub type AgendaFrom<T: Config> = StorageValue<_, BlockNumber, ValueQuery>;

	/// Jobs that came or came back in this block and are drawn for at its end.
	#[pallet::storage]
	#[pallet::unbounded]
	#[pallet::whitelist_storage]
	pub type Fresh<T: Config> = StorageValue<_, Vec<JobId>, ValueQuery>;

	/// The ends of each model's queue.
	#[pallet::storage]
	pub type Queues<T: Config> = StorageMap<_, Twox64Concat, ModelId, QueueEnds, ValueQuery>;

	/// The queues: lists of jobs that found no miner, one for each model.
	#[pallet::storage]
	pub type Queue<T: Config> = StorageMap<_, Twox64Concat, JobId, Link>;

	/// Queues to be walked because a slot became free.
	#[pallet::storage]
	pub type Walks<T: Config> = StorageMap<_, Twox64Concat, ModelId, Walk>;

	/// Searches along the queues that this block has paid for.
	#[pallet::storage]
	#[pallet::whitelist_storage]
	pub type DrawCredit<T: Config> = StorageValue<_, u32, ValueQuery>;

	#[pallet::event]
	#[pallet::generate_deposit(pub(crate) fn deposit_event)]
	pub enum Event<T: Config> {
		/// A job came.
		Submitted {
			/// The job.
			job: JobId,
			/// Who pays.
			client: AccountId32,
			/// The model.
			model: ModelId,
			/// The most that it can cost, in plancks.
			max_fee: Balance,
			/// Held for its bytes, in plancks.
			deposit: Balance,
		},
		/// No miner was free; the job waits.
		Queued {
			/// The job.
			job: JobId,
		},
		/// A miner has the job.
		Assigned {
			/// The job.
			job: JobId,
			/// 1 to 3.
			attempt: Attempt,
			/// Gets the fee.
			owner: AccountId32,
			/// Signs the proof.
			operator: AccountId32,
			/// The rate agreed.
			rate: Rate,
			/// The last block in which a proof is accepted.
			deadline: BlockNumber,
		},
		/// A proof was accepted.
		Completed {
			/// The job.
			job: JobId,
			/// The attempt.
			attempt: Attempt,
			/// The miner.
			owner: AccountId32,
			/// blake2-256 of the output.
			output_hash: H256,
			/// Root of the transcript.
			transcript_root: H256,
			/// What it took.
			usage: Usage,
		},
		/// The miner was paid.
		Settled {
			/// The job.
			job: JobId,
			/// Who was paid.
			owner: AccountId32,
			/// Plancks paid.
			fee: Balance,
			/// Plancks given back to the client.
			refund: Balance,
		},
		/// A miner gave up, or was silent past the deadline.
		AttemptFailed {
			/// The job.
			job: JobId,
			/// The attempt.
			attempt: Attempt,
			/// The miner.
			owner: AccountId32,
			/// What it said; `None`: nothing.
			code: Option<FailCode>,
		},
		/// The job ended without an answer; the client has its money back.
		Failed {
			/// The job.
			job: JobId,
		},
		/// Nobody took the job in time; the client has its money back.
		Expired {
			/// The job.
			job: JobId,
		},
		/// The client withdrew the job and has its money back.
		Cancelled {
			/// The job.
			job: JobId,
		},
		/// The job's bytes are gone and its deposit is free.
		Pruned {
			/// The job.
			job: JobId,
		},
	}

	#[pallet::error]
	pub enum Error<T> {
		/// No model with this number takes jobs; `Models` lists them.
		UnknownModel,
		/// The input is empty; send at least one byte.
		EmptyInput,
		/// The input is above 16384 bytes.
		InputTooLong,
		/// `max_tokens` is 0; ask for at least one token.
		MaxTokensZero,
		/// `max_tokens` is above the model's context length.
		MaxTokensAboveContext,
		/// `temperature_milli` is above 2000.
		TemperatureTooHigh,
		/// `top_p_milli` is not within 1 to 1000.
		TopPOutOfRange,
		/// `timeout` is not within `MinTimeout` to `MaxTimeout` blocks.
		TimeoutOutOfRange,
		/// `max_fee` is below `MinFee`.
		MaxFeeTooLow,
		/// The deposit does not fit a balance.
		Overflow,
		/// No such job, or it was pruned.
		UnknownJob,
		/// Only the job's client may do this.
		NotClient,
		/// Only the operator of the current attempt may do this.
		NotAssignee,
		/// The job has another attempt by now.
		WrongAttempt,
		/// No miner has the job: it waits, or it has ended.
		NotAssigned,
		/// The job does not wait for a miner: one has it, or it has ended. A `claim` also has to wait for the draw at the
		/// end of the block in which the job came.
		NotQueued,
		/// The job has not ended yet.
		NotEnded,
		/// The attempt's deadline has passed.
		DeadlinePassed,
		/// The output is empty; say `fail` when there is none.
		EmptyOutput,
		/// The output is longer than the workload allows: 256 bytes for each of `max_tokens`, 32768 for an embedding, 32 for a
		/// benchmark, 1024 for an image, a task's `max_output_bytes`; and never above 65536 bytes.
		OutputTooLong,
		/// The usage is above what the chain allows: input tokens by the input's bytes, output tokens by `max_tokens`
		/// (and at least 1), GPU time by the blocks since the assignment and a task's `max_seconds`. Where the workload has no
		/// tokens, none may be counted.
		UsageOutOfBounds,
		/// The signature is not the operator's over this proof.
		BadSignature,
		/// The miner's owner can't receive the fee: its account is below the existential deposit.
		PayeeCannotReceive,
		/// The caller operates no miner.
		NotOperator,
		/// The job is for another miner.
		NamedOther,
		/// Job numbers are used up.
		IdsExhausted,
		/// The model does other work: its kind in `Models` says which.
		WrongKind,
		/// A benchmark's `size` is not within 64 to 2048.
		BenchSizeOutOfRange,
		/// A benchmark's `rounds` are not within 1 to 256.
		BenchRoundsOutOfRange,
		/// An image's `width` or `height` is not within 64 to 2048, or no multiple of 8.
		ImageSideOutOfRange,
		/// An image's `steps` are not within 1 to 150.
		ImageStepsOutOfRange,
		/// An image's `guidance_milli` is above 30000.
		GuidanceTooHigh,
		/// A task's `max_output_bytes` is not within 1 to 65536.
		TaskOutputOutOfRange,
		/// A task's `max_seconds` is not within 1 to 3600.
		TaskSecondsOutOfRange,
		/// A task's `max_seconds` is longer than `timeout`.
		TaskSecondsAboveTimeout,
		/// `max_rate` is per token, but the work has none and is paid by the time; give plancks per GPU-second.
		MaxRateUnit,
	}

	#[pallet::hooks]
	impl<T: Config> Hooks<BlockNumberFor<T>> for Pallet<T> {
		fn on_initialize(_: BlockNumberFor<T>) -> Weight {
			// The four values that all calls and hooks share are read and written once a block, whoever touches them.
			T::DbWeight::get()
				.reads_writes(4, 4)
				.saturating_add(Self::work_agenda())
				.saturating_add(Self::reserve_walk())
		}

		fn on_finalize(_: BlockNumberFor<T>) {
			Self::draw_all();
		}

		fn integrity_test() {
			assert!(T::WalkDraws::get() > 0, "queues that no call touches would never be walked");
			let item = Self::silence_weight().saturating_add(T::WeightInfo::agenda_block().saturating_mul(2));
			assert!(item.all_lte(T::AgendaWeight::get()), "no agenda item would ever fit");
		}
	}

	#[pallet::view_functions]
	impl<T: Config> Pallet<T> {
		/// A job with its state, its assignment and, while it is kept, its answer; `None` when it is unknown or pruned.
		pub fn job(job: JobId) -> Option<JobView<AccountId32>> {
			Self::view_job(job)
		}

		/// At most 64 jobs of a client that are not pruned yet, after the job `after`.
		pub fn jobs_of(client: AccountId32, after: Option<JobId>) -> Page<(JobId, Job<AccountId32>), JobId> {
			Self::view_jobs_of(client, after)
		}

		/// What a job of `model` with these parameters and an input of `input_len` bytes would cost, in plancks. Errors:
		/// what `submit` would refuse.
		pub fn quote(model: ModelId, params: JobParams, input_len: u32) -> Result<Quote, DispatchError> {
			Self::view_quote(model, params, input_len)
		}
	}

	#[pallet::call(weight(<T as Config>::WeightInfo))]
	impl<T: Config> Pallet<T> {
		/// Submits a job: holds `max_fee` and the deposit, and asks for a miner at the end of this block.
		///
		/// `input` is 1 to 16384 bytes, of what `params.workload` says; `max_fee` is in plancks. With `miner` (an owner), the job goes to
		/// that miner at once or the call fails.
		#[pallet::call_index(0)]
		#[pallet::weight(T::WeightInfo::submit(input.len() as u32).saturating_add(T::WeightInfo::draw()))]
		pub fn submit(
			origin: OriginFor<T>,
			model: ModelId,
			input: Vec<u8>,
			params: JobParams,
			max_fee: Balance,
			miner: Option<AccountId32>,
		) -> DispatchResult {
			let client = ensure_signed(origin)?;
			Self::do_submit(client, model, input, params, max_fee, miner)
		}

		/// Withdraws a job that no miner has yet.
		#[pallet::call_index(1)]
		pub fn cancel(origin: OriginFor<T>, job: JobId) -> DispatchResult {
			let client = ensure_signed(origin)?;
			Self::do_cancel(client, job)
		}

		/// Takes a job for the caller's miner that was drawn for without success.
		#[pallet::call_index(2)]
		pub fn claim(origin: OriginFor<T>, job: JobId) -> DispatchResult {
			let operator = ensure_signed(origin)?;
			Self::do_claim(operator, job)
		}

		/// Delivers the answer of an attempt. Free for its operator.
		#[pallet::call_index(3)]
		#[pallet::weight(T::WeightInfo::complete(output.len() as u32).saturating_add(T::WeightInfo::search()))]
		#[pallet::feeless_if(|origin: &OriginFor<T>, job: &JobId, attempt: &Attempt, output: &Vec<u8>, proof: &Proof| -> bool {
			Pallet::<T>::completes(origin, *job, *attempt, output, proof)
		})]
		pub fn complete(
			origin: OriginFor<T>,
			job: JobId,
			attempt: Attempt,
			output: Vec<u8>,
			proof: Proof,
		) -> DispatchResultWithPostInfo {
			let operator = ensure_signed(origin)?;
			Self::do_complete(operator, job, attempt, output, proof)
		}

		/// Gives an attempt up, with the reason. Free for its operator.
		#[pallet::call_index(4)]
		#[pallet::weight(T::WeightInfo::fail().saturating_add(T::WeightInfo::draw()).saturating_add(T::WeightInfo::search()))]
		#[pallet::feeless_if(|origin: &OriginFor<T>, job: &JobId, attempt: &Attempt, _code: &FailCode| -> bool {
			Pallet::<T>::fails(origin, *job, *attempt)
		})]
		pub fn fail(origin: OriginFor<T>, job: JobId, attempt: Attempt, code: FailCode) -> DispatchResultWithPostInfo {
			let operator = ensure_signed(origin)?;
			Self::do_fail(operator, job, attempt, code)
		}

		/// Removes the bytes of a job that has ended and frees its deposit.
		#[pallet::call_index(5)]
		pub fn prune(origin: OriginFor<T>, job: JobId) -> DispatchResult {
			let client = ensure_signed(origin)?;
			Self::do_prune(client, job)
		}
	}
}
