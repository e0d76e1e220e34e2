//! Answers that are streamed in channels: opened, topped up and reused by themselves, two transactions for however many
//! answers.
//!
//! A channel answers one request at a time, so that there is a lane for each that runs at once, up to a limit. What no
//! lane can take becomes a job on chain, as does what failed in every lane before its first piece.

mod answer;
mod group;
mod lane;
mod standing;

use std::{
	collections::HashMap,
	path::PathBuf,
	sync::{Arc, Mutex, MutexGuard, PoisonError},
	time::{Duration, Instant},
};

use futures::future::BoxFuture;
use millrace_client::{
	channel, session::last_voucher, ChannelState, Client, Error, Event, JobRequest, Signer, Submitter,
};
use millrace_primitives::{AccountId32, Balance, Bid, BlockNumber, ModelId};
use tokio::sync::Semaphore;

use crate::{
	access::Caller,
	answer::{Backend, Deltas, NoAnswer, Order},
	desk::JobBackend,
	metrics::Metrics,
	store::Store,
};

pub use standing::Standings;

use group::Group;
use lane::{Held, Lane};

/// Blocks before a channel's end in which no answer is begun.
const LAST_BLOCKS: BlockNumber = 900;

/// How often the chain is asked for its height, and how old that may be: far less than [`LAST_BLOCKS`] take.
const LOOK: Duration = Duration::from_secs(15);
const OLD: Duration = Duration::from_secs(60);

/// Pieces, each an interval at the most, that wait for a slow reader; then the miner waits.
const PIECES: usize = 4;

/// How channels are used.
#[derive(Clone, Debug)]
pub struct Settings {
	/// Where the state of the channels is kept.
	pub folder: PathBuf,
	/// Plancks of a new channel, and of a top-up.
	pub deposit: Balance,
	/// Most channels of one model.
	pub most: usize,
}

/// The channels of one model.
#[derive(Default)]
struct Lanes {
	open: Vec<Arc<Lane>>,
	/// Being opened.
	opening: usize,
}

/// Makes answers in channels.
pub struct Channels {
	client: Client,
	submitter: Submitter,
	signer: Signer,
	settings: Settings,
	store: Arc<Store>,
	metrics: Arc<Metrics>,
	slots: Arc<Semaphore>,
	models: Mutex<HashMap<ModelId, Lanes>>,
	standings: Arc<Standings>,
	height: Mutex<Option<(BlockNumber, Instant)>>,
	jobs: JobBackend,
}

/// What [`Channels`] works with.
pub struct Means {
	/// Reads the chain.
	pub client: Client,
	/// Signs for the paying account.
	pub submitter: Submitter,
	/// The paying account's key, which is also the session key.
	pub signer: Signer,
	/// Keeps what API keys have spent.
	pub store: Arc<Store>,
	/// Counts.
	pub metrics: Arc<Metrics>,
	/// Answers under way.
	pub slots: Arc<Semaphore>,
	/// For what channels do not answer.
	pub jobs: JobBackend,
}

impl Channels {
	/// Nothing is opened before it is needed.
	pub fn new(means: Means, settings: Settings) -> Self {
		let Means { client, submitter, signer, store, metrics, slots, jobs } = means;
		let (models, standings, height) = (Mutex::default(), Arc::default(), Mutex::default());
		Self { client, submitter, signer, settings, store, metrics, slots, models, standings, height, jobs }
	}

	/// How miners have done so far.
	pub fn standings(&self) -> &Arc<Standings> {
		&self.standings
	}

	/// Takes up the open channels of an earlier run. Returns how many.
	///
	/// # Errors
	///
	/// When the node does not answer.
	pub async fn recover(&self) -> Result<usize, Error> {
		self.recover_answers();
		let account = self.signer.account_id();
		let (best, _) = self.client.best_block().await?;
		let mut count = 0;
		for found in self.client.channels_of(&account).await? {
			let ours = found.client == account && found.session_key == account && found.state == ChannelState::Open;
			if ours && best.saturating_add(LAST_BLOCKS) < found.due {
				let lane = Arc::new(Lane::new(found.id, found.miner, found.due));
				self.models().entry(found.model).or_default().open.push(lane);
				count += 1;
			}
		}
		Ok(count)
	}

