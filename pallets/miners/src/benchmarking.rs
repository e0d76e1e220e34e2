//! What the calls take at the worst.

use frame::{
	benchmarking::prelude::*,
	deps::{
		sp_core::{crypto::KeyTypeId, ed25519},
		sp_io::crypto::{ed25519_generate, ed25519_sign},
	},
	traits::fungible::Mutate,
};
use millrace_primitives::{
	receipt_key::possession_bytes,
	traits::{ModelRegistry, OnCapacity},
	Balance, ModelId, Rate,
};

use crate::*;

/// Plancks: more than any stake, and far from what a balance can hold.
const FUNDS: Balance = 1 << 100;
/// What every offer asks.
const RATE: Rate = Rate::PerToken { input: 10_000, output: 1_000_000 };

/// Where receipt keys are kept.
const KEYS: KeyTypeId = KeyTypeId(*b"mill");

fn signed<T: Config>(who: &T::AccountId) -> OriginFor<T> {
	RawOrigin::Signed(who.clone()).into()
}

/// Enough for as many slots as a benchmark offers, and for more that unbonds.
fn ample_stake<T: Config>() -> Balance {
	T::MinStake::get().saturating_add(T::StakePerSlot::get().saturating_mul(Balance::from(2 * MAX_OFFERS)))
}

fn register_as<T: Config>(owner: &T::AccountId, operator: &T::AccountId) -> DispatchResult {
	T::Currency::mint_into(owner, FUNDS)?;
	Pallet::<T>::register(signed::<T>(owner), operator.clone(), ample_stake::<T>())
}

/// The miner whose calls are measured.
fn caller<T: Config>() -> Result<T::AccountId, DispatchError> {
	let owner = whitelisted_caller();
	register_as::<T>(&owner, &account("operator", 0, 0))?;
	Ok(owner)
}

/// Offers models 0 to `offers` - 1, one slot each.
fn offer_all<T: Config>(owner: &T::AccountId, offers: u32) -> DispatchResult {
	(0..offers).try_for_each(|index| {
		let model = T::Models::benchmark_model(index);
		Pallet::<T>::offer(signed::<T>(owner), model, RATE, 1)
	})
}

/// A miner with offers for models 0 to `offers` - 1, and another one behind it on each ready list, so that leaving a
/// list moves a place.
fn offering<T: Config>(offers: u32) -> Result<T::AccountId, DispatchError> {
	let owner = caller::<T>()?;
	offer_before_another::<T>(&owner, offers)?;
	Ok(owner)
}

fn offer_before_another<T: Config>(owner: &T::AccountId, offers: u32) -> DispatchResult {
	offer_all::<T>(owner, offers)?;
	let other = account("other", 0, 0);
	register_as::<T>(&other, &account("other operator", 0, 0))?;
	offer_all::<T>(&other, offers)
}

/// Unbonds a planck in each of `parts` blocks.
fn unbond<T: Config>(owner: &T::AccountId, parts: u32) -> DispatchResult {
	(0..parts).try_for_each(|_| {
		Pallet::<T>::unstake(signed::<T>(owner), 1)?;
		later::<T>(1);
		Ok(())
	})
}

fn later<T: Config>(blocks: u32) {
	let now = T::BlockNumberProvider::current_block_number();
	T::BlockNumberProvider::set_block_number(now.saturating_add(blocks));
}

/// A new receipt key, and what shows that the owner has it.
fn receipt_key<T: Config>(
	owner: &T::AccountId,
	number: u32,
) -> Result<(ed25519::Public, ed25519::Signature), BenchmarkError> {
	let key = ed25519_generate(KEYS, Some(alloc::format!("//{number}").into_bytes()));
	let genesis = frame_system::Pallet::<T>::block_hash(BlockNumberFor::<T>::zero());
	let possession = ed25519_sign(KEYS, &key, &possession_bytes(&genesis, owner, &key));
	Ok((key, possession.ok_or("the keystore has the key")?))
}

/// Gives the owner `keys` receipt keys, of which the last is in use; returns the first.
fn set_receipt_keys<T: Config>(owner: &T::AccountId, keys: u32) -> Result<ed25519::Public, BenchmarkError> {
	for number in 0..keys {
		let (key, possession) = receipt_key::<T>(owner, number)?;
		Pallet::<T>::set_receipt_key(signed::<T>(owner), key, possession)?;
		later::<T>(1);
	}
	Ok(ReceiptKeys::<T>::get(owner).first().ok_or("there is a key")?.key)
}

