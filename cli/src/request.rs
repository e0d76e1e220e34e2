//! From the command line's words to a job.

use std::io::Read;

use millrace_client::{JobRequest, Model};
use millrace_primitives::{workload::MAX_TASK_SECONDS, JobParams, Sampling, Workload};
use rand::{rngs::OsRng, RngCore};

use crate::{
	args::{Request, Work},
	context::Context,
	error::CliError,
};

/// Tokens of an answer unless told otherwise.
const DEFAULT_MAX_TOKENS: u32 = 256;

/// The job that `request` asks for.
///
/// # Errors
///
/// [`CliError::NotFound`] when there is no such model, and when the node does not answer.
pub async fn prepare(context: &Context, request: Request) -> Result<JobRequest, CliError> {
	let miner = request.miner.as_deref().map(|miner| context.address(miner)).transpose()?;
	let input = input(request.prompt.as_deref())?;
	let model = match &request.model {
		Some(model) => context.model(model).await?,
		// Which models fit does not hang on how long an answer may be.
		None => first_model(context, &workload(&request, 1)).await?,
	};
	let max_tokens = request.max_tokens.unwrap_or_else(|| default_max_tokens(&model, input.len()));
	let params = JobParams { workload: workload(&request, max_tokens), timeout: request.timeout, max_rate: None };
	Ok(JobRequest { model: model.id, input, params, max_fee: request.max_fee, miner })
}

fn workload(request: &Request, max_tokens: u32) -> Workload {
	let Request { work, temperature, top_k, top_p, timeout, steps, guidance, max_output_bytes, max_seconds, .. } =
		request;
	let sampling = Sampling { max_tokens, temperature_milli: *temperature, top_k: *top_k, top_p_milli: *top_p };
	match work {
		Work { raw: true, .. } => Workload::Generate(sampling),
		Work { conversation: true, .. } => Workload::Conversation(sampling),
		Work { embed: true, .. } => Workload::Embed,
		Work { bench: Some((size, rounds)), .. } => Workload::Bench { size: *size, rounds: *rounds },
		Work { image: Some((width, height)), .. } => {
			Workload::Image { width: *width, height: *height, steps: *steps, guidance_milli: *guidance }
		}
		Work { task: true, .. } => Workload::Task {
			max_output_bytes: *max_output_bytes,
			// A block is a second.
			max_seconds: max_seconds.unwrap_or_else(|| (*timeout).min(MAX_TASK_SECONDS)),
		},
		Work { .. } => Workload::Chat(sampling),
	}
}

fn input(prompt: Option<&str>) -> Result<Vec<u8>, CliError> {
	let Some(prompt) = prompt else {
		// Nobody can have the answer to matrices that nobody has had.
		let mut nonce = [0; 16];
		OsRng.fill_bytes(&mut nonce);
		return Ok(hex::encode(nonce).into_bytes());
	};
	if prompt != "-" {
		return Ok(prompt.as_bytes().to_vec());
	}
	let mut input = Vec::new();
	std::io::stdin().read_to_end(&mut input).map_err(CliError::io("cannot read the prompt"))?;
	Ok(input)
}

/// The first model that takes such work.
///
/// # Errors
///
/// [`CliError::NotFound`] when there is none, and when the node does not answer.
pub async fn first_model(context: &Context, workload: &Workload) -> Result<Model, CliError> {
	let models = context.client().await?.models().await?;
	models.into_iter().find(|model| !model.retired && workload.fits(model.kind)).ok_or_else(|| {
		let name = workload.name();
		CliError::NotFound(format!("the chain has no model that takes {name} jobs; `millrace model register` adds one"))
	})
}

/// What the context leaves for the answer if each byte of the input is a token, within bounds.
pub fn default_max_tokens(model: &Model, input_bytes: usize) -> u32 {
	let input = u32::try_from(input_bytes).unwrap_or(u32::MAX).saturating_add(model.template_tokens);
	let left = model.context_length.saturating_sub(input);
	// An input that could fill the context mostly does not: tokens are longer than a byte.
	let least = model.context_length / 4;
	left.max(least).clamp(1, DEFAULT_MAX_TOKENS)
}

#[cfg(test)]
mod tests {
	use super::*;
	use millrace_primitives::{AccountId32, ModelKind, H256};

	fn model(context_length: u32) -> Model {
		Model {
			id: 0,
			owner: AccountId32::new([0; 32]),
			name: "m".into(),
			kind: ModelKind::Text,
			digest: H256::zero(),
			template_hash: H256::zero(),
			context_length,
			template_tokens: 20,
			deposit: 0,
			retired: false,
		}
	}

	#[test]
	fn max_tokens_should_fit_the_context_when_none_are_given() {
		assert_eq!(default_max_tokens(&model(4_096), 100), 256);
		assert_eq!(default_max_tokens(&model(256), 36), 200);
		assert_eq!(default_max_tokens(&model(256), 1_000), 64);
		assert_eq!(default_max_tokens(&model(1), 1), 1);
	}
}
