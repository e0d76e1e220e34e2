//! `millrace account`.

use std::path::Path;

use millrace_client::calls;
use millrace_primitives::AccountId32;
use serde_json::json;
use sp_core::{crypto::Pair as _, sr25519};

use crate::{amount, args::AccountCommand, context::Context, error::CliError, keystore, secret, show};

/// Runs a command for accounts.
///
/// # Errors
///
/// [`CliError::Key`] for keys and passwords, and what the chain refused.
pub async fn run(context: &Context, command: AccountCommand) -> Result<(), CliError> {
	match command {
		AccountCommand::New { name } => new(context, &name),
		AccountCommand::Import { name, from_json: Some(file), .. } => import_json(context, &name, &file),
		AccountCommand::Import { name, secret_file, .. } => {
			let secret = secret::secret(secret_file.as_deref(), "Mnemonic or 0x seed: ")?;
			store(context, &name, &keystore::pair_of(&secret)?, None)
		}
		AccountCommand::List => {
			let entries = context.accounts()?;
			let json = entries.iter().map(|entry| json!({ "name": entry.name, "address": entry.account.to_string() }));
			context.print_list("accounts", json.collect(), || {
				if entries.is_empty() {
					vec!["no accounts; `millrace account new NAME` makes one".into()]
				} else {
					entries.iter().map(|entry| format!("{:<16} {}", entry.name, entry.account)).collect()
				}
			});
			Ok(())
		}
		AccountCommand::Balance { address } => balance(context, address).await,
		AccountCommand::Transfer { to, amount } => {
			let to = context.address(&to)?;
			let done = format!("{} sent to {to}", amount::show(amount));
			context.send_and_say(calls::transfer(to, amount), &done).await
		}
	}
}

fn new(context: &Context, name: &str) -> Result<(), CliError> {
	let (pair, phrase, _) = sr25519::Pair::generate_with_phrase(None);
	store(context, name, &pair, Some(&phrase))
}

/// Encrypts and stores a key, and shows its words if they are new.
fn store(context: &Context, name: &str, pair: &sr25519::Pair, phrase: Option<&str>) -> Result<(), CliError> {
	if context.keystore.file(name)?.exists() {
		return Err(CliError::Key(format!("there is an account {name} already; choose another name")));
	}
	let password = secret::new_password(context.password_file.as_deref(), name)?;
	let path = context.keystore.store(name, &keystore::encrypt(pair, &password, name)?)?;
	let address = AccountId32::from(pair.public()).to_string();
	let mut json = json!({ "name": name, "address": address, "file": path });
	if let Some(phrase) = phrase {
		json["mnemonic"] = json!(phrase);
	}
	context.print(json, || match phrase {
		Some(phrase) => format!(
			"{name} {address}\n\n    {phrase}\n\nThese words are the key and are shown only now: keep them on paper, away from this machine."
		),
		None => format!("{name} {address}"),
	});
	Ok(())
}

fn import_json(context: &Context, name: &str, file: &Path) -> Result<(), CliError> {
	let json = std::fs::read_to_string(file).map_err(CliError::io(format!("cannot read {}", file.display())))?;
	let password = secret::password(context.password_file.as_deref(), &file.display().to_string())?;
	let signer =
		keystore::decrypt(&json, &password).map_err(|error| CliError::Key(format!("{}: {error}", file.display())))?;
	let path = context.keystore.store(name, &json)?;
	let address = signer.account_id().to_string();
	context.print(json!({ "name": name, "address": address, "file": path }), || format!("{name} {address}"));
	Ok(())
}

async fn balance(context: &Context, address: Option<String>) -> Result<(), CliError> {
	let account = match address {
		Some(address) => context.address(&address)?,
		None => context.own_account()?,
	};
	let at = context.client().await?.at_best().await?;
	let balances = at.balance(&account).await?;
	let mut json = show::balances(balances);
	json["address"] = json!(account.to_string());
	json["block"] = show::block(at.block());
	context.print(json, || {
		format!("{account}: free {}, held {}", amount::show(balances.free), amount::show(balances.held))
	});
	Ok(())
}
