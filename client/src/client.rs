//! The connection to a node, and blocks.

use std::sync::Arc;

use codec::Encode;
use futures::{stream::BoxStream, StreamExt};
use millrace_primitives::{
	AccountId32, Attempt, Bid, BlockNumber, ChannelId, ChannelReceipt, JobId, JobParams, ModelId, Quote, Receipt, H256,
};
use subxt::{
	backend::LegacyBackend,
	config::{
		substrate::{BlakeTwo256, SubstrateHeader},
		Hasher, RpcConfigFor,
	},
	OnlineClient, OnlineClientAtBlock, SubstrateConfig,
};
use subxt_rpcs::{
	methods::legacy::{LegacyRpcMethods, NumberOrHex},
	RpcClient,
};

use crate::{
	rpc::Reconnecting, upgrade::Writers, Balances, BlockRef, Channel, Endpoint, Error, Job, Miner, Model, NodeHealth,
	Offer, Parameters, ReceiptKey, Signer, Snapshot, Submitter,
};

pub(crate) type Rpc = LegacyRpcMethods<RpcConfigFor<SubstrateConfig>>;

/// A connection to a node. Cheap to clone; connects again by itself after the node was away.
///
/// Every read is of the best block, not of the finalized one, which is behind it. [`Client::at`] reads several
/// things of one block.
#[derive(Clone)]
pub struct Client {
	inner: Arc<Inner>,
}

struct Inner {
	online: OnlineClient<SubstrateConfig>,
	rpc: Rpc,
	raw_rpc: RpcClient,
	link: Reconnecting,
	writers: Writers,
}

/// A header's place in the chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Link {
	pub(crate) block: BlockRef,
	pub(crate) parent: H256,
}

impl Link {
	fn new(hash: H256, header: &SubstrateHeader<H256>) -> Result<Self, Error> {
		let number = BlockNumber::try_from(header.number)
			.map_err(|_| Error::Incompatible(format!("block number {} does not fit 32 bits", header.number)))?;
		Ok(Self { block: BlockRef { number, hash }, parent: header.parent_hash })
	}
}

impl Client {
	/// Connects to the node at `url`, `ws://` or `wss://`.
	///
	/// # Errors
	///
	/// [`Error::Connection`] when the node does not answer.
	pub async fn connect(url: &str) -> Result<Self, Error> {
		Self::connect_any(&[url.to_owned()], None).await
	}

	/// Connects to the first of `urls` that answers and serves the chain with this genesis hash; `None`: any chain.
	/// When the node is away later, the next one that serves the same chain takes its place.
	///
	/// # Errors
	///
	/// [`Error::OtherChain`] when none serves that chain and one serves another; [`Error::Connection`] when none
	/// answers.
	pub async fn connect_any(urls: &[String], genesis: Option<H256>) -> Result<Self, Error> {
		let link = Reconnecting::connect(urls, genesis).await?;
		let transport = RpcClient::new(link.clone());
		let backend = Arc::new(LegacyBackend::builder().build(transport.clone()));
		let online = OnlineClient::from_backend(backend.clone()).await?;
		let (rpc, writers) = (Rpc::new(transport.clone()), Writers::new(backend));
		Ok(Self { inner: Arc::new(Inner { online, rpc, raw_rpc: transport, link, writers }) })
	}

	pub(crate) fn rpc(&self) -> &Rpc {
		&self.inner.rpc
	}

	/// For methods that [`Client::rpc`] does not know.
	pub(crate) fn raw_rpc(&self) -> &RpcClient {
		&self.inner.raw_rpc
	}

	/// The address of the node that answers now.
	pub async fn url(&self) -> String {
		self.inner.link.url().await
	}

	/// Replaces the addresses of nodes. The present connection stays until it breaks.
	pub fn set_urls(&self, urls: Vec<String>) {
		self.inner.link.set_urls(urls);
	}

	/// Leaves a node that no longer answers, for the next address that does and serves the same chain.
	pub async fn move_on(&self) {
		self.inner.link.move_on().await;
	}

	/// What the node says of itself.
	///
	/// # Errors
	///
	/// When the node does not answer.
	pub async fn node_health(&self) -> Result<NodeHealth, Error> {
		let health = self.rpc().system_health().await?;
		Ok(NodeHealth { syncing: health.is_syncing, peers: health.peers, needs_peers: health.should_have_peers })
	}

	/// Hash of block 0: which chain this is.
	pub fn genesis_hash(&self) -> H256 {
		self.inner.online.genesis_hash()
	}

	/// The best block's height and hash.
	///
	/// # Errors
	///
	/// When the node does not answer, as all the reads below.
	pub async fn best_block(&self) -> Result<(BlockNumber, H256), Error> {
		let BlockRef { number, hash } = self.best().await?;
		Ok((number, hash))
	}

	pub(crate) async fn best(&self) -> Result<BlockRef, Error> {
		let header = self
			.rpc()
			.chain_get_header(None)
			.await?
			.ok_or_else(|| Error::Incompatible("the node has no best block".into()))?;
		Ok(Link::new(BlakeTwo256.hash(&header.encode()), &header)?.block)
	}

	/// The last finalized block's height and hash.
	///
	/// # Errors
	///
	/// When the node does not answer.
	pub async fn finalized_block(&self) -> Result<(BlockNumber, H256), Error> {
		let hash = self.rpc().chain_get_finalized_head().await?;
		Ok((self.link(hash).await?.block.number, hash))
	}

	/// The block with this hash and its parent.
	pub(crate) async fn link(&self, hash: H256) -> Result<Link, Error> {
		let header = self.rpc().chain_get_header(Some(hash)).await?;
		let header = header.ok_or_else(|| Error::Node { code: 0, message: format!("no block {hash:?}") })?;
		Link::new(hash, &header)
	}

