//! `millrace model`.

use std::path::Path;

use millrace_client::{calls, Event};
use millrace_primitives::job::payload_hash;
use serde_json::json;

use crate::{args::ModelCommand, context::Context, error::CliError, gguf, show};

/// Runs a command for models.
///
/// # Errors
///
/// What the chain refused, and [`CliError::NotFound`].
pub async fn run(context: &Context, command: ModelCommand) -> Result<(), CliError> {
	match command {
		ModelCommand::Register { file, name, context_length, template_tokens } => {
			register(context, &file, &name, context_length, template_tokens).await
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

async fn register(
	context: &Context,
	file: &Path,
	name: &str,
	context_length: Option<u32>,
	template_tokens: u32,
) -> Result<(), CliError> {
	let header = gguf::read(file)?;
	let context_length = context_length.or(header.context_length).ok_or_else(|| {
		CliError::Usage("the file does not say how long its context is; give --context-length".into())
	})?;
	let digest = gguf::sha256(file)?.into();
	let template_hash = payload_hash(&header.template);
	let call = calls::register_model(name, digest, template_hash, context_length, template_tokens);
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
