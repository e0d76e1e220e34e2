//! What is printed of answers: each workload has its own.

use millrace_primitives::{Usage, Workload};
use serde_json::{json, Value};

use crate::show;

/// An answer: text as a string, an embedding as a list of numbers, a benchmark as an object, the documents of images and
/// tasks as they are.
pub fn answer(workload: Option<&Workload>, output: &[u8], usage: Option<Usage>) -> Value {
	let text = || json!(show::text(output));
	match workload {
		None | Some(Workload::Chat(_) | Workload::Generate(_) | Workload::Conversation(_)) => text(),
		Some(Workload::Embed) => numbers(output).map_or_else(text, |numbers| json!(numbers)),
		Some(Workload::Bench { .. }) => {
			let operations = workload.map_or(0, Workload::operations);
			json!({
				"checksum": show::hash(output),
				"operations": operations,
				"operations_per_second": usage.and_then(|usage| per_second(operations, usage)),
			})
		}
		Some(Workload::Image { .. } | Workload::Task { .. }) => {
			serde_json::from_slice(output).unwrap_or_else(|_| text())
		}
	}
}

/// The same for people.
pub fn answer_text(workload: Option<&Workload>, output: &[u8], usage: Option<Usage>) -> String {
	match answer(workload, output, usage) {
		Value::String(text) => text,
		Value::Object(fields) if matches!(workload, Some(Workload::Bench { .. })) => {
			let shown = |name: &str| fields.get(name).map(Value::to_string).unwrap_or_default();
			let speed = match fields.get("operations_per_second") {
				Some(Value::Number(speed)) => format!(", {speed} a second"),
				_ => String::new(),
			};
			format!("checksum {}: {} operations{speed}", show::hash(output), shown("operations"))
		}
		other => other.to_string(),
	}
}

/// The little-endian singles of an embedding; `None` when it is none.
fn numbers(output: &[u8]) -> Option<Vec<f32>> {
	let (numbers, rest) = output.as_chunks::<4>();
	rest.is_empty().then(|| numbers.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect())
}

/// By the milliseconds that the miner was paid for.
fn per_second(operations: u64, usage: Usage) -> Option<u64> {
	operations.checked_mul(1_000)?.checked_div(usage.gpu_ms.into())
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn embedding_should_be_numbers_when_it_is_shown() {
		let bytes: Vec<u8> = [0.5f32, -1.0].iter().flat_map(|number| number.to_le_bytes()).collect();
		assert_eq!(answer(Some(&Workload::Embed), &bytes, None), json!([0.5, -1.0]));
		assert_eq!(answer_text(Some(&Workload::Embed), &bytes, None), "[0.5,-1.0]");
	}

	#[test]
	fn benchmark_should_have_a_speed_when_its_time_is_known() {
		let bench = Workload::Bench { size: 100, rounds: 5 };
		let usage = Usage { gpu_ms: 20, ..Usage::default() };
		let shown = answer(Some(&bench), &[0xab; 32], Some(usage));
		assert_eq!(shown["operations"], 10_000_000);
		assert_eq!(shown["operations_per_second"], 500_000_000);
		assert_eq!(answer(Some(&bench), &[0xab; 32], Some(Usage::default()))["operations_per_second"], Value::Null);
		let text = answer_text(Some(&bench), &[0xab; 32], Some(usage));
		assert!(text.starts_with("checksum 0xabab") && text.ends_with("500000000 a second"), "{text}");
	}

	#[test]
	fn document_should_be_json_when_it_is_one() {
		let image = Workload::Image { width: 64, height: 64, steps: 1, guidance_milli: 0 };
		assert_eq!(answer(Some(&image), br#"{"bytes":5}"#, None), json!({ "bytes": 5 }));
		assert_eq!(answer(Some(&image), b"no JSON", None), json!("no JSON"));
	}
}
