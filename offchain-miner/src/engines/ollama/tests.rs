//! With a server of this test's own, which speaks as Ollama 0.17.4 does.

use std::{
	io,
	sync::atomic::{AtomicU32, Ordering},
};

use axum::{
	body::Body,
	extract::State,
	http::{Response, StatusCode},
	routing::{get, post},
	Json, Router,
};
use millrace_client::conversation::{Form, Message, Role};
use millrace_primitives::Sampling;
use serde_json::{json, Value};
use tokio::net::TcpListener;

use super::*;
use crate::engines::Times;

const DIGEST: H256 = H256::repeat_byte(0xab);

/// How the server deals with a generation.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Manner {
	/// Says its answer and ends.
	Whole,
	/// Says its answer and then nothing more.
	Stall,
	/// Says its answer and closes the connection in the middle.
	Cut,
	/// Says its answer; meanwhile the name gets another file.
	Retag,
}

/// What the server says to a generation, and what it was asked.
#[derive(Clone)]
struct Script {
	status: StatusCode,
	answer: String,
	manner: Manner,
	/// Tokens of the prompt, for who asks without a stream; `None`: the server is broken then.
	prompt: Option<u32>,
	manifest: Arc<AtomicU32>,
	shows: Arc<AtomicU32>,
	asked: Arc<std::sync::Mutex<Vec<Value>>>,
}

impl Script {
	fn new(status: StatusCode, answer: &str) -> Self {
		let (manifest, shows, asked) = (Arc::default(), Arc::default(), Arc::default());
		Self { status, answer: answer.into(), manner: Manner::Whole, prompt: None, manifest, shows, asked }
	}

	async fn serve(self) -> Options {
		let router = Router::new()
			.route("/api/version", get(|| async { Json(json!({ "version": "0.17.4" })) }))
			.route("/api/tags", get(tags))
			.route("/api/show", post(show))
			.route("/api/chat", post(generation))
			.route("/api/generate", post(generation))
			.route("/api/embed", post(embedded))
			.with_state(self);
		let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
		let url = format!("http://{}/", listener.local_addr().unwrap());
		tokio::spawn(async move { axum::serve(listener, router).await });
		Options { url, threads: Some(1), ..Options::default() }
	}
}

async fn generation(State(script): State<Script>, Json(body): Json<Value>) -> Response<Body> {
	let streamed = body["stream"] == true;
	script.asked.lock().unwrap().push(body);
	if !streamed {
		let (status, answer) = match script.prompt {
			Some(tokens) => (StatusCode::OK, json!({ "done": true, "prompt_eval_count": tokens })),
			None => (StatusCode::INTERNAL_SERVER_ERROR, json!({ "error": "the runner has stopped" })),
		};
		return Response::builder().status(status).body(answer.to_string().into()).unwrap();
	}
	let first = futures::stream::iter([Ok::<_, io::Error>(script.answer.clone())]);
	let body = match script.manner {
		Manner::Whole => script.answer.into(),
		Manner::Stall => Body::from_stream(first.chain(futures::stream::pending())),
		Manner::Cut => Body::from_stream(first.chain(futures::stream::iter([Err(io::Error::other("cut"))]))),
		Manner::Retag => {
			script.manifest.fetch_add(1, Ordering::SeqCst);
			script.answer.into()
		}
	};
	Response::builder().status(script.status).body(body).unwrap()
}

async fn embedded(State(script): State<Script>, Json(body): Json<Value>) -> (StatusCode, String) {
	script.asked.lock().unwrap().push(body);
	if matches!(script.manner, Manner::Retag) {
		script.manifest.fetch_add(1, Ordering::SeqCst);
	}
	(script.status, script.answer)
}

async fn tags(State(script): State<Script>) -> Json<Value> {
	let digest = script.manifest.load(Ordering::SeqCst).to_string();
	Json(json!({ "models": [{ "name": "tiny:latest", "digest": digest }] }))
}

