//! Functions that an application lets the model call.
//!
//! Engines, miners and the chain know of text alone. So functions are told in the system's words, and calls are read out
//! of the answer's, between the tags that Hermes 2 Pro (<https://github.com/NousResearch/Hermes-Function-Calling>), Qwen
//! 2.5 and those after them were trained with. Every byte of a call is signed, is in the transcript, and can be computed
//! anew like any other text, whichever engine made it; what an engine's own parser takes out of an answer could not be.
//! Where a call is required, the answer is held to a [`Form`], and is the call without tags.

mod read;

use std::collections::BTreeMap;

use millrace_client::conversation::Form;
use rand::RngCore;
use serde::Deserialize;
use serde_json::{value::RawValue, Value};

use crate::answer::{Call, Deltas};

/// Most functions of a request, as OpenAI has it.
const MOST: usize = 128;
/// Most bytes of a function's name.
const MOST_NAME_BYTES: usize = 64;

const CALL: &str = "<tool_call>";
const CALL_END: &str = "</tool_call>";

/// Why functions can't be offered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BadTools(String);

fn bad<T>(why: impl Into<String>) -> Result<T, BadTools> {
	Err(BadTools(why.into()))
}

/// Whether the model must call a function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Choice {
	/// If it sees fit.
	Auto,
	/// Any one of them.
	Required,
	/// This one.
	Named(String),
}

/// The functions of a request.
#[derive(Clone, Debug)]
pub struct Tools {
	functions: Vec<Function>,
	choice: Choice,
	several: bool,
}

#[derive(Clone, Debug)]
struct Function {
	name: String,
	/// JSON Schema of the arguments.
	parameters: BTreeMap<String, Box<RawValue>>,
	/// As the model is told.
	told: String,
}

#[derive(Deserialize)]
struct Given {
	#[serde(rename = "type")]
	kind: String,
	function: Option<GivenFunction>,
}

#[derive(Deserialize)]
struct GivenFunction {
	name: String,
	parameters: Option<BTreeMap<String, Box<RawValue>>>,
}

impl Function {
	fn read(text: &str) -> Result<Self, BadTools> {
		let given: Given = match serde_json::from_str(text) {
			Ok(given) => given,
			Err(error) => {
				return bad(format!("expected a function with its name and the schema of its parameters: {error}"))
			}
		};
		let Given { kind, function: Some(GivenFunction { name, parameters }) } = given else {
			return bad(format!("a tool of the type {} has no function", given.kind));
		};
		if kind != "function" {
			return bad(format!("tools of the type {kind} can't be used; only functions"));
		}
		let is_plain = |c: char| c.is_ascii_graphic() && !"\"\\<>".contains(c);
		if !(1..=MOST_NAME_BYTES).contains(&name.len()) || !name.chars().all(is_plain) {
			return bad(format!(
				"the name of a function is {name:?}; it must have 1 to {MOST_NAME_BYTES} letters, digits or signs but \" \\ < >"
			));
		}
		Ok(Self { name, parameters: parameters.unwrap_or_default(), told: spaced(text) })
	}
}

impl Tools {
	/// From a list of tools as OpenAI and Ollama have it. `None`: it is empty. `several`: whether the model may call more than
	/// once in an answer.
	///
	/// # Errors
	///
	/// It is something else, or has two functions of one name, or not the one that is to be called.
	pub fn read(list: &str, choice: Choice, several: bool) -> Result<Option<Self>, BadTools> {
		let given: Option<Vec<Box<RawValue>>> = match serde_json::from_str(list) {
			Ok(given) => given,
			Err(_) => return bad("expected a list of functions"),
		};
		let given = given.unwrap_or_default();
		if given.len() > MOST {
			return bad(format!("{} functions; at most {MOST} can be offered", given.len()));
		}
		let functions = given.iter().map(|text| Function::read(text.get())).collect::<Result<Vec<_>, _>>()?;
		let mut names: Vec<_> = functions.iter().map(|function| function.name.as_str()).collect();
		names.sort_unstable();
		if let Some(name) = names.windows(2).find_map(|pair| (pair[0] == pair[1]).then_some(pair[0])) {
			return bad(format!("two functions have the name {name}"));
		}
		match &choice {
			Choice::Named(name) if !names.contains(&name.as_str()) => {
				bad(format!("{name} is to be called and is not among the functions"))
			}
			Choice::Required if functions.is_empty() => bad("a call is required and there is no function"),
			_ => Ok((!functions.is_empty()).then_some(Self { functions, choice, several })),
		}
	}

