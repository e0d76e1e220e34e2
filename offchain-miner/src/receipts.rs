//! Writes the receipts of answered jobs to files, beside the work.

use std::{
	collections::BTreeSet,
	path::{Path, PathBuf},
	sync::Arc,
	time::Duration,
};

use anyhow::Context;
use millrace_client::receipt::{files, json::ReceiptSigner};
use millrace_primitives::JobId;

use crate::{
	chain::{Chain, ReceiptFile},
	journal::Journal,
};

/// Pause between two looks at the journal.
const EVERY: Duration = Duration::from_secs(5);

/// Makes the files that the journal says are missing.
pub struct Receipts {
	chain: Arc<dyn Chain>,
	journal: Arc<Journal>,
	folder: PathBuf,
	key: Option<ReceiptSigner>,
	/// Jobs of which the owner was told that they must wait.
	told: BTreeSet<JobId>,
}

impl Receipts {
	/// Files go below `folder`.
	pub fn new(chain: Arc<dyn Chain>, journal: Arc<Journal>, folder: PathBuf) -> Self {
		Self { chain, journal, folder, key: None, told: BTreeSet::new() }
	}

	/// Signs each receipt as JSON too, if there is a key for it.
	pub fn signed_by(self, key: Option<ReceiptSigner>) -> Self {
		Self { key, ..self }
	}

	/// Works for ever. What fails is tried again.
	pub async fn follow(mut self) {
		loop {
			if let Err(error) = self.pass().await {
				tracing::debug!(%error, "receipts wait");
			}
			tokio::time::sleep(EVERY).await;
		}
	}

	/// Tries each missing file once.
	async fn pass(&mut self) -> anyhow::Result<()> {
		let journal = self.journal.clone();
		let jobs = tokio::task::spawn_blocking(move || journal.without_receipt()).await??;
		for job in jobs {
			match self.chain.receipt_file(job).await? {
				ReceiptFile::Ready(bytes) => {
					if self.write(job, &bytes).await? && self.sign(job, &bytes).await? {
						self.done(job).await?;
					}
				}
				ReceiptFile::Later(why) => self.wait(job, &why),
				ReceiptFile::Never(why) => {
					tracing::warn!(job, event = %"receipt_lost", %why, "no receipt to write to a file");
					self.done(job).await?;
				}
			}
		}
		Ok(())
	}

	/// Writes the proof; `false`: try again later.
	async fn write(&mut self, job: JobId, bytes: &[u8]) -> anyhow::Result<bool> {
		let path = files::path(&self.folder, self.chain.genesis(), job);
		let written = self.write_to(job, &path, bytes.to_vec()).await?;
		if written {
			tracing::info!(job, event = %"receipt", path = %path.display(), "the receipt is in a file");
		}
		Ok(written)
	}

	/// Writes the same as JSON, if there is a key; `false`: try again later.
	async fn sign(&mut self, job: JobId, file: &[u8]) -> anyhow::Result<bool> {
		let Some(key) = &self.key else { return Ok(true) };
		let text = match self.chain.sign_receipt(file, key).await? {
			ReceiptFile::Ready(text) => text,
			ReceiptFile::Later(why) => {
				self.wait(job, &why);
				return Ok(false);
			}
			ReceiptFile::Never(why) => {
				tracing::warn!(job, event = %"receipt_unsigned", %why, "the receipt is not signed as JSON");
				return Ok(true);
			}
		};
		let path = files::json_path(&self.folder, self.chain.genesis(), job);
		let written = self.write_to(job, &path, text).await?;
		if written {
			tracing::info!(job, event = %"receipt_signed", path = %path.display(), "the receipt is signed as JSON");
		}
		Ok(written)
	}

	async fn write_to(&mut self, job: JobId, path: &Path, bytes: Vec<u8>) -> anyhow::Result<bool> {
		let to = path.to_owned();
		let written = tokio::task::spawn_blocking(move || files::write(&to, &bytes)).await?;
		if let Err(error) = &written {
			self.wait(job, &format!("{}: {error}", path.display()));
		}
		Ok(written.is_ok())
	}

	/// Says once for each job that it waits.
	fn wait(&mut self, job: JobId, why: &str) {
		if self.told.insert(job) {
			tracing::warn!(job, event = %"receipt_waits", %why, "no file of the receipt yet; trying again");
		}
	}

	async fn done(&mut self, job: JobId) -> anyhow::Result<()> {
		self.told.remove(&job);
		let journal = self.journal.clone();
		tokio::task::spawn_blocking(move || journal.has_receipt(job)).await?.context("the journal can't be written")
	}
}

