//! Giving jobs to miners.

use frame::{deps::sp_runtime::AccountId32, prelude::*};
use millrace_primitives::{
	job::sampling_seed,
	traits::{Assignee, BlockRandomness, Demand, Drawn, MinerPool, ModelRegistry, OnCapacity},
	JobId, ModelSummary, UsageBounds,
};

use crate::*;

impl<T: Config> Pallet<T> {
	/// What the job looks for in a miner.
	pub(crate) fn demand<'a>(job: &'a Job<AccountId32>, model: &ModelSummary) -> Demand<'a, AccountId32> {
		Demand {
			model: job.model,
			max_rate: job.params.max_rate,
			bounds: UsageBounds::new(model.template_tokens, &job.params, job.input_len, job.params.timeout),
			excluded: &job.tried,
		}
	}

	/// Turns a queued job that is not in the agenda into an assigned one. The miner's slot is taken already.
	pub(crate) fn assign(
		id: JobId,
		job: &mut Job<AccountId32>,
		assignee: Assignee<AccountId32>,
		seed: u64,
	) -> DispatchResult {
		let Assignee { owner, operator, rate, open } = assignee;
		let now = T::BlockNumberProvider::current_block_number();
		let deadline = now.saturating_add(job.params.timeout);
		let attempt = job.attempts.saturating_add(1);
		job.tried.try_push(owner.clone()).map_err(|_| Error::<T>::Overflow)?;
		job.attempts = attempt;
		AssignmentsOf::<T>::insert(&operator, id, attempt);
		Self::schedule(id, job, deadline.saturating_add(1));
		Self::deposit_event(Event::Assigned {
			job: id,
			attempt,
			owner: owner.clone(),
			operator: operator.clone(),
			rate,
			deadline,
		});
		let assigned_at = now;
		job.state =
			JobState::Assigned(Assignment { owner, operator, attempt, rate, open, seed, assigned_at, deadline });
		Ok(())
	}

	pub(crate) fn do_claim(operator: AccountId32, id: JobId) -> DispatchResult {
		let owner = T::Miners::owner_of(&operator).ok_or(Error::<T>::NotOperator)?;
		let mut job = Jobs::<T>::get(id).ok_or(Error::<T>::UnknownJob)?;
		// A job that came in this block is drawn for first: whoever sees it come can't take it before all others.
		ensure!(job.state == JobState::Queued && Queue::<T>::contains_key(id), Error::<T>::NotQueued);
		ensure!(job.named.as_ref().is_none_or(|named| *named == owner), Error::<T>::NamedOther);
		let model = T::Models::get(job.model).ok_or(Error::<T>::UnknownModel)?;
		let assignee = T::Miners::take(&owner, &Self::demand(&job, &model))?;
		Self::leave_queue(job.model, id);
		Self::unschedule(id, &job);
		let seed = sampling_seed(&T::Randomness::parent().unwrap_or_default(), id, job.attempts.saturating_add(1));
		Self::assign(id, &mut job, assignee, seed)?;
		Jobs::<T>::insert(id, job);
		Ok(())
	}

	/// What the draw for a job's next attempt is seeded with.
	fn draw_seed(id: JobId, job: &Job<AccountId32>, randomness: &[u8; 32]) -> [u8; 32] {
		BlakeTwo256::hash_of(&(b"millrace:draw:v1", randomness, id, job.attempts.saturating_add(1))).0
	}

	/// Gives a queued job to the miner that a draw found. `false`: it can't be.
	fn hand_over(
		id: JobId,
		job: &mut Job<AccountId32>,
		assignee: Assignee<AccountId32>,
		randomness: &[u8; 32],
	) -> bool {
		let seed = sampling_seed(randomness, id, job.attempts.saturating_add(1));
		Self::assign(id, job, assignee, seed).is_ok()
	}

	/// Searches a miner for a job that waits in a queue. `false`: none fits now.
	pub(crate) fn search(id: JobId, job: &mut Job<AccountId32>, randomness: &[u8; 32]) -> bool {
		let Some(model) = T::Models::get(job.model) else { return false };
		let seed = Self::draw_seed(id, job, randomness);
		let Some(assignee) = T::Miners::search(&Self::demand(job, &model), &seed) else { return false };
		Self::unschedule(id, job);
		Self::hand_over(id, job, assignee, randomness)
	}

	/// Draws for a job that came in this block, and lets it wait when there is nobody.
	pub(crate) fn draw_fresh(id: JobId, mut job: Job<AccountId32>, randomness: Option<&[u8; 32]>) {
		// Whether others should be asked soon, without waiting for a slot to become free.
		let mut unseen = true;
		if let Some((model, randomness)) = T::Models::get(job.model).zip(randomness) {
			let seed = Self::draw_seed(id, &job, randomness);
			match T::Miners::draw(&Self::demand(&job, &model), &seed) {
				Drawn::Miner(assignee) => {
					if Self::hand_over(id, &mut job, assignee, randomness) {
						Jobs::<T>::insert(id, job);
						return;
					}
				}
				Drawn::Nobody => unseen = false,
				Drawn::Unseen => {}
			}
		}
		Self::join_queue(job.model, id, job.due);
		if unseen {
			<Self as OnCapacity>::on_capacity(job.model);
		}
	}

	/// The end of a block: first the queues, whose jobs are older, then what came in this block.
	pub(crate) fn draw_all() {
		let credit = DrawCredit::<T>::take();
		let fresh = Fresh::<T>::take();
		let randomness = T::Randomness::current();
		if let Some(randomness) = &randomness {
			Self::walk_queues(credit, randomness);
		}
		for id in fresh {
			// It may have been withdrawn in the same block.
			if let Some(job) = Jobs::<T>::get(id).filter(|job| job.state == JobState::Queued) {
				Self::draw_fresh(id, job, randomness.as_ref());
			}
		}
	}
}
