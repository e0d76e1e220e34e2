#![doc = include_str!("../README.md")]
#![cfg_attr(not(feature = "std"), no_std)]

extern crate alloc;

#[cfg(feature = "runtime-benchmarks")]
mod benchmarking;
mod draw;
mod endpoint;
mod impls;
mod offers;
mod ready;
mod receipt_key;
mod reputation;
mod slash;
mod stakes;
mod try_state;
mod types;
mod views;
pub mod weights;

#[cfg(test)]
mod mock;
#[cfg(test)]
mod tests;

pub use endpoint::{Address, Endpoint, PeerId, ENDPOINT_INTERVAL, MAX_ADDRESS, MAX_ADDRESSES, MAX_PEER_ID};
pub use offers::READY_INTERVAL;
pub use pallet::*;
pub use ready::{Place, Ready};
pub use receipt_key::{ReceiptKey, ReceiptKeyList, MAX_RECEIPT_KEYS};
pub use reputation::MAX_REPUTATION;
pub use types::{Miner, Offer, Unbonding, MAX_OFFERS, MAX_SLOTS, MAX_UNBONDING};
pub use views::MinerView;
pub use weights::WeightInfo;

#[frame::pallet]
pub mod pallet {
	use super::*;
	use frame::{
		deps::sp_core::ed25519,
		prelude::*,
		traits::fungible::{Inspect, Mutate, MutateHold},
	};
	use millrace_primitives::{
		traits::{ModelRegistry, OnCapacity},
		Balance, Bid, BlockNumber, JobParams, ModelId, Page, Rate,
	};

	/// The layout of this pallet's storage.
	pub const STORAGE_VERSION: StorageVersion = StorageVersion::new(1);

	#[pallet::pallet]
	#[pallet::storage_version(STORAGE_VERSION)]
	pub struct Pallet<T>(_);

	#[pallet::config]
	pub trait Config: frame_system::Config {
		/// Holds the stakes.
		type Currency: MutateHold<Self::AccountId, Balance = Balance, Reason = Self::RuntimeHoldReason>
			+ Mutate<Self::AccountId, Balance = Balance>
			+ Inspect<Self::AccountId, Balance = Balance>;
		/// The runtime's reasons for a hold.
		type RuntimeHoldReason: From<HoldReason>;
		/// Where the block number comes from; unbonding is counted in it.
		type BlockNumberProvider: BlockNumberProvider<BlockNumber = BlockNumber>;
		/// The models that can be offered.
		type Models: ModelRegistry;
		/// Is told when a slot becomes free.
		type OnCapacity: OnCapacity;
		// Parameters that governance may change at any time.
		/// Least stake of a miner, in plancks. A rise leaves registered miners as they are until they change their stake.
		type MinStake: Get<Balance>;
		/// Plancks that must be bonded for each slot offered. A rise leaves offers as they are until they change, but no
		/// job is assigned beyond what the stake reaches for.
		type StakePerSlot: Get<Balance>;
		/// Blocks from `unstake` until the stake can be withdrawn; what unbonds already keeps its date. Must exceed the
		/// longest job, channel and dispute.
		type UnbondingPeriod: Get<BlockNumber>;
		/// Free slots that one draw looks at.
		#[pallet::constant]
		type Draws: Get<u32>;
		/// Blocks in which a reputation that nothing renews halves. A change moves all reputations at once.
		#[pallet::constant]
		type ReputationHalfLife: Get<BlockNumber>;
		/// Plancks that a job must earn to count in full for the miner's reputation; a cheaper one counts in proportion.
		#[pallet::constant]
		type ReputationFee: Get<Balance>;
		/// Who may call `slash`.
		type SlashOrigin: EnsureOrigin<Self::RuntimeOrigin>;
		/// The part of a slash that is paid to `SlashBeneficiary`; the rest is burned.
		#[pallet::constant]
		type SlashPaid: Get<Perbill>;
		/// Gets that part.
		type SlashBeneficiary: Get<Self::AccountId>;
		/// Plancks held for each receipt key that is listed.
		#[pallet::constant]
		type ReceiptKeyDeposit: Get<Balance>;
		/// Blocks for which a receipt key stays listed after it was revoked, at the least.
		#[pallet::constant]
		type ReceiptKeyRetention: Get<BlockNumber>;
		/// Weights of this pallet's calls.
		type WeightInfo: WeightInfo;
	}

