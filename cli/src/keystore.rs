//! Encrypted keys, one file each, in the JSON format of polkadot.js: version 3, scrypt (N = 32768, p = 1, r = 8),
//! xsalsa20-poly1305 over a pkcs8 envelope of an sr25519 key.

use std::{
	fs::{self, OpenOptions},
	io::Write,
	path::{Path, PathBuf},
	time::{SystemTime, UNIX_EPOCH},
};

use base64::{engine::general_purpose::STANDARD, Engine};
use crypto_secretbox::{
	aead::{Aead, KeyInit},
	Key, Nonce, XSalsa20Poly1305,
};
use millrace_client::Signer;
use millrace_primitives::AccountId32;
use rand::{rngs::OsRng, RngCore};
use serde_json::{json, Value};
use sp_core::{crypto::Pair as _, sr25519};
use subxt_signer::polkadot_js_compat::{decrypt_json, Error as DecryptError};

use crate::error::CliError;

/// scrypt's N, as polkadot.js writes it.
const SCRYPT_N: u32 = 1 << 15;
/// scrypt's p.
const SCRYPT_P: u32 = 1;
/// scrypt's r.
const SCRYPT_R: u32 = 8;
const SALT_BYTES: usize = 32;
const NONCE_BYTES: usize = 24;
/// Salt, N, p, r and nonce stand before the ciphertext.
const HEADER_BYTES: usize = SALT_BYTES + 3 * 4 + NONCE_BYTES;
/// What stands before the secret key in the pkcs8 envelope.
const PKCS8_HEADER: [u8; 16] = [48, 83, 2, 1, 1, 48, 5, 6, 3, 43, 101, 112, 4, 34, 4, 32];
/// What stands between the secret and the public key.
const PKCS8_DIVIDER: [u8; 5] = [161, 35, 3, 33, 0];

/// A folder of keys.
pub struct Keystore {
	folder: PathBuf,
}

/// A stored key, still locked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
	/// Its name.
	pub name: String,
	/// Its account.
	pub account: AccountId32,
}

impl Keystore {
	/// The keys in `folder`, which need not exist yet.
	pub fn new(folder: PathBuf) -> Self {
		Self { folder }
	}

	/// The file of a key.
	///
	/// # Errors
	///
	/// [`CliError::Usage`] when the name can't be a file's.
	pub fn file(&self, name: &str) -> Result<PathBuf, CliError> {
		let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
		if name.is_empty() || name.starts_with('.') || !name.chars().all(fits) {
			return Err(CliError::Usage(format!("{name:?} is no name of an account; use letters, digits, - _ and .")));
		}
		Ok(self.folder.join(format!("{name}.json")))
	}

	/// All keys, by name.
	///
	/// # Errors
	///
	/// When the folder can't be read.
	pub fn list(&self) -> Result<Vec<Entry>, CliError> {
		let failed = || CliError::io(format!("cannot read {}", self.folder.display()));
		let mut entries = Vec::new();
		let files = match fs::read_dir(&self.folder) {
			Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(entries),
			files => files.map_err(failed())?,
		};
		for file in files {
			let path = file.map_err(failed())?.path();
			let name = path.file_stem().and_then(|name| name.to_str());
			if let (Some(name), true) = (name, path.extension().is_some_and(|extension| extension == "json")) {
				entries.push(self.entry(name)?);
			}
		}
		entries.sort_by(|a, b| a.name.cmp(&b.name));
		Ok(entries)
	}

	/// A key by its name.
	///
	/// # Errors
	///
	/// [`CliError::Key`] when there is none or its file makes no sense.
	pub fn entry(&self, name: &str) -> Result<Entry, CliError> {
		let account = address(&self.read(name)?)
			.ok_or_else(|| CliError::Key(format!("{} holds no key", self.folder.join(name).display())))?;
		Ok(Entry { name: name.to_owned(), account })
	}

	/// Unlocks a key.
	///
	/// # Errors
	///
	/// [`CliError::Key`] when there is none or the password is wrong.
	pub fn unlock(&self, name: &str, password: &str) -> Result<Signer, CliError> {
		decrypt(&self.read(name)?, password).map_err(|error| CliError::Key(format!("account {name}: {error}")))
	}

