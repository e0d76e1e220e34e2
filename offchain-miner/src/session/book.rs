//! What the miner keeps of its channels.
//!
//! Nothing is signed under a number before the disk has it that the number is taken. A voucher is in the file when it is
//! acknowledged, and on disk before the next one: a power cut costs one interval at the most, and nothing when the client
//! comes back.

use std::{
	collections::HashMap,
	fs,
	path::{Path, PathBuf},
	sync::{Arc, Mutex, PoisonError},
	time::Instant,
};

use codec::{Decode, DecodeAll, Encode};
use millrace_client::session::{
	store::{Behind, Record, StoreError},
	transcripts::{Line, Transcript},
	ChannelTerms, Earner, Refusal,
};
use millrace_primitives::{BlockNumber, ChannelId, Checkpoint, RequestPayload, RunningTotal, Voucher, H256};
use tokio_util::sync::CancellationToken;

use super::ledger::Asked;

/// The first byte of a stored account.
const FORMAT: u8 = 2;

/// Checkpoints that a channel may leave unsigned because they did not arrive; one more for each [`PAID_FOR_MORE`]
/// answers that were paid. Each costs the miner an interval at the most.
const FORGIVEN: u32 = 3;

/// See [`FORGIVEN`].
const PAID_FOR_MORE: u32 = 100;

/// Why an account did not change.
#[derive(Debug, thiserror::Error)]
pub enum BookError {
	/// The two sides' rules.
	#[error(transparent)]
	Refused(#[from] Refusal),
	/// The disk.
	#[error("the channel's state can't be written: {0}")]
	Store(#[from] StoreError),
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode)]
struct Stored {
	earner: Earner,
	/// Checkpoints that were written off.
	forgiven: u32,
}

struct State {
	stored: Stored,
	record: Behind,
}

/// A channel's account.
pub struct Account {
	state: tokio::sync::Mutex<State>,
	/// Cancelled when the channel is about to be closed.
	pub closing: CancellationToken,
	/// Held while an answer is under way.
	pub busy: tokio::sync::Mutex<()>,
	used: Mutex<Instant>,
	known: Mutex<Known>,
	transcript: Mutex<Transcript>,
}

/// What the chain says of a channel, as it was read last.
#[derive(Default)]
struct Known {
	terms: Option<Terms>,
	/// How often that has changed.
	changes: u64,
}

/// What the chain says of an open channel, and of its model.
#[derive(Clone)]
pub struct Terms {
	/// Of the channel.
	pub channel: ChannelTerms,
	/// The block in which it ends.
	pub due: BlockNumber,
	/// The model.
	pub model: Asked,
}

impl Account {
	fn new(record: Record, bytes: Option<Vec<u8>>, transcript: Transcript) -> Result<Self, StoreError> {
		let mut stored = match bytes {
			Some(bytes) => decode(&bytes).ok_or_else(|| record.corrupt())?,
			None => Stored::default(),
		};
		// Nothing runs when an account is opened: what was under way ended with the process.
		stored.earner.start_again();
		let state = tokio::sync::Mutex::new(State { stored, record: Behind::new(record) });
		let (closing, busy) = (CancellationToken::new(), tokio::sync::Mutex::default());
		let (used, known) = (Mutex::new(Instant::now()), Mutex::default());
		Ok(Self { state, closing, busy, used, known, transcript: Mutex::new(transcript) })
	}

	fn known(&self) -> std::sync::MutexGuard<'_, Known> {
		self.known.lock().unwrap_or_else(PoisonError::into_inner)
	}

	/// What was read of the channel, and how often it has changed, for [`Account::learn_terms`].
	pub fn terms(&self) -> (Option<Terms>, u64) {
		let known = self.known();
		(known.terms.clone(), known.changes)
	}

	/// The chain was read, when the channel had changed so often.
	pub fn learn_terms(&self, terms: &Terms, changes: u64) {
		let mut known = self.known();
		if known.changes == changes {
			known.terms = Some(terms.clone());
		}
	}

