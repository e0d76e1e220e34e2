#![doc = include_str!("../README.md")]
#![cfg_attr(not(feature = "std"), no_std)]

extern crate alloc;

mod channels;
mod index;

#[cfg(test)]
mod mock;
mod record;
mod retention;
mod sets;
#[cfg(test)]
mod tests;
mod try_state;

pub use pallet::*;

#[frame::pallet]
pub mod pallet {
	use alloc::vec::Vec;
	use frame::{deps::sp_runtime::ConsensusEngineId, prelude::*};
	use millrace_primitives::{BlockNumber, ChannelId, ChannelReceipt, JobId, Page, Receipt};

	/// The layout of this pallet's storage.
	pub const STORAGE_VERSION: StorageVersion = StorageVersion::new(1);

	/// Marks the receipts' root among a header's digest items.
	pub const ENGINE_ID: ConsensusEngineId = *b"MILL";

	/// Counts the sets of validators that finalize blocks, from 0 at genesis.
	pub type SetId = u64;

	#[pallet::pallet]
	#[pallet::storage_version(STORAGE_VERSION)]
	pub struct Pallet<T>(_);

	#[pallet::config]
	pub trait Config: frame_system::Config {
		/// The chain's height.
		type BlockNumberProvider: BlockNumberProvider<BlockNumber = BlockNumber>;
		/// The set of validators that finalizes the blocks after this one.
		type AuthoritySet: Get<SetId>;
		/// Blocks for which a receipt stays in state. When it is shortened, what is too old then goes block by block.
		#[pallet::constant]
		type RetentionPeriod: Get<BlockNumber>;
		/// Most weight that the removal of old receipts takes in a block. It must be enough for the receipts that a
		/// full block brings, else state grows.
		type RetentionWeight: Get<Weight>;
	}

	/// Receipts by job, for the retention period.
	#[pallet::storage]
	pub type Receipts<T: Config> = StorageMap<_, Twox64Concat, JobId, Receipt<T::AccountId>>;

	/// Receipts by channel, for the retention period.
	#[pallet::storage]
	pub type ChannelReceipts<T: Config> = StorageMap<_, Twox64Concat, ChannelId, ChannelReceipt<T::AccountId>>;

	/// The channels whose receipts a block has, as `Order` for jobs. Jobs and channels share the places of a block.
	#[pallet::storage]
	pub type ChannelOrder<T: Config> = StorageDoubleMap<_, Twox64Concat, BlockNumber, Twox64Concat, u32, ChannelId>;

	/// The channel receipts of an account, as a client or as a miner's owner.
	#[pallet::storage]
	pub type ChannelReceiptsOf<T: Config> =
		StorageDoubleMap<_, Blake2_128Concat, T::AccountId, Twox64Concat, ChannelId, ()>;

	/// The jobs whose receipts a block has, by block and by their place among the block's leaves. Each leaves with its
	/// receipt.
	#[pallet::storage]
	pub type Order<T: Config> = StorageDoubleMap<_, Twox64Concat, BlockNumber, Twox64Concat, u32, JobId>;

	/// The first block whose receipts may still be in state.
	#[pallet::storage]
	pub type Oldest<T: Config> = StorageValue<_, BlockNumber, ValueQuery>;

	/// The receipts of an account, as a client or as a miner's owner.
	#[pallet::storage]
	pub type ReceiptsOf<T: Config> = StorageDoubleMap<_, Blake2_128Concat, T::AccountId, Twox64Concat, JobId, ()>;

	/// Hashes of this block's leaves, in the order of their recording; empty outside of a block.
	#[pallet::storage]
	#[pallet::unbounded]
	#[pallet::whitelist_storage]
	pub type Leaves<T: Config> = StorageValue<_, Vec<H256>, ValueQuery>;

	/// The set that finalizes the blocks after this one, as the last block knew it.
	#[pallet::storage]
	pub type CurrentSet<T: Config> = StorageValue<_, SetId, ValueQuery>;

	/// The last block of each set that has ended. Its header names the next set. Kept for ever: a receipt of any age is
	/// proved through them.
	#[pallet::storage]
	pub type SetEnds<T: Config> = StorageMap<_, Twox64Concat, SetId, BlockNumber>;

	#[pallet::event]
	#[pallet::generate_deposit(pub(crate) fn deposit_event)]
	pub enum Event<T: Config> {
		/// A receipt was stored.
		Recorded {
			/// The job that ended.
			job: JobId,
		},
		/// A channel's receipt was stored.
		ChannelRecorded {
			/// The channel that was settled.
			channel: ChannelId,
		},
	}

	#[pallet::hooks]
	impl<T: Config> Hooks<BlockNumberFor<T>> for Pallet<T> {
		fn on_initialize(_: BlockNumberFor<T>) -> Weight {
			Self::finalize_weight().saturating_add(Self::forget_old())
		}

		fn on_finalize(_: BlockNumberFor<T>) {
			Self::seal();
			Self::note_set();
		}

		fn integrity_test() {
			assert!(T::RetentionPeriod::get() > 0, "a receipt must outlive its block, or nobody could read it");
			let least = Self::look_weight().saturating_add(Self::removal_weight());
			assert!(T::RetentionWeight::get().all_gte(least), "the weight must be enough for one receipt");
		}
	}
	#[pallet::view_functions]
	impl<T: Config> Pallet<T> {
		/// The record of a job that has ended, while it is in state.
		pub fn receipt(job: JobId) -> Option<Receipt<T::AccountId>> {
			Receipts::<T>::get(job)
		}

		/// At most 64 receipts of an account, as a client or as a miner's owner, after that of the job `after`.
		pub fn receipts_of(account: T::AccountId, after: Option<JobId>) -> Page<Receipt<T::AccountId>, JobId> {
			Self::view_receipts_of(account, after)
		}

		/// The record of a channel that was settled, while it is in state.
		pub fn channel_receipt(channel: ChannelId) -> Option<ChannelReceipt<T::AccountId>> {
			ChannelReceipts::<T>::get(channel)
		}

		/// At most 64 channel receipts of an account, as a client or as a miner's owner, after that of the channel `after`.
		pub fn channel_receipts_of(
			account: T::AccountId,
			after: Option<ChannelId>,
		) -> Page<ChannelReceipt<T::AccountId>, ChannelId> {
			Self::view_channel_receipts_of(account, after)
		}
	}
}
