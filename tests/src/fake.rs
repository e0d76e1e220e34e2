//! A server that speaks as Ollama does and fails on command.

use std::{io, sync::Arc, time::Duration};

use axum::{
	body::Body,
	extract::State,
	http::{Response, StatusCode},
	routing::{get, post},
	serve::ListenerExt,
	Json, Router,
};
use futures::{stream, Stream};
use millrace_primitives::H256;
use serde_json::{json, Value};
use tokio::{
	net::TcpListener,
	sync::{mpsc, watch},
	task::JoinHandle,
};

use crate::PATIENCE;

/// The only model that it lists.
const NAME: &str = "fake:latest";

/// What it says to a request for an answer.
#[derive(Clone, Debug)]
pub enum Say {
	/// Nothing, until it is told to say something else.
	Nothing,
	/// This text, as one token per piece.
	Answer(Vec<String>),
	/// The same, with a pause of so many milliseconds before each token.
	Slowly(Vec<String>, u64),
	/// The same as another model's words.
	AsAnother(Vec<String>),
	/// The first piece, and then it closes the connection.
	Broken(Vec<String>),
	/// An HTTP status without anything that makes sense.
	Status(u16),
	/// Bytes that are no JSON.
	Garbage,
}

impl Say {
	/// An answer of one token.
	pub fn answer(text: &str) -> Self {
		Self::Answer(vec![text.into()])
	}
}

struct Shared {
	digest: H256,
	say: watch::Sender<Say>,
	/// How many answers it was asked for.
	asked: watch::Sender<usize>,
}

/// The server; it ends when dropped.
pub struct FakeOllama {
	url: String,
	shared: Arc<Shared>,
	task: JoinHandle<()>,
}

impl FakeOllama {
	/// Starts it with a model that was made from the file with this digest.
	pub async fn start(digest: H256, say: Say) -> Self {
		let shared = Arc::new(Shared { digest, say: watch::Sender::new(say), asked: watch::Sender::new(0) });
		let router = Router::new()
			.route("/api/version", get(|| async { Json(json!({ "version": "0.17.4" })) }))
			.route("/api/tags", get(|| async { Json(json!({ "models": [{ "name": NAME, "digest": "1" }] })) }))
			.route("/api/show", post(show))
			.route("/api/chat", post(chat))
			// A miner takes the text from either place.
			.route("/api/generate", post(chat))
			.with_state(shared.clone());
		let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
		let url = format!("http://{}", listener.local_addr().unwrap());
		// As Ollama's server does; else a small piece waits for the last one to be acknowledged.
		let listener = listener.tap_io(|stream| stream.set_nodelay(true).unwrap());
		let task = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
		Self { url, shared, task }
	}

	/// Its address.
	pub fn url(&self) -> String {
		self.url.clone()
	}

	/// Says this from now on, also to those that wait for an answer.
	pub fn say(&self, say: Say) {
		self.shared.say.send_replace(say);
	}

	/// Waits until it was asked for so many answers.
	pub async fn asked(&self, times: usize) {
		let mut asked = self.shared.asked.subscribe();
		let waited = tokio::time::timeout(PATIENCE, asked.wait_for(|asked| *asked >= times)).await;
		waited.expect("it is asked in time").expect("it lives");
	}

	/// How many answers it was asked for.
	pub fn times(&self) -> usize {
		*self.shared.asked.borrow()
	}
}

impl Drop for FakeOllama {
	fn drop(&mut self) {
		self.task.abort();
	}
}

// As Ollama, it does not look at the content type.
async fn show(State(shared): State<Arc<Shared>>) -> Json<Value> {
	let info = json!({
		"tokenizer.ggml.model": "llama",
		"tokenizer.ggml.tokens": ["<s>", "4", "2", "\u{2581}"],
		"tokenizer.ggml.token_type": [3, 1, 1, 1],
	});
	let file = hex::encode(shared.digest);
	Json(json!({ "modelfile": format!("FROM /x/blobs/sha256-{file}\n"), "model_info": info }))
}

async fn chat(State(shared): State<Arc<Shared>>) -> Response<Body> {
	shared.asked.send_modify(|asked| *asked += 1);
	let mut says = shared.say.subscribe();
	let say = match says.wait_for(|say| !matches!(say, Say::Nothing)).await {
		Ok(say) => say.clone(),
		// The server is gone.
		Err(_) => Say::Status(503),
	};
	let (body, status) = match say {
		Say::Answer(pieces) => (Body::from(lines(&pieces, NAME).concat()), 200),
		Say::AsAnother(pieces) => (Body::from(lines(&pieces, "other:latest").concat()), 200),
		Say::Slowly(pieces, millis) => {
			(Body::from_stream(slowly(lines(&pieces, NAME), Duration::from_millis(millis))), 200)
		}
		Say::Broken(pieces) => {
			let first = lines(&pieces, NAME).into_iter().take(1).map(Ok);
			let broken = first.chain([Err(io::Error::other("broken"))]);
			(Body::from_stream(stream::iter(broken)), 200)
		}
		Say::Garbage => (Body::from("\u{0}\u{1}<html>\n{\"done\": tru\n"), 200),
		Say::Status(status) => (Body::from("<html>no</html>"), status),
		Say::Nothing => unreachable!("it waits for something to say"),
	};
	Response::builder().status(StatusCode::from_u16(status).unwrap()).body(body).unwrap()
}

/// Each line after a pause. A thread of its own waits: the asynchronous runtime counts in whole milliseconds of its own, so that
/// what somebody adds to an answer would vanish or be rounded up.
fn slowly(lines: Vec<String>, pause: Duration) -> impl Stream<Item = io::Result<String>> + Send {
	let (say, mut said) = mpsc::unbounded_channel();
	std::thread::spawn(move || {
		for line in lines {
			std::thread::sleep(pause);
			if say.send(Ok(line)).is_err() {
				return;
			}
		}
	});
	stream::poll_fn(move |context| said.poll_recv(context))
}

/// The lines of a streamed answer.
fn lines(pieces: &[String], model: &str) -> Vec<String> {
	let token = |piece: &String| {
		json!({
			"model": model,
			"message": { "content": piece },
			"done": false,
			"logprobs": [{ "token": piece, "logprob": -0.5, "bytes": piece.as_bytes() }],
		})
	};
	let last = json!({
		"model": model,
		"message": { "content": "" },
		"done": true,
		"done_reason": "stop",
		"prompt_eval_count": 8,
		"prompt_eval_duration": 2_000_000,
		"eval_count": pieces.len() + 1,
		"eval_duration": 3_000_000,
	});
	pieces.iter().map(token).chain([last]).map(|line| format!("{line}\n")).collect()
}