	/// Stores a key; readable by its owner only.
	///
	/// # Errors
	///
	/// [`CliError::Key`] when the name is taken, [`CliError::Io`] when the file can't be written.
	pub fn store(&self, name: &str, json: &str) -> Result<PathBuf, CliError> {
		let path = self.file(name)?;
		fs::create_dir_all(&self.folder)
			.map_err(CliError::io(format!("cannot make the folder {}", self.folder.display())))?;
		let mut options = OpenOptions::new();
		options.write(true).create_new(true);
		#[cfg(unix)]
		std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
		let mut file = options.open(&path).map_err(|error| match error.kind() {
			std::io::ErrorKind::AlreadyExists => {
				CliError::Key(format!("there is an account {name} already; choose another name"))
			}
			_ => CliError::io(format!("cannot write {}", path.display()))(error),
		})?;
		file.write_all(json.as_bytes()).map_err(CliError::io(format!("cannot write {}", path.display())))?;
		Ok(path)
	}

	fn read(&self, name: &str) -> Result<String, CliError> {
		let path = self.file(name)?;
		fs::read_to_string(&path).map_err(|error| match error.kind() {
			std::io::ErrorKind::NotFound => CliError::Key(format!(
				"there is no account {name}; `millrace account list` shows those in {}",
				self.folder.display()
			)),
			_ => CliError::io(format!("cannot read {}", path.display()))(error),
		})
	}
}

fn address(json: &str) -> Option<AccountId32> {
	let value: Value = serde_json::from_str(json).ok()?;
	value["address"].as_str()?.parse().ok()
}

/// Unlocks a key in polkadot.js's JSON.
///
/// # Errors
///
/// What is wrong, as a sentence.
pub fn decrypt(json: &str, password: &str) -> Result<Signer, String> {
	// The decoder counts on a whole header.
	let value: Value = serde_json::from_str(json).map_err(|error| format!("the file is no JSON: {error}"))?;
	let encoded = value["encoded"].as_str().and_then(|encoded| STANDARD.decode(encoded).ok());
	if encoded.is_none_or(|encoded| encoded.len() < HEADER_BYTES) {
		return Err("the file holds no encrypted key of polkadot.js, version 3".into());
	}
	decrypt_json(json, password).map(Signer::from).map_err(|error| match error {
		DecryptError::Secretbox(_) => "the password is wrong".into(),
		error => error.to_string(),
	})
}

/// Locks a key into polkadot.js's JSON.
///
/// # Errors
///
/// [`CliError::Key`] when the machine gives no randomness or scrypt no memory.
pub fn encrypt(pair: &sr25519::Pair, password: &str, name: &str) -> Result<String, CliError> {
	let public = pair.public();
	let secret = schnorrkel::SecretKey::from_bytes(&pair.to_raw_vec())
		.map_err(|error| CliError::Key(format!("the key cannot be stored: {error}")))?;
	let mut plain = Vec::from(PKCS8_HEADER);
	plain.extend_from_slice(&secret.to_ed25519_bytes());
	plain.extend_from_slice(&PKCS8_DIVIDER);
	plain.extend_from_slice(&public.0);

	let mut salt = [0; SALT_BYTES];
	let mut nonce = [0; NONCE_BYTES];
	for random in [&mut salt[..], &mut nonce[..]] {
		OsRng.try_fill_bytes(random).map_err(|error| CliError::Key(format!("no randomness: {error}")))?;
	}
	let mut key = Key::default();
	let log_n = u8::try_from(SCRYPT_N.ilog2()).map_err(|error| CliError::Key(error.to_string()))?;
	scrypt::Params::new(log_n, SCRYPT_R, SCRYPT_P, key.len())
		.map_err(|error| error.to_string())
		.and_then(|params| {
			scrypt::scrypt(password.as_bytes(), &salt, &params, &mut key).map_err(|error| error.to_string())
		})
		.map_err(|error| CliError::Key(format!("scrypt failed: {error}")))?;
	let cipher = XSalsa20Poly1305::new(&key)
		.encrypt(Nonce::from_slice(&nonce), plain.as_slice())
		.map_err(|_| CliError::Key("the key could not be encrypted".into()))?;

	let mut encoded = Vec::from(salt);
	for parameter in [SCRYPT_N, SCRYPT_P, SCRYPT_R] {
		encoded.extend_from_slice(&parameter.to_le_bytes());
	}
	encoded.extend_from_slice(&nonce);
	encoded.extend_from_slice(&cipher);
	let created = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
	let json = json!({
		"encoded": STANDARD.encode(encoded),
		"encoding": {
			"content": ["pkcs8", "sr25519"],
			"type": ["scrypt", "xsalsa20-poly1305"],
			"version": "3",
		},
		"address": AccountId32::from(public).to_string(),
		"meta": { "name": name, "whenCreated": u64::try_from(created).unwrap_or_default() },
	});
	Ok(format!("{json:#}\n"))
}

