//! The flow with a real Ollama serving the same file.

use std::process::Command;

use millrace_client::JobUpdate;
use millrace_tests::{miner::Engine, repository, tiny_model, Process, World};
use tempfile::TempDir;

/// What `scripts/install-ollama.sh` exits with where no Ollama is to be had.
const UNAVAILABLE: i32 = 3;

/// The path of an Ollama, or the reason why there is none.
fn install() -> Result<String, String> {
	let output = Command::new(repository("scripts/install-ollama.sh")).output().unwrap();
	let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
	match output.status.code() {
		Some(0) => Ok(out.trim().to_owned()),
		Some(UNAVAILABLE) => Err(err.into_owned()),
		_ => panic!("install-ollama.sh failed: {err}"),
	}
}

/// A server with models of its own that has the tiny model.
fn serve(binary: &str, home: &TempDir) -> (Process, String) {
	let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
	let address = format!("127.0.0.1:{port}");
	let ollama = |args: &[&str]| {
		let mut command = Command::new(binary);
		command
			.args(args)
			.env("OLLAMA_HOST", &address)
			.env("HOME", home.path())
			.env("OLLAMA_MODELS", home.path().join("models"));
		command
	};
	let server = Process::start("ollama", ollama(&["serve"]));
	server.wait_for("that it listens", |line| line.contains("Listening on"));
	let modelfile = home.path().join("Modelfile");
	let text = format!("FROM {}\nPARAMETER repeat_penalty 1.0\n", tiny_model().canonicalize().unwrap().display());
	std::fs::write(&modelfile, text).unwrap();
	let created = ollama(&["create", "millrace-tiny", "-f", modelfile.to_str().unwrap()]).output().unwrap();
	assert!(created.status.success(), "{}", String::from_utf8_lossy(&created.stderr));
	(server, format!("http://{address}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn ollama_should_answer_a_job_and_be_paid() {
	let binary = match install() {
		Ok(binary) => binary,
		Err(reason) => {
			eprintln!("SKIPPED: no Ollama to test against: {reason}");
			return;
		}
	};
	let home = TempDir::new().unwrap();
	let (_server, url) = serve(&binary, &home);
	let world = World::with_offer(1).await;
	let before = world.money("//Bob").await.free;
	let _miner = world.miner(&Engine::Ollama(url));
	let (job, _, block) = world.submit(world.request("What is 17 plus 25?", 64)).await;
	let JobUpdate::Settled { fee, .. } = world.last_update(job, block).await else { panic!("the job was not settled") };
	let answer = world.answer(job).await;
	assert!(answer.contains("42"), "{answer:?}");
	assert_eq!(world.money("//Bob").await.free, before + fee);
}
