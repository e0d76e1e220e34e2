use std::{fs, path::Path};

use clap::{CommandFactory, Parser};

use super::*;
use crate::engines::ollama::KeepAlive;

fn flags(line: &str) -> Flags {
	let line = format!("millrace-miner run {line}");
	match Cli::try_parse_from(line.split_whitespace()).unwrap().command {
		Command::Run(flags) => *flags,
		other => panic!("{other:?}"),
	}
}

/// The error of a file with this text.
fn error_of(text: &str) -> String {
	file::parse(Path::new("miner.toml"), text).unwrap_err().to_string()
}

fn example() -> String {
	fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/miner.example.toml")).unwrap()
}

/// The example with its commented keys switched on, in an order that gives each table its own.
fn whole_example() -> String {
	let is_key = |line: &str| {
		let word = line.split([' ', '=']).next().unwrap_or_default();
		line.starts_with("[[") || line.contains(" = ") && word.chars().all(|c| c.is_ascii_lowercase() || c == '_')
	};
	let lines = example();
	let lines = lines.lines().filter_map(|line| match line.strip_prefix("# ") {
		Some(rest) if is_key(rest) => Some(rest),
		Some(_) => None,
		None => Some(line),
	});
	lines.map(|line| format!("{line}\n")).collect()
}

