//! Which engines run models.

use std::path::PathBuf;

use clap::ValueEnum;
use serde::{Deserialize, Serialize};

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
	},
}

/// Where Ollama listens when nobody says otherwise.
pub(super) fn default_ollama() -> String {
	"http://127.0.0.1:11434".into()
}
