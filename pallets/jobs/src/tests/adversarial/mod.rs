//! What somebody would try who wants money, work or silence that is not theirs. Each test compares whole balances.

mod keys;
mod load;
mod money;
mod order;
mod privacy;
mod replay;
mod spam;
mod table;
mod table_miners;
mod usage;

use super::*;
use frame::deps::sp_runtime::AccountId32;
use std::collections::BTreeMap;

/// Free and held plancks of every account.
type Books = BTreeMap<AccountId32, (u128, u128)>;

fn books() -> Books {
	frame_system::Account::<Test>::iter()
		.map(|(who, account)| (who, (account.data.free, account.data.reserved)))
		.collect()
}

/// Plancks, free and held together, that came to an account since `before`.
fn gained(before: &Books, who: &AccountId32) -> i128 {
	let total = |books: &Books| books.get(who).map_or(0, |(free, held)| free + held) as i128;
	total(&books()) - total(before)
}

/// Checks who has more or less than before; everybody else must have the same, free and held together.
#[track_caller]
fn assert_gains(before: &Books, expected: &[(AccountId32, i128)]) {
	let expected: BTreeMap<_, _> = expected.iter().cloned().collect();
	let after = books();
	for who in before.keys().chain(after.keys()) {
		assert_eq!(gained(before, who), expected.get(who).copied().unwrap_or(0), "{who}");
	}
}

/// A job of alice's that miner1 has.
fn assigned() -> u64 {
	miner("miner1", 1);
	let job = submit_as("alice");
	next_blocks(1);
	assert_eq!(assignment(job).owner, account("miner1"));
	job
}

/// Submits for alice, with `miner` named.
fn submit_to(owner: &str, params: JobParams, max_fee: u128) -> u64 {
	let job = crate::NextJobId::<Test>::get();
	let call = Jobs::submit(signed(account("alice")), MODEL, b"hi".to_vec(), params, max_fee, Some(account(owner)));
	assert_ok!(call);
	job
}

/// The deposit that is held for a job's bytes.
fn deposit(job: u64) -> u128 {
	pallet_escrow::Rows::<Test>::get(job).unwrap().deposit
}

fn ended(job: u64, outcome: Outcome) {
	assert_eq!(state(job), JobState::Ended(outcome));
	assert_eq!(pallet_receipts::Receipts::<Test>::get(job).unwrap().outcome, outcome);
}