async fn show(State(script): State<Script>, Json(body): Json<Value>) -> Json<Value> {
	script.shows.fetch_add(1, Ordering::SeqCst);
	let info = json!({
		"tokenizer.ggml.model": "llama",
		"tokenizer.ggml.tokens": ["<s>", "4", "2", "\u{2581}"],
		"tokenizer.ggml.token_type": [3, 1, 1, 1],
	});
	let info = if body["verbose"] == true { info } else { json!({}) };
	// The first manifest is that of the file, all later ones of others.
	let file = if script.manifest.load(Ordering::SeqCst) == 0 { DIGEST } else { H256::repeat_byte(1) };
	let modelfile = format!("# FROM tiny\nFROM /x/blobs/sha256-{}\n", hex::encode(file));
	Json(json!({ "modelfile": modelfile, "model_info": info }))
}

async fn server(status: StatusCode, answer: &str) -> (Ollama, Script) {
	let script = Script::new(status, answer);
	(Ollama::new(script.clone().serve().await).unwrap(), script)
}

fn request(text: &str) -> Request {
	let sampling = Sampling::greedy(8);
	Request { digest: DIGEST, context_length: 512, input: text.into(), prompt: Prompt::Chat, sampling, seed: u64::MAX }
}

const ANSWER: &str = r#"{"message":{"content":"4"},"done":false,"logprobs":[{"token":"4","logprob":-0.5,"bytes":[52]}]}
{"message":{"content":"2"},"done":false,"logprobs":[{"token":"2","logprob":-0.25,"bytes":[50]}]}
{"message":{"content":""},"done":true,"done_reason":"stop","prompt_eval_count":21,"prompt_eval_duration":1900000,"eval_count":3,"eval_duration":1400000,"total_duration":9000000,"load_duration":5000000}
"#;