	/// What the model is told of them.
	pub fn words(&self) -> String {
		let mut words = "# Tools\n\nYou can call these functions:\n<tools>\n".to_owned();
		for function in &self.functions {
			words.push_str(&function.told);
			words.push('\n');
		}
		let call = r#"{"name": <name>, "arguments": <JSON object>}"#;
		words.push_str("</tools>\n\n");
		words.push_str(&match self.choice {
			Choice::Auto => format!("To call one, write:\n{CALL}\n{call}\n{CALL_END}"),
			Choice::Required | Choice::Named(_) => format!("Call one. Write nothing but:\n{call}"),
		});
		words
	}

	/// What the answer is held to: nothing unless a call is required.
	///
	/// # Errors
	///
	/// When the parameters of a function have a schema that answers can't be held to.
	pub fn form(&self) -> Result<Option<Form>, BadTools> {
		let can_be_called = |function: &&Function| match &self.choice {
			Choice::Auto => false,
			Choice::Required => true,
			Choice::Named(name) => *name == function.name,
		};
		let (mut definitions, mut calls) = (Definitions::default(), Vec::new());
		for function in self.functions.iter().filter(can_be_called) {
			let mut parameters = function.parameters.clone();
			definitions.take(&mut parameters)?;
			parameters.entry("type".into()).or_insert_with(object);
			calls.push(format!(
				r#"{{"type":"object","properties":{{"name":{{"enum":["{}"]}},"arguments":{}}},"required":["name","arguments"],"additionalProperties":false}}"#,
				function.name,
				text_of(&parameters),
			));
		}
		if calls.is_empty() {
			return Ok(None);
		}
		let any = RawValue::from_string(format!("[{}]", calls.join(",")));
		let mut schema = definitions.0;
		schema.insert("anyOf".into(), any.expect("names have no quotes, and the rest came from JSON"));
		match Form::of_schema(&text_of(&schema)) {
			Ok(form) => Ok(Some(form)),
			Err(error) => bad(format!("a required call is held to the schema of its parameters: {error}")),
		}
	}

	/// What ends the answer.
	pub fn stop(&self) -> Option<String> {
		(self.choice == Choice::Auto && !self.several).then(|| CALL_END.to_owned())
	}

	/// The answer with its calls apart from its text.
	pub fn read_calls(&self, deltas: Deltas) -> Deltas {
		let names = self.functions.iter().map(|function| function.name.clone()).collect();
		read::calls(deltas, names, self.choice != Choice::Auto)
	}
}

/// Definitions that the schemas of several functions refer to from the root.
#[derive(Default)]
struct Definitions(BTreeMap<String, Box<RawValue>>);

impl Definitions {
	/// Takes those of a function out of its schema.
	fn take(&mut self, schema: &mut BTreeMap<String, Box<RawValue>>) -> Result<(), BadTools> {
		for list in ["$defs", "definitions"] {
			let Some(more) = schema.remove(list) else { continue };
			let Some(known) = self.0.get_mut(list) else {
				self.0.insert(list.into(), more);
				continue;
			};
			let named = |text: &RawValue| serde_json::from_str::<BTreeMap<String, Box<RawValue>>>(text.get()).ok();
			let (Some(mut all), Some(more)) = (named(known), named(&more)) else {
				return bad(format!("{list} of a function is no JSON object"));
			};
			for (name, definition) in more {
				match all.get(&name) {
					Some(other) if other.get() != definition.get() => {
						return bad(format!("two functions define {list}/{name} differently; name them apart"))
					}
					_ => all.insert(name, definition),
				};
			}
			*known = RawValue::from_string(text_of(&all)).expect("a map of JSON is JSON");
		}
		Ok(())
	}
}