	/// Hash of the block at this height of the best chain.
	///
	/// # Errors
	///
	/// When the node does not answer.
	pub async fn block_hash(&self, number: BlockNumber) -> Result<Option<H256>, Error> {
		Ok(self.rpc().chain_get_block_hash(Some(NumberOrHex::Number(number.into()))).await?)
	}

	/// The best block now and each one after it. Heights can repeat or jump: a reorg replaces blocks, and a slow
	/// reader or node skips some. The stream ends when the connection breaks; a new one connects again.
	///
	/// # Errors
	///
	/// When the node does not answer; an item when it says something else than a header.
	pub async fn subscribe_best_blocks(&self) -> Result<BoxStream<'static, Result<BlockRef, Error>>, Error> {
		Ok(self.heads().await?.map(|head| head.map(|link| link.block)).boxed())
	}

	pub(crate) async fn heads(&self) -> Result<BoxStream<'static, Result<Link, Error>>, Error> {
		let headers = self.rpc().chain_subscribe_new_heads().await?;
		let links = headers.map(|header| {
			let header = header?;
			Link::new(BlakeTwo256.hash(&header.encode()), &header)
		});
		Ok(links.boxed())
	}

	/// A view of one block: of what the runtime that made it wrote, also when the block brought another runtime.
	///
	/// # Errors
	///
	/// When the node does not answer or has dropped that block's state.
	pub async fn at(&self, block: BlockRef) -> Result<Snapshot, Error> {
		let at = self.after(block).await?;
		self.inner.writers.settle(self, block, at).await
	}

	/// The chain as the block after this one will find it, by the runtime that will make that one.
	pub(crate) async fn after(&self, block: BlockRef) -> Result<OnlineClientAtBlock<SubstrateConfig>, Error> {
		let hash = subxt::backend::BlockRef::from_hash(block.hash);
		Ok(self.inner.online.at_block_hash_and_number(hash, block.number.into()).await?)
	}

	/// A view of the best block.
	///
	/// # Errors
	///
	/// When the node does not answer.
	pub async fn at_best(&self) -> Result<Snapshot, Error> {
		self.at(self.best().await?).await
	}

	/// Sends transactions of the signer's account; keep one for each account, it counts the nonces.
	pub fn submitter(&self, signer: Signer) -> Submitter {
		Submitter::new(self.clone(), signer)
	}
}

/// Reads of the best block.
macro_rules! reads {
	($($(#[$docs:meta])* $name:ident($($arg:ident: $type:ty),*) -> $result:ty;)*) => {
		impl Client {
			$(
				$(#[$docs])*
				///
				/// # Errors
				///
				/// When the node does not answer or the chain does not fit this crate.
				pub async fn $name(&self, $($arg: $type),*) -> Result<$result, Error> {
					self.at_best().await?.$name($($arg),*).await
				}
			)*
		}
	};
}

reads! {
	/// The jobs assigned to an operator now.
	assignments_of(operator: &AccountId32) -> Vec<(JobId, Attempt)>;
	/// A job, until its bytes are pruned.
	job(job: JobId) -> Option<Job>;
	/// The job's input, until it is pruned.
	input(job: JobId) -> Option<Vec<u8>>;
	/// The job's answer, until it is pruned.
	output(job: JobId) -> Option<Vec<u8>>;
	/// The jobs of a client that are not pruned yet, in order.
	jobs_of(client: &AccountId32) -> Vec<JobId>;
	/// The record of an ended job.
	receipt(job: JobId) -> Option<Receipt<AccountId32>>;
	/// The records of all jobs that an account paid for or was assigned, in order.
	receipts_of(account: &AccountId32) -> Vec<Receipt<AccountId32>>;
	/// What a job would hold and cost, with an input of `input_len` bytes.
	quote(model: ModelId, params: JobParams, input_len: u32) -> Quote;
	/// All offers for a model as such a job would find them: those that could take it first, the cheapest first.
	bids(model: ModelId, params: JobParams, input_len: u32) -> Vec<Bid<AccountId32>>;
	/// A model by number.
	model(model: ModelId) -> Option<Model>;
	/// A model by name.
	model_by_name(name: &str) -> Option<Model>;
	/// All models, retired ones included, in order.
	models() -> Vec<Model>;
	/// The owner of the miner whose operator this is.
	owner_of(operator: &AccountId32) -> Option<AccountId32>;
	/// A miner by its owner.
	miner(owner: &AccountId32) -> Option<Miner>;
	/// All miners.
	miners() -> Vec<Miner>;
	/// The keys with which an owner's miner signs receipts as JSON, oldest first, those that no longer hold included.
	receipt_keys(owner: &AccountId32) -> Vec<ReceiptKey>;
	/// All offers of a miner.
	offers_of(owner: &AccountId32) -> Vec<Offer>;
	/// All offers for a model.
	offers(model: ModelId) -> Vec<Offer>;
	/// An account's money; zeros when it does not exist.
	balance(account: &AccountId32) -> Balances;
	/// The block's time in milliseconds since 1970.
	timestamp() -> u64;
	/// A channel, until it is forgotten.
	channel(id: ChannelId) -> Option<Channel>;
	/// The channels of an account, as a client or as a miner's owner, in order.
	channels_of(account: &AccountId32) -> Vec<Channel>;
	/// Where the sessions of an owner's miner are answered, if it says so.
	endpoint(owner: &AccountId32) -> Option<Endpoint>;
	/// The record of a channel that was settled.
	channel_receipt(id: ChannelId) -> Option<ChannelReceipt<AccountId32>>;
	/// The numbers that governance sets, and the existential deposit.
	parameters() -> Parameters;
}
