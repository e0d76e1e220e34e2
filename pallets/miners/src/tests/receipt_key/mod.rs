//! The calls for receipt keys, a file each.

mod forget;
mod revoke;
mod set;

pub(super) use super::*;
pub(super) use crate::{ReceiptKey, ReceiptKeys, MAX_RECEIPT_KEYS};
pub(super) use frame::{
	deps::sp_core::{ed25519, Pair},
	traits::fungible::InspectHold,
};
pub(super) use millrace_primitives::receipt_key::possession_bytes;

fn pair(number: u32) -> ed25519::Pair {
	ed25519::Pair::from_seed(&BlakeTwo256::hash_of(&number).0)
}

fn key(number: u32) -> ed25519::Public {
	pair(number).public()
}

/// What shows that owner `who` has key `number`.
fn possession(who: u64, number: u32) -> ed25519::Signature {
	pair(number).sign(&possession_bytes(&System::block_hash(0), &who, &key(number)))
}

fn set(who: u64, number: u32) -> DispatchResult {
	Miners::set_receipt_key(owner(who), key(number), possession(who, number))
}

fn listed(who: u64) -> Vec<ReceiptKey> {
	ReceiptKeys::<Test>::get(who).into_inner()
}

fn row(number: u32, from: u32, until: Option<u32>) -> ReceiptKey {
	ReceiptKey { key: key(number), from, until, deposit: KEY_DEPOSIT }
}

fn held(who: u64) -> Balance {
	Balances::balance_on_hold(&HoldReason::ReceiptKeys.into(), &who)
}
