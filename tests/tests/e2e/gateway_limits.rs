//! What the gateway does with clients that send nonsense, too much or too slowly, or that do not read: by raw sockets.

use std::{net::SocketAddr, os::fd::AsRawFd, time::Duration};

use millrace_client::channel;
use millrace_primitives::{Balance, Rate, MILL};
use millrace_tests::{miner::Engine, Gateway, Say, World, PATIENCE};
use reqwest::{Client, StatusCode};
use serde_json::{json, Value};
use tokio::{
	io::{AsyncReadExt, AsyncWriteExt},
	net::{TcpSocket, TcpStream},
	time::timeout,
};

use super::gateway_channels::{user, SUM};

/// Between two bytes of somebody slow.
const NOW_AND_THEN: Duration = Duration::from_millis(100);

fn address(gateway: &Gateway) -> SocketAddr {
	gateway.root().strip_prefix("http://").unwrap().parse().unwrap()
}

async fn connect(gateway: &Gateway) -> TcpStream {
	TcpStream::connect(address(gateway)).await.unwrap()
}

/// A request with this body, after which the connection is to end.
fn post(path: &str, body: &[u8]) -> Vec<u8> {
	let head = format!(
		"POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\nconnection: close\r\n\
		 content-length: {}\r\n\r\n",
		body.len()
	);
	[head.as_bytes(), body].concat()
}

/// All that still comes until the gateway ends the connection.
async fn rest(mut stream: TcpStream) -> String {
	let mut bytes = Vec::new();
	let read = timeout(PATIENCE, stream.read_to_end(&mut bytes)).await.expect("the gateway ends the connection");
	// One that is reset has ended, too.
	drop(read);
	String::from_utf8_lossy(&bytes).into_owned()
}

async fn said(gateway: &Gateway, bytes: &[u8]) -> String {
	let mut stream = connect(gateway).await;
	stream.write_all(bytes).await.unwrap();
	rest(stream).await
}

