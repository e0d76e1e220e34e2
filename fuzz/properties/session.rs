//! What client and miner say to each other in a session.

use millrace_client::session::wire::{ToClient, ToMiner};

use super::scale;

/// Whether `data` was a message: to the miner where the first byte is 0, to the client where it is another.
pub fn check(data: &[u8]) -> bool {
	match data.split_first() {
		Some((0, message)) => match scale::read::<ToMiner>(message) {
			Some(ToMiner::Open { opening, .. }) => opening.signing_hash() != [0; 32],
			Some(ToMiner::Request { payload, .. }) => payload.signing_hash() != [0; 32],
			message => message.is_some(),
		},
		Some((_, message)) => match scale::read::<ToClient>(message) {
			Some(ToClient::Checkpoint(checkpoint)) => checkpoint.payload.signing_hash() != [0; 32],
			message => message.is_some(),
		},
		None => false,
	}
}
