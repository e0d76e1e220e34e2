//! What the chain holds, as plain data. Amounts are plancks, heights are blocks of one second.

use millrace_primitives::{
	AccountId32, Attempt, Balance, BlockNumber, JobId, JobParams, ModelId, ModelKind, Outcome, Rate, H256,
};

use crate::receipt::json::ReceiptPublic;

/// A block.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct BlockRef {
	/// Its height.
	pub number: BlockNumber,
	/// Its hash.
	pub hash: H256,
}

/// What a node says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NodeHealth {
	/// Whether it is still far behind its peers.
	pub syncing: bool,
	/// Nodes that it is connected to.
	pub peers: usize,
	/// Whether it can't work without any; a development chain's only node can.
	pub needs_peers: bool,
}

/// A registered model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Model {
	/// Its number.
	pub id: ModelId,
	/// Who registered it.
	pub owner: AccountId32,
	/// Its unique name.
	pub name: String,
	/// What work it does; text, where a runtime before version 3 does not say it.
	pub kind: ModelKind,
	/// What it is: sha256 of its weights, of the name of a benchmark's rules, or of a task's definition.
	pub digest: H256,
	/// blake2-256 of the chat template's bytes.
	pub template_hash: H256,
	/// Tokens of prompt and answer together; 0 for a kind without tokens.
	pub context_length: u32,
	/// Most tokens that the chat template and BOS add to the input's own.
	pub template_tokens: u32,
	/// Plancks held of the owner for the entry.
	pub deposit: Balance,
	/// Whether it takes no more jobs.
	pub retired: bool,
}

/// Tokens of an answer unless it is said how many.
const DEFAULT_MAX_TOKENS: u32 = 256;

impl Model {
	/// Most tokens of an answer to an input of so many bytes, when nobody says how many: what the context leaves if each byte
	/// is a token, at least a quarter of the context, at most 256.
	pub fn default_max_tokens(&self, input_bytes: usize) -> u32 {
		let input = u32::try_from(input_bytes).unwrap_or(u32::MAX).saturating_add(self.template_tokens);
		let left = self.context_length.saturating_sub(input);
		// An input that could fill the context mostly does not: tokens are longer than a byte.
		left.max(self.context_length / 4).clamp(1, DEFAULT_MAX_TOKENS)
	}
}

/// Stake on its way out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unbonding {
	/// Plancks.
	pub amount: Balance,
	/// The block from which they can be withdrawn.
	pub until: BlockNumber,
}

/// A registered miner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Miner {
	/// The cold account that holds the stake and gets the fees.
	pub owner: AccountId32,
	/// The hot account that signs proofs.
	pub operator: AccountId32,
	/// Plancks staked.
	pub bonded: Balance,
	/// Plancks on their way out.
	pub unbonding: Vec<Unbonding>,
	/// Jobs that it takes at once, over all its offers.
	pub slots_offered: u32,
	/// Jobs that it has now.
	pub slots_used: u32,
	/// Whether it takes jobs.
	pub ready: bool,
	/// Models that it has offers for.
	pub models: Vec<ModelId>,
}

/// A key with which an owner's miner signs receipts as JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReceiptKey {
	/// The key.
	pub key: ReceiptPublic,
	/// It holds for jobs that ended in this block or later.
	pub from: BlockNumber,
	/// And before this one; `None` for the key in use.
	pub until: Option<BlockNumber>,
	/// Plancks held of the owner while it is listed.
	pub deposit: Balance,
}

impl ReceiptKey {
	/// Whether it vouches for jobs that ended in this block.
	pub fn holds_for(&self, block: BlockNumber) -> bool {
		self.from <= block && self.until.is_none_or(|until| block < until)
	}
}

/// What a miner asks for a model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
	/// The model.
	pub model: ModelId,
	/// The miner's owner.
	pub owner: AccountId32,
	/// The price.
	pub rate: Rate,
	/// Jobs that it takes at once.
	pub slots: u32,
	/// Jobs of this model that it has now.
	pub used: u32,
	/// 0 to 1000, as of the last job of this model; 0 before the first.
	pub reputation: u32,
}