#[cfg(test)]
pub(crate) mod tests {
	use super::*;
	use crate::{
		chain::{ChainError, ModelInfo, Registration},
		core::{
			fixtures::{answer, assignment},
			Answer, Assignment, Row, RowState, Ticket,
		},
		journal::Change,
	};
	use async_trait::async_trait;
	use futures::stream::BoxStream;
	use millrace_primitives::{Balance, BlockNumber, FailCode, ModelId, H256};
	use std::{collections::BTreeMap, sync::Mutex};

	const GENESIS: H256 = H256::repeat_byte(1);

	/// Knows nothing but receipts.
	#[derive(Default)]
	pub(crate) struct Files {
		files: Mutex<BTreeMap<JobId, Result<ReceiptFile, ChainError>>>,
		/// What signing gives.
		signed: Mutex<Option<Result<ReceiptFile, ChainError>>>,
	}

	impl Files {
		fn sign(&self, signed: Result<ReceiptFile, ChainError>) {
			*self.signed.lock().unwrap() = Some(signed);
		}

		fn set(&self, job: JobId, file: Result<ReceiptFile, ChainError>) {
			self.files.lock().unwrap().insert(job, file);
		}
	}

	#[async_trait]
	impl Chain for Files {
		fn genesis(&self) -> H256 {
			GENESIS
		}
		async fn current_genesis(&self) -> Result<H256, ChainError> {
			Ok(GENESIS)
		}
		async fn blocks(&self) -> Result<BoxStream<'static, Result<(), ChainError>>, ChainError> {
			Err(ChainError::Unavailable("not asked for".into()))
		}
		async fn assignments(&self) -> Result<(BlockNumber, Vec<Assignment>), ChainError> {
			Ok((0, Vec::new()))
		}
		async fn finalized(&self) -> Result<BlockNumber, ChainError> {
			Ok(0)
		}
		async fn input(&self, _: JobId) -> Result<Option<Vec<u8>>, ChainError> {
			Ok(None)
		}
		async fn model(&self, _: ModelId) -> Result<Option<ModelInfo>, ChainError> {
			Ok(None)
		}
		async fn complete(&self, _: Ticket, _: &Answer) -> Result<BlockNumber, ChainError> {
			Ok(0)
		}
		async fn fail(&self, _: Ticket, _: FailCode) -> Result<BlockNumber, ChainError> {
			Ok(0)
		}
		async fn paid(&self, _: Ticket) -> Result<Option<Balance>, ChainError> {
			Ok(None)
		}
		async fn receipt_file(&self, job: JobId) -> Result<ReceiptFile, ChainError> {
			self.files.lock().unwrap().get(&job).cloned().unwrap()
		}
		async fn sign_receipt(&self, file: &[u8], _: &ReceiptSigner) -> Result<ReceiptFile, ChainError> {
			assert_eq!(file, b"proof");
			self.signed.lock().unwrap().clone().expect("nothing is signed without a key")
		}
		async fn registration(&self) -> Result<Option<Registration>, ChainError> {
			Ok(None)
		}
		async fn set_ready(&self, _: bool) -> Result<(), ChainError> {
			Ok(())
		}
	}

	/// A writer for a journal in which these jobs are over.
	fn writer(directory: &Path, chain: &Arc<Files>, jobs: &[JobId]) -> Receipts {
		let journal = Journal::open(directory, GENESIS, 0).unwrap().with_receipts(true);
		for job in jobs {
			let row = Row { assignment: assignment(*job), state: RowState::Finished(Arc::new(answer(*job))) };
			journal.apply(&[Change::Put(row), Change::Close(assignment(*job).ticket)]).unwrap();
		}
		Receipts::new(chain.clone(), Arc::new(journal), directory.join("receipts"))
	}

	fn read(receipts: &Receipts, job: JobId) -> Option<Vec<u8>> {
		std::fs::read(files::path(&receipts.folder, GENESIS, job)).ok()
	}

	#[tokio::test]
	async fn receipt_should_be_in_a_file_when_the_chain_has_it() {
		let dir = tempfile::tempdir().unwrap();
		let chain = Arc::new(Files::default());
		chain.set(7, Ok(ReceiptFile::Ready(b"proof".to_vec())));
		let mut receipts = writer(dir.path(), &chain, &[7]);
		receipts.pass().await.unwrap();
		assert_eq!(read(&receipts, 7).unwrap(), b"proof");
		assert!(receipts.journal.without_receipt().unwrap().is_empty());
	}

	#[tokio::test]
	async fn receipt_should_be_tried_again_when_it_must_wait_or_the_node_is_away() {
		let dir = tempfile::tempdir().unwrap();
		let chain = Arc::new(Files::default());
		chain.set(7, Ok(ReceiptFile::Later("not final".into())));
		let mut receipts = writer(dir.path(), &chain, &[7]);
		receipts.pass().await.unwrap();
		chain.set(7, Err(ChainError::Unavailable("away".into())));
		assert!(receipts.pass().await.is_err());
		drop(receipts);
		// Another life.
		let mut receipts = writer(dir.path(), &chain, &[]);
		chain.set(7, Ok(ReceiptFile::Ready(b"proof".to_vec())));
		receipts.pass().await.unwrap();
		assert_eq!(read(&receipts, 7).unwrap(), b"proof");
	}

	#[tokio::test]
	async fn receipt_should_be_tried_again_when_the_file_cannot_be_written() {
		let dir = tempfile::tempdir().unwrap();
		let chain = Arc::new(Files::default());
		chain.set(7, Ok(ReceiptFile::Ready(b"proof".to_vec())));
		let mut receipts = writer(dir.path(), &chain, &[7]);
		// A file where the folder should be.
		std::fs::write(&receipts.folder, b"in the way").unwrap();
		receipts.pass().await.unwrap();
		assert_eq!(receipts.journal.without_receipt().unwrap(), [7]);
		std::fs::remove_file(&receipts.folder).unwrap();
		receipts.pass().await.unwrap();
		assert_eq!(read(&receipts, 7).unwrap(), b"proof");
	}

	#[tokio::test]
	async fn other_receipts_should_be_written_when_one_does_not_exist() {
		let dir = tempfile::tempdir().unwrap();
		let chain = Arc::new(Files::default());
		chain.set(1, Ok(ReceiptFile::Never("another miner".into())));
		chain.set(2, Ok(ReceiptFile::Ready(b"proof".to_vec())));
		let mut receipts = writer(dir.path(), &chain, &[1, 2]);
		receipts.pass().await.unwrap();
		assert_eq!((read(&receipts, 1), read(&receipts, 2).as_deref()), (None, Some(&b"proof"[..])));
		assert!(receipts.journal.without_receipt().unwrap().is_empty());
	}

	/// The writer of a miner that has a receipt key, whose job 7 has a receipt.
	fn signing(directory: &Path, chain: &Arc<Files>) -> Receipts {
		chain.set(7, Ok(ReceiptFile::Ready(b"proof".to_vec())));
		writer(directory, chain, &[7]).signed_by(Some(ReceiptSigner::generate().0))
	}

	fn read_json(receipts: &Receipts) -> Option<Vec<u8>> {
		std::fs::read(files::json_path(&receipts.folder, GENESIS, 7)).ok()
	}

	#[tokio::test]
	async fn receipt_should_be_in_both_files_when_the_miner_has_a_receipt_key() {
		let dir = tempfile::tempdir().unwrap();
		let chain = Arc::new(Files::default());
		chain.sign(Ok(ReceiptFile::Ready(b"{}".to_vec())));
		let mut receipts = signing(dir.path(), &chain);
		receipts.pass().await.unwrap();
		assert_eq!((read(&receipts, 7).unwrap(), read_json(&receipts).unwrap()), (b"proof".to_vec(), b"{}".to_vec()));
		assert!(receipts.journal.without_receipt().unwrap().is_empty());
	}

	#[tokio::test]
	async fn receipt_should_be_signed_later_when_the_node_is_away() {
		let dir = tempfile::tempdir().unwrap();
		let chain = Arc::new(Files::default());
		let mut receipts = signing(dir.path(), &chain);
		chain.sign(Err(ChainError::Unavailable("away".into())));
		assert!(receipts.pass().await.is_err());
		chain.sign(Ok(ReceiptFile::Later("busy".into())));
		receipts.pass().await.unwrap();
		assert_eq!((read_json(&receipts), receipts.journal.without_receipt().unwrap()), (None, vec![7]));
		chain.sign(Ok(ReceiptFile::Ready(b"{}".to_vec())));
		receipts.pass().await.unwrap();
		assert_eq!(read_json(&receipts).unwrap(), b"{}");
	}

	#[tokio::test]
	async fn receipt_should_be_left_unsigned_when_the_chain_does_not_list_the_key() {
		let dir = tempfile::tempdir().unwrap();
		let chain = Arc::new(Files::default());
		chain.sign(Ok(ReceiptFile::Never("no such key".into())));
		let mut receipts = signing(dir.path(), &chain);
		receipts.pass().await.unwrap();
		assert_eq!((read(&receipts, 7).as_deref(), read_json(&receipts)), (Some(&b"proof"[..]), None));
		assert!(receipts.journal.without_receipt().unwrap().is_empty());
	}
}
