//! Sending transactions and seeing them through.

use std::{
	sync::Arc,
	time::{Duration, Instant},
};

use millrace_primitives::{AccountId32, Balance, BlockNumber, JobId, H256};
use subxt::{config::DefaultExtrinsicParamsBuilder, error::DispatchError, events::Phase};
use subxt_rpcs::{client::RpcSubscription, methods::legacy::TransactionStatus};
use tokio::{
	sync::Mutex,
	time::{sleep, timeout},
};

use crate::{nonce::Nonces, BlockRef, Call, Client, Error, Event, JobEvent, Signer};

/// Blocks for which a transaction is valid.
const ERA: u32 = 256;
/// A transaction counts from the last finalized block, which no reorg removes, unless that is further back than this.
const ANCHOR_DEPTH: u32 = ERA / 4;
/// How often a nonce that is in use is replaced by a fresh one, or a signature for a runtime that was just replaced by
/// one for the runtime that replaced it.
const RETRIES: u32 = 5;
/// Pause between two looks at the chain, about a block.
const PAUSE: Duration = Duration::from_millis(500);
/// A transaction of which nothing is heard for so long is looked for: the connection may be dead without anybody having
/// said so.
const SILENCE: Duration = Duration::from_secs(20);

/// Sends transactions of one account, one after another. Clones share the count of its nonces, so that many can be
/// under way at once.
#[derive(Clone)]
pub struct Submitter {
	client: Client,
	signer: Signer,
	nonces: Arc<Mutex<Nonces>>,
}

/// A signed transaction: whoever keeps it can send the very same one again, and it still counts once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signed {
	/// Its hash.
	pub hash: H256,
	/// Its bytes.
	pub bytes: Vec<u8>,
	/// The nonce that it uses up.
	pub nonce: u64,
	/// The best block when it was signed: it is in none up to there.
	pub after: BlockNumber,
	/// The last block in which it is valid.
	pub until: BlockNumber,
}

/// A transaction that the node took.
pub struct TxHandle {
	client: Client,
	/// The account's count, which must not go on from this transaction when it turns out to be in no block.
	nonces: Arc<Mutex<Nonces>>,
	hash: H256,
	bytes: Vec<u8>,
	nonce: u64,
	/// `None` once the connection that watched it is gone.
	watch: Option<RpcSubscription<TransactionStatus<H256>>>,
	/// Whether its nonce was used up when it was last looked for in vain.
	stale: bool,
	/// The best block before it was sent: it is in none up to there.
	after: BlockNumber,
	/// The last block in which it is valid.
	until: BlockNumber,
}

/// A transaction in a block of the best chain, its call done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InBlock {
	/// The block's hash.
	pub block_hash: H256,
	/// The block's height.
	pub number: BlockNumber,
	/// The transaction's hash.
	pub tx_hash: H256,
	/// What it caused, in order.
	pub events: Vec<Event>,
}

impl InBlock {
	/// Plancks that the transaction cost its sender; 0 for a free one.
	pub fn fee(&self) -> Balance {
		self.events
			.iter()
			.find_map(|event| match event {
				Event::FeePaid { fee, .. } => Some(*fee),
				_ => None,
			})
			.unwrap_or_default()
	}

	/// The number of the job that it posted.
	pub fn submitted_job(&self) -> Option<JobId> {
		self.events.iter().find_map(|event| match event {
			Event::Job { job, what: JobEvent::Submitted { .. } } => Some(*job),
			_ => None,
		})
	}

	/// The block.
	pub fn block(&self) -> BlockRef {
		BlockRef { number: self.number, hash: self.block_hash }
	}
}

impl Submitter {
	pub(crate) fn new(client: Client, signer: Signer) -> Self {
		Self { client, signer, nonces: Arc::default() }
	}

	/// The account.
	pub fn account_id(&self) -> AccountId32 {
		self.signer.account_id()
	}

	/// The key.
	pub fn signer(&self) -> &Signer {
		&self.signer
	}

	/// Signs the call and hands it to the node's pool. It is valid for 256 blocks.
	///
	/// # Errors
	///
	/// [`Error::InsufficientFunds`], [`Error::Invalid`] or [`Error::Dropped`] when the pool did not take it;
	/// [`Error::Incompatible`] when the chain has no such call; [`Error::Connection`], after which it may still have
	/// been taken.
	pub async fn send(&self, call: Call) -> Result<TxHandle, Error> {
		self.send_noted(call, |_| Ok(())).await
	}

