//! Answers and failures.

use alloc::vec::Vec;
use frame::{deps::sp_runtime::AccountId32, prelude::*};
use millrace_primitives::{
	job::{payload_hash, work_hash},
	traits::{AttemptOutcome, Escrow, MinerPool, ModelRegistry, Relisted},
	Attempt, Balance, FailCode, Fault, JobId, Outcome, Proof, ProofPayload, UsageBounds,
};

use crate::*;

/// An answer that is accepted.
struct Accepted {
	job: Job<AccountId32>,
	assignment: Assignment<AccountId32>,
	output_hash: H256,
	fee: Balance,
}

impl<T: Config> Pallet<T> {
	/// The job and its assignment, when `operator` may answer attempt `attempt` of it now.
	fn answerable(
		operator: &AccountId32,
		id: JobId,
		attempt: Attempt,
	) -> Result<(Job<AccountId32>, Assignment<AccountId32>), Error<T>> {
		let job = Jobs::<T>::get(id).ok_or(Error::<T>::UnknownJob)?;
		let JobState::Assigned(assignment) = job.state.clone() else { return Err(Error::<T>::NotAssigned) };
		ensure!(assignment.operator == *operator, Error::<T>::NotAssignee);
		ensure!(assignment.attempt == attempt, Error::<T>::WrongAttempt);
		let now = T::BlockNumberProvider::current_block_number();
		ensure!(now <= assignment.deadline, Error::<T>::DeadlinePassed);
		Ok((job, assignment))
	}

	/// Everything that `complete` checks: what passes here can't fail afterwards.
	fn accept(
		operator: &AccountId32,
		id: JobId,
		attempt: Attempt,
		output: &[u8],
		proof: &Proof,
	) -> Result<Accepted, Error<T>> {
		let (job, assignment) = Self::answerable(operator, id, attempt)?;
		let model = T::Models::get(job.model).ok_or(Error::<T>::UnknownModel)?;
		let elapsed = T::BlockNumberProvider::current_block_number().saturating_sub(assignment.assigned_at);
		let bounds = UsageBounds::new(model.template_tokens, &job.params, job.input_len, elapsed);
		ensure!(!output.is_empty(), Error::<T>::EmptyOutput);
		ensure!(output.len() as u64 <= u64::from(bounds.output_bytes), Error::<T>::OutputTooLong);
		ensure!(bounds.allow(&proof.usage), Error::<T>::UsageOutOfBounds);
		let fee = assignment.rate.capped_fee(&proof.usage, job.max_fee);
		ensure!(fee == 0 || T::Escrow::can_pay(&assignment.owner, fee), Error::<T>::PayeeCannotReceive);
		let output_hash = payload_hash(output);
		let payload = ProofPayload {
			genesis: frame_system::Pallet::<T>::block_hash(BlockNumberFor::<T>::zero()),
			job: id,
			attempt,
			work: work_hash(job.model, &job.params, &job.input_hash, assignment.seed),
			output_hash,
			transcript_root: proof.transcript_root,
			usage: proof.usage,
		};
		ensure!(payload.verify(&proof.signature, operator), Error::<T>::BadSignature);
		Ok(Accepted { job, assignment, output_hash, fee })
	}

	/// Whether `complete` with these arguments is free.
	pub(crate) fn completes(origin: &OriginFor<T>, id: JobId, attempt: Attempt, output: &[u8], proof: &Proof) -> bool {
		ensure_signed(origin.clone()).is_ok_and(|who| Self::accept(&who, id, attempt, output, proof).is_ok())
	}

	/// Whether `fail` with these arguments is free.
	pub(crate) fn fails(origin: &OriginFor<T>, id: JobId, attempt: Attempt) -> bool {
		ensure_signed(origin.clone()).is_ok_and(|who| Self::answerable(&who, id, attempt).is_ok())
	}