fn object() -> Box<RawValue> {
	RawValue::from_string("\"object\"".into()).expect("it is a JSON text")
}

fn text_of(map: &BTreeMap<String, Box<RawValue>>) -> String {
	serde_json::to_string(map).expect("JSON under text keys is JSON")
}

/// The same JSON in one line, with spaces where Python writes them: models were trained with that.
fn spaced(json: &str) -> String {
	let (mut text, mut quoted, mut escaped) = (String::with_capacity(json.len()), false, false);
	for c in json.chars() {
		if quoted {
			text.push(c);
			quoted = escaped || c != '"';
			escaped = !escaped && c == '\\';
		} else if !c.is_ascii_whitespace() {
			text.push(c);
			if matches!(c, ',' | ':') {
				text.push(' ');
			}
			quoted = c == '"';
		}
	}
	text
}

/// What the model said when it said `text` and made calls.
pub fn said(text: &str, calls: &[Call]) -> String {
	let mut said = text.to_owned();
	for call in calls {
		if !said.is_empty() {
			said.push('\n');
		}
		let name = Value::from(call.name.as_str());
		said.push_str(&format!("{CALL}\n{{\"name\": {name}, \"arguments\": {}}}\n{CALL_END}", spaced(&call.arguments)));
	}
	said
}

/// What the user says when functions returned this.
pub fn returned(results: &[String]) -> String {
	let tagged = results.iter().map(|result| format!("<tool_response>\n{result}\n</tool_response>"));
	tagged.collect::<Vec<_>>().join("\n")
}

/// A name for a call, as OpenAI has them.
fn id() -> String {
	let mut bytes = [0; 12];
	rand::rngs::OsRng.fill_bytes(&mut bytes);
	format!("call_{}", hex::encode(bytes))
}

#[cfg(test)]
mod tests {
	use super::*;

	const ADD: &str = r#"{"type":"function","function":{"name":"add","description":"a: b, c","parameters":{"type":"object","properties":{"b":{"type":"integer"},"a":{"type":"integer"}},"required":["b","a"]}}}"#;
	const NOW: &str = r#"{"type":"function","function":{"name":"now"}}"#;

	fn read(list: &[&str], choice: Choice) -> Result<Option<Tools>, String> {
		Tools::read(&format!("[{}]", list.join(",")), choice, true).map_err(|error| error.to_string())
	}

	fn tools(list: &[&str], choice: Choice) -> Tools {
		read(list, choice).unwrap().unwrap()
	}

