//! What every command needs: the connection, the keys, and a way to print.

use std::path::PathBuf;

use millrace_client::{session, Call, Client, InBlock, Model, Signer, Submitter};
use millrace_primitives::{AccountId32, ChannelId, Voucher};
use serde_json::{json, Value};
use tokio::sync::OnceCell;

use crate::{
	args::Global,
	error::CliError,
	keystore::{self, Entry, Keystore},
	secret, show,
};

/// Options of every command, and what comes of them on demand.
pub struct Context {
	/// Whether JSON is wanted.
	pub json: bool,
	/// The keys.
	pub keystore: Keystore,
	/// The file with the password.
	pub password_file: Option<PathBuf>,
	receipts: Option<PathBuf>,
	channels: Option<PathBuf>,
	url: String,
	account: Option<String>,
	dev: Option<String>,
	client: OnceCell<Client>,
}

impl Context {
	/// Prepares for a command.
	///
	/// # Errors
	///
	/// [`CliError::Usage`] when there is no folder for keys.
	pub fn new(global: Global) -> Result<Self, CliError> {
		let Global { url, json, keystore, account, dev, password_file, receipts, channels } = global;
		let folder = match keystore {
			Some(folder) => folder,
			None => keystore::default_folder()?,
		};
		let keystore = Keystore::new(folder);
		Ok(Self { json, keystore, password_file, receipts, channels, url, account, dev, client: OnceCell::new() })
	}

	/// The connection, made at its first use.
	///
	/// # Errors
	///
	/// When the node does not answer.
	pub async fn client(&self) -> Result<&Client, CliError> {
		Ok(self.client.get_or_try_init(|| Client::connect(&self.url)).await?)
	}

	/// The folder of the receipts' files.
	///
	/// # Errors
	///
	/// [`CliError::Usage`] when there is no folder for data.
	pub fn receipts(&self) -> Result<PathBuf, CliError> {
		match &self.receipts {
			Some(folder) => Ok(folder.clone()),
			None => dirs::data_local_dir()
				.map(|data| data.join("millrace").join("receipts"))
				.ok_or_else(|| CliError::Usage("there is no folder for data here; name one with --receipts".into())),
		}
	}

	/// The folder with what was signed for in channels.
	///
	/// # Errors
	///
	/// [`CliError::Usage`] when there is no folder for data.
	pub fn channels(&self) -> Result<PathBuf, CliError> {
		match &self.channels {
			Some(folder) => Ok(folder.clone()),
			None => dirs::data_local_dir()
				.map(|data| data.join("millrace").join("channels"))
				.ok_or_else(|| CliError::Usage("there is no folder for data here; name one with --channels".into())),
		}
	}

	/// The last voucher that was signed here for a channel.
	///
	/// # Errors
	///
	/// When its file can't be read, or the node does not answer.
	pub async fn last_voucher(&self, channel: ChannelId) -> Result<Option<Voucher>, CliError> {
		// Where there is no folder, nothing was signed.
		let Ok(folder) = self.channels() else { return Ok(None) };
		let genesis = self.client().await?.genesis_hash();
		let found = session::last_voucher(&folder, genesis, channel);
		Ok(found.map_err(session::SessionError::from)?)
	}

	/// The account that signs, without its key.
	///
	/// # Errors
	///
	/// [`CliError::Key`] when it is unknown, [`CliError::Usage`] when none is named.
	pub fn own_account(&self) -> Result<AccountId32, CliError> {
		match (&self.dev, &self.account) {
			(Some(name), _) => Ok(development(name)?.account_id()),
			(None, Some(name)) => Ok(self.keystore.entry(name)?.account),
			(None, None) => Err(no_account()),
		}
	}

	/// The keys that can sign here: the development account if one is named, and those in the keystore.
	///
	/// # Errors
	///
	/// When the keystore can't be read or there is no such development account.
	pub fn accounts(&self) -> Result<Vec<Entry>, CliError> {
		let mut entries = Vec::new();
		if let Some(name) = &self.dev {
			entries.push(Entry { name: name.clone(), account: development(name)?.account_id() });
		}
		entries.extend(self.keystore.list()?);
		Ok(entries)
	}

