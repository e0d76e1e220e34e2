//! How the pallets know each other.

use sp_runtime::{DispatchError, DispatchResult};

use crate::{Balance, ChannelReceipt, ModelId, ModelSummary, Rate, Receipt, UsageBounds};

/// Looks models up.
pub trait ModelRegistry {
	/// The model, when it is registered and takes jobs.
	fn active(model: ModelId) -> Option<ModelSummary>;
	/// The model, when it is registered, retired or not.
	fn get(model: ModelId) -> Option<ModelSummary>;
	/// Model `index` of a benchmark: active, with the longest context that there may be, registered when first asked for.
	#[cfg(feature = "runtime-benchmarks")]
	fn benchmark_model(index: u32) -> ModelId;
}

/// The number of the job or channel that a row of an escrow is for. Each escrow holds the money of one of the two.
pub type EscrowId = u64;

/// Holds the money of jobs or channels. Paid + refunded = escrowed, exactly, once.
pub trait Escrow<AccountId> {
	/// Holds `fee + deposit` plancks of `payer`. Errors: the row exists; the free balance above the existential
	/// deposit does not reach.
	fn open(id: EscrowId, payer: &AccountId, fee: Balance, deposit: Balance) -> DispatchResult;
	/// Holds `amount` plancks of the payer more. Errors: no such row, settled before; the free balance above the
	/// existential deposit does not reach.
	fn top_up(id: EscrowId, amount: Balance) -> DispatchResult;
	/// Pays `amount` of the fee to `payee`, and the rest of the fee back to the payer; the deposit stays. Errors: no
	/// such row, settled before, `amount` above the fee, the payee can't receive.
	fn pay(id: EscrowId, payee: &AccountId, amount: Balance) -> DispatchResult;
	/// Gives the whole fee back to the payer; the deposit stays. Errors: no such row, settled before.
	fn refund(id: EscrowId) -> DispatchResult;
	/// Gives the deposit back and closes the row. Errors: no such row, the fee is still held.
	fn close(id: EscrowId) -> DispatchResult;
	/// Whether `payee` could be paid `amount` plancks.
	fn can_pay(payee: &AccountId, amount: Balance) -> bool;
	/// Gives `payer` money for whatever a benchmark does.
	#[cfg(feature = "runtime-benchmarks")]
	fn benchmark_fund(payer: &AccountId);
}

/// A miner that a job was given to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assignee<AccountId> {
	/// The owner: holds the stake, gets the fee.
	pub owner: AccountId,
	/// The operator: signs the proof.
	pub operator: AccountId,
	/// The rate at the moment of the assignment.
	pub rate: Rate,
	/// Whether it won a draw in which no miner looked at was too dear for the client. Only then nobody could steer the
	/// job to it, and a success can speak for it.
	pub open: bool,
}

/// What a draw gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Drawn<AccountId> {
	/// A miner, whose slot is taken.
	Miner(Assignee<AccountId>),
	/// No miner with a free slot can take the job.
	Nobody,
	/// None of the slots looked at can have the job; there are others.
	Unseen,
}

/// How an attempt ended, for the miner's reputation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AttemptOutcome {
	/// A proof was accepted.
	Success {
		/// Plancks that the client paid for a job of an open draw; 0 for any other job.
		earned: Balance,
	},
	/// The miner said that the client was at fault.
	ClientFault,
	/// The miner said that it could not.
	HonestFail,
	/// Nothing came before the deadline.
	Silence,
}

/// What a free slot more did to the lists that miners are drawn from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Relisted {
	/// The miner's place was taken, left or changed for another, which may move another miner too.
	Moved,
	/// The miner stays where it was, with a slot more, or is not listed at all.
	InPlace,
}

/// What a job looks for in a miner.
#[derive(Clone, Copy, Debug)]
pub struct Demand<'a, AccountId> {
	/// The model.
	pub model: ModelId,
	/// The dearest rate accepted.
	pub max_rate: Option<Rate>,
	/// What the job can take at the most, to compare offers of different units.
	pub bounds: UsageBounds,
	/// Owners of earlier attempts.
	pub excluded: &'a [AccountId],
}

