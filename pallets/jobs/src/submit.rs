//! Submission and withdrawal.

use alloc::vec::Vec;
use frame::{deps::sp_runtime::AccountId32, prelude::*};
use millrace_primitives::{
	job::{payload_hash, sampling_seed},
	traits::{BlockRandomness, Escrow, MinerPool, ModelRegistry},
	BadWorkload, Balance, JobId, JobParams, ModelId, ModelSummary, Outcome,
};

use crate::*;

impl<T> From<BadWorkload> for Error<T> {
	fn from(bad: BadWorkload) -> Self {
		match bad {
			BadWorkload::WrongKind => Self::WrongKind,
			BadWorkload::MaxTokensZero => Self::MaxTokensZero,
			BadWorkload::MaxTokensAboveContext => Self::MaxTokensAboveContext,
			BadWorkload::TemperatureTooHigh => Self::TemperatureTooHigh,
			BadWorkload::TopPOutOfRange => Self::TopPOutOfRange,
			BadWorkload::BenchSizeOutOfRange => Self::BenchSizeOutOfRange,
			BadWorkload::BenchRoundsOutOfRange => Self::BenchRoundsOutOfRange,
			BadWorkload::ImageSideOutOfRange => Self::ImageSideOutOfRange,
			BadWorkload::ImageStepsOutOfRange => Self::ImageStepsOutOfRange,
			BadWorkload::GuidanceTooHigh => Self::GuidanceTooHigh,
			BadWorkload::TaskOutputOutOfRange => Self::TaskOutputOutOfRange,
			BadWorkload::TaskSecondsOutOfRange => Self::TaskSecondsOutOfRange,
			BadWorkload::TaskSecondsAboveTimeout => Self::TaskSecondsAboveTimeout,
			BadWorkload::MaxRateUnit => Self::MaxRateUnit,
		}
	}
}

impl<T: Config> Pallet<T> {
	pub(crate) fn do_submit(
		client: AccountId32,
		model_id: ModelId,
		input: Vec<u8>,
		params: JobParams,
		max_fee: Balance,
		named: Option<AccountId32>,
	) -> DispatchResult {
		let model = T::Models::active(model_id).ok_or(Error::<T>::UnknownModel)?;
		Self::check_params(&model, &params)?;
		ensure!(!input.is_empty(), Error::<T>::EmptyInput);
		let input = Input::try_from(input).map_err(|_| Error::<T>::InputTooLong)?;
		ensure!(max_fee >= T::MinFee::get(), Error::<T>::MaxFeeTooLow);
		let input_len = input.len() as u32;
		let deposit = Self::deposit(input_len, &params)?;

		let id = NextJobId::<T>::get();
		NextJobId::<T>::put(id.checked_add(1).ok_or(Error::<T>::IdsExhausted)?);
		T::Escrow::open(id, &client, max_fee, deposit)?;
		Self::deposit_event(Event::Submitted { job: id, client: client.clone(), model: model_id, max_fee, deposit });

		let now = T::BlockNumberProvider::current_block_number();
		let mut job = Job {
			client: client.clone(),
			model: model_id,
			params,
			input_hash: payload_hash(&input),
			input_len,
			max_fee,
			named,
			submitted_at: now,
			due: now,
			attempts: 0,
			tried: BoundedVec::new(),
			state: JobState::Queued,
		};
		TermsOf::<T>::insert(id, Self::current_terms());
		Inputs::<T>::insert(id, input);
		JobsOf::<T>::insert(client, id, ());
		if let Some(owner) = job.named.clone() {
			let assignee = T::Miners::take(&owner, &Self::demand(&job, &model))?;
			let seed = sampling_seed(&T::Randomness::parent().unwrap_or_default(), id, 1);
			Self::assign(id, &mut job, assignee, seed)?;
		} else {
			Self::enter(id, &mut job);
		}
		Jobs::<T>::insert(id, job);
		Ok(())
	}

	fn current_terms() -> Terms {
		Terms { queue_timeout: T::QueueTimeout::get(), retention: T::RetentionPeriod::get() }
	}

	/// What the job was submitted under. An open job without terms is one that a migration had no room for: it goes by
	/// the parameters of now.
	pub(crate) fn terms(id: JobId) -> Terms {
		TermsOf::<T>::get(id).unwrap_or_else(Self::current_terms)
	}

	pub(crate) fn check_params(model: &ModelSummary, params: &JobParams) -> DispatchResult {
		params.check(model).map_err(Error::<T>::from)?;
		ensure!((T::MinTimeout::get()..=T::MaxTimeout::get()).contains(&params.timeout), Error::<T>::TimeoutOutOfRange);
		Ok(())
	}

	/// `DepositBase` + `DepositPerByte` x (bytes of the input + most bytes of the output).
	pub(crate) fn deposit(input_len: u32, params: &JobParams) -> Result<Balance, Error<T>> {
		let output = params.workload.max_output_bytes();
		T::DepositPerByte::get()
			.checked_mul(Balance::from(input_len).saturating_add(output.into()))
			.and_then(|bytes| bytes.checked_add(T::DepositBase::get()))
			.ok_or(Error::<T>::Overflow)
	}

	pub(crate) fn do_cancel(client: AccountId32, id: JobId) -> DispatchResult {
		let mut job = Jobs::<T>::get(id).ok_or(Error::<T>::UnknownJob)?;
		ensure!(job.client == client, Error::<T>::NotClient);
		ensure!(job.state == JobState::Queued, Error::<T>::NotQueued);
		Self::leave_queue(job.model, id);
		Self::unschedule(id, &job);
		Self::end_refunded(id, &mut job, Outcome::Cancelled)?;
		Jobs::<T>::insert(id, job);
		Ok(())
	}
}
