//! What can be asked about money held for jobs.

use frame::{prelude::*, traits::fungible::InspectHold};
use millrace_primitives::{query::PayerIndex, Balance, JobId, Page};

use crate::*;

/// An account's money that is held for jobs.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
pub struct EscrowAccount<AccountId> {
	/// Plancks held for all its jobs together: the fees and deposits of all pages of `rows`.
	pub held: Balance,
	/// Its open rows by job.
	pub rows: Page<(JobId, Row<AccountId>), JobId>,
}

impl<T: Config> Pallet<T> {
	pub(crate) fn view_account(who: T::AccountId, after: Option<JobId>) -> EscrowAccount<T::AccountId> {
		let rows = Page::of(T::Payers::jobs_of(&who, after), |job| Some((*job, Rows::<T>::get(job)?)));
		EscrowAccount { held: T::Currency::balance_on_hold(&HoldReason::Job.into(), &who), rows }
	}
}
