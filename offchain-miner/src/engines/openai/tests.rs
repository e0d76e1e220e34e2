//! With a server of this test's own, which does what it is told.

use std::{io, sync::Arc};

use axum::{
	body::Body,
	extract::State,
	http::{HeaderMap, Response, StatusCode},
	routing::{get, post},
	Json, Router,
};
use millrace_primitives::Sampling;
use serde_json::{json, Value};
use tokio::net::TcpListener;

use super::*;
use crate::engines::{transcript::UNKNOWN, Prompt};

const DIGEST: H256 = H256::repeat_byte(0xab);

/// What the server does with a generation.
#[derive(Clone)]
enum Act {
	/// Says this with this status.
	Say(StatusCode, String),
	/// Says this and then nothing more.
	Stall(String),
	/// Says this and then closes the connection in the middle.
	Cut(String),
}

#[derive(Clone)]
struct Script {
	act: Act,
	asked: Arc<std::sync::Mutex<Vec<(HeaderMap, Value)>>>,
}

async fn generation(State(script): State<Script>, headers: HeaderMap, Json(body): Json<Value>) -> Response<Body> {
	script.asked.lock().unwrap().push((headers, body));
	let first = |text: String| futures::stream::iter([Ok::<_, io::Error>(text)]);
	let (status, body) = match script.act {
		Act::Say(status, text) => (status, Body::from(text)),
		Act::Stall(text) => {
			let never = futures::stream::pending::<Result<String, io::Error>>();
			(StatusCode::OK, Body::from_stream(first(text).chain(never)))
		}
		Act::Cut(text) => {
			let end = futures::stream::iter([Err(io::Error::other("cut"))]);
			(StatusCode::OK, Body::from_stream(first(text).chain(end)))
		}
	};
	Response::builder().status(status).body(body).unwrap()
}

async fn server(act: Act) -> (Settings, Script) {
	let script = Script { act, asked: Arc::default() };
	let router = Router::new()
		.route("/v1/models", get(|| async { Json(json!({ "object": "list", "data": [{ "id": "tiny" }] })) }))
		.route("/v1/chat/completions", post(generation))
		.route("/v1/completions", post(generation))
		.route("/v1/embeddings", post(generation))
		.with_state(script.clone());
	let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
	let url = format!("http://{}/v1", listener.local_addr().unwrap());
	tokio::spawn(async move { axum::serve(listener, router).await });
	let models = vec![Served { name: "tiny".into(), digest: DIGEST, file: None }];
	(Settings { url, api_key_file: None, api_key_env: None, models, timeout_secs: None }, script)
}

fn request(text: &str) -> Request {
	Request {
		digest: DIGEST,
		context_length: 512,
		input: text.into(),
		prompt: Prompt::Chat,
		sampling: Sampling::greedy(8),
		seed: 7,
	}
}

/// A chat's answer `42`, as vLLM streams it.
fn answer() -> String {
	let piece = |delta: Value, logprobs: Value, finish: Value| {
		let choice = json!({ "index": 0, "delta": delta, "logprobs": logprobs, "finish_reason": finish });
		json!({ "model": "tiny", "choices": [choice], "usage": null })
	};
	let token = |id: u32, text: &str, logprob: f64| {
		let name = format!("token_id:{id}");
		let other = json!({ "token": format!("token_id:{}", id + 1), "logprob": logprob - 1.0 });
		let itself = json!({ "token": name, "logprob": logprob });
		let entry =
			json!({ "token": name, "logprob": logprob, "bytes": text.as_bytes(), "top_logprobs": [itself, other] });
		json!({ "content": [entry] })
	};
	let pieces = [
		piece(json!({ "role": "assistant", "content": "" }), json!(null), json!(null)),
		piece(json!({ "content": "4" }), token(20, "4", -0.5), json!(null)),
		piece(json!({ "content": "2" }), token(18, "2", -0.25), json!(null)),
		piece(json!({ "content": "" }), token(2, "<|im_end|>", -0.125), json!("stop")),
		json!({ "model": "tiny", "choices": [], "usage": { "prompt_tokens": 21, "completion_tokens": 3 } }),
	];
	let lines: String = pieces.iter().map(|piece| format!("data: {piece}\n\n")).collect();
	format!(": a comment\n{lines}data: [DONE]\n\n")
}