	/// As [`Submitter::send`], but `note` is told of the signed transaction before it goes out, so that a program which
	/// dies can go on with [`Submitter::resume`]. Of several that it is told of only the last one can be in a block.
	///
	/// # Errors
	///
	/// As [`Submitter::send`]; those of `note`, after which nothing was sent.
	pub async fn send_noted(
		&self,
		call: Call,
		mut note: impl FnMut(&Signed) -> Result<(), Error> + Send,
	) -> Result<TxHandle, Error> {
		// Held until the node has the transaction: its count then includes it.
		let mut nonces = self.nonces.lock().await;
		let mut tries = 0;
		loop {
			match self.try_send(&call, &mut nonces, &mut note).await {
				Ok(handle) => return Ok(handle),
				Err(error) => {
					nonces.forget();
					if !(error.is_nonce_taken() || error.is_bad_signature()) || tries >= RETRIES {
						return Err(error);
					}
					tries += 1;
					tracing::debug!(%error, "reading nonce and version again");
					sleep(PAUSE).await;
				}
			}
		}
	}

	/// Sends the call and waits until it is in a block of the best chain. Where another program uses the account and was
	/// first with the nonce, it is sent again with the next one: not before the finalized chain has the other transaction,
	/// so that the call is never in two blocks.
	///
	/// # Errors
	///
	/// As [`Submitter::send`] and [`TxHandle::in_block`].
	pub async fn submit(&self, call: Call) -> Result<InBlock, Error> {
		self.submit_noted(call, |_| Ok(())).await
	}

	/// As [`Submitter::submit`], with a `note` as in [`Submitter::send_noted`].
	///
	/// # Errors
	///
	/// As [`Submitter::submit`]; those of `note`, after which nothing was sent.
	pub async fn submit_noted(
		&self,
		call: Call,
		mut note: impl FnMut(&Signed) -> Result<(), Error> + Send,
	) -> Result<InBlock, Error> {
		let mut tries = 0;
		loop {
			let mut handle = self.send_noted(call.clone(), &mut note).await?;
			let error = match handle.wait_in_block().await {
				Err(error @ (Error::Usurped | Error::Invalid(_) | Error::Dropped)) if tries < RETRIES => error,
				done => return done,
			};
			if let Some(found) = handle.overtaken(&self.account_id(), error).await? {
				return found;
			}
			tries += 1;
			tracing::debug!("another program's transaction has the nonce; sending with the next one");
		}
	}

	/// Sees a transaction through that was signed earlier, whether or not it was sent: it is looked for, and sent again
	/// where it is missing.
	pub fn resume(&self, signed: Signed) -> TxHandle {
		self.handle(signed, None)
	}

	fn handle(&self, signed: Signed, watch: Option<RpcSubscription<TransactionStatus<H256>>>) -> TxHandle {
		let Signed { hash, bytes, after, until, nonce } = signed;
		let (client, nonces) = (self.client.clone(), self.nonces.clone());
		TxHandle { client, nonces, hash, bytes, nonce, watch, stale: false, after, until }
	}

	async fn try_send(
		&self,
		call: &Call,
		nonces: &mut Nonces,
		note: &mut (impl FnMut(&Signed) -> Result<(), Error> + Send),
	) -> Result<TxHandle, Error> {
		let client = &self.client;
		let best = client.best().await?;
		let anchor = self.anchor(best).await?;
		let account = self.signer.keypair().public_key().to_account_id();
		let nonce = nonces.plan(client.rpc().system_account_next_index(&account).await?, Instant::now());
		let params = DefaultExtrinsicParamsBuilder::new()
			.nonce(nonce)
			.mortal_from_unchecked(ERA.into(), anchor.number.into(), anchor.hash)
			.build();
		let transactions = client.after(best).await?.transactions();
		let signed = transactions.create_signable_offline(call, params)?.sign(self.signer.keypair())?;
		let (hash, bytes) = (signed.hash(), signed.into_encoded());
		let until = anchor.number.saturating_add(ERA);
		let signed = Signed { hash, bytes, nonce, after: best.number, until };
		note(&signed)?;
		let watch = client.rpc().author_submit_and_watch_extrinsic(&signed.bytes).await?;
		nonces.used(nonce, Instant::now());
		Ok(self.handle(signed, Some(watch)))
	}

