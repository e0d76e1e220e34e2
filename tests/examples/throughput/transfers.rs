//! How many transfers a full block holds.

use millrace_client::{calls, Call};
use millrace_primitives::MILL;

use crate::chain::{account_of, key, Block, Chain};

/// Accounts that send at the same time.
const SENDERS: usize = 16;
/// Transfers of each: enough for several full blocks, and few enough for the node's pool.
const EACH: usize = 300;

/// What the blocks with transfers held, and the bytes of one transfer.
pub async fn measure(chain: &Chain) -> (Vec<Block>, usize) {
	let senders: Vec<_> = (0..SENDERS).map(|index| key(&format!("sender{index}"))).collect();
	let accounts: Vec<_> = senders.iter().map(account_of).collect();
	chain.fund(&accounts, 1_000 * MILL).await;
	let mut signed = Vec::new();
	for (index, sender) in senders.iter().enumerate() {
		// In a ring, so that no two transfers in a row write the same accounts.
		let to = accounts[(index + 1) % SENDERS].clone();
		let transfers: Vec<Call> = (0..EACH).map(|_| calls::transfer(to.clone(), MILL / 100)).collect();
		signed.push(chain.sign(sender, 0, &transfers).await);
	}
	let bytes = signed[0][1].len();
	let before = chain.flood(signed).await;
	while chain.waiting().await > 0 {
		chain.next_block().await;
	}
	let blocks = chain.blocks(before + 1..chain.best().await + 1).await;
	(blocks.into_iter().filter(|block| block.transactions > 0).collect(), bytes)
}
