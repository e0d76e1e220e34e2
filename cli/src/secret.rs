//! Passwords and mnemonics: from a prompt, a file or the environment, never from the command line, where every
//! process can read them.

use std::{
	fs,
	io::{self, BufRead, IsTerminal},
	path::Path,
};

use crate::error::CliError;

/// The environment variable that holds the keystore's password.
const PASSWORD_VARIABLE: &str = "MILLRACE_PASSWORD";

/// The password of an existing key.
///
/// # Errors
///
/// [`CliError::Key`] when none is given and nobody can be asked.
pub fn password(file: Option<&Path>, account: &str) -> Result<String, CliError> {
	match stored_password(file)? {
		Some(password) => Ok(password),
		None => ask(&format!("Password of {account}: "), "--password-file or MILLRACE_PASSWORD"),
	}
}

/// A password for a new key; asked for twice when it is typed.
///
/// # Errors
///
/// [`CliError::Key`] when none is given, nobody can be asked, or the two differ.
pub fn new_password(file: Option<&Path>, account: &str) -> Result<String, CliError> {
	if let Some(password) = stored_password(file)? {
		return Ok(password);
	}
	let otherwise = "--password-file or MILLRACE_PASSWORD";
	let first = ask(&format!("New password of {account}: "), otherwise)?;
	if io::stdin().is_terminal() && ask("The same again: ", otherwise)? != first {
		return Err(CliError::Key("the two passwords differ; nothing was stored".into()));
	}
	Ok(first)
}

/// A secret from a file, or asked for.
///
/// # Errors
///
/// [`CliError::Key`] when nobody can be asked, [`CliError::Io`] when the file can't be read.
pub fn secret(file: Option<&Path>, prompt: &str) -> Result<String, CliError> {
	match file {
		Some(file) => first_line(file),
		None => ask(prompt, "a file"),
	}
}

fn stored_password(file: Option<&Path>) -> Result<Option<String>, CliError> {
	match file {
		Some(file) => first_line(file).map(Some),
		None => Ok(std::env::var(PASSWORD_VARIABLE).ok()),
	}
}

fn first_line(file: &Path) -> Result<String, CliError> {
	let text = fs::read_to_string(file).map_err(CliError::io(format!("cannot read {}", file.display())))?;
	Ok(text.lines().next().unwrap_or_default().to_owned())
}

/// Asks on the terminal, without an echo; from a pipe, takes a line.
fn ask(prompt: &str, otherwise: &str) -> Result<String, CliError> {
	if io::stdin().is_terminal() {
		return rpassword::prompt_password(prompt).map_err(CliError::io("cannot ask on the terminal"));
	}
	let mut line = String::new();
	io::stdin().lock().read_line(&mut line).map_err(CliError::io("cannot read standard input"))?;
	if line.is_empty() {
		return Err(CliError::Key(format!("{} is missing; give it with {otherwise}", prompt.trim_end_matches(": "))));
	}
	Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}
