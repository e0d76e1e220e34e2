//! The input of [`Workload::Conversation`](millrace_primitives::Workload::Conversation): the messages of a conversation
//! as a JSON array, oldest first:
//!
//! ```json
//! [{"role":"system","content":"Be brief."},{"role":"user","content":"What is 17 + 25?"}]
//! ```

use serde::{Deserialize, Serialize};

/// Who says a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
	/// Whoever set the conversation up; only the first message can be its.
	System,
	/// Who asks.
	User,
	/// The model.
	Assistant,
}

impl Role {
	/// As templates and JSON have it.
	pub const fn name(self) -> &'static str {
		match self {
			Self::System => "system",
			Self::User => "user",
			Self::Assistant => "assistant",
		}
	}
}

/// A message of a conversation.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Message {
	/// Who says it.
	pub role: Role,
	/// What.
	pub content: String,
}

impl Message {
	/// A message of this role.
	pub fn new(role: Role, content: impl Into<String>) -> Self {
		Self { role, content: content.into() }
	}
}

/// Why there is no conversation.
#[derive(Debug, thiserror::Error)]
pub enum BadConversation {
	/// It is something else.
	#[error("the input is no conversation: {0}")]
	Json(#[from] serde_json::Error),
	/// Its messages do not follow one another as they must.
	#[error("{0}")]
	Order(&'static str),
}

/// Reads a conversation.
///
/// # Errors
///
/// See [`check`], and what is no JSON of this form.
pub fn parse(input: &[u8]) -> Result<Vec<Message>, BadConversation> {
	let messages: Vec<Message> = serde_json::from_slice(input)?;
	check(&messages)?;
	Ok(messages)
}

/// Whether the last message is the user's and none but the first one is the system's.
///
/// # Errors
///
/// [`BadConversation::Order`].
pub fn check(messages: &[Message]) -> Result<(), BadConversation> {
	if messages.last().is_none_or(|last| last.role != Role::User) {
		return Err(BadConversation::Order("the last message of a conversation must be the user's"));
	}
	if messages.iter().skip(1).any(|message| message.role == Role::System) {
		return Err(BadConversation::Order("only the first message of a conversation can be the system's"));
	}
	Ok(())
}

/// The bytes of a conversation.
pub fn encode(messages: &[Message]) -> Vec<u8> {
	serde_json::to_vec(messages).expect("text under text keys is JSON")
}

#[cfg(test)]
mod tests {
	use super::*;

	fn message(role: Role) -> Message {
		Message::new(role, "a \"b\"\n")
	}

	#[test]
	fn conversation_should_come_back_when_it_is_encoded() {
		let messages = [Role::System, Role::User, Role::Assistant, Role::User].map(message);
		let bytes = encode(&messages);
		assert!(bytes.starts_with(br#"[{"role":"system","content":"a \"b\"\n"},{"role":"user","#));
		assert_eq!(parse(&bytes).unwrap(), messages);
	}

	#[test]
	fn conversation_should_be_refused_when_it_does_not_end_with_the_user_or_has_a_late_system_message() {
		for roles in [&[][..], &[Role::System], &[Role::User, Role::Assistant], &[Role::User, Role::System, Role::User]]
		{
			let messages: Vec<_> = roles.iter().copied().map(message).collect();
			assert!(matches!(parse(&encode(&messages)), Err(BadConversation::Order(_))), "{roles:?}");
		}
	}

	#[test]
	fn conversation_should_be_refused_when_it_is_something_else() {
		let others: [&[u8]; 5] = [
			b"hello",
			b"{}",
			br#"[{"role":"tool","content":"x"}]"#,
			br#"[{"role":"user"}]"#,
			br#"[{"role":"user","content":"x","name":"y"}]"#,
		];
		for other in others {
			assert!(matches!(parse(other), Err(BadConversation::Json(_))), "{}", String::from_utf8_lossy(other));
		}
	}
}
