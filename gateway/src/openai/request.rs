//! What both kinds of completions have in common, and what a job can't do.

use millrace_client::{JobRequest, Model};
use millrace_primitives::{job::MAX_INPUT_BYTES, JobParams, Sampling, Workload};
use serde::{
	de::{DeserializeOwned, Error as _},
	Deserialize, Deserializer,
};
use serde_json::Value;

use utoipa::ToSchema;

use super::ApiError;
use crate::{answer::Order, config::Limits, stop};

/// Tokens of an answer unless told otherwise.
const DEFAULT_MAX_TOKENS: u32 = 256;

/// Parameters of both; unknown ones are passed over, as OpenAI's server does with many.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
pub struct Options {
	/// Name or number of a model of the chain.
	pub model: String,
	/// Most tokens of the answer.
	pub max_tokens: Option<u32>,
	/// The newer name of the same.
	pub max_completion_tokens: Option<u32>,
	/// 0 to 2; 1 unless told otherwise.
	pub temperature: Option<f64>,
	/// Above 0, up to 1.
	pub top_p: Option<f64>,
	/// Whether the answer comes as server-sent events.
	pub stream: Option<bool>,
	/// Of the stream.
	pub stream_options: Option<StreamOptions>,
	n: Option<u32>,
	seed: Option<i64>,
	stop: Option<Value>,
	logprobs: Option<Value>,
	top_logprobs: Option<Value>,
	tools: Option<Value>,
	functions: Option<Value>,
	response_format: Option<Value>,
	frequency_penalty: Option<f64>,
	presence_penalty: Option<f64>,
	logit_bias: Option<Value>,
	modalities: Option<Value>,
	suffix: Option<Value>,
	echo: Option<bool>,
	best_of: Option<u32>,
}

/// What one kind of completion alone has, with the parameters of both.
#[derive(Clone, Debug, ToSchema)]
pub struct Request<T: ToSchema> {
	/// Of this kind alone.
	#[serde(flatten)]
	pub own: T,
	/// Of both.
	#[serde(flatten)]
	pub options: Options,
}

impl<'de, T: DeserializeOwned + ToSchema> Deserialize<'de> for Request<T> {
	fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
		// Not by `serde(flatten)`, which can't read fractions where serde_json keeps numbers as they were written.
		let value = Value::deserialize(deserializer)?;
		let own = serde_json::from_value(value.clone()).map_err(D::Error::custom)?;
		Ok(Self { own, options: serde_json::from_value(value).map_err(D::Error::custom)? })
	}
}

/// Parameters of a stream.
#[derive(Clone, Copy, Debug, Default, Deserialize, ToSchema)]
pub struct StreamOptions {
	/// Whether the last event says what the answer took.
	pub include_usage: Option<bool>,
}

/// Whether a value asks for something: not `null`, `false`, or an empty list, object or text.
pub fn asks(value: &Option<Value>) -> bool {
	match value {
		None | Some(Value::Null | Value::Bool(false)) => false,
		Some(Value::Array(list)) => !list.is_empty(),
		Some(Value::Object(map)) => !map.is_empty(),
		Some(Value::String(text)) => !text.is_empty(),
		Some(Value::Number(number)) => number.as_f64() != Some(0.0),
		Some(Value::Bool(true)) => true,
	}
}

/// A number with a fraction as a job has it.
///
/// # Errors
///
/// With the parameter's name, when it is out of bounds.
pub fn thousandths(value: f64, least: f64, most: f64, param: &'static str) -> Result<u16, ApiError> {
	if !(least..=most).contains(&value) {
		return Err(ApiError::bad_request(Some(param), format!("{param} is {value}; it must be {least} to {most}")));
	}
	// At most 2000.
	Ok((value * 1_000.0).round() as u16)
}

impl Options {
	/// Errors when something is asked for that a job on chain can't do: nothing is left out in silence.
	fn check(&self) -> Result<(), ApiError> {
		let unsupported = |param, why: &str| Err(ApiError::bad_request(Some(param), format!("{param}: {why}")));
		if self.n.is_some_and(|n| n != 1) || self.best_of.is_some_and(|best| best != 1) {
			return unsupported("n", "a job gives one answer; send the request again for another one");
		}
		let not_in_jobs = "a job on chain can't do that; leave it out";
		let given = [
			("logprobs", asks(&self.logprobs)),
			("top_logprobs", asks(&self.top_logprobs)),
			("tools", asks(&self.tools)),
			("functions", asks(&self.functions)),
			("logit_bias", asks(&self.logit_bias)),
			("suffix", asks(&self.suffix)),
			("echo", self.echo == Some(true)),
			("frequency_penalty", self.frequency_penalty.is_some_and(|penalty| penalty != 0.0)),
			("presence_penalty", self.presence_penalty.is_some_and(|penalty| penalty != 0.0)),
		];
		if let Some((param, _)) = given.into_iter().find(|(_, given)| *given) {
			return unsupported(param, not_in_jobs);
		}
		let format = self.response_format.as_ref().and_then(|format| format.get("type")?.as_str());
		if format.is_some_and(|format| format != "text") {
			return unsupported("response_format", "only text; no engine of a job is held to a form");
		}
		let modes = self.modalities.as_ref().and_then(Value::as_array);
		if modes.is_some_and(|modes| modes.iter().any(|mode| mode != "text")) {
			return unsupported("modalities", "only text");
		}
		Ok(())
	}

	/// The tokens that the answer may have.
	pub fn limit(&self, model: &Model, input_bytes: usize) -> u32 {
		self.max_completion_tokens.or(self.max_tokens).unwrap_or_else(|| default_limit(model, input_bytes))
	}

