//! A conversation as a job or a request has it, and the form that its answer is held to.

use millrace_client::conversation;

/// Whether `data` was a conversation.
pub fn check(data: &[u8]) -> bool {
	let Ok(read) = conversation::parse(data) else { return false };
	let again = conversation::encode(&read.messages, read.form.as_ref());
	assert_eq!(conversation::parse(&again).expect("what was read can be written and read"), read);
	true
}
