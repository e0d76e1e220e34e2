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
	use millrace_primitives::{query::PayerIndex, traits::EscrowId, Balance};

	/// The layout of this pallet's storage.
	pub const STORAGE_VERSION: StorageVersion = StorageVersion::new(1);

	#[pallet::pallet]
	#[pallet::storage_version(STORAGE_VERSION)]
	pub struct Pallet<T, I = ()>(_);

	#[pallet::config]
	pub trait Config<I: 'static = ()>: frame_system::Config {
		/// The money.
		type Currency: MutateHold<Self::AccountId, Balance = Balance, Reason = Self::RuntimeHoldReason>
			+ Inspect<Self::AccountId, Balance = Balance>;
		/// The runtime's reasons for a hold.
		type RuntimeHoldReason: From<HoldReason<I>>;
		/// What an account pays for, so that its rows can be found; asked by queries only.
		type Payers: PayerIndex<Self::AccountId>;
	}

	/// Why this pallet holds money.
	#[pallet::composite_enum]
	pub enum HoldReason<I: 'static = ()> {
		/// The fee and the deposit of an open row.
		Escrowed,
	}

	/// The money of one job or channel, in plancks.
	#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, MaxEncodedLen, TypeInfo)]
	pub struct Row<AccountId> {
		/// Whose money it is.
		pub payer: AccountId,
		/// Still held for the fee; 0 once settled.
		pub fee: Balance,
		/// Still held for what it keeps in the chain's state.
		pub deposit: Balance,
		/// Whether the fee was paid or refunded.
		pub settled: bool,
	}

	/// Open rows by the number of their job or channel.
	#[pallet::storage]
	pub type Rows<T: Config<I>, I: 'static = ()> = StorageMap<_, Twox64Concat, EscrowId, Row<T::AccountId>>;

	#[pallet::event]
	#[pallet::generate_deposit(pub(crate) fn deposit_event)]
	pub enum Event<T: Config<I>, I: 'static = ()> {
		/// Money was held.
		Opened {
			/// The job or channel.
			id: EscrowId,
			/// Whose money.
			payer: T::AccountId,
			/// The most that can be paid, in plancks.
			fee: Balance,
			/// For what is kept in the chain's state, in plancks.
			deposit: Balance,
		},
		/// A part of the fee went to the payee, the rest back to the payer.
		Paid {
			/// The job or channel.
			id: EscrowId,
			/// Who got it.
			payee: T::AccountId,
			/// Plancks paid.
			amount: Balance,
			/// Plancks given back.
			refund: Balance,
		},
		/// The whole fee went back to the payer.
		Refunded {
			/// The job or channel.
			id: EscrowId,
			/// Who got it back.
			payer: T::AccountId,
			/// Plancks given back.
			amount: Balance,
		},
		/// More money was held.
		ToppedUp {
			/// The job or channel.
			id: EscrowId,
			/// Whose money.
			payer: T::AccountId,
			/// Plancks that can be paid more than before.
			amount: Balance,
		},
		/// The deposit went back to the payer; the row is gone.
		Closed {
			/// The job or channel.
			id: EscrowId,
			/// Who got it back.
			payer: T::AccountId,
			/// Plancks given back.
			deposit: Balance,
		},
	}

	#[pallet::error]
	pub enum Error<T, I = ()> {
		/// The free balance above the existential deposit is less than the maximum fee and the deposit together.
		InsufficientBalance,
		/// There is a row already.
		AlreadyOpen,
		/// There is no row.
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
	impl<T: Config<I>, I: 'static> Pallet<T, I> {
		/// The money of one job or channel; `None` once it is pruned.
		pub fn row(id: EscrowId) -> Option<Row<T::AccountId>> {
			Rows::<T, I>::get(id)
		}

		/// What is held of an account, and at most 64 of its rows, after the row `after`.
		pub fn account(who: T::AccountId, after: Option<EscrowId>) -> EscrowAccount<T::AccountId> {
			Self::view_account(who, after)
		}
	}
}
