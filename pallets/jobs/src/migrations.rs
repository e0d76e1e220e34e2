//! Changes of the storage's layout.

use alloc::vec::Vec;
use frame::{
	deps::frame_support::{migrations::VersionedMigration, traits::UncheckedOnRuntimeUpgrade},
	prelude::*,
};
use millrace_primitives::JobId;

use crate::*;

/// Most jobs that get terms in the block of the upgrade: 240 ms at ParityDB's declared price, and an author has 450 for a
/// block. A block that takes longer is thrown away, by each author again, and the chain stands still. Jobs beyond this
/// number go by the parameters of the day.
pub const MAX_JOBS: usize = 4_096;

/// Version 1 to 2: open jobs get the terms under which they were submitted, which were constants until then.
pub type V1ToV2<T, OldTerms> =
	VersionedMigration<1, 2, KeepTerms<T, OldTerms>, Pallet<T>, <T as frame_system::Config>::DbWeight>;

/// Gives each open job the terms `OldTerms`.
pub struct KeepTerms<T, OldTerms>(PhantomData<(T, OldTerms)>);

impl<T: Config, OldTerms: Get<Terms>> KeepTerms<T, OldTerms> {
	/// The open jobs, at most [`MAX_JOBS`]. Outside of a block each is in a queue or assigned.
	fn open_jobs() -> Vec<JobId> {
		let assigned = AssignmentsOf::<T>::iter_keys().map(|(_, id)| id);
		assigned.chain(Queue::<T>::iter_keys()).take(MAX_JOBS).collect()
	}

	/// Checks that each open job is there once and has no terms yet; returns them.
	#[cfg(any(test, feature = "try-runtime"))]
	pub(crate) fn before() -> Result<Vec<u8>, frame::deps::sp_runtime::TryRuntimeError> {
		let jobs = Self::open_jobs();
		ensure!(jobs.len() < MAX_JOBS, "so many jobs are open that some would keep no terms; wait for a quieter hour");
		for id in &jobs {
			ensure!(Jobs::<T>::contains_key(id), "a queue or an operator's list names a job that is gone");
		}
		ensure!(TermsOf::<T>::iter_keys().next().is_none(), "a job has terms before there are any");
		Ok(jobs.encode())
	}

	/// Checks that exactly the open jobs of `before` have terms, and that those are the old ones.
	#[cfg(any(test, feature = "try-runtime"))]
	pub(crate) fn after(before: Vec<u8>) -> Result<(), frame::deps::sp_runtime::TryRuntimeError> {
		let jobs = Vec::<JobId>::decode(&mut &before[..]).map_err(|_| "the open jobs do not decode")?;
		for id in &jobs {
			ensure!(TermsOf::<T>::get(id) == Some(OldTerms::get()), "an open job has no terms, or others");
		}
		ensure!(TermsOf::<T>::iter_keys().count() == jobs.len(), "terms were given to a job that is not open");
		Pallet::<T>::do_try_state()
	}
}

impl<T: Config, OldTerms: Get<Terms>> UncheckedOnRuntimeUpgrade for KeepTerms<T, OldTerms> {
	fn on_runtime_upgrade() -> Weight {
		let jobs = Self::open_jobs();
		for id in &jobs {
			TermsOf::<T>::insert(id, OldTerms::get());
		}
		// Both lists end with a read that finds nothing.
		let count = jobs.len() as u64;
		T::DbWeight::get().reads_writes(count.saturating_add(2), count)
	}

	#[cfg(feature = "try-runtime")]
	fn pre_upgrade() -> Result<Vec<u8>, frame::deps::sp_runtime::TryRuntimeError> {
		Self::before()
	}

	#[cfg(feature = "try-runtime")]
	fn post_upgrade(before: Vec<u8>) -> Result<(), frame::deps::sp_runtime::TryRuntimeError> {
		Self::after(before)
	}
}
