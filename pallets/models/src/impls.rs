//! What the calls do.

use frame::{
	prelude::*,
	traits::{fungible::MutateHold, tokens::Precision},
};
use millrace_primitives::{traits::ModelRegistry, Balance, ModelId, ModelKind, ModelSummary};

use crate::*;

impl<T: Config> Pallet<T> {
	pub(crate) fn do_register(
		owner: T::AccountId,
		name: ModelName,
		kind: ModelKind,
		digest: H256,
		template_hash: H256,
		context_length: u32,
		template_tokens: u32,
	) -> DispatchResult {
		let deposit = T::Deposit::get();
		let model = Model {
			owner: owner.clone(),
			name,
			digest,
			template_hash,
			context_length,
			template_tokens,
			deposit,
			retired: false,
			kind,
		};
		Self::check(&model)?;
		T::Currency::hold(&HoldReason::ModelDeposit.into(), &owner, deposit)?;
		let id = Self::insert(model)?;
		Self::deposit_event(Event::Registered { model: id, owner, digest });
		Ok(())
	}

	pub(crate) fn do_retire(who: T::AccountId, id: ModelId) -> DispatchResult {
		Models::<T>::try_mutate(id, |entry| {
			let model = entry.as_mut().ok_or(Error::<T>::UnknownModel)?;
			ensure!(model.owner == who, Error::<T>::NotOwner);
			ensure!(!model.retired, Error::<T>::AlreadyRetired);
			model.retired = true;
			let deposit = core::mem::take(&mut model.deposit);
			T::Currency::release(&HoldReason::ModelDeposit.into(), &who, deposit, Precision::Exact)?;
			Self::deposit_event(Event::Retired { model: id });
			Ok(())
		})
	}

	/// Genesis has no caller to answer: an entry that breaks a rule stops the chain before its first block.
	pub(crate) fn genesis_model(model: &GenesisModel<T::AccountId>) {
		let name = ModelName::try_from(model.name.clone().into_bytes()).expect("genesis: model name above 64 bytes");
		let entry = Model {
			owner: model.owner.clone(),
			name,
			digest: model.digest,
			template_hash: model.template_hash,
			context_length: model.context_length,
			template_tokens: model.template_tokens,
			deposit: 0,
			retired: false,
			kind: model.kind,
		};
		Self::check(&entry).expect("genesis: bad model entry");
		Self::insert(entry).expect("genesis: model numbers used up");
	}

	fn check(model: &Model<T::AccountId>) -> DispatchResult {
		let text = core::str::from_utf8(&model.name).map_err(|_| Error::<T>::BadName)?;
		ensure!(!text.trim().is_empty(), Error::<T>::BadName);
		let fits = match model.kind.has_tokens() {
			true => model.context_length <= T::MaxContextLength::get() && model.template_tokens < model.context_length,
			false => model.context_length == 0 && model.template_tokens == 0,
		};
		ensure!(fits, Error::<T>::BadContextLength);
		ensure!(!ModelByName::<T>::contains_key(&model.name), Error::<T>::NameTaken);
		ensure!(!ModelByDigest::<T>::contains_key(model.digest), Error::<T>::DigestTaken);
		Ok(())
	}

	fn insert(model: Model<T::AccountId>) -> Result<ModelId, DispatchError> {
		let id = NextModelId::<T>::get();
		NextModelId::<T>::put(id.checked_add(1).ok_or(Error::<T>::IdsExhausted)?);
		ModelByName::<T>::insert(&model.name, id);
		ModelByDigest::<T>::insert(model.digest, id);
		Models::<T>::insert(id, model);
		Ok(id)
	}

	/// Checks that the indices and the held deposits agree with the entries.
	pub fn do_try_state() -> Result<(), frame::deps::sp_runtime::TryRuntimeError> {
		use frame::traits::fungible::InspectHold;
		let mut owed = alloc::collections::BTreeMap::<T::AccountId, Balance>::new();
		for (id, model) in Models::<T>::iter() {
			ensure!(id < NextModelId::<T>::get(), "a model's number is above the next one");
			ensure!(ModelByName::<T>::get(&model.name) == Some(id), "a model is missing in ModelByName");
			ensure!(ModelByDigest::<T>::get(model.digest) == Some(id), "a model is missing in ModelByDigest");
			let sum = owed.entry(model.owner).or_default();
			*sum = sum.checked_add(model.deposit).ok_or("model deposits overflow")?;
		}
		ensure!(ModelByName::<T>::iter().count() == Models::<T>::iter().count(), "ModelByName has a stray entry");
		ensure!(ModelByDigest::<T>::iter().count() == Models::<T>::iter().count(), "ModelByDigest has a stray entry");
		for (owner, sum) in owed {
			let held = T::Currency::balance_on_hold(&HoldReason::ModelDeposit.into(), &owner);
			ensure!(held == sum, "a model owner's hold differs from the deposits");
		}
		Ok(())
	}
}

impl<T: Config> ModelRegistry for Pallet<T> {
	fn active(model: ModelId) -> Option<ModelSummary> {
		Models::<T>::get(model).filter(|model| !model.retired).map(summary)
	}

	fn get(model: ModelId) -> Option<ModelSummary> {
		Models::<T>::get(model).map(summary)
	}

	#[cfg(feature = "runtime-benchmarks")]
	fn benchmark_model(index: u32) -> ModelId {
		Self::model_for_benchmark(index)
	}
}

fn summary<AccountId>(model: Model<AccountId>) -> ModelSummary {
	let Model { kind, digest, context_length, template_tokens, .. } = model;
	ModelSummary { kind, digest, context_length, template_tokens }
}
