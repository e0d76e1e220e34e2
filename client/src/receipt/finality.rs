//! Whether a set of GRANDPA validators made a block final.
//!
//! The votes are counted and their signatures checked by the functions that nodes use, `finality_grandpa` and
//! `sp_consensus_grandpa`. What is checked here besides keeps their input within what they expect.

use std::collections::{BTreeMap, BTreeSet};

use codec::DecodeAll;
use finality_grandpa::{voter_set::VoterSet, Chain, Error as GrandpaError, Message};
use millrace_primitives::{BlockNumber, H256};
use sp_consensus_grandpa::{AuthorityList, ConsensusLog, ScheduledChange, SetId, GRANDPA_ENGINE_ID};
use sp_runtime::generic::DigestItem;

use super::{FinalityError, Header, Justification};

/// Most headers between the blocks that validators voted for in one round.
const MAX_ANCESTORS: usize = 4_096;

/// Checks that more than two thirds of the set's weight signed votes that make `block` final.
pub(super) fn check(
	justification: &Justification,
	block: &Header,
	set: SetId,
	authorities: &AuthorityList,
) -> Result<(), FinalityError> {
	let Justification { round, commit, votes_ancestries } = justification;
	let voters = VoterSet::new(authorities.iter().cloned()).ok_or(FinalityError::NoVoters)?;
	if (commit.target_hash, commit.target_number) != (block.hash(), block.number) {
		return Err(FinalityError::OtherBlock { number: commit.target_number, hash: commit.target_hash });
	}
	// Who votes for two blocks in a round can appear with both votes.
	let most_votes = voters.len().get().saturating_mul(2);
	if commit.precommits.len() > most_votes || votes_ancestries.len() > MAX_ANCESTORS {
		return Err(FinalityError::TooLarge);
	}
	for vote in &commit.precommits {
		if !voters.contains(&vote.id) {
			return Err(FinalityError::UnknownVoter(vote.id.clone()));
		}
		let message = Message::Precommit(vote.precommit.clone());
		let result = sp_consensus_grandpa::check_message_signature(&message, &vote.id, &vote.signature, *round, set);
		if !result.is_valid() {
			return Err(FinalityError::BadSignature(vote.id.clone()));
		}
	}
	let ancestors = Ancestors::new(justification)?;
	let result =
		finality_grandpa::validate_commit(commit, &voters, &ancestors).map_err(|_| FinalityError::TooFewVotes)?;
	if result.num_duplicated_precommits() > 0 {
		return Err(FinalityError::Doubled);
	}
	if result.is_valid() {
		Ok(())
	} else {
		Err(FinalityError::TooFewVotes)
	}
}

/// The headers between the blocks that were voted for, by hash.
struct Ancestors<'a>(BTreeMap<H256, &'a Header>);

impl<'a> Ancestors<'a> {
	/// Links each vote down to the lowest one. Heights must go down by one with each link, and each header must be a
	/// link: the counting of votes relies on the first, the second leaves no byte without a meaning.
	fn new(justification: &'a Justification) -> Result<Self, FinalityError> {
		let Justification { commit, votes_ancestries, .. } = justification;
		let headers: BTreeMap<_, _> = votes_ancestries.iter().map(|header| (header.hash(), header)).collect();
		let votes = || commit.precommits.iter().map(|vote| &vote.precommit);
		let base = votes().min_by_key(|vote| vote.target_number).ok_or(FinalityError::TooFewVotes)?;
		let mut linked = BTreeSet::new();
		for vote in votes() {
			let (mut hash, mut number) = (vote.target_hash, vote.target_number);
			while hash != base.target_hash {
				let header = headers.get(&hash).ok_or(FinalityError::Unlinked)?;
				if header.number != number {
					return Err(FinalityError::Unlinked);
				}
				if !linked.insert(hash) {
					// From here on another vote has gone this way.
					(hash, number) = (base.target_hash, base.target_number);
					break;
				}
				(hash, number) = (header.parent_hash, number.checked_sub(1).ok_or(FinalityError::Unlinked)?);
			}
			if (hash, number) != (base.target_hash, base.target_number) {
				return Err(FinalityError::Unlinked);
			}
		}
		if linked.len() != votes_ancestries.len() {
			return Err(FinalityError::Unneeded);
		}
		Ok(Self(headers))
	}
}

impl Chain<H256, BlockNumber> for Ancestors<'_> {
	fn ancestry(&self, base: H256, block: H256) -> Result<Vec<H256>, GrandpaError> {
		let mut route = Vec::new();
		let mut hash = block;
		while hash != base {
			// Hashes of headers form no circle, so that this ends.
			hash = self.0.get(&hash).ok_or(GrandpaError::NotDescendent)?.parent_hash;
			route.push(hash);
		}
		// The base itself.
		route.pop();
		Ok(route)
	}
}

/// What a header says of the next set of validators.
pub(super) enum Change {
	/// Nothing: the set stays.
	None,
	/// These are the validators after this block.
	Next(AuthorityList),
	/// A change that begins later or by force, or one that can't be read.
	Irregular,
}

/// Reads a header's change of the set.
pub(super) fn change(header: &Header) -> Change {
	let mut found = Change::None;
	for item in &header.digest.logs {
		let DigestItem::Consensus(GRANDPA_ENGINE_ID, log) = item else { continue };
		match ConsensusLog::<BlockNumber>::decode_all(&mut &log[..]) {
			Ok(ConsensusLog::ScheduledChange(ScheduledChange { next_authorities, delay: 0 }))
				if matches!(found, Change::None) =>
			{
				found = Change::Next(next_authorities);
			}
			Ok(ConsensusLog::OnDisabled(_)) => {}
			_ => return Change::Irregular,
		}
	}
	found
}
