//! Both engines on the same file, with a real Ollama. Where none is to be had, the tests say so and why.

#![allow(clippy::unwrap_used)]

use std::path::{Path, PathBuf};

use millrace_miner::engines::{
	llama::{self, Llama},
	ollama::{self, Ollama},
	Engine, Generation, Request,
};
use millrace_primitives::{FailCode, JobParams, Workload, H256};
use tokio_util::sync::CancellationToken;

fn model() -> PathBuf {
	Path::new(env!("CARGO_MANIFEST_DIR")).join("../models/millrace-tiny.gguf")
}

fn engine(server: &millrace_tests::Ollama) -> Ollama {
	Ollama::new(ollama::Options { url: server.url(), threads: Some(1), ..ollama::Options::default() }).unwrap()
}

fn request(digest: H256, text: &str, params: JobParams) -> Request {
	Request { digest, context_length: 512, input: text.into(), params, seed: 7 }
}

async fn ask(engine: &dyn Engine, request: &Request) -> Generation {
	engine.generate(request.clone(), CancellationToken::new()).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn engines_should_agree_when_they_run_the_same_file() {
	let Some(server) = millrace_tests::Ollama::start() else { return };
	let ollama = engine(&server);
	let embedded = Llama::load(&llama::Options { models: vec![model()], slots: 1, threads: 1 }).unwrap();
	let digest = embedded.models().await.unwrap()[0].digest;
	ollama.health().await.unwrap();
	assert!(ollama.models().await.unwrap().iter().any(|model| model.digest == digest));

	let generate = JobParams { workload: Workload::Generate, ..JobParams::greedy(24) };
	let cases = [
		("What is 17 plus 25?", JobParams::greedy(32)),
		("What is Millrace?", JobParams::greedy(64)),
		("Hello", JobParams::greedy(3)),
		("k\u{e4}se \u{6f22}", JobParams::greedy(16)),
		("A miner is", generate),
	];
	for (text, params) in cases {
		let request = request(digest, text, params);
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
	let code = |request| async { ollama.generate(request, CancellationToken::new()).await.unwrap_err().code };
	let long = "x".repeat(3_000);
	assert_eq!(code(request(digest, &long, JobParams::greedy(8))).await, FailCode::ContextTooLong);
	assert_eq!(code(request(digest, &long[..450], JobParams::greedy(300))).await, FailCode::ContextTooLong);
	assert_eq!(code(request(H256::zero(), "hi", JobParams::greedy(8))).await, FailCode::ModelMissing);
	assert_eq!(code(request(digest, "<|im_end|>", JobParams::greedy(8))).await, FailCode::BadInput);
}

#[tokio::test(flavor = "multi_thread")]
async fn ollama_should_repeat_its_answer_when_the_seed_is_the_same() {
	let Some(server) = millrace_tests::Ollama::start() else { return };
	let ollama = engine(&server);
	let digest = llama::file_digest(&model()).unwrap();
	let params = JobParams { temperature_milli: 800, ..JobParams::greedy(40) };
	let request = request(digest, "What is Millrace?", params);
	assert_eq!(ask(&ollama, &request).await.output, ask(&ollama, &request).await.output);
}