/// A job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
	/// Its number.
	pub id: JobId,
	/// Who pays.
	pub client: AccountId32,
	/// The model.
	pub model: ModelId,
	/// What is asked for, and its limits.
	pub params: JobParams,
	/// blake2-256 of the input.
	pub input_hash: H256,
	/// Bytes of the input.
	pub input_len: u32,
	/// Plancks that it may cost at the most.
	pub max_fee: Balance,
	/// The owner of the miner that the client named.
	pub named: Option<AccountId32>,
	/// The block of the submission.
	pub submitted_at: BlockNumber,
	/// The block of the next deadline.
	pub due: BlockNumber,
	/// Attempts made, the current one included.
	pub attempts: Attempt,
	/// Owners of the miners of these attempts, the last one last.
	pub tried: Vec<AccountId32>,
	/// Where it stands.
	pub state: JobState,
}

/// Where a job stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JobState {
	/// Waits for a miner.
	Queued,
	/// A miner works on it.
	Assigned(Assignment),
	/// Over.
	Ended(Outcome),
}

/// One attempt's terms, fixed when it was assigned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assignment {
	/// The miner's owner.
	pub owner: AccountId32,
	/// The miner's operator: only its proof counts.
	pub operator: AccountId32,
	/// 1 to 3.
	pub attempt: Attempt,
	/// The price.
	pub rate: Rate,
	/// The seed to sample with.
	pub seed: u64,
	/// The block of the assignment.
	pub assigned_at: BlockNumber,
	/// The last block in which a proof counts.
	pub deadline: BlockNumber,
}

/// A job's money.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EscrowRow {
	/// Whose money it is.
	pub payer: AccountId32,
	/// Plancks held for the fee; 0 once settled.
	pub fee: Balance,
	/// Plancks held for the job's bytes on chain.
	pub deposit: Balance,
	/// Whether the fee was paid or refunded.
	pub settled: bool,
}

/// An account's money in plancks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Balances {
	/// Not held. All but the existential deposit and what is frozen can be spent.
	pub free: Balance,
	/// Held: escrow, stake and deposits.
	pub held: Balance,
	/// The part of the free balance that is locked.
	pub frozen: Balance,
}

impl Balances {
	/// Free and held together.
	pub fn total(&self) -> Balance {
		self.free.saturating_add(self.held)
	}
}

/// The chain's numbers: those that governance sets, and the existential deposit. A job keeps what was in force when it
/// was submitted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parameters {
	/// Least maximum fee of a job, in plancks.
	pub min_fee: Balance,
	/// Plancks held for each job's bytes, whatever their number.
	pub deposit_base: Balance,
	/// Plancks held for each byte of input and each byte that the output may have.
	pub deposit_per_byte: Balance,
	/// Blocks after which a job that nobody took expires.
	pub queue_timeout: BlockNumber,
	/// Least blocks of an attempt that a job may ask for.
	pub min_timeout: BlockNumber,
	/// Most blocks of an attempt that a job may ask for.
	pub max_timeout: BlockNumber,
	/// Blocks for which an ended job's bytes are kept.
	pub retention_period: BlockNumber,
	/// Least stake of a miner, in plancks.
	pub min_stake: Balance,
	/// Least stake for each slot offered, in plancks.
	pub stake_per_slot: Balance,
	/// Blocks between unstaking and withdrawal.
	pub unbonding_period: BlockNumber,
	/// Plancks held for a model's entry.
	pub model_deposit: Balance,
	/// Plancks below which an account does not exist.
	pub existential_deposit: Balance,
}

#[cfg(test)]
mod tests {
	use millrace_primitives::H256;

	use super::*;

	fn model(context_length: u32) -> Model {
		Model {
			id: 0,
			owner: AccountId32::new([0; 32]),
			name: "m".into(),
			kind: ModelKind::Text,
			digest: H256::zero(),
			template_hash: H256::zero(),
			context_length,
			template_tokens: 20,
			deposit: 0,
			retired: false,
		}
	}

	#[test]
	fn max_tokens_should_fit_the_context_when_none_are_given() {
		for (context, input, expected) in [(4_096, 100, 256), (256, 36, 200), (256, 1_000, 64), (1, 1, 1)] {
			assert_eq!(model(context).default_max_tokens(input), expected);
		}
	}
}
