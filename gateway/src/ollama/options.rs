//! Ollama's `options`, and what of them a job can do.

use millrace_client::Model;
use millrace_primitives::Sampling;
use serde::Deserialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::OllamaError;
use crate::{
	answer::Order,
	openai::{
		request::{asks, thousandths},
		ApiError,
	},
	stop,
};

/// Ollama's own default.
const TEMPERATURE: f64 = 0.8;
const TOP_K: u16 = 40;
const TOP_P: f64 = 0.9;

/// Options that change nothing of an answer: they are about the machine, which is the miner's.
const MACHINE: [&str; 14] = [
	"num_ctx",
	"num_batch",
	"num_gpu",
	"main_gpu",
	"num_thread",
	"use_mmap",
	"use_mlock",
	"numa",
	"low_vram",
	"vocab_only",
	"f16_kv",
	"num_keep",
	"use_imagegen_runner",
	"num_gqa",
];

/// How an answer is made.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
pub struct Options {
	/// Most tokens of the answer; below 0: what the gateway sees fit.
	num_predict: Option<i64>,
	/// 0 to 2; 0.8 unless told otherwise.
	temperature: Option<f64>,
	/// 40 unless told otherwise; 0: all tokens.
	top_k: Option<i64>,
	/// 0.9 unless told otherwise.
	top_p: Option<f64>,
	/// Where a miner streams the model; jobs get theirs from the chain.
	seed: Option<i64>,
	/// Texts that end the answer.
	stop: Option<Value>,
	#[serde(flatten)]
	#[schema(ignore)]
	rest: Map<String, Value>,
}

/// Whether an option that jobs don't know changes anything with this value.
fn changes(name: &str, value: &Value) -> bool {
	if MACHINE.contains(&name) {
		return false;
	}
	let neutral = match name {
		"repeat_penalty" | "typical_p" | "tfs_z" => 1.0,
		// It is about a penalty that is looked at by itself.
		"repeat_last_n" | "penalize_newline" | "mirostat_tau" | "mirostat_eta" => return false,
		_ => return asks(&Some(value.clone())),
	};
	value.as_f64() != Some(neutral)
}

impl Options {
	/// The order with what is no part of a job.
	///
	/// # Errors
	///
	/// `stop` is no text or list of texts.
	pub fn wishes(&self, mut order: Order) -> Result<Order, OllamaError> {
		order.stop = stop::texts(self.stop.as_ref())?;
		// To Ollama 0 means none, and at a temperature of 0 nothing is drawn.
		let drawn = order.request.params.workload.draws();
		order.seed = self.seed.filter(|seed| *seed != 0 && drawn).map(i64::cast_unsigned);
		Ok(order)
	}

	/// How a job picks tokens.
	///
	/// # Errors
	///
	/// Something is out of bounds, or no job can do it: nothing is left out in silence.
	pub fn sampling(&self, model: &Model, input_bytes: usize) -> Result<Sampling, OllamaError> {
		if let Some((name, _)) = self.rest.iter().find(|(name, value)| changes(name, value)) {
			return Err(OllamaError::bad_request(format!(
				"options.{name}: a job on chain can't do that; leave it out"
			)));
		}
		let temperature = self.temperature.unwrap_or(TEMPERATURE);
		let max_tokens = match self.num_predict {
			None | Some(..0) => model.default_max_tokens(input_bytes),
			Some(tokens) => u32::try_from(tokens).unwrap_or(u32::MAX),
		};
		if max_tokens == 0 || max_tokens > model.context_length {
			let message =
				format!("options.num_predict is {max_tokens}; this model takes 1 to {}", model.context_length);
			return Err(OllamaError::bad_request(message));
		}
		let top_k = match self.top_k {
			None => TOP_K,
			Some(top_k) => u16::try_from(top_k).map_err(|_| {
				ApiError::bad_request(Some("top_k"), format!("options.top_k is {top_k}; it must be 0 to 65535"))
			})?,
		};
		let top_p = self.top_p.unwrap_or(TOP_P);
		Ok(Sampling {
			max_tokens,
			temperature_milli: thousandths(temperature, 0.0, 2.0, "temperature")?,
			top_k,
			top_p_milli: thousandths(top_p, 0.001, 1.0, "top_p")?,
		})
	}
}

#[cfg(test)]
mod tests {
	use millrace_primitives::Workload;
	use serde_json::json;

	use super::*;
	use crate::answer::fake;

	fn sampling(options: Value) -> Result<Sampling, String> {
		let model = fake::model();
		let options: Options = serde_json::from_value(options).unwrap();
		options.sampling(&model, 10).map_err(|error| error.0.message)
	}

	#[test]
	fn sampling_should_have_ollamas_defaults() {
		let expected = Sampling { max_tokens: 256, temperature_milli: 800, top_k: 40, top_p_milli: 900 };
		assert_eq!(sampling(json!({})), Ok(expected));
		assert_eq!(sampling(json!({ "num_predict": -1, "num_ctx": 4096, "num_gpu": 1, "stop": [] })), Ok(expected));
		let greedy = json!({ "temperature": 0, "seed": 7, "num_predict": 5, "top_k": 0, "top_p": 1.0 });
		assert_eq!(sampling(greedy), Ok(Sampling::greedy(5)));
	}

	#[test]
	fn sampling_should_be_refused_by_name_when_a_job_can_not_do_it() {
		for (options, name) in [
			(json!({ "repeat_penalty": 1.1 }), "repeat_penalty"),
			(json!({ "min_p": 0.05 }), "min_p"),
			(json!({ "mirostat": 1 }), "mirostat"),
			(json!({ "num_predict": 0 }), "num_predict"),
			(json!({ "num_predict": 513 }), "num_predict"),
			(json!({ "temperature": 3 }), "temperature"),
			(json!({ "top_k": -1 }), "top_k"),
			(json!({ "anything": true }), "anything"),
		] {
			let error = sampling(options.clone()).unwrap_err();
			assert!(error.contains(name), "{options}: {error}");
		}
	}

	#[test]
	fn wishes_should_be_the_seed_and_the_texts_that_end_the_answer() {
		let wished = |options: Value, temperature_milli: u16| {
			let options: Options = serde_json::from_value(options).unwrap();
			let sampling = Sampling { temperature_milli, ..Sampling::greedy(5) };
			let mut order = fake::order();
			order.request.params.workload = Workload::Chat(sampling);
			options.wishes(order).map(|order| (order.seed, order.stop))
		};
		assert_eq!(wished(json!({ "seed": 7, "stop": ["a"] }), 800).unwrap(), (Some(7), vec!["a".to_owned()]));
		// 0 is none, and without a draw there is no use for one.
		assert_eq!(wished(json!({ "seed": 0 }), 800).unwrap(), (None, Vec::new()));
		assert_eq!(wished(json!({ "seed": 7, "stop": "a" }), 0).unwrap(), (None, vec!["a".to_owned()]));
		assert!(wished(json!({ "stop": 1 }), 0).is_err());
	}
}
