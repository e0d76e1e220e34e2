//! How a session begins: who the miner is and where, and the first words.

use std::time::Duration;

use millrace_primitives::{ChannelId, Voucher};
use tokio::time::sleep;

use super::{
	network::{self, Multiaddr, Network, PeerId},
	talk::Talk,
	wire::{ToClient, ToMiner, MAX_TO_CLIENT},
	ChannelTerms, SessionError,
};
use crate::{ChannelState, Client, Error};

/// So long may a miner take for [`ToClient::Ready`], and for the end of an answer that was stopped.
pub(super) const SHORT: Duration = Duration::from_secs(20);

/// How often a stream is opened that the miner closes without a word, and the pause after the first time, which doubles.
/// `libp2p-stream` drops a stream that arrives while the one before was not taken yet, so that some of many that come at
/// once are closed so, though the miner has room for them. Nothing has happened by then.
const TRIES: u32 = 6;
const PAUSE: Duration = Duration::from_millis(20);

/// Who answers, and for which channel.
#[derive(Clone, Debug)]
pub struct Counterpart {
	/// The miner's peer id, as the chain has it.
	pub peer: PeerId,
	/// How to reach it.
	pub addresses: Vec<Multiaddr>,
	/// What the chain says of the channel.
	pub terms: ChannelTerms,
	/// Most tokens that the model's template adds to an input.
	pub template_tokens: u32,
}

/// What a miner said to an opening.
pub(super) struct Opened {
	/// The connection lives as long as this.
	pub network: Network,
	/// The stream.
	pub talk: Talk<ToClient, ToMiner>,
	/// The number of the last request that the miner took.
	pub seq: u32,
	/// The best voucher that it has.
	pub voucher: Option<Voucher>,
}

/// Connects to the miner and says `opening`.
///
/// # Errors
///
/// As [`Session::connect`](super::Session::connect), but for those of the chain and of files.
pub(super) async fn open(peer: PeerId, addresses: Vec<Multiaddr>, opening: &ToMiner) -> Result<Opened, SessionError> {
	let (network, stream) = network::dial(peer, addresses).await?;
	let (mut stream, mut tries, mut pause) = (stream, 1, PAUSE);
	loop {
		let mut talk = Talk::new(stream, MAX_TO_CLIENT);
		talk.say_now(opening)?;
		match talk.hear_within(SHORT).await {
			// A pending checkpoint is for something that did not arrive here: it can't be checked, so it is not signed.
			Ok(ToClient::Ready { seq, voucher, .. }) => return Ok(Opened { network, talk, seq, voucher }),
			Ok(ToClient::Refused { code, message }) => return Err(SessionError::Refused { code, message }),
			Ok(_) => return Err(SessionError::Broken("no answer to the opening")),
			Err(error) if !error.is_gone() || tries >= TRIES => return Err(error.into()),
			Err(error) => {
				tracing::debug!(%peer, %error, tries, "a stream was closed without a word; opening another one")
			}
		}
		sleep(pause).await;
		(tries, pause) = (tries.saturating_add(1), pause.saturating_mul(2));
		stream = network.open(peer).await?;
	}
}

/// What the chain knows of a channel and of its miner's whereabouts.
///
/// # Errors
///
/// When the channel is not open, the miner has no endpoint, or the node does not answer.
pub async fn counterpart(client: &Client, channel: ChannelId) -> Result<Counterpart, SessionError> {
	let at = client.at_best().await?;
	let found = at.channel(channel).await?.ok_or(SessionError::UnknownChannel(channel))?;
	if found.state != ChannelState::Open {
		return Err(SessionError::NotOpen(channel));
	}
	let model = at.model(found.model).await?;
	let model = model.ok_or_else(|| Error::Decode(format!("there is no model {}", found.model)))?;
	let endpoint = at.endpoint(&found.miner).await?.ok_or(SessionError::NoEndpoint(channel))?;
	let terms = ChannelTerms {
		genesis: client.genesis_hash(),
		channel,
		operator: found.operator,
		session_key: found.session_key,
		model_digest: model.digest,
		rate: found.rate,
		deposit: found.deposit,
	};
	let template_tokens = model.template_tokens;
	Ok(Counterpart { peer: endpoint.peer, addresses: endpoint.addresses, terms, template_tokens })
}
