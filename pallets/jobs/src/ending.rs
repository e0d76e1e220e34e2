//! How jobs end, and what stays of them.

use frame::{deps::sp_runtime::AccountId32, prelude::*};
use millrace_primitives::{
	traits::{Escrow, ModelRegistry, Receipts},
	Balance, JobId, Outcome, Proof, Receipt,
};

use crate::*;

impl<T: Config> Pallet<T> {
	/// Gives the client its money back and ends a job that is not in the agenda.
	pub(crate) fn end_refunded(id: JobId, job: &mut Job<AccountId32>, outcome: Outcome) -> DispatchResult {
		T::Escrow::refund(id)?;
		Self::end(id, job, outcome, None);
		Self::deposit_event(match outcome {
			Outcome::Expired => Event::Expired { job: id },
			Outcome::Cancelled => Event::Cancelled { job: id },
			Outcome::Failed | Outcome::Settled => Event::Failed { job: id },
		});
		Ok(())
	}

	/// Records the receipt and schedules the pruning of a job that is not in the agenda. The money has moved already.
	pub(crate) fn end(
		id: JobId,
		job: &mut Job<AccountId32>,
		outcome: Outcome,
		answer: Option<(&Proof, H256, Balance)>,
	) {
		let now = T::BlockNumberProvider::current_block_number();
		job.state = JobState::Ended(outcome);
		Self::schedule(id, job, now.saturating_add(Self::terms(id).retention));
		TermsOf::<T>::remove(id);
		let (transcript_root, usage, output_hash, fee) = answer
			.map(|(proof, output_hash, fee)| (proof.transcript_root, proof.usage, output_hash, fee))
			.unwrap_or_default();
		T::Receipts::record(Receipt {
			job: id,
			client: job.client.clone(),
			miner: job.tried.last().cloned(),
			attempts: job.attempts,
			model_digest: T::Models::get(job.model).map(|model| model.digest).unwrap_or_default(),
			input_hash: job.input_hash,
			params_hash: job.params.hash(),
			output_hash,
			transcript_root,
			usage,
			fee,
			outcome,
			submitted_at: job.submitted_at,
			ended_at: now,
		});
	}

	pub(crate) fn do_prune(client: AccountId32, id: JobId) -> DispatchResult {
		let job = Jobs::<T>::get(id).ok_or(Error::<T>::UnknownJob)?;
		ensure!(job.client == client, Error::<T>::NotClient);
		ensure!(matches!(job.state, JobState::Ended(_)), Error::<T>::NotEnded);
		Self::remove(id, &job)
	}

	/// Removes all of an ended job but its receipt.
	pub(crate) fn remove(id: JobId, job: &Job<AccountId32>) -> DispatchResult {
		T::Escrow::close(id)?;
		Self::unschedule(id, job);
		Inputs::<T>::remove(id);
		Outputs::<T>::remove(id);
		JobsOf::<T>::remove(&job.client, id);
		Jobs::<T>::remove(id);
		Self::deposit_event(Event::Pruned { job: id });
		Ok(())
	}
}
