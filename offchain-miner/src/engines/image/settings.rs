//! How an image server is used.

use millrace_primitives::H256;
use reqwest::Url;
use serde::{Deserialize, Serialize};

use crate::engines::{
	openai::settings::{digest, hex_digest},
	EngineError,
};

/// Longest public address; the document that names an image has to fit the chain.
const MAX_PUBLIC_URL: usize = 512;

/// Which interface a server has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Api {
	/// `/sdapi/v1/txt2img`, of Automatic1111, Forge and SD.Next.
	Automatic1111,
	/// `/v1/images/generations`, OpenAI's.
	Openai,
}

/// A section of the configuration.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
	/// The server's address, such as `http://127.0.0.1:7860`.
	pub url: String,
	/// Its interface.
	pub api: Api,
	/// Seconds after which a request is given up; `None` leaves it to the attempt's deadline.
	pub timeout_secs: Option<u64>,
	/// Address below which others reach this miner's `/artifacts`; goes on chain with each image.
	pub public_url: Option<String>,
	/// What the server runs.
	pub models: Vec<Served>,
}

/// A model of the server.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Served {
	/// Its name, as the server has it: a checkpoint's title, or an id of `/v1/models`.
	pub name: String,
	/// sha256 of the registered weights.
	#[serde(deserialize_with = "digest", serialize_with = "hex_digest")]
	pub digest: H256,
}

impl Settings {
	/// The address without its end.
	pub(super) fn base(&self) -> Result<String, EngineError> {
		let wrong = |why: &str| EngineError::engine(format!("the image engine's url {why}"));
		let url = Url::parse(&self.url).map_err(|error| wrong(&format!("is none: {error}")))?;
		if url.scheme() != "http" {
			return Err(wrong(
				"does not begin with http://; this miner speaks no TLS, so keep the server on this machine",
			));
		}
		if !url.username().is_empty() || url.password().is_some() {
			return Err(wrong("has a password in it, which logs would show"));
		}
		if self.models.is_empty() {
			return Err(EngineError::engine("the image engine has no models; name them with their digests"));
		}
		Ok(self.url.trim_end_matches('/').to_owned())
	}

	/// The public address, if it is one.
	pub(super) fn public(&self) -> Result<Option<String>, EngineError> {
		let Some(public) = &self.public_url else { return Ok(None) };
		let scheme = Url::parse(public).map(|url| url.scheme().to_owned()).unwrap_or_default();
		if !matches!(scheme.as_str(), "http" | "https") || public.len() > MAX_PUBLIC_URL {
			let message = format!("public_url has to be an http(s) address of at most {MAX_PUBLIC_URL} bytes");
			return Err(EngineError::engine(message));
		}
		Ok(Some(public.clone()))
	}
}
