//! The workloads beside text, as a user asks for them.

use std::{
	fs,
	os::unix::fs::PermissionsExt,
	sync::{Arc, Mutex},
};

use futures::StreamExt;
use millrace_client::{calls, JobUpdate};
use millrace_primitives::{bench, job::payload_hash, FailCode, JobParams, Workload, H256, MILL};
use millrace_tests::{miner::Engine, world::RATE, Cli, Miner, World};
use serde_json::{json, Value};
use tokio::{
	io::{AsyncReadExt, AsyncWriteExt},
	net::{TcpListener, TcpStream},
};

/// Plancks for so many milliseconds at [`RATE`].
fn price(gpu_ms: &Value) -> String {
	(MILL / 50 * u128::from(gpu_ms.as_u64().unwrap()) / 1_000).to_string()
}

/// Checks that the answer was paid by the time that was counted, and that no tokens were.
fn check_pay(answered: &Value) {
	let usage = &answered["usage"];
	assert_eq!(answered["outcome"], "settled", "{answered}");
	assert_eq!(usage["output_tokens"], 0, "{answered}");
	assert_eq!(answered["fee"], price(&usage["gpu_ms"]), "{answered}");
}

#[tokio::test(flavor = "multi_thread")]
async fn embedding_should_be_made_by_the_small_model_and_paid() {
	let world = World::with_offer(1).await;
	let _miner = world.miner(&Engine::Llama);
	let cli = Cli::new(&world.node);
	let ask = |text: &str| cli.json("charlie", &["ask", text, "--embed"]);
	let answered = ask("What is 17 plus 25?");
	check_pay(&answered);
	assert!(answered["usage"]["input_tokens"].as_u64().unwrap() > 0);
	let numbers: Vec<f64> =
		answered["answer"].as_array().unwrap().iter().map(|number| number.as_f64().unwrap()).collect();
	let length: f64 = numbers.iter().map(|number| number * number).sum();
	assert!(numbers.len() > 8 && (length - 1.0).abs() < 1e-3, "{numbers:?}");
	assert_eq!(ask("What is 17 plus 25?")["answer"], answered["answer"]);
	assert_ne!(ask("Something else")["answer"], answered["answer"]);
}

/// The benchmark's answer, as anybody can compute it.
fn checksum(input: &[u8], size: u32, rounds: u32) -> H256 {
	let n = size as usize;
	let (mut a, b) = bench::matrices(&payload_hash(input), size);
	for _ in 0..rounds {
		let cell = |at: usize| {
			let product = |k: usize| a[at / n * n + k].wrapping_mul(b[k * n + at % n]);
			bench::mix((0..n).fold(0u32, |sum, k| sum.wrapping_add(product(k))))
		};
		a = (0..n * n).map(cell).collect();
	}
	bench::checksum(&a)
}

#[tokio::test(flavor = "multi_thread")]
async fn benchmark_should_have_the_checksum_that_anybody_gets_and_be_paid() {
	let world = World::with_offer(1).await;
	let cli = Cli::new(&world.node);
	let registered = cli.json("charlie", &["model", "register", "--kind", "bench", "--name", "millrace-bench"]);
	assert_eq!(registered["model"], 1);
	let refused = cli.run("bob", &["miner", "offer", "--model", "1", "--per-token", "0.1", "0.1", "--json"]);
	let error = String::from_utf8_lossy(&refused.stderr).into_owned();
	assert!(error.contains("RateUnitUnfit"), "{error}");
	world.bob.send(calls::withdraw_offer(0)).await.unwrap().in_block().await.unwrap();
	world.bob.send(calls::offer(1, RATE, 1)).await.unwrap().in_block().await.unwrap();
	let _miner = world.miner(&Engine::Llama);

	let answered = cli.json("charlie", &["ask", "any text", "--bench", "128x3"]);
	check_pay(&answered);
	let answer = &answered["answer"];
	assert_eq!(answer["checksum"], format!("{:?}", checksum(b"any text", 128, 3)));
	assert_eq!(answer["operations"], 2 * 128 * 128 * 128 * 3);
	let made_up = cli.json("charlie", &["ask", "--bench", "64x1"]);
	check_pay(&made_up);
	assert_ne!(made_up["answer"]["checksum"], cli.json("charlie", &["ask", "--bench", "64x1"])["answer"]["checksum"]);
	let status = cli.json("", &["job", "status", &answered["job"].to_string()]);
	assert_eq!(status["answer"], *answer);
	assert_eq!(status["details"]["params"]["workload"], json!({ "bench": { "size": 128, "rounds": 3 } }));
}