async fn generate(settings: &Settings, request: Request) -> Result<Generation, EngineError> {
	Openai::new(settings).unwrap().generate(request, Sink::none(), CancellationToken::new()).await
}

async fn error_of(act: Act, request: Request) -> EngineError {
	let (settings, _) = server(act).await;
	generate(&settings, request).await.unwrap_err()
}

fn say(text: &str) -> Act {
	Act::Say(StatusCode::OK, text.to_owned())
}

async fn embed(act: Act) -> (Result<Generation, EngineError>, Script) {
	let (settings, script) = server(act).await;
	let request = EmbedRequest { digest: DIGEST, context_length: 512, input: "a mill".into() };
	(Openai::new(&settings).unwrap().embed(request, CancellationToken::new()).await, script)
}

/// The server's words for an embedding with so many tokens of text.
fn embedding(tokens: u32) -> Act {
	let answer = json!({ "data": [{ "embedding": [3.0, -4.0] }], "usage": { "prompt_tokens": tokens } });
	Act::Say(StatusCode::OK, answer.to_string())
}

#[tokio::test]
async fn embedding_should_be_scaled_and_counted_when_the_server_makes_one() {
	let (answer, script) = embed(embedding(3)).await;
	let answer = answer.unwrap();
	assert_eq!(answer.output, [0.6f32.to_le_bytes(), (-0.8f32).to_le_bytes()].concat());
	assert_eq!((answer.usage.input_tokens, answer.usage.output_tokens), (3, 0));
	let (_, asked) = script.asked.lock().unwrap().remove(0);
	assert_eq!(asked, json!({ "model": "tiny", "input": "a mill", "encoding_format": "float" }));
}

#[tokio::test]
async fn embedding_should_be_refused_when_it_is_none_or_the_text_too_long() {
	let code = |act| async { embed(act).await.0.unwrap_err().code };
	assert_eq!(code(Act::Say(StatusCode::OK, "{}".into())).await, FailCode::EngineError);
	assert_eq!(code(embedding(513)).await, FailCode::ContextTooLong);
	let refused = r#"{"error":{"message":"no such model"}}"#;
	assert_eq!(code(Act::Say(StatusCode::NOT_FOUND, refused.into())).await, FailCode::ModelMissing);
}

#[tokio::test]
async fn answer_should_be_gathered_when_it_is_streamed() {
	let (settings, script) = server(say(&answer())).await;
	let engine = Openai::new(&settings).unwrap();
	engine.health().await.unwrap();
	assert_eq!(engine.models().await.unwrap(), vec![LocalModel { digest: DIGEST, name: "tiny".into() }]);
	let given = engine.generate(request("6 * 7?"), Sink::none(), CancellationToken::new()).await.unwrap();
	assert_eq!(given.output, b"42");
	assert_eq!((given.usage.input_tokens, given.usage.output_tokens), (21, 2));
	assert_eq!(given.transcript.iter().map(|entry| entry.token).collect::<Vec<_>>(), [20, 18]);
	assert_eq!(given.transcript[0].top.iter().map(|other| other.token).collect::<Vec<_>>(), [20, 21]);
	let (headers, _) = script.asked.lock().unwrap()[0].clone();
	assert!(!headers.contains_key("authorization"));
}

#[tokio::test]
async fn time_should_be_the_servers_when_it_tells() {
	let told =
		answer().replace("\"choices\":[],", "\"choices\":[],\"timings\":{\"prompt_ms\":3.5,\"predicted_ms\":40},");
	let (settings, _) = server(say(&told)).await;
	assert_eq!(generate(&settings, request("hi")).await.unwrap().usage.gpu_ms, 43);
}