	/// Why this pallet holds money.
	#[pallet::composite_enum]
	pub enum HoldReason {
		/// A miner's stake, bonded or unbonding.
		Stake,
		/// The deposits for an owner's receipt keys.
		ReceiptKeys,
	}

	/// Miners by owner.
	#[pallet::storage]
	pub type Miners<T: Config> = StorageMap<_, Blake2_128Concat, T::AccountId, Miner<T::AccountId>>;

	/// The owner that an operator serves.
	#[pallet::storage]
	pub type OwnerOf<T: Config> = StorageMap<_, Blake2_128Concat, T::AccountId, T::AccountId>;

	/// Offers by model and owner.
	#[pallet::storage]
	pub type Offers<T: Config> = StorageDoubleMap<_, Twox64Concat, ModelId, Blake2_128Concat, T::AccountId, Offer>;

	/// The sizes of the ready lists; a model without free slots has none.
	#[pallet::storage]
	pub type ReadyLists<T: Config> = StorageMap<_, Twox64Concat, ModelId, Ready, ValueQuery>;

	/// The ready lists: the miners of a model by class and by number within the class, 0 to `places` - 1.
	#[pallet::storage]
	pub type ReadyAt<T: Config> = StorageNMap<
		_,
		(NMapKey<Twox64Concat, ModelId>, NMapKey<Twox64Concat, u8>, NMapKey<Twox64Concat, u32>),
		T::AccountId,
	>;

	/// A miner's place on a model's ready list.
	#[pallet::storage]
	pub type ReadyPlace<T: Config> = StorageDoubleMap<_, Twox64Concat, ModelId, Blake2_128Concat, T::AccountId, Place>;

	/// The receipt keys of an owner, oldest first, those that no longer hold included. They outlive the registration.
	#[pallet::storage]
	pub type ReceiptKeys<T: Config> = StorageMap<_, Blake2_128Concat, T::AccountId, ReceiptKeyList, ValueQuery>;

	/// When the operator of an owner said that the miner takes no more jobs; gone once it takes jobs again, or its owner has
	/// said so as well.
	#[pallet::storage]
	pub type Drained<T: Config> = StorageMap<_, Blake2_128Concat, T::AccountId, BlockNumber>;

	/// Where clients reach the miner of an owner for channels.
	#[pallet::storage]
	pub type Endpoints<T: Config> = StorageMap<_, Blake2_128Concat, T::AccountId, Endpoint>;

