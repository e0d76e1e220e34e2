//! What both kinds of completions have in common, and what no answer can do.

use millrace_client::{conversation::Form, JobRequest, Model};
use millrace_primitives::{job::MAX_INPUT_BYTES, JobParams, Sampling, Workload};
use serde::{
	de::{DeserializeOwned, Error as _},
	Deserialize, Deserializer,
};
use serde_json::{value::RawValue, Value};

use utoipa::ToSchema;

use super::ApiError;
use crate::{
	answer::Order,
	config::Limits,
	stop,
	tools::{BadTools, Choice, Tools},
};

/// Most answers to one request.
const MOST_ANSWERS: u32 = 8;

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
	/// Answers to be made, 1 to 8; 1 unless told otherwise.
	n: Option<u32>,
	seed: Option<i64>,
	stop: Option<Value>,
	/// In a chat whether the log-probabilities of its tokens are told; in a completion with how many alternatives.
	pub logprobs: Option<Value>,
	/// In a chat, with how many alternatives of each token, 0 to 5.
	pub top_logprobs: Option<Value>,
	/// In a chat the functions that the model can call, see [`crate::tools`].
	#[schema(value_type = Option<Vec<Value>>)]
	tools: Option<Box<RawValue>>,
	/// `"none"`, `"auto"`, `"required"`, or the function that must be called.
	tool_choice: Option<Value>,
	/// Whether an answer can have several calls; it can unless told otherwise.
	parallel_tool_calls: Option<bool>,
	functions: Option<Value>,
	function_call: Option<Value>,
	/// In a chat the form of the answer, see [`conversation::Form`](millrace_client::conversation::Form).
	#[schema(value_type = Option<Value>)]
	response_format: Option<Box<RawValue>>,
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
		// Not by `serde(flatten)`, which can't read fractions where serde_json keeps numbers as they were written. Nor by a
		// `Value`, which forgets the order of a schema's properties.
		let text = Box::<RawValue>::deserialize(deserializer)?;
		let own = serde_json::from_str(text.get()).map_err(D::Error::custom)?;
		Ok(Self { own, options: serde_json::from_str(text.get()).map_err(D::Error::custom)? })
	}
}

/// OpenAI's forms of an answer.
#[derive(Deserialize)]
struct ResponseFormat {
	#[serde(rename = "type")]
	kind: FormatKind,
	json_schema: Option<NamedSchema>,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum FormatKind {
	Text,
	JsonObject,
	JsonSchema,
}

/// Its other members change nothing: answers are always held to it.
#[derive(Deserialize)]
struct NamedSchema {
	schema: Box<RawValue>,
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

/// Why a parameter is refused that no answer can do; `None`: it is not one of those that are known.
pub fn refusal(param: &str) -> Option<&'static str> {
	Some(match param {
		"tools" | "tool_choice" => "only chats call functions; ask for a chat, or leave it out",
		"functions" | "function_call" => "functions are offered by the newer tools and tool_choice alone",
		"response_format" => "only the answers of chats are held to a form; ask for a chat, or leave it out",
		"format" => "what goes on where a raw prompt ends has no form; leave raw or format out",
		"logit_bias" | "frequency_penalty" | "presence_penalty" => {
			"miners pick tokens by temperature, top_k and top_p alone; leave it out"
		}
		"echo" | "suffix" => "an answer is what follows its prompt, and nothing else; leave it out",
		"best_of" => "all answers that are made are sent and paid; set n, and best_of to the same or not at all",
		"modalities" | "images" => "miners are asked in text and answer in text",
		_ => return None,
	})
}

impl Options {
	/// Errors when something is asked for that no answer can do: nothing is left out in silence.
	fn check(&self) -> Result<(), ApiError> {
		let says = |value: &Option<Value>, word: &str| value.as_ref().and_then(Value::as_str) == Some(word);
		let choice = |value: &Option<Value>| asks(value) && !says(value, "none") && !says(value, "auto");
		let mode = |modes: &Value| modes.as_array().is_some_and(|modes| modes.iter().all(|mode| mode == "text"));
		let given = [
			// Functions that may not be called change nothing.
			("functions", asks(&self.functions) && !says(&self.function_call, "none")),
			("function_call", choice(&self.function_call)),
			("modalities", asks(&self.modalities) && !self.modalities.as_ref().is_some_and(mode)),
			("logit_bias", asks(&self.logit_bias)),
			("suffix", asks(&self.suffix)),
			("echo", self.echo == Some(true)),
			("best_of", self.best_of.is_some_and(|best| Some(best) != self.n.or(Some(1)))),
			("frequency_penalty", self.frequency_penalty.is_some_and(|penalty| penalty != 0.0)),
			("presence_penalty", self.presence_penalty.is_some_and(|penalty| penalty != 0.0)),
		];
		match given.into_iter().find(|(_, given)| *given) {
			Some((param, _)) => Err(ApiError::unsupported(param)),
			None => Ok(()),
		}
	}