#[tokio::test]
async fn older_interface_should_be_used_when_the_job_continues_a_text() {
	let piece = json!({ "model": "tiny", "choices": [{ "index": 0, "text": "42", "finish_reason": "length", "logprobs": {
		"tokens": ["4", "2"], "token_logprobs": [-0.5, -0.25],
		"top_logprobs": [{ "4": -0.5, "5": -1.5 }, { "2": -0.25, "3": -2.0 }], "text_offset": [0, 1] } }] });
	let usage = json!({ "model": "tiny", "choices": [], "usage": { "prompt_tokens": 5, "completion_tokens": 2 } });
	let (settings, script) = server(say(&format!("data: {piece}\n\ndata: {usage}\n\ndata: [DONE]\n\n"))).await;
	let (prompt, sampling) = (Prompt::Generate, Sampling::greedy(2));
	let given = generate(&settings, Request { prompt, sampling, ..request("6 * 7 = ") }).await.unwrap();
	assert_eq!(given.output, b"42");
	let entries: Vec<_> = given.transcript.iter().map(|entry| (entry.token, &entry.bytes[..], entry.logprob)).collect();
	assert_eq!(entries, [(UNKNOWN, &b"4"[..], -500_000), (UNKNOWN, b"2", -250_000)]);
	assert_eq!(given.transcript[1].top.iter().map(|other| other.logprob).collect::<Vec<_>>(), [-250_000, -2_000_000]);
	assert_eq!(script.asked.lock().unwrap()[0].1["prompt"], "6 * 7 = ");
}

#[cfg(unix)]
#[tokio::test]
async fn key_should_reach_the_server_and_no_error_when_it_is_set() {
	use std::os::unix::fs::PermissionsExt;
	let dir = tempfile::tempdir().unwrap();
	let path = dir.path().join("key");
	std::fs::write(&path, "sk-secret\n").unwrap();
	std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
	let (settings, script) = server(Act::Say(StatusCode::FORBIDDEN, "no".into())).await;
	let settings = Settings { api_key_file: Some(path), ..settings };
	let error = generate(&settings, request("hi")).await.unwrap_err();
	assert_eq!(error.code, FailCode::EngineError);
	assert!(!format!("{error:?} {settings:?}").contains("sk-secret"));
	assert_eq!(script.asked.lock().unwrap()[0].0["authorization"], "Bearer sk-secret");
}

#[tokio::test]
async fn answer_should_be_refused_when_it_is_another_models() {
	let error = error_of(say(&answer().replace("tiny", "huge")), request("hi")).await;
	assert_eq!(error.code, FailCode::ModelMissing);
	assert!(error.message.contains("answered for huge"), "{error}");
	// Also when only the end admits it.
	let late = answer().replace("{\"choices\":[],\"model\":\"tiny\"", "{\"choices\":[],\"model\":\"huge\"");
	assert_eq!(error_of(say(&late), request("hi")).await.code, FailCode::ModelMissing);
}

#[tokio::test]
async fn attempt_should_fail_when_the_server_lacks_the_model() {
	let other = Request { digest: H256::repeat_byte(1), ..request("hi") };
	assert_eq!(error_of(say(&answer()), other).await.code, FailCode::ModelMissing);
	let (mut settings, script) = server(say(&answer())).await;
	settings.models[0].name = "unloaded".into();
	assert_eq!(generate(&settings, request("hi")).await.unwrap_err().code, FailCode::ModelMissing);
	assert!(script.asked.lock().unwrap().is_empty());
}

#[tokio::test]
async fn attempt_should_time_out_when_the_server_is_slow() {
	let begin = answer().lines().take(5).map(|line| format!("{line}\n")).collect::<String>();
	for text in [String::new(), begin] {
		let (mut settings, _) = server(Act::Stall(text)).await;
		settings.timeout_secs = Some(1);
		let error = generate(&settings, request("hi")).await.unwrap_err();
		assert_eq!(error.code, FailCode::Timeout, "{error}");
	}
}

