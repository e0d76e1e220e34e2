//! What was asked and answered in a channel, kept by either side while the chain judges frauds in it: requests with the
//! session key's signatures, tokens with their log-probabilities, and checkpoints with the operator's signatures. Each
//! side's file proves by itself what the other one signed.
//!
//! A file for each channel, `channel-NUMBER.transcript`, to which is only added: for each [`Line`] the length of what
//! follows, 4 bytes little-endian, and the line in SCALE. What a kill or a power cut left of a last line does not count.

use std::{
	fs::{self, File},
	io::{self, BufReader, Read, Seek, SeekFrom, Write},
	path::{Path, PathBuf},
	time::Duration,
};

use codec::{Decode, DecodeAll, Encode};
use millrace_primitives::{
	job::payload_hash, transcript, AccountId32, ChannelId, Checkpoint, RequestPayload, TranscriptEntry,
};
use sp_core::sr25519;

use super::store::{private, StoreError};
use crate::{BlockRef, Client, Error};

const ENDING: &str = ".transcript";

/// A channel lives and can be judged for a day; a file that nobody has added to for so long is of no use, whatever the
/// chain still knows.
const USELESS: Duration = Duration::from_secs(7 * 86_400);

/// A line of the file.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum Line {
	/// An answer was asked for.
	#[codec(index = 0)]
	Request {
		/// What was asked for.
		payload: RequestPayload,
		/// The session key's, over [`RequestPayload::signing_hash`].
		signature: sr25519::Signature,
		/// The bytes whose hash the payload has.
		input: Vec<u8>,
	},
	/// A part of that answer came, up to a checkpoint.
	#[codec(index = 1)]
	Part {
		/// Its bytes.
		output: Vec<u8>,
		/// The record of its tokens.
		entries: Vec<TranscriptEntry>,
		/// What the operator signed for all parts so far.
		checkpoint: Checkpoint,
	},
}

/// A channel's file, to add to. One at a time.
#[derive(Debug)]
pub struct Transcript {
	path: PathBuf,
	/// `None` while nothing is added.
	file: Option<File>,
	/// Bytes of the lines that are whole.
	length: u64,
}

impl Transcript {
	/// Opens the file of a channel in `folder`, or makes it, readable to nobody else.
	///
	/// # Errors
	///
	/// [`StoreError::Io`].
	pub fn open(folder: &Path, channel: ChannelId) -> Result<Self, StoreError> {
		let path = path(folder, channel);
		let open = || {
			fs::create_dir_all(folder)?;
			let mut file = private().read(true).open(&path)?;
			let whole = whole(&mut file)?;
			// A line that was cut off would swallow the next one.
			file.set_len(whole)?;
			Ok(whole)
		};
		match open() {
			Ok(length) => Ok(Self { path, file: None, length }),
			Err(error) => Err(StoreError::Io { path, error }),
		}
	}

	/// Adds a line. A process that is killed afterwards does not lose it; a power cut may.
	///
	/// # Errors
	///
	/// [`StoreError::Io`]; nothing was added then.
	pub fn add(&mut self, line: &Line) -> Result<(), StoreError> {
		let frame = super::wire::frame(line);
		match self.write(&frame) {
			Ok(()) => {
				self.length = self.length.saturating_add(u64::try_from(frame.len()).unwrap_or(u64::MAX));
				Ok(())
			}
			Err(error) => {
				// A part of it may be there, on a disk that is full now. What is behind the whole lines is written over.
				if let Some(file) = self.file.take() {
					let _ = file.set_len(self.length);
				}
				Err(StoreError::Io { path: self.path.clone(), error })
			}
		}
	}

	fn write(&mut self, frame: &[u8]) -> io::Result<()> {
		let file = match &mut self.file {
			Some(file) => file,
			None => {
				let mut file = private().open(&self.path)?;
				file.seek(SeekFrom::Start(self.length))?;
				self.file.insert(file)
			}
		};
		file.write_all(frame)
	}

	/// Nothing is added for a while: a process can have only so many files open.
	pub fn rest(&mut self) {
		self.file = None;
	}
}

/// The file of a channel in `folder`.
pub fn path(folder: &Path, channel: ChannelId) -> PathBuf {
	folder.join(format!("channel-{channel}{ENDING}"))
}

/// Bytes of the lines that are whole.
fn whole(file: &mut File) -> io::Result<u64> {
	let length = file.metadata()?.len();
	let mut reader = BufReader::new(file);
	let (mut at, mut head) = (0u64, [0; 4]);
	loop {
		let body = at.saturating_add(4);
		if body > length {
			return Ok(at);
		}
		reader.read_exact(&mut head)?;
		let next = body.saturating_add(u32::from_le_bytes(head).into());
		// A power cut can leave zeros behind; no line is empty.
		if next > length || next == body {
			return Ok(at);
		}
		reader.seek_relative(i64::from(u32::from_le_bytes(head)))?;
		at = next;
	}
}

