//! Three validators, whose blocks compete.

use std::{
	collections::BTreeMap,
	time::{Duration, Instant},
};

use futures::StreamExt;
use millrace_client::{calls, Client, Signer};
use millrace_primitives::MILL;
use millrace_tests::{world::account, Node};

/// BABE's primary and secondary authors both make a block in one slot out of fifteen.
const LONGEST: Duration = Duration::from_secs(180);

/// Replaced blocks, as a client of one node sees them.
async fn count_reorgs(client: Client, replaced: tokio::sync::watch::Sender<usize>) {
	let mut seen = BTreeMap::new();
	let mut blocks = client.subscribe_best_blocks().await.unwrap();
	while let Some(block) = blocks.next().await {
		let block = block.unwrap();
		if seen.insert(block.number, block.hash).is_some_and(|before| before != block.hash) {
			replaced.send_modify(|count| *count += 1);
		}
	}
}

#[tokio::test(flavor = "multi_thread")]
async fn transactions_should_all_be_in_the_chain_once_when_blocks_are_replaced() {
	let network = Node::start_network();
	let clients = futures::future::join_all(network.iter().map(Node::client)).await;
	let (replaced, seen) = tokio::sync::watch::channel(0);
	for client in &clients {
		tokio::spawn(count_reorgs(client.clone(), replaced.clone()));
	}
	let submitter = clients[0].submitter(Signer::from_uri("//Dave").unwrap());
	let (target, start) = (account("//Grace"), Instant::now());
	let mut sent = Vec::new();
	// Several in each block, until blocks were replaced under some of them.
	while *seen.borrow() < 3 {
		assert!(start.elapsed() < LONGEST, "no reorg came in {LONGEST:?}");
		for _ in 0..3 {
			let handle = submitter.send(calls::transfer(target.clone(), MILL)).await.unwrap();
			sent.push(tokio::spawn(handle.finalized()));
		}
		tokio::time::sleep(Duration::from_millis(400)).await;
	}
	let count = sent.len();
	let mut places = std::collections::BTreeSet::new();
	for handle in sent {
		let included = handle.await.unwrap().unwrap();
		assert!(places.insert(included.tx_hash), "a transaction counts twice");
	}
	let balance = clients[2].at_best().await.unwrap().balance(&target).await.unwrap();
	assert_eq!(balance.free, count as u128 * MILL, "each transfer counts once");
	println!("{count} transactions, {} blocks replaced", *seen.borrow());
}