/// The key of a mnemonic or seed, with its derivations.
///
/// # Errors
///
/// [`CliError::Key`] when it is none. The message does not repeat it.
pub fn pair_of(secret: &str) -> Result<sr25519::Pair, CliError> {
	sr25519::Pair::from_string(secret.trim(), None).map_err(|_| {
		CliError::Key(
			"that is no secret; expected 12 to 24 words of BIP-39 or a seed of 64 hex digits after 0x, with derivations such as //hard"
				.into(),
		)
	})
}

/// Where keys are unless told otherwise.
///
/// # Errors
///
/// [`CliError::Usage`] when the machine names no folder for data.
pub fn default_folder() -> Result<PathBuf, CliError> {
	dirs::data_local_dir()
		.map(|data| data.join(Path::new("millrace").join("keys")))
		.ok_or_else(|| CliError::Usage("there is no folder for data here; name one with --keystore".into()))
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn key_should_sign_as_before_when_it_was_stored_and_unlocked() {
		let folder = tempfile::tempdir().expect("a folder");
		let keystore = Keystore::new(folder.path().join("keys"));
		let pair =
			pair_of("bottom drive obey lake curtain smoke basket hold race lonely fit walk//Alice").expect("a key");
		let path = keystore.store("alice", &encrypt(&pair, "secret", "alice").expect("encrypts")).expect("stores");
		let signer = keystore.unlock("alice", "secret").expect("unlocks");
		assert_eq!(signer.account_id(), Signer::from_uri("//Alice").expect("a key").account_id());
		let signature = sr25519::Signature::from(signer.sign(b"hello"));
		assert!(sr25519::Pair::verify(&signature, b"hello", &pair.public()));
		let entry = Entry { name: "alice".into(), account: pair.public().into() };
		assert_eq!(keystore.list().expect("lists"), [entry]);
		#[cfg(unix)]
		{
			use std::os::unix::fs::PermissionsExt;
			assert_eq!(fs::metadata(path).expect("a file").permissions().mode() & 0o777, 0o600);
		}
	}

	#[test]
	fn key_should_stay_locked_when_the_password_is_wrong() {
		let json = encrypt(&pair_of("//Bob").expect("a key"), "right", "bob").expect("encrypts");
		assert_eq!(decrypt(&json, "wrong").err().as_deref(), Some("the password is wrong"));
		assert!(decrypt(&json, "right").is_ok());
	}

	#[test]
	fn key_should_be_refused_when_its_file_is_broken() {
		for json in ["", "{}", r#"{"encoded":"AAAA"}"#, r#"{"encoded":"!"}"#] {
			assert!(decrypt(json, "x").is_err(), "{json}");
		}
	}

	#[test]
	fn key_should_unlock_when_polkadot_js_wrote_it() {
		let json = r#"{"encoded":"J2FFcPHAY11Pmq/38eqbwfUv9OPitYJs+oYgahBvlagAAAIAAQAAAAgAAAB5o0DwXCWDblsH+9pc++RaBO4fpHBHzUirHFHFE9yS3sDzgAIQjhgvPqJ3ODrMR2gy7vk0VZg1fyirIvmsrfjGbWnOI8YU0joX0tYytroyWaykFKtZJMmE0pNKcJ5dJmDxscbK53Ac+7ld2UdH07yKPXxmPuYNNw3vKx8cg9CdQgifKfzQxHnC+EUpOoHPLwGlHsFEYtIlQtngqd9n","encoding":{"content":["pkcs8","sr25519"],"type":["scrypt","xsalsa20-poly1305"],"version":"3"},"address":"5CfWTDh7XxJ2yrayqQ2aJnnZAH5v5XaF1oJFfH5QCpbfP9v8","meta":{"name":"Bob (Dev)"}}"#;
		let signer = decrypt(json, "whoisbob").expect("polkadot.js's own");
		assert_eq!(signer.account_id().to_string(), "5CfWTDh7XxJ2yrayqQ2aJnnZAH5v5XaF1oJFfH5QCpbfP9v8");
	}

	#[test]
	fn store_should_refuse_when_the_name_is_taken_or_no_name() {
		let folder = tempfile::tempdir().expect("a folder");
		let keystore = Keystore::new(folder.path().into());
		keystore.store("a", "{}").expect("stores");
		assert!(matches!(keystore.store("a", "{}"), Err(CliError::Key(_))));
		for name in ["", "../a", "a/b", ".hidden", "a b"] {
			assert!(matches!(keystore.store(name, "{}"), Err(CliError::Usage(_))), "{name}");
		}
	}

	#[test]
	fn secret_should_not_be_repeated_when_it_is_bad() {
		let error = pair_of("correct horse battery staple").err().expect("no mnemonic");
		assert!(!error.to_string().contains("horse"));
	}
}
