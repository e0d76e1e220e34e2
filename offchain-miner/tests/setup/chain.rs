//! What needs a chain: real nodes, the real command line of the owner.

use std::{fs, path::Path, process::Output};

use millrace_client::JobUpdate;
use millrace_tests::{Cli, Node, Process, World};
use serde_json::Value;

use crate::{err, miner, out, text};

const QUESTION: &str = "What is 17 plus 25?";

fn said(process: &Process, event: &str) -> String {
	process.wait_for(event, |line| line.split(' ').any(|word| word == format!("event={event}")))
}

fn write(file: &Path, work: &Path, lines: &str) {
	let tiny = millrace_tests::tiny_model();
	let tables = format!("[[engine]]\nkind = \"llama\"\nthreads = 1\nmodels = [\"{}\"]\n", text(&tiny));
	fs::write(file, format!("work_dir = \"{}\"\n{lines}\n{tables}", text(work))).unwrap();
}

async fn answered(world: &World) {
	let (job, _, block) = world.submit(world.request(QUESTION, 32)).await;
	let update = world.last_update(job, block).await;
	assert!(matches!(update, JobUpdate::Settled { .. }), "{update:?}");
	assert_eq!(world.answer(job).await, "17 + 25 = 42.");
}

fn checks(output: &Output) -> Vec<(String, String, String)> {
	let report: Value = serde_json::from_str(&out(output)).unwrap();
	let word = |check: &Value, key: &str| check[key].as_str().unwrap_or_default().to_owned();
	let checks = report["checks"].as_array().unwrap();
	checks.iter().map(|check| (word(check, "name"), word(check, "state"), word(check, "mend"))).collect()
}

/// Runs a command line that the miner printed, signed by `//Bob` instead of the owner's stored key.
fn sign(cli: &Cli, text: &str) {
	let line = text.lines().find_map(|line| line.trim().strip_prefix("millrace ")).unwrap_or_else(|| panic!("{text}"));
	let (_, command) = line.split_once("--account OWNER ").unwrap();
	let output = cli.run("Bob", &command.split(' ').collect::<Vec<_>>());
	assert!(output.status.success(), "{command}: {}", err(&output));
}

#[tokio::test(flavor = "multi_thread")]
async fn owner_should_get_to_a_paid_job_by_what_the_miner_prints_when_nothing_is_registered() {
	let world = World::empty().await;
	let cli = Cli::new(&world.node);
	let dir = tempfile::tempdir().unwrap();
	let (file, tiny) = (dir.path().join("miner.toml"), millrace_tests::tiny_model());
	let work = dir.path().join("work");
	let init = ["--url", &world.node.url(), "--model", text(&tiny), "--threads", "1", "--work-dir", text(&work)];
	let output = miner(&["init", "--non-interactive", "--config", text(&file)]).args(init).output().unwrap();
	assert!(output.status.success(), "{}", err(&output));
	let written = fs::read_to_string(&file).unwrap();
	assert!(written.contains("model = \"millrace-tiny\"") && written.contains("\ngenesis = \"0x"), "{written}");
	// A free port, since tests share the machine.
	let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
	fs::write(&file, written.replace("127.0.0.1:9920", &free.to_string())).unwrap();

	let doctor = || miner(&["doctor", "--json", "--config", text(&file)]).output().unwrap();
	let broken = doctor();
	assert_eq!(broken.status.code(), Some(1));
	let found = checks(&broken);
	let bad: Vec<_> = found.iter().filter(|(_, state, _)| state == "broken").collect();
	assert!(matches!(&bad[..], [(name, ..)] if name == "registered"), "{bad:?}");
	sign(&cli, &bad[0].2);
	let offers = miner(&["offer", "--config", text(&file)]).output().unwrap();
	assert!(offers.status.success(), "{}", err(&offers));
	sign(&cli, &out(&offers));
	let healthy = doctor();
	assert_eq!(healthy.status.code(), Some(0), "{}", out(&healthy));

	let process = Process::start("miner", miner(&["run", "--config", text(&file)]));
	said(&process, "ready");
	answered(&world).await;
	let running = doctor();
	assert_eq!(running.status.code(), Some(0), "{}", out(&running));
}

