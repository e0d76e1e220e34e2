//! What is run, and what comes of it.

use super::*;

/// tar archive with the member `../x`.
fn climbing_tar() -> Vec<u8> {
	let mut header = tar::Header::new_gnu();
	header.as_mut_bytes()[..4].copy_from_slice(b"../x");
	header.set_size(1);
	header.set_mode(0o644);
	header.set_cksum();
	let mut tar = tar::Builder::new(Vec::new());
	tar.append(&header, &b"x"[..]).unwrap();
	tar.into_inner().unwrap()
}

fn word_count() -> Bench {
	let bench = Bench::new();
	let keys = "fixed = ['-w', '--']\n[[arguments]]\npattern = 'input/[a-z.]+'\n";
	bench.allow("kind = 'command'\npath = '/usr/bin/wc'", keys);
	bench
}

#[tokio::test]
async fn command_should_read_its_input_when_all_is_allowed() {
	let input = json!({"name": "a.txt", "text": "one two three"});
	let manifest = word_count().run(json!({"arguments": ["input/a.txt"], "inputs": [input]})).await.unwrap();
	assert_eq!(printed(&manifest), "3 input/a.txt");
	assert_eq!((manifest.signal, manifest.stdout.bytes, manifest.stderr.bytes), (None, 14, 0));
}

#[tokio::test]
async fn command_should_not_begin_when_an_argument_is_injected() {
	for argument in [
		"--files0-from=/etc/passwd",
		"-c",
		"/etc/passwd",
		"input/../../task.json",
		"input/a.txt; id",
		"$(id)",
		"input/A",
		"input/a.txt\n/etc/passwd",
		"",
	] {
		let bench = word_count();
		assert_eq!(code(bench.run(json!({"arguments": [argument]})).await), FailCode::BadInput, "{argument:?}");
		assert!(!bench.workspace().exists());
	}
}

#[tokio::test]
async fn words_should_stay_one_argument_when_a_shell_would_part_them() {
	let bench = Bench::python("import sys; print(sys.argv[1:])", "[[arguments]]\npattern = '.*'\n");
	let word = "a b; $HOME `id` * 'x' \"y\" \\ | > /tmp/x";
	let manifest = bench.run(json!({"arguments": [word]})).await.unwrap();
	let expected = r#"['a b; $HOME `id` * \'x\' "y" \\ | > /tmp/x']"#;
	assert_eq!(printed(&manifest), expected);
}

#[tokio::test]
async fn task_should_be_denied_when_it_is_not_on_the_list() {
	let bench = word_count();
	let runner = bench.runner().await;
	let mut other = job(json!({}));
	other.document = br#"{"version": 1, "entry": "rm"}"#.to_vec();
	let error = runner.run(other, CancellationToken::new()).await.unwrap_err();
	assert_eq!(error.code, FailCode::Denied);
	let other = TaskJob { definition: H256([8; 32]), ..job(json!({"arguments": ["input/a"]})) };
	let error = runner.run(other, CancellationToken::new()).await.unwrap_err();
	assert_eq!(error.code, FailCode::Denied);
	assert_eq!(runner.definitions(), [DEFINITION]);
	assert!(!bench.workspace().exists());
}

#[tokio::test]
async fn nothing_should_run_when_an_input_is_bad() {
	use base64::{engine::general_purpose::STANDARD, Engine as _};
	let climbing = STANDARD.encode(climbing_tar());
	let remote = |url: &str| json!({"name": "a", "url": url, "sha256": "00".repeat(32), "max_bytes": 9});
	for input in [
		json!({"name": "a", "text": "x", "sha256": "00".repeat(32)}),
		json!({"name": "a", "base64": climbing, "max_bytes": 9_000, "unpack": "tar"}),
		json!({"name": "a", "base64": climbing, "max_bytes": 9_000, "unpack": "zip"}),
		remote("file:///etc/passwd"),
		remote("http://127.0.0.1/"),
		remote("http://169.254.169.254/latest/meta-data"),
		remote("http://[::1]/"),
		remote("http://localhost/"),
	] {
		let bench = Bench::python("print('it ran')", "");
		assert_eq!(code(bench.run(json!({"inputs": [input]})).await), FailCode::BadInput, "{input}");
		assert!(!bench.began(), "{input}");
	}
	let bench = Bench::python("print('it ran')", "");
	assert_eq!(code(bench.run(json!({"inputs": [remote("http://8.8.8.8/")]})).await), FailCode::Denied);
	assert!(!bench.began());
}

