#![doc = include_str!("../README.md")]
#![cfg_attr(not(feature = "std"), no_std)]

extern crate alloc;

#[cfg(feature = "runtime-benchmarks")]
mod benchmarking;
mod impls;
mod types;
pub mod weights;

#[cfg(test)]
mod mock;
#[cfg(test)]
mod tests;

pub use pallet::*;
pub use types::{
	DepositBase, DepositPerByte, MaxTimeout, MinFee, MinStake, MinTimeout, ModelDeposit, Parameter, Parameters,
	QueueTimeout, RetentionPeriod, StakePerSlot, UnbondingPeriod,
};
pub use weights::WeightInfo;

#[frame::pallet]
pub mod pallet {
	use super::{Parameter, Parameters, WeightInfo};
	use frame::prelude::*;

	/// The layout of this pallet's storage.
	pub const STORAGE_VERSION: StorageVersion = StorageVersion::new(1);

	#[pallet::pallet]
	#[pallet::storage_version(STORAGE_VERSION)]
	pub struct Pallet<T>(_);

	#[pallet::config]
	pub trait Config: frame_system::Config {
		/// Who may change a parameter.
		type AdminOrigin: EnsureOrigin<Self::RuntimeOrigin>;
		/// What counts until a parameter is changed. A later runtime must keep it for chains that have changed none.
		type Initial: Get<Parameters>;
		/// The least value of each.
		#[pallet::constant]
		type Lowest: Get<Parameters>;
		/// The greatest value of each.
		#[pallet::constant]
		type Highest: Get<Parameters>;
		/// Weights of this pallet's calls.
		type WeightInfo: WeightInfo;
	}

	/// The parameters in force.
	#[pallet::storage]
	pub type Current<T: Config> = StorageValue<_, Parameters, ValueQuery, T::Initial>;

	#[pallet::event]
	#[pallet::generate_deposit(pub(crate) fn deposit_event)]
	pub enum Event<T: Config> {
		/// A parameter was changed.
		Changed {
			/// With the value that it had.
			from: Parameter,
			/// With the value that it has from now on.
			to: Parameter,
		},
	}

	#[pallet::error]
	pub enum Error<T> {
		/// The value is below the parameter's bound; the constant `Lowest` has it.
		BelowLowest,
		/// The value is above the parameter's bound; the constant `Highest` has it.
		AboveHighest,
	}

	#[pallet::hooks]
	impl<T: Config> Hooks<BlockNumberFor<T>> for Pallet<T> {
		fn integrity_test() {
			Self::check_config().expect("the runtime's parameters and bounds fit together");
		}
	}

	#[pallet::call(weight(<T as Config>::WeightInfo))]
	impl<T: Config> Pallet<T> {
		/// Changes one parameter, from `AdminOrigin` only. What is under way keeps the value that it began with.
		#[pallet::call_index(0)]
		pub fn set(origin: OriginFor<T>, parameter: Parameter) -> DispatchResult {
			T::AdminOrigin::ensure_origin(origin)?;
			Self::do_set(parameter)
		}
	}
}
