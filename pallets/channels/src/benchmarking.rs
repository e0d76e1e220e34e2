//! What calls and hooks take at the worst.

use alloc::boxed::Box;
use frame::{
	benchmarking::prelude::*,
	deps::{
		sp_core::{crypto::KeyTypeId, sr25519},
		sp_io::crypto::{sr25519_generate, sr25519_sign},
		sp_runtime::AccountId32,
	},
};
use millrace_primitives::{
	traits::{Escrow, ModelRegistry, Stakes},
	Balance, ChannelId, Checkpoint, CheckpointPayload, RunningTotal, Usage, Voucher, VoucherPayload,
};

use crate::*;

/// Where the keys of clients and operators are kept.
const KEYS: KeyTypeId = KeyTypeId(*b"mill");

fn signed<T: Config>(who: &AccountId32) -> OriginFor<T> {
	RawOrigin::Signed(who.clone()).into()
}

fn key(name: &str) -> AccountId32 {
	sr25519_generate(KEYS, Some(alloc::format!("//{name}").into_bytes())).into()
}

fn sign(who: &AccountId32, hash: &[u8; 32]) -> Result<sr25519::Signature, BenchmarkError> {
	let key = sr25519::Public::from_raw(*who.as_ref());
	Ok(sr25519_sign(KEYS, &key, hash).ok_or("the keystore has the key")?)
}

/// A client with money, and a miner's owner with stake that offers so many models.
fn parties<T: Config>(offers: u32) -> (AccountId32, AccountId32) {
	let (client, owner) = (account("client", 0, 0), account("owner", 0, 0));
	T::Escrow::benchmark_fund(&client);
	T::Miners::benchmark_stake(&owner, &key("operator"), offers);
	(client, owner)
}

/// The client opens a channel that its session key signs for.
fn opened<T: Config>(client: &AccountId32, owner: &AccountId32) -> Result<ChannelId, DispatchError> {
	let id = NextChannelId::<T>::get();
	let model = T::Models::benchmark_model(0);
	let deposit = T::MinDeposit::get().saturating_mul(2);
	Pallet::<T>::open(signed::<T>(client), owner.clone(), model, key("session"), deposit, None)?;
	Ok(id)
}

fn voucher<T: Config>(channel: ChannelId, fee: Balance) -> Result<Voucher, BenchmarkError> {
	let total = RunningTotal { fee, ..RunningTotal::default() };
	let payload = VoucherPayload { genesis: Pallet::<T>::genesis(), channel, total, checkpoint: H256::repeat_byte(1) };
	let signature = sign(&key("session"), &payload.signing_hash())?;
	Ok(Voucher { total, checkpoint: payload.checkpoint, signature })
}

fn checkpoint<T: Config>(channel: ChannelId, last: bool) -> Result<Checkpoint, BenchmarkError> {
	let payload = CheckpointPayload {
		genesis: Pallet::<T>::genesis(),
		channel,
		seq: 1,
		index: 0,
		request: H256::repeat_byte(1),
		output_hash: H256::repeat_byte(2),
		transcript_root: H256::repeat_byte(3),
		usage: Usage::default(),
		total: RunningTotal::default(),
		last,
	};
	Ok(Checkpoint { signature: sign(&key("operator"), &payload.signing_hash())?, payload })
}

fn is_settled<T: Config>(id: ChannelId) -> bool {
	Channels::<T>::get(id).is_some_and(|channel| matches!(channel.state, ChannelState::Settled { .. }))
}

#[benchmarks]
mod benchmarks {
	use super::*;

	#[benchmark]
	fn open() -> Result<(), BenchmarkError> {
		let (_, owner) = parties::<T>(1);
		let client: AccountId32 = whitelisted_caller();
		T::Escrow::benchmark_fund(&client);
		let (model, deposit) = (T::Models::benchmark_model(0), T::MinDeposit::get());

		#[extrinsic_call]
		_(RawOrigin::Signed(client), owner, model, key("session"), deposit, None);

		assert!(Channels::<T>::contains_key(0));
		Pallet::<T>::do_try_state()?;
		Ok(())
	}

