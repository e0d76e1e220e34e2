//! Vouchers, closing and settling.

use frame::{deps::sp_runtime::AccountId32, prelude::*};
use millrace_primitives::{
	traits::{ChannelReceipts, Escrow, ModelRegistry},
	BlockNumber, ChannelId, ChannelReceipt, RunningTotal, Voucher,
};

use crate::*;

/// Who closes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Party {
	Client,
	Miner,
}

impl<T: Config> Pallet<T> {
	/// Hash of block 0. The system pallet keeps it in state for ever.
	pub(crate) fn genesis() -> H256 {
		let hash = frame_system::Pallet::<T>::block_hash(BlockNumberFor::<T>::zero());
		// 32 bytes on Millrace.
		H256::decode(&mut hash.as_ref()).unwrap_or_default()
	}

	/// What the voucher claims, when the channel's session key signed it.
	fn claim(id: ChannelId, channel: &Channel<AccountId32>, voucher: &Voucher) -> Result<Claim, Error<T>> {
		let payload = voucher.payload(Self::genesis(), id);
		ensure!(payload.verify(&voucher.signature, &channel.session_key), Error::<T>::BadVoucher);
		Ok(Claim { total: voucher.total, checkpoint: voucher.checkpoint })
	}

	/// Everything that `close` checks: the channel, who closes it, and the best claim so far.
	fn closable(
		who: &AccountId32,
		id: ChannelId,
		voucher: Option<&Voucher>,
	) -> Result<(Channel<AccountId32>, Party, Option<Claim>), Error<T>> {
		let channel = Channels::<T>::get(id).ok_or(Error::<T>::UnknownChannel)?;
		let party = if *who == channel.miner || *who == channel.operator {
			Party::Miner
		} else if *who == channel.client {
			Party::Client
		} else {
			return Err(Error::<T>::NotParty);
		};
		let best = match &channel.state {
			ChannelState::Open => None,
			ChannelState::Closing { best } if party == Party::Miner => *best,
			ChannelState::Closing { .. } => return Err(Error::<T>::NotOpen),
			ChannelState::Settled { .. } => return Err(Error::<T>::AlreadySettled),
		};
		let shown = voucher.map(|voucher| Self::claim(id, &channel, voucher)).transpose()?;
		Ok((channel, party, better(best, shown)))
	}

	/// Whether `close` with these arguments is free.
	pub(crate) fn closes(origin: &OriginFor<T>, id: ChannelId, voucher: &Option<Voucher>) -> bool {
		ensure_signed(origin.clone()).is_ok_and(|who| {
			Self::closable(&who, id, voucher.as_ref()).is_ok_and(|(channel, ..)| channel.operator == who)
		})
	}

	pub(crate) fn do_close(who: AccountId32, id: ChannelId, voucher: Option<Voucher>) -> DispatchResult {
		let (mut channel, party, best) = Self::closable(&who, id, voucher.as_ref())?;
		match party {
			// Nobody could show a voucher that is better for it than its own best one.
			Party::Miner => Self::settle(id, &mut channel, best)?,
			Party::Client => Self::begin_closing(id, &mut channel, best),
		}
		Channels::<T>::insert(id, channel);
		Ok(())
	}

	/// From now on the challenge window runs.
	pub(crate) fn begin_closing(id: ChannelId, channel: &mut Channel<AccountId32>, best: Option<Claim>) {
		Self::put_off(id, channel, T::ChallengeWindow::get());
		channel.state = ChannelState::Closing { best };
		let owed = best.map_or(0, |claim| claim.total.fee);
		// In the block of `due` the channel settles before any transaction.
		let until = channel.due.saturating_sub(1);
		Self::deposit_event(Event::Closing { channel: id, owed, until });
	}

	pub(crate) fn do_challenge(id: ChannelId, voucher: Voucher) -> DispatchResult {
		let mut channel = Channels::<T>::get(id).ok_or(Error::<T>::UnknownChannel)?;
		let ChannelState::Closing { best } = channel.state else { return Err(Error::<T>::NotClosing.into()) };
		let claim = Self::claim(id, &channel, &voucher)?;
		ensure!(best.is_none_or(|best| best.total.fee < claim.total.fee), Error::<T>::NotBetter);
		channel.state = ChannelState::Closing { best: Some(claim) };
		Self::deposit_event(Event::Challenged { channel: id, owed: claim.total.fee });
		Channels::<T>::insert(id, channel);
		Ok(())
	}

	/// Pays what the best claim says, as far as the deposit reaches, and gives the rest back.
	pub(crate) fn settle(id: ChannelId, channel: &mut Channel<AccountId32>, best: Option<Claim>) -> DispatchResult {
		let owed = best.map_or(0, |claim| claim.total.fee.min(channel.deposit));
		// An owner that has left with its last coin can't get less than the existential deposit; the client must get its
		// own back all the same.
		let paid = if owed > 0 && T::Escrow::can_pay(&channel.miner, owed) { owed } else { 0 };
		T::Escrow::pay(id, &channel.miner, paid)?;
		let refund = channel.deposit.saturating_sub(paid);
		Backing::<T>::mutate_exists(&channel.miner, |backing| {
			let left = backing.unwrap_or_default().saturating_sub(channel.deposit);
			*backing = (left > 0).then_some(left);
		});
		let now = T::BlockNumberProvider::current_block_number();
		T::Receipts::record(ChannelReceipt {
			channel: id,
			client: channel.client.clone(),
			miner: channel.miner.clone(),
			model_digest: T::Models::get(channel.model).map(|model| model.digest).unwrap_or_default(),
			rate: channel.rate,
			total: best.map_or_else(RunningTotal::default, |claim| claim.total),
			checkpoint: best.map(|claim| claim.checkpoint).unwrap_or_default(),
			paid,
			refund,
			opened_at: channel.opened_at,
			ended_at: now,
		});
		channel.state = ChannelState::Settled { paid };
		Self::put_off(id, channel, T::DisputeWindow::get());
		Self::deposit_event(Event::Settled { channel: id, paid, refund });
		Ok(())
	}

	/// Moves the channel's place in the agenda to so many blocks from now.
	fn put_off(id: ChannelId, channel: &mut Channel<AccountId32>, blocks: BlockNumber) {
		Agenda::<T>::remove(channel.due, id);
		channel.due = T::BlockNumberProvider::current_block_number().saturating_add(blocks);
		Agenda::<T>::insert(channel.due, id, ());
	}
}

/// The claim that owes more.
fn better(one: Option<Claim>, other: Option<Claim>) -> Option<Claim> {
	[one, other].into_iter().flatten().max_by_key(|claim| claim.total.fee)
}