	/// The form of the answer, if it is to have one.
	///
	/// # Errors
	///
	/// When it is none of OpenAI's, or its schema is not one that answers are held to.
	pub fn form(&self) -> Result<Option<Form>, ApiError> {
		let Some(text) = self.response_format.as_ref().map(|format| format.get()) else { return Ok(None) };
		let refuse = |why: String| ApiError::bad_request(Some("response_format"), why);
		let format: Option<ResponseFormat> = serde_json::from_str(text).map_err(|error| {
			refuse(format!(
				"response_format must have the type text, json_object, or json_schema with its schema: {error}"
			))
		})?;
		let Some(ResponseFormat { kind, json_schema }) = format else { return Ok(None) };
		match (kind, json_schema) {
			(FormatKind::Text, _) => Ok(None),
			(FormatKind::JsonObject, _) => Ok(Some(Form::Json)),
			(FormatKind::JsonSchema, Some(NamedSchema { schema })) => {
				Form::of_schema(schema.get()).map(Some).map_err(|error| refuse(error.to_string()))
			}
			(FormatKind::JsonSchema, None) => {
				Err(refuse("response_format has the type json_schema and no schema".into()))
			}
		}
	}

	/// The functions that the model can call, if there are any.
	///
	/// # Errors
	///
	/// When they, or the one that must be called, make no sense.
	pub fn tools(&self) -> Result<Option<Tools>, ApiError> {
		let choice = match &self.tool_choice {
			None | Some(Value::Null) => Choice::Auto,
			Some(choice) => match (choice.as_str(), choice["type"].as_str(), choice["function"]["name"].as_str()) {
				(Some("auto"), ..) => Choice::Auto,
				(Some("required"), ..) => Choice::Required,
				// They change nothing.
				(Some("none"), ..) => return Ok(None),
				(_, Some("function"), Some(name)) => Choice::Named(name.to_owned()),
				_ => {
					let why = "tool_choice must be none, auto, required, or a function with its name";
					return Err(ApiError::bad_request(Some("tool_choice"), why));
				}
			},
		};
		let list = self.tools.as_ref().map_or("null", |tools| tools.get());
		Tools::read(list, choice, self.parallel_tool_calls != Some(false)).map_err(bad_tools)
	}

	/// What holds a chat's answer: the form that is asked for, or that of a call that must be made.
	///
	/// # Errors
	///
	/// When there is none of the kind, or the model can both call functions and answer in a form.
	pub fn chat_form(&self, tools: Option<&Tools>) -> Result<Option<Form>, ApiError> {
		let form = self.form()?;
		match (tools.map(Tools::form).transpose().map_err(bad_tools)?.flatten(), form) {
			(Some(call), _) => Ok(Some(call)),
			(None, Some(_)) if tools.is_some() => {
				let why =
					"response_format can't be had where the model may call functions: what holds an answer to a form \
				           holds it from its first word on; set tool_choice to none or required, or leave one of them out";
				Err(ApiError::bad_request(Some("response_format"), why))
			}
			(None, form) => Ok(form),
		}
	}

