//! What a receipt as JSON says.

use millrace_primitives::{AccountId32, Outcome, Receipt, Usage, H256, MILLISECS_PER_BLOCK};
use sp_runtime::{
	generic::DigestItem,
	traits::{BlakeTwo256, Hash},
};

use super::{
	text::{Body, Metadata, PRICE_UNIT, UNIT_TYPE, VERSION},
	JsonError,
};
use crate::receipt::Header;

/// The engine whose digest items name a block's slot.
const BABE: [u8; 4] = *b"BABE";
const MILLISECS_PER_SECOND: u64 = 1_000;

/// A receipt, its chain, and the times that its heights stand for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
	/// Hash of the chain's block 0.
	pub genesis: H256,
	/// The owner of the miner that did the work.
	pub provider: AccountId32,
	/// The receipt; its miner is the provider.
	pub receipt: Receipt<AccountId32>,
	/// Seconds since 1970 of the block of the submission.
	pub started_at: u64,
	/// Seconds since 1970 of the block in which the job ended.
	pub completed_at: u64,
}

/// Whole seconds since 1970 of a block, by its slot: what `pallet-timestamp` says is in the same slot of a second.
pub(super) fn seconds(header: &Header) -> Option<u64> {
	let slot = header.digest.logs.iter().find_map(|item| match item {
		// A variant, the author's place, the slot, and what depends on the variant.
		DigestItem::PreRuntime(BABE, data) => codec::Decode::decode(&mut &data[..]).ok(),
		_ => None,
	});
	let (_, _, slot): (u8, u32, u64) = slot?;
	slot.checked_mul(MILLISECS_PER_BLOCK)?.checked_div(MILLISECS_PER_SECOND)
}

fn hex32(hash: H256) -> String {
	format!("0x{}", hex::encode(hash))
}

fn prefixed(algorithm: &str, hash: H256) -> String {
	format!("{algorithm}:{}", hex::encode(hash))
}

fn word(outcome: Outcome) -> &'static str {
	match outcome {
		Outcome::Settled => "settled",
		Outcome::Failed => "failed",
		Outcome::Expired => "expired",
		Outcome::Cancelled => "cancelled",
	}
}

impl Statement {
	/// The text's fields, without a signature.
	pub(super) fn body(&self) -> Body {
		let (receipt, usage) = (&self.receipt, &self.receipt.usage);
		Body {
			artifact_hash: prefixed("blake2-256", receipt.output_hash),
			client: receipt.client.to_string(),
			completed_at: self.completed_at,
			duration_ms: usage.gpu_ms,
			job_id: receipt.job.to_string(),
			metadata: Metadata {
				attempts: receipt.attempts,
				ended_at: receipt.ended_at,
				genesis: hex32(self.genesis),
				input_tokens: usage.input_tokens,
				outcome: word(receipt.outcome).into(),
				output_tokens: usage.output_tokens,
				params_hash: prefixed("blake2-256", receipt.params_hash),
				price_unit: PRICE_UNIT.into(),
				submitted_at: receipt.submitted_at,
				transcript_root: hex32(receipt.transcript_root),
			},
			model: prefixed("sha256", receipt.model_digest),
			price: receipt.fee,
			prompt_hash: prefixed("blake2-256", receipt.input_hash),
			provider: self.provider.to_string(),
			receipt_id: hex32(BlakeTwo256::hash(&receipt.leaf(&self.genesis))),
			signature: None,
			started_at: self.started_at,
			unit_type: UNIT_TYPE.into(),
			units: u64::from(usage.input_tokens).saturating_add(usage.output_tokens.into()),
			version: VERSION.into(),
		}
	}

	/// What the fields say, when they are exactly those that [`Statement::body`] writes for it.
	pub(super) fn of(body: &Body) -> Result<Self, JsonError> {
		let bad = |name: &str| JsonError::Field(name.into());
		let account = |text: &str, name| text.parse::<AccountId32>().map_err(|_| bad(name));
		let hash = |text: &str, prefix: &str, name| {
			text.strip_prefix(prefix).and_then(|digits| digits.parse::<H256>().ok()).ok_or_else(|| bad(name))
		};
		let Metadata { attempts, ended_at, input_tokens, output_tokens, submitted_at, .. } = body.metadata;
		let outcomes = [Outcome::Settled, Outcome::Failed, Outcome::Expired, Outcome::Cancelled];
		let outcome = outcomes.into_iter().find(|outcome| word(*outcome) == body.metadata.outcome);
		let provider = account(&body.provider, "provider")?;
		let receipt = Receipt {
			job: body.job_id.parse().map_err(|_| bad("job_id"))?,
			client: account(&body.client, "client")?,
			miner: Some(provider.clone()),
			attempts,
			model_digest: hash(&body.model, "sha256:", "model")?,
			input_hash: hash(&body.prompt_hash, "blake2-256:", "prompt_hash")?,
			params_hash: hash(&body.metadata.params_hash, "blake2-256:", "metadata.params_hash")?,
			output_hash: hash(&body.artifact_hash, "blake2-256:", "artifact_hash")?,
			transcript_root: hash(&body.metadata.transcript_root, "0x", "metadata.transcript_root")?,
			usage: Usage { input_tokens, output_tokens, gpu_ms: body.duration_ms },
			fee: body.price,
			outcome: outcome.ok_or_else(|| bad("metadata.outcome"))?,
			submitted_at,
			ended_at,
		};
		let genesis = hash(&body.metadata.genesis, "0x", "metadata.genesis")?;
		let Body { started_at, completed_at, .. } = *body;
		if submitted_at > ended_at || started_at > completed_at {
			return Err(bad("completed_at"));
		}
		let statement = Self { genesis, provider, receipt, started_at, completed_at };
		match statement.body().differs_from(body) {
			None => Ok(statement),
			Some(name) => Err(JsonError::Field(name)),
		}
	}
}
