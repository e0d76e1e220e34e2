//! The queues of jobs that found no miner.

use alloc::vec::Vec;
use frame::{deps::sp_runtime::AccountId32, prelude::*};
use millrace_primitives::{traits::OnCapacity, BlockNumber, JobId, ModelId};

use crate::*;

/// Queues that one block walks at the most.
pub(crate) const MAX_WALKS: usize = 16;

impl<T: Config> Pallet<T> {
	/// Lets a job that is not in the agenda wait from now on: drawn for at the end of this block, expired after its terms'
	/// `queue_timeout`.
	pub(crate) fn enter(id: JobId, job: &mut Job<AccountId32>) {
		let now = T::BlockNumberProvider::current_block_number();
		job.state = JobState::Queued;
		// The entry in the agenda comes at the end of the block, when it is known whether the job waits that long.
		job.due = now.saturating_add(Self::terms(id).queue_timeout);
		Fresh::<T>::append(id);
	}

	/// Puts a job that found no miner at the end of its model's queue, and into the agenda.
	pub(crate) fn join_queue(model: ModelId, id: JobId, due: BlockNumber) {
		Agenda::<T>::insert(due, id, ());
		let ends = Queues::<T>::get(model);
		if let Some(tail) = ends.tail {
			Queue::<T>::mutate(tail, |link| link.get_or_insert_default().next = Some(id));
		}
		Queue::<T>::insert(id, Link { prev: ends.tail, next: None });
		Queues::<T>::insert(model, QueueEnds { head: ends.head.or(Some(id)), tail: Some(id) });
		Self::deposit_event(Event::Queued { job: id });
	}

	/// Takes a job out of its model's queue, if it is in it.
	pub(crate) fn leave_queue(model: ModelId, id: JobId) {
		let Some(Link { prev, next }) = Queue::<T>::take(id) else { return };
		let mut ends = Queues::<T>::get(model);
		match prev {
			Some(prev) => Queue::<T>::mutate(prev, |link| link.get_or_insert_default().next = next),
			None => ends.head = next,
		}
		match next {
			Some(next) => Queue::<T>::mutate(next, |link| link.get_or_insert_default().prev = prev),
			None => ends.tail = prev,
		}
		Queues::<T>::insert(model, ends);
		if let Some(walk) = Walks::<T>::get(model).filter(|walk| walk.next == id) {
			Self::set_walk(model, next, walk.again);
		}
	}

	/// Notes where a walk goes on. At the end of the queue it is over, or starts again if a slot became free meanwhile.
	fn set_walk(model: ModelId, next: Option<JobId>, again: bool) {
		let restart = || Queues::<T>::get(model).head.filter(|_| again).map(|next| Walk { next, again: false });
		match next.map(|next| Walk { next, again }).or_else(restart) {
			Some(walk) => Walks::<T>::insert(model, walk),
			None => Walks::<T>::remove(model),
		}
	}

	/// At a block's start: pays for walks that are left over from before.
	pub(crate) fn reserve_walk() -> Weight {
		let base = T::WeightInfo::walk_base();
		if Walks::<T>::iter_keys().next().is_none() {
			return base;
		}
		let draws = T::WalkDraws::get();
		DrawCredit::<T>::mutate(|credit| *credit = credit.saturating_add(draws));
		base.saturating_add(T::WeightInfo::search().saturating_mul(draws.into()))
	}

	/// The models whose queues a block may walk.
	pub(crate) fn walked() -> Vec<ModelId> {
		Walks::<T>::iter_keys().take(MAX_WALKS).collect()
	}

	/// Walks the queues and searches miners for at most `credit` jobs.
	pub(crate) fn walk_queues(credit: u32, randomness: &[u8; 32]) {
		let mut credit = credit;
		if credit == 0 {
			return;
		}
		let models = Self::walked();
		let mut left = models.len() as u32;
		for model in models {
			// A walk is paid for by the draws along it.
			if credit == 0 {
				return;
			}
			let Some(walk) = Walks::<T>::get(model) else { continue };
			// Each queue has its share, so that a long one of jobs that fit nobody does not hold the others up; what a
			// queue leaves over goes to those after it.
			let mut share = credit.div_ceil(left.max(1));
			left = left.saturating_sub(1);
			credit = credit.saturating_sub(share);
			let mut next = Some(walk.next);
			while share > 0 {
				let Some(id) = next else { break };
				share = share.saturating_sub(1);
				// Read before the visit, which takes the job out when it finds a miner.
				next = Queue::<T>::get(id).and_then(|link| link.next);
				Self::visit(model, id, randomness);
			}
			Self::set_walk(model, next, walk.again);
			credit = credit.saturating_add(share);
		}
	}

	fn visit(model: ModelId, id: JobId, randomness: &[u8; 32]) {
		let Some(mut job) = Jobs::<T>::get(id) else {
			defensive!("a queue holds a job that is gone");
			Self::leave_queue(model, id);
			return;
		};
		if Self::search(id, &mut job, randomness) {
			Self::leave_queue(model, id);
			Jobs::<T>::insert(id, job);
		}
	}
}

impl<T: Config> OnCapacity for Pallet<T> {
	fn on_capacity(model: ModelId) {
		let walk = match Walks::<T>::get(model) {
			Some(Walk { next, .. }) => Some(Walk { next, again: true }),
			None => Queues::<T>::get(model).head.map(|next| Walk { next, again: false }),
		};
		// Nothing is written when nobody waits.
		if let Some(walk) = walk {
			Walks::<T>::insert(model, walk);
		}
	}

	#[cfg(feature = "runtime-benchmarks")]
	fn benchmark_wait(model: ModelId) {
		Self::join_queue(model, JobId::MAX, BlockNumber::MAX);
	}
}