	/// The channel has changed on chain.
	pub fn forget_terms(&self) {
		let mut known = self.known();
		*known = Known { terms: None, changes: known.changes.wrapping_add(1) };
	}

	/// When it was last used.
	pub fn used(&self) -> Instant {
		*self.used.lock().unwrap_or_else(PoisonError::into_inner)
	}

	/// Changes the account. What of it must outlive the process is stored before this returns.
	async fn change<T>(&self, work: impl FnOnce(&mut Stored) -> Result<T, Refusal>) -> Result<T, BookError> {
		*self.used.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
		let mut state = self.state.lock().await;
		let mut stored = state.stored.clone();
		let done = work(&mut stored)?;
		let (before, now) = (state.stored.earner.kept(), stored.earner.kept());
		if before != now || state.stored.forgiven != stored.forgiven {
			state.record.put(&(FORMAT, &stored).encode())?;
		}
		state.stored = stored;
		if before.reserved != now.reserved {
			state.record.settle().await?;
		}
		Ok(done)
	}

	/// Takes a request. A checkpoint whose voucher never came is written off for it, a few times.
	///
	/// # Errors
	///
	/// As [`Earner::begin`].
	pub async fn begin(
		&self,
		terms: &ChannelTerms,
		request: &RequestPayload,
		signature: [u8; 64],
		now: u64,
	) -> Result<(), BookError> {
		self.change(|stored| {
			let earner = &mut stored.earner;
			let allowed = FORGIVEN.saturating_add(earner.paid().answers / PAID_FOR_MORE);
			if earner.pending().is_some() && !earner.is_answering() && stored.forgiven < allowed {
				earner.forgive();
				stored.forgiven = stored.forgiven.saturating_add(1);
			}
			stored.earner.begin(terms, request, signature, now)
		})
		.await
	}

	/// Makes the next checkpoint.
	///
	/// # Errors
	///
	/// As [`Earner::checkpoint`].
	pub async fn checkpoint(
		&self,
		terms: &ChannelTerms,
		part: &super::answer::Part,
		last: bool,
	) -> Result<millrace_primitives::CheckpointPayload, BookError> {
		let (output, root) = part.hashes();
		self.change(|stored| stored.earner.checkpoint(terms, output, root, part.usage, last)).await
	}

	/// Adds to the record of what was asked and answered.
	///
	/// # Errors
	///
	/// [`BookError::Store`].
	pub fn keep(&self, line: &Line) -> Result<(), BookError> {
		Ok(self.transcript.lock().unwrap_or_else(PoisonError::into_inner).add(line)?)
	}

	/// Takes a voucher. Returns what was paid before it and with it.
	///
	/// # Errors
	///
	/// As [`Earner::acknowledge`].
	pub async fn acknowledge(
		&self,
		terms: &ChannelTerms,
		voucher: Voucher,
	) -> Result<(RunningTotal, RunningTotal), BookError> {
		self.change(|stored| {
			let before = stored.earner.paid();
			stored.earner.acknowledge(terms, voucher)?;
			Ok((before, stored.earner.paid()))
		})
		.await
	}

	/// Takes the voucher of a client that comes back. Returns what was paid before it and with it.
	///
	/// # Errors
	///
	/// As [`Earner::welcome`].
	pub async fn welcome(
		&self,
		terms: &ChannelTerms,
		voucher: Voucher,
	) -> Result<(RunningTotal, RunningTotal), BookError> {
		self.change(|stored| {
			let before = stored.earner.paid();
			stored.earner.welcome(terms, voucher)?;
			Ok((before, stored.earner.paid()))
		})
		.await
	}

	/// Ends the answer under way where it is.
	pub async fn abandon(&self) {
		self.transcript.lock().unwrap_or_else(PoisonError::into_inner).rest();
		self.state.lock().await.stored.earner.abandon();
	}

	/// Whether the deposit reaches for an answer that has taken so much.
	pub async fn affords(&self, terms: &ChannelTerms, usage: &millrace_primitives::Usage) -> bool {
		self.state.lock().await.stored.earner.affords(terms, usage)
	}