	/// The job that answers `input`, which the parameter `from` holds.
	///
	/// # Errors
	///
	/// Something is out of bounds, or no job can do it.
	pub fn order(
		&self,
		limits: &Limits,
		model: &Model,
		workload: fn(Sampling) -> Workload,
		(from, input): (&'static str, String),
	) -> Result<Order, ApiError> {
		self.check()?;
		check_input(from, &input)?;
		let max_tokens = self.limit(model, input.len());
		if max_tokens == 0 || max_tokens > model.context_length {
			let message = format!("max_tokens is {max_tokens}; this model takes 1 to {}", model.context_length);
			return Err(ApiError::bad_request(Some("max_tokens"), message));
		}
		let sampling = Sampling {
			max_tokens,
			temperature_milli: thousandths(self.temperature.unwrap_or(1.0), 0.0, 2.0, "temperature")?,
			top_k: 0,
			top_p_milli: thousandths(self.top_p.unwrap_or(1.0), 0.001, 1.0, "top_p")?,
		};
		let mut order = order(limits, model, workload(sampling), input);
		order.stop = stop::texts(self.stop.as_ref())?;
		// At a temperature of 0 nothing is drawn.
		order.seed = self.seed.filter(|_| sampling.temperature_milli > 0).map(i64::cast_unsigned);
		Ok(order)
	}
}

/// Holds an input to what a job takes.
///
/// # Errors
///
/// With the parameter's name.
pub fn check_input(from: &'static str, input: &str) -> Result<(), ApiError> {
	let most = MAX_INPUT_BYTES as usize;
	if (1..=most).contains(&input.len()) {
		return Ok(());
	}
	let message = format!("the input has {} bytes; a job takes 1 to {most}", input.len());
	Err(ApiError { code: Some("string_too_long"), ..ApiError::bad_request(Some(from), message) })
}

/// A job within the gateway's limits, for a miner that the chain draws.
pub fn order(limits: &Limits, model: &Model, workload: Workload, input: String) -> Order {
	let params = JobParams { workload, timeout: limits.timeout, max_rate: None };
	let request =
		JobRequest { model: model.id, input: input.into_bytes(), params, max_fee: limits.max_fee, miner: None };
	Order::new(model.name.clone(), request)
}

/// What the context leaves for the answer if each byte of the input is a token, within bounds.
pub fn default_limit(model: &Model, input_bytes: usize) -> u32 {
	let input = u32::try_from(input_bytes).unwrap_or(u32::MAX).saturating_add(model.template_tokens);
	let left = model.context_length.saturating_sub(input);
	// An input that could fill the context mostly does not: tokens are longer than a byte.
	left.max(model.context_length / 4).clamp(1, DEFAULT_MAX_TOKENS)
}

#[cfg(test)]
mod tests {
	use super::*;
	use serde_json::json;

	#[test]
	fn request_should_be_read_when_its_numbers_have_fractions() {
		#[derive(Deserialize, ToSchema)]
		struct Own {
			prompt: String,
		}
		let text = r#"{"model": "tiny", "prompt": "hi", "temperature": 0.25, "top_p": 1}"#;
		let request: Request<Own> = serde_json::from_str(text).unwrap();
		assert_eq!((request.own.prompt.as_str(), request.options.temperature), ("hi", Some(0.25)));
		assert_eq!(request.options.top_p, Some(1.0));
	}

	fn refused(extra: Value) -> Option<&'static str> {
		let mut request = json!({ "model": "tiny" });
		request.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
		let options: Options = serde_json::from_value(request).unwrap();
		options.check().err().map(|error| error.param.unwrap())
	}

	#[test]
	fn request_should_be_refused_by_name_when_a_job_can_not_do_what_it_asks() {
		for (extra, param) in [
			(json!({ "n": 2 }), "n"),
			(json!({ "best_of": 3 }), "n"),
			(json!({ "logprobs": true }), "logprobs"),
			(json!({ "top_logprobs": 3 }), "top_logprobs"),
			(json!({ "tools": [{ "type": "function" }] }), "tools"),
			(json!({ "functions": [{ "name": "f" }] }), "functions"),
			(json!({ "response_format": { "type": "json_object" } }), "response_format"),
			(json!({ "frequency_penalty": 0.5 }), "frequency_penalty"),
			(json!({ "presence_penalty": -0.5 }), "presence_penalty"),
			(json!({ "logit_bias": { "5": 1 } }), "logit_bias"),
			(json!({ "modalities": ["text", "audio"] }), "modalities"),
			(json!({ "suffix": "x" }), "suffix"),
			(json!({ "echo": true }), "echo"),
		] {
			assert_eq!(refused(extra.clone()), Some(param), "{extra}");
		}
	}

	#[test]
	fn request_should_be_taken_when_it_asks_for_the_defaults_by_name() {
		for extra in [
			json!({ "n": 1, "stop": null, "logprobs": false, "tools": [], "user": "me", "store": false }),
			json!({ "seed": 7, "temperature": 0 }),
			json!({ "response_format": { "type": "text" }, "modalities": ["text"], "logit_bias": {} }),
			json!({ "frequency_penalty": 0, "presence_penalty": 0.0, "suffix": null, "echo": false }),
		] {
			assert_eq!(refused(extra.clone()), None, "{extra}");
		}
	}

	#[test]
	fn thousandths_should_be_refused_when_out_of_bounds() {
		assert_eq!(thousandths(0.7, 0.0, 2.0, "temperature"), Ok(700));
		for value in [-0.1, 2.1, f64::NAN, f64::INFINITY] {
			assert!(thousandths(value, 0.0, 2.0, "temperature").is_err(), "{value}");
		}
	}
}
