#![doc = include_str!("../README.md")]
#![cfg_attr(not(feature = "std"), no_std)]

extern crate alloc;

#[cfg(feature = "runtime-benchmarks")]
mod benchmarking;
mod impls;
pub mod migrations;
pub mod weights;

#[cfg(test)]
mod mock;
#[cfg(test)]
mod tests;

pub use pallet::*;
pub use weights::WeightInfo;

#[frame::pallet]
pub mod pallet {
	use super::*;
	use alloc::vec::Vec;
	use frame::{
		prelude::*,
		traits::fungible::{Inspect, MutateHold},
	};
	use millrace_primitives::{model::MAX_MODEL_NAME, Balance, ModelId, ModelKind};

	/// The layout of this pallet's storage.
	pub const STORAGE_VERSION: StorageVersion = StorageVersion::new(2);

	/// A model's name: UTF-8, 1 to 64 bytes.
	pub type ModelName = BoundedVec<u8, ConstU32<MAX_MODEL_NAME>>;

	#[pallet::pallet]
	#[pallet::storage_version(STORAGE_VERSION)]
	pub struct Pallet<T>(_);

	#[pallet::config]
	pub trait Config: frame_system::Config {
		/// Holds the deposits.
		type Currency: MutateHold<Self::AccountId, Balance = Balance, Reason = Self::RuntimeHoldReason>
			+ Inspect<Self::AccountId, Balance = Balance>;
		/// The runtime's reasons for a hold.
		type RuntimeHoldReason: From<HoldReason>;
		/// Plancks held of a model's owner for its entry. Governance may change it; a change touches later entries only.
		type Deposit: Get<Balance>;
		/// Longest context in tokens that an entry may claim.
		#[pallet::constant]
		type MaxContextLength: Get<u32>;
		/// Weights of this pallet's calls.
		type WeightInfo: WeightInfo;
	}

	/// Why this pallet holds money.
	#[pallet::composite_enum]
	pub enum HoldReason {
		/// The deposit of a model's entry.
		ModelDeposit,
	}

	/// A registered model.
	#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, MaxEncodedLen, TypeInfo)]
	pub struct Model<AccountId> {
		/// Who registered it and may retire it.
		pub owner: AccountId,
		/// Its unique name.
		pub name: ModelName,
		/// What the model is: sha256 of its weights, of the name of a benchmark's rules, or of a task's definition.
		pub digest: H256,
		/// blake2-256 of the chat template's bytes.
		pub template_hash: H256,
		/// Tokens of prompt and answer together; 0 for a kind without tokens.
		pub context_length: u32,
		/// Most tokens that the chat template and BOS add to the input's own.
		pub template_tokens: u32,
		/// Plancks held for this entry.
		pub deposit: Balance,
		/// Whether it no longer takes jobs or offers.
		pub retired: bool,
		/// What work it does.
		pub kind: ModelKind,
	}

	/// All models, retired ones included.
	#[pallet::storage]
	pub type Models<T: Config> = StorageMap<_, Twox64Concat, ModelId, Model<T::AccountId>>;

	/// The model of a digest.
	#[pallet::storage]
	pub type ModelByDigest<T: Config> = StorageMap<_, Identity, H256, ModelId>;

	/// The model of a name.
	#[pallet::storage]
	pub type ModelByName<T: Config> = StorageMap<_, Blake2_128Concat, ModelName, ModelId>;

	/// The number that the next model gets.
	#[pallet::storage]
	pub type NextModelId<T: Config> = StorageValue<_, ModelId, ValueQuery>;

	#[pallet::event]
	#[pallet::generate_deposit(pub(crate) fn deposit_event)]
	pub enum Event<T: Config> {
		/// A model was registered.
		Registered {
			/// Its number.
			model: ModelId,
			/// Who registered it.
			owner: T::AccountId,
			/// What it is.
			digest: H256,
		},
		/// A model takes no more jobs and offers.
		Retired {
			/// Its number.
			model: ModelId,
		},
	}

	#[pallet::error]
	pub enum Error<T> {
		/// The name is empty or not UTF-8; give 1 to 64 bytes of text.
		BadName,
		/// Another model has this name; choose another one.
		NameTaken,
		/// A model with this digest is registered already; use that entry.
		DigestTaken,
		/// The context length is 0 or above `MaxContextLength`, or the template fills it; for a kind without tokens: one of
		/// the two is not 0.
		BadContextLength,
		/// No model has this number; `Models` lists them.
		UnknownModel,
		/// Only the account that registered the model may do this.
		NotOwner,
		/// The model is retired already.
		AlreadyRetired,
		/// Model numbers are used up.
		IdsExhausted,
	}

	/// A model that exists from block 0.
	#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo, serde::Serialize, serde::Deserialize)]
	#[serde(rename_all = "camelCase")]
	pub struct GenesisModel<AccountId> {
		/// Who may retire it.
		pub owner: AccountId,
		/// Its name.
		pub name: alloc::string::String,
		/// What work it does; text when it is left out.
		#[serde(default)]
		pub kind: ModelKind,
		/// What it is, see [`Model::digest`].
		pub digest: H256,
		/// blake2-256 of the chat template's bytes.
		pub template_hash: H256,
		/// Tokens of prompt and answer together.
		pub context_length: u32,
		/// Most tokens that the chat template and BOS add.
		pub template_tokens: u32,
	}

	#[pallet::genesis_config]
	#[derive(frame::prelude::DefaultNoBound)]
	pub struct GenesisConfig<T: Config> {
		/// Models that exist from block 0, without a deposit.
		pub models: Vec<GenesisModel<T::AccountId>>,
	}

	#[pallet::genesis_build]
	impl<T: Config> BuildGenesisConfig for GenesisConfig<T> {
		fn build(&self) {
			for model in &self.models {
				Pallet::<T>::genesis_model(model);
			}
		}
	}

	#[pallet::call(weight(<T as Config>::WeightInfo))]
	impl<T: Config> Pallet<T> {
		/// Registers a model and holds `Deposit` of the caller.
		///
		/// `digest` is the sha256 of the weights (a GGUF file), for a benchmark of the name of its rules, for a task of its
		/// definition. `template_hash` is blake2-256 of the chat template; `context_length` and `template_tokens` are tokens,
		/// 0 for a kind without any.
		#[pallet::call_index(0)]
		pub fn register(
			origin: OriginFor<T>,
			name: ModelName,
			kind: ModelKind,
			digest: H256,
			template_hash: H256,
			context_length: u32,
			template_tokens: u32,
		) -> DispatchResult {
			let owner = ensure_signed(origin)?;
			Self::do_register(owner, name, kind, digest, template_hash, context_length, template_tokens)
		}

		/// Takes a model out of use: no new jobs, no new offers. Jobs that run end as agreed. The deposit comes back.
		#[pallet::call_index(1)]
		pub fn retire(origin: OriginFor<T>, model: ModelId) -> DispatchResult {
			let owner = ensure_signed(origin)?;
			Self::do_retire(owner, model)
		}
	}
}