	/// The block from which a transaction counts its age.
	async fn anchor(&self, best: BlockRef) -> Result<BlockRef, Error> {
		let (number, hash) = self.client.finalized_block().await?;
		if best.number.saturating_sub(number) <= ANCHOR_DEPTH {
			return Ok(BlockRef { number, hash });
		}
		let number = best.number.saturating_sub(ANCHOR_DEPTH);
		let hash = self.client.block_hash(number).await?;
		Ok(hash.map_or(best, |hash| BlockRef { number, hash }))
	}
}

/// Whose a transaction's nonce is.
enum Nonce {
	/// The transaction is in a finalized block.
	Ours(Result<InBlock, Error>),
	/// Another transaction with it is in a finalized block.
	Anothers,
	/// Another transaction has it, for now.
	NotFinal,
	/// None has it.
	Nobodys,
}

impl TxHandle {
	/// The transaction's hash.
	pub fn tx_hash(&self) -> H256 {
		self.hash
	}

	/// Waits until it is in a block of the best chain. A reorg can still move it to another block.
	///
	/// # Errors
	///
	/// [`Error::Dispatch`] when its call failed there, [`Error::Invalid`], [`Error::Dropped`] or [`Error::Usurped`]
	/// when it will be in none (so it goes with one that an upgrade of the runtime overtakes: send it again), [`Error::Outlived`] when it was in none in time. A lost connection is waited for.
	pub async fn in_block(mut self) -> Result<InBlock, Error> {
		self.wait_in_block().await
	}

	/// Waits until it is in a finalized block.
	///
	/// # Errors
	///
	/// As [`TxHandle::in_block`].
	pub async fn finalized(mut self) -> Result<InBlock, Error> {
		loop {
			let found = self.wait_in_block().await?;
			loop {
				match self.client.finalized_block().await {
					Ok((number, _)) if number >= found.number => break,
					Ok(_) => {}
					Err(error) if error.is_connection() => tracing::debug!(%error, "waiting for the node"),
					Err(error) => return Err(error),
				}
				sleep(PAUSE).await;
			}
			if self.client.block_hash(found.number).await? == Some(found.block_hash) {
				return Ok(found);
			}
			// A reorg moved it.
			self.watch = None;
		}
	}

	async fn wait_in_block(&mut self) -> Result<InBlock, Error> {
		let result = self.watch_in_block().await;
		if matches!(result, Err(Error::Invalid(_) | Error::Dropped | Error::Usurped | Error::Outlived)) {
			self.nonces.lock().await.forget();
		}
		result
	}

	async fn watch_in_block(&mut self) -> Result<InBlock, Error> {
		while let Some(watch) = &mut self.watch {
			let Ok(status) = timeout(SILENCE, watch.next()).await else {
				self.watch = None;
				break;
			};
			match status {
				Some(Ok(
					TransactionStatus::InBlock(hash)
					| TransactionStatus::Finalized(hash)
					| TransactionStatus::FinalityTimeout(hash),
				)) => match self.in_this_block(hash).await {
					Ok(Some(found)) => return found,
					Ok(None) => {}
					Err(error) => tracing::debug!(%error, "the block is gone"),
				},
				Some(Ok(TransactionStatus::Usurped(_))) => return Err(Error::Usurped),
				Some(Ok(TransactionStatus::Dropped)) => return Err(Error::Dropped),
				Some(Ok(TransactionStatus::Invalid)) => {
					return Err(Error::Invalid("it became invalid while it waited".into()))
				}
				Some(Ok(_)) => {}
				Some(Err(_)) | None => self.watch = None,
			}
		}
		self.search().await
	}

	/// Looks for the transaction in the best chain, for when nobody tells where it is.
	async fn search(&mut self) -> Result<InBlock, Error> {
		loop {
			match self.search_once().await {
				Ok(Some(found)) => return found,
				Ok(None) => {}
				Err(error) if error.is_connection() => tracing::debug!(%error, "waiting for the node"),
				Err(error) => return Err(error),
			}
			sleep(PAUSE).await;
		}
	}