	/// Errors when the answer is to be more than text.
	pub fn check_text_alone(&self) -> Result<(), ApiError> {
		if self.form()?.is_some() {
			return Err(ApiError::unsupported("response_format"));
		}
		match self.tools()? {
			Some(_) => Err(ApiError::unsupported("tools")),
			None => Ok(()),
		}
	}

	/// How many answers are to be made.
	fn count(&self) -> Result<u32, ApiError> {
		let count = self.n.unwrap_or(1);
		if (1..=MOST_ANSWERS).contains(&count) {
			return Ok(count);
		}
		Err(ApiError::bad_request(Some("n"), format!("n is {count}; it must be 1 to {MOST_ANSWERS}")))
	}

	/// The tokens that the answer may have.
	pub fn limit(&self, model: &Model, input_bytes: usize) -> u32 {
		self.max_completion_tokens.or(self.max_tokens).unwrap_or_else(|| model.default_max_tokens(input_bytes))
	}

	/// The orders that answer `input`, which the parameter `from` holds: one for each answer. `logprobs`: whether the record
	/// of their tokens is wanted.
	///
	/// # Errors
	///
	/// Something is out of bounds, or no answer can do it.
	pub fn orders(
		&self,
		limits: &Limits,
		model: &Model,
		workload: fn(Sampling) -> Workload,
		(from, input): (&'static str, String),
		logprobs: bool,
	) -> Result<Vec<Order>, ApiError> {
		self.check()?;
		let count = self.count()?;
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
		order.logprobs = logprobs;
		Ok(order.copies(count))
	}
}

fn bad_tools(error: BadTools) -> ApiError {
	ApiError::bad_request(Some("tools"), format!("tools: {error}"))
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
	Order::new(model, request)
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
		let error = options.check().and_then(|()| options.count()).err()?;
		assert!(error.param == Some("n") || error.code == Some("unsupported_parameter"), "{error:?}");
		error.param
	}

	#[test]
	fn request_should_be_refused_by_name_when_a_job_can_not_do_what_it_asks() {
		for (extra, param) in [
			(json!({ "n": 0 }), "n"),
			(json!({ "n": 9 }), "n"),
			(json!({ "best_of": 3 }), "best_of"),
			(json!({ "n": 2, "best_of": 3 }), "best_of"),
			(json!({ "functions": [{ "name": "f" }] }), "functions"),
			(json!({ "function_call": { "name": "f" } }), "function_call"),
			(json!({ "frequency_penalty": 0.5 }), "frequency_penalty"),
			(json!({ "presence_penalty": -0.5 }), "presence_penalty"),
			(json!({ "logit_bias": { "5": 1 } }), "logit_bias"),
			(json!({ "modalities": ["text", "audio"] }), "modalities"),
			(json!({ "modalities": "audio" }), "modalities"),
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
			json!({ "n": 8, "best_of": 8, "tool_choice": "auto", "response_format": null }),
			json!({ "functions": [{ "name": "f" }], "function_call": "none" }),
			json!({ "seed": 7, "temperature": 0 }),
			json!({ "response_format": { "type": "text" }, "modalities": ["text"], "logit_bias": {} }),
			json!({ "frequency_penalty": 0, "presence_penalty": 0.0, "suffix": null, "echo": false }),
		] {
			assert_eq!(refused(extra.clone()), None, "{extra}");
		}
	}

