//! From an API's messages to what a miner is asked.

use millrace_client::conversation::{self, BadConversation, Form, Message, Role};
use millrace_primitives::{Sampling, Workload};

/// How an input is to be used.
pub type Kind = fn(Sampling) -> Workload;

/// What `messages` ask for: one message of the user as it is, anything more, or an answer in a `form`, as a conversation.
/// Several messages of the system at the beginning count as one.
///
/// # Errors
///
/// When the last message is not the user's, or the system speaks later.
pub fn of(messages: Vec<Message>, form: Option<&Form>) -> Result<(Kind, String), BadConversation> {
	let mut said: Vec<Message> = Vec::new();
	for message in messages {
		match said.last_mut() {
			Some(last) if said_by_system(last) && said_by_system(&message) => {
				last.content.push_str("\n\n");
				last.content.push_str(&message.content);
			}
			_ => said.push(message),
		}
	}
	conversation::check(&said)?;
	if let ([message], None) = (said.as_mut_slice(), form) {
		return Ok((Workload::Chat, std::mem::take(&mut message.content)));
	}
	Ok((Workload::Conversation, String::from_utf8_lossy(&conversation::encode(&said, form)).into_owned()))
}

fn said_by_system(message: &Message) -> bool {
	message.role == Role::System
}

/// A role by the name that APIs have for it; `developer` is OpenAI's newer name of the system.
pub fn role(name: &str) -> Option<Role> {
	match name {
		"system" | "developer" => Some(Role::System),
		"user" => Some(Role::User),
		"assistant" => Some(Role::Assistant),
		_ => None,
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	fn asked(said: &[(Role, &str)]) -> Result<(&'static str, String), String> {
		let messages = said.iter().map(|(role, text)| Message::new(*role, *text)).collect();
		let (kind, input) = of(messages, None).map_err(|error| error.to_string())?;
		Ok((kind(Sampling::greedy(1)).name(), input))
	}

	#[test]
	fn one_message_of_the_user_should_be_asked_as_it_is() {
		assert_eq!(asked(&[(Role::User, "hi")]), Ok(("chat", "hi".into())));
	}

	#[test]
	fn one_message_should_be_asked_as_a_conversation_when_its_answer_has_a_form() {
		let (kind, input) = of(vec![Message::new(Role::User, "hi")], Some(&Form::Json)).unwrap();
		assert_eq!(kind(Sampling::greedy(1)).name(), "conversation");
		assert_eq!(input, r#"{"messages":[{"role":"user","content":"hi"}],"format":"json"}"#);
	}

	#[test]
	fn more_messages_should_be_asked_as_a_conversation() {
		let text = r#"[{"role":"system","content":"a\n\nb"},{"role":"user","content":"hi"}]"#;
		let said = [(Role::System, "a"), (Role::System, "b"), (Role::User, "hi")];
		assert_eq!(asked(&said), Ok(("conversation", text.into())));
	}

	#[test]
	fn messages_should_be_refused_when_the_user_does_not_come_last_or_the_system_comes_late() {
		let (user, assistant, system) = ((Role::User, "a"), (Role::Assistant, "b"), (Role::System, "c"));
		for said in [&[][..], &[system], &[user, assistant], &[user, system, user]] {
			assert!(asked(said).is_err(), "{said:?}");
		}
	}
}
