//! One job's life, as it happens.

use std::{collections::VecDeque, time::Duration};

use async_stream::stream;
use futures::{stream::BoxStream, StreamExt};
use millrace_primitives::{
	AccountId32, Attempt, Balance, BlockNumber, FailCode, JobId, JobParams, ModelId, Outcome, Rate, Usage, H256,
};
use tokio::time::{sleep, timeout};

use crate::{calls, client::Link, BlockRef, Client, Error, Event, InBlock, JobEvent, JobState, Snapshot, Submitter};

/// Blocks that a follower reads one by one after it was away. For an older past it reads the job's state instead:
/// nodes drop the state of old blocks.
const MAX_GAP: usize = 200;
/// Blocks that a follower remembers to recognise a reorg.
const MEMORY: usize = 256;
/// Pause before a new connection is tried.
const PAUSE: Duration = Duration::from_secs(1);
/// A connection on which no block comes for so long may be dead without anybody having said so.
const SILENCE: Duration = Duration::from_secs(10);
/// Attempts to connect before the follower gives up.
const MAX_RETRIES: u32 = 60;

/// What a client asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobRequest {
	/// The model.
	pub model: ModelId,
	/// The prompt as plain bytes, 1 to 16,384.
	pub input: Vec<u8>,
	/// Sampling parameters and limits.
	pub params: JobParams,
	/// Plancks that the answer may cost at the most.
	pub max_fee: Balance,
	/// The owner of the miner that has to do it; `None`: a drawn one.
	pub miner: Option<AccountId32>,
}

/// A step in a job's life.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JobUpdate {
	/// Posted; its money is held.
	Submitted {
		/// The block.
		block: BlockRef,
	},
	/// Waits for a miner.
	Queued,
	/// A miner works on it.
	Assigned {
		/// 1 to 3.
		attempt: Attempt,
		/// The miner's owner.
		owner: AccountId32,
		/// The miner's operator.
		operator: AccountId32,
		/// The price.
		rate: Rate,
		/// The last block in which a proof counts.
		deadline: BlockNumber,
		/// The block.
		block: BlockRef,
	},
	/// An attempt was given up or ran out of time.
	AttemptFailed {
		/// Why; `None`: silence past the deadline.
		code: Option<FailCode>,
	},
	/// A proof was accepted.
	Completed {
		/// What it took.
		usage: Usage,
		/// blake2-256 of the output.
		output_hash: H256,
		/// Root of the transcript.
		transcript_root: H256,
		/// The block.
		block: BlockRef,
	},
	/// The miner was paid, the rest refunded. The last update.
	Settled {
		/// Plancks paid.
		fee: Balance,
		/// Plancks given back; `None` when the job was pruned before this was read.
		refund: Option<Balance>,
		/// The answer; `None` when the job was pruned before this was read.
		output: Option<Vec<u8>>,
		/// The block.
		block: BlockRef,
	},
	/// No attempt is left, or the client was at fault; refunded in full. The last update.
	Failed,
	/// Nobody took it in time; refunded in full. The last update.
	Expired,
	/// Withdrawn by its client; refunded in full. The last update.
	Cancelled,
}

impl JobUpdate {
	/// How the job ended, when this is its last update.
	pub fn outcome(&self) -> Option<Outcome> {
		match self {
			Self::Settled { .. } => Some(Outcome::Settled),
			Self::Failed => Some(Outcome::Failed),
			Self::Expired => Some(Outcome::Expired),
			Self::Cancelled => Some(Outcome::Cancelled),
			_ => None,
		}
	}
}

/// A job's updates. Ends after the last one or after an error.
pub type JobUpdates = BoxStream<'static, Result<JobUpdate, Error>>;

