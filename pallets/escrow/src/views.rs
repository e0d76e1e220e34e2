//! What can be asked about money that is held.

use frame::{prelude::*, traits::fungible::InspectHold};
use millrace_primitives::{query::PayerIndex, traits::EscrowId, Balance, Page};

use crate::*;

/// An account's money that is held.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
pub struct EscrowAccount<AccountId> {
	/// Plancks held for all that it pays for together: the fees and deposits of all pages of `rows`.
	pub held: Balance,
	/// Its open rows by job or channel.
	pub rows: Page<(EscrowId, Row<AccountId>), EscrowId>,
}

impl<T: Config<I>, I: 'static> Pallet<T, I> {
	pub(crate) fn view_account(who: T::AccountId, after: Option<EscrowId>) -> EscrowAccount<T::AccountId> {
		let rows = Page::of(T::Payers::paid_by(&who, after), |id| Some((*id, Rows::<T, I>::get(id)?)));
		EscrowAccount { held: T::Currency::balance_on_hold(&HoldReason::<I>::Escrowed.into(), &who), rows }
	}
}
