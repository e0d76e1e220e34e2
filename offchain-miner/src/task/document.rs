//! What a job asks for: its input's bytes, a JSON document.

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use base64::{engine::general_purpose::STANDARD, Engine as _};
use serde::Deserialize;
use sha2::{Digest as _, Sha256};
use url::Url;

use super::{bad, Digest};
use crate::engines::EngineError;

/// A document has no more bytes; the chain takes fewer.
pub const MAX_DOCUMENT_BYTES: usize = 65_536;
/// Most arguments.
pub const MAX_ARGUMENTS: usize = 32;
/// Most inputs.
pub const MAX_INPUTS: usize = 16;
/// Most outputs.
pub const MAX_OUTPUTS: usize = 16;
/// Most bytes of a name, and of each part of an output's path.
pub const MAX_NAME_BYTES: usize = 64;
/// Most bytes of an output's path.
pub const MAX_PATH_BYTES: usize = 128;
/// Most parts of an output's path.
pub const MAX_PATH_PARTS: usize = 4;
/// Most bytes of a URL.
pub const MAX_URL_BYTES: usize = 2_048;
/// Most bytes of a media type.
pub const MAX_MEDIA_TYPE_BYTES: usize = 64;

/// What is made of an input's bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unpack {
	/// A file.
	#[default]
	None,
	/// A folder with the files of a zip archive.
	Zip,
	/// A folder with the files of an uncompressed tar archive.
	Tar,
}

/// Where an input's bytes are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
	/// In the document.
	Inline(Vec<u8>),
	/// At a URL, with this sha256.
	Remote(Url, Digest),
}

/// An input: `input/NAME` in the workspace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Input {
	/// Its name.
	pub name: String,
	/// Its bytes.
	pub source: Source,
	/// Most bytes of the file, and of what an archive unpacks to.
	pub max_bytes: u64,
	/// What is made of it.
	pub unpack: Unpack,
}

/// An output: `output/PATH` in the workspace.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Output {
	/// Its path below `output`.
	pub path: String,
	/// Its media type, as the manifest repeats it.
	pub media_type: String,
	/// Most bytes.
	pub max_bytes: u64,
}

/// A document that holds all bounds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
	/// The name of the allow-list's entry.
	pub entry: String,
	/// Arguments by position.
	pub arguments: Vec<String>,
	/// Inputs.
	pub inputs: Vec<Input>,
	/// Outputs.
	pub outputs: Vec<Output>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
	version: u32,
	entry: String,
	#[serde(default)]
	arguments: Vec<String>,
	#[serde(default)]
	inputs: Vec<RawInput>,
	#[serde(default)]
	outputs: Vec<Output>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawInput {
	name: String,
	url: Option<String>,
	text: Option<String>,
	base64: Option<String>,
	sha256: Option<Digest>,
	max_bytes: Option<u64>,
	#[serde(default)]
	unpack: Unpack,
}

impl Document {
	/// Reads a document.
	///
	/// # Errors
	///
	/// [`millrace_primitives::FailCode::BadInput`], with what is wrong.
	pub fn parse(bytes: &[u8]) -> Result<Self, EngineError> {
		let too_many = |what, found, most| bad(format!("{found} {what}; at most {most}"));
		if bytes.len() > MAX_DOCUMENT_BYTES {
			return Err(too_many("bytes", bytes.len(), MAX_DOCUMENT_BYTES));
		}
		let raw: Raw = serde_json::from_slice(bytes).map_err(|error| bad(format!("no task document: {error}")))?;
		if raw.version != 1 {
			return Err(bad(format!("version {}; only 1 is known", raw.version)));
		}
		if !is_name(&raw.entry) {
			return Err(bad(format!("{:?} is no name of an entry", shortened(&raw.entry))));
		}
		for (what, found, most) in [
			("arguments", raw.arguments.len(), MAX_ARGUMENTS),
			("inputs", raw.inputs.len(), MAX_INPUTS),
			("outputs", raw.outputs.len(), MAX_OUTPUTS),
		] {
			if found > most {
				return Err(too_many(what, found, most));
			}
		}
		let inputs = raw.inputs.into_iter().map(Input::new).collect::<Result<Vec<_>, _>>()?;
		let names: BTreeSet<&String> = inputs.iter().map(|input| &input.name).collect();
		if names.len() != inputs.len() {
			return Err(bad("two inputs have the same name"));
		}
		raw.outputs.iter().try_for_each(Output::check)?;
		let paths: BTreeSet<&String> = raw.outputs.iter().map(|output| &output.path).collect();
		if paths.len() != raw.outputs.len() {
			return Err(bad("two outputs have the same path"));
		}
		Ok(Self { entry: raw.entry, arguments: raw.arguments, inputs, outputs: raw.outputs })
	}