#[tokio::test]
async fn attempt_should_fail_when_the_stream_is_cut() {
	let whole = answer();
	let middle: String = whole.lines().take(5).map(|line| format!("{line}\n")).collect();
	assert_eq!(error_of(Act::Cut(middle.clone()), request("hi")).await.code, FailCode::EngineError);
	// A clean end in the middle is none either, nor is one before the count of tokens.
	let error = error_of(say(&middle), request("hi")).await;
	assert!(error.code == FailCode::EngineError && error.message.contains("broke off"), "{error}");
	let uncounted = whole.replace("prompt_tokens", "x");
	assert!(error_of(say(&uncounted), request("hi")).await.message.contains("include_usage"));
}

#[tokio::test]
async fn attempt_should_fail_when_the_answer_makes_no_sense() {
	for text in
		["<html>", "data: <html>\n\n", "data: {\"choices\":7}\n\n", "data: {\"error\":{\"message\":\"boom\"}}\n\n"]
	{
		assert_eq!(error_of(say(text), request("hi")).await.code, FailCode::EngineError, "{text}");
	}
	let endless = "data: ".to_owned() + &"x".repeat(2 << 20);
	assert_eq!(error_of(say(&endless), request("hi")).await.code, FailCode::EngineError);
	let broken = Act::Say(StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error".into());
	assert_eq!(error_of(broken, request("hi")).await.code, FailCode::EngineError);
	let odd_end = answer().replace("\"stop\"", "\"abort\"");
	assert!(error_of(say(&odd_end), request("hi")).await.message.contains("abort"));
}

#[tokio::test]
async fn answer_should_be_refused_when_it_cannot_be_checked() {
	let bare = answer().replace("\"logprobs\"", "\"x\"");
	assert!(error_of(say(&bare), request("hi")).await.message.contains("log-probabilities"));
	let split = answer().replace("{\"content\":\"4\"}", "{\"reasoning_content\":\"4\"}");
	assert!(error_of(say(&split), request("hi")).await.message.contains("reasoning parser"));
}

#[tokio::test]
async fn attempt_should_fail_as_empty_when_the_model_says_nothing() {
	let empty = answer().replace("{\"content\":\"4\"}", "{}").replace("{\"content\":\"2\"}", "{}");
	assert_eq!(error_of(say(&empty), request("hi")).await.code, FailCode::EmptyOutput);
}

#[tokio::test]
async fn attempt_should_fail_when_the_context_is_too_short() {
	let counted = answer().replace("\"prompt_tokens\":21", "\"prompt_tokens\":505");
	assert_eq!(error_of(say(&counted), request("hi")).await.code, FailCode::ContextTooLong);
	let said = json!({ "message": "This model's maximum context length is 512 tokens.", "code": 400 }).to_string();
	let refused = Act::Say(StatusCode::BAD_REQUEST, said);
	assert_eq!(error_of(refused, request(&"x".repeat(600))).await.code, FailCode::ContextTooLong);
}

#[tokio::test]
async fn engine_should_be_down_when_nobody_listens() {
	let (settings, _) = server(say("")).await;
	let engine = Openai::new(&Settings { url: "http://127.0.0.1:1".into(), ..settings }).unwrap();
	assert_eq!(engine.health().await.unwrap_err().code, FailCode::EngineError);
	let error = engine.generate(request("hi"), Sink::none(), CancellationToken::new()).await.unwrap_err();
	assert!(error.message.contains("http://127.0.0.1:1"), "{error}");
}

#[tokio::test]
async fn engine_should_not_follow_when_the_server_sends_it_elsewhere() {
	let moved = Act::Say(StatusCode::TEMPORARY_REDIRECT, String::new());
	assert_eq!(error_of(moved, request("hi")).await.code, FailCode::EngineError);
}

#[test]
fn settings_should_be_refused_when_the_file_is_another_one() {
	let file = Some(concat!(env!("CARGO_MANIFEST_DIR"), "/../models/millrace-tiny.gguf").into());
	let models = vec![Served { name: "tiny".into(), digest: DIGEST, file }];
	let settings =
		Settings { url: "http://a".into(), api_key_file: None, api_key_env: None, models, timeout_secs: None };
	let error = Openai::new(&settings).err().unwrap();
	assert!(error.message.contains("has sha256"), "{error}");
	let none = Settings { models: Vec::new(), ..settings };
	assert!(Openai::new(&none).err().unwrap().message.contains("no models"));
}