/// Draws miners and keeps count of their slots.
pub trait MinerPool<AccountId> {
	/// Draws some free slots of the model by `seed` and takes the best that fits.
	fn draw(demand: &Demand<AccountId>, seed: &[u8; 32]) -> Drawn<AccountId>;
	/// As `draw`; and when no slot looked at can have the job, looks at some miners in a row.
	fn search(demand: &Demand<AccountId>, seed: &[u8; 32]) -> Option<Assignee<AccountId>>;
	/// Takes a slot of the miner `owner`. Errors: not registered, no offer, not ready or no slot free, too
	/// dear, a stake that does not reach.
	fn take(owner: &AccountId, demand: &Demand<AccountId>) -> Result<Assignee<AccountId>, DispatchError>;
	/// The owner whose operator this is.
	fn owner_of(operator: &AccountId) -> Option<AccountId>;
	/// Gives the slot back and records how the attempt ended.
	fn release(owner: &AccountId, model: ModelId, outcome: AttemptOutcome) -> Relisted;
	/// Slots taken of all miners together, for `try_state`.
	fn slots_used() -> u64;
	/// Registers a miner that is ready for `slots` jobs of `model` at `rate`.
	#[cfg(feature = "runtime-benchmarks")]
	fn benchmark_miner(owner: &AccountId, operator: &AccountId, model: ModelId, rate: Rate, slots: u32);
}

/// Is told that a model has a free slot more than before.
pub trait OnCapacity {
	/// A slot of `model` became free, or an offer for it came or got better.
	fn on_capacity(model: ModelId);
	/// Lets something wait for a slot of `model`, so that the next one to become free is of interest.
	#[cfg(feature = "runtime-benchmarks")]
	fn benchmark_wait(model: ModelId);
}

impl OnCapacity for () {
	fn on_capacity(_: ModelId) {}

	#[cfg(feature = "runtime-benchmarks")]
	fn benchmark_wait(_: ModelId) {}
}

/// What a channel copies of an offer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terms<AccountId> {
	/// Signs the answers.
	pub operator: AccountId,
	/// The price.
	pub rate: Rate,
	/// Plancks of bonded stake.
	pub bonded: Balance,
}

/// What channels know of miners.
pub trait Stakes<AccountId> {
	/// Most offers that a miner can have.
	const MAX_OFFERS: u32;
	/// What the miner `owner` asks for `model` now. Errors: not registered, no offer, not ready.
	fn terms(owner: &AccountId, model: ModelId) -> Result<Terms<AccountId>, DispatchError>;
	/// Plancks of bonded stake; 0 when `owner` has no miner.
	fn bonded(owner: &AccountId) -> Balance;
	/// Takes up to `amount` plancks of the miner's stake, bonded and unbonding, and withdraws the slots that what is left
	/// does not back. Returns what was really taken, 0 when `owner` has no miner, and how many of its offers that touched.
	fn slash(owner: &AccountId, amount: Balance) -> (Balance, u32);
	/// Registers a miner with much stake that offers the benchmarks' models 0 to `offers` - 1, and another one behind it on
	/// their ready lists.
	#[cfg(feature = "runtime-benchmarks")]
	fn benchmark_stake(owner: &AccountId, operator: &AccountId, offers: u32);
}

/// Stores the receipts of channels.
pub trait ChannelReceipts<AccountId> {
	/// Stores `receipt` and makes it a leaf of this block's tree.
	fn record(receipt: ChannelReceipt<AccountId>);
}

/// Stores receipts.
pub trait Receipts<AccountId> {
	/// Stores `receipt` and makes it a leaf of this block's tree.
	fn record(receipt: Receipt<AccountId>);
}

/// Randomness that nobody but the author of this block could know before it.
pub trait BlockRandomness {
	/// This block's own VRF output, once the consensus has it; to be asked for in `on_finalize`.
	fn current() -> Option<[u8; 32]>;
	/// The parent block's, known to everybody.
	fn parent() -> Option<[u8; 32]>;
}
