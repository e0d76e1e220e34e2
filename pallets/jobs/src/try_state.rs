//! What must always hold outside of a block.

use frame::{deps::sp_runtime::TryRuntimeError, prelude::*};
use millrace_primitives::traits::MinerPool;

use crate::*;

impl<T: Config> Pallet<T> {
	/// Checks the invariants that the crate's page lists.
	pub fn do_try_state() -> Result<(), TryRuntimeError> {
		let (mut queued, mut assigned, mut jobs, mut unscheduled) = (0u64, 0u64, 0usize, 0usize);
		let fresh = Fresh::<T>::get();
		for (id, job) in Jobs::<T>::iter() {
			jobs = jobs.saturating_add(1);
			ensure!(id < NextJobId::<T>::get(), "a job's number is above the next one");
			let scheduled = Agenda::<T>::contains_key(job.due, id);
			let is_fresh = job.state == JobState::Queued && fresh.contains(&id);
			ensure!(scheduled != is_fresh, "a job is missing in the agenda, or is in it before its draw");
			unscheduled = unscheduled.saturating_add(is_fresh.into());
			ensure!(JobsOf::<T>::contains_key(&job.client, id), "a job is missing in its client's list");
			ensure!(Inputs::<T>::contains_key(id), "a job's input is gone before the job");
			ensure!(job.tried.len() == usize::from(job.attempts), "attempts differ from the miners tried");
			match job.state {
				JobState::Queued => {
					let listed = Queue::<T>::contains_key(id);
					ensure!(listed != fresh.contains(&id), "a job is in no queue, or in two");
					queued = queued.saturating_add(listed.into());
				}
				JobState::Assigned(assignment) => {
					let attempt = AssignmentsOf::<T>::get(&assignment.operator, id);
					ensure!(attempt == Some(job.attempts), "an assignment is missing in its operator's list");
					assigned = assigned.saturating_add(1);
				}
				JobState::Ended(outcome) => {
					let settled = outcome == millrace_primitives::Outcome::Settled;
					ensure!(Outputs::<T>::contains_key(id) == settled, "an output does not fit its job's outcome");
				}
			}
		}
		ensure!(Agenda::<T>::iter_keys().count() == jobs.saturating_sub(unscheduled), "the agenda has a stray entry");
		ensure!(JobsOf::<T>::iter_keys().count() == jobs, "a client's list has a stray entry");
		ensure!(Inputs::<T>::iter_keys().count() == jobs, "an input is left over");
		for id in TermsOf::<T>::iter_keys() {
			let open = Jobs::<T>::get(id).is_some_and(|job| !matches!(job.state, JobState::Ended(_)));
			ensure!(open, "terms outlived their job");
		}
		ensure!(Self::queue_lengths()? == queued, "a queue has a stray entry");
		ensure!(Queue::<T>::iter_keys().count() as u64 == queued, "a job is in a queue that does not reach it");
		ensure!(AssignmentsOf::<T>::iter_keys().count() as u64 == assigned, "an operator's list has a stray entry");
		ensure!(T::Miners::slots_used() == assigned, "the slots in use differ from the assigned jobs");
		Ok(())
	}
	/// Walks every queue from its head and counts its jobs.
	fn queue_lengths() -> Result<u64, TryRuntimeError> {
		let mut length = 0u64;
		for (model, ends) in Queues::<T>::iter() {
			let (mut prev, mut next) = (None, ends.head);
			while let Some(id) = next {
				let link = Queue::<T>::get(id).ok_or("a queue names a job that is not in it")?;
				ensure!(link.prev == prev, "a queue's links disagree");
				let waits = Jobs::<T>::get(id).is_some_and(|job| job.model == model && job.state == JobState::Queued);
				ensure!(waits, "a queue holds a job that does not wait for its model");
				length = length.saturating_add(1);
				(prev, next) = (next, link.next);
			}
			ensure!(ends.tail == prev, "a queue's end is wrong");
		}
		for walk in Walks::<T>::iter_values() {
			ensure!(Queue::<T>::contains_key(walk.next), "a walk goes on at a job that is in no queue");
		}
		Ok(length)
	}
}
