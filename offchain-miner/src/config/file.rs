//! Reading the file, with errors that name the place in it.

use std::{
	fmt, fs, io,
	ops::Range,
	path::{Path, PathBuf},
};

use super::Config;

/// Why a configuration can't be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
	/// The file can't be read.
	#[error("can't read {}: {error}", path.display())]
	Read {
		/// The file.
		path: PathBuf,
		/// Why.
		error: io::Error,
	},
	/// A key or value in the file is wrong.
	#[error("{0}")]
	Place(Box<Place>),
	/// Values that don't fit together.
	#[error("{}{what}", from.as_ref().map(|path| format!("{}: ", path.display())).unwrap_or_default())]
	Value {
		/// The file, if there is one; flags and environment variables may have changed its values.
		from: Option<PathBuf>,
		/// What is wrong and what is expected.
		what: String,
	},
}

/// What is wrong, and where in the file.
#[derive(Debug, PartialEq, Eq)]
pub struct Place {
	/// The file.
	pub path: PathBuf,
	/// From 1.
	pub line: usize,
	/// From 1, in characters.
	pub column: usize,
	/// The whole line.
	pub text: String,
	/// How many characters are wrong.
	pub width: usize,
	/// What is wrong and what is expected.
	pub message: String,
}

impl fmt::Display for Place {
	fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
		let Self { path, line, column, text, width, message } = self;
		let margin = " ".repeat(line.to_string().len());
		let (before, marks) = (" ".repeat(column.saturating_sub(1)), "^".repeat(*width));
		let text = text.replace('\t', " ");
		write!(
			f,
			"{}:{line}:{column}: {message}\n{margin} |\n{line} | {text}\n{margin} | {before}{marks}",
			path.display()
		)
	}
}

/// Reads the file at `path`; keys that it does not name have their defaults.
///
/// # Errors
///
/// [`ConfigError::Read`] and [`ConfigError::Place`].
pub(super) fn read(path: &Path) -> Result<Config, ConfigError> {
	let text = fs::read_to_string(path).map_err(|error| ConfigError::Read { path: path.into(), error })?;
	parse(path, &text)
}

pub(super) fn parse(path: &Path, text: &str) -> Result<Config, ConfigError> {
	parse_as(path, text)
}

/// Reads any TOML; `path` is named in errors.
pub(crate) fn parse_as<T: serde::de::DeserializeOwned>(path: &Path, text: &str) -> Result<T, ConfigError> {
	toml::from_str(text).map_err(|error| ConfigError::Place(Box::new(place(path, text, &error))))
}

/// What is wrong with the value of a key, where the key begins a line.
pub(crate) fn place_of(path: &Path, text: &str, key: &str, message: String) -> ConfigError {
	let is_key = |line: &str| line.strip_prefix(key).is_some_and(|rest| rest.trim_start().starts_with('='));
	match (1..).zip(text.lines()).find(|(_, line)| is_key(line)) {
		Some((line, found)) => ConfigError::Place(Box::new(Place {
			path: path.into(),
			line,
			column: 1,
			text: found.trim_end().into(),
			width: key.len(),
			message,
		})),
		None => ConfigError::Value { from: Some(path.into()), what: message },
	}
}

fn place(path: &Path, text: &str, error: &toml::de::Error) -> Place {
	let span = error.span().unwrap_or_default();
	let span = narrowed(text, span, error.message());
	let start = text[..span.start].rfind('\n').map_or(0, |at| at + 1);
	let end = text[start..].find('\n').map_or(text.len(), |at| start + at);
	Place {
		path: path.into(),
		line: text[..start].matches('\n').count() + 1,
		column: text[start..span.start].chars().count() + 1,
		text: text[start..end].trim_end().into(),
		width: text[span.start..span.end.clamp(span.start, end.max(span.start))].chars().count().max(1),
		message: error.message().replace('\n', "; "),
	}
}

/// Where the word that the message complains about stands, if it is inside `span`: for a table whose kind a key of its
/// own decides, the parser only knows the head, and for a list the whole of it.
fn narrowed(text: &str, span: Range<usize>, message: &str) -> Range<usize> {
	let start = floor(text, span.start);
	let mut end = floor(text, span.end).max(start);
	let found = start..end;
	if text[start..].starts_with('[') && text[..start].chars().next_back().is_none_or(|c| c == '\n') {
		end = text[end..].find("\n[").map_or(text.len(), |at| end + at);
	}
	let mark = if message.contains('`') { '`' } else { '"' };
	let word = message.split_once(mark).and_then(|(_, rest)| rest.split_once(mark)).map(|(word, _)| word);
	let Some(word) = word.filter(|word| !word.is_empty()) else { return found };
	let inside = &text[start..end];
	let is_part = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
	for (at, word) in inside.match_indices(word) {
		let (before, after) = (&inside[..at], &inside[at + word.len()..]);
		if before.ends_with(is_part) || after.starts_with(is_part) {
			continue;
		}
		let quotes = usize::from(before.ends_with('"') && after.starts_with('"'));
		return start + at - quotes..start + at + word.len() + quotes;
	}
	found
}

/// The character boundary at or below `at`.
fn floor(text: &str, at: usize) -> usize {
	let mut at = at.min(text.len());
	while !text.is_char_boundary(at) {
		at -= 1;
	}
	at
}