	#[pallet::event]
	#[pallet::generate_deposit(pub(crate) fn deposit_event)]
	pub enum Event<T: Config> {
		/// A miner was registered.
		Registered {
			/// Holds the stake and is paid.
			owner: T::AccountId,
			/// Signs the proofs.
			operator: T::AccountId,
			/// Plancks bonded.
			stake: Balance,
		},
		/// More stake was bonded.
		Staked {
			/// The miner.
			owner: T::AccountId,
			/// Plancks added.
			amount: Balance,
		},
		/// Stake began to unbond.
		Unstaked {
			/// The miner.
			owner: T::AccountId,
			/// Plancks unbonding.
			amount: Balance,
			/// The first block in which they can be withdrawn.
			until: BlockNumber,
		},
		/// Unbonded stake was freed.
		Withdrawn {
			/// The miner.
			owner: T::AccountId,
			/// Plancks freed.
			amount: Balance,
		},
		/// An offer was made or replaced.
		OfferSet {
			/// The miner.
			owner: T::AccountId,
			/// The model.
			model: ModelId,
			/// What it asks.
			rate: Rate,
			/// Jobs at once.
			slots: u32,
		},
		/// An offer was withdrawn.
		OfferWithdrawn {
			/// The miner.
			owner: T::AccountId,
			/// The model.
			model: ModelId,
		},
		/// A miner takes new jobs, or no longer does.
		ReadySet {
			/// The miner.
			owner: T::AccountId,
			/// Whether it takes new jobs.
			ready: bool,
		},
		/// Stake was taken away. Offers that it no longer backs have their own events.
		Slashed {
			/// The miner.
			owner: T::AccountId,
			/// Plancks burned.
			burned: Balance,
			/// Plancks paid to the beneficiary.
			paid: Balance,
		},
		/// A miner is gone; its operator may serve another owner.
		Deregistered {
			/// The miner.
			owner: T::AccountId,
		},
		/// A receipt key holds from this block on.
		ReceiptKeySet {
			/// The miner.
			owner: T::AccountId,
			/// The Ed25519 key.
			key: ed25519::Public,
		},
		/// A receipt key no longer holds from this block on; it stays listed for older receipts.
		ReceiptKeyRevoked {
			/// The miner.
			owner: T::AccountId,
			/// The Ed25519 key.
			key: ed25519::Public,
		},
		/// A receipt key is no longer listed; its deposit is free.
		ReceiptKeyForgotten {
			/// The miner.
			owner: T::AccountId,
			/// The Ed25519 key.
			key: ed25519::Public,
		},
		/// Clients reach a miner at new addresses, or no longer.
		EndpointSet {
			/// The miner.
			owner: T::AccountId,
		},
	}

	#[pallet::error]
	pub enum Error<T> {
		/// The account owns a miner already.
		AlreadyRegistered,
		/// This operator serves another owner; give each miner an operator of its own.
		OperatorTaken,
		/// Owner and operator must be two accounts, so that the hot key can't reach the stake.
		OperatorIsOwner,
		/// The account owns no miner and operates none; call `register`.
		NotRegistered,
		/// The stake would be above 0 but below `MinStake`.
		StakeTooLow,
		/// The stake would be below `StakePerSlot` for each slot offered; stake more or offer fewer slots.
		StakeTooLowForSlots,
		/// The free balance above the existential deposit does not reach.
		InsufficientBalance,
		/// The amount is 0.
		ZeroAmount,
		/// The amount is above what is bonded.
		AboveBonded,
		/// A job is open; call `set_ready(false)` and wait until it has ended.
		JobsOpen,
		/// Too many parts of the stake are unbonding; withdraw or wait.
		TooManyUnbonding,
		/// Nothing has finished unbonding yet.
		NothingToWithdraw,
		/// No active model has this number.
		UnknownModel,
		/// An offer needs at least one slot; withdraw it instead.
		ZeroSlots,
		/// An offer has at most 1024 slots; the rest needs another owner.
		TooManySlots,
		/// The miner offers too many models.
		TooManyOffers,
		/// The miner has no offer for this model.
		NoOffer,
		/// The miner does not take new jobs now.
		NotReady,
		/// All slots that the miner offers for this model are in use.
		NoFreeSlot,
		/// The miner's rate is above the job's limit, or in another unit.
		RateAboveLimit,
		/// The miner had an earlier attempt of this job.
		AlreadyTried,
		/// The miner has no stake left.
		NothingToSlash,
		/// The sum does not fit.
		Overflow,
		/// The signature is not the receipt key's over this chain, this owner and this key.
		BadPossession,
		/// The owner has had this receipt key already; make a new one.
		ReceiptKeyListed,
		/// Too many receipt keys are listed; forget an old one.
		TooManyReceiptKeys,
		/// The owner has no such receipt key, or none in use.
		NoReceiptKey,
		/// The receipt key is in use, or was revoked less than `ReceiptKeyRetention` blocks ago.
		ReceiptKeyNeeded,
		/// The model's work has no tokens, so that a rate per token would make it free; offer it per GPU-second.
		RateUnitUnfit,
		/// An endpoint with addresses needs the identity of the peer that answers there.
		NoPeerId,
	}