impl Client {
	/// Follows a job from the block `from` on, which should be that of its submission: every block's events are read,
	/// whatever gaps the node leaves. After a reorg the replaced blocks' updates come again as they are now. After a
	/// lost connection it goes on where it was, or from the job's state when that is too long ago.
	///
	/// An item is an error when the job is unknown ([`Error::UnknownJob`]) or the node was away for a minute.
	pub fn follow(&self, job: JobId, from: BlockNumber) -> JobUpdates {
		let mut follower = Follower { client: self.clone(), job, from, walked: VecDeque::new() };
		stream! {
			let mut failures = 0u32;
			loop {
				let error = match follower.client.heads().await {
					Err(error) => error,
					Ok(mut heads) => {
						let mut first = true;
						loop {
							let head = match timeout(SILENCE, heads.next()).await {
								Ok(Some(Ok(head))) => head,
								Ok(Some(Err(error))) => break error,
								Ok(None) => break Error::Connection("the subscription ended".into()),
								Err(_) => break Error::Connection("no block came for 10 seconds".into()),
							};
							match follower.advance(head, first).await {
								Err(error) => break error,
								Ok(updates) => {
									failures = 0;
									for update in updates {
										let last = update.outcome().is_some();
										yield Ok(update);
										if last {
											return;
										}
									}
								},
							}
							first = false;
						}
					},
				};
				failures = failures.saturating_add(1);
				if !error.is_connection() || failures > MAX_RETRIES {
					yield Err(error);
					return;
				}
				tracing::debug!(%error, "following the job again");
				sleep(PAUSE).await;
			}
		}
		.boxed()
	}

	/// Posts a job, waits until it is in a block, and follows it from there.
	///
	/// # Errors
	///
	/// As [`Submitter::send`] and [`crate::TxHandle::in_block`].
	pub async fn submit_and_follow(
		&self,
		submitter: &Submitter,
		request: JobRequest,
	) -> Result<(JobId, InBlock, JobUpdates), Error> {
		let JobRequest { model, input, params, max_fee, miner } = request;
		let submitted = submitter.send(calls::submit(model, input, params, max_fee, miner)).await?.in_block().await?;
		let job = submitted
			.submitted_job()
			.ok_or_else(|| Error::Incompatible("a submission without a Submitted event".into()))?;
		let updates = self.follow(job, submitted.number);
		Ok((job, submitted, updates))
	}
}

struct Follower {
	client: Client,
	job: JobId,
	from: BlockNumber,
	/// Blocks of the best chain that were read, oldest first.
	walked: VecDeque<BlockRef>,
}

impl Follower {
	/// Reads up to `head`. With `check`, the job's state has the last word: whatever ended it may lie before `from`,
	/// or in blocks that the node has no state of.
	async fn advance(&mut self, head: Link, check: bool) -> Result<Vec<JobUpdate>, Error> {
		let mut updates = Vec::new();
		let path = self.path_to(head).await?;
		let complete = path.is_some();
		for block in path.unwrap_or_default() {
			match self.read(block).await {
				Ok(new) => updates.extend(new),
				Err(error) if error.is_connection() => return Err(error),
				Err(error) => {
					tracing::debug!(%error, number = block.number, "reading the job's state instead of events");
					return self.resume(head.block, updates).await;
				}
			}
			remember(&mut self.walked, block);
		}
		let ended = updates.iter().any(|update| update.outcome().is_some());
		if !ended && (check || !complete) {
			return self.resume(head.block, updates).await;
		}
		Ok(updates)
	}

	/// The blocks after the last one read, up to `head`, oldest first; `None` when they are too many.
	async fn path_to(&mut self, head: Link) -> Result<Option<Vec<BlockRef>>, Error> {
		let mut path = Vec::new();
		let mut link = head;
		while link.block.number >= self.from && !self.walked.contains(&link.block) {
			path.push(link.block);
			if path.len() > MAX_GAP {
				return Ok(None);
			}
			if link.block.number == 0 {
				break;
			}
			link = self.client.link(link.parent).await?;
		}
		path.reverse();
		Ok(Some(path))
	}

	/// The job's updates in one block.
	async fn read(&self, block: BlockRef) -> Result<Vec<JobUpdate>, Error> {
		let at = self.client.at(block).await?;
		let mut updates = Vec::new();
		for event in at.events().await? {
			if let Event::Job { job, what } = event {
				if job == self.job {
					updates.extend(self.update(&at, what).await?);
				}
			}
		}
		Ok(updates)
	}

