//! How the money moves.

use frame::{
	prelude::*,
	traits::{
		fungible::{Inspect, InspectHold, MutateHold},
		tokens::{Fortitude, Precision, Provenance, Restriction},
	},
};
use millrace_primitives::{
	traits::{Escrow, EscrowId},
	Balance,
};

use crate::*;

impl<T: Config<I>, I: 'static> Pallet<T, I> {
	/// Takes the fee out of an unsettled row and returns it with the payer. Nothing changes when it is below `amount`.
	fn settle(id: EscrowId, amount: Balance) -> Result<(T::AccountId, Balance), DispatchError> {
		Rows::<T, I>::try_mutate(id, |row| {
			let row = row.as_mut().ok_or(Error::<T, I>::UnknownRow)?;
			ensure!(!row.settled, Error::<T, I>::AlreadySettled);
			ensure!(amount <= row.fee, Error::<T, I>::AboveFee);
			row.settled = true;
			Ok((row.payer.clone(), core::mem::take(&mut row.fee)))
		})
	}

	fn take(payer: &T::AccountId, amount: Balance) -> DispatchResult {
		let reason = HoldReason::<I>::Escrowed.into();
		ensure!(T::Currency::can_hold(&reason, payer, amount), Error::<T, I>::InsufficientBalance);
		T::Currency::hold(&reason, payer, amount)
	}

	fn free(payer: &T::AccountId, amount: Balance) -> DispatchResult {
		T::Currency::release(&HoldReason::<I>::Escrowed.into(), payer, amount, Precision::Exact).map(|_| ())
	}

	/// Checks that each payer's hold is the sum of its rows.
	pub fn do_try_state() -> Result<(), frame::deps::sp_runtime::TryRuntimeError> {
		let mut owed = alloc::collections::BTreeMap::<T::AccountId, Balance>::new();
		for row in Rows::<T, I>::iter_values() {
			ensure!(!row.settled || row.fee == 0, "a settled row still holds a fee");
			let sum = owed.entry(row.payer).or_default();
			*sum =
				sum.checked_add(row.fee).and_then(|sum| sum.checked_add(row.deposit)).ok_or("escrow rows overflow")?;
		}
		for (payer, sum) in owed {
			let held = T::Currency::balance_on_hold(&HoldReason::<I>::Escrowed.into(), &payer);
			ensure!(held == sum, "a payer's escrow hold differs from its rows");
		}
		Ok(())
	}
}

impl<T: Config<I>, I: 'static> Escrow<T::AccountId> for Pallet<T, I> {
	fn open(id: EscrowId, payer: &T::AccountId, fee: Balance, deposit: Balance) -> DispatchResult {
		ensure!(!Rows::<T, I>::contains_key(id), Error::<T, I>::AlreadyOpen);
		let total = fee.checked_add(deposit).ok_or(Error::<T, I>::Overflow)?;
		Self::take(payer, total)?;
		Rows::<T, I>::insert(id, Row { payer: payer.clone(), fee, deposit, settled: false });
		Self::deposit_event(Event::Opened { id, payer: payer.clone(), fee, deposit });
		Ok(())
	}

	fn top_up(id: EscrowId, amount: Balance) -> DispatchResult {
		let mut row = Rows::<T, I>::get(id).ok_or(Error::<T, I>::UnknownRow)?;
		ensure!(!row.settled, Error::<T, I>::AlreadySettled);
		row.fee = row.fee.checked_add(amount).ok_or(Error::<T, I>::Overflow)?;
		Self::take(&row.payer, amount)?;
		Self::deposit_event(Event::ToppedUp { id, payer: row.payer.clone(), amount });
		Rows::<T, I>::insert(id, row);
		Ok(())
	}

	fn pay(id: EscrowId, payee: &T::AccountId, amount: Balance) -> DispatchResult {
		let (payer, fee) = Self::settle(id, amount)?;
		let refund = fee.checked_sub(amount).ok_or(Error::<T, I>::AboveFee)?;
		if amount > 0 {
			T::Currency::transfer_on_hold(
				&HoldReason::<I>::Escrowed.into(),
				&payer,
				payee,
				amount,
				Precision::Exact,
				Restriction::Free,
				Fortitude::Polite,
			)?;
		}
		Self::free(&payer, refund)?;
		Self::deposit_event(Event::Paid { id, payee: payee.clone(), amount, refund });
		Ok(())
	}

	fn refund(id: EscrowId) -> DispatchResult {
		let (payer, amount) = Self::settle(id, 0)?;
		Self::free(&payer, amount)?;
		Self::deposit_event(Event::Refunded { id, payer, amount });
		Ok(())
	}

	fn close(id: EscrowId) -> DispatchResult {
		let row = Rows::<T, I>::get(id).ok_or(Error::<T, I>::UnknownRow)?;
		ensure!(row.settled, Error::<T, I>::NotSettled);
		Rows::<T, I>::remove(id);
		Self::free(&row.payer, row.deposit)?;
		Self::deposit_event(Event::Closed { id, payer: row.payer, deposit: row.deposit });
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
