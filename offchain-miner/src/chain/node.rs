//! The chain through a node's RPC.

use std::time::Duration;

use async_trait::async_trait;
use futures::{stream::BoxStream, StreamExt, TryStreamExt};
use millrace_client::{
	calls,
	receipt::{json::ReceiptSigner, ExportError, ExportOptions},
	Call, Client, Error, JobState, Signer, Submitter,
};
use millrace_primitives::{AccountId32, Balance, BlockNumber, FailCode, JobId, ModelId, Outcome, H256};

use super::{Chain, ChainError, ModelInfo, ReceiptFile, Registration};
use crate::core::{Answer, Assignment, ProofSigner, Ticket};

/// Jobs that are read at a time.
const READS: usize = 16;

/// How long the file of a receipt may wait for the votes that make it final.
const PATIENCE: Duration = Duration::from_secs(10);

/// A node, for one operator.
pub struct Node {
	client: Client,
	submitter: Submitter,
	operator: AccountId32,
}

impl Node {
	/// Connects to the first of `urls` that answers and serves the chain `genesis` (`None`: any chain), for the account
	/// of `signer`.
	///
	/// # Errors
	///
	/// [`Error::OtherChain`] and [`Error::Connection`].
	pub async fn connect(urls: &[String], genesis: Option<H256>, signer: Signer) -> Result<Self, Error> {
		let client = Client::connect_any(urls, genesis).await?;
		let operator = signer.account_id();
		let submitter = client.submitter(signer);
		Ok(Self { client, submitter, operator })
	}

	/// The connection.
	pub fn client(&self) -> &Client {
		&self.client
	}

	/// Sends the operator's transactions; clones share the count of its nonces.
	pub fn submitter(&self) -> &Submitter {
		&self.submitter
	}

	async fn send(&self, call: Call) -> Result<BlockNumber, ChainError> {
		Ok(self.submitter.send(call).await?.in_block().await?.number)
	}
}

impl From<Error> for ChainError {
	fn from(error: Error) -> Self {
		match error {
			Error::Dispatch { .. } => Self::Refused(error.to_string()),
			other => Self::Unavailable(other.to_string()),
		}
	}
}

/// Signs proofs with the operator's key.
pub struct OperatorSigner(pub Signer);

impl ProofSigner for OperatorSigner {
	fn sign(&self, message: &[u8; 32]) -> [u8; 64] {
		self.0.sign(message)
	}
}

#[async_trait]
impl Chain for Node {
	fn genesis(&self) -> H256 {
		self.client.genesis_hash()
	}

	async fn current_genesis(&self) -> Result<H256, ChainError> {
		let hash = self.client.block_hash(0).await?;
		hash.ok_or_else(|| ChainError::Unavailable("the node has no block 0".into()))
	}

	async fn move_on(&self) {
		self.client.move_on().await;
	}

