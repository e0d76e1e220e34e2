//! The chain's models, as this gateway serves them.

use millrace_client::{Error, Model};
use millrace_primitives::ModelKind;

use crate::{access::Caller, openai::ApiError, server::Gateway};

/// What Ollama's clients append to a name without a tag.
const LATEST: &str = ":latest";

fn is_served(model: &Model) -> bool {
	!model.retired && matches!(model.kind, ModelKind::Text | ModelKind::Embedding)
}

impl Gateway {
	/// The models that take jobs of text or embeddings, as far as the caller may use them.
	///
	/// # Errors
	///
	/// When the node does not answer.
	pub async fn models(&self, caller: &Caller) -> Result<Vec<Model>, ApiError> {
		let models = self.client.models().await?;
		Ok(models.into_iter().filter(|model| is_served(model) && caller.may_use(&model.name)).collect())
	}

	/// Such a model by its name, perhaps with `:latest` behind it, or by its number.
	///
	/// # Errors
	///
	/// When there is none, the caller may not use it, or the node does not answer.
	pub async fn model(&self, caller: &Caller, name: &str) -> Result<Model, ApiError> {
		let found = self.find_model(name).await?.filter(is_served).ok_or_else(|| ApiError::unknown_model(name))?;
		if caller.may_use(&found.name) {
			Ok(found)
		} else {
			Err(ApiError::forbidden_model(name))
		}
	}

	/// Any model by its name, perhaps with `:latest` behind it, or by its number.
	///
	/// # Errors
	///
	/// When the node does not answer.
	pub async fn find_model(&self, name: &str) -> Result<Option<Model>, Error> {
		let at = self.client.at_best().await?;
		if let Some(model) = at.model_by_name(name).await? {
			return Ok(Some(model));
		}
		if let Some(name) = name.strip_suffix(LATEST) {
			return at.model_by_name(name).await;
		}
		match name.parse() {
			Ok(number) => at.model(number).await,
			Err(_) => Ok(None),
		}
	}

	/// A model that answers in text.
	///
	/// # Errors
	///
	/// As [`Gateway::model`].
	pub async fn text_model(&self, caller: &Caller, name: &str) -> Result<Model, ApiError> {
		let model = self.model(caller, name).await?;
		match model.kind {
			ModelKind::Text => Ok(model),
			_ => Err(ApiError::unknown_model(name)),
		}
	}

	/// A model that makes embeddings: text models do, too.
	///
	/// # Errors
	///
	/// As [`Gateway::model`].
	pub async fn embedding_model(&self, caller: &Caller, name: &str) -> Result<Model, ApiError> {
		self.model(caller, name).await
	}
}