	async fn search_once(&mut self) -> Result<Option<Result<InBlock, Error>>, Error> {
		let best = self.client.best().await?;
		for number in self.after.saturating_add(1)..=best.number {
			let Some(hash) = self.client.block_hash(number).await? else { break };
			if let Some(found) = self.in_this_block(hash).await? {
				return Ok(Some(found));
			}
		}
		if best.number > self.until {
			return Err(Error::Outlived);
		}
		// What is final needs no second look.
		self.after = self.after.max(self.client.finalized_block().await?.0);
		// The node may have lost its pool; one that still has the transaction refuses the copy. That the nonce is used
		// up while no block has the transaction is believed at the second time: a block may have come meanwhile.
		let stale = match self.client.rpc().author_submit_extrinsic(&self.bytes).await.map_err(Error::from) {
			// Signed for a runtime that was replaced.
			Err(error) if error.is_bad_signature() => return Err(error),
			Err(error) => error.is_nonce_used_up(),
			Ok(_) => false,
		};
		if stale && self.stale {
			return Err(Error::Usurped);
		}
		self.stale = stale;
		Ok(None)
	}

	/// What became of a transaction that the node gave up with `error`, once its nonce is used up for good; `None`: another
	/// transaction has it.
	///
	/// # Errors
	///
	/// `error`, when nobody has used the nonce.
	async fn overtaken(
		&mut self,
		account: &AccountId32,
		error: Error,
	) -> Result<Option<Result<InBlock, Error>>, Error> {
		loop {
			match self.look_again(account).await {
				Ok(Nonce::Ours(found)) => return Ok(Some(found)),
				Ok(Nonce::Anothers) => return Ok(None),
				Ok(Nonce::Nobodys) => return Err(error),
				Ok(Nonce::NotFinal) => {}
				Err(error) if error.is_connection() => tracing::debug!(%error, "waiting for the node"),
				Err(error) => return Err(error),
			}
			sleep(PAUSE).await;
		}
	}

	async fn look_again(&mut self, account: &AccountId32) -> Result<Nonce, Error> {
		let (number, hash) = self.client.finalized_block().await?;
		let next = self.client.at(BlockRef { number, hash }).await?.nonce(account).await?;
		if next > self.nonce {
			for number in self.after.saturating_add(1)..=number {
				let Some(hash) = self.client.block_hash(number).await? else { break };
				if let Some(found) = self.in_this_block(hash).await? {
					return Ok(Nonce::Ours(found));
				}
			}
			return Ok(Nonce::Anothers);
		}
		let account = subxt::utils::AccountId32(*account.as_ref());
		let used = self.client.rpc().system_account_next_index(&account).await? > self.nonce;
		Ok(if used && number <= self.until { Nonce::NotFinal } else { Nonce::Nobodys })
	}

	/// What became of the transaction in this block; `None` when it is not there.
	// `&mut`: a shared reference to the subscription would keep the future from moving between threads.
	async fn in_this_block(&mut self, hash: H256) -> Result<Option<Result<InBlock, Error>>, Error> {
		let Some(details) = self.client.rpc().chain_get_block(Some(hash)).await? else { return Ok(None) };
		let Some(index) = details.block.extrinsics.iter().position(|bytes| bytes.0 == self.bytes) else {
			return Ok(None);
		};
		let number = BlockNumber::try_from(details.block.header.number)
			.map_err(|_| Error::Incompatible("a block number does not fit 32 bits".into()))?;
		let at = self.client.at(BlockRef { number, hash }).await?;
		let raw = at.raw_events().await?;
		let mut events = Vec::new();
		for event in raw.iter() {
			let event = event?;
			if event.phase() != Phase::ApplyExtrinsic(u32::try_from(index).unwrap_or(u32::MAX)) {
				continue;
			}
			if (event.pallet_name(), event.event_name()) == ("System", "ExtrinsicFailed") {
				let error = DispatchError::decode_from(event.field_bytes(), at.metadata())
					.map_err(|error| Error::Decode(error.to_string()))?;
				return Ok(Some(Err(error.into())));
			}
			events.push(crate::event::place(&event)?.event);
		}
		Ok(Some(Ok(InBlock { block_hash: hash, number, tx_hash: self.hash, events })))
	}
}
