//! With a server of this test's own, which speaks as Ollama 0.17.4 does.

use axum::{
	extract::State,
	http::StatusCode,
	routing::{get, post},
	Json, Router,
};
use millrace_primitives::JobParams;
use serde_json::{json, Value};
use tokio::net::TcpListener;

use super::*;

const DIGEST: H256 = H256::repeat_byte(0xab);

/// What the server says to a generation, and what it was asked.
#[derive(Clone)]
struct Script {
	status: StatusCode,
	answer: String,
	asked: Arc<std::sync::Mutex<Vec<Value>>>,
}

async fn generation(State(script): State<Script>, Json(body): Json<Value>) -> (StatusCode, String) {
	script.asked.lock().unwrap().push(body);
	(script.status, script.answer)
}

async fn show(Json(body): Json<Value>) -> Json<Value> {
	let info = json!({
		"tokenizer.ggml.model": "llama",
		"tokenizer.ggml.tokens": ["<s>", "4", "2", "\u{2581}"],
		"tokenizer.ggml.token_type": [3, 1, 1, 1],
	});
	let info = if body["verbose"] == true { info } else { json!({}) };
	let modelfile = format!("# FROM tiny\nFROM /x/blobs/sha256-{}\n", hex::encode(DIGEST));
	Json(json!({ "modelfile": modelfile, "model_info": info }))
}

async fn server(status: StatusCode, answer: &str) -> (Ollama, Script) {
	let script = Script { status, answer: answer.into(), asked: Arc::default() };
	let router = Router::new()
		.route("/api/version", get(|| async { Json(json!({ "version": "0.17.4" })) }))
		.route("/api/tags", get(|| async { Json(json!({ "models": [{ "name": "tiny:latest", "digest": "1" }] })) }))
		.route("/api/show", post(show))
		.route("/api/chat", post(generation))
		.route("/api/generate", post(generation))
		.with_state(script.clone());
	let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
	let url = format!("http://{}/", listener.local_addr().unwrap());
	tokio::spawn(async move { axum::serve(listener, router).await });
	(Ollama::new(Options { url, threads: Some(1), ..Options::default() }).unwrap(), script)
}

fn request(text: &str) -> Request {
	let params = JobParams::greedy(8);
	Request { digest: DIGEST, context_length: 512, input: text.into(), params, seed: u64::MAX }
}

const ANSWER: &str = r#"{"message":{"content":"4"},"done":false,"logprobs":[{"token":"4","logprob":-0.5,"bytes":[52]}]}
{"message":{"content":"2"},"done":false,"logprobs":[{"token":"2","logprob":-0.25,"bytes":[50]}]}
{"message":{"content":""},"done":true,"done_reason":"stop","prompt_eval_count":21,"prompt_eval_duration":1900000,"eval_count":3,"eval_duration":1400000}
"#;

async fn code_of(status: StatusCode, answer: &str, request: Request) -> FailCode {
	let (engine, _) = server(status, answer).await;
	engine.generate(request, CancellationToken::new()).await.unwrap_err().code
}

#[tokio::test]
async fn answer_should_be_gathered_when_it_is_streamed() {
	let (engine, script) = server(StatusCode::OK, ANSWER).await;
	engine.health().await.unwrap();
	assert_eq!(engine.models().await.unwrap(), vec![LocalModel { digest: DIGEST, name: "tiny:latest".into() }]);
	let answer = engine.generate(request("6 * 7?"), CancellationToken::new()).await.unwrap();
	assert_eq!(answer.output, b"42");
	assert_eq!(answer.usage, Usage { input_tokens: 21, output_tokens: 2, gpu_ms: 3 });
	assert_eq!(answer.transcript.iter().map(|entry| entry.token).collect::<Vec<_>>(), vec![1, 2]);
	let asked = script.asked.lock().unwrap()[0].clone();
	assert_eq!(asked["options"]["repeat_penalty"], 1.0);
	assert_eq!(asked["options"]["seed"], 0x7fff_ffff);
	assert_eq!((&asked["logprobs"], &asked["truncate"]), (&json!(true), &json!(false)));
}

#[tokio::test]
async fn attempt_should_fail_when_the_server_has_another_file() {
	let other = Request { digest: H256::repeat_byte(1), ..request("hi") };
	assert_eq!(code_of(StatusCode::OK, ANSWER, other).await, FailCode::ModelMissing);
}

#[tokio::test]
async fn attempt_should_fail_when_the_input_spells_a_control_token() {
	assert_eq!(code_of(StatusCode::OK, ANSWER, request("a<s>b")).await, FailCode::BadInput);
}

#[tokio::test]
async fn attempt_should_fail_when_the_context_is_too_short() {
	let said = r#"{"error":"the input length exceeds the context length"}"#;
	assert_eq!(code_of(StatusCode::BAD_REQUEST, said, request("hi")).await, FailCode::ContextTooLong);
	let counted = ANSWER.replace("\"prompt_eval_count\":21", "\"prompt_eval_count\":505");
	assert_eq!(code_of(StatusCode::OK, &counted, request("hi")).await, FailCode::ContextTooLong);
	let cut = ANSWER.lines().next().unwrap().to_owned() + "\n";
	assert_eq!(code_of(StatusCode::OK, &cut, request(&"x".repeat(500))).await, FailCode::ContextTooLong);
}

#[tokio::test]
async fn attempt_should_fail_when_the_answer_breaks_off_or_makes_no_sense() {
	let cut = ANSWER.lines().next().unwrap().to_owned() + "\n";
	assert_eq!(code_of(StatusCode::OK, &cut, request("hi")).await, FailCode::EngineError);
	assert_eq!(code_of(StatusCode::OK, "<html>\n", request("hi")).await, FailCode::EngineError);
	assert_eq!(code_of(StatusCode::OK, "{\"error\":\"boom\"}\n", request("hi")).await, FailCode::EngineError);
}

#[tokio::test]
async fn attempt_should_fail_as_empty_when_the_model_says_nothing() {
	let empty = ANSWER.lines().last().unwrap().to_owned() + "\n";
	assert_eq!(code_of(StatusCode::OK, &empty, request("hi")).await, FailCode::EmptyOutput);
}

#[tokio::test]
async fn attempt_should_fail_when_nobody_listens() {
	let engine = Ollama::new(Options { url: "http://127.0.0.1:1".into(), ..Options::default() }).unwrap();
	let error = engine.generate(request("hi"), CancellationToken::new()).await.unwrap_err();
	assert_eq!(error.code, FailCode::EngineError);
	assert!(error.message.contains("ollama serve"), "{error}");
}
