//! The configuration as a file that explains itself: the example, with this miner's values.

use serde::Serialize;
use toml::Table;

use crate::config::{Config, EngineConfig, Offer};

const EXAMPLE: &str = include_str!("../../miner.example.toml");

/// From here on the example has engines and offers, whose number varies.
const TABLES: &str = "# Engines are asked in this order";

/// The text of the file.
pub(super) fn file(config: &Config) -> anyhow::Result<String> {
	let values = Table::try_from(config)?;
	let mut table = &values;
	let mut out = String::new();
	let head = EXAMPLE.split(TABLES).next().unwrap_or_default();
	for line in head.lines() {
		let inner = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
		if let Some(inner) = inner.and_then(|name| values.get(name)?.as_table()) {
			table = inner;
		}
		out.push_str(&with_value(line, table));
		out.push('\n');
	}
	#[derive(Serialize)]
	struct Tables<'a> {
		engine: &'a [EngineConfig],
		offer: &'a [Offer],
	}
	let tables = toml::to_string(&Tables { engine: &config.engines, offer: &config.offers })?;
	out.push_str(TABLES);
	out.push_str("; the first that has the registered file answers.\n");
	// Without offers the serializer says `offer = []`, which can't stand after a table.
	out.push_str(tables.replace("offer = []", "").trim_start());
	Ok(out)
}

/// A line of the example with the key's own value; a key without one is commented out.
fn with_value(line: &str, table: &Table) -> String {
	let plain = line.strip_prefix("# ").unwrap_or(line);
	let Some((key, _)) = plain.split_once(" = ") else { return line.to_owned() };
	if !key.chars().all(|c| c.is_ascii_lowercase() || c == '_') {
		return line.to_owned();
	}
	match table.get(key) {
		Some(value) => format!("{key} = {value}"),
		None => format!("# {plain}"),
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	fn read_back(config: &Config) -> Config {
		let text = file(config).unwrap();
		toml::from_str(&text).unwrap_or_else(|error| panic!("{error}\n{text}"))
	}

	#[test]
	fn file_should_read_back_the_same_when_it_was_rendered() {
		let engine = EngineConfig::Llama { models: vec!["a \"b\".gguf".into(), "c".into()], threads: Some(2) };
		let mut config = Config { engines: vec![engine], ..Config::default() };
		config.operator_key_file = Some("/etc/x.key".into());
		assert_eq!(read_back(&config), config);
		config.engines.push(EngineConfig::ollama("http://x"));
		config.offers = vec![
			r#"model = "x", per_gpu_second = "0.5""#.parse().unwrap(),
			r#"model = "y", per_token = ["1planck", "2"], slots = 3"#.parse().unwrap(),
		];
		config.operator_key_file = None;
		config.dev_operator = Some("Bob".into());
		config.genesis = format!("0x{}", "ab".repeat(32)).parse().ok();
		config.http_bind = "127.0.0.1:1".parse().ok();
		config.urls = vec!["ws://a".parse().unwrap(), "wss://b".parse().unwrap()];
		config.limits.max_queue = 3;
		config.log_format = crate::config::LogFormat::Json;
		assert_eq!(read_back(&config), config);
	}

	#[test]
	fn file_should_keep_the_explanations_when_it_is_rendered() {
		let engine = EngineConfig::ollama("http://x");
		let text = file(&Config { engines: vec![engine], ..Config::default() }).unwrap();
		assert!(text.contains("# WebSocket addresses of nodes.") && text.contains("# genesis = "), "{text}");
	}
}
