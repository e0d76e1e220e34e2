//! The input of [`Workload::Conversation`](millrace_primitives::Workload::Conversation): the messages of a conversation
//! as a JSON array, oldest first:
//!
//! ```json
//! [{"role":"system","content":"Be brief."},{"role":"user","content":"What is 17 + 25?"}]
//! ```
//!
//! or, where the answer is held to a form, an object with `"json"` or a JSON Schema as its `format`:
//!
//! ```json
//! {"messages":[{"role":"user","content":"What is 17 + 25?"}],"format":{"type":"object","properties":{"sum":{"type":"integer"}}}}
//! ```

mod form;

pub use form::{BadForm, Form};

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

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
	/// Its answer can't be held to the form.
	#[error(transparent)]
	Form(#[from] BadForm),
}

/// What a conversation's input says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conversation {
	/// Oldest first.
	pub messages: Vec<Message>,
	/// What the answer is held to.
	pub form: Option<Form>,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Formed<M> {
	messages: M,
	format: Box<RawValue>,
}

/// Reads a conversation.
///
/// # Errors
///
/// See [`check`] and [`Form::of_format`], and what is no JSON of this kind.
pub fn parse(input: &[u8]) -> Result<Conversation, BadConversation> {
	let (messages, form): (Vec<Message>, _) = if input.trim_ascii_start().starts_with(b"{") {
		let Formed { messages, format } = serde_json::from_slice(input)?;
		(messages, Form::of_format(&format)?)
	} else {
		(serde_json::from_slice(input)?, None)
	};
	check(&messages)?;
	Ok(Conversation { messages, form })
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

/// The bytes of a conversation whose answer may have any form, or this one.
pub fn encode(messages: &[Message], form: Option<&Form>) -> Vec<u8> {
	let bytes = match form {
		None => serde_json::to_vec(messages),
		Some(form) => serde_json::to_vec(&Formed { messages, format: form.format() }),
	};
	bytes.expect("text under text keys is JSON")
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
		let bytes = encode(&messages, None);
		assert!(bytes.starts_with(br#"[{"role":"system","content":"a \"b\"\n"},{"role":"user","#));
		assert_eq!(parse(&bytes).unwrap(), Conversation { messages: messages.to_vec(), form: None });
	}

	#[test]
	fn conversation_should_come_back_with_the_form_of_its_answer() {
		let messages = vec![message(Role::User)];
		for form in [Form::Json, Form::of_schema(r#"{"type":"object"}"#).unwrap()] {
			let bytes = encode(&messages, Some(&form));
			assert!(bytes.starts_with(br#"{"messages":[{"role":"user","#));
			assert_eq!(parse(&bytes).unwrap(), Conversation { messages: messages.clone(), form: Some(form) });
		}
		let bad = br#"{"messages":[{"role":"user","content":"x"}],"format":{"pattern":"x"}}"#;
		assert!(matches!(parse(bad), Err(BadConversation::Form(_))));
	}

	#[test]
	fn conversation_should_be_refused_when_it_does_not_end_with_the_user_or_has_a_late_system_message() {
		for roles in [&[][..], &[Role::System], &[Role::User, Role::Assistant], &[Role::User, Role::System, Role::User]]
		{
			let messages: Vec<_> = roles.iter().copied().map(message).collect();
			assert!(matches!(parse(&encode(&messages, None)), Err(BadConversation::Order(_))), "{roles:?}");
		}
	}

	#[test]
	fn conversation_should_be_refused_when_it_is_something_else() {
		let others: [&[u8]; 7] = [
			b"hello",
			b"{}",
			br#"{"messages":[{"role":"user","content":"x"}]}"#,
			br#"{"messages":[{"role":"user","content":"x"}],"format":"json","tools":[]}"#,
			br#"[{"role":"tool","content":"x"}]"#,
			br#"[{"role":"user"}]"#,
			br#"[{"role":"user","content":"x","name":"y"}]"#,
		];
		for other in others {
			assert!(matches!(parse(other), Err(BadConversation::Json(_))), "{}", String::from_utf8_lossy(other));
		}
	}
}
