//! From the command line's words to a job.

use std::io::Read;

use millrace_client::{JobRequest, Model};
use millrace_primitives::{workload::MAX_TASK_SECONDS, JobParams, Workload};
use rand::{rngs::OsRng, RngCore};

use crate::{
	args::{Request, Work},
	context::Context,
	error::CliError,
};

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
	let max_tokens = request.sampler.max_tokens.unwrap_or_else(|| model.default_max_tokens(input.len()));
	let params = JobParams { workload: workload(&request, max_tokens), timeout: request.timeout, max_rate: None };
	Ok(JobRequest { model: model.id, input, params, max_fee: request.max_fee, miner })
}

fn workload(request: &Request, max_tokens: u32) -> Workload {
	let Request { work, timeout, steps, guidance, max_output_bytes, max_seconds, .. } = request;
	let sampling = request.sampler.sampling(max_tokens);
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
