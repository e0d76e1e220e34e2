//! One answer: a job from its submission to its end.

use futures::StreamExt;
use millrace_client::{Client, Error, JobRequest, JobUpdate, Model, Submitter};
use millrace_primitives::{Balance, BlockNumber, FailCode, Fault, JobId, ModelKind, Usage};

/// What answers are made with.
pub struct Jobs {
	client: Client,
	submitter: Submitter,
	/// Plancks that an answer may cost at the most.
	pub max_fee: Balance,
	/// Blocks that one attempt may take.
	pub timeout: BlockNumber,
}

/// An answer, paid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
	/// The job that gave it.
	pub job: JobId,
	/// What it says.
	pub text: String,
	/// What it took.
	pub usage: Usage,
	/// Plancks paid.
	pub fee: Balance,
}

/// Why there is no answer.
#[derive(Debug)]
pub enum NoAnswer {
	/// The chain refused, or can't be reached.
	Chain(Error),
	/// The request is at fault, says the miner.
	BadRequest(FailCode),
	/// All attempts failed, the last one for this reason; `None`: silence.
	Failed(Option<FailCode>),
	/// No miner took it in time.
	Expired,
	/// Another program of the account withdrew it.
	Cancelled,
	/// It was answered, and the answer was pruned before it could be read.
	Pruned(JobId),
}

impl From<Error> for NoAnswer {
	fn from(error: Error) -> Self {
		Self::Chain(error)
	}
}

fn answers(model: &Model) -> bool {
	!model.retired && model.kind == ModelKind::Text
}

impl Jobs {
	/// Answers will be paid by the submitter's account.
	pub fn new(client: Client, submitter: Submitter, max_fee: Balance, timeout: BlockNumber) -> Self {
		Self { client, submitter, max_fee, timeout }
	}

	/// The models that answer in text and take jobs.
	///
	/// # Errors
	///
	/// When the node does not answer.
	pub async fn models(&self) -> Result<Vec<Model>, Error> {
		Ok(self.client.models().await?.into_iter().filter(answers).collect())
	}

	/// A model that answers in text and takes jobs, by its name or number.
	///
	/// # Errors
	///
	/// When the node does not answer.
	pub async fn model(&self, name: &str) -> Result<Option<Model>, Error> {
		let found = match self.client.model_by_name(name).await? {
			Some(model) => Some(model),
			None => match name.parse() {
				Ok(number) => self.client.model(number).await?,
				Err(_) => None,
			},
		};
		Ok(found.filter(answers))
	}

	/// The chain's height, to see that it answers.
	///
	/// # Errors
	///
	/// When the node does not answer.
	pub async fn height(&self) -> Result<BlockNumber, Error> {
		Ok(self.client.best_block().await?.0)
	}

	/// Submits a job and waits for its answer.
	///
	/// # Errors
	///
	/// See [`NoAnswer`]. Only a job that was answered has cost more than its transaction.
	pub async fn answer(&self, request: JobRequest) -> Result<Answer, NoAnswer> {
		let (job, _, mut updates) = self.client.submit_and_follow(&self.submitter, request).await?;
		tracing::info!(job, event = %"submitted", "a job for an answer");
		let (mut usage, mut reason) = (Usage::default(), None);
		while let Some(update) = updates.next().await {
			let update = update?;
			if let Some(outcome) = update.outcome() {
				tracing::info!(job, event = %"ended", ?outcome, "the job has ended");
			}
			match update {
				JobUpdate::Completed { usage: took, .. } => usage = took,
				JobUpdate::AttemptFailed { code } => reason = code,
				JobUpdate::Settled { fee, output: Some(output), .. } => {
					let text = String::from_utf8_lossy(&output).into_owned();
					return Ok(Answer { job, text, usage, fee });
				}
				JobUpdate::Settled { output: None, .. } => return Err(NoAnswer::Pruned(job)),
				JobUpdate::Failed => {
					return Err(match reason {
						Some(code) if code.fault() == Fault::Client => NoAnswer::BadRequest(code),
						reason => NoAnswer::Failed(reason),
					})
				}
				JobUpdate::Expired => return Err(NoAnswer::Expired),
				JobUpdate::Cancelled => return Err(NoAnswer::Cancelled),
				JobUpdate::Submitted { .. } | JobUpdate::Queued | JobUpdate::Assigned { .. } => {}
			}
		}
		Err(Error::Connection(format!("the updates of job {job} ended; it goes on without us")).into())
	}
}
