//! The form that an answer is held to.

use serde_json::{value::RawValue, Map, Value};

/// Most bytes of a schema.
const MAX_BYTES: usize = 8_192;
/// Most schemas within one another.
const MAX_DEPTH: usize = 16;
/// Most schemas in a schema.
const MAX_SCHEMAS: usize = 256;
/// Most alternatives at one place.
const MAX_ALTERNATIVES: usize = 64;
/// Most elements of a list, and characters of a text, that a schema can ask for.
const MAX_COUNT: u64 = 256;

/// Words that say nothing of the form.
const REMARKS: [&str; 7] = ["title", "description", "default", "examples", "$schema", "$id", "$comment"];
const TYPES: [&str; 7] = ["object", "array", "string", "number", "integer", "boolean", "null"];

/// The form that an answer is held to: no token is picked that would leave it. An answer that reaches its limit can end
/// within it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Form {
	/// A JSON object.
	Json,
	/// JSON by this JSON Schema, its properties in this order. The text of the schema.
	Schema(String),
}

/// Why a form can't be had.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the format can't be had: {0}")]
pub struct BadForm(String);

fn bad<T>(why: impl Into<String>) -> Result<T, BadForm> {
	Err(BadForm(why.into()))
}

impl Form {
	/// From Ollama's `format`: `"json"`, or a schema. `None`: nothing is asked for.
	///
	/// # Errors
	///
	/// When it is something else, or a schema uses what not all engines can hold an answer to.
	pub fn of_format(format: &RawValue) -> Result<Option<Self>, BadForm> {
		let text = format.get();
		match serde_json::from_str(text) {
			Ok(Value::Null) => Ok(None),
			Ok(Value::String(name)) if name.is_empty() => Ok(None),
			Ok(Value::String(name)) if name == "json" => Ok(Some(Self::Json)),
			Ok(Value::Object(_)) => Self::of_schema(text).map(Some),
			_ => bad("it must be \"json\" or a JSON Schema"),
		}
	}

	/// From a JSON Schema.
	///
	/// # Errors
	///
	/// As [`Form::of_format`].
	pub fn of_schema(text: &str) -> Result<Self, BadForm> {
		if text.len() > MAX_BYTES {
			return bad(format!("the schema has {} bytes; {MAX_BYTES} at the most", text.len()));
		}
		let Ok(schema) = serde_json::from_str::<Map<String, Value>>(text) else {
			return bad("a schema must be a JSON object");
		};
		check(&schema, &schema, 0, &mut 0)?;
		Ok(Self::Schema(text.to_owned()))
	}

	/// Ollama's `format`, as JSON.
	pub fn format(&self) -> Box<RawValue> {
		let text = match self {
			Self::Json => "\"json\"".to_owned(),
			Self::Schema(text) => text.clone(),
		};
		RawValue::from_string(text).expect("a form is made of JSON alone")
	}
}

/// Holds a schema to what all engines hold an answer to, and what takes them a bounded time.
fn check(
	schema: &Map<String, Value>,
	root: &Map<String, Value>,
	depth: usize,
	schemas: &mut usize,
) -> Result<(), BadForm> {
	*schemas = schemas.saturating_add(1);
	if depth > MAX_DEPTH || *schemas > MAX_SCHEMAS {
		return bad(format!("the schema has more than {MAX_DEPTH} levels or {MAX_SCHEMAS} schemas in it"));
	}
	let mut inner = |value: &Value| match value {
		Value::Object(schema) => check(schema, root, depth.saturating_add(1), schemas),
		_ => bad("what stands for a schema is no JSON object"),
	};
	for (word, value) in schema {
		let holds = match (word.as_str(), value) {
			("type", Value::String(name)) => TYPES.contains(&name.as_str()),
			("type", Value::Array(names)) => names.iter().all(|name| TYPES.iter().any(|known| name == known)),
			("properties" | "$defs" | "definitions", Value::Object(named)) => {
				named.values().try_for_each(&mut inner)?;
				named.keys().all(|name| !name.is_empty() && !name.contains(char::is_control))
			}
			("items", value) => {
				inner(value)?;
				true
			}
			("anyOf" | "oneOf", Value::Array(list)) => {
				list.iter().try_for_each(&mut inner)?;
				(1..=MAX_ALTERNATIVES).contains(&list.len())
			}
			("enum", Value::Array(list)) => (1..=MAX_ALTERNATIVES).contains(&list.len()),
			("required", Value::Array(names)) => names.iter().all(Value::is_string),
			("additionalProperties", value) => value.is_boolean(),
			("minItems" | "maxItems" | "minLength" | "maxLength", value) => {
				value.as_u64().is_some_and(|count| count <= MAX_COUNT)
			}
			("minimum" | "maximum" | "exclusiveMinimum" | "exclusiveMaximum", value) => value.as_i64().is_some(),
			("$ref", Value::String(place)) => is_defined(place, root),
			("const", _) => true,
			(remark, _) if REMARKS.contains(&remark) => true,
			_ => return bad(format!("not every engine knows {word} in a schema; leave it out")),
		};
		if !holds {
			return bad(format!("{word} in the schema is {value}, which is too much or no value of it"));
		}
	}
	Ok(())
}

