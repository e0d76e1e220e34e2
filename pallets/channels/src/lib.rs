#![doc = include_str!("../README.md")]
#![cfg_attr(not(feature = "std"), no_std)]

extern crate alloc;

mod agenda;
#[cfg(feature = "runtime-benchmarks")]
mod benchmarking;
mod closing;
mod equivocation;
#[cfg(test)]
mod mock;
mod opening;
#[cfg(test)]
mod tests;
mod try_state;
mod types;
mod views;
pub mod weights;

pub use pallet::*;
pub use types::{Channel, ChannelState, Claim};
pub use weights::WeightInfo;

#[frame::pallet]
pub mod pallet {
	use super::*;
	use alloc::boxed::Box;
	use frame::{deps::sp_runtime::AccountId32, prelude::*};
	use millrace_primitives::{
		traits::{ChannelReceipts, Escrow, ModelRegistry, Stakes},
		Balance, BlockNumber, ChannelId, Checkpoint, ModelId, Page, Rate, Voucher,
	};

	/// The layout of this pallet's storage.
	pub const STORAGE_VERSION: StorageVersion = StorageVersion::new(1);

	#[pallet::pallet]
	#[pallet::storage_version(STORAGE_VERSION)]
	pub struct Pallet<T>(_);

	#[pallet::config]
	pub trait Config: frame_system::Config<AccountId = AccountId32> {
		/// Holds the deposits; nothing else uses it.
		type Escrow: Escrow<AccountId32>;
		/// The models.
		type Models: ModelRegistry;
		/// The miners.
		type Miners: Stakes<AccountId32>;
		/// Stores what is left of a channel.
		type Receipts: ChannelReceipts<AccountId32>;
		/// The chain's height.
		type BlockNumberProvider: BlockNumberProvider<BlockNumber = BlockNumber>;
		/// Least deposit, in plancks.
		#[pallet::constant]
		type MinDeposit: Get<Balance>;
		/// Plancks held for a channel's row in the chain's state, given back when it is forgotten.
		#[pallet::constant]
		type StorageDeposit: Get<Balance>;
		/// Blocks after which an open channel closes by itself.
		#[pallet::constant]
		type Lifetime: Get<BlockNumber>;
		/// Blocks in which a better voucher can be shown once a channel is closing.
		#[pallet::constant]
		type ChallengeWindow: Get<BlockNumber>;
		/// Blocks after the settlement in which two answers under one number can be shown. With `Lifetime` and
		/// `ChallengeWindow` it must be less than stake takes to unbond.
		#[pallet::constant]
		type DisputeWindow: Get<BlockNumber>;
		/// Least plancks that two answers under one number cost a miner; at least the channel's deposit.
		#[pallet::constant]
		type EquivocationSlash: Get<Balance>;
		/// Most weight that due channels take in a block.
		type AgendaWeight: Get<Weight>;
		/// Weights of this pallet's calls and hooks.
		type WeightInfo: WeightInfo;
	}

	/// Channels, until they are forgotten.
	#[pallet::storage]
	pub type Channels<T: Config> = StorageMap<_, Twox64Concat, ChannelId, Channel<AccountId32>>;

	/// The number of the next channel.
	#[pallet::storage]
	pub type NextChannelId<T: Config> = StorageValue<_, ChannelId, ValueQuery>;

	/// The channels of an account, as a client or as a miner's owner.
	#[pallet::storage]
	pub type ChannelsOf<T: Config> = StorageDoubleMap<_, Blake2_128Concat, AccountId32, Twox64Concat, ChannelId, ()>;

	/// Plancks in the channels of a miner that are not settled, by owner. Bonded stake bounds it when a channel is opened
	/// or topped up.
	#[pallet::storage]
	pub type Backing<T: Config> = StorageMap<_, Blake2_128Concat, AccountId32, Balance, ValueQuery>;

	/// What is due at which block.
	#[pallet::storage]
	pub type Agenda<T: Config> = StorageDoubleMap<_, Twox64Concat, BlockNumber, Twox64Concat, ChannelId, ()>;

	/// The first block whose part of the agenda may not be empty.
	#[pallet::storage]
	pub type AgendaFrom<T: Config> = StorageValue<_, BlockNumber, ValueQuery>;

	#[pallet::event]
	#[pallet::generate_deposit(pub(crate) fn deposit_event)]
	pub enum Event<T: Config> {
		/// A deposit was locked for one miner's answers.
		Opened {
			/// The channel.
			channel: ChannelId,
			/// Who pays.
			client: AccountId32,
			/// The miner's owner.
			miner: AccountId32,
			/// The model that answers.
			model: ModelId,
			/// The price of all answers.
			rate: Rate,
			/// Plancks.
			deposit: Balance,
			/// The block in which it closes by itself.
			due: BlockNumber,
		},
		/// A deposit grew.
		ToppedUp {
			/// The channel.
			channel: ChannelId,
			/// Plancks added.
			amount: Balance,
			/// Plancks in all.
			deposit: Balance,
		},
		/// The client closed it, or its time was over.
		Closing {
			/// The channel.
			channel: ChannelId,
			/// Plancks of the best voucher so far.
			owed: Balance,
			/// The last block in which a better one counts.
			until: BlockNumber,
		},
		/// A better voucher was shown.
		Challenged {
			/// The channel.
			channel: ChannelId,
			/// Plancks that it says.
			owed: Balance,
		},
		/// The miner was paid and the rest given back. There is a receipt.
		Settled {
			/// The channel.
			channel: ChannelId,
			/// Plancks paid.
			paid: Balance,
			/// Plancks given back.
			refund: Balance,
		},
		/// The miner signed two answers under one number.
		Equivocated {
			/// The channel.
			channel: ChannelId,
			/// The miner's owner.
			miner: AccountId32,
			/// Plancks taken from its stake.
			slashed: Balance,
		},
		/// The channel left the state.
		Forgotten {
			/// The channel.
			channel: ChannelId,
		},
	}

