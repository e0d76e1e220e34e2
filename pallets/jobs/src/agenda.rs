//! Deadlines.

use frame::{
	deps::{
		frame_support::{storage::with_storage_layer, weights::WeightMeter},
		sp_runtime::AccountId32,
	},
	prelude::*,
};
use millrace_primitives::{traits::AttemptOutcome, BlockNumber, JobId, Outcome};

use crate::*;

impl<T: Config> Pallet<T> {
	/// Enters a job that is not in the agenda at block `due`.
	pub(crate) fn schedule(id: JobId, job: &mut Job<AccountId32>, due: BlockNumber) {
		Agenda::<T>::insert(due, id, ());
		job.due = due;
	}

	/// Takes a job out of the agenda.
	pub(crate) fn unschedule(id: JobId, job: &Job<AccountId32>) {
		Agenda::<T>::remove(job.due, id);
	}

	/// Does what is due, oldest first, as far as `AgendaWeight` reaches.
	pub(crate) fn work_agenda() -> Weight {
		let now = T::BlockNumberProvider::current_block_number();
		let mut meter = WeightMeter::with_limit(T::AgendaWeight::get());
		let first = AgendaFrom::<T>::get();
		let mut block = first;
		'blocks: while block <= now && meter.try_consume(T::WeightInfo::agenda_block()).is_ok() {
			// Each item leaves its entry behind it. One pass, because a new one would step over all that left before.
			for id in Agenda::<T>::iter_key_prefix(block) {
				if meter.try_consume(T::WeightInfo::agenda_block()).is_err() {
					break 'blocks;
				}
				let job = Jobs::<T>::get(id).filter(|job| job.due == block);
				let weight = job.as_ref().map(|job| Self::item_weight(&job.state)).unwrap_or_default();
				if meter.try_consume(weight).is_err() {
					break 'blocks;
				}
				Self::work_item(block, id, job);
			}
			block = block.saturating_add(1);
		}
		if block != first {
			AgendaFrom::<T>::put(block);
		}
		meter.consumed()
	}

	/// What it takes to do what a job in this state is due for, its own read not counted.
	fn item_weight(state: &JobState<AccountId32>) -> Weight {
		match state {
			JobState::Queued => T::WeightInfo::cancel(),
			JobState::Assigned(_) => Self::silence_weight(),
			JobState::Ended(_) => T::WeightInfo::prune(),
		}
	}

	/// Taking a job from a silent miner draws for that job, and searches a miner for one that waits for the slot.
	pub(crate) fn silence_weight() -> Weight {
		T::WeightInfo::agenda_item().saturating_add(T::WeightInfo::draw()).saturating_add(T::WeightInfo::search())
	}

	pub(crate) fn work_item(block: BlockNumber, id: JobId, job: Option<Job<AccountId32>>) {
		let Some(mut job) = job else {
			defensive!("the agenda holds a job that is gone or due at another block");
			Agenda::<T>::remove(block, id);
			return;
		};
		// All or nothing, like a call.
		let result = with_storage_layer(|| {
			match job.state.clone() {
				JobState::Queued => {
					Self::leave_queue(job.model, id);
					Self::unschedule(id, &job);
					Self::end_refunded(id, &mut job, Outcome::Expired)?;
				}
				JobState::Assigned(assignment) => {
					Self::give_back(id, &mut job, &assignment, None, AttemptOutcome::Silence)?;
				}
				JobState::Ended(_) => return Self::remove(id, &job),
			}
			Jobs::<T>::insert(id, job);
			Ok(())
		});
		if let Err(error) = result {
			// A payer can always take its own money back; were it ever refused, the job must not block the agenda.
			defensive!("a due job can't end", error);
			Agenda::<T>::remove(block, id);
		}
	}
}
