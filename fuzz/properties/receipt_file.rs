//! Receipt files: any bytes, and the golden file with changes to its bytes or to its parts.

use std::sync::OnceLock;

use codec::{Decode, Encode};
use millrace_client::receipt::{verify, Header, Justification, ReceiptFile, Trust, Verified, MAGIC};
use millrace_primitives::H256;
use sp_runtime::generic::DigestItem;

/// The golden file, and what it proves to whom.
struct Golden {
	bytes: &'static [u8],
	file: ReceiptFile,
	trust: Trust,
	verified: Verified,
}

fn golden() -> &'static Golden {
	static GOLDEN: OnceLock<Golden> = OnceLock::new();
	GOLDEN.get_or_init(|| {
		let bytes = include_bytes!("../../client/tests/vectors/receipt-v1.receipt");
		let trust = Trust::from_json(include_str!("../../client/tests/vectors/receipt-v1-trust.json"));
		let trust = trust.expect("the golden trust can be read");
		let verified = verify(bytes, &trust).expect("the golden file is valid");
		let file = ReceiptFile::from_bytes(bytes).expect("the golden file can be read");
		Golden { bytes, file, trust, verified }
	})
}

/// A change of the golden file.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub enum Edit {
	/// Flips bits of a byte.
	Flip(u16, u8),
	/// Puts bytes in.
	Insert(u16, Vec<u8>),
	/// Takes bytes out.
	Cut(u16, u8),
	/// Changes a part of what the bytes mean; these go first.
	Part(Part),
}

/// A change of a part of the golden file. Numbers that are too high start again at the first.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub enum Part {
	/// Copies a vote from one justification to the end of another.
	CopyVote(u8, u8, u8),
	/// Removes a vote.
	DropVote(u8, u8),
	/// Swaps two votes of a justification.
	SwapVotes(u8, u8, u8),
	/// Moves a justification's target and round.
	Retarget(u8, u32, u64),
	/// Adds a header to those between the votes.
	Ancestor(u8, u8),
	/// Swaps two headers.
	SwapHeaders(u8, u8),
	/// Removes a header.
	DropHeader(u8),
	/// Changes a header's number.
	Renumber(u8, u32),
	/// Adds to what a header says.
	Log(u8, [u8; 4], Vec<u8>),
	/// Says another place and path.
	Place(u32, Vec<H256>),
	/// Begins with another set.
	FirstSet(u64),
	/// Copies a change of the set.
	CopyChange(u8),
	/// Removes a change of the set.
	DropChange(u8),
	/// Says another job, fee and block.
	Receipt(u64, u128, u32),
}

/// Whether `data` was a receipt file or a list of [`Edit`]s.
pub fn check(data: &[u8]) -> bool {
	if data.starts_with(&MAGIC) {
		hold(data);
		return ReceiptFile::from_bytes(data).is_ok();
	}
	let Ok(edits) = Vec::<Edit>::decode(&mut &*data) else {
		hold(data);
		return false;
	};
	let mut file = golden().file.clone();
	for edit in &edits {
		if let Edit::Part(part) = edit {
			apply(&mut file, part);
		}
	}
	let mut bytes = file.to_bytes();
	for edit in &edits {
		change(&mut bytes, edit);
	}
	hold(&bytes);
	true
}

/// Only the golden file is valid; but a vote that is not needed can be left out, and votes have no order.
fn hold(bytes: &[u8]) {
	let Golden { bytes: sound, file, trust, verified } = golden();
	let read = ReceiptFile::from_bytes(bytes);
	assert!(read.as_ref().map_or(true, |read| read.to_bytes() == bytes), "two files of one meaning");
	match (verify(bytes, trust), read) {
		(Ok(found), Ok(mut read)) => {
			assert_eq!(&found, verified);
			for (votes, all) in justifications(&mut read).into_iter().zip(justifications(&mut file.clone())) {
				let given = &mut votes.commit.precommits;
				assert!(given.iter().all(|vote| all.commit.precommits.contains(vote)), "a vote that nobody gave");
				*given = all.commit.precommits.clone();
			}
			assert!(read == *file, "another file is valid");
		}
		(Ok(_), Err(error)) => panic!("a valid file cannot be read: {error}"),
		(Err(error), _) => {
			assert!(bytes != *sound, "the golden file is refused: {error}");
			assert!(!error.name().is_empty() && !error.to_string().is_empty());
		}
	}
}

