//! The chain's models, as this gateway serves them.

use std::{
	collections::HashMap,
	sync::{Arc, Mutex, PoisonError},
	time::{Duration, Instant},
};

use millrace_client::{Client, Error, Model};
use millrace_primitives::ModelKind;

use crate::{access::Caller, openai::ApiError, server::Gateway};

/// What Ollama's clients append to a name without a tag.
const LATEST: &str = ":latest";

fn is_served(model: &Model) -> bool {
	!model.retired && matches!(model.kind, ModelKind::Text | ModelKind::Embedding)
}

/// A model that was read so long ago is read anew while it is used: nothing of it changes but that it retires.
const AGING: Duration = Duration::from_secs(10);

/// A model that was read so long ago is not used before it was read anew.
const OLD: Duration = Duration::from_secs(60);

/// Names that are remembered.
const MOST_NAMES: usize = 1_024;

/// The models that were asked for of late, so that a request need not wait for the chain.
#[derive(Clone)]
pub struct Catalog {
	client: Client,
	known: Arc<Mutex<HashMap<String, (Model, Instant)>>>,
}

impl Catalog {
	/// Knows nothing yet.
	pub fn new(client: Client) -> Self {
		Self { client, known: Arc::default() }
	}

	/// Any model by its name, perhaps with `:latest` behind it, or by its number, as of at most a minute ago.
	///
	/// # Errors
	///
	/// When the node does not answer.
	pub async fn find(&self, name: &str) -> Result<Option<Model>, Error> {
		let known = self.known.lock().unwrap_or_else(PoisonError::into_inner).get(name).cloned();
		let Some((model, at)) = known.filter(|(_, at)| at.elapsed() < OLD) else { return self.read(name).await };
		if at.elapsed() > AGING {
			let (catalog, name) = (self.clone(), name.to_owned());
			tokio::spawn(async move {
				if let Err(error) = catalog.read(&name).await {
					tracing::debug!(%error, "a model can't be read anew now");
				}
			});
		}
		Ok(Some(model))
	}

	async fn read(&self, name: &str) -> Result<Option<Model>, Error> {
		let found = self.read_chain(name).await?;
		let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
		match &found {
			Some(model) => {
				if known.len() >= MOST_NAMES {
					known.clear();
				}
				known.insert(name.to_owned(), (model.clone(), Instant::now()));
			}
			None => {
				known.remove(name);
			}
		}
		Ok(found)
	}

	async fn read_chain(&self, name: &str) -> Result<Option<Model>, Error> {
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
		let found = self.catalog.find(name).await?.filter(is_served).ok_or_else(|| ApiError::unknown_model(name))?;
		if caller.may_use(&found.name) {
			Ok(found)
		} else {
			Err(ApiError::forbidden_model(name))
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