/// An answer as the file has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
	/// What was asked for.
	pub request: RequestPayload,
	/// The session key's signature over it.
	pub signature: sr25519::Signature,
	/// The input's bytes.
	pub input: Vec<u8>,
	/// The answer's bytes, up to the last checkpoint.
	pub output: Vec<u8>,
	/// The record of its tokens.
	pub entries: Vec<TranscriptEntry>,
	/// The last checkpoint; `None`: it came to none.
	pub checkpoint: Option<Checkpoint>,
}

impl Kept {
	/// Whether the two keys signed just this.
	pub fn is_signed(&self, session_key: &AccountId32, operator: &AccountId32) -> bool {
		let asked = self.request.input_hash == payload_hash(&self.input);
		let answered = self.checkpoint.as_ref().is_none_or(|Checkpoint { payload, signature }| {
			payload.request.0 == self.request.signing_hash()
				&& payload.output_hash == payload_hash(&self.output)
				&& payload.transcript_root == transcript::root(&self.entries)
				&& payload.verify(signature, operator)
		});
		asked && answered && self.request.verify(&self.signature, session_key)
	}
}

/// The answers of a file, oldest first.
///
/// # Errors
///
/// [`StoreError::Io`]; [`StoreError::Corrupt`] when it holds something else.
pub fn read(path: &Path) -> Result<Vec<Kept>, StoreError> {
	let bytes = fs::read(path).map_err(|error| StoreError::Io { path: path.to_owned(), error })?;
	let corrupt = || StoreError::Corrupt { path: path.to_owned() };
	let (mut rest, mut answers) = (bytes.as_slice(), Vec::<Kept>::new());
	while let Some((head, more)) = rest.split_first_chunk() {
		let length = usize::try_from(u32::from_le_bytes(*head)).unwrap_or(usize::MAX);
		let Some((mut line, more)) = more.split_at_checked(length).filter(|(line, _)| !line.is_empty()) else { break };
		rest = more;
		match Line::decode_all(&mut line).map_err(|_| corrupt())? {
			Line::Request { payload, signature, input } => answers.push(Kept {
				request: payload,
				signature,
				input,
				output: Vec::new(),
				entries: Vec::new(),
				checkpoint: None,
			}),
			Line::Part { output, entries, checkpoint } => {
				let answer = answers.last_mut().ok_or_else(corrupt)?;
				answer.output.extend(output);
				answer.entries.extend(entries);
				answer.checkpoint = Some(checkpoint);
			}
		}
	}
	Ok(answers)
}

/// Takes away the files in `folder` of channels that the chain has forgotten: nothing in them can be judged any more.
///
/// # Errors
///
/// When the node can't be asked. A file that can't be taken away is left for the next time.
pub async fn sweep(client: &Client, folder: &Path) -> Result<(), Error> {
	let files = files(folder);
	if files.is_empty() {
		return Ok(());
	}
	let (number, hash) = client.finalized_block().await?;
	let at = client.at(BlockRef { number, hash }).await?;
	for (channel, path) in files {
		if at.channel(channel).await?.is_some() {
			continue;
		}
		// A node that is behind does not know the channel yet.
		if at.channel_receipt(channel).await?.is_some() || is_old(&path) {
			let _ = fs::remove_file(&path);
		}
	}
	Ok(())
}

fn files(folder: &Path) -> Vec<(ChannelId, PathBuf)> {
	let entries = fs::read_dir(folder).into_iter().flatten().flatten();
	let file = |path: PathBuf| {
		let name = path.file_name()?.to_str()?.strip_prefix("channel-")?.strip_suffix(ENDING)?;
		Some((name.parse().ok()?, path))
	};
	entries.filter_map(|entry| file(entry.path())).collect()
}

fn is_old(path: &Path) -> bool {
	let changed = fs::metadata(path).and_then(|metadata| metadata.modified());
	changed.is_ok_and(|changed| changed.elapsed().is_ok_and(|time| time > USELESS))
}

#[cfg(test)]
mod tests {
	use millrace_primitives::{channel::CheckpointPayload, Alternative, RunningTotal, Sampling, Usage, Workload, H256};
	use tempfile::TempDir;

	use super::*;
	use crate::Signer;

	fn key(name: &str) -> Signer {
		Signer::from_uri(&format!("//{name}")).unwrap()
	}

	fn entry(text: &str) -> TranscriptEntry {
		let top = vec![Alternative { token: 3, logprob: -250_000 }];
		TranscriptEntry { token: 3, bytes: text.as_bytes().to_vec(), logprob: -250_000, top }
	}