	#[benchmark]
	fn top_up() -> Result<(), BenchmarkError> {
		let (_, owner) = parties::<T>(1);
		let client: AccountId32 = whitelisted_caller();
		T::Escrow::benchmark_fund(&client);
		let id = opened::<T>(&client, &owner)?;

		#[extrinsic_call]
		_(RawOrigin::Signed(client), id, 1);

		Pallet::<T>::do_try_state()?;
		Ok(())
	}

	/// By the operator: the channel settles, another one of the miner stays.
	#[benchmark]
	fn close() -> Result<(), BenchmarkError> {
		let (client, owner) = parties::<T>(1);
		let id = opened::<T>(&client, &owner)?;
		opened::<T>(&client, &owner)?;
		let voucher = Some(voucher::<T>(id, T::MinDeposit::get())?);
		let origin = signed::<T>(&key("operator"));

		// In a block the voucher is checked twice: for the fee, then for itself.
		#[block]
		{
			assert!(Pallet::<T>::closes(&origin, id, &voucher));
			Pallet::<T>::close(origin, id, voucher)?;
		}

		assert!(is_settled::<T>(id));
		Pallet::<T>::do_try_state()?;
		Ok(())
	}

	#[benchmark]
	fn challenge() -> Result<(), BenchmarkError> {
		let (client, owner) = parties::<T>(1);
		let id = opened::<T>(&client, &owner)?;
		Pallet::<T>::close(signed::<T>(&client), id, Some(voucher::<T>(id, 1)?))?;
		let better = voucher::<T>(id, 2)?;

		#[extrinsic_call]
		_(RawOrigin::Signed(whitelisted_caller()), id, better);

		Pallet::<T>::do_try_state()?;
		Ok(())
	}

	/// The slash takes all of the miner's stake and touches `n` offers.
	#[benchmark]
	fn report_equivocation(
		n: Linear<1, { <T::Miners as Stakes<AccountId32>>::MAX_OFFERS }>,
	) -> Result<(), BenchmarkError> {
		let (client, owner) = parties::<T>(n);
		let id = opened::<T>(&client, &owner)?;
		// As much as the stake: it leaves nothing for any offer.
		let all = T::Miners::bonded(&owner);
		Channels::<T>::mutate(id, |channel| {
			if let Some(channel) = channel {
				channel.deposit = all;
			}
		});
		let (first, second) = (checkpoint::<T>(id, false)?, checkpoint::<T>(id, true)?);

		#[extrinsic_call]
		_(RawOrigin::Signed(whitelisted_caller()), id, Box::new(first), Box::new(second));

		assert_eq!(T::Miners::bonded(&owner), 0);
		Ok(())
	}

	/// There is none.
	#[benchmark]
	fn agenda_block() {
		#[block]
		{
			assert!(Agenda::<T>::iter_key_prefix(0).next().is_none());
		}
	}

	/// A settlement, which takes more than what else can be due.
	#[benchmark]
	fn due() -> Result<(), BenchmarkError> {
		let (client, owner) = parties::<T>(1);
		let id = opened::<T>(&client, &owner)?;
		opened::<T>(&client, &owner)?;
		Pallet::<T>::close(signed::<T>(&client), id, Some(voucher::<T>(id, T::MinDeposit::get())?))?;
		let block = Channels::<T>::get(id).ok_or("the channel is there")?.due;

		#[block]
		{
			Pallet::<T>::work_due(block, id);
		}

		assert!(is_settled::<T>(id));
		Pallet::<T>::do_try_state()?;
		Ok(())
	}

	impl_benchmark_test_suite!(Pallet, crate::mock::externalities(), crate::mock::Test);
}