/// Writes these bytes one by one until the gateway ends the connection; how many it wrote, and what came back.
async fn slowly(stream: &mut TcpStream, bytes: &[u8]) -> (usize, String) {
	let (mut written, mut heard, mut piece) = (0, Vec::new(), [0; 1_024]);
	for byte in bytes {
		match timeout(NOW_AND_THEN, stream.read(&mut piece)).await {
			Ok(Ok(read @ 1..)) => heard.extend_from_slice(&piece[..read]),
			// The end, or a reset.
			Ok(_) => break,
			// It fails where the connection has ended, which the next turn sees.
			Err(_) => drop(stream.write_all(&[*byte]).await),
		}
		written += 1;
	}
	(written, String::from_utf8_lossy(&heard).into_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn request_should_be_refused_when_its_bytes_make_no_sense() {
	let world = World::empty().await;
	let gateway = Gateway::open(&world.node, &["--max-body-bytes", "4096"]);
	let long = format!("GET / HTTP/1.1\r\nhost: localhost\r\nx: {}\r\n\r\n", "x".repeat(300_000));
	let foreign = b"GET /v1/models/%ff HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
	for (bytes, status, word) in [
		(post("/v1/chat/completions", b"{\"model\": "), "400", "can't be understood"),
		(post("/v1/chat/completions", b"{\"model\": \"\xff\"}"), "400", "can't be understood"),
		(post("/api/chat", b"[1"), "400", "can't be understood"),
		(post("/v1/jobs", br#"{"model": "0", "input": "hi", "colour": "red"}"#), "400", "colour"),
		(post("/v1/embeddings", &[b' '; 4_097]), "413", "request_too_large"),
		(post("/api/generate", &[b' '; 4_097]), "413", "error"),
		(foreign.to_vec(), "400", ""),
		(b"\x16\x03\x01\x02\x00\x01\r\n\r\n".to_vec(), "400", ""),
		(b"POST /v1/jobs HTTP/1.1\r\ncontent-length: many\r\n\r\n".to_vec(), "400", ""),
		(long.into_bytes(), "431", ""),
	] {
		let answer = said(&gateway, &bytes).await;
		let shown = String::from_utf8_lossy(&bytes[..bytes.len().min(120)]).into_owned();
		assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")) && answer.contains(word), "{shown}\n{answer}");
	}
	// One that never says how long it is.
	let chunk = format!("400\r\n{}\r\n", "x".repeat(0x400));
	let head =
		"POST /v1/jobs HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n";
	let answer = said(&gateway, format!("{head}\r\n{}", chunk.repeat(5)).as_bytes()).await;
	assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
}

/// What a request gets that has to wait for the only place; it is not cut off itself.
async fn place_is_free(gateway: &Gateway) {
	let healthy = timeout(PATIENCE, reqwest::get(format!("{}/healthz", gateway.root()))).await;
	let healthy = healthy.expect("the place is free again").unwrap();
	assert_eq!(healthy.status(), StatusCode::OK);
}

#[tokio::test(flavor = "multi_thread")]
async fn place_should_be_free_again_when_a_client_takes_too_long_to_send() {
	let world = World::empty().await;
	let gateway = Gateway::open(&world.node, &["--read-secs", "1", "--max-connections", "1"]);
	let body = [b' '; 900];
	let request = post("/v1/jobs", &body);
	let head = &request[..request.len() - body.len()];

	let silent = connect(&gateway).await;
	place_is_free(&gateway).await;
	assert_eq!(rest(silent).await, "");

	let mut slow = connect(&gateway).await;
	let (written, answer) = slowly(&mut slow, head).await;
	assert!(written < head.len() && answer.is_empty(), "after {written} of {} bytes of a head: {answer}", head.len());
	place_is_free(&gateway).await;

	let mut slow = connect(&gateway).await;
	slow.write_all(head).await.unwrap();
	let (written, answer) = slowly(&mut slow, &body).await;
	assert!(written < body.len(), "the whole body was waited for");
	assert!(answer.starts_with("HTTP/1.1 408 ") && answer.contains("request_timeout"), "{answer}");
	place_is_free(&gateway).await;
}

/// A connection whose buffers hold little, so that who does not read is noticed soon.
async fn narrow(gateway: &Gateway) -> TcpStream {
	let socket = TcpSocket::new_v4().unwrap();
	socket.set_recv_buffer_size(4_096).unwrap();
	let most: libc::c_int = 536;
	let (level, name, len) = (libc::IPPROTO_TCP, libc::TCP_MAXSEG, size_of_val(&most) as libc::socklen_t);
	// SAFETY: the descriptor is open, and the value is as long as it is said to be and lives until the call returns.
	let set = unsafe { libc::setsockopt(socket.as_raw_fd(), level, name, (&raw const most).cast(), len) };
	assert_eq!(set, 0, "{}", std::io::Error::last_os_error());
	socket.connect(address(gateway)).await.unwrap()
}

/// Waits until the gateway's metrics have this line.
async fn counted(gateway: &Gateway, line: &str) {
	let end = tokio::time::Instant::now() + PATIENCE;
	loop {
		let request = Client::new().get(format!("{}/metrics", gateway.root())).bearer_auth(gateway.api_key());
		let metrics = request.send().await.unwrap().text().await.unwrap();
		if metrics.lines().any(|found| found == line) {
			return;
		}
		assert!(tokio::time::Instant::now() < end, "{line} is not in\n{metrics}");
		tokio::time::sleep(NOW_AND_THEN).await;
	}
}

#[tokio::test(flavor = "multi_thread")]
async fn answer_should_be_stopped_and_paid_up_to_there_when_its_reader_does_not_read() {
	const PRICE: Balance = MILL / 10_000;
	const TOKENS: usize = 480;
	let world = World::with_offer(1).await;
	world.price(Rate::PerToken { input: 0, output: PRICE }).await;
	// Six bytes for each, once they are written as JSON: half a megabyte of events in all.
	let engine = world.scripted(Say::Answer(vec!["\u{1}".repeat(128); TOKENS])).await;
	let _miner = world.streaming_miner(&Engine::Ollama(engine.url()), &[]);
	let limits = ["--max-answers", "1", "--max-channels", "1", "--write-secs", "3"];
	let gateway = Gateway::start_with(&world.node, &limits);
	// The colour is no parameter, and passed over.
	let asked = |stream: bool| json!({ "model": "millrace-tiny", "messages": user(SUM), "max_tokens": 500, "stream": stream, "colour": "red" });
	let ask = || {
		let url = format!("{}/chat/completions", gateway.base_url());
		Client::new().post(url).bearer_auth(gateway.api_key()).json(&asked(false)).send()
	};
	let body = asked(true).to_string();
	let mut stream = narrow(&gateway).await;
	let head = format!(
		"POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n\
		 authorization: Bearer {}\r\ncontent-length: {}\r\n\r\n",
		gateway.api_key(),
		body.len()
	);
	stream.write_all((head + &body).as_bytes()).await.unwrap();
	let mut begun = [0; 12];
	stream.read_exact(&mut begun).await.unwrap();
	assert_eq!(&begun, b"HTTP/1.1 200");
	// It has the only place, and reads no more.
	assert_eq!(ask().await.unwrap().status(), StatusCode::TOO_MANY_REQUESTS);
	counted(&gateway, "millrace_gateway_jobs_total{outcome=\"stopped\"} 1").await;
	assert!(!rest(stream).await.contains("[DONE]"));

	// The engine says that it worked for 5 ms, which the gateway has to have seen pass.
	engine.say(Say::Slowly(vec!["42".into()], 20));
	let next = ask().await.unwrap();
	assert_eq!(next.status(), StatusCode::OK);
	let next: Value = next.json().await.unwrap();
	assert_eq!((&next["millrace"]["channel"], &next["millrace"]["fee"]), (&json!(0), &json!(PRICE.to_string())));
	let keys = gateway.key(&["list"]);
	let spent: Balance = keys["keys"][0]["spent"].as_str().unwrap().parse().unwrap();
	let stopped = spent - PRICE;
	assert!(stopped > 0 && stopped < PRICE * TOKENS as Balance && stopped.is_multiple_of(PRICE), "{stopped}");
	world.charlie.send(channel::close(0, None)).await.unwrap().in_block().await.unwrap();
	assert_eq!(world.settled(0).await, spent);
}
