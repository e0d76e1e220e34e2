//! Both engines on the same file, with a real Ollama. Where none is to be had, the tests say so and why.

#![allow(clippy::unwrap_used)]

use std::{
	path::{Path, PathBuf},
	sync::Arc,
};

use millrace_miner::engines::{
	llama::{self, Llama},
	ollama::{self, Ollama},
	openai::{self, Openai},
	several::Engines,
	sink::Sink,
	Engine, EngineError, Generation, Order, Prompt, Request,
};
use millrace_primitives::{FailCode, Sampling, H256};
use millrace_tests::ollama::MODEL;
use tokio::{
	io::{AsyncReadExt, AsyncWriteExt},
	net::{TcpListener, TcpStream},
};
use tokio_util::sync::CancellationToken;

fn model() -> PathBuf {
	Path::new(env!("CARGO_MANIFEST_DIR")).join("../models/millrace-tiny.gguf")
}

fn engine(server: &millrace_tests::Ollama) -> Ollama {
	Ollama::new(ollama::Options { url: server.url(), threads: Some(1), ..ollama::Options::default() }).unwrap()
}

fn request(digest: H256, text: &str, sampling: Sampling) -> Request {
	Request { digest, context_length: 512, input: text.into(), prompt: Prompt::Chat, sampling, seed: 7 }
}