	#[pallet::hooks]
	impl<T: Config> Hooks<BlockNumberFor<T>> for Pallet<T> {
		fn integrity_test() {
			assert!(T::Draws::get() > 0, "a draw that looks at no place never finds a miner");
			assert!(T::ReputationHalfLife::get() > 0, "reputation would fade at once");
			assert!(T::ReputationFee::get() > 0, "jobs for nothing would make a reputation");
		}
	}

	#[pallet::view_functions]
	impl<T: Config> Pallet<T> {
		/// The miner of an owner or an operator, with its stake, what is unbonding, and its offers.
		pub fn miner(account: T::AccountId) -> Option<MinerView<T::AccountId>> {
			Self::view_miner(account)
		}

		/// At most 64 offers for `model` after that of the owner `after`: prices, free slots, and what each offer would
		/// count for in the draw for a job with these parameters and an input of `input_len` bytes.
		pub fn bids(
			model: ModelId,
			params: JobParams,
			input_len: u32,
			after: Option<T::AccountId>,
		) -> Page<Bid<T::AccountId>, T::AccountId> {
			Self::view_bids(model, &params, input_len, after)
		}
	}

	#[pallet::call(weight(<T as Config>::WeightInfo))]
	impl<T: Config> Pallet<T> {
		/// Makes the caller the owner of a miner and bonds `stake` plancks (at least `MinStake`).
		///
		/// An `operator` without an account gets the existential deposit from the caller.
		#[pallet::call_index(0)]
		pub fn register(origin: OriginFor<T>, operator: T::AccountId, stake: Balance) -> DispatchResult {
			let owner = ensure_signed(origin)?;
			Self::do_register(owner, operator, stake)
		}

		/// Bonds `amount` plancks more.
		#[pallet::call_index(1)]
		pub fn stake(origin: OriginFor<T>, amount: Balance) -> DispatchResult {
			let owner = ensure_signed(origin)?;
			Self::do_stake(owner, amount)
		}

		/// Starts to unbond `amount` plancks. What stays must be 0 or at least `MinStake`, and reach for the slots
		/// offered.
		#[pallet::call_index(2)]
		pub fn unstake(origin: OriginFor<T>, amount: Balance) -> DispatchResult {
			let owner = ensure_signed(origin)?;
			Self::do_unstake(owner, amount)
		}

		/// Frees what has finished unbonding. With nothing bonded or unbonding any more, the miner is gone.
		#[pallet::call_index(3)]
		pub fn withdraw_unbonded(origin: OriginFor<T>) -> DispatchResult {
			let owner = ensure_signed(origin)?;
			Self::do_withdraw_unbonded(owner)
		}

		/// Offers `slots` slots of `model` at `rate`, in place of an earlier offer for it. Jobs that run keep the rate
		/// that they were assigned at.
		#[pallet::call_index(4)]
		pub fn offer(origin: OriginFor<T>, model: ModelId, rate: Rate, slots: u32) -> DispatchResult {
			let owner = ensure_signed(origin)?;
			Self::do_offer(owner, model, rate, slots)
		}

		/// Withdraws the offer for `model`. None of its slots may be in use.
		#[pallet::call_index(5)]
		pub fn withdraw_offer(origin: OriginFor<T>, model: ModelId) -> DispatchResult {
			let owner = ensure_signed(origin)?;
			Self::do_withdraw_offer(owner, model)
		}

