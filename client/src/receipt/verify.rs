//! Checks a receipt file.

use millrace_primitives::{AccountId32, ChannelReceipt, Receipt};
use sp_consensus_grandpa::SetId;

use super::{
	finality::{self, Change},
	tree, FileOf, Header, Leaf, Trust, VerifyError,
};
use crate::BlockRef;

/// What a valid file of a job's receipt proves.
pub type Verified = VerifiedOf<Receipt<AccountId32>>;

/// What a valid file proves: this receipt is in a block that the chain's validators made final.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedOf<R> {
	/// The receipt.
	pub receipt: R,
	/// Its block.
	pub block: BlockRef,
	/// Its place among the receipts of that block, from 0.
	pub place: u32,
	/// How many receipts that block has.
	pub receipts: u32,
	/// The block that the validators voted for: the receipt's or one after it.
	pub finalized: BlockRef,
	/// The set of validators that did.
	pub set_id: SetId,
	/// Changes of the set between the trusted one and that one.
	pub changes: usize,
}

/// Checks the file of a job's receipt against what its reader trusts. Uses neither a network nor a clock.
///
/// # Errors
///
/// The first thing that is wrong, from the outside in: the format, the chain, the sets of validators, the headers, the
/// votes, the place of the receipt in its block.
pub fn verify(bytes: &[u8], trust: &Trust) -> Result<Verified, VerifyError> {
	verify_file(bytes, trust)
}

/// Checks the file of a channel's receipt as [`verify`] does that of a job's.
///
/// # Errors
///
/// As [`verify`].
pub fn verify_channel(bytes: &[u8], trust: &Trust) -> Result<VerifiedOf<ChannelReceipt<AccountId32>>, VerifyError> {
	verify_file(bytes, trust)
}

fn verify_file<R: Leaf>(bytes: &[u8], trust: &Trust) -> Result<VerifiedOf<R>, VerifyError> {
	let file = FileOf::<R>::from_bytes(bytes)?;
	if file.genesis != trust.genesis {
		return Err(VerifyError::OtherChain { found: file.genesis, trusted: trust.genesis });
	}
	let (first, last) = chain_of_headers(&file.headers, trust)?;
	let (set_id, changes) = finalize(&file, first, last, trust)?;
	let receipts = place_of(&file, first)?;
	Ok(VerifiedOf {
		block: BlockRef { number: first.number, hash: first.hash() },
		place: file.place,
		receipts,
		finalized: BlockRef { number: last.number, hash: last.hash() },
		set_id,
		changes,
		receipt: file.receipt,
	})
}

/// Checks that each header is the parent of the next, and returns the first and the last.
fn chain_of_headers<'a>(headers: &'a [Header], trust: &Trust) -> Result<(&'a Header, &'a Header), VerifyError> {
	let (Some(first), Some(last)) = (headers.first(), headers.last()) else { return Err(VerifyError::NoHeader) };
	for (parent, child) in headers.iter().zip(headers.iter().skip(1)) {
		if child.parent_hash != parent.hash() || parent.number.checked_add(1) != Some(child.number) {
			return Err(VerifyError::BrokenChain(child.number));
		}
		match finality::change(parent) {
			Change::None => {}
			// The set that ends here finalizes this very block: no honest file goes on past it.
			Change::Next(_) => return Err(VerifyError::HiddenChange(parent.number)),
			Change::Irregular => return Err(VerifyError::IrregularChange(parent.number)),
		}
	}
	let BlockRef { number, hash } = trust.block;
	match headers.iter().find(|header| header.number == number) {
		Some(header) if header.hash() != hash => Err(VerifyError::OtherCheckpoint(number)),
		_ => Ok((first, last)),
	}
}

/// Follows the sets of validators from the trusted one to the one that finalized the last header, and checks its votes.
/// Returns that set and how many changes lie between.
fn finalize<R>(file: &FileOf<R>, first: &Header, last: &Header, trust: &Trust) -> Result<(SetId, usize), VerifyError> {
	let out_of_reach = || {
		let count = SetId::try_from(file.changes.len()).unwrap_or(SetId::MAX);
		let last = file.first_set.saturating_add(count);
		VerifyError::SetOutOfReach { first: file.first_set, last, trusted: trust.set_id }
	};
	// What lies before the trusted set needs no proof.
	let known = trust.set_id.checked_sub(file.first_set).and_then(|known| usize::try_from(known).ok());
	let changes = known.and_then(|known| file.changes.get(known..)).ok_or_else(out_of_reach)?;
	let (mut set, mut authorities) = (trust.set_id, trust.authorities.clone());
	let mut after = trust.block.number;
	for change in changes {
		let block = change.header.number;
		if block <= after {
			return Err(VerifyError::OutOfOrder { block, after });
		}
		finality::check(&change.justification, &change.header, set, &authorities)
			.map_err(|cause| VerifyError::NotFinal { block, set, cause })?;
		authorities = match finality::change(&change.header) {
			Change::Next(authorities) => authorities,
			Change::None => return Err(VerifyError::NoChange(block)),
			Change::Irregular => return Err(VerifyError::IrregularChange(block)),
		};
		set = set.checked_add(1).ok_or_else(out_of_reach)?;
		after = block;
	}
	if !changes.is_empty() && first.number <= after {
		return Err(VerifyError::OutOfOrder { block: first.number, after });
	}
	finality::check(&file.justification, last, set, &authorities).map_err(|cause| VerifyError::NotFinal {
		block: last.number,
		set,
		cause,
	})?;
	Ok((set, changes.len()))
}

/// Checks that the receipt is one of its block's, and returns how many there are.
fn place_of<R: Leaf>(file: &FileOf<R>, header: &Header) -> Result<u32, VerifyError> {
	let block = header.number;
	let root = tree::root(header).ok_or(VerifyError::NoRoot(block))?;
	let said = file.receipt.ended_at();
	if said != block {
		return Err(VerifyError::OtherBlock { said, found: block });
	}
	if !tree::has_leaf(root, &file.path, file.place, &file.receipt.leaf(&file.genesis)) {
		return Err(VerifyError::NotInBlock(block));
	}
	Ok(root.1)
}