	#[pallet::error]
	pub enum Error<T> {
		/// No such model, or it is retired.
		UnknownModel,
		/// No such channel, or it was forgotten.
		UnknownChannel,
		/// The deposit is below the least one.
		DepositTooLow,
		/// Nothing is to be added.
		ZeroAmount,
		/// The miner asks more than the client's limit, or in another unit.
		RateAboveLimit,
		/// The open channels of the miner would exceed its bonded stake.
		StakeTooLow,
		/// The account is neither the channel's client nor its miner.
		NotParty,
		/// Only the channel's client may do that.
		NotClient,
		/// The channel is not open.
		NotOpen,
		/// The channel is not closing.
		NotClosing,
		/// The channel was settled before.
		AlreadySettled,
		/// The session key did not sign this voucher for this channel.
		BadVoucher,
		/// A voucher that owes as much or more was shown before.
		NotBetter,
		/// The checkpoints are of another channel or chain.
		WrongChannel,
		/// The channel's operator did not sign this checkpoint.
		BadCheckpoint,
		/// The checkpoints have not the same number, or are the same.
		NoEquivocation,
		/// The miner was slashed for this channel before.
		AlreadyEquivocated,
		/// There is no number left for a channel.
		IdsExhausted,
		/// Sums do not fit a balance.
		Overflow,
	}

	#[pallet::hooks]
	impl<T: Config> Hooks<BlockNumberFor<T>> for Pallet<T> {
		fn on_initialize(_: BlockNumberFor<T>) -> Weight {
			Self::work_agenda()
		}

		fn integrity_test() {
			assert!(T::Lifetime::get() > 0, "a channel must live");
			assert!(T::ChallengeWindow::get() > 0, "a voucher must have time");
			assert!(T::DisputeWindow::get() > 0, "a fraud must be provable after the settlement");
			let least = T::WeightInfo::agenda_block()
				.saturating_add(T::WeightInfo::agenda_block())
				.saturating_add(T::WeightInfo::due());
			assert!(T::AgendaWeight::get().all_gte(least), "the weight must be enough for one channel");
		}
	}

	#[pallet::call]
	impl<T: Config> Pallet<T> {
		/// Locks `deposit` plancks for answers of one miner, by its owner's account, at the rate that it asks now.
		/// `session_key` signs requests and vouchers.
		#[pallet::call_index(0)]
		#[pallet::weight(T::WeightInfo::open())]
		pub fn open(
			origin: OriginFor<T>,
			miner: AccountId32,
			model: ModelId,
			session_key: AccountId32,
			deposit: Balance,
			max_rate: Option<Rate>,
		) -> DispatchResult {
			let client = ensure_signed(origin)?;
			Self::do_open(client, miner, model, session_key, deposit, max_rate)
		}

		/// Locks `amount` plancks more in an open channel.
		#[pallet::call_index(1)]
		#[pallet::weight(T::WeightInfo::top_up())]
		pub fn top_up(origin: OriginFor<T>, channel: ChannelId, amount: Balance) -> DispatchResult {
			let client = ensure_signed(origin)?;
			Self::do_top_up(client, channel, amount)
		}

		/// Closes a channel. By the miner, its owner or its operator: pays the best voucher and gives the rest back at once.
		/// By the client: the miner has the challenge window to show a better one. Free for the operator.
		#[pallet::call_index(2)]
		#[pallet::weight(T::WeightInfo::close())]
		#[pallet::feeless_if(|origin: &OriginFor<T>, channel: &ChannelId, voucher: &Option<Voucher>| -> bool {
			Pallet::<T>::closes(origin, *channel, voucher)
		})]
		pub fn close(origin: OriginFor<T>, channel: ChannelId, voucher: Option<Voucher>) -> DispatchResult {
			let who = ensure_signed(origin)?;
			Self::do_close(who, channel, voucher)
		}

		/// Shows a better voucher of a channel that is closing. Anybody may, for the client has signed it.
		#[pallet::call_index(3)]
		#[pallet::weight(T::WeightInfo::challenge())]
		pub fn challenge(origin: OriginFor<T>, channel: ChannelId, voucher: Voucher) -> DispatchResult {
			ensure_signed(origin)?;
			Self::do_challenge(channel, voucher)
		}

		/// Shows two checkpoints of one number that differ. The miner is slashed, once for each channel. Free when true.
		#[pallet::call_index(4)]
		#[pallet::weight(T::WeightInfo::report_equivocation(<T::Miners as Stakes<AccountId32>>::MAX_OFFERS))]
		pub fn report_equivocation(
			origin: OriginFor<T>,
			channel: ChannelId,
			first: Box<Checkpoint>,
			second: Box<Checkpoint>,
		) -> DispatchResultWithPostInfo {
			ensure_signed(origin)?;
			let offers = Self::do_report_equivocation(channel, &first, &second)?;
			Ok((Some(T::WeightInfo::report_equivocation(offers)), Pays::No).into())
		}
	}

	#[pallet::view_functions]
	impl<T: Config> Pallet<T> {
		/// A channel, until it is forgotten.
		pub fn channel(id: ChannelId) -> Option<Channel<AccountId32>> {
			Channels::<T>::get(id)
		}

		/// At most 64 channels of an account, as a client or as a miner's owner, after the channel `after`.
		pub fn channels_of(
			account: AccountId32,
			after: Option<ChannelId>,
		) -> Page<(ChannelId, Channel<AccountId32>), ChannelId> {
			Self::view_channels_of(account, after)
		}
	}
}
