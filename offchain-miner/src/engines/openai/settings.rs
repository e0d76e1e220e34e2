//! How an OpenAI-compatible server is used.

use std::{env, path::PathBuf};

use millrace_primitives::H256;
use reqwest::{header::HeaderValue, Url};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::{config::secret, engines::EngineError};

/// A section of the configuration.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
	/// The server's address, such as `http://127.0.0.1:8000`, with or without `/v1`.
	pub url: String,
	/// File with the API key. Only its owner may read it.
	pub api_key_file: Option<PathBuf>,
	/// Name of the environment variable with the API key.
	pub api_key_env: Option<String>,
	/// Seconds after which a request is given up; `None` leaves it to the attempt's deadline.
	pub timeout_secs: Option<u64>,
	/// What the server runs. Such servers don't tell digests: the owner vouches for them.
	pub models: Vec<Served>,
}

/// A model of the server.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Served {
	/// Its name, as the server's `/v1/models` and answers have it.
	pub name: String,
	/// sha256 of the registered GGUF file.
	#[serde(deserialize_with = "digest", serialize_with = "hex_digest")]
	pub digest: H256,
	/// The GGUF file, where it is at hand: its digest is checked, and it numbers the tokens.
	pub file: Option<PathBuf>,
}

pub(crate) fn digest<'de, D: Deserializer<'de>>(deserializer: D) -> Result<H256, D::Error> {
	let text = String::deserialize(deserializer)?;
	let digits = text.strip_prefix("0x").unwrap_or(&text);
	let bytes = hex::decode(digits).ok().and_then(|bytes| <[u8; 32]>::try_from(bytes).ok());
	bytes.map(H256::from).ok_or_else(|| {
		serde::de::Error::custom(format!("{text:?} is no digest; expected 0x and the 64 hex digits of a sha256"))
	})
}

pub(crate) fn hex_digest<S: Serializer>(digest: &H256, serializer: S) -> Result<S::Ok, S::Error> {
	serializer.serialize_str(&format!("0x{}", hex::encode(digest)))
}

impl Settings {
	/// The address without its end.
	pub(super) fn base(&self) -> Result<String, EngineError> {
		let wrong = |why: &str| EngineError::engine(format!("the openai engine's url {why}"));
		let url = Url::parse(&self.url).map_err(|error| wrong(&format!("is none: {error}")))?;
		if url.scheme() != "http" {
			return Err(wrong(
				"does not begin with http://; this miner speaks no TLS, so keep the server on this machine or bring its \
				 port here by a tunnel",
			));
		}
		// It is shown in errors and logs.
		if !url.username().is_empty() || url.password().is_some() {
			return Err(wrong("has a password in it; use api_key_file or api_key_env"));
		}
		let base = self.url.trim_end_matches('/');
		Ok(base.strip_suffix("/v1").unwrap_or(base).to_owned())
	}

	/// The header with the API key, which no log shows.
	pub(super) fn authorization(&self) -> Result<Option<HeaderValue>, EngineError> {
		let key = match (&self.api_key_file, &self.api_key_env) {
			(Some(_), Some(_)) => {
				return Err(EngineError::engine("api_key_file and api_key_env are both set; keep one"))
			}
			(Some(path), None) => secret::read(path).map_err(|error| EngineError::engine(format!("{error:#}")))?,
			(None, Some(name)) => {
				env::var(name).map_err(|_| EngineError::engine(format!("the environment has no {name}")))?
			}
			(None, None) => return Ok(None),
		};
		let mut value = HeaderValue::from_str(&format!("Bearer {}", key.trim()))
			.map_err(|_| EngineError::engine("the API key has characters that no key has"))?;
		value.set_sensitive(true);
		Ok(Some(value))
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	fn settings(url: &str) -> Settings {
		Settings { url: url.into(), api_key_file: None, api_key_env: None, models: Vec::new(), timeout_secs: None }
	}

	#[test]
	fn base_should_lose_its_end_when_it_has_one() {
		for url in ["http://a:1", "http://a:1/", "http://a:1/v1", "http://a:1/v1/"] {
			assert_eq!(settings(url).base().unwrap(), "http://a:1");
		}
		assert_eq!(settings("http://a/x/v1").base().unwrap(), "http://a/x");
	}

	#[test]
	fn base_should_be_refused_when_it_would_show_a_secret_or_need_tls() {
		let error = settings("http://me:secret@a:1").base().unwrap_err();
		assert!(error.message.contains("password") && !error.message.contains("secret@"), "{error}");
		assert!(settings("https://a").base().unwrap_err().message.contains("TLS"));
		assert!(settings("a:b").base().unwrap_err().message.contains("http://"));
	}

	#[test]
	fn digest_should_be_refused_when_it_is_too_short() {
		let read = |digest: &str| toml::from_str::<Served>(&format!("name = \"m\"\ndigest = \"{digest}\""));
		assert_eq!(read(&format!("0x{}", "ab".repeat(32))).unwrap().digest, H256::repeat_byte(0xab));
		let again = toml::to_string(&read(&format!("0x{}", "ab".repeat(32))).unwrap()).unwrap();
		assert!(again.contains(&format!("\"0x{}\"", "ab".repeat(32))), "{again}");
		assert!(read("0xabab").unwrap_err().to_string().contains("64 hex digits"));
	}

	#[cfg(unix)]
	#[test]
	fn authorization_should_be_refused_when_others_can_read_the_key() {
		use std::{fs, os::unix::fs::PermissionsExt};
		let dir = tempfile::tempdir().unwrap();
		let path = dir.path().join("key");
		fs::write(&path, "sk-1\n").unwrap();
		let settings = Settings { api_key_file: Some(path.clone()), ..settings("http://a") };
		fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
		assert!(settings.authorization().unwrap_err().message.contains("chmod 600"));
		fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
		let value = settings.authorization().unwrap().unwrap();
		assert_eq!(value.to_str().unwrap(), "Bearer sk-1");
		assert!(!format!("{value:?}").contains("sk-1"));
	}

	#[test]
	fn authorization_should_be_refused_when_the_environment_lacks_the_key() {
		let settings = Settings { api_key_env: Some("MILLRACE_NO_SUCH_KEY".into()), ..settings("http://a") };
		assert!(settings.authorization().unwrap_err().message.contains("MILLRACE_NO_SUCH_KEY"));
	}
}