	/// A question, and its answer in two parts.
	fn lines(seq: u32) -> [Line; 3] {
		let genesis = H256::repeat_byte(1);
		let input = b"17 + 25?".to_vec();
		let payload = RequestPayload {
			genesis,
			channel: 7,
			seq,
			model_digest: H256::repeat_byte(2),
			workload: Workload::Chat(Sampling::greedy(8)),
			seed: 5,
			input_hash: payload_hash(&input),
			issued_at: 9,
		};
		let request = H256(payload.signing_hash());
		let part = |index: u32, so_far: &[&str]| {
			let all: Vec<_> = so_far.iter().map(|text| entry(text)).collect();
			let payload = CheckpointPayload {
				genesis,
				channel: 7,
				seq,
				index,
				request,
				output_hash: payload_hash(so_far.concat().as_bytes()),
				transcript_root: transcript::root(&all),
				usage: Usage::default(),
				total: RunningTotal::default(),
				last: index == 1,
			};
			let signature = key("Bob").sign(&payload.signing_hash()).into();
			let last = so_far.last().unwrap();
			Line::Part {
				output: last.as_bytes().to_vec(),
				entries: vec![entry(last)],
				checkpoint: Checkpoint { payload, signature },
			}
		};
		let signature = key("Charlie").sign(&payload.signing_hash()).into();
		[Line::Request { payload, signature, input }, part(0, &["4"]), part(1, &["4", "2"])]
	}

	fn written(folder: &TempDir, lines: &[Line]) -> PathBuf {
		let mut file = Transcript::open(folder.path(), 7).unwrap();
		for line in lines {
			file.add(line).unwrap();
			file.rest();
		}
		path(folder.path(), 7)
	}

	#[test]
	fn answers_should_come_back_signed_when_they_were_kept_in_parts() {
		let folder = TempDir::new().unwrap();
		written(&folder, &lines(1));
		// Another process goes on.
		let path = written(&folder, &lines(2)[..1]);
		let answers = read(&path).unwrap();
		let (session, operator) = (key("Charlie").account_id(), key("Bob").account_id());
		assert_eq!((answers.len(), answers[0].output.as_slice(), answers[0].entries.len()), (2, &b"42"[..], 2));
		assert!(answers[0].checkpoint.as_ref().unwrap().payload.last && answers[1].checkpoint.is_none());
		assert!(answers.iter().all(|kept| kept.is_signed(&session, &operator)));
		assert!(!answers[0].is_signed(&operator, &operator) && !answers[0].is_signed(&session, &session));
		for change in [
			|kept: &mut Kept| kept.input.push(b'!'),
			|kept: &mut Kept| kept.output[0] = b'5',
			|kept: &mut Kept| kept.entries[1].logprob = -1,
			|kept: &mut Kept| kept.request.seed = 6,
		] {
			let mut kept = answers[0].clone();
			change(&mut kept);
			assert!(!kept.is_signed(&session, &operator));
		}
	}

	#[test]
	fn file_should_go_on_behind_the_last_whole_line_wherever_it_was_cut_off() {
		let folder = TempDir::new().unwrap();
		let path = written(&folder, &lines(1));
		let bytes = fs::read(&path).unwrap();
		let first = super::super::wire::frame(&lines(1)[0]).len();
		for cut in first..bytes.len() {
			fs::write(&path, &bytes[..cut]).unwrap();
			assert_eq!(read(&path).unwrap().len(), 1, "cut at {cut}");
			written(&folder, &lines(2));
			let answers = read(&path).unwrap();
			assert_eq!((answers.len(), answers[1].output.as_slice()), (2, &b"42"[..]), "cut at {cut}");
		}
	}

	#[test]
	fn file_should_go_on_where_a_power_cut_left_zeros() {
		let folder = TempDir::new().unwrap();
		let path = written(&folder, &lines(1));
		let bytes = [fs::read(&path).unwrap(), vec![0; 9]].concat();
		fs::write(&path, bytes).unwrap();
		assert_eq!(read(&path).unwrap().len(), 1);
		written(&folder, &lines(2));
		assert_eq!(read(&path).unwrap().len(), 2);
	}

	#[test]
	fn file_should_be_refused_when_it_holds_something_else() {
		let folder = TempDir::new().unwrap();
		let path = path(folder.path(), 7);
		for bytes in [&[1, 0, 0, 0, 9][..], &super::super::wire::frame(&lines(1)[1])] {
			fs::write(&path, bytes).unwrap();
			assert!(matches!(read(&path), Err(StoreError::Corrupt { .. })));
		}
		assert!(matches!(read(folder.path()), Err(StoreError::Io { .. })));
	}

	#[test]
	fn files_should_be_those_of_channels() {
		let folder = TempDir::new().unwrap();
		for name in ["channel-7", "channel-7.lock", "channel-8.transcript", "channel-x.transcript", "other"] {
			fs::write(folder.path().join(name), "").unwrap();
		}
		assert_eq!(files(folder.path()), [(8, path(folder.path(), 8))]);
	}
}
