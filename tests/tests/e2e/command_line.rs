//! The command line as scripts use it: keys of its own, money, exit codes.

use std::process::Output;

use millrace_tests::{Cli, World};
use serde_json::Value;

const PASSWORD: &str = "correct horse battery staple";

/// Runs with the key `me` of the keystore.
fn as_me(cli: &Cli, args: &[&str]) -> Output {
	let mut command = cli.command("", args);
	command.args(["--account", "me"]).env("MILLRACE_PASSWORD", PASSWORD);
	command.output().unwrap()
}

fn error_of(output: &Output) -> Value {
	let text = String::from_utf8_lossy(&output.stderr).into_owned();
	let line = text.lines().last().unwrap_or_default();
	serde_json::from_str::<Value>(line).unwrap_or_else(|error| panic!("{error}: {text:?}"))["error"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn key_should_be_made_funded_and_used() {
	let world = World::empty().await;
	let cli = Cli::new(&world.node);
	let made =
		cli.command("", &["account", "new", "me", "--json"]).env("MILLRACE_PASSWORD", PASSWORD).output().unwrap();
	assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
	let made: Value = serde_json::from_slice(&made.stdout).unwrap();
	let address = made["address"].as_str().unwrap().to_owned();
	cli.json("charlie", &["account", "transfer", &address, "5"]);
	let balance = cli.json("", &["account", "balance", &address]);
	assert_eq!(balance["free"], "5000000000000", "{balance}");

	let job = as_me(&cli, &["job", "submit", "Hello", "--max-tokens", "8", "--json"]);
	assert!(job.status.success(), "{}", String::from_utf8_lossy(&job.stderr));
	let job: Value = serde_json::from_slice(&job.stdout).unwrap();
	let number = job["job"].to_string();
	assert_eq!(as_me(&cli, &["job", "cancel", &number, "--json"]).status.code(), Some(0));
	assert_eq!(cli.json("", &["receipt", "show", &number])["outcome"], "cancelled");

	let mut wrong = cli.command("", &["account", "transfer", &address, "1", "--account", "me", "--json"]);
	assert_eq!(wrong.env("MILLRACE_PASSWORD", "wrong").output().unwrap().status.code(), Some(7));
}

#[tokio::test(flavor = "multi_thread")]
async fn exit_code_should_tell_what_went_wrong() {
	let world = World::empty().await;
	let cli = Cli::new(&world.node);
	let refused = cli.run("charlie", &["job", "submit", "", "--json"]);
	let error = error_of(&refused);
	assert_eq!((refused.status.code(), error["error"].as_str()), (Some(4), Some("EmptyInput")), "{error}");
	let poor = cli.run("charlie", &["job", "submit", "hi", "--max-fee", "2000000", "--json"]);
	let error = error_of(&poor);
	assert_eq!((poor.status.code(), error["error"].as_str()), (Some(4), Some("InsufficientBalance")), "{error}");
	assert_eq!(cli.run("", &["receipt", "show", "77", "--json"]).status.code(), Some(6));
	assert_eq!(cli.run("", &["receipt", "show"]).status.code(), Some(2));
	let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
	let lost = cli.run("", &["model", "list", "--json", "--url", &format!("ws://{nobody}")]);
	assert_eq!(lost.status.code(), Some(3), "{}", String::from_utf8_lossy(&lost.stderr));
}
