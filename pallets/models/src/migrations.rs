//! Changes of the storage's layout.

#[cfg(any(test, feature = "try-runtime"))]
use alloc::vec::Vec;
use frame::{
	deps::frame_support::{migrations::VersionedMigration, storage::unhashed, traits::UncheckedOnRuntimeUpgrade},
	prelude::*,
};
use millrace_primitives::{Balance, ModelId, ModelKind};

use crate::*;

/// Most entries that get a kind in the block of the upgrade: 120 ms at ParityDB's declared price, and an author has 450 for
/// a block. A block that takes longer is thrown away, by each author again, and the chain stands still. An entry beyond
/// this number can't be read any longer; a chain with so many must bring a migration of many blocks.
pub const MAX_MODELS: u32 = 2_048;

/// Version 1 to 2: entries have a kind. All that there are until then are text models.
pub type V1ToV2<T> = VersionedMigration<1, 2, GiveKinds<T>, Pallet<T>, <T as frame_system::Config>::DbWeight>;

/// An entry of version 1.
#[derive(Encode, Decode)]
pub(crate) struct OldModel<AccountId> {
	pub(crate) owner: AccountId,
	pub(crate) name: ModelName,
	pub(crate) digest: H256,
	pub(crate) template_hash: H256,
	pub(crate) context_length: u32,
	pub(crate) template_tokens: u32,
	pub(crate) deposit: Balance,
	pub(crate) retired: bool,
}

impl<AccountId> From<OldModel<AccountId>> for Model<AccountId> {
	fn from(old: OldModel<AccountId>) -> Self {
		let OldModel { owner, name, digest, template_hash, context_length, template_tokens, deposit, retired } = old;
		let kind = ModelKind::Text;
		Self { owner, name, digest, template_hash, context_length, template_tokens, deposit, retired, kind }
	}
}

/// Makes each entry a text model.
pub struct GiveKinds<T>(PhantomData<T>);

impl<T: Config> GiveKinds<T> {
	fn ids() -> impl Iterator<Item = ModelId> {
		0..NextModelId::<T>::get().min(MAX_MODELS)
	}

	/// Checks that there is room for all entries, and returns how many there are.
	#[cfg(any(test, feature = "try-runtime"))]
	pub(crate) fn before() -> Result<Vec<u8>, frame::deps::sp_runtime::TryRuntimeError> {
		ensure!(NextModelId::<T>::get() <= MAX_MODELS, "there are more models than one block can take");
		Ok((Models::<T>::iter_keys().count() as u32).encode())
	}

	/// Checks that as many entries as in `before` can be read, all of text models.
	#[cfg(any(test, feature = "try-runtime"))]
	pub(crate) fn after(before: Vec<u8>) -> Result<(), frame::deps::sp_runtime::TryRuntimeError> {
		let count = u32::decode(&mut &before[..]).map_err(|_| "the count does not decode")?;
		let text = Models::<T>::iter_values().filter(|model| model.kind == ModelKind::Text).count();
		ensure!(text as u32 == count, "an entry has no kind, or another one");
		Pallet::<T>::do_try_state()
	}
}

impl<T: Config> UncheckedOnRuntimeUpgrade for GiveKinds<T> {
	fn on_runtime_upgrade() -> Weight {
		let mut touched = 0u64;
		for id in Self::ids() {
			if let Some(old) = unhashed::get::<OldModel<T::AccountId>>(&Models::<T>::hashed_key_for(id)) {
				Models::<T>::insert(id, Model::from(old));
			}
			touched = touched.saturating_add(1);
		}
		T::DbWeight::get().reads_writes(touched.saturating_add(1), touched)
	}

	#[cfg(feature = "try-runtime")]
	fn pre_upgrade() -> Result<Vec<u8>, frame::deps::sp_runtime::TryRuntimeError> {
		Self::before()
	}

	#[cfg(feature = "try-runtime")]
	fn post_upgrade(before: Vec<u8>) -> Result<(), frame::deps::sp_runtime::TryRuntimeError> {
		Self::after(before)
	}
}
