//! The chain as the miner sees it.

pub mod node;

use async_trait::async_trait;
use futures::stream::BoxStream;
use millrace_client::receipt::json::ReceiptSigner;
use millrace_primitives::{AccountId32, Balance, BlockNumber, FailCode, JobId, ModelId, H256};

use crate::core::{Answer, Assignment, Ticket};

/// Why the chain did not do what was asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChainError {
	/// The call is in a block and failed there.
	#[error("the chain refused the call: {0}")]
	Refused(String),
	/// The node can't be reached, or did not take the request.
	#[error("{0}")]
	Unavailable(String),
}

/// What an inference needs to know of a registered model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ModelInfo {
	/// What it is; for text models sha256 of the GGUF file.
	pub digest: H256,
	/// Tokens of prompt and answer together.
	pub context_length: u32,
	/// Most tokens that the template adds to the input.
	pub template_tokens: u32,
}

/// What came of the wish for a receipt's file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReceiptFile {
	/// The file's bytes.
	Ready(Vec<u8>),
	/// Not now; a later try can succeed.
	Later(String),
	/// There is none for this miner, and there will be none.
	Never(String),
}

/// The miner's entry on chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registration {
	/// The account that holds the stake and gets the fees.
	pub owner: AccountId32,
	/// Whether it takes jobs.
	pub ready: bool,
	/// Whether it takes none because this operator said so.
	pub drained: bool,
}

/// The chain, for one operator.
#[async_trait]
pub trait Chain: Send + Sync {
	/// Hash of block 0, as it was when the connection was made.
	fn genesis(&self) -> H256;

	/// Hash of block 0 as the node has it now: another node may have taken its address.
	async fn current_genesis(&self) -> Result<H256, ChainError>;

	/// Leaves a node that is silent for another one, if there is one.
	async fn move_on(&self) {}

	/// An item for each new best block; ends when the connection breaks.
	async fn blocks(&self) -> Result<BoxStream<'static, Result<(), ChainError>>, ChainError>;

	/// The best block's height and the operator's assignments there.
	async fn assignments(&self) -> Result<(BlockNumber, Vec<Assignment>), ChainError>;

	/// The height of the last final block.
	async fn finalized(&self) -> Result<BlockNumber, ChainError>;

	/// A job's input.
	async fn input(&self, job: JobId) -> Result<Option<Vec<u8>>, ChainError>;

	/// A registered model.
	async fn model(&self, model: ModelId) -> Result<Option<ModelInfo>, ChainError>;

	/// Sends an answer and returns the height of the block that carries it.
	async fn complete(&self, ticket: Ticket, answer: &Answer) -> Result<BlockNumber, ChainError>;

	/// Sends a failure and returns the height of the block that carries it.
	async fn fail(&self, ticket: Ticket, code: FailCode) -> Result<BlockNumber, ChainError>;

	/// Plancks that the chain paid for this attempt of a job that is over; `None`: nothing.
	async fn paid(&self, ticket: Ticket) -> Result<Option<Balance>, ChainError>;

	/// The file that proves the receipt of a job that this miner answered.
	async fn receipt_file(&self, job: JobId) -> Result<ReceiptFile, ChainError>;

	/// The same as JSON, signed by the miner's receipt key. `file` is what [`Chain::receipt_file`] gave.
	async fn sign_receipt(&self, file: &[u8], key: &ReceiptSigner) -> Result<ReceiptFile, ChainError>;

	/// The operator's miner.
	async fn registration(&self) -> Result<Option<Registration>, ChainError>;

	/// Says whether the miner takes jobs. Costs the operator a fee.
	async fn set_ready(&self, ready: bool) -> Result<(), ChainError>;
}