#[tokio::test(flavor = "multi_thread")]
async fn miner_should_stop_with_3_when_the_node_serves_another_chain() {
	let node = Node::start();
	let dir = tempfile::tempdir().unwrap();
	let tiny = millrace_tests::tiny_model();
	let genesis = format!("0x{}", "12".repeat(32));
	let args = ["--url", &node.url(), "--genesis", &genesis, "--dev-operator", "Bob", "--model", text(&tiny)];
	let output = miner(&["run", "--work-dir", text(dir.path())]).args(args).output().unwrap();
	assert_eq!(output.status.code(), Some(3), "{}", err(&output));
	assert!(err(&output).contains(&genesis) && err(&output).contains("another chain"), "{}", err(&output));
	let output = miner(&["doctor", "--json", "--work-dir", text(dir.path())]).args(args).output().unwrap();
	assert_eq!(output.status.code(), Some(1));
	assert!(checks(&output).iter().any(|(name, state, _)| name == "genesis" && state == "broken"));
}

#[tokio::test(flavor = "multi_thread")]
async fn miner_should_work_for_the_next_node_when_the_first_is_away_or_goes() {
	let mut first = Node::start();
	let world = World::with_offer(1).await;
	let dir = tempfile::tempdir().unwrap();
	let tiny = millrace_tests::tiny_model();
	let mut command = miner(&["run", "--url", "ws://127.0.0.1:1", "--url", &first.url(), "--url", &world.node.url()]);
	command.args(["--dev-operator", "Bob", "--threads", "1", "--work-dir", text(dir.path()), "--model", text(&tiny)]);
	let process = Process::start("miner", command);
	said(&process, "ready");
	said(&process, "unregistered");
	first.kill();
	answered(&world).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn miner_should_move_on_when_a_node_falls_silent() {
	let first = Node::start();
	let world = World::with_offer(1).await;
	let dir = tempfile::tempdir().unwrap();
	let tiny = millrace_tests::tiny_model();
	let mut command = miner(&["run", "--url", &first.url(), "--url", &world.node.url(), "--poll-secs", "1"]);
	command.args(["--dev-operator", "Bob", "--threads", "1", "--work-dir", text(dir.path()), "--model", text(&tiny)]);
	let process = Process::start("miner", command);
	said(&process, "unregistered");
	said(&process, "ready");
	first.pause();
	answered(&world).await;
	first.resume();
}

#[tokio::test(flavor = "multi_thread")]
async fn miner_should_take_over_what_it_can_when_the_file_changes() {
	let world = World::with_offer(1).await;
	let dir = tempfile::tempdir().unwrap();
	let (file, work) = (dir.path().join("miner.toml"), dir.path().join("work"));
	let common = format!("dev_operator = \"Bob\"\nurls = [\"{}\"]\n", world.node.url());
	write(&file, &work, &common);
	let process = Process::start("miner", miner(&["run", "--config", text(&file)]));
	said(&process, "ready");

	write(&file, &work, &format!("{common}slots = 2\n[limits]\nmax_input_bytes = 4\n"));
	process.signal("HUP");
	let line = said(&process, "reloaded");
	assert!(line.contains("changed=limits"), "{line}");
	let line = said(&process, "restart_needed");
	assert!(line.contains("keys=slots"), "{line}");
	// A named miner: its refusal ends the job at once.
	let mut request = world.request(QUESTION, 32);
	request.miner = Some(millrace_tests::world::account("//Bob"));
	let (job, _, block) = world.submit(request).await;
	assert!(matches!(world.last_update(job, block).await, JobUpdate::Failed));

	fs::write(&file, "slots = \"many\"").unwrap();
	process.signal("HUP");
	let line = said(&process, "reload_failed");
	assert!(line.contains("miner.toml:1:9"), "{line}");

	write(&file, &work, &format!("{common}drain_secs = 31\n"));
	process.signal("HUP");
	process.wait_for("that the limits are gone", |line| line.contains("changed=drain_secs limits"));
	answered(&world).await;
}
