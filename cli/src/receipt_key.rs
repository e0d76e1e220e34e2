//! `millrace miner receipt-key`.

use std::{
	fs::{self, OpenOptions},
	io::Write,
	path::Path,
};

use millrace_client::{
	calls,
	receipt::json::{ReceiptPublic, ReceiptSigner},
	ReceiptKey,
};
use serde_json::{json, Value};

use crate::{amount, args::ReceiptKeyCommand, context::Context, error::CliError, miner, show};

/// Runs a command for receipt keys.
///
/// # Errors
///
/// [`CliError::Key`] when a key can't be used, and what the chain refused.
pub async fn run(context: &Context, command: ReceiptKeyCommand) -> Result<(), CliError> {
	match command {
		ReceiptKeyCommand::New { file } => new(context, &file),
		ReceiptKeyCommand::Set { file } => {
			let signer = read(&file)?;
			let possession = signer.possession(context.client().await?.genesis_hash(), &context.own_account()?);
			let call = calls::set_receipt_key(signer.public(), possession);
			context.send_and_say(call, &format!("receipt key {} set", signer.public())).await
		}
		ReceiptKeyCommand::Show { address } => show_keys(context, address).await,
		ReceiptKeyCommand::Revoke => context.send_and_say(calls::revoke_receipt_key(), "receipt key revoked").await,
		ReceiptKeyCommand::Forget { key } => {
			let key = parse(&key)?;
			context.send_and_say(calls::forget_receipt_key(key), &format!("receipt key {key} forgotten")).await
		}
	}
}

/// Reads a public key.
///
/// # Errors
///
/// [`CliError::Usage`] when it is none.
pub fn parse(key: &str) -> Result<ReceiptPublic, CliError> {
	key.parse().map_err(|_| CliError::Usage(format!("{key:?} is no receipt key; expected 0x and 64 digits")))
}

/// Reads a key from the file that holds its secret.
///
/// # Errors
///
/// [`CliError::Io`] when it can't be read, [`CliError::Key`] when it holds no key or others can read it.
pub fn read(file: &Path) -> Result<ReceiptSigner, CliError> {
	let failed = || CliError::io(format!("cannot read {}", file.display()));
	#[cfg(unix)]
	{
		use std::os::unix::fs::PermissionsExt;
		let mode = fs::metadata(file).map_err(failed())?.permissions().mode();
		if mode & 0o077 != 0 {
			let shown = file.display();
			return Err(CliError::Key(format!("{shown} can be read by others; run chmod 600 on it")));
		}
	}
	let secret = fs::read_to_string(file).map_err(failed())?;
	ReceiptSigner::from_secret(&secret).map_err(|error| CliError::Key(format!("{}: {error}", file.display())))
}

fn new(context: &Context, file: &Path) -> Result<(), CliError> {
	let (signer, secret) = ReceiptSigner::generate();
	let failed = || CliError::io(format!("cannot write {}", file.display()));
	let mut options = OpenOptions::new();
	options.write(true).create_new(true);
	#[cfg(unix)]
	std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
	options.open(file).and_then(|mut file| writeln!(file, "{secret}")).map_err(failed())?;
	let public = signer.public();
	let json = json!({ "file": file, "key": public.to_string(), "key_id": public.id() });
	context.print(json, || format!("receipt key {public}, its secret in {}", file.display()));
	Ok(())
}

async fn show_keys(context: &Context, address: Option<String>) -> Result<(), CliError> {
	let account = match address {
		Some(address) => context.address(&address)?,
		None => context.own_account()?,
	};
	let at = context.client().await?.at_best().await?;
	// Keys outlive the registration.
	let owner = miner::find(&at, &account).await?.map_or(account, |miner| miner.owner);
	let keys = at.receipt_keys(&owner).await?;
	context.print_list("receipt_keys", keys.iter().map(key_json).collect(), || {
		if keys.is_empty() {
			vec![format!("{owner} has no receipt keys")]
		} else {
			keys.iter().map(key_line).collect()
		}
	});
	Ok(())
}

fn key_json(listed: &ReceiptKey) -> Value {
	let ReceiptKey { key, from, until, deposit } = listed;
	json!({
		"key": key.to_string(),
		"key_id": key.id(),
		"from": from,
		"until": until,
		"deposit": show::plancks(*deposit),
	})
}

fn key_line(listed: &ReceiptKey) -> String {
	let ReceiptKey { key, from, until, deposit } = listed;
	let until = until.map_or_else(|| "on, in use".to_owned(), |until| format!("until before block {until}"));
	format!("{key} for jobs that ended from block {from} {until}; {} held", amount::show(*deposit))
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn key_should_be_refused_when_its_file_can_be_read_by_others_or_holds_none() {
		use std::os::unix::fs::PermissionsExt;
		let folder = tempfile::tempdir().expect("a folder");
		let file = folder.path().join("receipt.key");
		let (signer, secret) = ReceiptSigner::generate();
		let write = |text: &str, mode| {
			fs::write(&file, text).expect("it is written");
			fs::set_permissions(&file, fs::Permissions::from_mode(mode)).expect("it is ours");
		};
		write(&secret, 0o644);
		assert!(matches!(read(&file), Err(CliError::Key(why)) if why.contains("chmod 600")));
		write(&secret, 0o600);
		assert_eq!(read(&file).expect("it is a key").public(), signer.public());
		write("//Alice", 0o600);
		assert!(matches!(read(&file), Err(CliError::Key(why)) if !why.contains("Alice")));
		assert!(matches!(read(&folder.path().join("none")), Err(CliError::Io { .. })));
	}

	#[test]
	fn key_should_be_shown_with_the_blocks_for_which_it_holds() {
		let key = ReceiptPublic([7; 32]);
		let mut listed = ReceiptKey { key, from: 3, until: None, deposit: 5 };
		assert!(key_line(&listed).contains("from block 3 on, in use"));
		listed.until = Some(9);
		assert!(key_line(&listed).contains("from block 3 until before block 9"));
		assert_eq!((&key_json(&listed)["until"], &key_json(&listed)["deposit"]), (&json!(9), &json!("5")));
	}
}
