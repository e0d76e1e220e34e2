//! Channels that have to be closed: the client closes them, their time is nearly over, or their deposit is.

use std::{sync::Arc, time::Duration};

use futures::StreamExt;
use millrace_client::{Channel, ChannelState};
use millrace_primitives::{BlockNumber, ChannelId, Voucher};
use tokio::time::{interval, timeout};

use super::{answer::SAYING, ledger::News, Hall};
use crate::pause::Pause;

/// Blocks before the end of a channel's time in which nothing new is answered and the miner closes it.
pub(super) const NEAR_END: BlockNumber = 600;

/// A channel is used up when less than one part in so many of its deposit is left.
const USED_UP: u128 = 50;

/// One that is used up is closed when nobody has come back to it, to top it up, for so long.
const WAIT: Duration = Duration::from_secs(600);

/// How often all channels are looked through, whatever the blocks say.
const LOOK: Duration = Duration::from_secs(60);

/// A closing that is in no block after this time is tried again at the next look.
const INCLUSION: Duration = Duration::from_secs(30);

/// What is to be done about a channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Todo {
	Nothing,
	/// Close it with what there is.
	Close,
	/// Nothing more is to be had from it. Whether it is forgotten depends on whether that is final.
	Over,
}

fn todo(channel: &Channel, best: BlockNumber, voucher: Option<&Voucher>, idle: Duration) -> Todo {
	let earned = voucher.map_or(0, |voucher| voucher.total.fee);
	match channel.state {
		ChannelState::Settled { .. } => Todo::Over,
		// Also when no better voucher is known, or none at all: it settles at once, the client need not wait for its money,
		// and nothing is left to watch.
		ChannelState::Closing { owed } if earned >= owed.fee => Todo::Close,
		ChannelState::Closing { .. } => Todo::Nothing,
		// It ends by itself.
		ChannelState::Open if earned == 0 => Todo::Nothing,
		ChannelState::Open if channel.due.saturating_sub(best) <= NEAR_END => Todo::Close,
		ChannelState::Open => {
			let used_up = channel.deposit.saturating_sub(earned) <= channel.deposit / USED_UP;
			if used_up && idle >= WAIT {
				Todo::Close
			} else {
				Todo::Nothing
			}
		}
	}
}

impl Hall {
	/// Closes channels when it is time, for ever.
	pub(super) async fn watch_channels(self: Arc<Self>) {
		let (mut look, mut pause) = (interval(LOOK), Pause::default());
		loop {
			let mut news = match self.ledger.news().await {
				Ok(news) => news,
				Err(error) => {
					tracing::debug!(%error, "the channels can't be followed yet");
					pause.wait().await;
					continue;
				}
			};
			pause.reset();
			// What happened while nobody looked.
			look.reset_immediately();
			loop {
				tokio::select! {
					_ = look.tick() => {
						self.look_at(self.book.channels()).await;
						if let Err(error) = self.ledger.sweep(self.book.folder()).await {
							tracing::debug!(%error, "old transcripts can't be looked through now");
						}
					}
					next = news.next() => match next {
						Some(News { best, changed }) => {
							for account in changed.iter().filter_map(|id| self.book.find(*id)) {
								account.forget_terms();
							}
							self.seen.put(best);
							self.look_at(changed).await;
						}
						None => break,
					},
				}
			}
			self.seen.clear();
		}
	}

	async fn look_at(&self, channels: Vec<ChannelId>) {
		for id in channels {
			if let Err(error) = self.look_after(id).await {
				tracing::warn!(channel = id, %error, "a channel could not be looked after; again in a minute");
			}
		}
	}

	async fn look_after(&self, id: ChannelId) -> anyhow::Result<()> {
		let Some(account) = self.book.find(id) else { return Ok(()) };
		let (channel, best) = self.ledger.channel(id).await?;
		let voucher = account.voucher().await;
		let todo = match &channel {
			Some(channel) => todo(channel, best, voucher.as_ref(), account.used().elapsed()),
			// Forgotten, or a node that is behind.
			None => Todo::Over,
		};
		match todo {
			Todo::Nothing => {}
			Todo::Close => {
				account.closing.cancel();
				// After the answer that is cut off, whose last voucher may be on its way. One that takes too long is left.
				let _idle = timeout(self.patience().saturating_add(SAYING), account.busy.lock()).await;
				let voucher = account.voucher().await;
				let fee = voucher.as_ref().map_or(0, |voucher| voucher.total.fee);
				timeout(INCLUSION, self.ledger.close(id, voucher)).await??;
				tracing::info!(channel = id, event = %"channel_closed", paid = %fee, "closed with the best voucher");
			}
			Todo::Over => {
				if self.ledger.is_over(id).await? {
					account.closing.cancel();
					self.book.forget(id).await?;
					tracing::info!(channel = id, event = %"channel_over", "settled for good");
				}
			}
		}
		Ok(())
	}
}

#[cfg(test)]
mod tests {
	use millrace_primitives::{AccountId32, Rate, RunningTotal, H256};

	use super::*;

	fn channel(state: ChannelState) -> Channel {
		let account = AccountId32::new([1; 32]);
		Channel {
			id: 1,
			client: account.clone(),
			session_key: account.clone(),
			miner: account.clone(),
			operator: account,
			model: 0,
			rate: Rate::PerGpuSecond(1),
			deposit: 1_000,
			opened_at: 1,
			due: 10_000,
			state,
			equivocated: false,
		}
	}

	fn total(fee: u128) -> RunningTotal {
		RunningTotal { fee, ..RunningTotal::default() }
	}

	fn voucher(fee: u128) -> Voucher {
		Voucher { total: total(fee), checkpoint: H256::zero(), signature: [0; 64].into() }
	}

	#[test]
	fn channel_should_be_closed_when_its_client_closes_it_or_its_time_is_nearly_over() {
		let of = |state, best, fee| todo(&channel(state), best, Some(&voucher(fee)), Duration::ZERO);
		assert_eq!(of(ChannelState::Open, 9_399, 5), Todo::Nothing);
		assert_eq!(of(ChannelState::Open, 9_400, 5), Todo::Close);
		assert_eq!(of(ChannelState::Closing { owed: total(4) }, 1, 5), Todo::Close);
		assert_eq!(of(ChannelState::Closing { owed: total(6) }, 1, 5), Todo::Nothing);
		assert_eq!(of(ChannelState::Settled { paid: 5 }, 1, 5), Todo::Over);
	}

	#[test]
	fn channel_without_a_voucher_should_be_closed_when_its_client_closes_it() {
		let of = |state, best| todo(&channel(state), best, None, WAIT);
		assert_eq!(of(ChannelState::Closing { owed: total(0) }, 1), Todo::Close);
		assert_eq!(of(ChannelState::Closing { owed: total(1) }, 1), Todo::Nothing);
		assert_eq!(of(ChannelState::Open, 9_400), Todo::Nothing);
	}

	#[test]
	fn channel_should_be_closed_when_its_deposit_is_used_up_and_nobody_comes_back() {
		let of = |fee, idle| todo(&channel(ChannelState::Open), 1, Some(&voucher(fee)), idle);
		assert_eq!(of(980, WAIT), Todo::Close);
		assert_eq!(of(980, Duration::ZERO), Todo::Nothing);
		assert_eq!(of(979, WAIT), Todo::Nothing);
	}
}
