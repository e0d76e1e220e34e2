//! What can be asked about jobs.

use frame::{deps::sp_runtime::AccountId32, prelude::*};
use millrace_primitives::{
	job::MAX_INPUT_BYTES,
	query::{MinerPrices, PayerIndex},
	traits::{Demand, ModelRegistry},
	JobId, JobParams, ModelId, Page, Quote, UsageBounds,
};

use crate::*;

/// A job and, while it is kept, its answer.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
pub struct JobView<AccountId> {
	/// Its number.
	pub id: JobId,
	/// The job, with its state and assignment.
	pub job: Job<AccountId>,
	/// The answer; `None` unless settled.
	pub output: Option<Output>,
}

impl<T: Config> Pallet<T> {
	pub(crate) fn view_job(id: JobId) -> Option<JobView<AccountId32>> {
		Some(JobView { id, job: Jobs::<T>::get(id)?, output: Outputs::<T>::get(id) })
	}

	pub(crate) fn view_jobs_of(client: AccountId32, after: Option<JobId>) -> Page<(JobId, Job<AccountId32>), JobId> {
		Page::of(<Self as PayerIndex<AccountId32>>::paid_by(&client, after), |id| Some((*id, Jobs::<T>::get(id)?)))
	}

	pub(crate) fn view_quote(model_id: ModelId, params: JobParams, input_len: u32) -> Result<Quote, DispatchError> {
		let model = T::Models::active(model_id).ok_or(Error::<T>::UnknownModel)?;
		Self::check_params(&model, &params)?;
		ensure!(input_len > 0, Error::<T>::EmptyInput);
		ensure!(input_len <= MAX_INPUT_BYTES, Error::<T>::InputTooLong);
		let bounds = UsageBounds::new(model.template_tokens, &params, input_len, params.timeout);
		let demand = Demand { model: model_id, max_rate: params.max_rate, bounds, excluded: &[] };
		Ok(Quote {
			deposit: Self::deposit(input_len, &params)?,
			min_fee: T::MinFee::get(),
			prices: T::Miners::prices(&demand),
		})
	}
}

impl<T: Config> PayerIndex<AccountId32> for Pallet<T> {
	fn paid_by(payer: &AccountId32, after: Option<JobId>) -> impl Iterator<Item = JobId> {
		match after {
			Some(after) => JobsOf::<T>::iter_key_prefix_from(payer, JobsOf::<T>::hashed_key_for(payer, after)),
			None => JobsOf::<T>::iter_key_prefix(payer),
		}
	}
}
