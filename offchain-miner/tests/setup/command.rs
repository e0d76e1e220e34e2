//! What needs no chain.

use std::fs;

use serde_json::Value;

use crate::{err, miner, out, text};

#[test]
fn flag_should_win_over_variable_and_variable_over_file_when_all_are_set() {
	let dir = tempfile::tempdir().unwrap();
	let file = dir.path().join("miner.toml");
	let lines = "dev_operator = \"Bob\"\nslots = 2\ndrain_secs = 2\nkeep_secs = 2\n[limits]\nmax_queue = 2\n";
	fs::write(&file, format!("{lines}[[engine]]\nkind = \"ollama\"\n")).unwrap();
	let mut command = miner(&["config", "--drain-secs", "4", "--receipts=false"]);
	command.env("MILLRACE_MINER_CONFIG", &file).env("MILLRACE_MINER_DRAIN_SECS", "3");
	command.env("MILLRACE_MINER_SLOTS", "3").env("MILLRACE_MINER_LIMITS_MAX_QUEUE", "3");
	command.env("MILLRACE_MINER_URLS", "ws://a,ws://b").env("MILLRACE_MINER_RECEIPTS", "true");
	command.env("MILLRACE_MINER_OFFER", "model = \"x\", per_gpu_second = \"0.02\"");
	let output = command.output().unwrap();
	assert!(output.status.success(), "{}", err(&output));
	let shown = out(&output);
	for line in [
		"drain_secs = 4",
		"receipts = false",
		"slots = 3",
		"max_queue = 3",
		"keep_secs = 2",
		"poll_secs = 3",
		"urls = [\"ws://a\", \"ws://b\"]",
		"per_gpu_second = \"0.02\"",
	] {
		assert!(shown.lines().any(|found| found == line), "no {line} in\n{shown}");
	}
}

#[test]
fn program_should_exit_with_2_and_name_the_place_when_the_file_is_wrong() {
	let dir = tempfile::tempdir().unwrap();
	let file = dir.path().join("miner.toml");
	fs::write(&file, "slots = 1\nslot = 2\n").unwrap();
	for command in ["run", "config", "probe", "offer"] {
		let output = miner(&[command, "--config", text(&file)]).output().unwrap();
		assert_eq!(output.status.code(), Some(2), "{command}");
		assert!(err(&output).contains("miner.toml:2:1: unknown field `slot`, expected"), "{}", err(&output));
	}
	let output = miner(&["doctor", "--json", "--config", text(&file)]).output().unwrap();
	assert_eq!(output.status.code(), Some(1));
	let report: Value = serde_json::from_str(&out(&output)).unwrap();
	assert_eq!((&report["healthy"], &report["checks"][0]["name"]), (&Value::Bool(false), &Value::from("config")));
}

#[test]
fn variable_should_be_named_when_its_value_is_wrong() {
	let output = miner(&["config"]).env("MILLRACE_MINER_SLOTS", "many").output().unwrap();
	assert_eq!(output.status.code(), Some(2));
	assert!(err(&output).contains("many") && err(&output).contains("--slots"), "{}", err(&output));
}

#[test]
fn init_should_never_show_the_words_of_the_key() {
	let dir = tempfile::tempdir().unwrap();
	let file = dir.path().join("miner.toml");
	let tiny = millrace_tests::tiny_model();
	let args =
		["init", "--non-interactive", "--url", "ws://127.0.0.1:1", "--config", text(&file), "--model", text(&tiny)];
	let output = miner(&args).output().unwrap();
	assert!(output.status.success(), "{}", err(&output));
	let words = fs::read_to_string(dir.path().join("operator.key")).unwrap();
	let said = out(&output) + &err(&output);
	assert!(!said.contains(words.trim()) && said.contains("miner register --operator "), "{said}");
	let again = miner(&args).output().unwrap();
	assert_eq!(again.status.code(), Some(1));
	assert!(err(&again).contains("--force"));
}

#[test]
fn init_should_not_hang_when_there_is_no_terminal() {
	let dir = tempfile::tempdir().unwrap();
	let file = dir.path().join("miner.toml");
	let output = miner(&["init", "--config", text(&file)]).stdin(std::process::Stdio::null()).output().unwrap();
	assert_eq!(output.status.code(), Some(1));
	assert!(err(&output).contains("--non-interactive"), "{}", err(&output));
}

#[test]
fn gpu_should_be_refused_with_what_to_do_when_the_build_has_none() {
	let tiny = millrace_tests::tiny_model();
	let dir = tempfile::tempdir().unwrap();
	let args = ["--accel", "gpu", "--dev-operator", "Bob", "--model", text(&tiny), "--work-dir", text(dir.path())];
	let output = miner(&["run"]).args(args).output().unwrap();
	assert_eq!(output.status.code(), Some(1));
	assert!(err(&output).contains("--features cuda"), "{}", err(&output));
	let output = miner(&["probe", "--json"]).args(args).output().unwrap();
	assert!(output.status.success());
	let probe: Value = serde_json::from_str(&out(&output)).unwrap();
	assert_eq!(probe["accel"]["chosen"], Value::Null);
}
