//! Which engines run models.

use std::path::PathBuf;

use clap::ValueEnum;
use serde::{Deserialize, Serialize};

use crate::engines::{image, ollama::KeepAlive, openai};

/// The engines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum EngineKind {
	/// llama.cpp inside the miner.
	Llama,
	/// An Ollama server.
	Ollama,
}

/// An engine to use.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum EngineConfig {
	/// llama.cpp inside the miner.
	Llama {
		/// GGUF files.
		models: Vec<PathBuf>,
		/// Threads of one inference; by default the cores, shared among the slots.
		threads: Option<usize>,
	},
	/// An Ollama server.
	Ollama {
		/// Its address.
		#[serde(default = "default_ollama")]
		url: String,
		/// Threads of one inference; by default Ollama's choice.
		threads: Option<usize>,
		/// How long a model stays in memory after a request; by default Ollama's choice.
		keep_alive: Option<KeepAlive>,
		/// Seconds after which a request is given up; by default the attempt's deadline.
		timeout_secs: Option<u64>,
	},
	/// Any OpenAI-compatible server.
	Openai(openai::Settings),
	/// A server that draws images.
	Image(image::Settings),
}

impl EngineConfig {
	/// The Ollama server at `url`, all else by default.
	pub fn ollama(url: impl Into<String>) -> Self {
		Self::Ollama { url: url.into(), threads: None, keep_alive: None, timeout_secs: None }
	}
}

/// Where Ollama listens when nobody says otherwise.
pub(super) fn default_ollama() -> String {
	"http://127.0.0.1:11434".into()
}
