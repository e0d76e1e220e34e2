//! What the calls take at the worst.

use frame::{
	benchmarking::prelude::*,
	traits::{fungible::Unbalanced, tokens::Precision},
};
use millrace_primitives::{Balance, ModelId, ModelKind};

use crate::*;

/// Plancks: more than any deposit, and far from what a balance can hold.
const FUNDS: Balance = 1 << 100;

fn funded<T: Config>(owner: &T::AccountId) {
	// Falls short only of an account that has more than enough.
	let _ = T::Currency::increase_balance(owner, FUNDS, Precision::BestEffort);
}

/// A name of full length.
fn name(index: u32) -> ModelName {
	ModelName::truncate_from(alloc::format!("{index:0>64}").into_bytes())
}

fn digest(index: u32) -> H256 {
	BlakeTwo256::hash_of(&("benchmark", index))
}

impl<T: Config> Pallet<T> {
	/// See [`millrace_primitives::traits::ModelRegistry::benchmark_model`].
	pub(crate) fn model_for_benchmark(index: u32) -> ModelId {
		ModelByDigest::<T>::get(digest(index)).unwrap_or_else(|| {
			let owner = account("model owner", 0, 0);
			funded::<T>(&owner);
			register_as::<T>(owner, index).expect("the owner is rich, the name and digest are new")
		})
	}
}

fn register_as<T: Config>(owner: T::AccountId, index: u32) -> Result<ModelId, DispatchError> {
	let model = NextModelId::<T>::get();
	let context = T::MaxContextLength::get();
	let origin = RawOrigin::Signed(owner).into();
	Pallet::<T>::register(origin, name(index), ModelKind::Text, digest(index), H256::zero(), context, 0)?;
	Ok(model)
}

#[benchmarks]
mod benchmarks {
	use super::*;

	#[benchmark]
	fn register() -> Result<(), BenchmarkError> {
		let owner: T::AccountId = whitelisted_caller();
		funded::<T>(&owner);
		let context = T::MaxContextLength::get();

		#[extrinsic_call]
		_(RawOrigin::Signed(owner), name(0), ModelKind::Text, digest(0), H256::zero(), context, 0);

		assert!(ModelByDigest::<T>::contains_key(digest(0)));
		Pallet::<T>::do_try_state()?;
		Ok(())
	}

	#[benchmark]
	fn retire() -> Result<(), BenchmarkError> {
		let owner: T::AccountId = whitelisted_caller();
		funded::<T>(&owner);
		let model = register_as::<T>(owner.clone(), 0)?;

		#[extrinsic_call]
		_(RawOrigin::Signed(owner), model);

		assert!(Models::<T>::get(model).is_some_and(|model| model.retired));
		Pallet::<T>::do_try_state()?;
		Ok(())
	}

	impl_benchmark_test_suite!(Pallet, crate::mock::externalities(), crate::mock::Test);
}
