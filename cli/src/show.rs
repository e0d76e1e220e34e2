//! What is printed of the chain's things. Keys are snake_case and stable; amounts are strings of plancks, hashes 0x
//! hex, accounts SS58.

use millrace_client::{Balances, BlockRef, InBlock, Job, JobState, Miner, Model, Offer};
use millrace_primitives::{
	AccountId32, Balance, ChannelReceipt, FailCode, JobParams, Outcome, Rate, Receipt, RunningTotal, Usage,
};
use serde_json::{json, Value};

use crate::amount;

/// Plancks as a string: they do not fit a JSON number.
pub fn plancks(amount: Balance) -> Value {
	json!(amount.to_string())
}

/// 0x hex.
pub fn hash(hash: impl AsRef<[u8]>) -> String {
	format!("0x{}", hex::encode(hash))
}

/// An answer's or input's bytes as text; what is not UTF-8 is replaced.
pub fn text(bytes: &[u8]) -> String {
	String::from_utf8_lossy(bytes).into_owned()
}

/// A block.
pub fn block(block: BlockRef) -> Value {
	json!({ "number": block.number, "hash": hash(block.hash) })
}

/// A transaction in a block.
pub fn transaction(done: &InBlock) -> Value {
	json!({ "tx_hash": hash(done.tx_hash), "block": block(done.block()), "tx_fee": plancks(done.fee()) })
}

/// An account's money.
pub fn balances(balances: Balances) -> Value {
	json!({
		"free": plancks(balances.free),
		"held": plancks(balances.held),
		"frozen": plancks(balances.frozen),
		"total": plancks(balances.total()),
	})
}

/// An outcome as one word.
pub fn outcome(outcome: Outcome) -> &'static str {
	match outcome {
		Outcome::Settled => "settled",
		Outcome::Failed => "failed",
		Outcome::Expired => "expired",
		Outcome::Cancelled => "cancelled",
	}
}

/// A fail code in snake_case; `silence` for none.
pub fn fail_code(code: Option<FailCode>) -> Value {
	code.map_or_else(|| json!("silence"), |code| json!(code))
}

/// What an attempt took.
pub fn usage(usage: Usage) -> Value {
	json!({ "input_tokens": usage.input_tokens, "output_tokens": usage.output_tokens, "gpu_ms": usage.gpu_ms })
}

/// What an attempt took, for people.
pub fn usage_text(usage: Usage) -> String {
	format!("{} input tokens, {} output tokens, {} ms", usage.input_tokens, usage.output_tokens, usage.gpu_ms)
}

/// A price.
pub fn rate(rate: Rate) -> Value {
	match rate {
		Rate::PerToken { input, output } => {
			json!({ "unit": "token", "input": plancks(input), "output": plancks(output) })
		}
		Rate::PerGpuSecond(price) => json!({ "unit": "gpu_second", "price": plancks(price) }),
	}
}

/// A price, for people.
pub fn rate_text(rate: Rate) -> String {
	match rate {
		Rate::PerToken { input, output } => {
			format!("{} per input token, {} per output token", amount::show(input), amount::show(output))
		}
		Rate::PerGpuSecond(price) => format!("{} per GPU-second", amount::show(price)),
	}
}

/// A model.
pub fn model(model: &Model) -> Value {
	json!({
		"id": model.id,
		"name": model.name,
		"kind": model.kind,
		"owner": model.owner.to_string(),
		"digest": hash(model.digest),
		"template_hash": hash(model.template_hash),
		"context_length": model.context_length,
		"template_tokens": model.template_tokens,
		"deposit": plancks(model.deposit),
		"retired": model.retired,
	})
}

/// A model, for people.
pub fn model_text(model: &Model) -> String {
	let retired = if model.retired { ", retired" } else { "" };
	let context = match model.kind.has_tokens() {
		true => format!(", {} tokens of context", model.context_length),
		false => String::new(),
	};
	format!(
		"{} {}: {}{context}, sha256 {}{retired}",
		model.id,
		model.name,
		model.kind.name(),
		hex::encode(model.digest)
	)
}

