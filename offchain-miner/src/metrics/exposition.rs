//! The two texts that Prometheus and its tools read.

use std::fmt;

use prometheus_client::{encoding::text, registry::Registry};

/// Which text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
	/// What Prometheus asks for by itself.
	OpenMetrics,
	/// The older one, which `promtool` and many others read.
	Text,
}

impl Format {
	/// What a client with this `Accept` header takes.
	pub fn accepted(accept: Option<&str>) -> Self {
		match accept {
			Some(types) if types.contains("application/openmetrics-text") => Self::OpenMetrics,
			_ => Self::Text,
		}
	}

	/// The header `Content-Type`.
	pub const fn content_type(self) -> &'static str {
		match self {
			Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
			Self::Text => "text/plain; version=0.0.4; charset=utf-8",
		}
	}
}

pub(super) fn write(registry: &Registry, format: Format) -> Result<String, fmt::Error> {
	let mut open = String::new();
	text::encode(&mut open, registry)?;
	Ok(match format {
		Format::OpenMetrics => open,
		Format::Text => classic(&open),
	})
}

/// The older text names a counter's family with `_total`, and has no end mark.
fn classic(open: &str) -> String {
	let counters: Vec<_> =
		open.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.strip_suffix(" counter")).collect();
	let mut out = String::with_capacity(open.len());
	for line in open.lines().filter(|line| *line != "# EOF") {
		let mut words = line.splitn(4, ' ');
		match (words.next(), words.next(), words.next(), words.next()) {
			(Some("#"), Some(kind @ ("HELP" | "TYPE")), Some(name), Some(rest)) if counters.contains(&name) => {
				out.extend(["# ", kind, " ", name, "_total ", rest]);
			}
			_ => out.push_str(line),
		}
		out.push('\n');
	}
	out
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn format_should_be_the_older_one_when_the_newer_is_not_asked_for() {
		let prometheus = "application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.4";
		assert_eq!(Format::accepted(Some(prometheus)), Format::OpenMetrics);
		assert_eq!(Format::accepted(Some("*/*")), Format::Text);
		assert_eq!(Format::accepted(None), Format::Text);
	}

	#[test]
	fn counters_should_be_renamed_when_the_older_text_is_written() {
		let open = "# HELP a Words.\n# TYPE a counter\na_total 1\n# HELP ab Words.\n# TYPE ab gauge\nab 2\n# EOF\n";
		let old = "# HELP a_total Words.\n# TYPE a_total counter\na_total 1\n# HELP ab Words.\n# TYPE ab gauge\nab 2\n";
		assert_eq!(classic(open), old);
	}
}
