//! From the command line's words to a job.

use std::io::Read;

use millrace_client::{JobRequest, Model};
use millrace_primitives::{JobParams, Workload};

use crate::{args::Request, context::Context, error::CliError};

/// Tokens of an answer unless told otherwise.
const DEFAULT_MAX_TOKENS: u32 = 256;

/// The job that `request` asks for.
///
/// # Errors
///
/// [`CliError::NotFound`] when there is no such model, and when the node does not answer.
pub async fn prepare(context: &Context, request: Request) -> Result<JobRequest, CliError> {
	let miner = request.miner.as_deref().map(|miner| context.address(miner)).transpose()?;
	let input = input(&request.prompt)?;
	let model = match &request.model {
		Some(model) => context.model(model).await?,
		None => first_model(context).await?,
	};
	let max_tokens = request.max_tokens.unwrap_or_else(|| default_max_tokens(&model, input.len()));
	let params = JobParams {
		workload: if request.raw { Workload::Generate } else { Workload::Chat },
		max_tokens,
		temperature_milli: request.temperature,
		top_k: request.top_k,
		top_p_milli: request.top_p,
		timeout: request.timeout,
		max_rate: None,
	};
	Ok(JobRequest { model: model.id, input, params, max_fee: request.max_fee, miner })
}

fn input(prompt: &str) -> Result<Vec<u8>, CliError> {
	if prompt != "-" {
		return Ok(prompt.as_bytes().to_vec());
	}
	let mut input = Vec::new();
	std::io::stdin().read_to_end(&mut input).map_err(CliError::io("cannot read the prompt"))?;
	Ok(input)
}

async fn first_model(context: &Context) -> Result<Model, CliError> {
	let models = context.client().await?.models().await?;
	models.into_iter().find(|model| !model.retired).ok_or_else(|| {
		CliError::NotFound("the chain has no model that takes jobs; `millrace model register` adds one".into())
	})
}

/// What the context leaves for the answer if each byte of the input is a token, within bounds.
fn default_max_tokens(model: &Model, input_bytes: usize) -> u32 {
	let input = u32::try_from(input_bytes).unwrap_or(u32::MAX).saturating_add(model.template_tokens);
	let left = model.context_length.saturating_sub(input);
	// An input that could fill the context mostly does not: tokens are longer than a byte.
	let least = model.context_length / 4;
	left.max(least).clamp(1, DEFAULT_MAX_TOKENS)
}

#[cfg(test)]
mod tests {
	use super::*;
	use millrace_primitives::{AccountId32, H256};

	fn model(context_length: u32) -> Model {
		Model {
			id: 0,
			owner: AccountId32::new([0; 32]),
			name: "m".into(),
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