/// A miner and its offers.
pub fn miner(miner: &Miner, offers: &[Offer]) -> Value {
	json!({
		"owner": miner.owner.to_string(),
		"operator": miner.operator.to_string(),
		"bonded": plancks(miner.bonded),
		"unbonding": miner.unbonding.iter().map(|part| json!({ "amount": plancks(part.amount), "until": part.until })).collect::<Vec<_>>(),
		"slots_offered": miner.slots_offered,
		"slots_used": miner.slots_used,
		"ready": miner.ready,
		"offers": offers.iter().map(offer).collect::<Vec<_>>(),
	})
}

fn offer(offer: &Offer) -> Value {
	json!({
		"model": offer.model,
		"rate": rate(offer.rate),
		"slots": offer.slots,
		"slots_used": offer.used,
		"reputation": offer.reputation,
	})
}

/// A miner and its offers, for people.
pub fn miner_text(miner: &Miner, offers: &[Offer]) -> String {
	let mut lines = vec![format!(
		"{}: {}, {} of {} slots in use, stake {}, operator {}",
		miner.owner,
		if miner.ready { "ready" } else { "not ready" },
		miner.slots_used,
		miner.slots_offered,
		amount::show(miner.bonded),
		miner.operator,
	)];
	for offer in offers {
		let (rate, slots, reputation) = (rate_text(offer.rate), offer.slots, offer.reputation);
		let line = format!("  model {}: {rate}, {slots} slots, reputation {reputation} of 1000", offer.model);
		lines.push(line);
	}
	for part in &miner.unbonding {
		lines.push(format!("  unbonding {} until block {}", amount::show(part.amount), part.until));
	}
	lines.join("\n")
}

fn params(params: &JobParams) -> Value {
	json!({
		"workload": params.workload,
		"timeout": params.timeout,
		"max_rate": params.max_rate.map(rate),
	})
}

/// A job's state as one word.
pub fn state(job: &Job) -> &'static str {
	match &job.state {
		JobState::Queued => "queued",
		JobState::Assigned(_) => "assigned",
		JobState::Ended(how) => outcome(*how),
	}
}

/// A job.
pub fn job(job: &Job) -> Value {
	let assignment = match &job.state {
		JobState::Assigned(now) => json!({
			"owner": now.owner.to_string(),
			"operator": now.operator.to_string(),
			"attempt": now.attempt,
			"rate": rate(now.rate),
			"seed": now.seed.to_string(),
			"assigned_at": now.assigned_at,
			"deadline": now.deadline,
		}),
		_ => Value::Null,
	};
	json!({
		"job": job.id,
		"state": state(job),
		"client": job.client.to_string(),
		"model": job.model,
		"params": params(&job.params),
		"input_hash": hash(job.input_hash),
		"input_bytes": job.input_len,
		"max_fee": plancks(job.max_fee),
		"named_miner": job.named.as_ref().map(ToString::to_string),
		"submitted_at": job.submitted_at,
		"due": job.due,
		"attempts": job.attempts,
		"tried": job.tried.iter().map(ToString::to_string).collect::<Vec<_>>(),
		"assignment": assignment,
	})
}

/// A job, for people.
pub fn job_text(job: &Job) -> String {
	let place = match &job.state {
		JobState::Queued => format!("queued, expires in block {}", job.due),
		JobState::Assigned(now) => {
			format!("assigned to {} (attempt {}), due in block {}", now.owner, now.attempt, now.deadline)
		}
		JobState::Ended(how) => outcome(*how).to_owned(),
	};
	format!(
		"job {}: {place}; {} by model {}, at most {}, submitted in block {}",
		job.id,
		job.params.workload.name(),
		job.model,
		amount::show(job.max_fee),
		job.submitted_at
	)
}