/// An endpoint of the greatest length.
fn full_endpoint(byte: u8) -> Result<(PeerId, BoundedVec<Address, ConstU32<MAX_ADDRESSES>>), BenchmarkError> {
	let peer_id = PeerId::try_from(alloc::vec![byte; MAX_PEER_ID as usize]).map_err(|_| "it fits")?;
	let address = Address::try_from(alloc::vec![byte; MAX_ADDRESS as usize]).map_err(|_| "it fits")?;
	let addresses = alloc::vec![address; MAX_ADDRESSES as usize].try_into().map_err(|_| "they fit")?;
	Ok((peer_id, addresses))
}

fn set_full_endpoint<T: Config>(owner: &T::AccountId, byte: u8) -> Result<(), BenchmarkError> {
	let (peer_id, addresses) = full_endpoint(byte)?;
	Pallet::<T>::set_endpoint(signed::<T>(owner), peer_id, addresses)?;
	Ok(())
}

impl<T: Config> Pallet<T> {
	/// See [`millrace_primitives::traits::MinerPool::benchmark_miner`].
	pub(crate) fn miner_for_benchmark(
		owner: &T::AccountId,
		operator: &T::AccountId,
		model: ModelId,
		rate: Rate,
		slots: u32,
	) {
		register_as::<T>(owner, operator).expect("the owner is rich and new, and so is the operator");
		Self::offer(signed::<T>(owner), model, rate, slots).expect("the model is active and the stake reaches");
	}

	/// See [`millrace_primitives::traits::Stakes::benchmark_stake`].
	pub(crate) fn staked_for_benchmark(owner: &T::AccountId, operator: &T::AccountId, offers: u32) {
		register_as::<T>(owner, operator).expect("the owner is rich and new, and so is the operator");
		offer_before_another::<T>(owner, offers).expect("the models are active and the stake reaches");
	}
}

#[benchmarks]
mod benchmarks {
	use super::*;

	/// The operator's account does not exist yet.
	#[benchmark]
	fn register() -> Result<(), BenchmarkError> {
		let owner: T::AccountId = whitelisted_caller();
		T::Currency::mint_into(&owner, FUNDS)?;
		let operator: T::AccountId = account("operator", 0, 0);

		#[extrinsic_call]
		_(RawOrigin::Signed(owner.clone()), operator, ample_stake::<T>());

		assert!(Miners::<T>::contains_key(owner));
		Pallet::<T>::do_try_state()?;
		Ok(())
	}

	#[benchmark]
	fn stake() -> Result<(), BenchmarkError> {
		let owner = caller::<T>()?;

		#[extrinsic_call]
		_(RawOrigin::Signed(owner), 1);

		Pallet::<T>::do_try_state()?;
		Ok(())
	}

	/// The list of unbonding parts becomes full.
	#[benchmark]
	fn unstake() -> Result<(), BenchmarkError> {
		let owner = caller::<T>()?;
		unbond::<T>(&owner, MAX_UNBONDING - 1)?;

		#[extrinsic_call]
		_(RawOrigin::Signed(owner.clone()), 1);

		assert!(Miners::<T>::get(owner).is_some_and(|miner| miner.unbonding.is_full()));
		Pallet::<T>::do_try_state()?;
		Ok(())
	}

	/// Everything is withdrawn, so the miner goes.
	#[benchmark]
	fn withdraw_unbonded() -> Result<(), BenchmarkError> {
		let owner = caller::<T>()?;
		unbond::<T>(&owner, MAX_UNBONDING - 1)?;
		Pallet::<T>::deregister(signed::<T>(&owner)).map_err(|error| error.error)?;
		set_full_endpoint::<T>(&owner, 1)?;
		later::<T>(T::UnbondingPeriod::get());

		#[extrinsic_call]
		_(RawOrigin::Signed(owner.clone()));

		assert!(!Miners::<T>::contains_key(owner));
		Pallet::<T>::do_try_state()?;
		Ok(())
	}

	/// A slot more for a model that somebody waits for, of a miner with all the offers that it can make: it moves on the
	/// ready list, where another one is behind it.
	#[benchmark]
	fn offer() -> Result<(), BenchmarkError> {
		let owner = offering::<T>(MAX_OFFERS)?;
		let model = T::Models::benchmark_model(0);
		T::OnCapacity::benchmark_wait(model);

		#[extrinsic_call]
		_(RawOrigin::Signed(owner.clone()), model, RATE, 2);

		assert!(Offers::<T>::get(model, owner).is_some_and(|set| set.slots == 2));
		Pallet::<T>::do_try_state()?;
		Ok(())
	}

	#[benchmark]
	fn withdraw_offer() -> Result<(), BenchmarkError> {
		let owner = offering::<T>(MAX_OFFERS)?;
		let model = T::Models::benchmark_model(0);

		#[extrinsic_call]
		_(RawOrigin::Signed(owner.clone()), model);

		assert!(!Offers::<T>::contains_key(model, owner));
		Pallet::<T>::do_try_state()?;
		Ok(())
	}