		/// Takes new jobs, or no longer. Signed by the owner or the operator; an account that is both acts for the miner
		/// that it owns. Free for an operator whose miner stops taking jobs, and, 20 blocks later, for the one that takes that
		/// back: a miner with an empty account can stop and start.
		#[pallet::call_index(6)]
		#[pallet::weight(T::WeightInfo::set_ready(MAX_OFFERS))]
		#[pallet::feeless_if(|origin: &OriginFor<T>, ready: &bool| -> bool {
			Pallet::<T>::turns(origin, *ready)
		})]
		pub fn set_ready(origin: OriginFor<T>, ready: bool) -> DispatchResultWithPostInfo {
			let who = ensure_signed(origin)?;
			let offers = Self::do_set_ready(who, ready)?;
			Ok(Some(T::WeightInfo::set_ready(offers)).into())
		}

		/// Withdraws all offers and starts to unbond the whole stake; `withdraw_unbonded` completes it.
		#[pallet::call_index(7)]
		#[pallet::weight(T::WeightInfo::deregister(MAX_OFFERS))]
		pub fn deregister(origin: OriginFor<T>) -> DispatchResultWithPostInfo {
			let owner = ensure_signed(origin)?;
			let offers = Self::do_deregister(owner)?;
			Ok(Some(T::WeightInfo::deregister(offers)).into())
		}

		/// Takes up to `amount` plancks of a miner's stake: of what is bonded, then of what is unbonding, the newest part
		/// first. Part is burned, part paid to the beneficiary. Slots that the rest does not back are withdrawn, free ones
		/// first; jobs in them go on.
		#[pallet::call_index(8)]
		#[pallet::weight(T::WeightInfo::slash(MAX_OFFERS))]
		pub fn slash(origin: OriginFor<T>, owner: T::AccountId, amount: Balance) -> DispatchResultWithPostInfo {
			T::SlashOrigin::ensure_origin(origin)?;
			let offers = Self::do_slash(owner, amount)?;
			Ok(Some(T::WeightInfo::slash(offers)).into())
		}

		/// Makes `key` the key that signs the receipts of the caller's miner from this block on, in place of an earlier one,
		/// and holds `ReceiptKeyDeposit`. `possession` is its Ed25519 signature over the bytes of
		/// `primitives::receipt_key::possession_bytes`.
		#[pallet::call_index(9)]
		pub fn set_receipt_key(
			origin: OriginFor<T>,
			key: ed25519::Public,
			possession: ed25519::Signature,
		) -> DispatchResult {
			let owner = ensure_signed(origin)?;
			Self::do_set_receipt_key(owner, key, possession)
		}

		/// Ends the use of the caller's receipt key with this block. It stays listed, so that older receipts can be checked.
		#[pallet::call_index(10)]
		pub fn revoke_receipt_key(origin: OriginFor<T>) -> DispatchResult {
			let owner = ensure_signed(origin)?;
			Self::do_revoke_receipt_key(owner)
		}

		/// Takes a key of the caller's, revoked `ReceiptKeyRetention` blocks ago or earlier, off the list and frees its deposit.
		/// What it signed can be checked no longer by the chain's state of now.
		#[pallet::call_index(11)]
		pub fn forget_receipt_key(origin: OriginFor<T>, key: ed25519::Public) -> DispatchResult {
			let owner = ensure_signed(origin)?;
			Self::do_forget_receipt_key(owner, key)
		}

		/// Says where clients reach the miner for channels: the libp2p identity that answers there, as the bytes of its
		/// multihash, and up to 4 binary multiaddresses. Clients trust no other identity. Without addresses it is withdrawn.
		/// Signed by the owner or the operator; free for the operator once in 100 blocks, when something changes.
		#[pallet::call_index(12)]
		#[pallet::feeless_if(|origin: &OriginFor<T>, peer_id: &PeerId, addresses: &BoundedVec<Address, ConstU32<MAX_ADDRESSES>>| -> bool {
			Pallet::<T>::moves(origin, peer_id, addresses)
		})]
		pub fn set_endpoint(
			origin: OriginFor<T>,
			peer_id: PeerId,
			addresses: BoundedVec<Address, ConstU32<MAX_ADDRESSES>>,
		) -> DispatchResult {
			let who = ensure_signed(origin)?;
			Self::do_set_endpoint(who, peer_id, addresses)
		}
	}
}