	async fn update(&self, at: &Snapshot, what: JobEvent) -> Result<Option<JobUpdate>, Error> {
		let block = at.block();
		Ok(Some(match what {
			JobEvent::Submitted { .. } => JobUpdate::Submitted { block },
			JobEvent::Queued => JobUpdate::Queued,
			JobEvent::Assigned { attempt, owner, operator, rate, deadline } => {
				JobUpdate::Assigned { attempt, owner, operator, rate, deadline, block }
			}
			JobEvent::AttemptFailed { code, .. } => JobUpdate::AttemptFailed { code },
			JobEvent::Completed { output_hash, transcript_root, usage, .. } => {
				JobUpdate::Completed { usage, output_hash, transcript_root, block }
			}
			JobEvent::Settled { fee, refund, .. } => {
				JobUpdate::Settled { fee, refund: Some(refund), output: at.output(self.job).await?, block }
			}
			JobEvent::Failed => JobUpdate::Failed,
			JobEvent::Expired => JobUpdate::Expired,
			JobEvent::Cancelled => JobUpdate::Cancelled,
			JobEvent::Pruned => return Ok(None),
		}))
	}

	/// Goes on from the job's state at `head`: the blocks before it are done with.
	async fn resume(&mut self, head: BlockRef, mut updates: Vec<JobUpdate>) -> Result<Vec<JobUpdate>, Error> {
		let at = self.client.at(head).await?;
		let job = at.job(self.job).await?;
		let receipt = at.receipt(self.job).await?;
		match (&job, receipt) {
			(None, None) => return Err(Error::UnknownJob(self.job)),
			(_, Some(receipt)) => updates.push(match receipt.outcome {
				Outcome::Settled => JobUpdate::Settled {
					fee: receipt.fee,
					refund: job.as_ref().map(|job| job.max_fee.saturating_sub(receipt.fee)),
					output: at.output(self.job).await?,
					block: self
						.client
						.block_hash(receipt.ended_at)
						.await?
						.map_or(head, |hash| BlockRef { number: receipt.ended_at, hash }),
				},
				Outcome::Failed => JobUpdate::Failed,
				Outcome::Expired => JobUpdate::Expired,
				Outcome::Cancelled => JobUpdate::Cancelled,
			}),
			(Some(job), None) => {
				// What events told already is not told again.
				if updates.is_empty() && self.walked.back() != Some(&head) {
					updates.push(match &job.state {
						JobState::Assigned(now) => JobUpdate::Assigned {
							attempt: now.attempt,
							owner: now.owner.clone(),
							operator: now.operator.clone(),
							rate: now.rate,
							deadline: now.deadline,
							block: head,
						},
						JobState::Queued | JobState::Ended(_) => JobUpdate::Queued,
					});
				}
				remember(&mut self.walked, head);
			}
		}
		Ok(updates)
	}
}

/// Notes a block as read. What stood at its height or above was replaced by a reorg.
fn remember(walked: &mut VecDeque<BlockRef>, block: BlockRef) {
	while walked.back().is_some_and(|last| last.number >= block.number) {
		walked.pop_back();
	}
	walked.push_back(block);
	if walked.len() > MEMORY {
		walked.pop_front();
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	fn block(number: BlockNumber, fork: u8) -> BlockRef {
		BlockRef { number, hash: H256::repeat_byte(fork) }
	}

	#[test]
	fn memory_should_drop_replaced_blocks_when_a_fork_takes_over() {
		let mut walked = VecDeque::from([block(1, 1), block(2, 2), block(3, 3)]);
		remember(&mut walked, block(2, 9));
		assert_eq!(walked, [block(1, 1), block(2, 9)]);
	}

	#[test]
	fn memory_should_stay_small_when_a_job_takes_long() {
		let mut walked = VecDeque::new();
		(0..1_000).for_each(|number| remember(&mut walked, block(number, 1)));
		assert_eq!(walked.len(), MEMORY);
		assert_eq!(walked.back(), Some(&block(999, 1)));
	}

	#[test]
	fn update_should_be_the_last_when_the_job_is_over() {
		assert_eq!(JobUpdate::Expired.outcome(), Some(Outcome::Expired));
		assert_eq!(JobUpdate::Queued.outcome(), None);
	}
}