	/// Leaving the lists writes more than joining them. By the operator, whose word is kept.
	#[benchmark]
	fn set_ready(n: Linear<0, MAX_OFFERS>) -> Result<(), BenchmarkError> {
		let owner = offering::<T>(n)?;
		let operator = Miners::<T>::get(&owner).ok_or("the miner is registered")?.operator;

		#[extrinsic_call]
		_(RawOrigin::Signed(operator), false);

		assert!(Miners::<T>::get(owner).is_some_and(|miner| !miner.ready));
		Pallet::<T>::do_try_state()?;
		Ok(())
	}

	#[benchmark]
	fn deregister(n: Linear<0, MAX_OFFERS>) -> Result<(), BenchmarkError> {
		let owner = offering::<T>(n)?;
		unbond::<T>(&owner, MAX_UNBONDING - 1)?;

		#[extrinsic_call]
		_(RawOrigin::Signed(owner.clone()));

		assert!(Miners::<T>::get(owner).is_some_and(|miner| miner.bonded == 0 && miner.models.is_empty()));
		Pallet::<T>::do_try_state()?;
		Ok(())
	}

	/// All of the stake that is bonded and all that unbonds, so that every offer is withdrawn. The beneficiary is paid.
	#[benchmark]
	fn slash(n: Linear<0, MAX_OFFERS>) -> Result<(), BenchmarkError> {
		let owner = offering::<T>(n)?;
		unbond::<T>(&owner, MAX_UNBONDING)?;
		let origin = T::SlashOrigin::try_successful_origin().map_err(|()| BenchmarkError::Weightless)?;

		#[extrinsic_call]
		_(origin as T::RuntimeOrigin, owner.clone(), Balance::MAX);

		assert!(Miners::<T>::get(owner).is_some_and(|miner| miner.bonded == 0 && miner.models.is_empty()));
		Pallet::<T>::do_try_state()?;
		Ok(())
	}

	/// The list becomes full, and the key before this one ends.
	#[benchmark]
	fn set_receipt_key() -> Result<(), BenchmarkError> {
		let owner = caller::<T>()?;
		set_receipt_keys::<T>(&owner, MAX_RECEIPT_KEYS - 1)?;
		let (key, possession) = receipt_key::<T>(&owner, MAX_RECEIPT_KEYS)?;

		#[extrinsic_call]
		_(RawOrigin::Signed(owner.clone()), key, possession);

		assert!(ReceiptKeys::<T>::get(owner).is_full());
		Pallet::<T>::do_try_state()?;
		Ok(())
	}

	#[benchmark]
	fn revoke_receipt_key() -> Result<(), BenchmarkError> {
		let owner = caller::<T>()?;
		set_receipt_keys::<T>(&owner, MAX_RECEIPT_KEYS)?;

		#[extrinsic_call]
		_(RawOrigin::Signed(owner.clone()));

		assert!(ReceiptKeys::<T>::get(owner).iter().all(|listed| listed.until.is_some()));
		Pallet::<T>::do_try_state()?;
		Ok(())
	}

	/// The first of a full list, so that all others move.
	#[benchmark]
	fn forget_receipt_key() -> Result<(), BenchmarkError> {
		let owner = caller::<T>()?;
		let first = set_receipt_keys::<T>(&owner, MAX_RECEIPT_KEYS)?;
		later::<T>(T::ReceiptKeyRetention::get());

		#[extrinsic_call]
		_(RawOrigin::Signed(owner.clone()), first);

		assert!(ReceiptKeys::<T>::get(owner).iter().all(|listed| listed.key != first));
		Pallet::<T>::do_try_state()?;
		Ok(())
	}

	/// As long as it can be, in place of another one, by the operator.
	#[benchmark]
	fn set_endpoint() -> Result<(), BenchmarkError> {
		let owner = caller::<T>()?;
		let operator = Miners::<T>::get(&owner).ok_or("the miner is registered")?.operator;
		set_full_endpoint::<T>(&owner, 1)?;
		let (peer_id, addresses) = full_endpoint(2)?;

		#[extrinsic_call]
		_(RawOrigin::Signed(operator), peer_id.clone(), addresses);

		assert!(Endpoints::<T>::get(owner).is_some_and(|endpoint| endpoint.peer_id == peer_id));
		Pallet::<T>::do_try_state()?;
		Ok(())
	}

	impl_benchmark_test_suite!(Pallet, crate::mock::externalities(), crate::mock::Test);
}
