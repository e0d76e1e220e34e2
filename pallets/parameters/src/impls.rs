//! What the call does, and what must always hold.

use core::cmp::Ordering;
use frame::{deps::sp_runtime::TryRuntimeError, prelude::*};

use crate::{Config, Current, Error, Event, Pallet, Parameter};

impl<T: Config> Pallet<T> {
	pub(crate) fn do_set(parameter: Parameter) -> DispatchResult {
		Self::check(&parameter)?;
		let from = Current::<T>::mutate(|current| current.replace(parameter));
		Self::deposit_event(Event::Changed { from, to: parameter });
		Ok(())
	}

	fn check(parameter: &Parameter) -> Result<(), Error<T>> {
		ensure!(T::Lowest::get().order(parameter) != Ordering::Less, Error::<T>::BelowLowest);
		ensure!(T::Highest::get().order(parameter) != Ordering::Greater, Error::<T>::AboveHighest);
		Ok(())
	}

	/// Checks what no value within the bounds can then break.
	pub(crate) fn check_config() -> Result<(), &'static str> {
		let (lowest, highest) = (T::Lowest::get(), T::Highest::get());
		for parameter in T::Initial::get().each() {
			Self::check(&parameter).map_err(|_| "an initial value is out of its bounds")?;
		}
		ensure!(lowest.min_timeout > 0, "an attempt needs a block");
		ensure!(lowest.queue_timeout > 0, "a job in the queue needs a block");
		ensure!(highest.min_timeout <= lowest.max_timeout, "no timeout would be accepted");
		ensure!(lowest.stake_per_slot > 0, "slots must be bounded by stake");
		let attempts = u32::from(millrace_primitives::job::MAX_ATTEMPTS);
		let longest_job = highest.queue_timeout.saturating_add(highest.max_timeout).saturating_mul(attempts);
		ensure!(lowest.unbonding_period > longest_job, "a stake could leave before the jobs that it answers for end");
		Ok(())
	}

	/// Checks that each value is within its bounds.
	pub fn do_try_state() -> Result<(), TryRuntimeError> {
		for parameter in Current::<T>::get().each() {
			Self::check(&parameter).map_err(|_| "a parameter is out of its bounds")?;
		}
		Ok(())
	}
}
