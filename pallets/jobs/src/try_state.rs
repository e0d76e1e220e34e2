//! What must always hold outside of a block.

use frame::{deps::sp_runtime::TryRuntimeError, prelude::*};
use millrace_primitives::traits::MinerPool;

use crate::*;

impl<T: Config> Pallet<T> {
	/// Checks the invariants that the crate's page lists.
	pub fn do_try_state() -> Result<(), TryRuntimeError> {
		let (mut queued, mut assigned, mut jobs) = (0u64, 0u64, 0usize);
		let fresh = Fresh::<T>::get();
		for (id, job) in Jobs::<T>::iter() {
			jobs = jobs.saturating_add(1);
			ensure!(id < NextJobId::<T>::get(), "a job's number is above the next one");
			ensure!(Agenda::<T>::contains_key(job.due, id), "a job is missing in the agenda");
			ensure!(JobsOf::<T>::contains_key(&job.client, id), "a job is missing in its client's list");
			ensure!(Inputs::<T>::contains_key(id), "a job's input is gone before the job");
			ensure!(job.tried.len() == usize::from(job.attempts), "attempts differ from the miners tried");
			match job.state {
				JobState::Queued { place: Some(place) } => {
					ensure!(Queue::<T>::get(job.model, place) == Some(id), "a job is missing in its queue");
					let ends = Queues::<T>::get(job.model);
					ensure!((ends.head..ends.tail).contains(&place), "a job is outside of its queue's ends");
					queued = queued.saturating_add(1);
				}
				JobState::Queued { place: None } => {
					ensure!(fresh.contains(&id), "a job is in no queue");
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
		ensure!(Agenda::<T>::iter_keys().count() == jobs, "the agenda has a stray entry");
		ensure!(JobsOf::<T>::iter_keys().count() == jobs, "a client's list has a stray entry");
		ensure!(Inputs::<T>::iter_keys().count() == jobs, "an input is left over");
		ensure!(Queue::<T>::iter_keys().count() as u64 == queued, "a queue has a stray entry");
		ensure!(AssignmentsOf::<T>::iter_keys().count() as u64 == assigned, "an operator's list has a stray entry");
		ensure!(T::Miners::slots_used() == assigned, "the slots in use differ from the assigned jobs");
		Ok(())
	}
}
