//! How the money moves.

use frame::{
	prelude::*,
	traits::{
		fungible::{Inspect, InspectHold, MutateHold},
		tokens::{Fortitude, Precision, Provenance, Restriction},
	},
};
use millrace_primitives::{traits::Escrow, Balance, JobId};

use crate::*;

impl<T: Config> Pallet<T> {
	/// Takes the fee out of an unsettled row and returns it with the payer. Nothing changes when it is below `amount`.
	fn settle(job: JobId, amount: Balance) -> Result<(T::AccountId, Balance), DispatchError> {
		Rows::<T>::try_mutate(job, |row| {
			let row = row.as_mut().ok_or(Error::<T>::UnknownRow)?;
			ensure!(!row.settled, Error::<T>::AlreadySettled);
			ensure!(amount <= row.fee, Error::<T>::AboveFee);
			row.settled = true;
			Ok((row.payer.clone(), core::mem::take(&mut row.fee)))
		})
	}

	fn free(payer: &T::AccountId, amount: Balance) -> DispatchResult {
		T::Currency::release(&HoldReason::Job.into(), payer, amount, Precision::Exact).map(|_| ())
	}

	/// Checks that each payer's hold is the sum of its rows.
	pub fn do_try_state() -> Result<(), frame::deps::sp_runtime::TryRuntimeError> {
		let mut owed = alloc::collections::BTreeMap::<T::AccountId, Balance>::new();
		for row in Rows::<T>::iter_values() {
			ensure!(!row.settled || row.fee == 0, "a settled row still holds a fee");
			let sum = owed.entry(row.payer).or_default();
			*sum =
				sum.checked_add(row.fee).and_then(|sum| sum.checked_add(row.deposit)).ok_or("escrow rows overflow")?;
		}
		for (payer, sum) in owed {
			let held = T::Currency::balance_on_hold(&HoldReason::Job.into(), &payer);
			ensure!(held == sum, "a payer's escrow hold differs from its rows");
		}
		Ok(())
	}
}

impl<T: Config> Escrow<T::AccountId> for Pallet<T> {
	fn open(job: JobId, payer: &T::AccountId, fee: Balance, deposit: Balance) -> DispatchResult {
		ensure!(!Rows::<T>::contains_key(job), Error::<T>::AlreadyOpen);
		let total = fee.checked_add(deposit).ok_or(Error::<T>::Overflow)?;
		let reason = HoldReason::Job.into();
		ensure!(T::Currency::can_hold(&reason, payer, total), Error::<T>::InsufficientBalance);
		T::Currency::hold(&reason, payer, total)?;
		Rows::<T>::insert(job, Row { payer: payer.clone(), fee, deposit, settled: false });
		Self::deposit_event(Event::Opened { job, payer: payer.clone(), fee, deposit });
		Ok(())
	}

	fn pay(job: JobId, payee: &T::AccountId, amount: Balance) -> DispatchResult {
		let (payer, fee) = Self::settle(job, amount)?;
		let refund = fee.checked_sub(amount).ok_or(Error::<T>::AboveFee)?;
		if amount > 0 {
			T::Currency::transfer_on_hold(
				&HoldReason::Job.into(),
				&payer,
				payee,
				amount,
				Precision::Exact,
				Restriction::Free,
				Fortitude::Polite,
			)?;
		}
		Self::free(&payer, refund)?;
		Self::deposit_event(Event::Paid { job, payee: payee.clone(), amount, refund });
		Ok(())
	}

	fn refund(job: JobId) -> DispatchResult {
		let (payer, amount) = Self::settle(job, 0)?;
		Self::free(&payer, amount)?;
		Self::deposit_event(Event::Refunded { job, payer, amount });
		Ok(())
	}

	fn close(job: JobId) -> DispatchResult {
		let row = Rows::<T>::get(job).ok_or(Error::<T>::UnknownRow)?;
		ensure!(row.settled, Error::<T>::NotSettled);
		Rows::<T>::remove(job);
		Self::free(&row.payer, row.deposit)?;
		Self::deposit_event(Event::Closed { job, payer: row.payer, deposit: row.deposit });
		Ok(())
	}

	fn can_pay(payee: &T::AccountId, amount: Balance) -> bool {
		T::Currency::can_deposit(payee, amount, Provenance::Extant).into_result().is_ok()
	}

	#[cfg(feature = "runtime-benchmarks")]
	fn benchmark_fund(payer: &T::AccountId) {
		// More than any job takes, and far from what a balance can hold.
		<T::Currency as frame::traits::fungible::Unbalanced<_>>::increase_balance(payer, 1 << 100, Precision::Exact)
			.expect("the payer is not that rich yet");
	}
}