	/// The key that signs; asks for its password.
	///
	/// # Errors
	///
	/// As [`Context::own_account`], and when the password is wrong.
	pub fn signer(&self) -> Result<Signer, CliError> {
		match (&self.dev, &self.account) {
			(Some(name), _) => development(name),
			(None, Some(name)) => {
				self.keystore.entry(name)?;
				self.keystore.unlock(name, &secret::password(self.password_file.as_deref(), name)?)
			}
			(None, None) => Err(no_account()),
		}
	}

	/// Sends transactions of the account that signs.
	///
	/// # Errors
	///
	/// As [`Context::signer`], and when the node does not answer.
	pub async fn submitter(&self) -> Result<Submitter, CliError> {
		let signer = self.signer()?;
		Ok(self.client().await?.submitter(signer))
	}

	/// Sends a call and waits until it is done.
	///
	/// # Errors
	///
	/// As [`Context::submitter`], and when the chain refuses.
	pub async fn send(&self, call: Call) -> Result<InBlock, CliError> {
		Ok(self.submitter().await?.submit(call).await?)
	}

	/// Sends a call and prints that it is done.
	///
	/// # Errors
	///
	/// As [`Context::send`].
	pub async fn send_and_say(&self, call: Call, done: &str) -> Result<(), CliError> {
		let done_in = self.send(call).await?;
		self.print(show::transaction(&done_in), || {
			format!("{done} in block {}; transaction fee {}", done_in.number, crate::amount::show(done_in.fee()))
		});
		Ok(())
	}

	/// An account: an SS58 address, a development account such as `//Alice`, or a name in the keystore.
	///
	/// # Errors
	///
	/// [`CliError::Usage`] when it is none.
	pub fn address(&self, text: &str) -> Result<AccountId32, CliError> {
		if let Some(name) = text.strip_prefix("//") {
			return Ok(development(name)?.account_id());
		}
		text.parse().or_else(|_| match self.keystore.entry(text) {
			Ok(entry) => Ok(entry.account),
			Err(_) => Err(CliError::Usage(format!(
				"{text:?} is no account; expected an SS58 address, a name in the keystore, or //Alice"
			))),
		})
	}

	/// A model by number or name.
	///
	/// # Errors
	///
	/// [`CliError::NotFound`] when there is none.
	pub async fn model(&self, text: &str) -> Result<Model, CliError> {
		let client = self.client().await?;
		let found = match text.parse() {
			Ok(id) => client.model(id).await?,
			Err(_) => client.model_by_name(text).await?,
		};
		found.ok_or_else(|| CliError::NotFound(format!("there is no model {text}; `millrace model list` shows them")))
	}

	/// Prints a result to stdout.
	pub fn print(&self, json: Value, text: impl FnOnce() -> String) {
		if self.json {
			println!("{json}");
		} else {
			println!("{}", text());
		}
	}

	/// Prints a list: under its key in JSON, or one line each.
	pub fn print_list(&self, key: &str, json: Vec<Value>, lines: impl FnOnce() -> Vec<String>) {
		self.print(json!({ key: json }), || lines().join("\n"));
	}
}

fn no_account() -> CliError {
	CliError::Usage(
		"no account to sign with; name one of `millrace account list` with --account, or a development account with --dev"
			.into(),
	)
}

/// The key of a well-known development account. `alice` means `//Alice`.
fn development(name: &str) -> Result<Signer, CliError> {
	let name = name.trim_start_matches('/');
	let mut letters = name.chars();
	let name: String = letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).collect();
	let known = ["Alice", "Bob", "Charlie", "Dave", "Eve", "Ferdie", "One", "Two"];
	// Nothing that could be a real secret may stand in the command line.
	if !known.contains(&name.split('/').next().unwrap_or_default()) {
		return Err(CliError::Usage(format!(
			"there is no such development account; expected one of {}",
			known.join(", ")
		)));
	}
	Ok(Signer::from_uri(&format!("//{name}"))?)
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn development_account_should_be_found_when_its_case_differs() {
		let alice = Signer::from_uri("//Alice").expect("a key").account_id();
		for name in ["alice", "Alice", "//Alice"] {
			assert_eq!(development(name).expect("known").account_id(), alice);
		}
		assert_ne!(development("Alice//stash").expect("known").account_id(), alice);
		assert!(development("mallory").is_err());
	}
}
