//! A chain made by hand, with real signatures, whose validators change twice.

use codec::Encode;
use finality_grandpa::{Message, Precommit, SignedPrecommit};
use millrace_primitives::{AccountId32, BlockNumber, Outcome, Receipt, Usage, H256};
use sp_consensus_grandpa::{
	localized_payload, AuthorityList, Commit, ConsensusLog, ScheduledChange, SetId, GRANDPA_ENGINE_ID,
};
use sp_keyring::Ed25519Keyring::{self, Alice, Bob, Charlie, Dave, Eve, Ferdie};
use sp_runtime::generic::{Digest, DigestItem};

use super::{tree, verify, Header, Justification, ReceiptFile, SetChange, Trust, Verified, VerifyError};
use crate::BlockRef;

/// The validators of each set. All of set 0 must vote, three of set 1, the one of set 2.
pub(super) const SETS: [&[Ed25519Keyring]; 3] = [&[Alice, Bob, Charlie], &[Bob, Charlie, Dave, Eve], &[Ferdie]];
/// The last block of set 0 and of set 1.
pub(super) const ENDS: [BlockNumber; 2] = [3, 6];
/// The block of the receipt.
pub(super) const BLOCK: BlockNumber = 8;
/// The block that the last votes are for.
pub(super) const FINAL: BlockNumber = 10;
/// The receipt's place among the five of its block.
pub(super) const PLACE: u32 = 2;
/// The round of all votes.
pub(super) const ROUND: u64 = 7;

/// A header without digest items.
pub(super) fn header(number: BlockNumber, parent: H256) -> Header {
	let of = |what: u8| H256::from_low_u64_be(u64::from(number) << 8 | u64::from(what));
	Header { parent_hash: parent, number, state_root: of(1), extrinsics_root: of(2), digest: Digest::default() }
}

/// A digest item of GRANDPA's.
pub(super) fn grandpa(log: ConsensusLog<BlockNumber>) -> DigestItem {
	DigestItem::Consensus(GRANDPA_ENGINE_ID, log.encode())
}

/// The keys, each of weight 1.
pub(super) fn authorities(keys: &[Ed25519Keyring]) -> AuthorityList {
	keys.iter().map(|key| (key.public().into(), 1)).collect()
}

/// The plan of a change to these validators.
pub(super) fn plan(keys: &[Ed25519Keyring], delay: BlockNumber) -> ScheduledChange<BlockNumber> {
	ScheduledChange { next_authorities: authorities(keys), delay }
}

/// A signed vote for a block of this height and hash.
pub(super) fn vote(
	key: Ed25519Keyring,
	number: BlockNumber,
	hash: H256,
	set: SetId,
) -> SignedPrecommit<H256, BlockNumber, sp_consensus_grandpa::AuthoritySignature, sp_consensus_grandpa::AuthorityId> {
	let precommit = Precommit::new(hash, number);
	let payload = localized_payload(ROUND, set, &Message::Precommit(precommit.clone()));
	SignedPrecommit { precommit, signature: key.sign(&payload).into(), id: key.public().into() }
}

/// The votes of all of these validators for a block.
pub(super) fn votes(header: &Header, keys: &[Ed25519Keyring], set: SetId) -> Justification {
	let (hash, number) = (header.hash(), header.number);
	let precommits = keys.iter().map(|key| vote(*key, number, hash, set)).collect();
	let commit = Commit::<Header> { target_hash: hash, target_number: number, precommits };
	Justification { round: ROUND, commit, votes_ancestries: Vec::new() }
}

/// The receipt of a job that ended in [`BLOCK`].
pub(super) fn receipt(job: u64) -> Receipt<AccountId32> {
	let hash = |what: u8| H256::repeat_byte(what);
	Receipt {
		job,
		client: AccountId32::new([1; 32]),
		miner: Some(AccountId32::new([2; 32])),
		attempts: 1,
		model_digest: hash(3),
		input_hash: hash(4),
		params_hash: hash(5),
		output_hash: hash(6),
		transcript_root: hash(7),
		usage: Usage { input_tokens: 21, output_tokens: 12, gpu_ms: 345 },
		fee: 6_900_000_000,
		outcome: Outcome::Settled,
		submitted_at: 5,
		ended_at: BLOCK,
	}
}

/// A file, and what its reader trusts.
#[derive(Clone)]
pub(super) struct Scene {
	/// The blocks from 0 on.
	pub(super) headers: Vec<Header>,
	/// The file.
	pub(super) file: ReceiptFile,
	/// The validators of genesis.
	pub(super) trust: Trust,
}

/// A sound file.
pub(super) fn scene() -> Scene {
	scene_with(|_, _| {})
}

/// A file of a chain whose headers have other digest items than they should; the votes are for those headers.
pub(super) fn scene_with(edit: impl Fn(BlockNumber, &mut Vec<DigestItem>)) -> Scene {
	let mut headers = vec![header(0, H256::zero())];
	let genesis = headers[0].hash();
	let leaves: Vec<_> = (0..5).map(|job| receipt(job).leaf(&genesis)).collect();
	let (root, path) = tree::path(&leaves, PLACE).expect("the place is in the tree");
	for number in 1..=FINAL + 2 {
		let mut logs = match number {
			3 => vec![grandpa(ConsensusLog::ScheduledChange(plan(SETS[1], 0)))],
			6 => vec![grandpa(ConsensusLog::ScheduledChange(plan(SETS[2], 0)))],
			BLOCK => vec![DigestItem::Consensus(*b"MILL", (root, 5u32).encode())],
			_ => Vec::new(),
		};
		edit(number, &mut logs);
		let parent = headers.last().expect("genesis is there").hash();
		headers.push(Header { digest: Digest { logs }, ..header(number, parent) });
	}
	let block = |number: BlockNumber| headers[number as usize].clone();
	let change = |set: usize| {
		let header = block(ENDS[set]);
		SetChange { justification: votes(&header, SETS[set], set as SetId), header }
	};
	let file = ReceiptFile {
		genesis,
		receipt: receipt(PLACE.into()),
		place: PLACE,
		path,
		first_set: 0,
		changes: vec![change(0), change(1)],
		headers: (BLOCK..=FINAL).map(block).collect(),
		justification: votes(&block(FINAL), SETS[2], 2),
	};
	let trust = Trust::at_genesis(genesis, SETS[0].iter().map(|key| key.public().into()));
	Scene { headers, file, trust }
}

impl Scene {
	/// What a reader says of the file.
	pub(super) fn verify(&self) -> Result<Verified, VerifyError> {
		verify(&self.file.to_bytes(), &self.trust)
	}

	/// A reader who trusts the validators after the block of this height.
	pub(super) fn checkpoint(&self, number: BlockNumber) -> Trust {
		let set = ENDS.iter().filter(|end| **end <= number).count();
		Trust {
			block: BlockRef { number, hash: self.headers[number as usize].hash() },
			set_id: set as SetId,
			authorities: authorities(SETS[set]),
			..self.trust.clone()
		}
	}
}

/// Why a sound scene is refused after `spoil`.
pub(super) fn refused(spoil: impl FnOnce(&mut Scene)) -> VerifyError {
	let mut scene = scene();
	spoil(&mut scene);
	scene.verify().expect_err("it was spoiled")
}