/// The head of a PNG, in base64.
const PNG: &str = "iVBORw0KGgo=";

/// Reads a whole message of HTTP whose head tells its length; returns its head and body.
async fn message(stream: &mut TcpStream) -> (String, Vec<u8>) {
	let mut bytes = Vec::new();
	loop {
		if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
			let head = String::from_utf8_lossy(&bytes[..end]).to_lowercase();
			let length = head.lines().find_map(|line| line.strip_prefix("content-length:"));
			let length: usize = length.map_or(0, |length| length.trim().parse().unwrap());
			if bytes.len() >= end + 4 + length {
				return (head, bytes[end + 4..end + 4 + length].to_vec());
			}
		}
		let mut piece = [0; 4_096];
		let count = stream.read(&mut piece).await.unwrap();
		assert!(count > 0, "the connection ended in the middle");
		bytes.extend_from_slice(&piece[..count]);
	}
}

/// A server with Automatic1111's interface that draws the same image whatever is asked; returns its address and what
/// it is asked.
async fn image_server() -> (String, Arc<Mutex<Vec<Value>>>) {
	let asked: Arc<Mutex<Vec<Value>>> = Arc::default();
	let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
	let url = format!("http://{}", listener.local_addr().unwrap());
	let heard = asked.clone();
	tokio::spawn(async move {
		loop {
			let (mut stream, _) = listener.accept().await.unwrap();
			let (head, body) = message(&mut stream).await;
			let answer = if head.starts_with("get /sdapi/v1/sd-models ") {
				json!([{ "title": "tiny.safetensors", "sha256": null }])
			} else {
				assert!(head.starts_with("post /sdapi/v1/txt2img "), "{head}");
				heard.lock().unwrap().push(serde_json::from_slice(&body).unwrap());
				json!({ "images": [PNG] })
			};
			let answer = answer.to_string();
			let head = format!(
				"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
				answer.len()
			);
			stream.write_all(format!("{head}{answer}").as_bytes()).await.unwrap();
		}
	});
	(url, asked)
}

/// What the miner's own server answers.
async fn get(miner: &Miner, path: &str) -> (String, Vec<u8>) {
	let line = miner.wait_for("http");
	let (_, address) = line.split_once("http://").unwrap();
	let address = address.split('/').next().unwrap();
	let mut stream = TcpStream::connect(address).await.unwrap();
	stream.write_all(format!("GET {path} HTTP/1.1\r\nhost: {address}\r\n\r\n").as_bytes()).await.unwrap();
	message(&mut stream).await
}

#[tokio::test(flavor = "multi_thread")]
async fn image_should_be_named_on_chain_and_served_by_the_miner() {
	let world = World::with_offer(1).await;
	let cli = Cli::new(&world.node);
	let weights = world.work.path().join("tiny.safetensors");
	std::fs::write(&weights, "weights").unwrap();
	let weights = weights.display().to_string();
	let registered = cli.json("charlie", &["model", "register", &weights, "--kind", "image", "--name", "tiny-image"]);
	let digest = registered["digest"].as_str().unwrap();
	world.bob.send(calls::withdraw_offer(0)).await.unwrap().in_block().await.unwrap();
	world.bob.send(calls::offer(1, RATE, 1)).await.unwrap().in_block().await.unwrap();
	let (url, asked) = image_server().await;
	let file = world.work.path().join("miner.toml");
	let text = format!(
		"[[engine]]\nkind = \"image\"\napi = \"automatic1111\"\nurl = \"{url}\"\npublic_url = \"https://i.example\"\n\
		 models = [{{ name = \"tiny.safetensors\", digest = \"{digest}\" }}]\n"
	);
	std::fs::write(&file, text).unwrap();
	let miner = world.miner(&Engine::File(file));

	let answered = cli.json("charlie", &["ask", "a mill", "--image", "512x768", "--steps", "12", "--guidance", "7.5"]);
	check_pay(&answered);
	let document = &answered["answer"];
	assert_eq!((&document["bytes"], &document["media_type"]), (&json!(8), &json!("image/png")));
	let sha256 = document["sha256"].as_str().unwrap();
	assert_eq!(document["url"], format!("https://i.example/artifacts/{sha256}"));
	let body = asked.lock().unwrap().remove(0);
	assert_eq!((&body["prompt"], &body["steps"], &body["cfg_scale"]), (&json!("a mill"), &json!(12), &json!(7.5)));
	assert_eq!((&body["width"], &body["height"]), (&json!(512), &json!(768)));

	let (head, image) = get(&miner, &format!("/artifacts/{sha256}")).await;
	assert!(head.starts_with("http/1.1 200") && head.contains("content-type: image/png"), "{head}");
	assert_eq!(image, b"\x89PNG\r\n\x1a\n");
	assert_eq!(hex::encode(sp_io::hashing::sha2_256(&image)), sha256);
	let (head, _) = get(&miner, "/artifacts/..%2Fminer.toml").await;
	assert!(head.starts_with("http/1.1 404"), "{head}");
}