	#[test]
	fn words_should_have_each_function_in_a_line_and_how_to_call_it() {
		let words = tools(&[ADD, NOW], Choice::Auto).words();
		let lines: Vec<_> = words.lines().collect();
		assert!(lines[4].starts_with(r#"{"type": "function", "function": {"name": "add", "description": "a: b, c", "#));
		assert_eq!(lines[5], r#"{"type": "function", "function": {"name": "now"}}"#);
		assert!(words.ends_with("</tool_call>"), "{words}");
		assert!(!tools(&[ADD], Choice::Required).words().contains(CALL));
	}

	#[test]
	fn spaces_should_stand_where_python_writes_them_and_texts_stay_as_they_are() {
		assert_eq!(spaced("{\"a\" :\n[1,\t\"x, y:\\\" z\"]}"), r#"{"a": [1, "x, y:\" z"]}"#);
		assert_eq!(spaced(r#"["\\",1]"#), r#"["\\", 1]"#);
	}

	#[test]
	fn answer_should_be_held_to_the_schema_of_the_functions_that_must_be_called() {
		assert_eq!(tools(&[ADD, NOW], Choice::Auto).form(), Ok(None));
		let form = |choice| match tools(&[ADD, NOW], choice).form() {
			Ok(Some(Form::Schema(text))) => text,
			other => panic!("{other:?}"),
		};
		let any = form(Choice::Required);
		assert!(any.find("\"b\"") < any.find("\"a\"") && any.contains(r#""enum":["now"]"#), "{any}");
		let named = form(Choice::Named("now".into()));
		assert!(!named.contains(r#""add""#) && named.contains(r#""arguments":{"type":"object"}"#), "{named}");
	}

	#[test]
	fn definitions_should_be_found_from_the_root_when_several_functions_have_some() {
		let with = |name: &str, definition: &str| {
			format!(
				r##"{{"type":"function","function":{{"name":"{name}","parameters":{{"type":"object","properties":{{"x":{{"$ref":"#/$defs/X"}}}},"$defs":{{"X":{definition}}}}}}}}}"##
			)
		};
		let text = r#"{"type":"string"}"#;
		let two = [with("f", text), with("g", text)];
		let form = tools(&[&two[0], &two[1]], Choice::Required).form().unwrap();
		assert!(matches!(form, Some(Form::Schema(schema)) if schema.matches("$defs\":").count() == 1));
		let other = with("g", r#"{"type":"integer"}"#);
		let error = tools(&[&two[0], &other], Choice::Required).form().unwrap_err();
		assert!(error.to_string().contains("$defs/X"), "{error}");
	}

	#[test]
	fn form_should_be_refused_with_the_word_that_no_engine_knows() {
		let odd = r#"{"type":"function","function":{"name":"f","parameters":{"type":"object","properties":{"x":{"type":"string","pattern":"a"}}}}}"#;
		assert!(tools(&[odd], Choice::Auto).form().is_ok());
		let error = tools(&[odd], Choice::Required).form().unwrap_err();
		assert!(error.to_string().contains("pattern"), "{error}");
	}

	#[test]
	fn functions_should_be_refused_with_the_reason_when_they_make_no_sense() {
		for (list, choice, reason) in [
			(&["5"][..], Choice::Auto, "expected a function"),
			(&[r#"{"type":"function"}"#], Choice::Auto, "has no function"),
			(&[r#"{"type":"custom","function":{"name":"f"}}"#], Choice::Auto, "only functions"),
			(&[r#"{"type":"function","function":{"name":"a b"}}"#], Choice::Auto, "name of a function"),
			(&[r#"{"type":"function","function":{"name":"\"],x"}}"#], Choice::Auto, "name of a function"),
			(&[r#"{"type":"function","function":{"name":"f","parameters":[]}}"#], Choice::Auto, "expected a function"),
			(&[NOW, NOW], Choice::Auto, "two functions"),
			(&[NOW], Choice::Named("add".into()), "not among"),
			(&[], Choice::Required, "no function"),
		] {
			let error = read(list, choice).unwrap_err();
			assert!(error.contains(reason), "{list:?}: {error}");
		}
		assert!(Tools::read("{}", Choice::Auto, true).is_err());
		assert!(read(&vec![NOW; MOST + 1], Choice::Auto).unwrap_err().contains("at most"));
		assert!(read(&[], Choice::Auto).unwrap().is_none());
	}

	#[test]
	fn one_call_should_end_the_answer_when_several_are_not_wanted() {
		let tools = |choice, several| Tools::read(&format!("[{NOW}]"), choice, several).unwrap().unwrap();
		assert_eq!(tools(Choice::Auto, true).stop(), None);
		assert_eq!(tools(Choice::Auto, false).stop().as_deref(), Some(CALL_END));
		assert_eq!(tools(Choice::Required, false).stop(), None);
	}

	#[test]
	fn calls_and_their_results_should_be_told_as_models_know_them() {
		let call = Call { id: "1".into(), name: "add".into(), arguments: r#"{"b":1,"a":2}"#.into() };
		let told = "<tool_call>\n{\"name\": \"add\", \"arguments\": {\"b\": 1, \"a\": 2}}\n</tool_call>";
		assert_eq!(said("", std::slice::from_ref(&call)), told);
		assert_eq!(said("Wait.", &[call.clone(), call]), format!("Wait.\n{told}\n{told}"));
		let results = ["3".to_owned(), "4".to_owned()];
		let told = "<tool_response>\n3\n</tool_response>\n<tool_response>\n4\n</tool_response>";
		assert_eq!(returned(&results), told);
	}
}