#[test]
fn form_should_be_asked_for_with_its_properties_in_order() {
	let schema = r#"{"type":"object","properties":{"why":{"type":"string"},"answer":{"type":"integer"}}}"#;
	for (form, format) in [(Form::of_schema(schema).unwrap(), schema), (Form::Json, "\"json\"")] {
		let said = Said::Messages(vec![Message::new(Role::User, "hi")], Some(form));
		let body = api::body(&request("hi"), "tiny", &said, &Options::default());
		let text = serde_json::to_string(&Formed::new(&body, &said)).unwrap();
		assert!(text.contains(&format!(r#""format":{format}"#)), "{text}");
		assert_eq!(serde_json::from_str::<Value>(&text).unwrap()["messages"][0]["content"], "hi");
	}
}

async fn code_of(status: StatusCode, answer: &str, request: Request) -> FailCode {
	let (engine, _) = server(status, answer).await;
	engine.generate(request, Sink::none(), CancellationToken::new()).await.unwrap_err().code
}

fn embed_request(text: &str) -> EmbedRequest {
	EmbedRequest { digest: DIGEST, context_length: 512, input: text.into() }
}

const VECTOR: &str = r#"{"model":"tiny:latest","embeddings":[[3.0,-4.0]],"total_duration":9000000,"load_duration":5000000,"prompt_eval_count":3}"#;

#[tokio::test]
async fn embedding_should_be_scaled_and_counted_when_the_server_makes_one() {
	let (engine, script) = server(StatusCode::OK, VECTOR).await;
	let answer = engine.embed(embed_request("a mill"), CancellationToken::new()).await.unwrap();
	assert_eq!(answer.output, [0.6f32.to_le_bytes(), (-0.8f32).to_le_bytes()].concat());
	assert_eq!(answer.usage, Usage { input_tokens: 3, output_tokens: 0, gpu_ms: 4 });
	let asked = script.asked.lock().unwrap().remove(0);
	assert_eq!((&asked["input"], &asked["truncate"]), (&json!(["a mill"]), &json!(false)));
	assert_eq!(asked["options"]["num_ctx"], 512);
}

#[tokio::test]
async fn embedding_should_be_refused_when_the_server_makes_none_or_changes_the_model() {
	let code = |status, answer: &str, manner| {
		let script = Script { manner, ..Script::new(status, answer) };
		async move {
			let engine = Ollama::new(script.serve().await).unwrap();
			engine.embed(embed_request("a"), CancellationToken::new()).await.unwrap_err().code
		}
	};
	let two = VECTOR.replace("[[3.0,-4.0]]", "[[1.0],[2.0]]");
	assert_eq!(code(StatusCode::OK, &two, Manner::Whole).await, FailCode::EngineError);
	assert_eq!(code(StatusCode::OK, VECTOR, Manner::Retag).await, FailCode::ModelMissing);
	let long = VECTOR.replace("\"prompt_eval_count\":3", "\"prompt_eval_count\":513");
	assert_eq!(code(StatusCode::OK, &long, Manner::Whole).await, FailCode::ContextTooLong);
	let refused = r#"{"error":"the input length exceeds the context length"}"#;
	assert_eq!(code(StatusCode::BAD_REQUEST, refused, Manner::Whole).await, FailCode::ContextTooLong);
}

#[tokio::test]
async fn answer_should_be_gathered_when_it_is_streamed() {
	let (engine, script) = server(StatusCode::OK, ANSWER).await;
	engine.health().await.unwrap();
	assert_eq!(engine.models().await.unwrap(), vec![LocalModel { digest: DIGEST, name: "tiny:latest".into() }]);
	let answer = engine.generate(request("6 * 7?"), Sink::none(), CancellationToken::new()).await.unwrap();
	assert_eq!(answer.output, b"42");
	assert_eq!(answer.usage, Usage { input_tokens: 21, output_tokens: 2, gpu_ms: 3 });
	let times = [9_000, 5_000, 1_900, 1_400].map(Duration::from_micros);
	let [total, load, prompt, answering] = times;
	assert_eq!(answer.times, Some(Times { total, load, prompt, answer: answering }));
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
	let error = engine.generate(request("hi"), Sink::none(), CancellationToken::new()).await.unwrap_err();
	assert_eq!(error.code, FailCode::EngineError);
	assert!(error.message.contains("ollama serve"), "{error}");
}

fn cut_answer() -> String {
	ANSWER.lines().next().unwrap().to_owned() + "\n"
}

#[tokio::test]
async fn client_should_be_blamed_for_a_broken_answer_only_when_the_prompt_is_proven_too_long() {
	let full = "{\"error\":\"the context size was exceeded\"}\n";
	for answer in [cut_answer(), full.to_owned()] {
		for (prompt, code) in [
			(Some(505), FailCode::ContextTooLong),
			(Some(504), FailCode::EngineError),
			(Some(0), FailCode::EngineError),
			(None, FailCode::EngineError),
		] {
			let script = Script { prompt, ..Script::new(StatusCode::OK, &answer) };
			let engine = Ollama::new(script.serve().await).unwrap();
			let error =
				engine.generate(request(&"x".repeat(500)), Sink::none(), CancellationToken::new()).await.unwrap_err();
			assert_eq!(error.code, code, "{prompt:?}: {error}");
		}
	}
}

#[tokio::test]
async fn attempt_should_fail_when_the_connection_is_cut() {
	let script = Script { manner: Manner::Cut, prompt: Some(505), ..Script::new(StatusCode::OK, &cut_answer()) };
	let engine = Ollama::new(script.serve().await).unwrap();
	let error = engine.generate(request(&"x".repeat(500)), Sink::none(), CancellationToken::new()).await.unwrap_err();
	assert_eq!(error.code, FailCode::EngineError, "{error}");
}

#[tokio::test]
async fn attempt_should_time_out_when_the_server_is_slow() {
	for answer in [String::new(), cut_answer()] {
		let script = Script { manner: Manner::Stall, ..Script::new(StatusCode::OK, &answer) };
		let options = Options { timeout: Some(Duration::from_secs(1)), ..script.serve().await };
		let error = Ollama::new(options)
			.unwrap()
			.generate(request("hi"), Sink::none(), CancellationToken::new())
			.await
			.unwrap_err();
		assert_eq!(error.code, FailCode::Timeout, "{error}");
	}
}

#[tokio::test]
async fn attempt_should_fail_when_the_server_answers_with_an_error() {
	for said in ["Internal Server Error", "{\"error\":\"boom\"}"] {
		assert_eq!(code_of(StatusCode::INTERNAL_SERVER_ERROR, said, request("hi")).await, FailCode::EngineError);
	}
}

#[tokio::test]
async fn answer_should_be_refused_when_it_is_another_models() {
	let other = ANSWER.replace("{\"message\"", "{\"model\":\"huge\",\"message\"");
	assert_eq!(code_of(StatusCode::OK, &other, request("hi")).await, FailCode::ModelMissing);
	let own = ANSWER.replace("{\"message\"", "{\"model\":\"tiny:latest\",\"message\"");
	let (engine, _) = server(StatusCode::OK, &own).await;
	engine.generate(request("hi"), Sink::none(), CancellationToken::new()).await.unwrap();
}

#[tokio::test]
async fn answer_should_be_refused_when_the_name_got_another_file_meanwhile() {
	let script = Script { manner: Manner::Retag, ..Script::new(StatusCode::OK, ANSWER) };
	let engine = Ollama::new(script.clone().serve().await).unwrap();
	let error = engine.generate(request("hi"), Sink::none(), CancellationToken::new()).await.unwrap_err();
	assert_eq!(error.code, FailCode::ModelMissing, "{error}");
	// And the next job is not even begun.
	let asked = script.asked.lock().unwrap().len();
	let error = engine.generate(request("hi"), Sink::none(), CancellationToken::new()).await.unwrap_err();
	assert_eq!((error.code, script.asked.lock().unwrap().len()), (FailCode::ModelMissing, asked));
}

#[tokio::test]
async fn streamed_answer_should_be_refused_when_the_list_that_it_began_with_is_out_of_date() {
	// Word by word, and all of it in its last line.
	let at_once =
		ANSWER.lines().next().unwrap().replace("\"done\":false", "\"done\":true,\"prompt_eval_count\":21") + "\n";
	for answer in [ANSWER, &at_once] {
		let (engine, script) = server(StatusCode::OK, answer).await;
		engine.models().await.unwrap();
		script.manifest.fetch_add(1, Ordering::SeqCst);
		let (sink, _pieces) = Sink::bounded(8);
		let error = engine.generate(request("hi"), sink, CancellationToken::new()).await.unwrap_err();
		assert_eq!((error.code, script.asked.lock().unwrap().len()), (FailCode::ModelMissing, 1), "{error}");
	}
}

#[tokio::test]
async fn answer_should_be_whole_when_the_server_says_its_last_word_and_does_not_hang_up() {
	let script = Script { manner: Manner::Stall, ..Script::new(StatusCode::OK, ANSWER) };
	let options = Options { timeout: Some(Duration::from_secs(60)), ..script.serve().await };
	let generate = Ollama::new(options).unwrap();
	let generate = generate.generate(request("hi"), Sink::none(), CancellationToken::new());
	let answer = tokio::time::timeout(Duration::from_secs(30), generate).await.unwrap().unwrap();
	assert_eq!(answer.output, b"42");
}

#[tokio::test]
async fn model_should_be_looked_at_once_when_its_manifest_stays() {
	let (engine, script) = server(StatusCode::OK, ANSWER).await;
	for _ in 0..3 {
		engine.generate(request("hi"), Sink::none(), CancellationToken::new()).await.unwrap();
	}
	// One for the file, one for the vocabulary.
	assert_eq!(script.shows.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn server_should_be_told_how_long_to_keep_a_model_when_that_is_configured() {
	let script = Script::new(StatusCode::OK, ANSWER);
	let options = script.clone().serve().await;
	for (keep_alive, sent) in [
		(None, Value::Null),
		(Some(KeepAlive::Seconds(-1)), json!(-1)),
		(Some(KeepAlive::Text("30m".into())), json!("30m")),
	] {
		let engine = Ollama::new(Options { keep_alive, ..options.clone() }).unwrap();
		engine.generate(request("hi"), Sink::none(), CancellationToken::new()).await.unwrap();
		assert_eq!(script.asked.lock().unwrap().last().unwrap()["keep_alive"], sent);
	}
}
