//! The queues of jobs that found no miner.

use alloc::vec::Vec;
use frame::{deps::sp_runtime::AccountId32, prelude::*};
use millrace_primitives::{traits::OnCapacity, JobId, ModelId};

use crate::*;

/// Queues that one block walks at the most.
const MAX_WALKS: usize = 16;

impl<T: Config> Pallet<T> {
	/// Lets a job wait from now on: drawn for at the end of this block, expired after `QueueTimeout`.
	pub(crate) fn enter(id: JobId, job: &mut Job<AccountId32>) {
		let now = T::BlockNumberProvider::current_block_number();
		job.state = JobState::Queued { place: None };
		Self::reschedule(id, job, now.saturating_add(T::QueueTimeout::get()));
		Fresh::<T>::append(id);
	}

	/// Puts a job that found no miner in its model's queue, and has the queue walked when it was not even drawn for.
	pub(crate) fn enqueue_fresh(id: JobId, walk: bool) {
		let Some(mut job) = Jobs::<T>::get(id) else { return };
		if !matches!(job.state, JobState::Queued { place: None }) {
			return;
		}
		let model = job.model;
		let place = Queues::<T>::mutate(model, |ends| {
			let place = ends.tail;
			ends.tail = place.saturating_add(1);
			place
		});
		Queue::<T>::insert(model, place, id);
		job.state = JobState::Queued { place: Some(place) };
		Jobs::<T>::insert(id, job);
		Self::deposit_event(Event::Queued { job: id });
		if walk {
			<Self as OnCapacity>::on_capacity(model);
		}
	}

	/// Empties a job's place.
	pub(crate) fn leave_queue(model: ModelId, place: Option<u64>) {
		if let Some(place) = place {
			Queue::<T>::remove(model, place);
		}
	}

	/// At a block's start: pays for walks that are left over from before.
	pub(crate) fn reserve_walk() -> Weight {
		let base = T::WeightInfo::walk_base();
		if Walks::<T>::iter_keys().next().is_none() {
			return base;
		}
		let draws = T::WalkDraws::get();
		DrawCredit::<T>::put(draws);
		base.saturating_add(T::WeightInfo::draw().saturating_mul(draws.into()))
	}

	/// Walks the queues with at most `credit` places looked at.
	pub(crate) fn walk_queues(credit: u32, randomness: &[u8; 32]) {
		let mut credit = credit;
		if credit == 0 {
			return;
		}
		let models: Vec<ModelId> = Walks::<T>::iter_keys().take(MAX_WALKS).collect();
		for model in models {
			let Some(mut walk) = Walks::<T>::get(model) else { continue };
			let ends = Queues::<T>::get(model);
			walk.place = walk.place.max(ends.head);
			let mut head = ends.head;
			while credit > 0 && walk.place < ends.tail {
				credit = credit.saturating_sub(1);
				let empty = Self::visit(model, walk.place, randomness);
				if empty && walk.place == head {
					head = head.saturating_add(1);
				}
				walk.place = walk.place.saturating_add(1);
			}
			Queues::<T>::insert(model, QueueEnds { head, ..ends });
			if walk.place < ends.tail {
				Walks::<T>::insert(model, walk);
			} else if walk.again && head < ends.tail {
				Walks::<T>::insert(model, Walk { place: head, again: false });
			} else {
				Walks::<T>::remove(model);
			}
		}
	}

	/// Draws for the job at a place. `true`: the place is empty now.
	fn visit(model: ModelId, place: u64, randomness: &[u8; 32]) -> bool {
		let Some(id) = Queue::<T>::get(model, place) else { return true };
		let Some(mut job) = Jobs::<T>::get(id) else {
			defensive!("a queue holds a job that is gone");
			Queue::<T>::remove(model, place);
			return true;
		};
		if !Self::draw(id, &mut job, randomness) {
			return false;
		}
		Queue::<T>::remove(model, place);
		Jobs::<T>::insert(id, job);
		true
	}
}

impl<T: Config> OnCapacity for Pallet<T> {
	fn on_capacity(model: ModelId) {
		Walks::<T>::mutate(model, |walk| match walk {
			Some(walk) => walk.again = true,
			None => {
				let ends = Queues::<T>::get(model);
				if ends.head < ends.tail {
					*walk = Some(Walk { place: ends.head, again: false });
				}
			}
		});
	}
}
