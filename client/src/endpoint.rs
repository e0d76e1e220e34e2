//! Where a miner's sessions are answered, as it has told the chain.

use libp2p_core::Multiaddr;
use libp2p_identity::PeerId;
use millrace_primitives::{AccountId32, BlockNumber};
use subxt::ext::scale_decode::DecodeAsType;

use crate::{
	calls::{scale, Call},
	snapshot::{key, Snapshot},
	wire::Shared,
	Error,
};

/// Most addresses that the chain takes of a miner.
pub const MAX_ADDRESSES: usize = 4;

/// Longest address that the chain takes, in bytes.
pub const MAX_ADDRESS_BYTES: usize = 128;

/// Where a miner's sessions are answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
	/// Who answers there; nobody else is talked to.
	pub peer: PeerId,
	/// How to reach it.
	pub addresses: Vec<Multiaddr>,
	/// The block in which it was set.
	pub set_at: BlockNumber,
}

#[derive(DecodeAsType)]
#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
pub(crate) struct WireEndpoint {
	peer_id: Shared<Vec<u8>>,
	addresses: Shared<Vec<Vec<u8>>>,
	set_at: BlockNumber,
}

impl Snapshot {
	/// Where the sessions of the miner with this owner are answered, if it says so. Addresses that make no sense are left
	/// out.
	///
	/// # Errors
	///
	/// When the node does not answer, and [`Error::Decode`] when the peer's id is none.
	pub async fn endpoint(&self, owner: &AccountId32) -> Result<Option<Endpoint>, Error> {
		let Some(found) = self.value::<_, WireEndpoint>("Miners", "Endpoints", (key(owner),)).await? else {
			return Ok(None);
		};
		let peer = PeerId::from_bytes(&found.peer_id).map_err(|error| Error::Decode(error.to_string()))?;
		let addresses = found.addresses.0.into_iter().filter_map(|bytes| Multiaddr::try_from(bytes).ok()).collect();
		Ok(Some(Endpoint { peer, addresses, set_at: found.set_at }))
	}
}

/// Says where the sessions of the sender's miner are answered; for its owner or operator. Free for the operator when it
/// differs from what the chain has, and that is at least 100 blocks old or nothing.
pub fn set_endpoint(peer: PeerId, addresses: &[Multiaddr]) -> Call {
	let addresses: Vec<Vec<u8>> = addresses.iter().map(Multiaddr::to_vec).collect();
	Call::new("Miners", "set_endpoint", [("peer_id", scale(peer.to_bytes())), ("addresses", scale(addresses))])
}