async fn ask(engine: &dyn Engine, request: &Request) -> Generation {
	engine.generate(request.clone(), Sink::none(), CancellationToken::new()).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn engines_should_agree_when_they_run_the_same_file() {
	let Some(server) = millrace_tests::Ollama::start() else { return };
	let ollama = engine(&server);
	let embedded = Llama::load(&llama::Options { models: vec![model()], slots: 1, threads: 1 }).unwrap();
	let digest = embedded.models().await.unwrap()[0].digest;
	ollama.health().await.unwrap();
	assert!(ollama.models().await.unwrap().iter().any(|model| model.digest == digest));

	let cases = [
		("What is 17 plus 25?", Sampling::greedy(32)),
		("What is Millrace?", Sampling::greedy(64)),
		("Hello", Sampling::greedy(3)),
		("k\u{e4}se \u{6f22}", Sampling::greedy(16)),
	];
	let plain = Request { prompt: Prompt::Generate, ..request(digest, "A miner is", Sampling::greedy(24)) };
	let cases = cases.into_iter().map(|(text, sampling)| (text, request(digest, text, sampling)));
	for (text, request) in cases.chain([("A miner is", plain)]) {
		let (ours, theirs) = (ask(&embedded, &request).await, ask(&ollama, &request).await);
		assert_eq!(String::from_utf8_lossy(&ours.output), String::from_utf8_lossy(&theirs.output), "{text}");
		assert_eq!(ours.usage.input_tokens, theirs.usage.input_tokens, "{text}");
		assert_eq!(ours.usage.output_tokens, theirs.usage.output_tokens, "{text}");
		assert_eq!(ours.transcript.len(), theirs.transcript.len(), "{text}");
		for (a, b) in ours.transcript.iter().zip(&theirs.transcript) {
			assert_eq!((a.token, &a.bytes), (b.token, &b.bytes), "{text}");
			assert!(a.logprob.abs_diff(b.logprob) < 50_000, "{text}: {} and {}", a.logprob, b.logprob);
		}
	}
}

#[tokio::test(flavor = "multi_thread")]
async fn ollama_should_fail_honestly_when_it_cannot_answer() {
	let Some(server) = millrace_tests::Ollama::start() else { return };
	let ollama = engine(&server);
	let digest = llama::file_digest(&model()).unwrap();
	let code =
		|request| async { ollama.generate(request, Sink::none(), CancellationToken::new()).await.unwrap_err().code };
	let long = "x".repeat(3_000);
	assert_eq!(code(request(digest, &long, Sampling::greedy(8))).await, FailCode::ContextTooLong);
	assert_eq!(code(request(digest, &long[..450], Sampling::greedy(300))).await, FailCode::ContextTooLong);
	assert_eq!(code(request(H256::zero(), "hi", Sampling::greedy(8))).await, FailCode::ModelMissing);
	assert_eq!(code(request(digest, "<|im_end|>", Sampling::greedy(8))).await, FailCode::BadInput);
}

#[tokio::test(flavor = "multi_thread")]
async fn ollama_should_repeat_its_answer_when_the_seed_is_the_same() {
	let Some(server) = millrace_tests::Ollama::start() else { return };
	let ollama = engine(&server);
	let digest = llama::file_digest(&model()).unwrap();
	let sampling = Sampling { temperature_milli: 800, ..Sampling::greedy(40) };
	let request = request(digest, "What is Millrace?", sampling);
	assert_eq!(ask(&ollama, &request).await.output, ask(&ollama, &request).await.output);
}

/// The address of something that passes bytes between clients and `server`, and calls `act` as soon as an answer has
/// begun.
async fn once_answering(server: &str, act: impl Fn() + Clone + Send + 'static) -> String {
	let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
	let url = format!("http://{}", listener.local_addr().unwrap());
	let server = server.trim_start_matches("http://").to_owned();
	tokio::spawn(async move {
		loop {
			let (client, _) = listener.accept().await.unwrap();
			let upstream = TcpStream::connect(&server).await.unwrap();
			let (mut from_client, mut to_client) = client.into_split();
			let (mut from_server, mut to_server) = upstream.into_split();
			tokio::spawn(async move { tokio::io::copy(&mut from_client, &mut to_server).await });
			let act = act.clone();
			tokio::spawn(async move {
				let mut piece = vec![0; 1 << 16];
				while let Ok(read @ 1..) = from_server.read(&mut piece).await {
					// Both of Ollama's interfaces give a token's log-probability so, and nothing else.
					if piece[..read].windows(9).any(|window| window == b"\"logprob\"") {
						act();
					}
					if to_client.write_all(&piece[..read]).await.is_err() {
						return;
					}
				}
			});
		}
	});
	url
}

/// Slow: more threads than cores, which wait for each other.
fn too_many_threads() -> usize {
	4 * std::thread::available_parallelism().unwrap().get()
}

fn slow(url: String) -> ollama::Options {
	ollama::Options { url, threads: Some(too_many_threads()), ..ollama::Options::default() }
}

/// For all that its bytes tell, this could be more than the context.
fn long_answer() -> Request {
	request(llama::file_digest(&model()).unwrap(), "What is Millrace?", Sampling::greedy(400))
}

#[tokio::test(flavor = "multi_thread")]
async fn attempt_should_fail_by_the_engine_when_its_runner_is_killed_in_the_middle() {
	let Some(server) = millrace_tests::Ollama::start() else { return };
	let server = Arc::new(server);
	server.create("slow:latest", &model().canonicalize().unwrap(), too_many_threads());
	let killed = server.clone();
	let url = once_answering(&server.url(), move || killed.kill_runners()).await;
	let engines: [Box<dyn Engine>; 2] =
		[Box::new(Ollama::new(slow(url.clone())).unwrap()), Box::new(openai(&url, "slow:latest", None))];
	for slow in engines {
		let error = slow.generate(long_answer(), Sink::none(), CancellationToken::new()).await.unwrap_err();
		assert_eq!(error.code, FailCode::EngineError, "{}: {error}", slow.kind());
	}
	// The server itself is well, and answers the next one.
	ask(&engine(&server), &request(long_answer().digest, "Hello", Sampling::greedy(3))).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn attempt_should_time_out_when_ollama_is_slower_than_it_may_be() {
	let Some(server) = millrace_tests::Ollama::start() else { return };
	let timeout = Some(std::time::Duration::from_millis(50));
	let engine = Ollama::new(ollama::Options { timeout, ..slow(server.url()) }).unwrap();
	let error = engine.generate(long_answer(), Sink::none(), CancellationToken::new()).await.unwrap_err();
	assert_eq!(error.code, FailCode::Timeout, "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn ollama_should_not_answer_when_its_name_got_another_file() {
	let Some(server) = millrace_tests::Ollama::start() else { return };
	let ollama = engine(&server);
	let request = request(llama::file_digest(&model()).unwrap(), "What is 1 plus 2?", Sampling::greedy(16));
	let answer = ask(&ollama, &request).await;
	let times = answer.times.unwrap();
	assert!(times.total > times.answer && !times.prompt.is_zero(), "{times:?}");

	let folder = tempfile::tempdir().unwrap();
	let other = folder.path().join("other.gguf");
	let mut bytes = std::fs::read(model()).unwrap();
	bytes.extend([0; 32]);
	std::fs::write(&other, bytes).unwrap();
	server.create(MODEL, &other, 1);
	let missing = |error: EngineError| assert_eq!(error.code, FailCode::ModelMissing, "{error}");
	missing(ollama.generate(request.clone(), Sink::none(), CancellationToken::new()).await.unwrap_err());
	let of_other = Request { digest: llama::file_digest(&other).unwrap(), ..request.clone() };
	assert_eq!(ask(&ollama, &of_other).await.output, answer.output);
	server.remove(MODEL);
	missing(ollama.generate(of_other, Sink::none(), CancellationToken::new()).await.unwrap_err());
}

fn openai(url: &str, name: &str, file: Option<PathBuf>) -> Openai {
	let digest = llama::file_digest(&model()).unwrap();
	let models = vec![openai::Served { name: name.into(), digest, file }];
	let (api_key_file, api_key_env) = (None, None);
	let settings = openai::Settings { url: url.into(), api_key_file, api_key_env, models, timeout_secs: None };
	Openai::new(&settings).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn openai_should_agree_with_llama_when_they_run_the_same_file() {
	let Some(server) = millrace_tests::Ollama::start() else { return };
	let openai = self::openai(&server.url(), MODEL, Some(model()));
	let embedded = Llama::load(&llama::Options { models: vec![model()], slots: 1, threads: 1 }).unwrap();
	openai.health().await.unwrap();
	assert_eq!(openai.models().await.unwrap()[0].name, MODEL);
	let digest = embedded.models().await.unwrap()[0].digest;
	for (text, max_tokens) in
		[("What is 17 plus 25?", 32), ("What is Millrace?", 64), ("Hello", 3), ("k\u{e4}se \u{6f22}", 16)]
	{
		let request = request(digest, text, Sampling::greedy(max_tokens));
		let (ours, theirs) = (ask(&embedded, &request).await, ask(&openai, &request).await);
		assert_eq!(String::from_utf8_lossy(&ours.output), String::from_utf8_lossy(&theirs.output), "{text}");
		assert_eq!(ours.usage.input_tokens, theirs.usage.input_tokens, "{text}");
		assert_eq!(ours.usage.output_tokens, theirs.usage.output_tokens, "{text}");
		assert_eq!(ours.transcript.len(), theirs.transcript.len(), "{text}");
		for (a, b) in ours.transcript.iter().zip(&theirs.transcript) {
			assert_eq!((a.token, &a.bytes), (b.token, &b.bytes), "{text}");
			assert!(a.logprob.abs_diff(b.logprob) < 50_000, "{text}: {} and {}", a.logprob, b.logprob);
			assert_eq!(a.top.len(), b.top.len(), "{text}");
		}
	}
}

#[tokio::test(flavor = "multi_thread")]
async fn openai_should_fail_honestly_when_it_cannot_answer() {
	let Some(mut server) = millrace_tests::Ollama::start() else { return };
	let openai = self::openai(&server.url(), MODEL, Some(model()));
	let digest = llama::file_digest(&model()).unwrap();
	let fail = |request| async { openai.generate(request, Sink::none(), CancellationToken::new()).await.unwrap_err() };
	let long = "x".repeat(3_000);
	assert_eq!(fail(request(digest, &long, Sampling::greedy(8))).await.code, FailCode::ContextTooLong);
	assert_eq!(fail(request(H256::zero(), "hi", Sampling::greedy(8))).await.code, FailCode::ModelMissing);
	assert_eq!(fail(request(digest, "<|im_end|>", Sampling::greedy(8))).await.code, FailCode::BadInput);
	// Ollama wraps the text in a template here, and gives no log-probabilities: the latter is seen.
	let mut generate = request(digest, "A miner is", Sampling::greedy(8));
	generate.prompt = Prompt::Generate;
	let error = fail(generate).await;
	assert!(error.code == FailCode::EngineError && error.message.contains("log-probabilities"), "{error}");
	server.remove(MODEL);
	assert_eq!(fail(request(digest, "hi", Sampling::greedy(8))).await.code, FailCode::ModelMissing);
	server.kill();
	assert_eq!(openai.health().await.unwrap_err().code, FailCode::EngineError);
	assert_eq!(fail(request(digest, "hi", Sampling::greedy(8))).await.code, FailCode::EngineError);
}

#[tokio::test(flavor = "multi_thread")]
async fn next_engine_should_answer_when_the_first_goes_away() {
	let Some(mut first) = millrace_tests::Ollama::start() else { return };
	let Some(second) = millrace_tests::Ollama::start() else { return };
	let engines = Engines::new(vec![
		Arc::new(engine(&first)),
		Arc::new(openai(&second.url(), MODEL, None)),
		Arc::new(engine(&second)),
	]);
	let request = request(llama::file_digest(&model()).unwrap(), "What is 2 plus 3?", Sampling::greedy(16));
	let order = Order::Generate(request.clone());
	let cancel = CancellationToken::new();
	let (kind, answer) =
		engines.work(&order, &Sink::none(), &cancel, |_, _| panic!("none is passed over")).await.unwrap();
	assert_eq!(kind, "ollama");
	first.kill();
	let mut passed = Vec::new();
	let (kind, same) =
		engines.work(&order, &Sink::none(), &cancel, |kind, error| passed.push((kind, error.code))).await.unwrap();
	assert_eq!((kind, &passed[..]), ("openai", &[("ollama", FailCode::EngineError)][..]));
	assert_eq!(same.output, answer.output);
	// Another file is none of theirs.
	let other = Order::Generate(Request { digest: H256::zero(), ..request });
	let error = engines.work(&other, &Sink::none(), &cancel, |_, _| {}).await.unwrap_err();
	assert_eq!(error.code, FailCode::EngineError, "the first one may have had it: {error}");
	second.remove(MODEL);
	passed.clear();
	engines.work(&order, &Sink::none(), &cancel, |kind, error| passed.push((kind, error.code))).await.unwrap_err();
	assert_eq!(passed[1..], [("openai", FailCode::ModelMissing), ("ollama", FailCode::ModelMissing)]);
}