	pub(crate) fn do_complete(
		operator: AccountId32,
		id: JobId,
		attempt: Attempt,
		output: Vec<u8>,
		proof: Proof,
	) -> DispatchResultWithPostInfo {
		let Accepted { mut job, assignment, output_hash, fee } = Self::accept(&operator, id, attempt, &output, &proof)?;
		let bytes = output.len() as u32;
		let output = Output::try_from(output).map_err(|_| Error::<T>::OutputTooLong)?;
		let owner = assignment.owner;
		T::Escrow::pay(id, &owner, fee)?;
		Outputs::<T>::insert(id, output);
		let earned = if assignment.open { fee } else { 0 };
		Self::unschedule(id, &job);
		let (relisted, searches) = Self::vacate(&operator, id, &owner, job.model, AttemptOutcome::Success { earned });
		Self::deposit_event(Event::Completed {
			job: id,
			attempt,
			owner: owner.clone(),
			output_hash,
			transcript_root: proof.transcript_root,
			usage: proof.usage,
		});
		let refund = job.max_fee.saturating_sub(fee);
		Self::deposit_event(Event::Settled { job: id, owner, fee, refund });
		Self::end(id, &mut job, Outcome::Settled, Some((&proof, output_hash, fee)));
		Jobs::<T>::insert(id, job);
		let weight = match relisted {
			Relisted::Moved => T::WeightInfo::complete(bytes),
			Relisted::InPlace => T::WeightInfo::complete_in_place(bytes),
		};
		Ok(Some(weight.saturating_add(searches)).into())
	}

	pub(crate) fn do_fail(
		operator: AccountId32,
		id: JobId,
		attempt: Attempt,
		code: FailCode,
	) -> DispatchResultWithPostInfo {
		let (mut job, assignment) = Self::answerable(&operator, id, attempt)?;
		let outcome = match code.fault() {
			Fault::Client => AttemptOutcome::ClientFault,
			Fault::Miner => AttemptOutcome::HonestFail,
		};
		let draws = Self::give_back(id, &mut job, &assignment, Some(code), outcome)?;
		Jobs::<T>::insert(id, job);
		Ok(Some(T::WeightInfo::fail().saturating_add(draws)).into())
	}

	/// Ends an attempt without an answer: the job goes back to the queue, or fails. Returns the weight of the draws that
	/// follow at the end of the block.
	pub(crate) fn give_back(
		id: JobId,
		job: &mut Job<AccountId32>,
		assignment: &Assignment<AccountId32>,
		code: Option<FailCode>,
		outcome: AttemptOutcome,
	) -> Result<Weight, DispatchError> {
		Self::unschedule(id, job);
		let (_, searches) = Self::vacate(&assignment.operator, id, &assignment.owner, job.model, outcome);
		Self::deposit_event(Event::AttemptFailed {
			job: id,
			attempt: assignment.attempt,
			owner: assignment.owner.clone(),
			code,
		});
		if outcome != AttemptOutcome::ClientFault && job.named.is_none() && !job.tried.is_full() {
			Self::enter(id, job);
			Ok(searches.saturating_add(T::WeightInfo::draw()))
		} else {
			Self::end_refunded(id, job, Outcome::Failed)?;
			Ok(searches)
		}
	}

	/// Frees the miner's slot. When jobs wait for it, pays for the search that may fill it again; returns what that did to
	/// the lists that miners are drawn from, and the search's weight.
	fn vacate(
		operator: &AccountId32,
		id: JobId,
		owner: &AccountId32,
		model: millrace_primitives::ModelId,
		outcome: AttemptOutcome,
	) -> (Relisted, Weight) {
		AssignmentsOf::<T>::remove(operator, id);
		let relisted = T::Miners::release(owner, model, outcome);
		if !Walks::<T>::contains_key(model) {
			return (relisted, Weight::zero());
		}
		DrawCredit::<T>::mutate(|credit| *credit = credit.saturating_add(1));
		(relisted, T::WeightInfo::search())
	}
}
