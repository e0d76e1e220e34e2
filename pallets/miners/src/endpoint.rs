//! Where clients reach a miner for channels.

use frame::prelude::*;
use millrace_primitives::BlockNumber;

use crate::*;

/// Most bytes of a peer's identity. libp2p's own are of 34 to 42.
pub const MAX_PEER_ID: u32 = 64;
/// Most bytes of an address.
pub const MAX_ADDRESS: u32 = 128;
/// Most addresses of a miner.
pub const MAX_ADDRESSES: u32 = 4;
/// Blocks after which an operator may change the endpoint for free again.
pub const ENDPOINT_INTERVAL: BlockNumber = 100;

/// A libp2p peer identity: the bytes of its multihash
/// (<https://github.com/libp2p/specs/blob/master/peer-ids/peer-ids.md>).
pub type PeerId = BoundedVec<u8, ConstU32<MAX_PEER_ID>>;
/// A binary multiaddress (<https://github.com/multiformats/multiaddr>). The chain does not read it.
pub type Address = BoundedVec<u8, ConstU32<MAX_ADDRESS>>;

/// Where clients reach a miner.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct Endpoint {
	/// Whoever answers at the addresses has to prove this identity.
	pub peer_id: PeerId,
	/// At least one; the preferred one first.
	pub addresses: BoundedVec<Address, ConstU32<MAX_ADDRESSES>>,
	/// The block of the last change.
	pub set_at: BlockNumber,
}

impl<T: Config> Pallet<T> {
	/// Whether `set_endpoint` with these arguments is free: an operator says something new, and not too soon.
	pub(crate) fn moves(
		origin: &OriginFor<T>,
		peer_id: &PeerId,
		addresses: &BoundedVec<Address, ConstU32<MAX_ADDRESSES>>,
	) -> bool {
		let Some(owner) = Self::operated_by(origin) else { return false };
		if peer_id.is_empty() || addresses.is_empty() {
			return false;
		}
		Endpoints::<T>::get(owner).is_none_or(|before| {
			let now = T::BlockNumberProvider::current_block_number();
			(&before.peer_id, &before.addresses) != (peer_id, addresses)
				&& before.set_at.saturating_add(ENDPOINT_INTERVAL) <= now
		})
	}

	pub(crate) fn do_set_endpoint(
		who: T::AccountId,
		peer_id: PeerId,
		addresses: BoundedVec<Address, ConstU32<MAX_ADDRESSES>>,
	) -> DispatchResult {
		let owner = Self::acts_for(who)?;
		if addresses.is_empty() {
			Endpoints::<T>::remove(&owner);
		} else {
			ensure!(!peer_id.is_empty(), Error::<T>::NoPeerId);
			let set_at = T::BlockNumberProvider::current_block_number();
			Endpoints::<T>::insert(&owner, Endpoint { peer_id, addresses, set_at });
		}
		Self::deposit_event(Event::EndpointSet { owner });
		Ok(())
	}
}