/// Whether a reference is to one of the schema's own definitions.
fn is_defined(place: &str, root: &Map<String, Value>) -> bool {
	let Some((list, name)) = place.strip_prefix("#/").and_then(|place| place.split_once('/')) else { return false };
	["$defs", "definitions"].contains(&list)
		&& root.get(list).and_then(Value::as_object).is_some_and(|named| named.contains_key(name))
}

#[cfg(test)]
mod tests {
	use serde_json::json;

	use super::*;

	fn of(format: &Value) -> Result<Option<Form>, BadForm> {
		Form::of_format(&RawValue::from_string(format.to_string()).unwrap())
	}

	#[test]
	fn form_should_keep_the_order_of_the_properties() {
		let text = r#"{"type":"object","properties":{"why":{"type":"string"},"answer":{"type":"integer"}}}"#;
		let form = Form::of_schema(text).unwrap();
		assert_eq!(form.format().get(), text);
		assert_eq!(Form::of_format(&form.format()).unwrap(), Some(form));
		assert_eq!(Form::Json.format().get(), "\"json\"");
	}

	#[test]
	fn form_should_be_none_when_nothing_is_asked() {
		for nothing in [json!(null), json!("")] {
			assert_eq!(of(&nothing), Ok(None));
		}
		assert_eq!(of(&json!("json")), Ok(Some(Form::Json)));
	}

	#[test]
	fn schema_of_a_library_should_be_taken() {
		// As pydantic writes one.
		let schema = json!({
			"title": "Sum",
			"type": "object",
			"$defs": { "Term": { "type": "object", "properties": { "value": { "type": "integer", "minimum": 0 } } } },
			"properties": {
				"terms": { "type": "array", "items": { "$ref": "#/$defs/Term" }, "maxItems": 4 },
				"unit": { "anyOf": [{ "type": "string", "maxLength": 8 }, { "type": "null" }], "default": null },
				"kind": { "enum": ["sum", "product"] },
			},
			"required": ["terms"],
			"additionalProperties": false,
		});
		assert!(matches!(of(&schema), Ok(Some(Form::Schema(_)))));
	}

	#[test]
	fn schema_should_be_refused_when_an_engine_may_not_hold_to_it_or_not_soon() {
		let deep = (0..20).fold(json!({ "type": "null" }), |inner, _| json!({ "items": inner }));
		let wide: Map<_, _> = (0..300).map(|number| (format!("p{number}"), json!({}))).collect();
		for (schema, named) in [
			(json!({ "pattern": "(a*)*" }), "pattern"),
			(json!({ "items": { "format": "date" } }), "format"),
			(json!({ "minItems": 1_000_000_000 }), "minItems"),
			(json!({ "$ref": "https://example.com/schema" }), "$ref"),
			(json!({ "$ref": "#/$defs/nowhere" }), "$ref"),
			(json!({ "$ref": "#/properties/a", "properties": { "a": {} } }), "$ref"),
			(json!({ "properties": { "": {} } }), "properties"),
			(json!({ "properties": { "a\0b": {} } }), "properties"),
			(json!({ "type": "date" }), "type"),
			(json!({ "anyOf": [] }), "anyOf"),
			(json!({ "items": true }), "no JSON object"),
			(json!({ "additionalProperties": { "type": "string" } }), "additionalProperties"),
			(deep, "levels"),
			(json!({ "properties": wide }), "levels"),
			(json!({ "description": "x".repeat(MAX_BYTES) }), "bytes"),
			(json!("yaml"), "must be"),
			(json!([1]), "must be"),
		] {
			let error = of(&schema).unwrap_err().to_string();
			assert!(error.contains(named), "{schema}: {error}");
		}
	}
}