#[tokio::test(flavor = "multi_thread")]
async fn task_should_be_denied_when_the_miner_runs_none() {
	let world = World::with_offer(1).await;
	let cli = Cli::new(&world.node);
	let definition = world.work.path().join("task.json");
	std::fs::write(&definition, "{}").unwrap();
	let definition = definition.display().to_string();
	cli.json("charlie", &["model", "register", &definition, "--kind", "task", "--name", "count"]);
	world.bob.send(calls::withdraw_offer(0)).await.unwrap().in_block().await.unwrap();
	world.bob.send(calls::offer(1, RATE, 1)).await.unwrap().in_block().await.unwrap();
	let _miner = world.miner(&Engine::Llama);
	let params = JobParams::of(Workload::Task { max_output_bytes: 100, max_seconds: 10 });
	let request = millrace_client::JobRequest { model: 1, params, ..world.request("{}", 1) };
	let (job, _, block) = world.submit(request).await;
	let mut updates = world.client.follow(job, block);
	while let Some(update) = updates.next().await {
		if let JobUpdate::AttemptFailed { code } = update.unwrap() {
			assert_eq!(code, Some(FailCode::Denied));
			return;
		}
	}
	panic!("the attempt did not fail");
}

#[tokio::test(flavor = "multi_thread")]
async fn task_should_be_run_and_paid_when_the_owner_allows_its_program() {
	let world = World::with_offer(1).await;
	let folder = world.work.path();
	// Where the tests run as root, tasks run as somebody else, who has to get there.
	fs::set_permissions(folder, fs::Permissions::from_mode(0o755)).unwrap();
	let (definition, allowed) = (folder.join("task.json"), folder.join("allowlist.d"));
	fs::write(&definition, "{}").unwrap();
	fs::create_dir(&allowed).unwrap();
	let digest = hex::encode(sp_io::hashing::sha2_256(b"{}"));
	let entry = format!(
		"kind = 'command'\ndefinition = '{digest}'\npath = '/usr/bin/wc'\nfixed = ['-w', '--']\nrun_secs = 30\n\
		 memory_mb = 100\noutput_mb = 1\ndisk_mb = 10\n[[arguments]]\npattern = 'input/[a-z]+[.]txt'\n"
	);
	fs::write(allowed.join("count.toml"), entry).unwrap();
	let cli = Cli::new(&world.node);
	let definition = definition.display().to_string();
	cli.json("charlie", &["model", "register", &definition, "--kind", "task", "--name", "count"]);
	world.bob.send(calls::withdraw_offer(0)).await.unwrap().in_block().await.unwrap();
	world.bob.send(calls::offer(1, RATE, 1)).await.unwrap().in_block().await.unwrap();
	let allowed = allowed.display().to_string();
	let _miner = world.miner_with(&Engine::Llama, &["--task-enabled=true", "--task-allowlist-dir", &allowed]);
	let asked = |argument: &str| {
		let inputs = json!([{ "name": "speech.txt", "text": "to be or not to be" }]);
		json!({ "version": 1, "entry": "count", "arguments": [argument], "inputs": inputs }).to_string()
	};
	let answered = cli.json("charlie", &["ask", &asked("input/speech.txt"), "--task", "--model", "count"]);
	check_pay(&answered);
	assert_eq!(answered["answer"]["stdout"]["tail"], "6 input/speech.txt\n", "{answered}");
	// What the owner's pattern does not match is the client's fault, and free.
	let refused = cli.run("charlie", &["ask", &asked("/etc/passwd"), "--task", "--model", "count", "--json"]);
	let refused: Value = serde_json::from_slice(&refused.stdout).unwrap();
	assert_eq!((&refused["outcome"], &refused["failures"]), (&json!("failed"), &json!(["bad_input"])), "{refused}");
	assert_eq!(refused["receipt"]["fee"], "0", "{refused}");
}
