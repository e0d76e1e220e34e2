use millrace_primitives::FailCode;
use serde_json::{json, Value};

use super::*;

fn whole() -> Value {
	let digest = "ab".repeat(32);
	json!({
		"version": 1,
		"entry": "word-count",
		"arguments": ["input/a.txt"],
		"inputs": [
			{"name": "a.txt", "url": "https://data.example.org/a", "sha256": digest, "max_bytes": 100},
			{"name": "b", "text": "hello"},
			{"name": "c", "base64": "aGVsbG8=", "max_bytes": 5},
			{"name": "d", "url": "http://x.org:8080/d.zip", "sha256": digest, "max_bytes": 50, "unpack": "zip"},
		],
		"outputs": [{"path": "a/b.json", "media_type": "application/json", "max_bytes": 7}],
	})
}

fn parse(document: &Value) -> Result<Document, EngineError> {
	Document::parse(document.to_string().as_bytes())
}

/// The message of a document that is refused as the client's fault.
fn refused(change: impl FnOnce(&mut Value)) -> String {
	let mut document = whole();
	change(&mut document);
	let error = parse(&document).unwrap_err();
	assert_eq!(error.code, FailCode::BadInput);
	error.message
}

#[test]
fn document_should_be_read_when_it_holds_all_bounds() {
	let document = parse(&whole()).unwrap();
	assert_eq!((document.entry.as_str(), document.arguments.len()), ("word-count", 1));
	assert_eq!(document.inputs[1].source, Source::Inline(b"hello".to_vec()));
	assert_eq!(document.inputs[2].source, Source::Inline(b"hello".to_vec()));
	assert_eq!(document.inputs[3].unpack, Unpack::Zip);
	// An archive counts twice: itself and what it unpacks to.
	assert_eq!((document.input_bytes(), document.output_bytes()), (100 + 5 + 5 + 2 * 50, 7));
}

#[test]
fn document_should_be_refused_when_a_key_is_unknown() {
	assert!(refused(|document| document["command"] = json!("/bin/sh")).contains("unknown field `command`"));
	assert!(refused(|document| document["inputs"][0]["mode"] = json!(1)).contains("unknown field `mode`"));
	assert!(refused(|document| document["outputs"][0]["mode"] = json!(1)).contains("unknown field `mode`"));
	assert!(refused(|document| document["version"] = json!(2)).contains("version 2"));
	let twice = br#"{"version":1,"version":1,"entry":"x"}"#;
	assert!(Document::parse(twice).unwrap_err().message.contains("duplicate field"));
	assert_eq!(Document::parse(b"\xff").unwrap_err().code, FailCode::BadInput);
	assert_eq!(Document::parse(b"").unwrap_err().code, FailCode::BadInput);
}

#[test]
fn document_should_be_refused_when_it_is_beyond_a_bound() {
	assert!(refused(|document| document["arguments"] = json!(vec!["a"; MAX_ARGUMENTS + 1])).contains("at most 32"));
	let inputs: Vec<_> = (0..=MAX_INPUTS).map(|at| json!({"name": at.to_string(), "text": ""})).collect();
	assert!(refused(|document| document["inputs"] = json!(inputs)).contains("at most 16"));
	let output = |at: usize| json!({"path": at.to_string(), "media_type": "a/b", "max_bytes": 1});
	let outputs: Vec<_> = (0..=MAX_OUTPUTS).map(output).collect();
	assert!(refused(|document| document["outputs"] = json!(outputs)).contains("at most 16"));
	let long = json!("a".repeat(MAX_DOCUMENT_BYTES));
	assert!(refused(|document| document["arguments"] = json!([long])).contains("at most 65536"));
	let long = format!("https://x.org/{}", "a".repeat(MAX_URL_BYTES));
	assert!(refused(|document| document["inputs"][0]["url"] = json!(long)).contains("2048 bytes"));
}

#[test]
fn document_should_be_refused_when_a_url_is_no_web_address() {
	for url in
		["file:///etc/passwd", "ftp://x.org/a", "gopher://x.org/", "data:,x", "//x.org/a", "unix:/run/x.sock", "x"]
	{
		assert!(
			refused(|document| document["inputs"][0]["url"] = json!(url)).contains("url") || url.contains(':'),
			"{url}"
		);
	}
	assert!(refused(|document| document["inputs"][0]["url"] = json!("https://a:b@x.org/")).contains("password"));
}

#[test]
fn document_should_be_refused_when_a_name_leads_elsewhere() {
	for name in ["..", ".", "../x", "a/b", "/etc/passwd", "", ".hidden", "-x", "a b", "a\0", "a\\b", &"x".repeat(65)] {
		assert!(refused(|document| document["inputs"][0]["name"] = json!(name)).contains("no name"), "{name:?}");
		assert!(refused(|document| document["entry"] = json!(name)).contains("no name"), "{name:?}");
	}
	for path in ["../x", "a/../../x", "/etc/passwd", "a//b", "a/", "", "a/b/c/d/e", "a/./b", &"x".repeat(129)] {
		assert!(refused(|document| document["outputs"][0]["path"] = json!(path)).contains("no path"), "{path:?}");
	}
}

#[test]
fn document_should_be_refused_when_names_or_paths_stand_twice() {
	assert!(refused(|document| document["inputs"][1]["name"] = json!("c")).contains("same name"));
	let output = json!({"path": "x", "media_type": "a/b", "max_bytes": 1});
	assert!(refused(|document| document["outputs"] = json!([output, output])).contains("same path"));
}

#[test]
fn input_should_be_refused_when_its_bytes_are_not_told_in_one_way() {
	assert!(refused(|document| document["inputs"][1]["base64"] = json!("")).contains("needs one of"));
	assert!(refused(|document| document["inputs"][1] = json!({"name": "b"})).contains("needs one of"));
	assert!(refused(|document| document["inputs"][2]["base64"] = json!("%%")).contains("no base64"));
	assert!(
		refused(|document| drop(document["inputs"][0].as_object_mut().unwrap().remove("sha256"))).contains("sha256")
	);
	assert!(refused(|document| drop(document["inputs"][0].as_object_mut().unwrap().remove("max_bytes")))
		.contains("max_bytes"));
	assert!(refused(|document| document["inputs"][1]["unpack"] = json!("tar")).contains("max_bytes"));
	assert!(refused(|document| document["inputs"][1]["unpack"] = json!("gzip")).contains("unknown variant"));
}

#[test]
fn input_should_be_refused_when_inline_bytes_have_another_hash_or_are_too_many() {
	assert!(refused(|document| document["inputs"][1]["sha256"] = json!("00".repeat(32))).contains("sha256 is another"));
	assert!(refused(|document| document["inputs"][1]["max_bytes"] = json!(4)).contains("larger"));
	assert!(refused(|document| document["inputs"][0]["sha256"] = json!("ab")).contains("64 hex digits"));
}

#[test]
fn output_should_be_refused_when_it_has_no_media_type() {
	for text in ["json", "a/", "/b", "a/b; c=d", "A/B", "a/b\r\nx: y", &format!("a/{}", "b".repeat(64))] {
		assert!(
			refused(|document| document["outputs"][0]["media_type"] = json!(text)).contains("media type"),
			"{text:?}"
		);
	}
}