/// A receipt.
pub fn receipt(receipt: &Receipt<AccountId32>) -> Value {
	json!({
		"job": receipt.job,
		"client": receipt.client.to_string(),
		"miner": receipt.miner.as_ref().map(ToString::to_string),
		"attempts": receipt.attempts,
		"model_digest": hash(receipt.model_digest),
		"input_hash": hash(receipt.input_hash),
		"params_hash": hash(receipt.params_hash),
		"output_hash": hash(receipt.output_hash),
		"transcript_root": hash(receipt.transcript_root),
		"usage": usage(receipt.usage),
		"fee": plancks(receipt.fee),
		"outcome": outcome(receipt.outcome),
		"submitted_at": receipt.submitted_at,
		"ended_at": receipt.ended_at,
	})
}

/// A receipt in one line, for people.
pub fn receipt_line(receipt: &Receipt<AccountId32>) -> String {
	let miner = receipt.miner.as_ref().map_or_else(|| "no miner".to_owned(), ToString::to_string);
	format!(
		"job {}: {} in block {}, {} from {} to {miner}",
		receipt.job,
		outcome(receipt.outcome),
		receipt.ended_at,
		amount::show(receipt.fee),
		receipt.client
	)
}

/// A receipt, for people.
pub fn receipt_text(receipt: &Receipt<AccountId32>) -> String {
	let miner = receipt.miner.as_ref().map_or_else(|| "none".to_owned(), ToString::to_string);
	[
		format!("job              {}, {}", receipt.job, outcome(receipt.outcome)),
		format!("blocks           {} to {}", receipt.submitted_at, receipt.ended_at),
		format!("client           {}", receipt.client),
		format!("miner            {miner}, {} attempts", receipt.attempts),
		format!("fee              {}", amount::show(receipt.fee)),
		format!("usage            {}", usage_text(receipt.usage)),
		format!("model sha256     {}", hex::encode(receipt.model_digest)),
		format!("input hash       {}", hash(receipt.input_hash)),
		format!("parameters hash  {}", hash(receipt.params_hash)),
		format!("output hash      {}", hash(receipt.output_hash)),
		format!("transcript root  {}", hash(receipt.transcript_root)),
	]
	.join("\n")
}

/// A channel's receipt as JSON.
pub fn channel_receipt(receipt: &ChannelReceipt<AccountId32>) -> Value {
	let RunningTotal { answers, input_tokens, output_tokens, gpu_ms, fee } = receipt.total;
	json!({
		"channel": receipt.channel,
		"client": receipt.client.to_string(),
		"miner": receipt.miner.to_string(),
		"model_digest": hash(receipt.model_digest),
		"rate": rate(receipt.rate),
		"answers": answers,
		"usage": { "input_tokens": input_tokens, "output_tokens": output_tokens, "gpu_ms": gpu_ms },
		"owed": plancks(fee),
		"checkpoint": hash(receipt.checkpoint),
		"paid": plancks(receipt.paid),
		"refund": plancks(receipt.refund),
		"opened_at": receipt.opened_at,
		"ended_at": receipt.ended_at,
	})
}

/// A channel's receipt for people.
pub fn channel_receipt_text(receipt: &ChannelReceipt<AccountId32>) -> String {
	let RunningTotal { answers, input_tokens, output_tokens, gpu_ms, .. } = receipt.total;
	[
		format!("channel          {}, {answers} answers", receipt.channel),
		format!("blocks           {} to {}", receipt.opened_at, receipt.ended_at),
		format!("client           {}", receipt.client),
		format!("miner            {}", receipt.miner),
		format!("paid             {}, {} given back", amount::show(receipt.paid), amount::show(receipt.refund)),
		format!("rate             {}", rate_text(receipt.rate)),
		format!("usage            {input_tokens} tokens in, {output_tokens} out, {gpu_ms} ms"),
		format!("model sha256     {}", hex::encode(receipt.model_digest)),
		format!("checkpoint       {}", hash(receipt.checkpoint)),
	]
	.join("\n")
}