	fn form(response_format: &str) -> Result<Option<Form>, ApiError> {
		let text = format!(r#"{{"model":"tiny","response_format":{response_format}}}"#);
		let options: Options = serde_json::from_str(&text).unwrap();
		assert_eq!(options.check_text_alone().is_ok(), options.form().is_ok_and(|form| form.is_none()));
		options.form()
	}

	#[test]
	fn form_should_be_the_one_that_is_asked_for() {
		for none in ["null", r#"{"type":"text"}"#] {
			assert_eq!(form(none).unwrap(), None);
		}
		assert_eq!(form(r#"{"type":"json_object"}"#).unwrap(), Some(Form::Json));
		let schema = r#"{"type":"object","properties":{"why":{"type":"string"},"answer":{"type":"integer"}}}"#;
		let named = format!(r#"{{"type":"json_schema","json_schema":{{"name":"a","strict":true,"schema":{schema}}}}}"#);
		assert_eq!(form(&named).unwrap(), Some(Form::Schema(schema.into())));
	}

	#[test]
	fn form_should_be_refused_with_its_parameter_when_it_makes_no_sense() {
		for bad in [
			"5",
			r#""json""#,
			r#"{"type":5}"#,
			r#"{"type":"grammar"}"#,
			r#"{"type":"json_schema"}"#,
			r#"{"type":"json_schema","json_schema":{"name":"a"}}"#,
			r#"{"type":"json_schema","json_schema":{"name":"a","schema":{"pattern":"x"}}}"#,
		] {
			assert_eq!(form(bad).unwrap_err().param, Some("response_format"), "{bad}");
		}
	}

	#[test]
	fn thousandths_should_be_refused_when_out_of_bounds() {
		assert_eq!(thousandths(0.7, 0.0, 2.0, "temperature"), Ok(700));
		for value in [-0.1, 2.1, f64::NAN, f64::INFINITY] {
			assert!(thousandths(value, 0.0, 2.0, "temperature").is_err(), "{value}");
		}
	}

	fn with_tools(more: &str) -> Options {
		let tool = r#"{"type":"function","function":{"name":"f","parameters":{"type":"object"}}}"#;
		serde_json::from_str(&format!(r#"{{"model":"tiny","tools":[{tool}]{more}}}"#)).unwrap()
	}

	#[test]
	fn functions_should_be_offered_unless_they_may_not_be_called() {
		for (more, offered, held) in [
			("", true, false),
			(r#","tool_choice":"auto","parallel_tool_calls":false"#, true, false),
			(r#","tool_choice":"required""#, true, true),
			(r#","tool_choice":{"type":"function","function":{"name":"f"}}"#, true, true),
			(r#","tool_choice":"required","response_format":{"type":"json_object"}"#, true, true),
			(r#","tool_choice":"none""#, false, false),
			(r#","tool_choice":"none","response_format":{"type":"json_object"}"#, false, true),
		] {
			let options = with_tools(more);
			let tools = options.tools().unwrap();
			assert_eq!(tools.is_some(), offered, "{more}");
			assert_eq!(options.chat_form(tools.as_ref()).unwrap().is_some(), held, "{more}");
			assert_eq!(options.check_text_alone().is_err(), offered || held, "{more}");
		}
	}

	#[test]
	fn functions_should_be_refused_with_the_parameter_when_they_make_no_sense() {
		let refused = |options: Options| {
			let tools = options.tools().map_err(|error| error.param)?;
			options.chat_form(tools.as_ref()).map_err(|error| error.param)
		};
		for (more, param) in [
			(r#","tool_choice":"any""#, "tool_choice"),
			(r#","tool_choice":{"type":"function"}"#, "tool_choice"),
			(r#","tool_choice":{"type":"function","function":{"name":"g"}}"#, "tools"),
			(r#","response_format":{"type":"json_object"}"#, "response_format"),
		] {
			assert_eq!(refused(with_tools(more)), Err(Some(param)), "{more}");
		}
		let none: Options = serde_json::from_value(json!({ "model": "tiny", "tool_choice": "required" })).unwrap();
		assert_eq!(refused(none), Err(Some("tools")));
	}
}