	/// Most bytes that the inputs take on disk: of an archive both itself and its files.
	pub fn input_bytes(&self) -> u64 {
		let of = |input: &Input| input.max_bytes.saturating_mul(if input.unpack == Unpack::None { 1 } else { 2 });
		self.inputs.iter().fold(0, |sum, input| sum.saturating_add(of(input)))
	}

	/// Most bytes of the outputs.
	pub fn output_bytes(&self) -> u64 {
		self.outputs.iter().fold(0, |sum, output| sum.saturating_add(output.max_bytes))
	}
}

impl Input {
	fn new(raw: RawInput) -> Result<Self, EngineError> {
		let RawInput { name, url, text, base64, sha256, max_bytes, unpack } = raw;
		if !is_name(&name) {
			return Err(bad(format!("{:?} is no name of an input", shortened(&name))));
		}
		let of = |what: &str| bad(format!("input {name}: {what}"));
		let bytes = match (url, text, base64) {
			(Some(url), None, None) => {
				let sha256 = sha256.ok_or_else(|| of("a url needs the sha256"))?;
				let max_bytes = max_bytes.ok_or_else(|| of("a url needs max_bytes"))?;
				let url = parse_url(&url).map_err(|what| of(&what))?;
				return Ok(Self { name, source: Source::Remote(url, sha256), max_bytes, unpack });
			}
			(None, Some(text), None) => text.into_bytes(),
			(None, None, Some(coded)) => STANDARD.decode(coded).map_err(|_| of("no base64"))?,
			_ => return Err(of("needs one of url, text and base64")),
		};
		if sha256.is_some_and(|digest| digest.0 != <[u8; 32]>::from(Sha256::digest(&bytes))) {
			return Err(of("its sha256 is another"));
		}
		let length = bytes.len() as u64;
		if max_bytes.is_some_and(|most| length > most) {
			return Err(of("larger than its max_bytes"));
		}
		if unpack != Unpack::None && max_bytes.is_none() {
			return Err(of("an archive needs max_bytes, for what it unpacks to"));
		}
		Ok(Self { name, source: Source::Inline(bytes), max_bytes: max_bytes.unwrap_or(length), unpack })
	}
}

impl Output {
	fn check(&self) -> Result<(), EngineError> {
		let Self { path, media_type, .. } = self;
		let parts = path.split('/').count();
		if path.len() > MAX_PATH_BYTES || parts > MAX_PATH_PARTS || !path.split('/').all(is_name) {
			return Err(bad(format!("{:?} is no path of an output", shortened(path))));
		}
		let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "!#$&^_.+-".contains(c);
		let is_type = media_type.split_once('/').is_some_and(|(kind, sub)| {
			!kind.is_empty() && !sub.is_empty() && kind.chars().all(plain) && sub.chars().all(plain)
		});
		if media_type.len() > MAX_MEDIA_TYPE_BYTES || !is_type {
			return Err(bad(format!("output {path}: {:?} is no media type", shortened(media_type))));
		}
		Ok(())
	}
}

/// A URL that may be fetched as far as its text tells.
pub(super) fn parse_url(text: &str) -> Result<Url, String> {
	if text.len() > MAX_URL_BYTES {
		return Err(format!("its url has more than {MAX_URL_BYTES} bytes"));
	}
	let url = Url::parse(text).map_err(|error| format!("no url: {error}"))?;
	if !["http", "https"].contains(&url.scheme()) {
		return Err(format!("{}: is not fetched; only http and https are", url.scheme()));
	}
	if !url.username().is_empty() || url.password().is_some() {
		return Err("its url has a user or password".into());
	}
	Ok(url)
}

/// Whether this is a plain name: letters, digits, `.`, `_` and `-`, not first a sign, at most 64 bytes.
pub(super) fn is_name(text: &str) -> bool {
	text.len() <= MAX_NAME_BYTES
		&& text.starts_with(|c: char| c.is_ascii_alphanumeric())
		&& text.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c))
}

/// The beginning of a text that a client wrote, for messages.
fn shortened(text: &str) -> String {
	text.chars().take(MAX_NAME_BYTES).collect()
}
