//! Receipt files whose signatures are all real, by validators who sign anything.

use std::collections::BTreeSet;

use codec::{Decode, Encode};
use finality_grandpa::{Message, Precommit, SignedPrecommit};
use millrace_client::{
	receipt::{verify, AuthorityId, Header, Justification, ReceiptFile, Trust},
	BlockRef,
};
use millrace_primitives::{job::payload_hash, AccountId32, BlockNumber, Outcome, Receipt, Usage, H256};
use sp_consensus_grandpa::{localized_payload, Commit};
use sp_keyring::Ed25519Keyring::{self, Alice, Bob, Charlie, Dave};
use sp_runtime::generic::{Digest, DigestItem};

/// All validators.
const KEYS: [Ed25519Keyring; 4] = [Alice, Bob, Charlie, Dave];
/// More blocks or votes only take time.
const MOST: usize = 12;
/// The round of all votes.
const ROUND: u64 = 1;

/// A tree of blocks, and what is said of it. Numbers that are too high start again at the first.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct Case {
	/// What each validator's vote weighs.
	pub weights: [u64; 4],
	/// The blocks after genesis: its parent, and what its header says besides the root of its receipts.
	pub blocks: Vec<(u8, Vec<DigestItem>)>,
	/// Who votes for which block.
	pub votes: Vec<(u8, u8)>,
	/// The block that is said to be final.
	pub target: u8,
	/// How many blocks before it the receipt's is.
	pub depth: u8,
	/// The blocks whose headers go with the votes.
	pub ancestors: Vec<u8>,
}

/// Blocks by their place: genesis, then those of the case.
struct Tree {
	headers: Vec<Header>,
	parents: Vec<usize>,
}

/// Whether `data` was a [`Case`] that convinces a reader.
pub fn check(data: &[u8]) -> bool {
	let Ok(mut case) = Case::decode(&mut &*data) else { return false };
	case.blocks.truncate(MOST);
	case.votes.truncate(MOST);
	case.ancestors.truncate(MOST);
	let tree = tree(&case);
	let target = usize::from(case.target) % tree.headers.len();
	let trust = Trust {
		genesis: tree.headers[0].hash(),
		block: BlockRef { number: 0, hash: tree.headers[0].hash() },
		set_id: 0,
		authorities: KEYS
			.iter()
			.zip(case.weights)
			.map(|(key, weight)| (AuthorityId::from(key.public()), weight))
			.collect(),
	};
	let mut way = vec![target];
	for _ in 0..usize::from(case.depth) % tree.headers.len() {
		way.insert(0, tree.parents[way[0]]);
	}
	way.dedup();
	let headers: Vec<_> = way.iter().map(|block| tree.headers[*block].clone()).collect();
	let file = ReceiptFile {
		genesis: trust.genesis,
		receipt: receipt(headers[0].number),
		place: 0,
		path: Vec::new(),
		first_set: 0,
		changes: Vec::new(),
		headers,
		justification: justification(&case, &tree, target),
	};
	let result = verify(&file.to_bytes(), &trust);
	let Ok(verified) = result else { return false };
	assert_eq!(verified.receipt, file.receipt);
	assert_eq!((verified.finalized.hash, verified.set_id), (tree.headers[target].hash(), 0));
	assert!(enough(&case, &tree, target), "too few votes count");
	true
}

fn tree(case: &Case) -> Tree {
	let root = |logs| Header {
		parent_hash: H256::zero(),
		number: 0,
		state_root: H256::zero(),
		extrinsics_root: H256::zero(),
		digest: Digest { logs },
	};
	let mut tree = Tree { headers: vec![root(Vec::new())], parents: vec![0] };
	let genesis = tree.headers[0].hash();
	for (place, (parent, logs)) in case.blocks.iter().enumerate() {
		let parent = usize::from(*parent) % tree.headers.len();
		let number = tree.headers[parent].number + 1;
		// A tree of one leaf.
		let receipts = (payload_hash(&receipt(number).leaf(&genesis)), 1u32);
		let mut logs = logs.clone();
		logs.push(DigestItem::Consensus(*b"MILL", receipts.encode()));
		let own = Header {
			parent_hash: tree.headers[parent].hash(),
			number,
			state_root: H256::from_low_u64_be(place as u64),
			..root(logs)
		};
		tree.headers.push(own);
		tree.parents.push(parent);
	}
	tree
}

fn receipt(block: BlockNumber) -> Receipt<AccountId32> {
	Receipt {
		job: 0,
		client: AccountId32::new([1; 32]),
		miner: None,
		attempts: 0,
		model_digest: H256::zero(),
		input_hash: H256::zero(),
		params_hash: H256::zero(),
		output_hash: H256::zero(),
		transcript_root: H256::zero(),
		usage: Usage::default(),
		fee: 0,
		outcome: Outcome::Expired,
		submitted_at: 0,
		ended_at: block,
	}
}

fn justification(case: &Case, tree: &Tree, target: usize) -> Justification {
	let vote = |(key, block): (usize, usize)| {
		let header = &tree.headers[block];
		let precommit = Precommit::new(header.hash(), header.number);
		let payload = localized_payload(ROUND, 0, &Message::Precommit(precommit.clone()));
		SignedPrecommit { precommit, signature: KEYS[key].sign(&payload).into(), id: KEYS[key].public().into() }
	};
	let header = &tree.headers[target];
	let commit = Commit::<Header> {
		target_hash: header.hash(),
		target_number: header.number,
		precommits: votes(case, tree).map(vote).collect(),
	};
	let ancestor = |block: &u8| tree.headers[usize::from(*block) % tree.headers.len()].clone();
	Justification { round: ROUND, commit, votes_ancestries: case.ancestors.iter().map(ancestor).collect() }
}

fn votes<'a>(case: &'a Case, tree: &'a Tree) -> impl Iterator<Item = (usize, usize)> + 'a {
	let blocks = tree.headers.len();
	case.votes.iter().map(move |(key, block)| (usize::from(*key) % KEYS.len(), usize::from(*block) % blocks))
}

/// Whether more than two thirds of the weight voted for the target or a block after it. Who votes twice has voted for
/// everything.
fn enough(case: &Case, tree: &Tree, target: usize) -> bool {
	let after = |mut block: usize| loop {
		if block == target {
			return true;
		}
		if block == 0 {
			return false;
		}
		block = tree.parents[block];
	};
	let counts = |key: usize| {
		let blocks: BTreeSet<_> = votes(case, tree).filter(|(by, _)| *by == key).map(|(_, block)| block).collect();
		blocks.len() > 1 || blocks.into_iter().any(after)
	};
	let total: u128 = case.weights.iter().copied().map(u128::from).sum();
	let given: u128 = (0..KEYS.len()).filter(|key| counts(*key)).map(|key| u128::from(case.weights[key])).sum();
	given * 3 > total * 2
}
