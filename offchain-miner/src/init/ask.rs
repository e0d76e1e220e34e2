//! Questions on a terminal.

use std::io::{self, BufRead, Write};

/// Asks on `output` and reads answers from `input`.
pub(super) struct Asker<'a, R, W> {
	input: &'a mut R,
	output: &'a mut W,
}

impl<'a, R: BufRead, W: Write> Asker<'a, R, W> {
	pub(super) fn new(input: &'a mut R, output: &'a mut W) -> Self {
		Self { input, output }
	}

	/// Asks until `read` takes the answer; an empty one stands for `default`, if that is not empty.
	pub(super) fn ask<T>(
		&mut self,
		question: &str,
		default: &str,
		read: impl Fn(&str) -> Result<T, String>,
	) -> io::Result<T> {
		loop {
			let shown = if default.is_empty() { String::new() } else { format!(" [{default}]") };
			write!(self.output, "{question}{shown}: ")?;
			self.output.flush()?;
			let mut line = String::new();
			if self.input.read_line(&mut line)? == 0 {
				return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the questions were not all answered"));
			}
			let answer = match line.trim() {
				"" => default,
				answer => answer,
			};
			match read(answer) {
				Ok(value) => return Ok(value),
				Err(error) => writeln!(self.output, "{error}")?,
			}
		}
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn ask_should_end_when_there_are_no_more_answers() {
		let (mut input, mut output) = (&b"x\n"[..], Vec::new());
		let mut asker = Asker::new(&mut input, &mut output);
		let error = asker.ask("Number", "", |text| text.parse::<u8>().map_err(|error| error.to_string())).unwrap_err();
		assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
	}
}
