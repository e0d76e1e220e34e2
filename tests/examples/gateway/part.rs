//! This program once more, as another process: the scripted engine, or a relay.
//!
//! Real engines are processes of their own, so this one is: in one process with the client it would be woken together with it,
//! and asking it directly would look cheaper than asking any engine is.

use std::{
	io::{BufRead, BufReader, Write},
	process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

use millrace_primitives::H256;
use millrace_tests::{FakeOllama, Say};
use tokio::{
	io::copy_bidirectional,
	net::{TcpListener, TcpStream},
};

/// Tokens of an answer.
const TOKENS: usize = 8;

/// The process; killed when dropped.
pub struct Part {
	child: Child,
	stdin: ChildStdin,
	stdout: BufReader<ChildStdout>,
	/// Its address.
	pub url: String,
}

impl Part {
	fn start(args: &[&str]) -> Self {
		let mut command = Command::new(std::env::current_exe().expect("this program has a file"));
		let mut child =
			command.args(args).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("this program starts");
		let stdin = child.stdin.take().expect("it has an input");
		let stdout = BufReader::new(child.stdout.take().expect("it has an output"));
		let mut part = Self { child, stdin, stdout, url: String::new() };
		part.url = part.line();
		part
	}

	/// The engine that knows the model with this digest.
	pub fn engine(digest: H256) -> Self {
		Self::start(&["engine", &hex::encode(digest)])
	}

	/// What passes bytes on to another address and back, unread.
	pub fn relay(to: &str) -> Self {
		Self::start(&["relay", to.trim_start_matches("http://")])
	}

	/// From now on the engine takes so many milliseconds for each token.
	pub fn pause(&mut self, millis: u64) {
		self.tell(&millis.to_string());
	}

	/// From now on the engine says nothing until it is told a pause.
	pub fn hold(&mut self) {
		self.tell("hold");
	}

	/// Waits until the engine was asked for so many answers in all.
	pub fn wait_asked(&mut self, times: usize) {
		self.tell(&format!("wait {times}"));
	}

	/// How many answers the engine was asked for.
	pub fn asked(&mut self) -> usize {
		self.tell("asked").parse().expect("it is a number")
	}

	fn tell(&mut self, what: &str) -> String {
		writeln!(self.stdin, "{what}").expect("it lives");
		self.line()
	}

	fn line(&mut self) -> String {
		let mut line = String::new();
		self.stdout.read_line(&mut line).expect("it lives");
		line.trim_end().to_owned()
	}
}

impl Drop for Part {
	fn drop(&mut self) {
		let _ = self.child.kill();
		let _ = self.child.wait();
	}
}

/// Is such a part, where the arguments say so.
pub async fn play(args: &[String]) -> bool {
	match args {
		[kind, digest] if kind == "engine" => engine(digest).await,
		[kind, to] if kind == "relay" => relay(to).await,
		_ => return false,
	}
	true
}

async fn engine(digest: &str) {
	let mut bytes = [0; 32];
	hex::decode_to_slice(digest, &mut bytes).expect("the digest is in hex");
	let engine = FakeOllama::start(H256(bytes), say(1)).await;
	println!("{}", engine.url());
	let runtime = tokio::runtime::Handle::current();
	let listen = move || {
		for line in std::io::stdin().lines() {
			match line.expect("it is text").as_str() {
				"hold" => engine.say(Say::Nothing),
				"asked" => {}
				told => match told.strip_prefix("wait ") {
					Some(times) => runtime.block_on(engine.asked(number(times))),
					None => engine.say(say(number(told))),
				},
			}
			println!("{}", engine.times());
		}
	};
	tokio::task::spawn_blocking(listen).await.expect("it is told numbers");
}

fn number<T: std::str::FromStr>(text: &str) -> T {
	text.parse().unwrap_or_else(|_| panic!("{text} is no number"))
}

fn say(pause: u64) -> Say {
	let words = ["4", "2"].iter().cycle().take(TOKENS).map(|word| (*word).to_owned()).collect();
	// A pause of 0 would still wait for the timer's next millisecond.
	if pause == 0 {
		Say::Answer(words)
	} else {
		Say::Slowly(words, pause)
	}
}

async fn relay(to: &str) {
	let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
	println!("http://{}", listener.local_addr().expect("it listens"));
	while let Ok((mut from, _)) = listener.accept().await {
		let mut to = TcpStream::connect(to).await.expect("somebody listens there");
		from.set_nodelay(true).and_then(|()| to.set_nodelay(true)).expect("these are TCP connections");
		tokio::spawn(async move { copy_bidirectional(&mut from, &mut to).await });
	}
}