/// The names that a table with this head takes, as the parser itself lists them.
fn keys_of(head: &str) -> Vec<String> {
	let error = toml::from_str::<Config>(&format!("{head}\nzzz = 1")).unwrap_err();
	let (_, list) = error.message().split_once("expected").unwrap_or_else(|| panic!("{error}"));
	list.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

#[test]
fn example_should_be_a_valid_configuration_when_read() {
	let path = concat!(env!("CARGO_MANIFEST_DIR"), "/miner.example.toml");
	let config = Config::load(&flags(&format!("--config {path}"))).unwrap();
	assert_eq!(config.engines.len(), 1);
	let engines = config.engines.clone();
	let said = Config { engines: Vec::new(), operator_key_file: None, ..config };
	assert_eq!(said, Config::default(), "the example shows other values than the defaults");
	assert!(matches!(&engines[..], [EngineConfig::Llama { .. }]));
}

#[test]
fn engines_should_have_their_keys_when_the_file_names_them() {
	let digest = "ab".repeat(32);
	let text = format!(
		"[[engine]]\nkind = \"ollama\"\nkeep_alive = \"30m\"\ntimeout_secs = 90\n\
		 [[engine]]\nkind = \"ollama\"\nkeep_alive = -1\n\
		 [[engine]]\nkind = \"openai\"\nurl = \"http://a:8000/v1\"\napi_key_env = \"KEY\"\n\
		 models = [{{ name = \"m\", digest = \"0x{digest}\" }}]"
	);
	let config: Config = toml::from_str(&text).unwrap();
	let ollama = |keep_alive, timeout_secs| EngineConfig::Ollama {
		url: engine::default_ollama(),
		threads: None,
		keep_alive: Some(keep_alive),
		timeout_secs,
	};
	assert_eq!(config.engines[0], ollama(KeepAlive::Text("30m".into()), Some(90)));
	assert_eq!(config.engines[1], ollama(KeepAlive::Seconds(-1), None));
	let EngineConfig::Openai(settings) = &config.engines[2] else { panic!("{:?}", config.engines[2]) };
	assert_eq!((settings.models[0].name.as_str(), settings.models[0].digest.0), ("m", [0xab; 32]));
	let written: Config = toml::from_str(&config.to_toml().unwrap()).unwrap();
	assert_eq!(written.engines, config.engines);
	// A key in clear is no key of the file.
	assert!(error_of(&text.replace("api_key_env", "api_key")).contains("api_key"));
}

#[test]
fn example_should_have_every_key_when_compared_with_the_parser() {
	let text = whole_example();
	let lines: Vec<&str> = text.lines().collect();
	let table = |head: &str| -> Vec<String> {
		let from = if head.is_empty() { 0 } else { lines.iter().position(|line| *line == head).unwrap() + 1 };
		lines[from..].iter().take_while(|line| !line.starts_with('[')).map(|line| (*line).to_owned()).collect()
	};
	let has = |lines: &[String], key: &str| lines.iter().any(|line| line.starts_with(&format!("{key} = ")));
	let plain = table("");
	for key in keys_of("") {
		let found = match key.as_str() {
			"limits" | "task" | "session" | "engine" | "offer" => {
				lines.iter().any(|line| line.trim_matches(['[', ']']) == key)
			}
			key => has(&plain, key),
		};
		assert!(found, "{key} is not in the example");
	}
	for key in keys_of("[limits]") {
		assert!(has(&table("[limits]"), &key), "limits.{key} is not in the example");
	}
	for key in keys_of("[task]") {
		assert!(has(&table("[task]"), &key), "task.{key} is not in the example");
	}
	for key in keys_of("[session]") {
		assert!(has(&table("[session]"), &key), "session.{key} is not in the example");
	}
	for key in keys_of("[[offer]]\nmodel = \"x\"") {
		assert!(has(&table("[[offer]]"), &key), "{key} of an offer is not in the example");
	}
	for kind in keys_of("[[engine]]\nkind = \"zzz\"") {
		let Some(at) = lines.iter().position(|line| *line == format!("kind = \"{kind}\"")) else {
			panic!("an engine of the kind {kind} is not in the example")
		};
		let own: Vec<String> =
			lines[at..].iter().take_while(|line| !line.starts_with('[')).map(|line| (*line).to_owned()).collect();
		let required = if kind == "llama" { "models = [\"x\"]" } else { "" };
		for key in keys_of(&format!("[[engine]]\nkind = \"{kind}\"\n{required}")) {
			assert!(has(&own, &key), "{key} of the engine {kind} is not in the example");
		}
	}
}

#[test]
fn example_should_parse_when_its_commented_keys_are_switched_on() {
	// Of the operator's two keys and the offer's two prices, one at a time.
	let text = whole_example().replace("operator_key_file", "#").replace("per_token", "#");
	let config = file::parse(Path::new("x"), &text).unwrap();
	config.check_values().unwrap();
	assert!(config.genesis.is_some() && config.http_bind.is_some());
	assert_eq!((config.engines.len(), config.offers.len()), (4, 1));
}

#[test]
fn every_key_should_have_a_flag_and_a_variable_when_compared_with_the_parser() {
	let command = Cli::command();
	let run = command.find_subcommand("run").unwrap();
	let variables: Vec<String> =
		run.get_arguments().filter_map(|arg| Some(arg.get_env()?.to_str()?.to_owned())).collect();
	let tables = ["limits", "task", "session"];
	let mut keys: Vec<String> = keys_of("").into_iter().filter(|key| !tables.contains(&key.as_str())).collect();
	for table in tables {
		keys.extend(keys_of(&format!("[{table}]")).into_iter().map(|key| format!("{table}_{key}")));
	}
	for key in keys {
		let name = format!("MILLRACE_MINER_{}", key.to_uppercase());
		assert!(variables.contains(&name), "{name} is no variable");
	}
	for arg in run.get_arguments() {
		let id = arg.get_id().as_str();
		assert!(arg.get_env().is_some() || ["no_receipts", "help"].contains(&id), "{id} has no variable");
	}
	Cli::command().debug_assert();
}

#[test]
fn error_should_name_the_place_when_a_key_is_unknown() {
	let error = error_of("poll_secs = 1\nslot = 2\n");
	assert!(error.starts_with("miner.toml:2:1: unknown field `slot`, expected one of `urls`"), "{error}");
	assert!(error.contains("2 | slot = 2\n  | ^^^^"), "{error}");
}

#[test]
fn error_should_name_the_line_when_an_engine_is_wrong() {
	let error = error_of("slots = 1\n[[engine]]\nkind = \"llama\"\nmodels = []\nthread = 1\n");
	assert!(error.starts_with("miner.toml:5:1: unknown field `thread`"), "{error}");
	let error = error_of("[[engine]]\nkind = \"lama\"\n");
	assert!(error.starts_with("miner.toml:2:8: unknown variant `lama`, expected"), "{error}");
}

#[test]
fn error_should_name_place_and_expectation_when_a_value_is_bad() {
	for (text, place, expected) in [
		("slots = 0", "1:9", "nonzero"),
		("\n\tslots = \"2\"", "2:10", "expected a nonzero"),
		("urls = [\"http://x\"]", "1:9", "ws://"),
		("genesis = \"0x12\"", "1:11", "64 hex digits"),
		("http_bind = \"localhost\"", "1:13", "socket address"),
		("log_format = \"xml\"", "1:14", "expected `text` or `json`"),
		("accel = \"cuda\"", "1:9", "`auto`, `gpu`"),
		("slots = 1\nslots = 2", "2:1", "duplicate key"),
		("urls = [", "1:9", ""),
		("[[offer]]\nmodel = \"x\"\nper_gpu_second = \"1 DOT\"", "3:18", "expected MILL or planck"),
		("[limits]\nmax_queue = -1", "2:13", "usize"),
	] {
		let error = error_of(text);
		assert!(error.starts_with(&format!("miner.toml:{place}: ")), "{text}: {error}");
		assert!(error.contains(expected), "{text}: {error}");
	}
}

#[test]
fn flags_should_win_when_the_file_has_the_key_too() {
	let dir = tempfile::tempdir().unwrap();
	let path = dir.path().join("miner.toml");
	let text = "slots = 2\nurls = [\"ws://a\"]\ndev_operator = \"Eve\"\n[limits]\nmax_queue = 1\n[[engine]]\nkind = \"ollama\"";
	fs::write(&path, text).unwrap();
	let line = format!("--config {} --slots 3 --dev-operator Bob --model x.gguf --threads 1", path.display());
	let config = Config::load(&flags(&line)).unwrap();
	assert_eq!((config.slots.get(), config.addresses()), (3, vec!["ws://a".to_owned()]));
	assert_eq!((config.limits.max_queue, config.limits.min_free_disk_mb), (1, 256));
	assert_eq!(config.dev_operator.as_deref(), Some("Bob"));
	let engine = EngineConfig::Llama { models: vec!["x.gguf".into()], threads: Some(1) };
	assert_eq!(config.engines, vec![engine]);
	let urls = Config::load(&flags(&format!("{line} --url ws://b --url ws://c"))).unwrap().addresses();
	assert_eq!(urls, ["ws://b", "ws://c"]);
}

#[test]
fn load_should_say_what_is_missing_when_there_is_no_operator_or_engine() {
	let error = Config::load(&flags("--model x.gguf")).unwrap_err();
	assert!(error.to_string().contains("no operator"));
	let error = Config::load(&flags("--dev-operator Bob")).unwrap_err();
	assert!(error.to_string().contains("no engine"));
}

#[test]
fn http_bind_should_be_refused_when_others_reach_it_unless_that_is_allowed() {
	let line = "--dev-operator Bob --model x.gguf --http-bind 0.0.0.0:9920";
	let error = Config::load(&flags(line)).unwrap_err().to_string();
	assert!(error.contains("http_allow_remote"), "{error}");
	assert!(Config::load(&flags(&format!("{line} --http-allow-remote"))).is_ok());
	assert!(Config::load(&flags(&line.replace("0.0.0.0", "127.0.0.1"))).is_ok());
}

#[test]
fn offers_should_be_refused_when_they_have_more_slots_than_the_miner() {
	let offer = r#"model = "x", per_gpu_second = "1", slots = 2"#.parse::<Offer>().unwrap();
	let mut config = Config { offers: vec![offer.clone(), offer], ..Config::default() };
	config.slots = NonZeroUsize::new(3).unwrap();
	assert!(config.check_values().unwrap_err().contains("4 slots together"));
	config.slots = NonZeroUsize::new(4).unwrap();
	assert_eq!(config.check_values(), Ok(()));
}

#[test]
fn configuration_should_read_back_the_same_when_it_was_printed() {
	let text = whole_example().replace("operator_key_file", "#").replace("per_token", "#");
	let config = file::parse(Path::new("x"), &text).unwrap();
	assert_eq!(file::parse(Path::new("x"), &config.to_toml().unwrap()).unwrap(), config);
}

#[test]
fn changes_should_be_parted_when_some_need_a_restart() {
	let old = Config::default();
	let mut new = Config { drain_secs: 1, slots: NonZeroUsize::new(2).unwrap(), ..Config::default() };
	new.limits.max_queue = 5;
	let found = changes(&old, &new).unwrap();
	assert_eq!(found, Changes { live: vec!["drain_secs".into(), "limits".into()], restart: vec!["slots".into()] });
	assert_eq!(changes(&old, &old).unwrap(), Changes::default());
}

#[test]
fn changes_of_sessions_should_be_live_but_for_their_addresses_which_are_kept() {
	let old = Config::default();
	let mut new = Config { drain_secs: 1, ..Config::default() };
	new.session.streams = NonZeroUsize::new(4).unwrap();
	new.session.listen = vec!["/ip4/127.0.0.1/tcp/1".parse().unwrap()];
	let found = changes(&old, &new).unwrap();
	let live: Vec<String> = vec!["drain_secs".into(), "session.streams".into()];
	assert_eq!(found, Changes { live, restart: vec!["session.listen".into()] });
	let kept = keep(&new, &old, &found.restart).unwrap();
	assert_eq!((kept.drain_secs, kept.session.streams.get(), &kept.session.listen), (1, 4, &Vec::new()));
	assert_eq!(changes(&kept, &new).unwrap().restart, ["session.listen"]);
}

#[cfg(unix)]
#[test]
fn signer_should_be_refused_when_others_can_read_the_key_file() {
	use std::os::unix::fs::PermissionsExt;
	let dir = tempfile::tempdir().unwrap();
	let path = dir.path().join("key");
	fs::write(&path, "//Bob//operator\n").unwrap();
	fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
	let mut config = Config { operator_key_file: Some(path.clone()), ..Config::default() };
	assert!(config.signer().unwrap_err().to_string().contains("chmod 600"));
	fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
	let from_file = config.signer().unwrap().account_id();
	config.operator_key_file = None;
	config.dev_operator = Some("Bob".into());
	assert_eq!(config.signer().unwrap().account_id(), from_file);
}

#[cfg(unix)]
#[test]
fn receipt_signer_should_be_refused_when_others_can_read_its_file() {
	use std::os::unix::fs::PermissionsExt;
	let dir = tempfile::tempdir().unwrap();
	let path = dir.path().join("receipt.key");
	let (key, secret) = ReceiptSigner::generate();
	fs::write(&path, format!("{secret}\n")).unwrap();
	fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
	let line = format!("--dev-operator Bob --model x.gguf --receipt-key-file {}", path.display());
	let config = Config::load(&flags(&line)).unwrap();
	assert!(config.receipt_signer().unwrap_err().to_string().contains("chmod 600"));
	fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
	assert_eq!(config.receipt_signer().unwrap().unwrap().public(), key.public());
	assert!(Config::load(&flags(&format!("{line} --no-receipts"))).is_err());
}
