//! Writes the receipts of answered jobs to files, beside the work.

use std::{collections::BTreeSet, path::PathBuf, sync::Arc, time::Duration};

use anyhow::Context;
use millrace_client::receipt::files;
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
	/// Jobs of which the owner was told that they must wait.
	told: BTreeSet<JobId>,
}

impl Receipts {
	/// Files go below `folder`.
	pub fn new(chain: Arc<dyn Chain>, journal: Arc<Journal>, folder: PathBuf) -> Self {
		Self { chain, journal, folder, told: BTreeSet::new() }
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
				ReceiptFile::Ready(bytes) => self.write(job, bytes).await?,
				ReceiptFile::Later(why) => self.wait(job, &why),
				ReceiptFile::Never(why) => {
					tracing::warn!(job, event = %"receipt_lost", %why, "no receipt to write to a file");
					self.done(job).await?;
				}
			}
		}
		Ok(())
	}

	async fn write(&mut self, job: JobId, bytes: Vec<u8>) -> anyhow::Result<()> {
		let path = files::path(&self.folder, self.chain.genesis(), job);
		let to = path.clone();
		let written = tokio::task::spawn_blocking(move || files::write(&to, &bytes)).await?;
		if let Err(error) = written {
			self.wait(job, &format!("{}: {error}", path.display()));
			return Ok(());
		}
		tracing::info!(job, event = %"receipt", path = %path.display(), "the receipt is in a file");
		self.done(job).await
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
mod tests {
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
	use millrace_primitives::{BlockNumber, FailCode, ModelId, H256};
	use std::{collections::BTreeMap, path::Path, sync::Mutex};

	const GENESIS: H256 = H256::repeat_byte(1);

	/// Knows nothing but receipts.
	#[derive(Default)]
	struct Files(Mutex<BTreeMap<JobId, Result<ReceiptFile, ChainError>>>);

	impl Files {
		fn set(&self, job: JobId, file: Result<ReceiptFile, ChainError>) {
			self.0.lock().unwrap().insert(job, file);
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
		async fn receipt_file(&self, job: JobId) -> Result<ReceiptFile, ChainError> {
			self.0.lock().unwrap().get(&job).cloned().unwrap()
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
}
