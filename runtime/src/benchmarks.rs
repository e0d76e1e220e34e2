//! Which weights are measured here, and how the runtime is prepared for it.

use alloc::{string::String, vec::Vec};

use frame_benchmarking::{
	benchmarking::add_to_whitelist, define_benchmarks, BenchmarkBatch, BenchmarkConfig, BenchmarkList,
};
use frame_support::{
	storage::{storage_prefix, unhashed},
	traits::{PalletInfoAccess, StorageInfo, StorageInfoTrait, WhitelistedStorageKeys},
};
use frame_system_benchmarking::{extensions::Pallet as SystemExtensionsBench, Pallet as SystemBench};
use sp_keyring::Sr25519Keyring;

use crate::*;

define_benchmarks!(
	[frame_system, SystemBench::<Runtime>]
	[frame_system_extensions, SystemExtensionsBench::<Runtime>]
	[pallet_timestamp, Timestamp]
	[pallet_balances, Balances]
	[pallet_transaction_payment, TransactionPayment]
	[pallet_utility, Utility]
	[pallet_sudo, Sudo]
	[pallet_models, Models]
	[pallet_miners, Miners]
	[pallet_jobs, Jobs]
	[pallet_parameters, Parameters]
	[pallet_channels, Channels]
);

impl frame_system_benchmarking::Config for Runtime {}

impl pallet_transaction_payment::BenchmarkConfig for Runtime {
	/// Gives the block an author, who takes the fee. All transactions of a block pay the same author, so its account is
	/// as good as in memory. So is the payer's, which `CheckNonce` has read and written for the same transaction and
	/// counts.
	fn setup_benchmark_environment() {
		let author = Sr25519Keyring::AliceStash.to_account_id();
		let key = storage_prefix(Authorship::name().as_bytes(), b"Author");
		unhashed::put(&key, &author);
		add_to_whitelist(key.to_vec().into());
		let payer: AccountId = frame_benchmarking::account("caller", 0, 0);
		for account in [author, payer] {
			add_to_whitelist(frame_system::Account::<Runtime>::hashed_key_for(account).into());
		}
	}
}

/// The benchmarks that there are.
pub(crate) fn metadata(extra: bool) -> (Vec<BenchmarkList>, Vec<StorageInfo>) {
	let mut list = Vec::new();
	list_benchmarks!(list, extra);
	(list, AllPalletsWithSystem::storage_info())
}

/// Runs the benchmark that `config` names.
pub(crate) fn dispatch(config: BenchmarkConfig) -> Result<Vec<BenchmarkBatch>, String> {
	let whitelist = AllPalletsWithSystem::whitelisted_storage_keys();
	let mut batches = Vec::new();
	let params = (&config, &whitelist);
	add_benchmarks!(params, batches);
	Ok(batches)
}