fn justifications(file: &mut ReceiptFile) -> Vec<&mut Justification> {
	file.changes.iter_mut().map(|change| &mut change.justification).chain([&mut file.justification]).collect()
}

fn headers(file: &mut ReceiptFile) -> Vec<&mut Header> {
	file.changes.iter_mut().map(|change| &mut change.header).chain(&mut file.headers).collect()
}

/// The place in a list of this length, if it has any.
fn at(place: u8, length: usize) -> Option<usize> {
	usize::from(place).checked_rem(length)
}

fn nth<T>(list: Vec<&mut T>, place: u8) -> Option<&mut T> {
	let place = at(place, list.len())?;
	list.into_iter().nth(place)
}

/// `None` when there is nothing to change.
fn apply(file: &mut ReceiptFile, part: &Part) -> Option<()> {
	match part {
		Part::CopyVote(from, vote, to) => {
			let votes = &nth(justifications(file), *from)?.commit.precommits;
			let vote = votes.get(at(*vote, votes.len())?)?.clone();
			nth(justifications(file), *to)?.commit.precommits.push(vote);
		}
		Part::DropVote(from, vote) => {
			let votes = &mut nth(justifications(file), *from)?.commit.precommits;
			let place = at(*vote, votes.len())?;
			votes.remove(place);
		}
		Part::SwapVotes(from, a, b) => {
			let votes = &mut nth(justifications(file), *from)?.commit.precommits;
			let length = votes.len();
			votes.swap(at(*a, length)?, at(*b, length)?);
		}
		Part::Retarget(which, by, round) => {
			let votes = nth(justifications(file), *which)?;
			votes.round ^= round;
			votes.commit.target_number ^= by;
			for vote in &mut votes.commit.precommits {
				vote.precommit.target_number ^= by;
			}
		}
		Part::Ancestor(which, header) => {
			let header = nth(headers(file), *header)?.clone();
			nth(justifications(file), *which)?.votes_ancestries.push(header);
		}
		Part::SwapHeaders(a, b) => {
			let length = file.headers.len();
			file.headers.swap(at(*a, length)?, at(*b, length)?);
		}
		Part::DropHeader(which) => {
			let place = at(*which, file.headers.len())?;
			file.headers.remove(place);
		}
		Part::Renumber(which, by) => nth(headers(file), *which)?.number ^= by,
		Part::Log(which, engine, bytes) => {
			nth(headers(file), *which)?.digest.logs.push(DigestItem::Consensus(*engine, bytes.clone()));
		}
		Part::Place(place, path) => {
			file.place = *place;
			file.path.clone_from(path);
		}
		Part::FirstSet(set) => file.first_set = *set,
		Part::CopyChange(which) => {
			let change = file.changes.get(at(*which, file.changes.len())?)?.clone();
			file.changes.push(change);
		}
		Part::DropChange(which) => {
			let place = at(*which, file.changes.len())?;
			file.changes.remove(place);
		}
		Part::Receipt(job, fee, block) => {
			file.receipt.job ^= job;
			file.receipt.fee ^= fee;
			file.receipt.ended_at ^= block;
		}
	}
	Some(())
}

fn change(bytes: &mut Vec<u8>, edit: &Edit) {
	let place = |at: u16| usize::from(at).min(bytes.len());
	match edit {
		Edit::Flip(at, mask) => {
			if let Some(byte) = bytes.get_mut(usize::from(*at)) {
				*byte ^= mask;
			}
		}
		Edit::Insert(at, more) => {
			let at = place(*at);
			bytes.splice(at..at, more.iter().copied());
		}
		Edit::Cut(at, length) => {
			let at = place(*at);
			let end = at.saturating_add((*length).into()).min(bytes.len());
			bytes.drain(at..end);
		}
		Edit::Part(_) => {}
	}
}