	async fn blocks(&self) -> Result<BoxStream<'static, Result<(), ChainError>>, ChainError> {
		let blocks = self.client.subscribe_best_blocks().await?;
		Ok(blocks.map(|block| block.map(|_| ()).map_err(ChainError::from)).boxed())
	}

	async fn assignments(&self) -> Result<(BlockNumber, Vec<Assignment>), ChainError> {
		let at = self.client.at_best().await?;
		let tickets = at.assignments_of(&self.operator).await?;
		let read = |(job, attempt)| {
			let at = &at;
			async move {
				Ok::<_, Error>(at.job(job).await?.and_then(|job| assignment(Ticket { job: job.id, attempt }, job)))
			}
		};
		let found: Vec<_> = futures::stream::iter(tickets.into_iter().map(read)).buffered(READS).try_collect().await?;
		Ok((at.block().number, found.into_iter().flatten().collect()))
	}

	async fn finalized(&self) -> Result<BlockNumber, ChainError> {
		Ok(self.client.finalized_block().await?.0)
	}

	async fn input(&self, job: JobId) -> Result<Option<Vec<u8>>, ChainError> {
		Ok(self.client.input(job).await?)
	}

	async fn model(&self, model: ModelId) -> Result<Option<ModelInfo>, ChainError> {
		let model = self.client.model(model).await?;
		Ok(model.map(|model| ModelInfo {
			digest: model.digest,
			context_length: model.context_length,
			template_tokens: model.template_tokens,
		}))
	}

	async fn complete(&self, ticket: Ticket, answer: &Answer) -> Result<BlockNumber, ChainError> {
		let Answer { output, proof, .. } = answer;
		self.send(calls::complete(ticket.job, ticket.attempt, output.clone(), proof.clone())).await
	}

	async fn fail(&self, ticket: Ticket, code: FailCode) -> Result<BlockNumber, ChainError> {
		self.send(calls::fail(ticket.job, ticket.attempt, code)).await
	}

	async fn paid(&self, ticket: Ticket) -> Result<Option<Balance>, ChainError> {
		let receipt = self.client.at_best().await?.receipt(ticket.job).await?;
		let receipt = receipt.ok_or_else(|| ChainError::Unavailable("the job has no receipt yet".into()))?;
		// Only the last attempt of a job is paid, and its number is this miner's alone.
		let paid = receipt.outcome == Outcome::Settled && receipt.attempts == ticket.attempt;
		Ok(paid.then_some(receipt.fee))
	}

	async fn receipt_file(&self, job: JobId) -> Result<ReceiptFile, ChainError> {
		let at = self.client.at_best().await?;
		if let (Some(owner), Some(receipt)) = (at.owner_of(&self.operator).await?, at.receipt(job).await?) {
			if receipt.miner != Some(owner) {
				return Ok(ReceiptFile::Never("another miner answered it".into()));
			}
		}
		let options = ExportOptions { patience: PATIENCE, ..ExportOptions::default() };
		match self.client.export_receipt(job, &options).await {
			Ok(bytes) => Ok(ReceiptFile::Ready(bytes)),
			Err(ExportError::Chain(error)) if error.is_connection() => Err(error.into()),
			Err(error @ (ExportError::Gone(_) | ExportError::Unknown(_) | ExportError::NotInBlock { .. })) => {
				Ok(ReceiptFile::Never(error.to_string()))
			}
			Err(error) => Ok(ReceiptFile::Later(error.to_string())),
		}
	}

	async fn sign_receipt(&self, file: &[u8], key: &ReceiptSigner) -> Result<ReceiptFile, ChainError> {
		match self.client.sign_receipt(file, key).await {
			Ok(text) => Ok(ReceiptFile::Ready(text)),
			Err(ExportError::Chain(error)) if error.is_connection() => Err(error.into()),
			Err(error @ (ExportError::Unsignable(_) | ExportError::NoMiner(_))) => {
				Ok(ReceiptFile::Never(error.to_string()))
			}
			Err(error) => Ok(ReceiptFile::Later(error.to_string())),
		}
	}

	async fn registration(&self) -> Result<Option<Registration>, ChainError> {
		let at = self.client.at_best().await?;
		let Some(owner) = at.owner_of(&self.operator).await? else { return Ok(None) };
		let drained = at.drained(&owner).await?.is_some();
		Ok(at.miner(&owner).await?.map(|miner| Registration { owner, ready: miner.ready, drained }))
	}

	async fn set_ready(&self, ready: bool) -> Result<(), ChainError> {
		self.send(calls::set_ready(ready)).await.map(|_| ())
	}
}

fn assignment(ticket: Ticket, job: millrace_client::Job) -> Option<Assignment> {
	match job.state {
		JobState::Assigned(terms) if terms.attempt == ticket.attempt => Some(Assignment {
			ticket,
			model: job.model,
			params: job.params,
			input_hash: job.input_hash,
			input_len: job.input_len,
			seed: terms.seed,
			assigned_at: terms.assigned_at,
			deadline: terms.deadline,
		}),
		_ => None,
	}
}