	/// Charges keys for answers that an earlier process did not see the end of, by what it had signed for.
	fn recover_answers(&self) {
		let open = self.store.open_answers().unwrap_or_else(|error| {
			tracing::error!(%error, "what answers of an earlier run cost can't be read");
			Vec::new()
		});
		for channel in open {
			let signed = last_voucher(&self.settings.folder, self.client.genesis_hash(), channel);
			let charged = signed.map_err(anyhow::Error::from).and_then(|voucher| {
				let total = voucher.map_or(0, |voucher| voucher.total.fee);
				Ok(self.store.recover_answer(channel, total)?)
			});
			match charged {
				Ok(()) => tracing::info!(channel, event = %"charged", "an answer of an earlier run is charged"),
				Err(error) => {
					tracing::error!(channel, %error, "what an answer of an earlier run cost can't be noted yet")
				}
			}
		}
	}

	fn models(&self) -> MutexGuard<'_, HashMap<ModelId, Lanes>> {
		self.models.lock().unwrap_or_else(PoisonError::into_inner)
	}

	/// Asks for the chain's height now and then, for ever, so that no answer has to wait for it.
	pub async fn watch_height(self: Arc<Self>) {
		loop {
			if let Err(error) = self.read_height().await {
				tracing::debug!(%error, "the chain's height can't be read now");
			}
			tokio::time::sleep(LOOK).await;
		}
	}

	async fn read_height(&self) -> Result<BlockNumber, Error> {
		let (best, _) = self.client.best_block().await?;
		*self.height.lock().unwrap_or_else(PoisonError::into_inner) = Some((best, Instant::now()));
		Ok(best)
	}

	/// The best block's height, or the one of a little while ago.
	async fn height(&self) -> Result<BlockNumber, Error> {
		let known = *self.height.lock().unwrap_or_else(PoisonError::into_inner);
		match known {
			Some((best, at)) if at.elapsed() < OLD => Ok(best),
			_ => self.read_height().await,
		}
	}

	/// A lane for the request; `None`: none is to be had.
	async fn hold(&self, request: &JobRequest) -> Result<Option<Held>, Error> {
		let best = self.height().await?;
		let may_open = {
			let mut models = self.models();
			let lanes = models.entry(request.model).or_default();
			lanes.open.retain(|lane| best.saturating_add(LAST_BLOCKS) < lane.due && !lane.is_over());
			let free = |lane: &&Arc<Lane>| !self.standings.is_avoided(&lane.miner);
			if let Some(held) = lanes.open.iter().filter(free).find_map(Lane::try_hold) {
				return Ok(Some(held));
			}
			let may_open = lanes.open.len().saturating_add(lanes.opening) < self.settings.most;
			lanes.opening = lanes.opening.saturating_add(usize::from(may_open));
			may_open
		};
		if !may_open {
			return Ok(None);
		}
		let opened = self.open(request).await;
		let mut models = self.models();
		let lanes = models.entry(request.model).or_default();
		lanes.opening = lanes.opening.saturating_sub(1);
		let Some(lane) = opened? else { return Ok(None) };
		lanes.open.push(lane.clone());
		Ok(Lane::try_hold(&lane))
	}

	/// Opens a channel with the miner that is best placed of those that can be reached.
	async fn open(&self, request: &JobRequest) -> Result<Option<Arc<Lane>>, Error> {
		let length = u32::try_from(request.input.len()).unwrap_or(u32::MAX);
		let at = self.client.at_best().await?;
		let mut bids = at.bids(request.model, request.params, length).await?;
		bids.retain(|bid| !self.standings.is_avoided(&bid.owner));
		bids.sort_by_cached_key(|bid| self.standings.rank(bid));
		for bid in bids {
			if at.endpoint(&bid.owner).await?.is_none() {
				continue;
			}
			match self.open_with(request.model, &bid).await {
				Ok(lane) => return Ok(Some(Arc::new(lane))),
				Err(error) if error.is_connection() => return Err(error),
				Err(error) => {
					tracing::info!(miner = %bid.owner, %error, event = %"not_opened", "a channel can't be opened");
					self.standings.failed(&bid.owner);
				}
			}
		}
		Ok(None)
	}

	async fn open_with(&self, model: ModelId, bid: &Bid<AccountId32>) -> Result<Lane, Error> {
		let (deposit, session_key) = (self.settings.deposit, self.signer.account_id());
		let call = channel::open(bid.owner.clone(), model, session_key, deposit, Some(bid.rate));
		let done = self.submitter.submit(call).await?;
		let opened = done.events.iter().find_map(|event| match event {
			Event::ChannelOpened { channel } => Some(*channel),
			_ => None,
		});
		let id = opened.ok_or_else(|| Error::Incompatible("an opening without a ChannelOpened event".into()))?;
		let unknown = || Error::Incompatible(format!("channel {id} was opened and is not there"));
		let due = self.client.channel(id).await?.ok_or_else(unknown)?.due;
		tracing::info!(channel = id, miner = %bid.owner, event = %"opened", "a channel for answers");
		Ok(Lane::new(id, bid.owner.clone(), due))
	}

	async fn top_up(&self, lane: &Lane) -> Result<(), Error> {
		let call = channel::top_up(lane.id, self.settings.deposit);
		self.submitter.submit(call).await?;
		tracing::info!(channel = lane.id, event = %"topped_up", "a channel got more money");
		Ok(())
	}

	fn streams(request: &JobRequest) -> bool {
		request.miner.is_none() && request.params.workload.sampling().is_some()
	}

	async fn begin(self: &Arc<Self>, caller: &Caller, orders: Vec<Order>) -> Result<Vec<Deltas>, NoAnswer> {
		let Some(first) = orders.first().filter(|order| Self::streams(&order.request)) else {
			return self.jobs.answers(caller, orders).await;
		};
		let count = u32::try_from(orders.len()).unwrap_or(u32::MAX);
		// Before a channel is opened for them.
		let permits = self.slots.clone().try_acquire_many_owned(count).map_err(|_| NoAnswer::Busy)?;
		let held = self.hold(&first.request).await.unwrap_or_else(|error| {
			tracing::warn!(%error, event = %"no_channel", "no channel can be had; the answer becomes a job");
			None
		});
		let Some(held) = held else {
			drop(permits);
			return self.jobs.answers(caller, orders).await;
		};
		let reserved = self.store.reserve(caller.key.as_deref(), first.request.max_fee, count);
		let reserved = reserved.map_err(|error| NoAnswer::Store(error.to_string()))?.map_err(NoAnswer::OverBudget)?;
		let (group, all) = Group::new(caller.clone(), orders, reserved, permits)?;
		self.give(&group, held);
		// The miner is asked first: it works while the client is told that an answer begins.
		tokio::task::yield_now().await;
		Ok(all)
	}

	/// Tells the chain of a miner that signed two answers under one number. It pays for the transaction.
	async fn report(
		&self,
		lane: &Lane,
		first: millrace_primitives::Checkpoint,
		second: millrace_primitives::Checkpoint,
	) {
		let call = channel::report_equivocation(lane.id, first, second);
		match self.submitter.submit(call).await {
			Ok(_) => {
				tracing::warn!(channel = lane.id, miner = %lane.miner, event = %"reported", "a miner was reported")
			}
			Err(error) => tracing::error!(channel = lane.id, %error, "a miner can't be reported"),
		}
	}
}

/// [`Channels`] as a backend.
pub struct ChannelBackend(pub Arc<Channels>);

impl Backend for ChannelBackend {
	fn answers<'a>(&'a self, caller: &'a Caller, orders: Vec<Order>) -> BoxFuture<'a, Result<Vec<Deltas>, NoAnswer>> {
		Box::pin(self.0.begin(caller, orders))
	}
}
