//! `millrace ask`: a question, its answer, and where the money went.

use std::io::IsTerminal;

use futures::StreamExt;
use indicatif::{ProgressBar, ProgressStyle};
use millrace_client::{BlockRef, Client, Event, InBlock, JobEvent, JobUpdate, JobUpdates};
use millrace_primitives::{AccountId32, Balance, JobId, Outcome, Rate, Receipt, Usage, Workload, H256};
use serde_json::{json, Value};

use crate::{amount, args::Ask, context::Context, error::CliError, receipt, request, show, show_answer, trace};

/// Runs the command.
///
/// # Errors
///
/// [`CliError::Unsettled`] when no answer came, and whatever kept the question from the chain.
pub async fn run(context: &Context, ask: Ask) -> Result<(), CliError> {
	let submitter = context.submitter().await?;
	let client = context.client().await?;
	let request = request::prepare(context, ask.request).await?;
	let (model, workload) = (request.model, request.params.workload);
	let progress = Progress::new(!context.json && !ask.trace);
	progress.say("waiting for the submission's block");
	let (job, submitted, updates) = client.submit_and_follow(&submitter, request).await?;
	let mut story = Story::new(job, workload, submitter.account_id(), submitted);
	let tracer = (ask.trace && !context.json).then(|| trace::Steps::new(client));
	if let Some(tracer) = &tracer {
		tracer.submitted(&story).await?;
	}
	tell(&mut story, updates, &progress, tracer.as_ref()).await?;
	story.receipt = client.receipt(job).await?;
	progress.done();

	let wanted = story.receipt.is_some() && !ask.no_receipt_file;
	let audit = if ask.trace { Some(trace::audit(client, &story).await?) } else { None };
	if context.json {
		let mut json = story.json();
		json["model"] = json!(model);
		if let Some(audit) = &audit {
			json["trace"] = audit.json();
		}
		if wanted {
			match receipt::save(context, job).await {
				Ok(path) => json["receipt_file"] = json!(path),
				Err(error) => json["receipt_error"] = json!(error.to_string()),
			}
		}
		println!("{json}");
	} else if let (Some(tracer), Some(audit)) = (&tracer, &audit) {
		tracer.ended(&story, audit);
	} else {
		story.print();
	}
	if wanted && !context.json {
		tell_of_file(context, job, tracer.as_ref()).await;
	}
	match (story.outcome, audit) {
		(Outcome::Settled, Some(audit)) => audit.verdict(),
		(Outcome::Settled, None) => Ok(()),
		(outcome, _) => Err(CliError::Unsettled { job, outcome }),
	}
}

/// Writes the receipt's file and says where it is, or why there is none and how to get it later.
async fn tell_of_file(context: &Context, job: JobId, tracer: Option<&trace::Steps<'_>>) {
	let text = match receipt::save(context, job).await {
		Ok(path) => format!("the receipt is in {}", path.display()),
		Err(error) => {
			format!("the receipt could not be written to a file: {error}; `millrace receipt export {job}` tries again")
		}
	};
	match tracer {
		Some(tracer) => tracer.file(&text),
		None => eprintln!("{text}"),
	}
}

/// Takes in a job's updates until it ends.
///
/// # Errors
///
/// When the node goes away for good.
pub async fn tell(
	story: &mut Story,
	mut updates: JobUpdates,
	progress: &Progress,
	tracer: Option<&trace::Steps<'_>>,
) -> Result<(), CliError> {
	while let Some(update) = updates.next().await {
		let update = update?;
		progress.say(&describe(&update));
		if let Some(tracer) = tracer {
			tracer.update(&update);
		}
		story.take(update);
	}
	Ok(())
}

/// What an update says, in a few words.
pub fn describe(update: &JobUpdate) -> String {
	match update {
		JobUpdate::Submitted { block } => format!("submitted in block {}", block.number),
		JobUpdate::Queued => "waiting for a miner".into(),
		JobUpdate::Assigned { attempt, owner, .. } => format!("miner {owner} works on it (attempt {attempt})"),
		JobUpdate::AttemptFailed { code } => {
			let code = show::fail_code(*code);
			format!("the miner gave up: {}", code.as_str().unwrap_or_default())
		}
		JobUpdate::Completed { usage, .. } => format!("answered: {}", show::usage_text(*usage)),
		JobUpdate::Settled { fee, .. } => format!("settled for {}", amount::show(*fee)),
		JobUpdate::Failed => "failed".into(),
		JobUpdate::Expired => "expired".into(),
		JobUpdate::Cancelled => "cancelled".into(),
	}
}

/// The last assignment of a job.
#[derive(Clone, Debug)]
pub struct Assigned {
	/// The miner's owner.
	pub owner: AccountId32,
	/// The miner's operator.
	pub operator: AccountId32,
	/// The price.
	pub rate: Rate,
	/// 1 to 3.
	pub attempt: u8,
	/// The block.
	pub block: BlockRef,
}

/// The proof of a job.
#[derive(Clone, Debug)]
pub struct Proven {
	/// What it took.
	pub usage: Usage,
	/// blake2-256 of the answer.
	pub output_hash: H256,
	/// Root of the transcript.
	pub transcript_root: H256,
	/// The block.
	pub block: BlockRef,
}

/// All that is known of a job that this command posted.
pub struct Story {
	/// The job.
	pub job: JobId,
	/// What was asked for.
	pub workload: Workload,
	/// Who pays.
	pub client: AccountId32,
	/// The submission.
	pub submitted: InBlock,
	/// Plancks held for the fee.
	pub max_fee: Balance,
	/// Plancks held for the bytes.
	pub deposit: Balance,
	/// The last assignment.
	pub assigned: Option<Assigned>,
	/// The proof.
	pub proven: Option<Proven>,
	/// Plancks paid.
	pub fee: Option<Balance>,
	/// Plancks given back.
	pub refund: Option<Balance>,
	/// The answer.
	pub output: Option<Vec<u8>>,
	/// The block of the settlement.
	pub settled: Option<BlockRef>,
	/// How it ended; failed until it is known.
	pub outcome: Outcome,
	/// Attempts that came to nothing: their codes.
	pub failures: Vec<Value>,
	/// The record.
	pub receipt: Option<Receipt<AccountId32>>,
}

