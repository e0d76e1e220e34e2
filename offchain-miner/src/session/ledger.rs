//! What sessions need of the chain.

use std::path::Path;

use async_trait::async_trait;
use futures::{future::ready, stream::BoxStream, StreamExt};
use millrace_client::{
	channel, endpoint,
	session::{
		network::{Multiaddr, PeerId},
		transcripts,
	},
	Channel, ChannelState, Client, Endpoint, Error, Event, Submitter,
};
use millrace_primitives::{AccountId32, BlockNumber, ChannelId, ModelId, Voucher, H256};

use crate::chain::ChainError;

/// A registered model, as sessions need it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
	/// sha256 of its GGUF file.
	pub digest: H256,
	/// What it does.
	pub kind: millrace_primitives::ModelKind,
	/// Tokens of prompt and answer together.
	pub context_length: u32,
	/// Most tokens that the template adds to the input.
	pub template_tokens: u32,
}

/// A new best block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct News {
	/// Its height.
	pub best: BlockNumber,
	/// The channels that began to close in it, or were settled.
	pub changed: Vec<ChannelId>,
}

/// The chain, for the sessions of one operator.
#[async_trait]
pub trait Ledger: Send + Sync {
	/// Hash of block 0.
	fn genesis(&self) -> H256;

	/// The operator.
	fn operator(&self) -> AccountId32;

	/// A channel at the best block, and that block's height.
	async fn channel(&self, id: ChannelId) -> Result<(Option<Channel>, BlockNumber), ChainError>;

	/// Whether a channel is settled in a block that no reorg removes.
	async fn is_over(&self, id: ChannelId) -> Result<bool, ChainError>;

	/// Takes away what was kept in `folder` of channels that can't be judged any more.
	async fn sweep(&self, folder: &Path) -> Result<(), ChainError>;

	/// A registered model.
	async fn model(&self, id: ModelId) -> Result<Option<Asked>, ChainError>;

	/// Each best block; ends when the connection breaks.
	async fn news(&self) -> Result<BoxStream<'static, News>, ChainError>;

	/// Closes a channel with the best voucher, or without one where there is none.
	async fn close(&self, id: ChannelId, voucher: Option<Voucher>) -> Result<(), ChainError>;

	/// What the chain says of where this miner's sessions are answered; the outer `None`: the operator has no miner.
	async fn endpoint(&self) -> Result<Option<Option<Endpoint>>, ChainError>;

	/// Says where they are answered.
	async fn set_endpoint(&self, peer: PeerId, addresses: &[Multiaddr]) -> Result<(), ChainError>;
}

/// The chain through a node's RPC.
pub struct NodeLedger {
	client: Client,
	submitter: Submitter,
}

impl NodeLedger {
	/// For the account of `submitter`.
	pub fn new(client: Client, submitter: Submitter) -> Self {
		Self { client, submitter }
	}
}

#[async_trait]
impl Ledger for NodeLedger {
	fn genesis(&self) -> H256 {
		self.client.genesis_hash()
	}

	fn operator(&self) -> AccountId32 {
		self.submitter.account_id()
	}

	async fn channel(&self, id: ChannelId) -> Result<(Option<Channel>, BlockNumber), ChainError> {
		let at = self.client.at_best().await?;
		Ok((at.channel(id).await?, at.block().number))
	}

	async fn is_over(&self, id: ChannelId) -> Result<bool, ChainError> {
		let (number, hash) = self.client.finalized_block().await?;
		let at = self.client.at(millrace_client::BlockRef { number, hash }).await?;
		let settled = |channel: Channel| matches!(channel.state, ChannelState::Settled { .. });
		Ok(match at.channel(id).await? {
			Some(channel) => settled(channel),
			None => at.channel_receipt(id).await?.is_some(),
		})
	}

	async fn sweep(&self, folder: &Path) -> Result<(), ChainError> {
		Ok(transcripts::sweep(&self.client, folder).await?)
	}

	async fn model(&self, id: ModelId) -> Result<Option<Asked>, ChainError> {
		let model = self.client.model(id).await?;
		Ok(model.map(|model| Asked {
			digest: model.digest,
			kind: model.kind,
			context_length: model.context_length,
			template_tokens: model.template_tokens,
		}))
	}

	async fn news(&self) -> Result<BoxStream<'static, News>, ChainError> {
		let blocks = self.client.subscribe_best_blocks().await?;
		let client = self.client.clone();
		let news = blocks.then(move |block| {
			let client = client.clone();
			async move {
				let block = block?;
				let changed = |event| match event {
					Event::ChannelClosing { channel } | Event::ChannelSettled { channel, .. } => Some(channel),
					_ => None,
				};
				let events: Vec<Event> = client.at(block).await?.events().await?;
				Ok::<_, Error>(News { best: block.number, changed: events.into_iter().filter_map(changed).collect() })
			}
		});
		// Where one could not be read nothing is known any more.
		let read = news.take_while(|news| ready(news.is_ok())).filter_map(|news| ready(news.ok()));
		Ok(read.boxed())
	}

	async fn close(&self, id: ChannelId, voucher: Option<Voucher>) -> Result<(), ChainError> {
		self.submitter.submit(channel::close(id, voucher)).await?;
		Ok(())
	}

	async fn endpoint(&self) -> Result<Option<Option<Endpoint>>, ChainError> {
		let at = self.client.at_best().await?;
		match at.owner_of(&self.submitter.account_id()).await? {
			Some(owner) => Ok(Some(at.endpoint(&owner).await?)),
			None => Ok(None),
		}
	}

	async fn set_endpoint(&self, peer: PeerId, addresses: &[Multiaddr]) -> Result<(), ChainError> {
		self.submitter.submit(endpoint::set_endpoint(peer, addresses)).await?;
		Ok(())
	}
}
