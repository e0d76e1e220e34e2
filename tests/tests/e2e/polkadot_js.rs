//! A job by `@polkadot/api` from plain Node.

use std::process::Command;

use millrace_tests::{miner::Engine, repository, World};

#[tokio::test(flavor = "multi_thread")]
async fn polkadot_js_should_submit_a_job_and_read_its_answer() {
	let folder = repository("tests/polkadot-js");
	let npm = Command::new("npm").args(["ci", "--no-audit", "--no-fund"]).current_dir(&folder).output();
	let npm = npm.expect("this test needs Node.js with npm: install Debian's nodejs and npm");
	assert!(npm.status.success(), "npm ci: {}", String::from_utf8_lossy(&npm.stderr));

	let world = World::with_offer(1).await;
	let _miner = world.miner(&Engine::Llama);
	let mut command = Command::new("node");
	command.args(["ask.js", &world.node.url(), "What is 17 plus 25?"]).current_dir(&folder);
	let asked = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
	let (out, err) = (String::from_utf8_lossy(&asked.stdout), String::from_utf8_lossy(&asked.stderr));
	assert!(asked.status.success(), "{out}{err}");
	let said: serde_json::Value = serde_json::from_str(out.lines().last().unwrap()).unwrap();
	assert!(said["answer"].as_str().unwrap().contains("42"), "{said}");
	assert_eq!(said["outcome"], "Settled");
	assert_eq!(said["matches"], true, "{said}");
}