impl Story {
	/// A job right after its submission.
	pub fn new(job: JobId, workload: Workload, client: AccountId32, submitted: InBlock) -> Self {
		let held = submitted.events.iter().find_map(|event| match event {
			Event::Job { what: JobEvent::Submitted { max_fee, deposit, .. }, .. } => Some((*max_fee, *deposit)),
			_ => None,
		});
		let (max_fee, deposit) = held.unwrap_or_default();
		Self {
			job,
			workload,
			client,
			submitted,
			max_fee,
			deposit,
			assigned: None,
			proven: None,
			fee: None,
			refund: None,
			output: None,
			settled: None,
			outcome: Outcome::Failed,
			failures: Vec::new(),
			receipt: None,
		}
	}

	/// Takes an update in. After a reorg the later one counts.
	pub fn take(&mut self, update: JobUpdate) {
		if let Some(outcome) = update.outcome() {
			self.outcome = outcome;
		}
		match update {
			JobUpdate::Assigned { attempt, owner, operator, rate, block, .. } => {
				self.assigned = Some(Assigned { owner, operator, rate, attempt, block })
			}
			JobUpdate::AttemptFailed { code } => self.failures.push(show::fail_code(code)),
			JobUpdate::Completed { usage, output_hash, transcript_root, block } => {
				self.proven = Some(Proven { usage, output_hash, transcript_root, block })
			}
			JobUpdate::Settled { fee, refund, output, block } => {
				self.fee = Some(fee);
				self.refund = refund;
				self.output = output;
				self.settled = Some(block);
			}
			_ => {}
		}
	}

	fn usage(&self) -> Option<Usage> {
		self.proven.as_ref().map(|proven| proven.usage)
	}

	/// The answer for people.
	pub fn answer_text(&self, output: &[u8]) -> String {
		show_answer::answer_text(Some(&self.workload), output, self.usage())
	}

	fn json(&self) -> Value {
		json!({
			"job": self.job,
			"client": self.client.to_string(),
			"outcome": show::outcome(self.outcome),
			"answer": self.output.as_deref().map(|output| show_answer::answer(Some(&self.workload), output, self.usage())),
			"submitted": show::transaction(&self.submitted),
			"max_fee": show::plancks(self.max_fee),
			"deposit": show::plancks(self.deposit),
			"tx_fee": show::plancks(self.submitted.fee()),
			"fee": self.fee.map(show::plancks),
			"refund": self.refund.map(show::plancks),
			"miner": self.assigned.as_ref().map(|a| a.owner.to_string()),
			"operator": self.assigned.as_ref().map(|a| a.operator.to_string()),
			"attempt": self.assigned.as_ref().map(|a| a.attempt),
			"rate": self.assigned.as_ref().map(|a| show::rate(a.rate)),
			"assigned": self.assigned.as_ref().map(|a| show::block(a.block)),
			"proof": self.proven.as_ref().map(|p| json!({
				"block": show::block(p.block),
				"output_hash": show::hash(p.output_hash),
				"transcript_root": show::hash(p.transcript_root),
			})),
			"usage": self.proven.as_ref().map(|p| show::usage(p.usage)),
			"settled": self.settled.map(show::block),
			"failures": self.failures,
			"receipt": self.receipt.as_ref().map(show::receipt),
		})
	}

	fn print(&self) {
		if let Some(output) = &self.output {
			println!("{}", self.answer_text(output));
		}
		let Some(fee) = self.fee else { return };
		let miner = self.assigned.as_ref().map(|a| a.owner.to_string()).unwrap_or_default();
		eprintln!("job {}: paid {} to {miner}", self.job, amount::show(fee));
		if let Some(refund) = self.refund {
			eprintln!("refunded {}; transaction fee {}", amount::show(refund), amount::show(self.submitted.fee()));
		}
		eprintln!(
			"deposit {} comes back with `millrace job prune {}`, or later by itself",
			amount::show(self.deposit),
			self.job
		);
		if let Some(proven) = &self.proven {
			eprintln!("{} in block {}", show::usage_text(proven.usage), proven.block.number);
		}
		if self.receipt.is_some() {
			eprintln!("receipt: `millrace receipt show {}`", self.job);
		}
	}
}

/// A spinner on stderr, for a person at a terminal.
pub struct Progress(Option<ProgressBar>);

impl Progress {
	/// A spinner, if wanted and if somebody can see it.
	pub fn new(wanted: bool) -> Self {
		if !wanted || !std::io::stderr().is_terminal() {
			return Self(None);
		}
		let bar = ProgressBar::new_spinner().with_style(ProgressStyle::default_spinner());
		bar.enable_steady_tick(std::time::Duration::from_millis(100));
		Self(Some(bar))
	}

	/// Shows what is going on.
	pub fn say(&self, what: &str) {
		if let Some(bar) = &self.0 {
			bar.set_message(what.to_owned());
		}
	}

	/// Takes the spinner away.
	pub fn done(&self) {
		if let Some(bar) = &self.0 {
			bar.finish_and_clear();
		}
	}
}

/// The balances of an account at a block.
pub async fn balance_at(
	client: &Client,
	block: BlockRef,
	account: &AccountId32,
) -> Result<millrace_client::Balances, CliError> {
	Ok(client.at(block).await?.balance(account).await?)
}