#[tokio::test]
async fn outputs_should_be_found_by_their_hash_when_a_task_has_finished() {
	let script = "import os\nos.mkdir('output/d')\nopen('output/d/o', 'w').write('hello')\nopen('output/x', 'w')";
	let bench = Bench::python(script, "");
	let outputs = ["d/o", "none"].map(|path| json!({"path": path, "media_type": "text/plain", "max_bytes": 5}));
	let manifest = bench.run(json!({"outputs": outputs})).await.unwrap();
	assert_eq!((manifest.exit_code, manifest.missing.as_slice()), (Some(0), &["none".to_owned()][..]));
	assert_eq!((manifest.outputs[0].path.as_str(), manifest.outputs[0].bytes), ("d/o", 5));
	let artifact = bench.runner().await.artifact(H256(manifest.outputs[0].sha256.0)).unwrap();
	assert_eq!(fs::read(artifact.path).unwrap(), b"hello");
	assert!(!bench.workspace().join("output/x").exists());
}

#[tokio::test]
async fn exit_code_and_signal_should_be_told_when_a_program_ends_badly() {
	let manifest = Bench::python("import sys; sys.stderr.write('no'); sys.exit(3)", "").plain().await.unwrap();
	assert_eq!((manifest.exit_code, manifest.signal, manifest.stderr.tail.as_str()), (Some(3), None, "no"));
	let script = "import os, signal; os.kill(os.getpid(), signal.SIGTERM)";
	let manifest = Bench::python(script, "").plain().await.unwrap();
	assert_eq!((manifest.exit_code, manifest.signal), (None, Some(15)));
}

#[tokio::test]
async fn python_should_be_isolated_when_it_runs() {
	let script = "import os, sys\nprint(sys.flags.isolated, sys.flags.ignore_environment, sorted(os.environ))";
	let manifest = Bench::python(script, "env = { OMP_NUM_THREADS = '1' }").plain().await.unwrap();
	assert_eq!(printed(&manifest), "1 1 ['HOME', 'LANG', 'OMP_NUM_THREADS', 'PATH', 'TMPDIR']");
}

#[tokio::test]
async fn script_should_be_denied_when_it_was_changed_after_it_was_allowed() {
	let bench = Bench::python("print('good')", "");
	let runner = bench.runner().await;
	fs::write(bench.dir.join("script.py"), "print('evil')").unwrap();
	let error = runner.run(job(json!({})), CancellationToken::new()).await.unwrap_err();
	assert_eq!(error.code, FailCode::Denied);
	assert!(!bench.began());
}

#[tokio::test]
async fn command_should_be_denied_when_its_file_has_another_hash() {
	let bench = Bench::new();
	bench.allow("kind = 'command'\npath = '/usr/bin/wc'", &format!("sha256 = '{}'", "00".repeat(32)));
	assert_eq!(code(bench.plain().await), FailCode::Denied);
	assert!(!bench.began());
}

/// The code blocks of the page for owners and clients, in a language.
fn blocks(language: &str) -> Vec<&'static str> {
	const PAGE: &str = include_str!("../../../docs/tasks.md");
	let all = PAGE.split("```").skip(1).step_by(2);
	all.filter_map(|block| block.strip_prefix(language)).collect()
}

#[tokio::test]
async fn worked_example_should_give_what_its_page_says_when_it_is_run() {
	let (entry, documents) = (blocks("toml\n")[1], blocks("json\n"));
	let bench = Bench::new();
	fs::write(bench.dir.join("allowlist.d/word-count.toml"), entry).unwrap();
	let runner = bench.runner().await;
	let job = TaskJob { definition: runner.definitions()[0], document: documents[0].into(), ..job(json!({})) };
	let outcome = runner.run(job, CancellationToken::new()).await.unwrap();
	assert_eq!(String::from_utf8(outcome.manifest).unwrap(), documents[1].trim_end());
}

/// What `millrace-miner COMMAND` says of a configuration with this bench's allow-list.
fn said(bench: &Bench, command: &[&str]) -> String {
	let config = bench.dir.join("miner.toml");
	let folder = bench.dir.join("allowlist.d");
	let work = bench.dir.join("work");
	let lines = format!(
		"dev_operator = 'Bob'\nurls = ['ws://127.0.0.1:1']\nwork_dir = '{}'\n[task]\nenabled = true\nallowlist_dir = \
		 '{}'\n[[engine]]\nkind = 'ollama'\nurl = 'http://127.0.0.1:1'\n",
		text(&work),
		text(&folder)
	);
	fs::write(&config, lines).unwrap();
	let mut program = std::process::Command::new(env!("CARGO_BIN_EXE_millrace-miner"));
	let output = program.args(command).arg("--config").arg(&config).output().unwrap();
	String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap()
}

#[test]
fn doctor_should_say_that_tasks_are_held_when_all_is_well() {
	let said = said(&word_count(), &["doctor"]);
	assert!(said.contains("ok       tasks        1 entry: task"), "{said}");
}

#[test]
fn doctor_and_config_should_name_the_line_when_the_allow_list_is_bad() {
	let bench = Bench::new();
	bench.allow("kind = 'command'\npath = '/bin/sh'", "");
	let place = format!("{}:2:1: /bin/sh runs whatever it is told", text(&bench.dir.join("allowlist.d/task.toml")));
	for command in ["doctor", "config"] {
		let said = said(&bench, &[command]);
		assert!(said.contains(&place), "{said}");
	}
}
