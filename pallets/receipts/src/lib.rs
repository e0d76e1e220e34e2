#![doc = include_str!("../README.md")]
#![cfg_attr(not(feature = "std"), no_std)]

extern crate alloc;

mod index;

#[cfg(test)]
mod mock;
#[cfg(test)]
mod tests;

pub use pallet::*;

#[frame::pallet]
pub mod pallet {
	use alloc::vec::Vec;
	use frame::{
		deps::sp_runtime::{ConsensusEngineId, DigestItem},
		prelude::*,
	};
	use millrace_primitives::{traits::Receipts as ReceiptsTrait, JobId, Page, Receipt};

	/// The layout of this pallet's storage.
	pub const STORAGE_VERSION: StorageVersion = StorageVersion::new(1);

	/// Marks the receipts' root among a header's digest items.
	pub const ENGINE_ID: ConsensusEngineId = *b"MILL";

	#[pallet::pallet]
	#[pallet::storage_version(STORAGE_VERSION)]
	pub struct Pallet<T>(_);

	#[pallet::config]
	pub trait Config: frame_system::Config {}

	/// Receipts by job.
	#[pallet::storage]
	pub type Receipts<T: Config> = StorageMap<_, Twox64Concat, JobId, Receipt<T::AccountId>>;

	/// The receipts of an account, as a client or as a miner's owner.
	#[pallet::storage]
	pub type ReceiptsOf<T: Config> = StorageDoubleMap<_, Blake2_128Concat, T::AccountId, Twox64Concat, JobId, ()>;

	/// Hashes of this block's leaves, in the order of their recording; empty outside of a block.
	#[pallet::storage]
	#[pallet::unbounded]
	pub type Leaves<T: Config> = StorageValue<_, Vec<H256>, ValueQuery>;

	#[pallet::event]
	#[pallet::generate_deposit(fn deposit_event)]
	pub enum Event<T: Config> {
		/// A receipt was stored.
		Recorded {
			/// The job that ended.
			job: JobId,
		},
	}

	#[pallet::hooks]
	impl<T: Config> Hooks<BlockNumberFor<T>> for Pallet<T> {
		fn on_initialize(_: BlockNumberFor<T>) -> Weight {
			// Read and taken at the block's end; each record pays for its own leaf.
			T::DbWeight::get().reads_writes(1, 1)
		}

		fn on_finalize(_: BlockNumberFor<T>) {
			let leaves = Leaves::<T>::take();
			if !leaves.is_empty() {
				let root = binary_merkle_tree::merkle_root_raw::<BlakeTwo256, _>(leaves);
				frame_system::Pallet::<T>::deposit_log(DigestItem::Consensus(ENGINE_ID, root.encode()));
			}
		}
	}

	impl<T: Config> Pallet<T> {
		/// Checks that no leaf waits. For the time outside of a block.
		pub fn do_try_state() -> Result<(), frame::deps::sp_runtime::TryRuntimeError> {
			for (job, receipt) in Receipts::<T>::iter() {
				ensure!(job == receipt.job, "a receipt is stored under another job");
				ensure!(receipt.submitted_at <= receipt.ended_at, "a job ended before its submission");
			}
			Self::check_index()
		}
	}

	#[pallet::view_functions]
	impl<T: Config> Pallet<T> {
		/// The record of a job that has ended.
		pub fn receipt(job: JobId) -> Option<Receipt<T::AccountId>> {
			Receipts::<T>::get(job)
		}

		/// At most 64 receipts of an account, as a client or as a miner's owner, after that of the job `after`.
		pub fn receipts_of(account: T::AccountId, after: Option<JobId>) -> Page<Receipt<T::AccountId>, JobId> {
			Self::view_receipts_of(account, after)
		}
	}

	impl<T: Config> ReceiptsTrait<T::AccountId> for Pallet<T> {
		fn record(receipt: Receipt<T::AccountId>) {
			let job = receipt.job;
			Leaves::<T>::append(BlakeTwo256::hash(&receipt.leaf()));
			Self::enlist(&receipt);
			Receipts::<T>::insert(job, receipt);
			Self::deposit_event(Event::Recorded { job });
		}
	}
}