	/// What was paid, and the checkpoint that waits for its voucher.
	pub async fn standing(&self) -> (RunningTotal, Option<millrace_primitives::CheckpointPayload>) {
		let state = self.state.lock().await;
		(state.stored.earner.paid(), state.stored.earner.pending().cloned())
	}

	/// The number that was used last.
	pub async fn seq(&self) -> u32 {
		self.state.lock().await.stored.earner.seq()
	}

	/// The best voucher.
	pub async fn voucher(&self) -> Option<Voucher> {
		self.state.lock().await.stored.earner.voucher().cloned()
	}

	async fn remove(&self) -> Result<(), StoreError> {
		self.state.lock().await.record.record().remove()
	}
}

/// A checkpoint with the operator's signature. Made anew each time it is sent: only its payload is kept, and that is what
/// may not differ.
pub fn signed(payload: millrace_primitives::CheckpointPayload, signer: &millrace_client::Signer) -> Checkpoint {
	let signature = signer.sign(&payload.signing_hash()).into();
	Checkpoint { payload, signature }
}

/// All channels' accounts, one file each.
pub struct Book {
	folder: PathBuf,
	accounts: Mutex<HashMap<ChannelId, Arc<Account>>>,
}

impl Book {
	/// Those of the chain `genesis` in the work directory.
	///
	/// # Errors
	///
	/// When a file can't be read, or holds something else: a voucher in it is money.
	pub fn open(work_dir: &Path, genesis: H256) -> Result<Self, StoreError> {
		let folder = work_dir.join("channels").join(hex::encode(genesis));
		let failed = |error| StoreError::Io { path: folder.clone(), error };
		fs::create_dir_all(&folder).map_err(failed)?;
		let mut accounts = HashMap::new();
		for entry in fs::read_dir(&folder).map_err(failed)? {
			let name = entry.map_err(failed)?.file_name();
			let id = name.to_str().and_then(|name| name.strip_prefix("channel-")?.parse().ok());
			if let Some(id) = id {
				accounts.insert(id, Arc::new(account(&folder, id)?));
			}
		}
		Ok(Self { folder, accounts: Mutex::new(accounts) })
	}

	fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<ChannelId, Arc<Account>>> {
		self.accounts.lock().unwrap_or_else(PoisonError::into_inner)
	}

	/// The account of a channel; a new one, if need be.
	///
	/// # Errors
	///
	/// When its file can't be made.
	pub fn account(&self, id: ChannelId) -> Result<Arc<Account>, StoreError> {
		let mut accounts = self.lock();
		if let Some(known) = accounts.get(&id) {
			return Ok(known.clone());
		}
		let made = Arc::new(account(&self.folder, id)?);
		accounts.insert(id, made.clone());
		Ok(made)
	}

	/// The account of a channel, if there is one.
	pub fn find(&self, id: ChannelId) -> Option<Arc<Account>> {
		self.lock().get(&id).cloned()
	}

	/// All channels with an account.
	pub fn channels(&self) -> Vec<ChannelId> {
		self.lock().keys().copied().collect()
	}

	/// Where the accounts are, and the records of what was asked and answered.
	pub fn folder(&self) -> &Path {
		&self.folder
	}

	/// Forgets a channel that is over. What was asked and answered is kept while it can be judged.
	///
	/// # Errors
	///
	/// When its file can't be taken away.
	pub async fn forget(&self, id: ChannelId) -> Result<(), StoreError> {
		let found = self.lock().remove(&id);
		match found {
			Some(account) => account.remove().await,
			None => Ok(()),
		}
	}
}

fn account(folder: &Path, id: ChannelId) -> Result<Account, StoreError> {
	let (record, bytes) = Record::open(folder, &format!("channel-{id}"))?;
	Account::new(record, bytes, Transcript::open(folder, id)?)
}

fn decode(bytes: &[u8]) -> Option<Stored> {
	let mut rest = bytes;
	let format = u8::decode(&mut rest).ok()?;
	(format == FORMAT).then(|| Stored::decode_all(&mut rest).ok())?
}
