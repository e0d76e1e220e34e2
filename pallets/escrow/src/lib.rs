#![doc = include_str!("../README.md")]
#![cfg_attr(not(feature = "std"), no_std)]

extern crate alloc;

mod impls;
mod views;

#[cfg(test)]
mod mock;
#[cfg(test)]
mod tests;

pub use pallet::*;
pub use views::EscrowAccount;

#[frame::pallet]
pub mod pallet {
	use super::*;
	use frame::{
		prelude::*,
		traits::fungible::{Inspect, MutateHold},
	};
	use millrace_primitives::{query::PayerIndex, Balance, JobId};

	/// The layout of this pallet's storage.
	pub const STORAGE_VERSION: StorageVersion = StorageVersion::new(1);

	#[pallet::pallet]
	#[pallet::storage_version(STORAGE_VERSION)]
	pub struct Pallet<T>(_);

	#[pallet::config]
	pub trait Config: frame_system::Config {
		/// The money.
		type Currency: MutateHold<Self::AccountId, Balance = Balance, Reason = Self::RuntimeHoldReason>
			+ Inspect<Self::AccountId, Balance = Balance>;
		/// The runtime's reasons for a hold.
		type RuntimeHoldReason: From<HoldReason>;
		/// The jobs that an account pays for, so that its rows can be found; asked by queries only.
		type Payers: PayerIndex<Self::AccountId>;
	}

	/// Why this pallet holds money.
	#[pallet::composite_enum]
	pub enum HoldReason {
		/// A job's fee and deposit.
		Job,
	}

	/// The money of one job, in plancks.
	#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, MaxEncodedLen, TypeInfo)]
	pub struct Row<AccountId> {
		/// Whose money it is.
		pub payer: AccountId,
		/// Still held for the fee; 0 once settled.
		pub fee: Balance,
		/// Still held for the job's bytes on chain.
		pub deposit: Balance,
		/// Whether the fee was paid or refunded.
		pub settled: bool,
	}

	/// Open rows by job.
	#[pallet::storage]
	pub type Rows<T: Config> = StorageMap<_, Twox64Concat, JobId, Row<T::AccountId>>;

	#[pallet::event]
	#[pallet::generate_deposit(pub(crate) fn deposit_event)]
	pub enum Event<T: Config> {
		/// Money was held for a job.
		Opened {
			/// The job.
			job: JobId,
			/// Whose money.
			payer: T::AccountId,
			/// The most that the job can cost, in plancks.
			fee: Balance,
			/// For the job's bytes on chain, in plancks.
			deposit: Balance,
		},
		/// A part of the fee went to the payee, the rest back to the payer.
		Paid {
			/// The job.
			job: JobId,
			/// Who got it.
			payee: T::AccountId,
			/// Plancks paid.
			amount: Balance,
			/// Plancks given back.
			refund: Balance,
		},
		/// The whole fee went back to the payer.
		Refunded {
			/// The job.
			job: JobId,
			/// Who got it back.
			payer: T::AccountId,
			/// Plancks given back.
			amount: Balance,
		},
		/// The deposit went back to the payer; the row is gone.
		Closed {
			/// The job.
			job: JobId,
			/// Who got it back.
			payer: T::AccountId,
			/// Plancks given back.
			deposit: Balance,
		},
	}

	#[pallet::error]
	pub enum Error<T> {
		/// The free balance above the existential deposit is less than the maximum fee and the deposit together.
		InsufficientBalance,
		/// The job has a row already.
		AlreadyOpen,
		/// The job has no row.
		UnknownRow,
		/// The fee was paid or refunded before.
		AlreadySettled,
		/// The payment is above the fee that is held.
		AboveFee,
		/// The fee must be paid or refunded before the row can be closed.
		NotSettled,
		/// Fee and deposit together do not fit a balance.
		Overflow,
	}

	#[pallet::view_functions]
	impl<T: Config> Pallet<T> {
		/// The money of one job; `None` once the job is pruned.
		pub fn row(job: JobId) -> Option<Row<T::AccountId>> {
			Rows::<T>::get(job)
		}

		/// What is held of an account for jobs, and at most 64 of its rows, after the job `after`.
		pub fn account(who: T::AccountId, after: Option<JobId>) -> EscrowAccount<T::AccountId> {
			Self::view_account(who, after)
		}
	}
}
