//! `millrace job`.

use futures::StreamExt;
use millrace_client::{calls, JobRequest, JobUpdate};
use millrace_primitives::{JobId, Outcome, Usage, Workload};
use serde_json::{json, Value};

use crate::{
	amount,
	args::{JobCommand, Request},
	ask::describe,
	context::Context,
	error::CliError,
	request, show, show_answer, show_quote,
};

/// Runs a command for jobs.
///
/// # Errors
///
/// What the chain refused, and jobs that ended without an answer while they were watched.
pub async fn run(context: &Context, command: JobCommand) -> Result<(), CliError> {
	match command {
		JobCommand::Submit(request) => submit(context, request).await,
		JobCommand::Quote(request) => quote(context, request).await,
		JobCommand::Status { job } => status(context, job).await,
		JobCommand::Watch { job } => watch(context, job).await,
		JobCommand::Cancel { job } => context.send_and_say(calls::cancel(job), &format!("job {job} cancelled")).await,
		JobCommand::List { client } => list(context, client).await,
		JobCommand::Prune { job } => context.send_and_say(calls::prune(job), &format!("job {job} pruned")).await,
	}
}

async fn submit(context: &Context, request: Request) -> Result<(), CliError> {
	let submitter = context.submitter().await?;
	let job = request::prepare(context, request).await?;
	let call = calls::submit(job.model, job.input, job.params, job.max_fee, job.miner);
	let done = submitter.submit(call).await?;
	let job = done
		.submitted_job()
		.ok_or_else(|| millrace_client::Error::Incompatible("a submission without a Submitted event".into()))?;
	let mut json = show::transaction(&done);
	json["job"] = json!(job);
	context.print(json, || format!("job {job} in block {}; transaction fee {}", done.number, amount::show(done.fee())));
	Ok(())
}

async fn quote(context: &Context, request: Request) -> Result<(), CliError> {
	let JobRequest { model, input, params, .. } = request::prepare(context, request).await?;
	let input_len = u32::try_from(input.len()).unwrap_or(u32::MAX);
	let at = context.client().await?.at_best().await?;
	let (quote, bids) = (at.quote(model, params, input_len).await?, at.bids(model, params, input_len).await?);
	context.print(show_quote::quote(&quote, &bids), || show_quote::quote_text(&quote, &bids));
	Ok(())
}

async fn status(context: &Context, id: JobId) -> Result<(), CliError> {
	let at = context.client().await?.at_best().await?;
	let (job, receipt, output) = (at.job(id).await?, at.receipt(id).await?, at.output(id).await?);
	if job.is_none() && receipt.is_none() {
		return Err(millrace_client::Error::UnknownJob(id).into());
	}
	let state = match (&job, &receipt) {
		(Some(job), _) => show::state(job),
		(None, Some(receipt)) => show::outcome(receipt.outcome),
		(None, None) => "unknown",
	};
	let workload = job.as_ref().map(|job| &job.params.workload);
	let usage = receipt.as_ref().map(|receipt| receipt.usage);
	let json = json!({
		"job": id,
		"state": state,
		"details": job.as_ref().map(show::job),
		"answer": output.as_deref().map(|output| show_answer::answer(workload, output, usage)),
		"receipt": receipt.as_ref().map(show::receipt),
	});
	context.print(json, || {
		let mut parts = Vec::new();
		parts.extend(job.as_ref().map(show::job_text));
		parts.extend(receipt.as_ref().map(show::receipt_text));
		let answer = |output| format!("\n{}", show_answer::answer_text(workload, output, usage));
		parts.extend(output.as_deref().map(answer));
		parts.join("\n")
	});
	Ok(())
}

async fn watch(context: &Context, id: JobId) -> Result<(), CliError> {
	let client = context.client().await?;
	let at = client.at_best().await?;
	let (job, receipt) = (at.job(id).await?, at.receipt(id).await?);
	let mut usage = receipt.as_ref().map(|receipt| receipt.usage);
	let from = match (&job, receipt) {
		// What is over is read from the state; only what happens from now on has to be walked.
		(_, Some(_)) => at.block().number,
		(Some(job), None) => job.submitted_at,
		(None, None) => return Err(millrace_client::Error::UnknownJob(id).into()),
	};
	let mut updates = client.follow(id, from);
	let mut end = None;
	while let Some(update) = updates.next().await {
		let update = update?;
		end = update.outcome();
		if let JobUpdate::Completed { usage: took, .. } = &update {
			usage = Some(*took);
		}
		let workload = job.as_ref().map(|job| &job.params.workload);
		if context.json {
			println!("{}", update_json(id, &update, workload, usage));
			continue;
		}
		eprintln!("job {id}: {}", describe(&update));
		if let JobUpdate::Settled { output: Some(output), .. } = &update {
			println!("{}", show_answer::answer_text(workload, output, usage));
		}
	}
	match end {
		Some(Outcome::Settled) => Ok(()),
		Some(outcome) => Err(CliError::Unsettled { job: id, outcome }),
		None => Err(millrace_client::Error::Connection("the node stopped telling about the job".into()).into()),
	}
}

/// An update as one JSON line; `event` says which.
fn update_json(job: JobId, update: &JobUpdate, workload: Option<&Workload>, took: Option<Usage>) -> Value {
	let mut json = match update {
		JobUpdate::Submitted { block } => json!({ "event": "submitted", "block": show::block(*block) }),
		JobUpdate::Queued => json!({ "event": "queued" }),
		JobUpdate::Assigned { attempt, owner, operator, rate, deadline, block } => json!({
			"event": "assigned",
			"attempt": attempt,
			"miner": owner.to_string(),
			"operator": operator.to_string(),
			"rate": show::rate(*rate),
			"deadline": deadline,
			"block": show::block(*block),
		}),
		JobUpdate::AttemptFailed { code } => json!({ "event": "attempt_failed", "code": show::fail_code(*code) }),
		JobUpdate::Completed { usage, output_hash, transcript_root, block } => json!({
			"event": "completed",
			"usage": show::usage(*usage),
			"output_hash": show::hash(output_hash),
			"transcript_root": show::hash(transcript_root),
			"block": show::block(*block),
		}),
		JobUpdate::Settled { fee, refund, output, block } => json!({
			"event": "settled",
			"fee": show::plancks(*fee),
			"refund": refund.map(show::plancks),
			"answer": output.as_deref().map(|output| show_answer::answer(workload, output, took)),
			"block": show::block(*block),
		}),
		JobUpdate::Failed => json!({ "event": "failed" }),
		JobUpdate::Expired => json!({ "event": "expired" }),
		JobUpdate::Cancelled => json!({ "event": "cancelled" }),
	};
	json["job"] = json!(job);
	json
}

async fn list(context: &Context, client: Option<String>) -> Result<(), CliError> {
	let account = match client {
		Some(client) => context.address(&client)?,
		None => context.own_account()?,
	};
	let at = context.client().await?.at_best().await?;
	let mut jobs = Vec::new();
	for id in at.jobs_of(&account).await? {
		jobs.extend(at.job(id).await?);
	}
	context.print_list("jobs", jobs.iter().map(show::job).collect(), || {
		if jobs.is_empty() {
			vec![format!("{account} has no jobs on chain")]
		} else {
			jobs.iter().map(show::job_text).collect()
		}
	});
	Ok(())
}
