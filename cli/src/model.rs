//! `millrace model`.

use std::path::Path;

use millrace_client::{calls, Event};
use millrace_primitives::{bench, job::payload_hash, ModelKind, H256};
use serde_json::json;

use crate::{args::ModelCommand, context::Context, error::CliError, gguf, show};

/// Runs a command for models.
///
/// # Errors
///
/// What the chain refused, and [`CliError::NotFound`].
pub async fn run(context: &Context, command: ModelCommand) -> Result<(), CliError> {
	match command {
		ModelCommand::Register { file, kind, name, context_length, template_tokens } => {
			register(context, file.as_deref(), &name, kind.into(), context_length, template_tokens).await
		}
		ModelCommand::List => {
			let models = context.client().await?.models().await?;
			context.print_list("models", models.iter().map(show::model).collect(), || {
				models.iter().map(show::model_text).collect()
			});
			Ok(())
		}
		ModelCommand::Show { model } => {
			let model = context.model(&model).await?;
			context.print(show::model(&model), || {
				format!(
					"{}\nowner {}, up to {} tokens of template",
					show::model_text(&model),
					model.owner,
					model.template_tokens
				)
			});
			Ok(())
		}
		ModelCommand::Retire { model } => {
			let model = context.model(&model).await?;
			context.send_and_say(calls::retire_model(model.id), &format!("{} retired", model.name)).await
		}
	}
}

/// What there is to register.
struct Found {
	digest: H256,
	template_hash: H256,
	context_length: u32,
	template_tokens: u32,
}

/// Reads what a model of this kind is from its file.
fn find(
	kind: ModelKind,
	file: Option<&Path>,
	context_length: Option<u32>,
	template_tokens: u32,
) -> Result<Found, CliError> {
	let plain = |digest| Found { digest, template_hash: H256::zero(), context_length: 0, template_tokens: 0 };
	if kind == ModelKind::Bench {
		return Ok(plain(bench::DIGEST));
	}
	let file = file.ok_or_else(|| CliError::Usage(format!("a model of kind {} needs its file", kind.name())))?;
	if !kind.has_tokens() {
		return Ok(plain(gguf::sha256(file)?.into()));
	}
	let header = gguf::read(file)?;
	let context_length = context_length.or(header.context_length).ok_or_else(|| {
		CliError::Usage("the file does not say how long its context is; give --context-length".into())
	})?;
	let template_hash = payload_hash(&header.template);
	Ok(Found { digest: gguf::sha256(file)?.into(), template_hash, context_length, template_tokens })
}

async fn register(
	context: &Context,
	file: Option<&Path>,
	name: &str,
	kind: ModelKind,
	context_length: Option<u32>,
	template_tokens: u32,
) -> Result<(), CliError> {
	let Found { digest, template_hash, context_length, template_tokens } =
		find(kind, file, context_length, template_tokens)?;
	let call = calls::register_model(name, kind, digest, template_hash, context_length, template_tokens);
	let done = context.send(call).await?;
	let model = done.events.iter().find_map(|event| match event {
		Event::ModelRegistered { model } => Some(*model),
		_ => None,
	});
	let mut json = show::transaction(&done);
	json["model"] = json!(model);
	json["digest"] = json!(show::hash(digest));
	context.print(json, || {
		let id = model.map(|id| id.to_string()).unwrap_or_default();
		format!("model {id} {name} registered in block {}: sha256 {}", done.number, hex::encode(digest))
	});
	Ok(())
}
